//! Contracts of the scanner: a key is found wherever and however it is written, its place leads back
//! to it, and nothing panics.

mod harness;

use harness::{base64, unbase64};
use keytrawl::blob::{Blob, Provenance};
use keytrawl::finding::Confidence;
use keytrawl::pipeline::Pipeline;
use keytrawl::prefilter::Candidate;
use keytrawl::rule::{RuleSet, armed, builtin, drawn};
use keytrawl::scanner::{Options, Scanner, Scratch, Sighting};
use keytrawl::source::Worker;
use keytrawl::span::Span;
use proptest::prelude::*;
use std::sync::OnceLock;

fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(builtin)
}

fn scanner() -> &'static Scanner<'static> {
    static SCANNER: OnceLock<Scanner<'static>> = OnceLock::new();
    SCANNER.get_or_init(|| Scanner::new(rules(), Options::default()))
}

fn sightings(bytes: &[u8]) -> Vec<Sighting> {
    let provenance = Provenance::named("a.txt");
    let found = scanner().scan(&Blob::whole(bytes, &provenance), &mut Scratch::default());
    found.map(|f| f.sightings).unwrap_or_default()
}

const KEYS: [&str; 8] = [
    "mega_{hex:64}",
    "mega_{HEX:64}",
    "leadey_sk_live_{base62:40}",
    "tg_live_{base62:48}",
    "sk_live_{base62:40}",
    "sk_test_{base62:40}",
    "rgo-{base62:32}",
    "ak_live:{uuid}:{base62:40}",
];

/// A made-up key: the same for the same kind and number.
fn key(kind: usize, number: u32) -> String {
    let text = armed(&format!("{} {number}", KEYS[kind % KEYS.len()]));
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Plain,
    Base64,
    Base64Url,
    Base64Twice,
    Base64OfPercent,
    /// In lines of 76 characters, with this between them.
    Base64Wrapped(&'static str),
    HexLower,
    HexUpper,
    HexTwice,
    HexOfPercent,
    PercentAll,
    PercentPunctuation,
    PercentTwice,
    BackslashX,
    BackslashU,
    BackslashUTwice,
    /// Big-endian or not, with a byte order mark or not.
    Wide(bool, bool),
    /// Quoted-printable, in lines of 76.
    Quoted,
    /// JavaScript's escapes in braces.
    Braced,
}

const FORMS: [Form; 23] = [
    Form::Plain,
    Form::Base64,
    Form::Base64Url,
    Form::Base64Twice,
    Form::Base64OfPercent,
    Form::Base64Wrapped("\n"),
    Form::Base64Wrapped("\r\n"),
    Form::HexLower,
    Form::HexUpper,
    Form::HexTwice,
    Form::HexOfPercent,
    Form::PercentAll,
    Form::PercentPunctuation,
    Form::PercentTwice,
    Form::BackslashX,
    Form::BackslashU,
    Form::BackslashUTwice,
    Form::Wide(false, false),
    Form::Wide(false, true),
    Form::Wide(true, false),
    Form::Wide(true, true),
    Form::Quoted,
    Form::Braced,
];

fn each(text: &str, encode: impl Fn(u8) -> String) -> String {
    text.bytes().map(encode).collect()
}

impl Form {
    /// `text`, written so.
    fn write(self, text: &str) -> Vec<u8> {
        let written = match self {
            Form::Plain => text.to_owned(),
            Form::Base64 => base64(text.as_bytes(), false),
            Form::Base64Url => base64(text.as_bytes(), true).trim_end_matches('=').to_owned(),
            Form::Base64Twice => base64(base64(text.as_bytes(), false).as_bytes(), false),
            Form::Base64OfPercent => base64(&Form::PercentPunctuation.write(text), false),
            Form::Base64Wrapped(end) => wrapped(&base64(text.as_bytes(), false), end),
            Form::HexLower => each(text, |b| format!("{b:02x}")),
            Form::HexUpper => each(text, |b| format!("{b:02X}")),
            Form::HexTwice => return Form::HexLower.write(&each(text, |b| format!("{b:02x}"))),
            Form::HexOfPercent => {
                return Form::HexLower.write(&each(text, |b| format!("%{b:02X}")));
            }
            Form::PercentAll => each(text, |b| format!("%{b:02X}")),
            Form::PercentPunctuation => each(text, |b| match b.is_ascii_alphanumeric() {
                true => char::from(b).to_string(),
                false => format!("%{b:02X}"),
            }),
            Form::PercentTwice => each(text, |b| format!("%25{b:02X}")),
            Form::BackslashX => each(text, |b| format!("\\x{b:02x}")),
            Form::BackslashU => each(text, |b| format!("\\u{b:04x}")),
            Form::Quoted => quoted(text),
            Form::Braced => each(text, |b| format!("\\u{{{b:x}}}")),
            Form::BackslashUTwice => each(text, |b| format!("\\\\u{b:04x}")),
            Form::Wide(big, _) => {
                let unit = |u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() };
                return text.encode_utf16().flat_map(unit).collect();
            }
        };
        written.into_bytes()
    }

    /// The text that `bytes`, written so, stand for. Base64 must begin with a group.
    fn read(self, bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        match self {
            Form::Plain => bytes.to_vec(),
            Form::Base64 | Form::Base64Url | Form::Base64Wrapped(_) => unbase64(bytes),
            Form::Base64Twice => unbase64(&unbase64(bytes)),
            Form::Base64OfPercent => Form::PercentAll.read(&unbase64(bytes)),
            Form::HexLower | Form::HexUpper => escaped(&text, "", 2),
            Form::HexTwice => Form::HexLower.read(&Form::HexLower.read(bytes)),
            Form::HexOfPercent => Form::PercentAll.read(&Form::HexLower.read(bytes)),
            Form::PercentAll | Form::PercentPunctuation => escaped(&text, "%", 2),
            Form::PercentTwice => escaped(&text, "%25", 2),
            Form::BackslashX => escaped(&text, "\\x", 2),
            Form::BackslashU => escaped(&text, "\\u", 4),
            Form::Quoted => escaped(&text.replace("=\n", ""), "=", 2),
            Form::Braced => escaped(&text.replace('}', ""), "\\u{", 2),
            Form::BackslashUTwice => escaped(&text, "\\\\u", 4),
            Form::Wide(big, _) => {
                bytes.chunks(2).filter_map(|u| u.get(usize::from(big)).copied()).collect()
            }
        }
    }

    fn is_base64(self) -> bool {
        use Form::{Base64, Base64OfPercent, Base64Twice, Base64Url, Base64Wrapped};
        matches!(self, Base64 | Base64Url | Base64Twice | Base64OfPercent | Base64Wrapped(_))
    }
}

