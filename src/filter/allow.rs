//! Comments that say "this one is fine": our own, and those of every other scanner.
//!
//! A blob is searched once for all of them; a match then asks about its own lines. Not here: the
//! allowlists of configuration files.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::bytes::Regex;

use crate::span::{LineTable, Span};

/// Where a comment is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// All of its line.
    Line,
    /// What stands before it on its line.
    Before,
    /// The line after it.
    Next,
    /// From its line to the line of the comment that ends it, both included.
    Until(usize),
}

/// One comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowComment {
    /// Where it stands.
    pub span: Span,
    /// What it is, as its scanner spells it.
    pub marker: &'static str,
    /// The rules that it names; empty: all.
    pub rules: Vec<String>,
    /// What it says after that: why. It is text of the content, and may hold a secret.
    pub reason: Option<String>,
    scope: Scope,
    line: usize,
}

impl AllowComment {
    /// Its line, from 0.
    pub fn line(&self) -> usize {
        self.line
    }
}

/// All allow comments of one blob.
#[derive(Debug, Default)]
pub struct AllowComments {
    comments: Vec<AllowComment>,
    /// Those that reach beyond the next line.
    blocks: Vec<usize>,
}

/// Bytes of a line that are looked at behind a marker.
const MOST: usize = 2 << 10;

const MARKERS: &str = r"(?x)
    (?P<anywhere>gitleaks:allow|betterleaks:allow|kingfisher:ignore|ggignore)
  | (?P<before>trufflehog:ignore)
  | pragma:\x20?(?:allow|white)list[\x20\-](?P<pragma>nextline[\x20\-]secret|secret)
  | secretlint-(?P<lint>disable-next-line|disable-line|disable|enable)
  | (?P<own>keytrawl:allow-next-line|keytrawl:allow)";

impl AllowComments {
    /// The comments in `bytes`, whose lines are `lines`.
    pub fn find(bytes: &[u8], lines: &LineTable<'_>) -> Self {
        static REGEX: OnceLock<Option<Regex>> = OnceLock::new();
        let Some(regex) = REGEX.get_or_init(|| Regex::new(MARKERS).ok()) else {
            return Self::default();
        };
        let mut all = Self::default();
        // The blocks that are not ended yet, by the rules that they are about.
        let mut open: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
        let mut found = regex.captures_iter(bytes).peekable();
        while let Some(captures) = found.next() {
            let Some(marker) = captures.get(0) else { continue };
            let span = Span::new(marker.start(), marker.end());
            let line = lines.line_of(span.start);
            // A comment ends with its line, and where the next one begins.
            let next = found.peek().and_then(|next| next.get(0)).map_or(usize::MAX, |m| m.start());
            let end = lines.span_of(line).end.min(next).min(span.end + MOST).max(span.end);
            let rest = &bytes[span.end..end];
            if captures.name("lint").is_some_and(|m| m.as_bytes() == b"enable") {
                all.close(&mut open, line, &named_rules(rest));
                continue;
            }
            let word = |name: &str| captures.name(name).map(|m| m.as_bytes());
            let Some((marker, scope)) = meaning(&word, bytes, lines.span_of(line), span) else {
                continue;
            };
            let takes_rules = marker.starts_with("keytrawl") || marker.starts_with("secretlint");
            let rules = if takes_rules { named_rules(rest) } else { Vec::new() };
            let reason = reason(rest, takes_rules);
            if matches!(scope, Scope::Until(_)) {
                open.entry(rules.clone()).or_default().push(all.comments.len());
                all.blocks.push(all.comments.len());
            }
            all.comments.push(AllowComment { span, marker, rules, reason, scope, line });
        }
        all
    }

    /// Ends the blocks that a `secretlint-enable` on `line` is about.
    fn close(
        &mut self,
        open: &mut HashMap<Vec<String>, Vec<usize>>,
        line: usize,
        rules: &[String],
    ) {
        let ended: Vec<usize> = match rules {
            [] => open.drain().flat_map(|(_, blocks)| blocks).collect(),
            rules => open.remove(rules).unwrap_or_default(),
        };
        for block in ended {
            if let Some(comment) = self.comments.get_mut(block) {
                comment.scope = Scope::Until(line);
            }
        }
    }

    /// All of them, in their order.
    pub fn all(&self) -> &[AllowComment] {
        &self.comments
    }

