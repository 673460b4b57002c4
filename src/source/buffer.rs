//! Memory that the system copies files into at full speed.
//!
//! The system keeps files in pages, and a large allocation begins sixteen bytes behind the start of one.
//! Between two such places some processors copy at a fraction of their speed: they take what they have
//! written for what they are about to read, since the addresses are alike in their lower bits. On one
//! with AMD's Zen 3, reading a tree took half as long again. So the bytes here begin where a page does.
//! Not here: what is read.

use std::ops::{Deref, DerefMut};

/// Bytes of a page on most systems.
const PAGE: usize = 4096;

/// Some bytes, the first of them at the start of a page.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// Makes room for `length` bytes, if there are fewer. Those that are there stay.
    pub(super) fn grow(&mut self, length: usize) {
        if length <= self.length {
            return;
        }
        let memory = vec![0; length + PAGE];
        let start = memory.as_ptr().align_offset(PAGE).min(PAGE);
        let old = std::mem::replace(self, Self { memory, start, length });
        self[..old.len()].copy_from_slice(&old);
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

impl From<Vec<u8>> for Buffer {
    /// Bytes that are read already, wherever they are.
    fn from(memory: Vec<u8>) -> Self {
        let length = memory.len();
        Self { memory, start: 0, length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_keeps_what_it_holds() {
        let mut buffer = Buffer::default();
        assert!(buffer.is_empty());
        for length in [1, 5000, 300_000, 70] {
            let held = buffer.to_vec();
            buffer.grow(length);
            assert_eq!(buffer.len(), length.max(held.len()));
            assert_eq!(buffer[..held.len()], held);
            assert_eq!(buffer.as_ptr().align_offset(PAGE), 0);
            buffer.fill(length.to_le_bytes()[0]);
        }
    }
}
