//! Encoded segments in a text, found without a literal to go by: percent, unicode escapes, hex of 32
//! digits or more, base64 of 16 or more.
//!
//! These are the segments that gitleaks decodes, for rules that begin with no literal. Where two
//! touch, the more telling one comes first and the other waits for the next pass.

use crate::decode::Layer;
use crate::span::Span;

/// Digits that a segment of hex has at least.
const LEAST_HEX: usize = 32;
/// Characters that a segment of base64 has at least.
const LEAST_BASE64: usize = 16;

/// How a segment is written; the more telling kinds are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Base64,
    Hex,
    Unicode,
    Percent,
    /// A byte that is no UTF-8, read as a replacement character.
    Invalid,
}

impl Kind {
    pub(super) fn layer(self) -> Option<Layer> {
        match self {
            Kind::Base64 => Some(Layer::Base64),
            Kind::Hex => Some(Layer::Hex),
            Kind::Unicode | Kind::Percent => Some(Layer::Escape),
            Kind::Invalid => None,
        }
    }
}

/// A segment and what it says.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) kind: Kind,
    /// Its bytes in the text.
    pub(super) at: Span,
    pub(super) decoded: Vec<u8>,
    /// Where each decoded byte begins, from `at` on, for kinds whose units have no common length.
    pub(super) starts: Vec<u32>,
}

/// The segments of a text that say something, in their order.
pub(super) fn segments(text: &[u8]) -> Vec<Segment> {
    let all = spans(text);
    let mut found = Vec::new();
    for (i, (kind, at)) in all.iter().enumerate() {
        let touches = |other: &Span| other.start <= at.end && at.start <= other.end;
        let yields = |other: Option<&(Kind, Span)>| {
            other.is_some_and(|(theirs, span)| theirs > kind && touches(span))
        };
        let before = i.checked_sub(1).and_then(|i| all.get(i));
        if yields(before) || yields(all.get(i + 1)) {
            continue;
        }
        let bytes = &text[at.range()];
        let (decoded, starts) = match kind {
            Kind::Percent => percent(bytes),
            Kind::Unicode => unicode(bytes),
            Kind::Hex => (hex(bytes), Vec::new()),
            Kind::Base64 | Kind::Invalid => (base64(bytes), Vec::new()),
        };
        if !decoded.is_empty() {
            found.push(Segment { kind: *kind, at: *at, decoded, starts });
        }
    }
    found
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'+' | b'-')
}

fn run(text: &[u8], from: usize, holds: impl Fn(u8) -> bool) -> usize {
    text[from..].iter().take_while(|byte| holds(**byte)).count()
}

fn spans(text: &[u8]) -> Vec<(Kind, Span)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let step = match text[at] {
            b'%' => percent_length(text, at).map(|n| (Kind::Percent, n)),
            b'\\' | b'U' => unicode_length(text, at).map(|n| (Kind::Unicode, n)),
            _ => None,
        };
        if let Some((kind, length)) = step {
            found.push((kind, Span::new(at, at + length)));
            at += length;
            continue;
        }
        let length = run(text, at, is_base64);
        if length < LEAST_BASE64 {
            let next = text[at..at + length].iter().skip(1).position(|b| *b == b'U');
            at += next.map_or(length.max(1), |next| next + 1);
            continue;
        }
        let digits = run(text, at, |b| b.is_ascii_hexdigit());
        if digits >= LEAST_HEX {
            found.push((Kind::Hex, Span::new(at, at + digits)));
            at += digits;
            continue;
        }
        let padding = text[at + length..].iter().take(2).take_while(|b| **b == b'=').count();
        found.push((Kind::Base64, Span::new(at, at + length + padding)));
        at += length + padding;
    }
    found
}

fn pair(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(at)? << 4 | digit(at + 1)?).ok()
}

/// From the first escape of a line to its last.
fn percent_length(text: &[u8], at: usize) -> Option<usize> {
    pair(text, at + 1)?;
    let line = memchr::memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
    let line = &text[at..at + line];
    let last = memchr::memrchr_iter(b'%', line).find(|at| pair(line, at + 1).is_some());
    Some(last? + 3)
}

fn unicode_length(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    while let Some((_, length)) = code_point(text, end).or_else(|| escape(text, end)) {
        // One sequence is of one kind.
        if end > at && text[end] != text[at] {
            break;
        }
        end += length;
    }
    (end > at).then_some(end - at)
}

fn four_digits(text: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(pair(text, at)?) << 8 | u32::from(pair(text, at + 2)?))
}

/// `U+0041` and what ends it.
fn code_point(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let value = text.get(at..)?.starts_with(b"U+").then(|| four_digits(text, at + 2))??;
    match text.get(at + 6) {
        None => Some((value, 6)),
        Some(b' ' | b'\t' | b'\n' | b'\r' | b'\x0c') => Some((value, 7)),
        Some(_) => None,
    }
}