    /// The comment that allows a match at `at`, if there is one; `is_called` tells the ids of its rule.
    pub fn allowing(
        &self,
        is_called: &dyn Fn(&str) -> bool,
        at: Span,
        lines: &LineTable<'_>,
    ) -> Option<&AllowComment> {
        if self.comments.is_empty() {
            return None;
        }
        let first = lines.line_of(at.start);
        // Where reports say that it ends: a key in PEM ends on the line that says so.
        let last = lines.line_of(at.end);
        let covers = |c: &&AllowComment| match c.scope {
            Scope::Line => (first..=last).contains(&c.line),
            Scope::Before => (first..=last).contains(&c.line) && at.end <= c.span.start,
            Scope::Next => first == c.line + 1,
            Scope::Until(end) => (c.line..=end).contains(&first),
        };
        // Comments stand in the order of their lines; only blocks reach far.
        let near = self.comments.partition_point(|c| c.line + 1 < first);
        let nearby = self.comments[near..].iter().take_while(|c| c.line <= last);
        let blocks = self.blocks.iter().take_while(|block| **block < near);
        let blocks = blocks.filter_map(|block| self.comments.get(*block));
        nearby.chain(blocks).filter(covers).find(|c| names(c, is_called))
    }
}

/// Whether a comment is about a rule. Ids of another scanner's rules mean whatever it would find.
fn names(comment: &AllowComment, is_called: &dyn Fn(&str) -> bool) -> bool {
    let foreign = |id: &String| comment.marker.starts_with("secretlint") && id.starts_with('@');
    comment.rules.is_empty() || comment.rules.iter().any(|id| is_called(id) || foreign(id))
}

fn meaning<'m>(
    word: &dyn Fn(&str) -> Option<&'m [u8]>,
    bytes: &[u8],
    line: Span,
    span: Span,
) -> Option<(&'static str, Scope)> {
    if let Some(marker) = word("anywhere") {
        let all = ["gitleaks:allow", "betterleaks:allow", "kingfisher:ignore", "ggignore"];
        return all.into_iter().find(|m| m.as_bytes() == marker).map(|m| (m, Scope::Line));
    }
    if word("before").is_some() {
        return Some(("trufflehog:ignore", Scope::Before));
    }
    if let Some(pragma) = word("pragma") {
        if !is_comment(&bytes[line.start..span.start], &bytes[span.end..line.end]) {
            return None;
        }
        let next = pragma.starts_with(b"next");
        return Some(if next {
            ("pragma: allowlist nextline secret", Scope::Next)
        } else {
            ("pragma: allowlist secret", Scope::Line)
        });
    }
    if let Some(lint) = word("lint") {
        return Some(match lint {
            b"disable-line" => ("secretlint-disable-line", Scope::Line),
            b"disable-next-line" => ("secretlint-disable-next-line", Scope::Next),
            _ => ("secretlint-disable", Scope::Until(usize::MAX)),
        });
    }
    match word("own")? {
        b"keytrawl:allow" => Some(("keytrawl:allow", Scope::Line)),
        _ => Some(("keytrawl:allow-next-line", Scope::Next)),
    }
}

/// Whether a pragma with `before` and `after` on its line is a comment that ends the line.
fn is_comment(before: &[u8], after: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let after = after.trim_ascii();
    let opens: [(&[u8], &[u8]); 7] = [
        (b"#", b""),
        (b"//", b""),
        (b"/*", b"*/"),
        (b"'", b""),
        (b"--", b""),
        (b"<!--", b"-->"),
        (b"<!-- #", b"-->"),
    ];
    opens
        .iter()
        .any(|(open, close)| before.ends_with(open) && (after == *close || after.is_empty()))
}

/// `rule-one, rule-two -- reason */`: the rules.
fn named_rules(rest: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(rest);
    let list = text.split(" --").next().unwrap_or_default();
    let list = list.split("*/").next().unwrap_or_default();
    let word = |c: char| c.is_ascii_alphanumeric() || "-_@/.".contains(c);
    list.split(|c: char| c == ',' || c.is_whitespace())
        .map(|w| w.trim_matches(|c: char| !word(c)))
        .filter(|w| w.chars().any(|c| c.is_ascii_alphanumeric()))
        .take(MOST_RULES)
        .map(str::to_owned)
        .collect()
}

/// What a comment says behind its marker, or behind the `--` where rules may come first.
fn reason(rest: &[u8], takes_rules: bool) -> Option<String> {
    let text = String::from_utf8_lossy(rest);
    let said = match takes_rules {
        true => text.split_once(" -- ").map_or("", |(_, reason)| reason),
        false => &text,
    };
    let said = ["*/", "-->", "*}", "--%>"]
        .iter()
        .fold(said, |said, end| said.split_once(end).map_or(said, |(before, _)| before));
    let said = said.trim().trim_start_matches([':', '-', ',', '(']).trim();
    let speaks = said.chars().any(char::is_alphanumeric);
    speaks.then(|| said.chars().take(MOST_REASON).collect())
}

