//! Token characters: those of base64, base64url and hex. Nearly every secret has a long run of them,
//! and most text has few.
//!
//! Not here: what a run is worth.

use crate::span::Span;

/// Token characters in a row that make a run.
pub const RUN: usize = 15;

const BLOCK: usize = 16;

/// Whether a byte is a token character.
pub const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The runs of [`RUN`] token characters or more in a text, each as long as it is, in order.
#[derive(Debug)]
pub struct Runs<'t> {
    text: &'t [u8],
    /// Where the next block begins.
    at: usize,
    /// Token characters right before it.
    open: usize,
}

impl<'t> Runs<'t> {
    /// The runs of `text`.
    pub fn of(text: &'t [u8]) -> Self {
        Self { text, at: 0, open: 0 }
    }

    /// Whole blocks, of which most cost a few vector instructions: where both halves have another
    /// byte, no run of [`RUN`] ends or lies. A function of its own, so that the loop has the registers
    /// to itself.
    #[inline(never)]
    fn next_in_blocks(&mut self) -> Option<Span> {
        let blocks = self.text.get(self.at..)?.as_chunks::<BLOCK>().0;
        let (mut at, mut open) = (self.at, self.open);
        for block in blocks {
            let (low, high) = others(block);
            if low != 0 && high != 0 && open < BLOCK / 2 {
                (at, open) = (at + BLOCK, high.leading_zeros() as usize / 8);
                continue;
            }
            let others = u128::from(high) << 64 | u128::from(low);
            if others == 0 {
                (at, open) = (at + BLOCK, open + BLOCK);
                continue;
            }
            let lead = others.trailing_zeros() as usize / 8;
            let run = Span::new(at - open, at + lead);
            (at, open) = (at + BLOCK, others.leading_zeros() as usize / 8);
            if run.len() >= RUN {
                (self.at, self.open) = (at, open);
                return Some(run);
            }
        }
        (self.at, self.open) = (at, open);
        None
    }
}

impl Iterator for Runs<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if let Some(run) = self.next_in_blocks() {
            return Some(run);
        }
        while self.at < self.text.len() || self.open >= RUN {
            let rest = &self.text[self.at..];
            let more = rest.iter().take_while(|byte| is_token(**byte)).count();
            let run = Span::new(self.at - self.open, self.at + more);
            (self.at, self.open) = ((self.at + more + 1).min(self.text.len()), 0);
            if run.len() >= RUN {
                return Some(run);
            }
        }
        None
    }
}

/// A byte that is not nought for each that is no token character, the first one lowest, in two halves. Written so
/// that all bytes are looked at at once, by whatever vector instructions there are.
#[inline(always)]
fn others(block: &[u8; BLOCK]) -> (u64, u64) {
    let mut others = [0u8; BLOCK];
    for (other, byte) in others.iter_mut().zip(block) {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // From `+` to `9`, without the comma and the full stop.
        let sign = byte.wrapping_sub(b'+') < 15 && *byte != b',' && *byte != b'.';
        *other = u8::from(!(letter | sign | (*byte == b'_')));
    }
    let all = u128::from_le_bytes(others);
    (all as u64, (all >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_tells_each_of_its_bytes() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[at] = byte;
                let (low, high) = others(&block);
                let all = u128::from(high) << 64 | u128::from(low);
                assert_eq!(all == 0, is_token(byte), "{byte}");
                assert!(is_token(byte) || all.trailing_zeros() as usize / 8 == at);
            }
        }
    }

    fn slow(text: &[u8]) -> Vec<Span> {
        let mut found = Vec::new();
        let mut start = 0;
        for end in 0..=text.len() {
            if text.get(end).is_some_and(|b| is_token(*b)) {
                continue;
            }
            if end - start >= RUN {
                found.push(Span::new(start, end));
            }
            start = end + 1;
        }
        found
    }

    proptest! {
        #[test]
        fn runs_are_what_a_slow_search_finds(text in "([A-Za-z0-9+/_-]{0,40}[ .,:]{0,2}){0,12}") {
            let found: Vec<Span> = Runs::of(text.as_bytes()).collect();
            prop_assert_eq!(found, slow(text.as_bytes()));
        }
    }
}
