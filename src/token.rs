//! Token characters: those of base64, base64url and hex. Nearly every secret has a long run of them,
//! and most text has few.
//!
//! Not here: what a run is worth.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16, u8x64};

use crate::span::Span;

/// Token characters in a row that make a run.
pub const RUN: usize = 15;

const BLOCK: usize = 64;

/// Whether a byte is a token character.
pub const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The runs of `LEAST` token characters or more in a text, each as long as it is, in order.
#[derive(Debug)]
pub struct Runs<'t, const LEAST: usize = RUN> {
    text: &'t [u8],
    /// Where the next block begins.
    at: usize,
    /// Token characters right before it.
    open: usize,
    /// The block before, a bit for each byte that is a token character.
    mask: u64,
    /// Where in it runs begin that were not told yet.
    starts: u64,
}

impl<'t, const LEAST: usize> Runs<'t, LEAST> {
    /// The runs of `text`.
    pub fn of(text: &'t [u8]) -> Self {
        Self { text, at: 0, open: 0, mask: 0, starts: 0 }
    }

    /// The next run that lies within the block before.
    fn within(&mut self) -> Option<Span> {
        if self.starts == 0 {
            return None;
        }
        let start = self.starts.trailing_zeros();
        let length = (self.mask >> start).trailing_ones();
        let end = start + length;
        // What reaches the end of the block goes on in the next one.
        self.starts = if end < 64 { self.starts >> end << end } else { 0 };
        let base = self.at - BLOCK;
        (end < 64).then(|| Span::new(base + start as usize, base + end as usize))
    }

    /// Takes the next block; gives the run that ends in it and began before.
    fn take(&mut self, mask: u64, starts: u64) -> Option<Span> {
        let lead = mask.trailing_ones() as usize;
        let run = Span::new(self.at - self.open, self.at + lead);
        self.at += BLOCK;
        self.mask = mask;
        if lead == BLOCK {
            self.open += BLOCK;
            self.starts = 0;
            return None;
        }
        self.starts = starts >> lead << lead;
        self.open = mask.leading_ones() as usize;
        (run.len() >= LEAST).then_some(run)
    }

    /// Skips the blocks in which no run ends or lies.
    fn skip(&mut self) -> Option<(u64, u64)> {
        let rest = self.text.get(self.at..)?;
        let (skipped, open, found) =
            dispatch!(Level::new(), simd => skip::<_, LEAST>(simd, rest.as_chunks().0, self.open));
        self.at += skipped * BLOCK;
        self.open = open;
        found
    }

    /// What is left behind the last whole block, as a block.
    fn rest(&mut self) -> Option<(u64, u64)> {
        let rest = self.text.get(self.at..);
        let rest = rest.filter(|rest| !rest.is_empty() || self.open >= LEAST)?;
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        let mask = dispatch!(Level::new(), simd => tokens(simd, &block));
        Some((mask, starts::<LEAST>(mask)))
    }
}

impl<const LEAST: usize> Iterator for Runs<'_, LEAST> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        loop {
            if let Some(run) = self.within() {
                return Some(run);
            }
            let (mask, starts) = self.skip().or_else(|| self.rest())?;
            if let Some(run) = self.take(mask, starts) {
                return Some(run);
            }
        }
    }
}

/// How many blocks there are in which no run ends or lies, the token characters at their end, and the
/// next block: its token characters, and where in it runs begin.
#[inline(always)]
fn skip<S: Simd, const LEAST: usize>(
    simd: S,
    blocks: &[[u8; BLOCK]],
    mut open: usize,
) -> (usize, usize, Option<(u64, u64)>) {
    for (skipped, block) in blocks.iter().enumerate() {
        let mask = tokens(simd, block);
        let starts = starts::<LEAST>(mask);
        if starts != 0 || open + mask.trailing_ones() as usize >= LEAST {
            return (skipped, open, Some((mask, starts)));
        }
        open = mask.leading_ones() as usize;
    }
    (blocks.len(), open, None)
}

/// The classes of token characters, a bit each, that have a lower half: signs, digits, letters up to
/// `o`, capitals from `P` on with `_`, letters from `p` on.
const LOWER: [u8; 16] = {
    let mut classes = [0; 16];
    let mut byte = 0;
    while byte < 128 {
        if is_token(byte) {
            classes[(byte & 15) as usize] |= UPPER[(byte >> 4) as usize];
        }
        byte += 1;
    }
    classes
};
/// The class that an upper half belongs to. No two of them have the same class but `@` to `O` and
/// the backtick to `o`, which hold letters at the same places.
const UPPER: [u8; 16] = [0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0];

/// A bit for each byte that is a token character, the first one lowest.
#[inline(always)]
fn tokens<S: Simd>(simd: S, block: &[u8; BLOCK]) -> u64 {
    let bytes = u8x64::load_array_ref(simd, block);
    let table = |classes| u8x64::block_splat(u8x16::load_array_ref(simd, classes));
    let lower = table(&LOWER).swizzle_dyn_within_blocks(bytes & u8x64::splat(simd, 15));
    let upper = table(&UPPER).swizzle_dyn_within_blocks(bytes >> 4);
    !(lower & upper).simd_eq(u8x64::splat(simd, 0)).to_bitmask()
}

/// Where `LEAST` bits in a row begin.
#[inline(always)]
fn starts<const LEAST: usize>(mut mask: u64) -> u64 {
    let mut length = 1;
    while 2 * length <= LEAST {
        mask &= mask >> length;
        length *= 2;
    }
    mask & mask >> (LEAST - length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn a_block_tells_each_of_its_bytes() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[at] = byte;
                let others = !dispatch!(Level::new(), simd => tokens(simd, &block));
                assert_eq!(others == 0, is_token(byte), "{byte}");
                assert!(is_token(byte) || others == 1 << at);
            }
        }
    }

    fn slow(text: &[u8], least: usize) -> Vec<Span> {
        let mut found = Vec::new();
        let mut start = 0;
        for end in 0..=text.len() {
            if text.get(end).is_some_and(|b| is_token(*b)) {
                continue;
            }
            if end - start >= least {
                found.push(Span::new(start, end));
            }
            start = end + 1;
        }
        found
    }

    proptest! {
        #[test]
        fn runs_are_what_a_slow_search_finds(text in "([A-Za-z0-9+/_-]{0,90}[ .,:]{0,2}){0,12}") {
            let text = text.as_bytes();
            prop_assert_eq!(Runs::<RUN>::of(text).collect::<Vec<_>>(), slow(text, RUN));
            prop_assert_eq!(Runs::<31>::of(text).collect::<Vec<_>>(), slow(text, 31));
            prop_assert_eq!(Runs::<1>::of(text).collect::<Vec<_>>(), slow(text, 1));
            prop_assert_eq!(Runs::<64>::of(text).collect::<Vec<_>>(), slow(text, 64));
        }
    }
}
