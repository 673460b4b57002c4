//! Decoded text with a map back to the bytes that it was written as.

use crate::span::Span;

/// Decoded bytes; of each it is known which bytes of the source it came from.
#[derive(Debug, Default)]
pub struct Text {
    /// The decoded bytes.
    pub bytes: Vec<u8>,
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl Text {
    /// Empty text with room for `capacity` bytes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let starts = Vec::with_capacity(capacity);
        Self { bytes: Vec::with_capacity(capacity), ends: starts.clone(), starts }
    }

    /// Adds a byte that was written as `start..end` of the source.
    pub(super) fn push(&mut self, byte: u8, start: usize, end: usize) {
        self.bytes.push(byte);
        self.starts.push(start);
        self.ends.push(end);
    }

    /// Adds a character that was written as `start..end` of the source.
    pub(super) fn push_char(&mut self, c: char, start: usize, end: usize) {
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            self.push(byte, start, end);
        }
    }

    /// The index of the byte that was written from `source` on, or of the first one after it.
    pub fn index_of(&self, source: usize) -> usize {
        self.starts.partition_point(|start| *start < source)
    }

    /// The range of the source that the whole text was written as.
    pub fn extent(&self) -> Span {
        self.source(Span::new(0, self.bytes.len()))
    }

    /// Turns a range of the text into the range of the source that it was written as.
    pub fn source(&self, span: Span) -> Span {
        let start = self.starts.get(span.start).or(self.ends.last()).copied().unwrap_or(0);
        let last = span.end.checked_sub(1).and_then(|i| self.ends.get(i)).copied();
        Span::new(start, last.unwrap_or(start))
    }

    /// The same text, mapped through the text that it was decoded from.
    pub(super) fn through(self, outer: &Text) -> Text {
        let map = |start: &usize, end: &usize| outer.source(Span::new(*start, *end));
        let spans: Vec<Span> = self.starts.iter().zip(&self.ends).map(|(s, e)| map(s, e)).collect();
        Text {
            bytes: self.bytes,
            starts: spans.iter().map(|s| s.start).collect(),
            ends: spans.iter().map(|s| s.end).collect(),
        }
    }
}