fn wrapped(text: &str, end: &str) -> String {
    let lines: Vec<_> = text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    lines.join(end)
}

fn quoted(text: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for c in text.chars() {
        let unit = if c == '=' { "=3D".to_owned() } else { c.to_string() };
        if column + unit.len() > 75 {
            out.push_str("=\n");
            column = 0;
        }
        column = if c == '\n' { 0 } else { column + unit.len() };
        out.push_str(&unit);
    }
    out
}

/// Undoes escapes of `lead` and so many hexadecimal digits.
fn escaped(text: &str, lead: &str, digits: usize) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let code = rest.strip_prefix(lead).and_then(|r| r.get(..digits));
        match code.and_then(|c| u8::from_str_radix(c, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &rest[lead.len() + digits..];
            }
            None => {
                out.push(first as u8);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// A content that holds a key in some form.
#[derive(Clone, Debug)]
struct Case {
    form: Form,
    key: String,
    bytes: Vec<u8>,
    /// Where the encoded text begins.
    encoded: usize,
}

prop_compose! {
    fn cases()(
        form in prop::sample::select(FORMS.to_vec()),
        kind in 0..KEYS.len(),
        number in any::<u32>(),
        far in "[a-z .,\n]{0,60}",
        before in prop::sample::select(vec![" ", "=", "k=", "to = ", "key: \"", "'", "\n", "\t", "(", ", "]),
        after in prop::sample::select(vec!["", " ", "\n", "\"", "'", ";", ") ", ", b", "&c=1"]),
        tail in "[a-z .,\n]{0,60}",
        pad in 0usize..80,
        open in prop::sample::select(vec![" ", "=", ":", "\"", "["]),
        foreign in any::<bool>(),
    ) -> Case {
        let key = key(kind, number);
        // What is encoded is longer than the key where a decoder sees more than the key.
        let inner = match form {
            // The line may break anywhere in the key.
            Form::Base64Wrapped(_) | Form::Quoted => {
                format!("{}{before}{key}{after}", ".".repeat(pad))
            }
            // Signs of two bytes tell the byte order, and nothing else does.
            Form::Wide(..) if foreign => format!("\u{201c}{key}\u{3042}"),
            _ => format!("{before}{key}{after}"),
        };
        // A word alone on the next line could be a part of wrapped base64.
        let open = match form {
            // Its lines have their full length from their start on.
            Form::Quoted => "\n",
            _ if form.is_base64() => open,
            _ => " ",
        };
        let (lead, close) = (format!("{far}{open}"), format!("\n. {tail}"));
        let (bytes, encoded) = match form {
            Form::Wide(big, mark) => {
                let mark = if mark { "\u{feff}" } else { "" };
                let text = format!("{mark}{lead}{inner}{close}");
                (Form::Wide(big, false).write(&text), 0)
            }
            _ => {
                let parts = [lead.as_bytes(), &form.write(&inner), close.as_bytes()];
                (parts.concat(), lead.len())
            }
        };
        Case { form, key, bytes, encoded }
    }
}

/// What the bytes of `span` stand for; in base64, what their groups do.
fn decoded(case: &Case, span: Span) -> Vec<u8> {
    if !case.form.is_base64() {
        return case.form.read(&case.bytes[span.range()]);
    }
    let is_letter = |b: &&u8| !b.is_ascii_whitespace();
    let before: Vec<u8> =
        case.bytes[case.encoded..span.start].iter().filter(is_letter).copied().collect();
    // Within the outer text the inner one has groups of its own.
    let unit = if case.form == Form::Base64Twice { 16 } else { 4 };
    let mut text = before[before.len() / unit * unit..].to_vec();
    text.extend(case.bytes[span.range()].iter().filter(is_letter));
    let rest = case.bytes[span.end..].iter().filter(is_letter);
    text.extend(rest.take((unit - text.len() % unit) % unit));
    case.form.read(&text)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|w| w == part)
}

#[test]
fn a_key_is_read_across_the_lines_of_mail_wherever_they_break() {
    for kind in 0..KEYS.len() {
        let key = key(kind, 7);
        for cut in 1..key.len().min(72) {
            // Seventy-six characters, the sign of the break included.
            let filling = ".".repeat(72_usize.saturating_sub(cut));
            let (before, after) = key.split_at(cut);
            let text = format!("{filling}=3D{before}=\n{after}.\n");
            let found = sightings(text.as_bytes());
            let secrets: Vec<_> = found.iter().map(|s| s.secret.expose()).collect();
            assert_eq!(secrets, [key.as_bytes()], "kind {kind}, cut at {cut}");
        }
    }
}

/// Some vendors' keys begin with three letters.
#[test]
fn a_line_of_base64_that_begins_like_another_key_by_chance_is_no_other_key() {
    for seed in 0..50 {
        let body = |letters: usize, seed| drawn(&format!("{{base62:{letters}}}"), seed);
        let key = format!("sk_live_{}MTQ{}", body(22, seed), body(17, seed + 50));
        // Lines of 57 bytes, of which the second one begins within the key.
        let text = format!("{}{key}", ".".repeat(27));
        let lines: Vec<String> =
            text.as_bytes().chunks(57).map(|line| base64(line, false)).collect();
        let found = sightings(format!("k:\n{}\n", lines.join("\n")).as_bytes());
        let secrets: Vec<_> = found.iter().map(|s| s.secret.expose()).collect();
        assert_eq!(secrets, [key.as_bytes()], "seed {seed}");
    }
}

/// `PROPTEST_CASES` asks for more of them.
fn configuration() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.max(600), failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(configuration())]

    #[test]
    fn a_key_in_any_form_is_found_and_its_place_leads_back_to_it(case in cases()) {
        let found = sightings(&case.bytes);
        let secrets: Vec<_> = found.iter().map(|s| s.secret.expose()).collect();
        prop_assert_eq!(secrets, vec![case.key.as_bytes()], "{}", String::from_utf8_lossy(&case.bytes));
        let span = found[0].occurrence.span;
        let text = decoded(&case, span);
        if case.form.is_base64() {
            prop_assert!(contains(&text, case.key.as_bytes()), "{:?}", String::from_utf8_lossy(&text));
        } else {
            prop_assert_eq!(String::from_utf8_lossy(&text), case.key.as_str());
        }
        let encoding = found[0].occurrence.encoding.as_str();
        // A key that no line breaks is plain in quoted-printable text.
        let is_plain = case.form == Form::Plain || case.form == Form::Quoted && span.len() == case.key.len();
        prop_assert_eq!(encoding == "plain", is_plain);
    }

    #[test]
    fn candidates_of_parts_are_those_of_the_whole(
        cases in prop::collection::vec(cases(), 1..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let bytes: Vec<u8> = cases.iter().flat_map(|c| c.bytes.clone()).collect();
        let whole = candidates(&bytes, Span::new(0, bytes.len()));
        let mut edges: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len())).collect();
        edges.extend([0, bytes.len()]);
        edges.sort_unstable();
        let mut together = Vec::new();
        for edge in edges.windows(2) {
            together.extend(candidates(&bytes, Span::new(edge[0], edge[1])));
        }
        together.sort_unstable();
        together.dedup();
        prop_assert_eq!(together, whole);
    }

    #[test]
    fn a_candidate_depends_on_nothing_that_is_far(
        cases in prop::collection::vec(cases(), 1..4),
        from in any::<prop::sample::Index>(),
        length in 1usize..300,
    ) {
        let bytes: Vec<u8> = cases.iter().flat_map(|c| c.bytes.clone()).collect();
        let start = from.index(bytes.len());
        let end = (start + length).min(bytes.len());
        let (before, after) = scanner().reach();
        let (first, last) = (start.saturating_sub(before), (end + after).min(bytes.len()));
        let own = |c: &Candidate| (start..end).contains(&c.at);
        let near = candidates(&bytes[first..last], Span::new(0, last - first)).into_iter();
        let near: Vec<_> = near.map(|c| Candidate { at: c.at + first, ..c }).filter(own).collect();
        let whole = candidates(&bytes, Span::new(0, bytes.len()));
        prop_assert_eq!(near, whole.into_iter().filter(own).collect::<Vec<_>>());
    }

    #[test]
    fn keys_in_a_list_of_encoded_lines_are_told_apart(
        form in prop::sample::select(vec![Form::Base64, Form::Base64Url, Form::HexLower]),
        kinds in prop::collection::vec(0..KEYS.len(), 1..6),
        number in any::<u32>(),
        end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let keys: Vec<String> = kinds.iter().zip(0..).map(|(k, n)| key(*k, number ^ n)).collect();
        // Without a rest in its last group, a line of base64 says nothing of where it ends.
        let keys: Vec<String> = keys.into_iter().filter(|k| k.len() % 3 == 0).collect();
        let lines: Vec<u8> =
            keys.iter().flat_map(|k| [form.write(k), end.as_bytes().to_vec()].concat()).collect();
        let mut found: Vec<_> = sightings(&lines).iter().map(|s| s.secret.expose().to_vec()).collect();
        let mut wanted: Vec<_> = keys.into_iter().map(String::into_bytes).collect();
        found.sort();
        wanted.sort();
        prop_assert_eq!(found, wanted, "{}", String::from_utf8_lossy(&lines));
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = sightings(&bytes);
    }

    #[test]
    fn mutated_keys_never_panic(
        case in cases(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..12),
    ) {
        let mut bytes = case.bytes;
        for (at, byte, what) in edits {
            let at = at.index(bytes.len().max(1));
            match what {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if at < bytes.len() => { bytes.remove(at); }
                _ => bytes.truncate(at.max(bytes.len() / 2)),
            }
        }
        for sighting in sightings(&bytes) {
            let span = sighting.occurrence.span;
            prop_assert!(span.start < span.end && span.end <= bytes.len());
        }
    }

    #[test]
    fn counts_agree_with_what_is_listed(kinds in prop::collection::vec(0u8..3, 1..12)) {
        let line = |(n, kind): (usize, &u8)| match kind {
            0 => format!("a = {}\n", key(6, n as u32)),
            1 => format!("a = {} # keytrawl:allow\n", key(6, n as u32)),
            _ => format!("a = rgo-your-token-goes-in-here-{}\n", "x".repeat(n)),
        };
        let text: String = kinds.iter().enumerate().map(line).collect();
        let count = |kind: u8| kinds.iter().filter(|k| **k == kind).count();
        let [plain, explained] = [false, true].map(|explain| {
            let scanner = Scanner::new(rules(), Options { explain, ..Options::default() });
            let pipeline = Pipeline::new(&scanner);
            let provenance = Provenance::named("a.txt");
            pipeline.worker().blob(&Blob::whole(text.as_bytes(), &provenance));
            pipeline.finish(Confidence::Low)
        });
        prop_assert_eq!(plain.stats, explained.stats);
        prop_assert_eq!(plain.findings.len(), count(0));
        prop_assert_eq!(explained.findings.len(), count(0));
        prop_assert_eq!(plain.stats.suppressed, count(1) as u64);
        prop_assert_eq!(plain.stats.rejected, count(2) as u64);
        prop_assert!(plain.rejections.is_empty());
        prop_assert_eq!(explained.rejections.len(), count(1) + count(2));
    }
}

fn candidates(bytes: &[u8], anchors: Span) -> Vec<Candidate> {
    let mut found = Vec::new();
    scanner().candidates(bytes, anchors, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}