/// `\u0041`, with one backslash or two.
fn escape(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let slashes = text.get(at..)?.iter().take(2).take_while(|b| **b == b'\\').count();
    let letter = *text.get(at + slashes)?;
    if slashes == 0 || !letter.eq_ignore_ascii_case(&b'u') {
        return None;
    }
    Some((four_digits(text, at + slashes + 1)?, slashes + 5))
}

/// Where something begins in a segment; segments are shorter than four gigabytes.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn unicode(bytes: &[u8]) -> (Vec<u8>, Vec<u32>) {
    let (mut decoded, mut starts) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some((value, length)) = code_point(bytes, at).or_else(|| escape(bytes, at)) {
        let c = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            decoded.push(byte);
            starts.push(place(at));
        }
        at += length;
    }
    (decoded, starts)
}

fn percent(bytes: &[u8]) -> (Vec<u8>, Vec<u32>) {
    let (mut decoded, mut starts) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = if bytes[at] == b'%' { pair(bytes, at + 1) } else { None };
        if escaped.is_some_and(|byte| !is_printable(byte)) {
            return Default::default();
        }
        decoded.push(escaped.unwrap_or(bytes[at]));
        starts.push(place(at));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    (decoded, starts)
}

fn is_printable(byte: u8) -> bool {
    (0x09..0x7f).contains(&byte)
}

/// Whether decoded bytes are text.
fn is_text(bytes: &[u8]) -> bool {
    let plain = |byte: &u8| is_printable(*byte) || *byte >= 0x80;
    bytes.iter().all(plain) && std::str::from_utf8(bytes).is_ok()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let even = bytes.len().is_multiple_of(2) && bytes.iter().any(u8::is_ascii_digit);
    let all = (0..bytes.len()).step_by(2).map(|at| pair(bytes, at));
    let decoded = even.then(|| all.collect::<Option<Vec<u8>>>()).flatten();
    decoded.filter(|decoded| is_text(decoded)).unwrap_or_default()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let telling = |b: &u8| b.is_ascii_digit() || b"+/-_".contains(b);
    if !bytes.iter().any(telling) {
        return Vec::new();
    }
    let length = bytes.iter().take_while(|b| **b != b'=').count();
    let body = &bytes[..length];
    let url = body.iter().any(|b| matches!(b, b'-' | b'_'));
    let standard = body.iter().any(|b| matches!(b, b'+' | b'/'));
    let padded = bytes.len().is_multiple_of(4);
    let bare = length == bytes.len() && length % 4 != 1;
    let fits = match (url, standard) {
        (true, true) => false,
        (true, false) => bare,
        (false, true) => padded,
        (false, false) => padded || bare,
    };
    let decoded = if fits { sextets(body) } else { Vec::new() };
    if is_text(&decoded) { decoded } else { Vec::new() }
}

fn sextets(body: &[u8]) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    };
    let mut decoded = Vec::with_capacity(body.len() * 3 / 4);
    for group in body.chunks(4) {
        let bits = group.iter().fold(0u32, |bits, b| bits << 6 | u32::from(value(*b)));
        let bits = bits << (6 * (4 - group.len()));
        decoded.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<(Kind, String)> {
        let found = segments(text.as_bytes());
        found.iter().map(|s| (s.kind, String::from_utf8_lossy(&s.decoded).into_owned())).collect()
    }

    #[test]
    fn each_kind_is_read() {
        use Kind::{Base64, Hex, Percent, Unicode};
        for (text, kind, plain) in [
            ("a=%22b%20c%22;", Percent, "\"b c\""),
            ("x \\u0061\\\\u0062\\U0063 y", Unicode, "abc"),
            ("x U+0061 U+0062 y", Unicode, "ab"),
            ("x 746f6b656e203d20226162636465666768696a22", Hex, "token = \"abcdefghij\""),
            ("x dG9rZW4gPSAiYWJjZGVmZ2hpaiI=", Base64, "token = \"abcdefghij\""),
            ("x dG9rZW4gPSAiYWJjZGVmZ2hpaiI", Base64, "token = \"abcdefghij\""),
            ("x Pz8_Pz8_Pz8_Pz8_", Base64, "????????????"),
        ] {
            assert_eq!(decoded(text), [(kind, plain.to_owned())], "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_left_alone() {
        for text in [
            "abcdefghijklmnopqrst",
            "abcdefghijklmno1",
            "%0",
            "%00",
            "U+0061x",
            "dG9rZW4gPSAiYWJjZGVmZ2hpaiI==",
            "1234567890123456789012345678901z",
            "a \\u12 b",
        ] {
            assert_eq!(decoded(text), [], "{text}");
        }
    }

    #[test]
    fn of_neighbours_that_touch_the_more_telling_one_comes_first() {
        assert_eq!(decoded("dG9rZW4gPSAiYWJjZGVmZ2hpaiI%3D"), [(Kind::Percent, "=".to_owned())]);
    }
}
