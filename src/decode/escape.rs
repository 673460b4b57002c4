//! Percent, string and character escapes, in any mixture with plain text, around a known place.

use super::Reach;
use super::hex::pair;
use super::text::Text;

/// The longest escape that is read, in bytes: an escaped `\u{10ffff}` with a few backslashes.
const MAX_ESCAPE: usize = 12;

/// Reads around `origin`, which is where an escape or a plain character begins.
pub(super) fn read(bytes: &[u8], origin: usize, reach: Reach) -> Option<(Text, usize)> {
    read_by(bytes, origin, reach, &LEADS)
}

/// What escapes begin with.
const LEADS: [u8; 3] = *b"%\\&";

/// The same of escapes that begin with some of these alone.
pub(super) fn read_by(
    bytes: &[u8],
    origin: usize,
    reach: Reach,
    leads: &[u8],
) -> Option<(Text, usize)> {
    let mut text = Text::with_capacity(reach.forward.min(bytes.len()));
    // Reading may start within an escape; the characters that this spoils are far before `origin`.
    let mut at = origin.saturating_sub(reach.back * 4 + MAX_ESCAPE);
    while at < origin {
        at += unit(bytes, at, origin, &mut text, leads);
    }
    let index = text.bytes.len();
    while at < bytes.len() && text.bytes.len() < index + reach.forward {
        at += unit(bytes, at, bytes.len(), &mut text, leads);
    }
    (index < text.bytes.len()).then_some((text, index))
}

/// Reads one escape or plain byte at `at` that ends by `limit`; gives its length.
fn unit(bytes: &[u8], at: usize, limit: usize, text: &mut Text, leads: &[u8]) -> usize {
    let escaped = match bytes[at] {
        lead if !leads.contains(&lead) => None,
        b'%' => percent(bytes, at),
        b'\\' => backslash(bytes, at),
        b'&' => entity(bytes, at),
        _ => None,
    };
    match escaped.filter(|(_, length)| at + length <= limit) {
        Some((Value::Byte(byte), length)) => {
            text.push(byte, at, at + length);
            length
        }
        Some((Value::Char(c), length)) => {
            text.push_char(c, at, at + length);
            length
        }
        None => {
            text.push(bytes[at], at, at + 1);
            1
        }
    }
}

enum Value {
    Byte(u8),
    Char(char),
}

/// `%5F`, or `%255F`, which was escaped twice.
fn percent(bytes: &[u8], at: usize) -> Option<(Value, usize)> {
    let byte = pair(bytes, at + 1)?;
    match (byte, pair(bytes, at + 3)) {
        (b'%', Some(inner)) => Some((Value::Byte(inner), 5)),
        _ => Some((Value::Byte(byte), 3)),
    }
}

/// `\x5f`, `\u005f`, `\u{5f}`, `\137`, `\n`, `\:`; several backslashes count as one, since text is
/// often escaped twice.
fn backslash(bytes: &[u8], at: usize) -> Option<(Value, usize)> {
    let slashes = bytes[at..].iter().take(8).take_while(|b| **b == b'\\').count();
    let next = at + slashes;
    let (value, length) = match *bytes.get(next)? {
        b'x' => (Value::Byte(pair(bytes, next + 1)?), 3),
        b'u' => code_point(bytes, next + 1)?,
        b'n' => (Value::Byte(b'\n'), 1),
        b'r' => (Value::Byte(b'\r'), 1),
        b't' => (Value::Byte(b'\t'), 1),
        b'b' | b'f' | b'v' | b'a' | b'e' => (Value::Byte(b' '), 1),
        digit @ b'0'..=b'7' => octal(bytes, next, digit),
        other if other.is_ascii_punctuation() => (Value::Byte(other), 1),
        _ => return None,
    };
    Some((value, slashes + length))
}

fn code_point(bytes: &[u8], at: usize) -> Option<(Value, usize)> {
    let (digits, length) = match *bytes.get(at)? {
        b'{' => {
            let digits =
                bytes[at + 1..].iter().take(6).take_while(|b| b.is_ascii_hexdigit()).count();
            (bytes.get(at + 1..at + 1 + digits)?, digits + 3)
        }
        _ => (bytes.get(at..at + 4)?, 5),
    };
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((Value::Char(char::from_u32(number)?), length))
}

fn octal(bytes: &[u8], at: usize, first: u8) -> (Value, usize) {
    let digits = bytes[at..].iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
    let value = bytes[at + 1..at + digits]
        .iter()
        .fold(u32::from(first - b'0'), |v, d| v * 8 + u32::from(d - b'0'));
    (Value::Byte((value & 0xff) as u8), digits)
}

/// `&#95;`, `&#x5f;`, `&amp;` and the like.
fn entity(bytes: &[u8], at: usize) -> Option<(Value, usize)> {
    let rest = &bytes[at..bytes.len().min(at + MAX_ESCAPE)];
    let end = rest.iter().position(|b| *b == b';')?;
    let name = std::str::from_utf8(&rest[1..end]).ok()?;
    let number = match name.strip_prefix('#') {
        Some(n) if n.starts_with(['x', 'X']) => u32::from_str_radix(&n[1..], 16).ok(),
        Some(n) => n.parse().ok(),
        None => None,
    };
    let c = match name {
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "colon" => Some(':'),
        "equals" => Some('='),
        "lowbar" => Some('_'),
        _ => number.and_then(char::from_u32),
    };
    Some((Value::Char(c?), end + 1))
}

/// What kind of escapes `raw` holds, for reports.
pub(super) fn name(raw: &[u8]) -> &'static str {
    for (i, byte) in raw.iter().enumerate() {
        match byte {
            b'%' => return "percent",
            b'&' => return "entity",
            b'=' if raw[i..].starts_with(b"=5F") => return "quoted-printable",
            b'\\' => match raw[i..].iter().find(|b| **b != b'\\') {
                Some(b'x') => return "hex-escape",
                Some(b'u') => return "unicode-escape",
                _ => return "escape",
            },
            _ => {}
        }
    }
    "escape"
}
