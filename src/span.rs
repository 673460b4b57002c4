//! Byte ranges, and where they are for a reader: line and column.
//!
//! Not here: what the bytes mean, or how they were encoded.

use std::ops::Range;
use std::sync::OnceLock;

/// A half-open range of bytes, `start..end`, within one piece of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`; an end before the start is taken as empty.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the range holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a byte.
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// As a standard range, to index a slice with.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Where a byte is for a reader: lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

/// How the bytes of a text make characters, as far as lines and columns go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charset {
    /// UTF-8, or anything whose newline is the byte 0x0A; bytes that continue no character count as
    /// none.
    Utf8,
    /// Two bytes a unit, the low byte first, units starting at even (`odd: false`) or odd offsets.
    Utf16Le {
        /// Whether units start at odd offsets.
        odd: bool,
    },
    /// Two bytes a unit, the high byte first, units starting at even or odd offsets.
    Utf16Be {
        /// Whether units start at odd offsets.
        odd: bool,
    },
}

impl Charset {
    fn phase(self) -> Option<usize> {
        match self {
            Charset::Utf8 => None,
            Charset::Utf16Le { odd } | Charset::Utf16Be { odd } => Some(usize::from(odd)),
        }
    }
}

/// The line starts of one content: an offset to its line in logarithmic time.
#[derive(Debug)]
pub struct LineTable<'t> {
    charset: Charset,
    /// What the starts are found in, unless they are known.
    bytes: &'t [u8],
    starts: OnceLock<Vec<usize>>,
    len: usize,
}

impl LineTable<'static> {
    /// Finds the line starts in one pass over `bytes`.
    pub fn new(bytes: &[u8], charset: Charset) -> Self {
        let starts = OnceLock::from(line_starts(bytes, charset));
        Self { charset, bytes: &[], starts, len: bytes.len() }
    }
}

impl<'t> LineTable<'t> {
    /// Finds the line starts when they are asked for: of most contents nobody asks.
    pub fn when_asked(bytes: &'t [u8], charset: Charset) -> Self {
        Self { charset, bytes, starts: OnceLock::new(), len: bytes.len() }
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| line_starts(self.bytes, self.charset))
    }

    /// The line that holds `offset`, from 0.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts().partition_point(|&start| start <= offset) - 1
    }

    /// The bytes of line `line` (from 0), its newline included; the last line for one past it.
    pub fn span_of(&self, line: usize) -> Span {
        let starts = self.starts();
        let line = line.min(starts.len() - 1);
        let end = starts.get(line + 1).copied().unwrap_or(self.len);
        Span::new(starts[line], end)
    }

    /// What the lines were told apart by.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Number of lines, at least one.
    pub fn count(&self) -> usize {
        self.starts().len()
    }

    /// A locator over the same bytes as this table was made of.
    pub fn locator<'a>(&'a self, bytes: &'a [u8]) -> Locator<'a> {
        Locator { table: self, bytes, line: 0, offset: 0, column: 1 }
    }
}

fn line_starts(bytes: &[u8], charset: Charset) -> Vec<usize> {
    let mut starts = vec![0];
    for at in memchr::memchr_iter(b'\n', bytes) {
        match charset {
            Charset::Utf8 => starts.push(at + 1),
            Charset::Utf16Le { odd } => {
                if at % 2 == usize::from(odd) && bytes.get(at + 1) == Some(&0) {
                    starts.push(at + 2);
                }
            }
            Charset::Utf16Be { odd } => {
                if at % 2 != usize::from(odd) && at > 0 && bytes[at - 1] == 0 {
                    starts.push(at + 1);
                }
            }
        }
    }
    starts
}

/// Turns ascending offsets into positions; a long line is counted once, not once an offset.
#[derive(Debug)]
pub struct Locator<'a> {
    table: &'a LineTable<'a>,
    bytes: &'a [u8],
    line: usize,
    offset: usize,
    column: usize,
}

impl Locator<'_> {
    /// The position of `offset`; offsets past the end are taken as the end.
    pub fn locate(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.bytes.len());
        let line = self.table.line_of(offset);
        if line != self.line || offset < self.offset || self.offset == 0 {
            self.line = line;
            self.offset = self.table.starts()[line];
            self.column = 1;
            if line == 0 {
                self.offset = byte_order_mark(self.bytes).min(offset);
            }
        }
        self.column += characters(&self.bytes[self.offset..offset], self.table.charset);
        self.offset = offset;
        Position { line: line + 1, column: self.column }
    }
}

/// Length of the byte order mark that `bytes` opens with: no editor shows it as a column.
pub fn byte_order_mark(bytes: &[u8]) -> usize {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => 3,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => 2,
        _ => 0,
    }
}

fn characters(bytes: &[u8], charset: Charset) -> usize {
    if charset.phase().is_some() {
        return bytes.len() / 2;
    }
    // A character begins where a byte continues none, so that counts of parts add up.
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "a\u{e9}\u{1f600}b\nsecond\r\nthird".as_bytes();
        let table = LineTable::new(text, Charset::Utf8);
        let mut locator = table.locator(text);
        assert_eq!(locator.locate(0), Position { line: 1, column: 1 });
        assert_eq!(locator.locate(7), Position { line: 1, column: 4 });
        assert_eq!(locator.locate(9), Position { line: 2, column: 1 });
        assert_eq!(locator.locate(17), Position { line: 3, column: 1 });
        assert_eq!(locator.locate(8), Position { line: 1, column: 5 });
    }

    #[test]
    fn wide_text_has_lines_of_two_byte_units() {
        // U+0A41 holds the byte 0x0A without being a newline.
        let units: Vec<u16> = "x\u{0a41}\nyz".encode_utf16().collect();
        for big in [false, true] {
            let mut bytes = if big { vec![0xfe, 0xff] } else { vec![0xff, 0xfe] };
            let pair = |u: &u16| if big { u.to_be_bytes() } else { u.to_le_bytes() };
            bytes.extend(units.iter().flat_map(pair));
            let charset =
                if big { Charset::Utf16Be { odd: false } } else { Charset::Utf16Le { odd: false } };
            let table = LineTable::new(&bytes, charset);
            let mut locator = table.locator(&bytes);
            assert_eq!(locator.locate(2), Position { line: 1, column: 1 });
            assert_eq!(locator.locate(10), Position { line: 2, column: 2 });
        }
    }

    proptest! {
        #[test]
        fn ascending_and_fresh_locators_agree(text in "[a-z\u{e9}\n\r]{0,60}", mut at in proptest::collection::vec(0usize..130, 0..20)) {
            at.sort_unstable();
            let table = LineTable::new(text.as_bytes(), Charset::Utf8);
            let mut walking = table.locator(text.as_bytes());
            for offset in at {
                prop_assert_eq!(walking.locate(offset), table.locator(text.as_bytes()).locate(offset));
            }
        }
    }
}
