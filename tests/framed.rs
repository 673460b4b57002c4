//! Keys in what other formats put right before and behind them: columns of a database, escapes of mail and
//! of Markdown, dashes, paths.

use keytrawl::blob::{Blob, Provenance};
use keytrawl::rule::{RuleSet, armed, builtin, drawn};
use keytrawl::scanner::{Options, Scanner, Scratch, Sighting};
use keytrawl::span::Span;
use std::sync::OnceLock;

fn scanner() -> &'static Scanner<'static> {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    static SCANNER: OnceLock<Scanner<'static>> = OnceLock::new();
    SCANNER.get_or_init(|| Scanner::new(RULES.get_or_init(builtin), Options::default()))
}

fn sightings(bytes: &[u8]) -> Vec<Sighting> {
    let provenance = Provenance::named("a.txt");
    let found = scanner().scan(&Blob::whole(bytes, &provenance), &mut Scratch::default());
    found.map(|found| found.sightings).unwrap_or_default()
}

fn secrets(bytes: &[u8]) -> Vec<String> {
    let text = |sighting: &Sighting| String::from_utf8_lossy(sighting.secret.expose()).into_owned();
    sightings(bytes).iter().map(text).collect()
}

const KEYS: [&str; 8] = [
    "mega_{hex:64}",
    "rgo-{base62:32}",
    "leadey_sk_live_{base62:42}A",
    "tg_live_{base62:48}",
    "tg_test_{hex:32}",
    "sk_live_{base62:24}",
    "sk_test_51{base62:97}",
    "ak_live:{uuid}:{hex:32}",
];

/// A number as SQLite has it.
fn number(value: usize) -> Vec<u8> {
    match value {
        0..128 => vec![value as u8],
        _ => vec![(value >> 7) as u8 | 0x80, value as u8 & 0x7f],
    }
}

/// A cell of a table with these texts behind an empty first column.
fn cell(texts: &[&str]) -> Vec<u8> {
    let kinds: Vec<u8> = texts.iter().flat_map(|text| number(text.len() * 2 + 13)).collect();
    let record = [&[kinds.len() as u8 + 2, 0], &kinds[..], texts.concat().as_bytes()].concat();
    [&number(record.len())[..], &[5], &record].concat()
}

/// The candidates of a history are searched for in a part of the content.
fn is_plausible_in_part(content: &[u8], key: &str) -> bool {
    let at = content.windows(key.len()).position(|part| part == key.as_bytes()).expect("the key");
    let (before, after) = scanner().reach();
    let from = at.saturating_sub(before);
    let part = &content[from..content.len().min(at + key.len() + after)];
    let mut found = Vec::new();
    scanner().candidates(part, Span::new(0, part.len()), &mut found);
    !found.is_empty()
}

#[test]
fn a_column_of_a_database_is_read_by_itself() {
    for (seed, form) in KEYS.iter().enumerate() {
        let key = drawn(form, seed as u64);
        for texts in [
            [&key, "2024-01-02 03:04:05", "x"],
            ["api_key", &key, "x"],
            ["name", &key, "2024-01-02 03:04:05"],
            ["42", "production-key-of-the-backend", &key],
        ] {
            let content = [b"\0\0\x07", &cell(&texts)[..], &cell(&["b", "c", "d"])].concat();
            let shown = texts.join(" | ").replace(&key, form);
            assert_eq!(secrets(&content), [key.as_str()], "{shown}");
            assert!(is_plausible_in_part(&content, &key), "{shown}");
        }
        // The same bytes without a header that tells them apart.
        let plain = format!("name{key}2024-01-02");
        assert_eq!(secrets(plain.as_bytes()), [""; 0], "{form}");
    }
}

