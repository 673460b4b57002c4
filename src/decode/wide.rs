//! UTF-16 around a known unit.
//!
//! Text of ASCII characters reads the same in both byte orders, one byte apart; where it ends, and
//! what stands around it, only the right order tells.

use super::Reach;
use super::text::Text;

/// Reads around the unit of an ASCII character whose letter is the byte at `origin`.
pub(super) fn read(
    bytes: &[u8],
    origin: usize,
    big_endian: bool,
    reach: Reach,
) -> Option<(Text, usize)> {
    let origin = origin.checked_sub(usize::from(big_endian))?;
    let unit = |at: usize| {
        let pair = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let mut start = origin;
    while start >= 2 && origin - start < reach.back * 2 && is_text(unit(start - 2)) {
        start -= 2;
    }
    let mut text = Text::with_capacity((origin - start) / 2 + 64);
    let mut index = 0;
    let mut at = start;
    while at < origin + reach.forward * 2 {
        // Text that was cut may lack the last byte, which is nought.
        let unit = unit(at).or_else(|| bytes.get(at).map(|b| u16::from(*b)));
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

fn is_text(unit: Option<u16>) -> bool {
    unit.is_some_and(|u| u != 0)
}

/// The byte order of UTF-16 one of whose letters is the byte at `at`: by the mark at the start, else
/// by where letters stand if units start at even places.
pub fn is_big_endian(content: &[u8], at: usize) -> bool {
    match content {
        [0xfe, 0xff, ..] => true,
        [0xff, 0xfe, ..] => false,
        _ => at % 2 == 1,
    }
}
