//! Token characters: those of base64, base64url and hex. Nearly every secret has a long run of them,
//! and most text has few.
//!
//! Not here: what a run is worth.

use fearless_simd::prelude::*;
use fearless_simd::u8x64;

use crate::lookup::{Looked, SIX_BITS, has_large_tables};
use crate::span::Span;

/// Token characters in a row that make a run.
pub const RUN: usize = 15;

/// Bytes whose token characters are told together.
pub(crate) const BLOCK: usize = 64;

/// Whether a byte is a token character.
pub const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Finds the runs of `LEAST` token characters or more, each as long as it is, in order. It is shown a
/// text block by block, as a bit for each byte that is a token character, the first one lowest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs<const LEAST: usize> {
    /// Where the next block begins.
    at: usize,
    /// Token characters right before it.
    open: usize,
}

impl<const LEAST: usize> Runs<LEAST> {
    /// For a text whose first block is at `at`.
    pub(crate) fn new(at: usize) -> Self {
        Self { at, open: 0 }
    }

    /// Where the next block begins.
    #[inline(always)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Takes the next block if no run ends or lies in it; tells whether it did.
    #[inline(always)]
    pub(crate) fn skip(&mut self, block: u64) -> bool {
        let quiet =
            starts::<LEAST>(block) == 0 && self.open + (block.trailing_ones() as usize) < LEAST;
        if quiet {
            self.pass(block);
        }
        quiet
    }

    #[inline(always)]
    fn pass(&mut self, block: u64) {
        let last = block.leading_ones() as usize;
        self.open = if last == BLOCK { self.open + BLOCK } else { last };
        self.at += BLOCK;
    }

    /// Takes the next block; tells the runs that end in it.
    #[inline(always)]
    pub(crate) fn take(&mut self, block: u64, tell: &mut impl FnMut(Span)) {
        (*self).tell(block, tell);
        self.pass(block);
    }

    fn tell(self, block: u64, tell: &mut impl FnMut(Span)) {
        let lead = block.trailing_ones();
        if lead as usize == BLOCK {
            return;
        }
        let began = Span::new(self.at - self.open, self.at + lead as usize);
        if began.len() >= LEAST {
            tell(began);
        }
        let mut starts = starts::<LEAST>(block) >> lead << lead;
        while starts != 0 {
            let start = starts.trailing_zeros();
            let end = start + (block >> start).trailing_ones();
            if end as usize == BLOCK {
                // It goes on in the next one.
                return;
            }
            tell(Span::new(self.at + start as usize, self.at + end as usize));
            starts = starts >> end << end;
        }
    }

    /// Tells the run at the end of the last block.
    pub(crate) fn finish(self, tell: &mut impl FnMut(Span)) {
        if self.open >= LEAST {
            tell(Span::new(self.at - self.open, self.at));
        }
    }
}

/// The runs of a text, as those that come by its blocks see them.
#[cfg(test)]
pub(crate) fn runs<const LEAST: usize>(text: &[u8]) -> Vec<Span> {
    let (mut all, mut found) = (Runs::<LEAST>::new(0), Vec::new());
    for chunk in text.chunks(BLOCK) {
        let bits = chunk.iter().enumerate().map(|(at, byte)| u64::from(is_token(*byte)) << at);
        all.take(bits.sum(), &mut |run| found.push(run));
    }
    all.finish(&mut |run| found.push(run));
    found
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

/// More than any byte without the highest bit for each of those that is a token character, and nought
/// for the others.
const SEVEN: [[u8; SIX_BITS]; 2] = {
    let mut table = [[0; SIX_BITS]; 2];
    let mut byte = 0;
    while byte < 128 {
        if is_token(byte) {
            table[byte as usize / SIX_BITS][byte as usize % SIX_BITS] = 128;
        }
        byte += 1;
    }
    table
};

/// A bit for each byte that is a token character, the first one lowest.
#[inline(always)]
pub(crate) fn tokens<S: Simd>(simd: S, looked: &Looked<S>) -> u64 {
    if has_large_tables(simd) {
        return looked.in_seven_bits(simd, &SEVEN).simd_gt(looked.bytes()).to_bitmask();
    }
    let classes = looked.in_halves(simd, &LOWER, &UPPER);
    !classes.simd_eq(u8x64::splat(simd, 0)).to_bitmask()
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
    use crate::lookup::levels;
    use fearless_simd::dispatch;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn a_block_tells_each_of_its_bytes() {
        let bytes =
            levels().into_iter().flat_map(|level| (0..=u8::MAX).map(move |byte| (level, byte)));
        for (level, byte) in bytes {
            for at in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[at] = byte;
                let others = !dispatch!(level, simd => {
                    tokens(simd, &Looked::at(u8x64::load_array_ref(simd, &block)))
                });
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
            prop_assert_eq!(runs::<RUN>(text), slow(text, RUN));
            prop_assert_eq!(runs::<31>(text), slow(text, 31));
            prop_assert_eq!(runs::<1>(text), slow(text, 1));
            prop_assert_eq!(runs::<64>(text), slow(text, 64));
        }
    }
}
