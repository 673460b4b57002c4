//! Signs that JSON, HTML and URLs escape, beside and within values and names.
//!
//! Not here: how much of a text is decoded; that is for `decode`.

use zeroize::Zeroizing;

use super::back_while;

/// The longest name of a sign in HTML that counts, with `&` and `;`.
const MAX_ENTITY: usize = 10;

/// A sign as JSON may have it in strings, from its backslash on: `\/`, `\u002B`; with the bytes that
/// it takes. Some writers escape all signs that HTML or URLs know.
pub(super) fn json_escape(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match text.get(at..)? {
        [b'\\', b'/', ..] => Some((b'/', 2)),
        [b'\\', b'u', b'0', b'0', high, low, ..] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
            byte.is_ascii_punctuation().then_some((byte, 6))
        }
        _ => None,
    }
}

/// The bytes that a value says, each with where it is written.
fn said(value: &[u8]) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        let (byte, length) = json_escape(value, at).or(value.get(at).map(|byte| (*byte, 1)))?;
        at += length;
        Some((start, byte))
    })
}

/// A value whose signs JSON has escaped, as it is; none if it has no escapes.
pub fn unescaped(value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    memchr::memchr_iter(b'\\', value).find(|at| json_escape(value, *at).is_some())?;
    // As large as it can get: what it grew out of would not be wiped.
    let mut plain = Zeroizing::new(Vec::with_capacity(value.len()));
    plain.extend(said(value).map(|(_, byte)| byte));
    Some(plain)
}

/// Where the byte of a value is written that has an index in [`unescaped`].
pub fn written(value: &[u8], index: usize) -> usize {
    said(value).nth(index).map_or(value.len(), |(at, _)| at)
}

/// Where the escape of a sign begins behind which a run stands, or with whose digits it begins:
/// `&quot;…`, `\u0022…`, `%22…`.
pub fn escape_before(text: &[u8], run: usize) -> Option<usize> {
    let sign = run.checked_sub(1)?;
    let hex = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
    match text[sign] {
        b'\\' => match text.get(run)? {
            b'u' => json_escape(text, sign).map(|_| sign),
            b'x' => (hex(run + 1) && hex(run + 2)).then_some(sign),
            _ => None,
        },
        b'%' => opens_value(text.get(run..)?).then_some(sign),
        b';' => {
            let floor = run.saturating_sub(MAX_ENTITY);
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'#';
            let start = back_while(text, sign, floor, inner);
            (start < sign && start > floor && text[start - 1] == b'&').then(|| start - 1)
        }
        _ => None,
    }
}

/// Whether digits behind `%` are those of a sign that a value stands behind: others may be its own.
fn opens_value(digits: &[u8]) -> bool {
    let signs =
        [b"0a", b"0d", b"20", b"22", b"26", b"27", b"28", b"2c", b"3a", b"3d", b"3e", b"5b"];
    digits.get(..2).is_some_and(|two| signs.iter().any(|sign| two.eq_ignore_ascii_case(*sign)))
}

/// Whether digits behind `%` are those of a line break, a blank, a quote or `&`.
pub(super) fn ends_value(digits: &[u8]) -> bool {
    let ends = [b"0a", b"0d", b"20", b"22", b"26", b"27"];
    digits.get(..2).is_some_and(|two| ends.iter().any(|end| two.eq_ignore_ascii_case(*end)))
}

/// Where a name begins whose first letters may be those of an escape: `\n`, `\u0026`, `%26`.
pub(super) fn behind_escape(text: &[u8], start: usize, end: usize) -> usize {
    let Some(before) = start.checked_sub(1) else { return start };
    let length = match text[before] {
        b'\\' => match text[start..end] {
            [b'n' | b't' | b'r', _, ..] => 1,
            _ => json_escape(text, before).map_or(0, |(_, length)| length - 1),
        },
        b'%' if text[start..end].iter().take(2).all(u8::is_ascii_hexdigit) => 2,
        _ => 0,
    };
    (start + length).min(end)
}
