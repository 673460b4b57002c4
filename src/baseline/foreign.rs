//! The files in which other scanners keep what they know: gitleaks, betterleaks, detect-secrets,
//! kingfisher.
//!
//! Their rules have other names than ours, so their entries are told by the place, or by the secret
//! where the file has it or its digest. Not here: our own file.

use serde::Deserialize;
use serde_json::Value;

use super::entry::{Entry, FilePath, Format, Key};
use super::own::one_line;
use crate::finding::Secret;

/// A finding in a report of gitleaks, as far as it tells a secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GitleaksFinding {
    #[serde(rename = "RuleID", default)]
    rule: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    symlink_file: String,
    #[serde(default)]
    start_line: usize,
    #[serde(default)]
    end_line: usize,
    #[serde(default)]
    commit: String,
    #[serde(rename = "Match", default)]
    matched: String,
    #[serde(default)]
    secret: String,
}

/// A file of JSON: whose it is, and what it lists.
pub(super) fn json(text: &str) -> Result<(Format, Vec<Entry>), String> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| format!("it looks like JSON, but line {} is not", error.line()))?;
    match &value {
        Value::Array(_) => gitleaks(value).map(|entries| (Format::Gitleaks, entries)),
        Value::Object(all) if all.contains_key("results") => {
            detect_secrets(&all["results"]).map(|entries| (Format::DetectSecrets, entries))
        }
        Value::Object(all) if all.contains_key("schema_version") => {
            betterleaks(&all["findings"]).map(|entries| (Format::Betterleaks, entries))
        }
        _ => Err("it is JSON, but no report of gitleaks or betterleaks, and no baseline of \
                  detect-secrets"
            .to_owned()),
    }
}

fn gitleaks(value: Value) -> Result<Vec<Entry>, String> {
    let findings: Vec<GitleaksFinding> = serde_json::from_value(value)
        .map_err(|error| format!("it is no report of gitleaks: {error}"))?;
    let entries = (1..).zip(findings).map(|(number, found)| {
        let paths = [&found.file, &found.symlink_file];
        let paths = paths.into_iter().filter(|path| !path.is_empty());
        let (first, last) = (found.start_line, found.end_line.max(found.start_line));
        let clear = !is_redacted(&found.secret);
        let keys = paths.flat_map(|path| {
            let path = FilePath::new(path);
            if !clear {
                let commit = (!found.commit.is_empty()).then(|| found.commit.clone());
                return vec![Key::Place { path, first, last, commit }];
            }
            // Its rules may see less or more of a key than ours.
            let texts = [&found.secret, &found.matched].into_iter().filter(|t| !t.is_empty());
            let keys = texts.map(|text| Key::Clear {
                path: path.clone(),
                text: Secret::new(text.as_bytes(), 0),
            });
            keys.collect()
        });
        let shown = format!("{}:{}:{}", found.file, found.rule, found.start_line);
        Entry {
            line: number,
            shown: one_line(&shown),
            expires: None,
            reason: None,
            keys: keys.collect(),
        }
    });
    Ok(entries.collect())
}

/// A report of betterleaks 2: it has the digest of each secret, even where the secret is redacted.
fn betterleaks(findings: &Value) -> Result<Vec<Entry>, String> {
    #[derive(Deserialize)]
    struct Found {
        #[serde(default)]
        rule_id: String,
        #[serde(rename = "match")]
        matched: Matched,
        location: Location,
    }
    #[derive(Deserialize)]
    struct Matched {
        #[serde(default)]
        fingerprint: String,
    }
    #[derive(Deserialize)]
    struct Location {
        #[serde(default)]
        path: String,
        #[serde(default)]
        start_line: usize,
        #[serde(default)]
        end_line: usize,
    }
    let findings: Vec<Found> = Deserialize::deserialize(findings)
        .map_err(|error| format!("it is no report of betterleaks: {error}"))?;
    let entries = (1..).zip(findings).map(|(line, found)| {
        let Location { path, start_line: first, end_line } = found.location;
        let file = FilePath::new(&path);
        let last = end_line.max(first);
        let digest = bytes(found.matched.fingerprint.trim_start_matches("sha256:"));
        let digest = digest.map(|digest| Key::Sha256 { path: Some(file.clone()), digest });
        // With a key of the user's, the digest tells nobody else anything.
        let place = Key::Place { path: file, first, last, commit: None };
        let shown = one_line(&format!("{path}:{}:{first}", found.rule_id));
        let keys = digest.into_iter().chain([place]).collect();
        Entry { line, shown, expires: None, reason: None, keys }
    });
    Ok(entries.collect())
}

