//! Our own file: text, one entry a line, sorted, so that two branches merge and a review can be read.
//!
//! `FINGERPRINT  [expires=YYYY-MM-DD]  [# REASON]`. No line depends on when or where it was written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::entry::{Entry, Key, normal};
use crate::finding::Fingerprint;
use crate::moment::Day;

/// The first line of the file.
pub const HEADER: &str = "# keytrawl baseline 1";

const EXPLANATION: &str = "\
# Secrets that are known and may stay where they are. One entry a line:
#   FINGERPRINT  [expires=YYYY-MM-DD]  [# REASON]
# `keytrawl baseline update` adds what is new, `keytrawl baseline prune` drops what is gone.";

/// The line of a file whose fingerprints a key made. It tells nothing of the key: who could try keys
/// against it would need to know no secret.
const KEYED: &str = "# keyed: fingerprints are made with the key of `--fingerprint-key`";

/// Whether a line is that one, whatever is said of it.
fn says_keyed(line: &str) -> bool {
    line.trim().starts_with("# keyed:")
}

/// Whether a file says that a key made its fingerprints.
pub(super) fn is_keyed(text: &str) -> bool {
    text.starts_with(HEADER) && text.lines().any(says_keyed)
}

/// Hexadecimal digits at the end of a fingerprint.
const HASH: usize = 20;

/// What is known of one fingerprint beside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The last day on which it holds.
    pub expires: Option<Day>,
    /// Why the secret may stay.
    pub reason: Option<String>,
    /// Comment lines right above it.
    pub above: Vec<String>,
}

/// Reads a line; none if it does not begin with one of our fingerprints.
pub(super) fn read(line: &str) -> Option<Result<Entry, String>> {
    let (fingerprint, rest) = split(line)?;
    let (rule, path, hash) = parts(fingerprint)?;
    Some(remarks(rest).map(|Line { expires, reason, .. }| Entry {
        line: 0,
        shown: fingerprint.to_owned(),
        expires,
        reason,
        keys: vec![Key::Fingerprint {
            rule: rule.to_owned(),
            path: path.map(normal),
            hash: hash.to_owned(),
        }],
    }))
}

/// The fingerprint at the front of a line, and the rest. Its path may hold spaces and `#`: it ends
/// at the first hash that is followed by what may follow a fingerprint.
fn split(line: &str) -> Option<(&str, &str)> {
    for (at, _) in line.match_indices(':') {
        let end = at + 1 + HASH;
        let Some(hash) = line.get(at + 1..end) else { continue };
        let rest = &line[end..];
        let remark = rest.trim_start();
        let apart = rest.is_empty() || rest.starts_with([' ', '\t']);
        let fits = remark.is_empty() || remark.starts_with('#') || remark.starts_with("expires=");
        if apart && fits && is_hash(hash) {
            return Some((&line[..end], rest));
        }
    }
    None
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Rule, path and hash of a fingerprint; without a path it is about every place.
fn parts(fingerprint: &str) -> Option<(&str, Option<&str>, &str)> {
    let (rest, hash) = fingerprint.rsplit_once(':')?;
    match rest.split_once(':') {
        Some((rule, path)) if !rule.is_empty() => Some((rule, Some(path), hash)),
        Some(_) => None,
        None => (!rest.is_empty()).then_some((rest, None, hash)),
    }
}

fn remarks(rest: &str) -> Result<Line, String> {
    let mut line = Line::default();
    let mut rest = rest.trim();
    if let Some(after) = rest.strip_prefix("expires=") {
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let day = &after[..end];
        let read = Day::parse(day);
        let wrong = || format!("`{day}` is no day; write expires=YYYY-MM-DD");
        line.expires = Some(read.ok_or_else(wrong)?);
        rest = after[end..].trim_start();
    }
    if let Some(reason) = rest.strip_prefix('#') {
        let reason = reason.trim();
        line.reason = (!reason.is_empty()).then(|| reason.to_owned());
    } else if !rest.is_empty() {
        return Err("says something after the day that is no `# REASON`".to_owned());
    }
    Ok(line)
}

/// All that a file of ours holds, by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The entries.
    pub entries: BTreeMap<String, Line>,
    /// Whether a key made the fingerprints.
    pub keyed: bool,
    /// Comment lines below the last of them.
    below: Vec<String>,
}

