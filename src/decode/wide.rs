//! UTF-16 around a known unit.
//!
//! Text of ASCII characters reads the same in both byte orders, one byte apart; the low byte first
//! is assumed here, and the caller tells the order by the parity of the place.

use super::Reach;
use super::text::Text;

/// Reads around the unit at `origin`, the byte of an ASCII character.
pub(super) fn read(bytes: &[u8], origin: usize, reach: Reach) -> Option<(Text, usize)> {
    let mut start = origin;
    while start >= 2 && origin - start < reach.back * 2 && is_text(unit(bytes, start - 2)) {
        start -= 2;
    }
    let mut text = Text::with_capacity((origin - start) / 2 + 64);
    let mut index = 0;
    let mut at = start;
    while at < origin + reach.forward * 2 {
        // The last character of big-endian text has no byte after it.
        let unit = unit(bytes, at).or_else(|| bytes.get(at).map(|b| u16::from(*b)));
        if !is_text(unit) {
            break;
        }
        if at == origin {
            index = text.bytes.len();
        }
        let c = unit.and_then(|u| char::from_u32(u32::from(u))).unwrap_or('?');
        text.push_char(c, at, (at + 2).min(bytes.len()));
        at += 2;
    }
    (at > origin).then_some((text, index))
}

fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes([pair[0], pair[1]]))
}

fn is_text(unit: Option<u16>) -> bool {
    unit.is_some_and(|u| u != 0)
}