/// `--redact` leaves a word; with a percentage, the beginning of the secret and dots.
fn is_redacted(secret: &str) -> bool {
    secret.is_empty() || secret == "REDACTED" || secret.ends_with("...")
}

fn detect_secrets(results: &Value) -> Result<Vec<Entry>, String> {
    #[derive(Deserialize)]
    struct Known {
        #[serde(default, rename = "type")]
        kind: String,
        hashed_secret: String,
        #[serde(default)]
        line_number: usize,
    }
    let files = results.as_object().ok_or("its `results` are no files")?;
    let mut entries = Vec::new();
    for (file, known) in files {
        let known: Vec<Known> = Deserialize::deserialize(known)
            .map_err(|error| format!("it is no baseline of detect-secrets: {error}"))?;
        for one in known {
            // Not by the line: another key may stand there by now.
            let digest = bytes(&one.hashed_secret);
            let key = digest.map(|digest| Key::Sha1 { path: FilePath::new(file), digest });
            let keys = key.into_iter().collect();
            let shown = format!("{file}:{}:{}", one.kind, one.line_number);
            let line = entries.len() + 1;
            entries.push(Entry {
                line,
                shown: one_line(&shown),
                expires: None,
                reason: None,
                keys,
            });
        }
    }
    Ok(entries)
}

/// A line of `.gitleaksignore` or `.betterleaksignore`.
pub(super) fn line(line: &str) -> Option<(Format, Entry)> {
    let (text, reason) = match line.split_once(" #") {
        Some((text, reason)) => (text.trim_end(), Some(reason.trim().to_owned())),
        None => (line, None),
    };
    let entry = |keys| {
        let shown = one_line(text);
        Entry { line: 0, shown, expires: None, reason: reason.clone(), keys }
    };
    if let Some(digest) = bytes(text.strip_prefix("sha256:").unwrap_or(text)) {
        return Some((Format::Betterleaks, entry(vec![Key::Sha256 { path: None, digest }])));
    }
    let (rest, number) = text.rsplit_once(':')?;
    let number: usize = number.parse().ok()?;
    let (rest, rule) = rest.rsplit_once(':')?;
    if rule.is_empty() || rest.is_empty() {
        return None;
    }
    let is_commit =
        |id: &str| (7..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
    let split = rest.split_once(':').filter(|(id, path)| is_commit(id) && !path.is_empty());
    let (commit, path) = match split {
        Some((id, path)) => (Some(id.to_ascii_lowercase()), path),
        None => (None, rest),
    };
    let key = Key::Place { path: FilePath::new(path), first: number, last: number, commit };
    Some((Format::GitleaksIgnore, entry(vec![key])))
}

/// Hexadecimal digits as so many bytes.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut out = [0; N];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(out)
}

/// Whether a text is a baseline of kingfisher.
pub(super) fn is_kingfisher(text: &str) -> bool {
    let begins = |line: &str| line.starts_with("fingerprint_algorithm: kingfisher");
    text.lines().any(|line| line.trim_end() == "ExactFindings:" || begins(line))
}

/// What is known of an item of a list in YAML.
#[derive(Default)]
struct Item {
    at: usize,
    path: Option<String>,
    line: Option<usize>,
    fingerprint: bool,
}

