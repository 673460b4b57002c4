//! Pairs of hexadecimal digits around a known pair.

use super::Reach;
use super::text::Text;

/// The value of a hexadecimal digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|d| d as u8)
}

/// The byte that two digits at `at` write.
pub(super) fn pair(bytes: &[u8], at: usize) -> Option<u8> {
    Some(digit(*bytes.get(at)?)? << 4 | digit(*bytes.get(at + 1)?)?)
}

/// Reads around the pair at `origin`.
pub(super) fn read(bytes: &[u8], origin: usize, reach: Reach) -> Option<(Text, usize)> {
    let mut start = origin;
    while start >= 2 && origin - start < reach.back * 2 && pair(bytes, start - 2).is_some() {
        start -= 2;
    }
    let mut text = Text::with_capacity((origin - start) / 2 + reach.forward);
    let mut at = start;
    while at < origin + reach.forward * 2 {
        let Some(byte) = pair(bytes, at) else { break };
        text.push(byte, at, at + 2);
        at += 2;
    }
    (at > origin).then_some((text, (origin - start) / 2))
}