#[test]
fn escapes_of_mail_before_a_key_are_no_part_of_a_word() {
    for (seed, form) in KEYS.iter().enumerate() {
        let key = drawn(form, seed as u64);
        for before in ["=E2=80=9C", "=C2=A0", "=E3=80=80", "=3A", "=2C", "=3E", "=0D=0A", "=93"] {
            let behind = match before {
                "=E2=80=9C" => "=E2=80=9D",
                "=3E" => "=3C",
                "=0D=0A" => "=20",
                _ => "",
            };
            let text = format!("The key is {before}{key}{behind}\n");
            assert_eq!(secrets(text.as_bytes()), [key.as_str()], "{before}{form}{behind}");
        }
        for before in ["=5F", "=41", "=2D"] {
            let text = format!("The key is {before}{key}\n");
            assert_eq!(secrets(text.as_bytes()), [""; 0], "{before}{form}");
        }
    }
}

#[test]
fn what_hangs_on_to_a_key_is_not_reported_with_it() {
    for (seed, form) in KEYS.iter().enumerate() {
        let key = drawn(form, seed as u64);
        for (before, behind) in [("<!-- ", "-->"), ("<!--", " -->"), ("", "->next"), ("x ", "--")] {
            let text = format!("{before}{key}{behind}\n");
            assert_eq!(secrets(text.as_bytes()), [key.as_str()], "{before}{form}{behind}");
        }
    }
    let key = armed("ak_live:{uuid}:{hex:64}");
    for text in [
        format!("https://x.example/{key}/api/users"),
        format!("sed -i 's/{key}/REDACTED/' .env"),
        format!("{key}.example.com"),
    ] {
        assert_eq!(secrets(text.as_bytes()), [key.as_str()], "{}", text.replace(&key, "…"));
    }
}

#[test]
fn low_lines_are_escaped_in_headers_of_mail_and_in_markdown() {
    // What is sought of the others has the low line in it.
    let sought = |form: &&&str| form.contains("_live") || form.starts_with("rgo-");
    for (seed, form) in KEYS.iter().filter(sought).enumerate() {
        let key = drawn(form, seed as u64);
        let mail = key.replace('_', "=5F").replace(':', "=3A");
        let marked = key.replace('_', "\\_");
        for (text, encoding) in [
            (format!("Subject: =?utf-8?Q?Key=3A_{mail}?=\n"), "quoted-printable"),
            (format!("Subject: =?utf-8?q?{mail}_for_you?=\n"), "quoted-printable"),
            (format!("The key is {marked}.\n"), "escape"),
            (format!("{{\"a\": \"{}\"}}\n", marked.replace('\\', "\\\\")), "escape"),
        ] {
            let found = sightings(text.as_bytes());
            let [one] = found.as_slice() else { panic!("{} of {form} in {encoding}", found.len()) };
            assert!(one.secret.expose() == key.as_bytes(), "another {form} in {encoding}");
            if key.contains('_') {
                assert_eq!(one.occurrence.encoding, encoding, "{form}");
            }
        }
    }
}

#[test]
fn evidence_begins_behind_the_escape_before_it() {
    let key = armed("sk_live_{base62:40}");
    for (before, expected) in [
        ("{\"a\":\"x\\nLEADTERRA_API_KEY=", "name `LEADTERRA_API_KEY`"),
        ("{\"a\":\"x\\napp.leadterra.co ", "host `app.leadterra.co`"),
        ("a=b%2Fapp.leadterra.co ", "host `app.leadterra.co`"),
        ("a=b%2520LEADTERRA_KEY=", "name `LEADTERRA_KEY`"),
        ("a\\u0022LEADTERRA_KEY=", "name `LEADTERRA_KEY`"),
        ("a=20LEADTERRA_KEY=", "name `LEADTERRA_KEY`"),
        ("MY_LEADTERRA_KEY=", "name `MY_LEADTERRA_KEY`"),
    ] {
        let found = sightings(format!("{before}{key}\n").as_bytes());
        let [one] = found.as_slice() else { panic!("{} behind {before}", found.len()) };
        assert_eq!(one.attribution.evidence, [format!("{expected} on the same line")], "{before}");
    }
}
