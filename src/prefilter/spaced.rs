//! Where text may be that has two bytes for each character (UTF-16): where every second byte is NUL.
//! Binary files have NULs, and seldom so.
//!
//! Not here: what is sought there.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

use crate::span::Span;

const BLOCK: usize = 64;

/// The blocks of a text in which two characters in a row may have two bytes each, the second of them
/// NUL; adjacent ones are told as one.
pub(super) struct Spaced<'t> {
    text: &'t [u8],
    /// Where the next block begins.
    at: usize,
    /// Its NULs, a bit each.
    zeros: u64,
}

impl<'t> Spaced<'t> {
    pub(super) fn of(text: &'t [u8]) -> Self {
        Self { text, at: 0, zeros: zeros_at(text, 0) }
    }

    /// Steps over a block; tells whether a character begins in it that is NUL-spaced, and its
    /// neighbour too.
    fn step(&mut self) -> bool {
        let (zeros, next) = (self.zeros, zeros_at(self.text, self.at + BLOCK));
        self.at += BLOCK;
        self.zeros = next;
        (zeros >> 1 | next << 63) & (zeros >> 3 | next << 61) != 0
    }
}

impl Iterator for Spaced<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        while self.at < self.text.len() {
            let start = self.at;
            if self.step() {
                let mut end = self.at;
                while self.at < self.text.len() && self.step() {
                    end = self.at;
                }
                return Some(Span::new(start, end.min(self.text.len())));
            }
        }
        None
    }
}

/// A bit for each NUL of the block that begins at `at`, the first one lowest.
#[inline(always)]
fn zeros_at(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(block) => zeros(block),
        None => {
            let mut block = [1; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            zeros(&block)
        }
    }
}

#[inline(always)]
fn zeros(block: &[u8; BLOCK]) -> u64 {
    dispatch!(Level::new(), simd => {
        u8x64::load_array_ref(simd, block).simd_eq(u8x64::splat(simd, 0)).to_bitmask()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Just, prop, prop_assert, prop_oneof, proptest};

    proptest! {
        #[test]
        fn no_spaced_character_is_missed_and_no_block_is_told_without_one(
            text in prop::collection::vec(prop_oneof![3 => Just(0u8), 5 => 1u8..4, 9 => Just(9u8)], 0..400),
        ) {
            let begins = |at: usize| text.get(at + 1) == Some(&0) && text.get(at + 3) == Some(&0);
            let told: Vec<Span> = Spaced::of(&text).collect();
            for at in (0..text.len()).filter(|at| begins(*at)) {
                prop_assert!(told.iter().any(|span| span.range().contains(&at)), "{at}");
            }
            for span in told {
                for block in span.range().step_by(BLOCK) {
                    prop_assert!((block..block + BLOCK).any(begins), "{block}");
                }
            }
        }
    }
}
