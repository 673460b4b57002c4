//! Token characters: those of base64, base64url and hex. Nearly every secret has a long run of them,
//! and most text has few.
//!
//! Not here: what a run is worth.

use wide::i8x16;

use crate::span::Span;

/// Token characters in a row that make a run.
pub const RUN: usize = 15;

const BLOCK: usize = 64;

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
    /// The block before, a bit for each byte that is a token character.
    mask: u64,
    /// Where in it runs begin that were not told yet.
    starts: u64,
}

impl<'t> Runs<'t> {
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
        (run.len() >= RUN).then_some(run)
    }

    /// Skips the blocks in which no run ends or lies. A function of its own, so that the loop has the
    /// registers to itself.
    #[inline(never)]
    fn skip(&mut self) -> Option<(u64, u64)> {
        let blocks = self.text.get(self.at..)?.as_chunks::<BLOCK>().0;
        let (mut at, mut open) = (self.at, self.open);
        for block in blocks {
            let mask = tokens(block);
            let starts = starts(mask);
            if starts != 0 || open + mask.trailing_ones() as usize >= RUN {
                (self.at, self.open) = (at, open);
                return Some((mask, starts));
            }
            (at, open) = (at + BLOCK, mask.leading_ones() as usize);
        }
        (self.at, self.open) = (at, open);
        None
    }

    /// What is left behind the last whole block, as a block.
    fn rest(&mut self) -> Option<(u64, u64)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty() || self.open >= RUN)?;
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        let mask = tokens(&block);
        Some((mask, starts(mask)))
    }
}

impl Iterator for Runs<'_> {
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

/// A bit for each byte that is a token character, the first one lowest.
#[inline(always)]
fn tokens(block: &[u8; BLOCK]) -> u64 {
    let sixteens = block.as_chunks::<16>().0;
    sixteens
        .iter()
        .enumerate()
        .fold(0, |mask, (index, bytes)| mask | u64::from(tokens_of(bytes)) << (16 * index))
}

/// The same for as many bytes as every machine looks at together.
#[inline(always)]
fn tokens_of(bytes: &[u8; 16]) -> u32 {
    let all = |byte: u8| i8x16::splat(byte.cast_signed());
    let bytes = i8x16::new(bytes.map(u8::cast_signed));
    // Whether a byte is one of `count` from `first` on: moved so that these are the least numbers.
    let within = |bytes: i8x16, first: u8, count: u8| {
        (bytes + all(0x80u8.wrapping_sub(first))).simd_lt(all(0x80 + count))
    };
    let letter = within(bytes | all(0x20), b'a', 26);
    // From `+` to `9`, without the comma and the full stop.
    let sign = within(bytes, b'+', 15);
    let other = bytes.simd_eq(all(b',')) | bytes.simd_eq(all(b'.'));
    (letter | (sign & !other) | bytes.simd_eq(all(b'_'))).to_bitmask()
}

/// Where [`RUN`] bits in a row begin.
#[inline(always)]
fn starts(mask: u64) -> u64 {
    let two = mask & mask >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 7
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
                let others = !tokens(&block);
                assert_eq!(others == 0, is_token(byte), "{byte}");
                assert!(is_token(byte) || others == 1 << at);
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
        fn runs_are_what_a_slow_search_finds(text in "([A-Za-z0-9+/_-]{0,90}[ .,:]{0,2}){0,12}") {
            let found: Vec<Span> = Runs::of(text.as_bytes()).collect();
            prop_assert_eq!(found, slow(text.as_bytes()));
        }
    }
}