/// The entries of a baseline of kingfisher, of the first version or the second: the YAML that it
/// writes, and no other. Its fingerprints hold byte offsets, and so tell no more than the line.
pub(super) fn kingfisher(text: &str) -> (Vec<Entry>, Vec<(usize, String)>) {
    let mut items: Vec<Item> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut rest = line.trim();
        if let Some(first) = rest.strip_prefix("- ") {
            items.push(Item { at: number, ..Item::default() });
            rest = first.trim_start();
        }
        let (Some(item), Some((key, value))) = (items.last_mut(), rest.split_once(':')) else {
            continue;
        };
        let value = unquoted(value.trim());
        match key {
            "filepath" | "path" => item.path = Some(value),
            "linenum" | "line" => item.line = value.parse().ok(),
            "fingerprint" => item.fingerprint = true,
            _ => {}
        }
    }
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    // Repositories are items too, of another kind.
    for item in items.into_iter().filter(|item| item.fingerprint) {
        let (Some(path), Some(number)) = (item.path, item.line) else {
            problems.push((item.at, "lacks its path or its line".to_owned()));
            continue;
        };
        let shown = one_line(&format!("{path}:{number}"));
        let path = FilePath::rooted(&path);
        let keys = vec![Key::Place { path, first: number, last: number, commit: None }];
        entries.push(Entry { line: item.at, shown, expires: None, reason: None, keys });
    }
    (entries, problems)
}

/// A YAML scalar without its quotes.
fn unquoted(value: &str) -> String {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
    match (inside('\''), inside('"')) {
        (Some(text), _) => text.replace("''", "'"),
        (_, Some(text)) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ignore_files_are_told_by_their_form() {
        let shown =
            |text: &str| line(text).map(|(format, entry)| (format, format!("{:?}", entry.keys)));
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (text, parts) in [
            (format!("{commit}:a/b.py:stripe-access-token:12"), vec!["a/b.py", "12", commit]),
            ("abc1234:a/b.py:generic-api-key:12".to_owned(), vec!["a/b.py", "abc1234"]),
            ("./a/b.py:x:1".to_owned(), vec!["\"a/b.py\"", "None"]),
            ("a.zip!inner/b.py:x:1  # a reason".to_owned(), vec!["\"a.zip!inner/b.py\""]),
            ("dir\\b.py:x:1".to_owned(), vec!["\"dir/b.py\""]),
            ("C:\\x\\b.py:x:1".to_owned(), vec!["\"C:/x/b.py\""]),
        ] {
            let (format, keys) = shown(&text).expect("an entry");
            assert_eq!(format, Format::GitleaksIgnore);
            assert!(parts.iter().all(|part| keys.contains(part)), "{keys}");
        }
        let digest = "ab".repeat(32);
        for text in [digest.clone(), format!("sha256:{digest}")] {
            assert_eq!(shown(&text).map(|(format, _)| format), Some(Format::Betterleaks));
        }
        for text in ["", "a", "a:b", "a:b:c", ":x:1", "a::1", "sha1:00"] {
            assert!(shown(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_json_and_nothing_else_is_said() {
        for text in ["[1]", "{}", "{\"results\": 1}", "[{]", "{\"results\": {\"a\": [{}]}}"] {
            assert!(json(text).is_err(), "{text}");
        }
        assert!(json("[]").is_ok());
    }

    #[test]
    fn the_yaml_of_kingfisher_is_read() {
        let first = "ExactFindings:\n  matches:\n  - filepath: 'work/a b.env'\n    fingerprint: '12'\n    linenum: 3\n    lastupdated: Mon, 14 Jul 2025 10:17:56 -0700\n  - fingerprint: '1'\n    linenum: 4\n";
        let second = "version: 2\nfingerprint_algorithm: kingfisher-v1\nrepositories:\n- id: local:///x\n  findings:\n  - path: a b.env\n    fingerprint: '12'\n    rule_id: x.y\n    line: 3\n  - path: c\n    fingerprint: '1'\n";
        for (text, shown) in [(first, "work/a b.env:3"), (second, "a b.env:3")] {
            let (entries, problems) = kingfisher(text);
            assert_eq!((entries.len(), entries[0].shown.as_str()), (1, shown));
            assert_eq!(problems.len(), 1);
            assert!(is_kingfisher(text));
        }
        assert!(!is_kingfisher("a:b:1\n"));
    }
}