impl Contents {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line that is no entry, with what is wrong.
    pub fn read(text: &str) -> Result<Self, (usize, String)> {
        let mut contents = Self::default();
        let ours = |line: &str| line == HEADER || EXPLANATION.lines().any(|l| l == line);
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.trim();
            if line.is_empty() || ours(line) {
                continue;
            }
            if says_keyed(line) {
                contents.keyed = true;
                continue;
            }
            if line.starts_with('#') {
                contents.below.push(one_line(line));
                continue;
            }
            let entry = read(line).unwrap_or_else(|| Err("is no fingerprint of ours".to_owned()));
            let entry = entry.map_err(|problem| (number, problem))?;
            let above = std::mem::take(&mut contents.below);
            let (expires, reason) = (entry.expires, entry.reason);
            contents.entries.insert(entry.shown, Line { expires, reason, above });
        }
        Ok(contents)
    }

    /// The whole file.
    pub fn write(&self) -> String {
        let mut text = format!("{HEADER}\n{EXPLANATION}\n");
        if self.keyed {
            text += &format!("{KEYED}\n");
        }
        for (fingerprint, line) in &self.entries {
            line.above.iter().for_each(|comment| text += &format!("{comment}\n"));
            text.push_str(fingerprint);
            // Writing to a string does not fail.
            if let Some(day) = line.expires {
                let _ = write!(text, "  expires={day}");
            }
            if let Some(reason) = &line.reason {
                let _ = write!(text, "  # {}", one_line(reason));
            }
            text.push('\n');
        }
        self.below.iter().for_each(|comment| text += &format!("{comment}\n"));
        text
    }
}

impl Line {
    /// How a fingerprint stands in the file: a name with a line break in it must not break the line.
    pub fn name(fingerprint: &Fingerprint) -> String {
        one_line(fingerprint.as_str())
    }
}

/// The text without characters that end a line or do nothing.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH_TEXT: &str = "8002afc63bb4ad6da6b5";

    fn entry(line: &str) -> Entry {
        read(line).expect("a fingerprint").expect("remarks")
    }

    #[test]
    fn paths_may_hold_what_separates() {
        for path in ["a", "a b.env", "a # b", "x:y", "dir/expires=1", &format!("o:{HASH_TEXT}/x")] {
            let line = format!("rule:{path}:{HASH_TEXT}  expires=2027-01-31  # sandbox # of 3");
            let entry = entry(&line);
            assert_eq!(entry.shown, format!("rule:{path}:{HASH_TEXT}"));
            assert_eq!(entry.expires, Day::parse("2027-01-31"));
            assert_eq!(entry.reason.as_deref(), Some("sandbox # of 3"));
        }
        assert_eq!(entry(&format!("rule:{HASH_TEXT}")).shown, format!("rule:{HASH_TEXT}"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |rest: &str| read(&format!("r:p:{HASH_TEXT}{rest}")).map(|r| r.is_err());
        assert_eq!(wrong(" expires=2027-13-01"), Some(true));
        assert_eq!(wrong(" expires=2027-01-01 because"), Some(true));
        assert_eq!(wrong(" because"), None);
        assert_eq!(wrong("00"), None);
        assert!(read("a/b.py:stripe-access-token:12").is_none());
    }

    #[test]
    fn a_file_says_whether_a_key_made_it() {
        for keyed in [false, true] {
            let entries = BTreeMap::from([(format!("r:b:{HASH_TEXT}"), Line::default())]);
            let text = Contents { keyed, entries, ..Contents::default() }.write();
            assert_eq!(is_keyed(&text), keyed);
            let again = Contents::read(&text).expect("our own");
            assert_eq!((again.keyed, again.write()), (keyed, text));
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut contents = Contents::default();
        let expires = Day::parse("2027-01-01");
        let above = vec!["# of the demo shop".to_owned()];
        let line = Line { expires, reason: Some("a\nb".to_owned()), above };
        contents.entries.insert(format!("r:b:{HASH_TEXT}"), line);
        contents.entries.insert(format!("r:a b:{HASH_TEXT}"), Line::default());
        contents.below.push("# the end".to_owned());
        let text = contents.write();
        let rest: Vec<&str> = text.lines().skip(4).collect();
        assert_eq!(
            rest,
            [
                &format!("r:a b:{HASH_TEXT}"),
                "# of the demo shop",
                &format!("r:b:{HASH_TEXT}  expires=2027-01-01  # a\u{fffd}b"),
                "# the end",
            ]
        );
        let again = Contents::read(&text).expect("our own");
        assert_eq!(again.write(), text);
        assert_eq!(Contents::read("a:b:1\n"), Err((1, "is no fingerprint of ours".to_owned())));
    }
}
