//! Whether text has the digits and capitals that what is encoded or drawn at random has, and most
//! names and paths have not.
//!
//! Not here: which text is asked about.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

use crate::span::Span;

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Capitals that are more than the humps of a short name.
const CAPITALS: u32 = 4;

/// Whether a run may hold something encoded or drawn: that has a digit or several capitals.
pub(super) fn is_mixed(bytes: &[u8], run: Span) -> bool {
    let mut capitals = 0;
    signs(bytes, run).any(|signs| {
        capitals += signs.capitals.count_ones();
        signs.digits != 0 || capitals >= CAPITALS
    })
}

/// Whether a text may hold an encoded literal: each of those has a capital or a digit.
pub(super) fn has_sign(bytes: &[u8], part: Span) -> bool {
    signs(bytes, part).any(|signs| signs.digits | signs.capitals != 0)
}

/// A bit for each byte of a block, the first one lowest.
#[derive(Clone, Copy)]
struct Signs {
    digits: u64,
    capitals: u64,
}

/// The signs in a part of `bytes`, block by block.
fn signs(bytes: &[u8], part: Span) -> impl Iterator<Item = Signs> {
    let level = Level::new();
    part.range().step_by(BLOCK).map(move |at| {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut padded = [0; BLOCK];
        let block = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let Signs { digits, capitals } = dispatch!(level, simd => of_block(simd, block));
        // What is behind the part does not count.
        let own = u64::MAX >> (BLOCK - (part.end - at).min(BLOCK));
        Signs { digits: digits & own, capitals: capitals & own }
    })
}

#[inline(always)]
fn of_block<S: Simd>(simd: S, block: &[u8; BLOCK]) -> Signs {
    let bytes = u8x64::load_array_ref(simd, block);
    // Moved so that they are the least numbers.
    let within = |first: u8, count: u8| {
        (bytes - u8x64::splat(simd, first)).simd_lt(u8x64::splat(simd, count)).to_bitmask()
    };
    Signs { digits: within(b'0', 10), capitals: within(b'A', 26) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn signs_are_counted_in_the_part_and_nowhere_else(
            text in "[a-z]{0,70}[A-Za-z0-9]{0,6}[a-z]{0,70}[A-Z@\\[/:`0-9]{0,5}[a-zA-Z]{0,9}",
            (from, until) in (0usize..160, 0usize..160),
        ) {
            let bytes = text.as_bytes();
            let until = until.min(bytes.len());
            let part = Span::new(from.min(until), until);
            let own = &bytes[part.range()];
            let digits = own.iter().filter(|byte| byte.is_ascii_digit()).count();
            let capitals = own.iter().filter(|byte| byte.is_ascii_uppercase()).count();
            prop_assert_eq!(has_sign(bytes, part), digits + capitals > 0);
            prop_assert_eq!(is_mixed(bytes, part), digits > 0 || capitals >= 4);
        }
    }
}
