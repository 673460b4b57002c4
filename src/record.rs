//! Records of SQLite's files, <https://www.sqlite.org/fileformat2.html#record_format>: the texts of their
//! columns stand one right behind the other, and only the header of the record tells them apart.
//!
//! Looks a bounded distance back from a place. Not here: pages, and what a column says.

use crate::span::Span;

/// The most bytes before a place that [`is_near`] looks at: without it there is no [`column()`].
pub const LOOK_BEHIND: usize = 96;
/// How far before a place the header of its record may begin.
const FAR: usize = 512;
/// Headers are shorter than this: text has none of the bytes that say so, but for white space.
const MAX_HEADER: u8 = 32;
/// The most bytes of a number.
const MAX_VARINT: usize = 9;

/// Whether a record may be near before `at`: a byte stands there that no text has.
pub fn is_near(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(LOOK_BEHIND)..at).unwrap_or_default();
    before.iter().any(|b| *b < b' ' && !b.is_ascii_whitespace() && *b != 0x1b)
}

/// The column of text that holds `at`, as the header of its record says, up to where the content ends.
pub fn column(text: &[u8], at: usize) -> Option<Span> {
    if !is_near(text, at) {
        return None;
    }
    let headers = at.saturating_sub(FAR)..at;
    headers.rev().find_map(|header| column_of(text, header, at))
}

/// The same of the record whose header begins at `header`, if one does.
fn column_of(text: &[u8], header: usize, at: usize) -> Option<Span> {
    let length = *text.get(header)?;
    let body = header + usize::from(length);
    if !(2..MAX_HEADER).contains(&length) || body > at {
        return None;
    }
    let (mut next, mut start, mut found) = (header + 1, body, None);
    while next < body {
        let (kind, taken) = varint(text, next)?;
        let end = start.checked_add(size(kind)?)?;
        if kind >= 13 && kind % 2 == 1 && (start..end).contains(&at) {
            found = Some(Span::new(start, end.min(text.len())));
        }
        (next, start) = (next + taken, end);
    }
    let is_whole = next == body && is_told(text, header, start - header);
    found.filter(|_| is_whole)
}

/// Whether the cell before a header says that its record has `length` bytes: right before it, or before
/// the number of its row.
fn is_told(text: &[u8], header: usize, length: usize) -> bool {
    (header.saturating_sub(2 * MAX_VARINT)..header).any(|from| {
        let Some((told, taken)) = varint(text, from) else { return false };
        let row = from + taken;
        let ends = |(_, taken): (usize, usize)| row + taken == header;
        told == length && (row == header || varint(text, row).is_some_and(ends))
    })
}

/// The number at `at`, the highest seven bits first, and its length. None: it is out of all bounds.
fn varint(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (index, byte) in text.get(at..)?.iter().take(MAX_VARINT).enumerate() {
        value = value.checked_mul(128)? | usize::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    None
}

/// Bytes of a column of some serial type.
fn size(kind: usize) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => Some(kind),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => Some((kind - 12) / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cell of a table with these texts behind the number of a row.
    fn cell(texts: &[&str]) -> Vec<u8> {
        let number = |n: usize| match n {
            0..128 => vec![n as u8],
            _ => vec![(n >> 7) as u8 | 0x80, n as u8 & 0x7f],
        };
        let kinds: Vec<u8> = texts.iter().flat_map(|t| number(t.len() * 2 + 13)).collect();
        let record = [&[kinds.len() as u8 + 2, 0], &kinds[..], texts.concat().as_bytes()].concat();
        [&[0, 0, 7], &number(record.len())[..], &[1], &record].concat()
    }

    #[test]
    fn the_columns_of_a_record_are_told_apart() {
        let texts = ["production", "abcdefgh".repeat(9).leak(), "2024-01-02 03:04:05", "b"];
        let cell = cell(&texts);
        let mut start = cell.len() - texts.concat().len();
        for text in texts {
            let span = Span::new(start, start + text.len());
            for at in span.range() {
                let expected = is_near(&cell, at).then_some(span);
                assert_eq!(column(&cell, at), expected, "{text} at {at}");
            }
            start = span.end;
        }
    }

    #[test]
    fn a_cell_that_says_another_length_holds_no_record() {
        let mut cell = cell(&["name", "value"]);
        let at = cell.len() - "value".len();
        assert_eq!(column(&cell, at), Some(Span::new(at, cell.len())));
        cell[3] += 1;
        assert_eq!(column(&cell, at), None);
        assert_eq!(column(b"plain\ttext\nand no record", 15), None);
    }
}