/// Characters of a reason that are kept: more than is shown, so that a secret at the end of what is
/// shown is whole when it is masked.
const MOST_REASON: usize = 1000;
/// Characters of a reason that are shown.
pub const SHOWN_REASON: usize = 200;
/// Rules that a comment may name.
const MOST_RULES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Charset;

    /// The lines of `text` (from 1) on which the word KEY is allowed for rule `some-rule`.
    fn allowed(text: &str) -> Vec<usize> {
        let lines = LineTable::new(text.as_bytes(), Charset::Utf8);
        let comments = AllowComments::find(text.as_bytes(), &lines);
        let keys = text.match_indices("KEY").map(|(at, _)| Span::new(at, at + 3));
        keys.filter(|at| comments.allowing(&|id| id == "some-rule", *at, &lines).is_some())
            .map(|at| lines.line_of(at.start) + 1)
            .collect()
    }

    #[test]
    fn comments_of_every_scanner_allow_their_own_lines() {
        for line in [
            "KEY # gitleaks:allow",
            "/* betterleaks:allow */ KEY",
            "KEY // trufflehog:ignore",
            "KEY # pragma: allowlist secret",
            "KEY // pragma: whitelist secret",
            "KEY /* pragma: allowlist-secret */",
            "KEY ' pragma: allowlist secret",
            "KEY -- pragma: allowlist secret",
            "KEY <!-- pragma: allowlist secret -->",
            "KEY # ggignore",
            "KEY # kingfisher:ignore",
            "KEY // secretlint-disable-line",
            "KEY // secretlint-disable-line @secretlint/secretlint-rule-npm -- sample",
            "KEY # keytrawl:allow",
            "KEY # keytrawl:allow some-rule -- a sample",
            "KEY /* keytrawl:allow other-rule, some-rule */",
        ] {
            assert_eq!(allowed(&format!("KEY\n{line}\nKEY\n")), [2], "{line}");
        }
        for line in [
            "# pragma: allowlist nextline secret\nKEY",
            "// secretlint-disable-next-line\nKEY",
            "# keytrawl:allow-next-line some-rule -- sample\nKEY",
        ] {
            assert_eq!(allowed(&format!("KEY\n{line}\nKEY\n")), [3], "{line}");
        }
    }

    #[test]
    fn comments_that_do_not_reach_a_key_do_not_allow_it() {
        for text in [
            "trufflehog:ignore KEY",
            "KEY \"pragma: allowlist secret\" + x",
            "KEY # keytrawl:allow other-rule",
            "# keytrawl:allow-next-line\n\nKEY",
            "# gitleaks:allow\nKEY",
            "KEY // secretlint-disable-line other-rule",
        ] {
            assert_eq!(allowed(text), [0usize; 0], "{text}");
        }
    }

    #[test]
    fn reasons_stand_behind_the_marker() {
        for (text, said) in [
            ("KEY # keytrawl:allow some-rule -- a sample", Some("a sample")),
            ("KEY /* keytrawl:allow -- of the demo */ x", Some("of the demo")),
            ("KEY # keytrawl:allow some-rule", None),
            ("KEY # gitleaks:allow", None),
            ("KEY # gitleaks:allow (a test key)", Some("a test key)")),
            ("<!-- pragma: allowlist secret -->", None),
        ] {
            let lines = LineTable::new(text.as_bytes(), Charset::Utf8);
            let comments = AllowComments::find(text.as_bytes(), &lines);
            assert_eq!(comments.all()[0].reason.as_deref(), said, "{text}");
        }
    }

    #[test]
    fn a_comment_ends_where_the_next_one_begins() {
        let text = "KEY # keytrawl:allow some-rule -- of old keytrawl:allow other -- of new";
        let lines = LineTable::new(text.as_bytes(), Charset::Utf8);
        let comments = AllowComments::find(text.as_bytes(), &lines);
        let told = comments.all().iter().map(|c| (c.rules.join(","), c.reason.as_deref()));
        let told: Vec<_> = told.collect();
        let (first, second) = ("some-rule".to_owned(), "other".to_owned());
        assert_eq!(told, [(first, Some("of old")), (second, Some("of new"))]);
    }

    #[test]
    fn blocks_last_until_they_are_ended() {
        let text = "KEY\n// secretlint-disable\nKEY\n// secretlint-enable\nKEY\n/* secretlint-disable some-rule */\nKEY\nKEY";
        assert_eq!(allowed(text), [3, 7, 8]);
    }
}
