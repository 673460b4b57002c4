//! Whether text has what only some encoded forms have: the beginning of an escape, a NUL, or a soft line
//! break. Most text has none, and then those forms are not sought.
//!
//! Not here: the search for them.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// The bytes that they depend on.
const WINDOW: usize = BLOCK + 1;

/// What a text has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// `%2` to `%7`, `\u` or `\x`.
    pub(super) escape: bool,
    pub(super) nul: bool,
    /// `=` at the end of a line.
    pub(super) soft: bool,
}

impl Marks {
    /// The marks of `text`.
    pub(super) fn of(text: &[u8]) -> Self {
        dispatch!(Level::new(), simd => of(simd, text))
    }
}

#[inline(always)]
fn of<S: Simd>(simd: S, text: &[u8]) -> Marks {
    let mut marks = Marks::default();
    let mut rest = text;
    while let Some(window) = rest.first_chunk() {
        marks.add(simd, window);
        rest = &rest[BLOCK..];
    }
    if !rest.is_empty() {
        // With what begins no mark and ends none.
        let mut window = [b' '; WINDOW];
        window[..rest.len()].copy_from_slice(rest);
        marks.add(simd, &window);
    }
    marks
}

impl Marks {
    /// Adds those that begin in a block.
    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, window: &[u8; WINDOW]) {
        let load = |at: usize| {
            let block = window[at..].first_chunk().unwrap_or(&[b' '; BLOCK]);
            u8x64::load_array_ref(simd, block)
        };
        let all = |byte: u8| u8x64::splat(simd, byte);
        let (first, second) = (load(0), load(1));
        let percent = first.simd_eq(all(b'%')) & (second - all(b'2')).simd_lt(all(6));
        let letter = second.simd_eq(all(b'u')) | second.simd_eq(all(b'x'));
        let escape = percent | (first.simd_eq(all(b'\\')) & letter);
        self.escape |= escape.to_bitmask() != 0;
        self.nul |= first.simd_eq(all(0)).to_bitmask() != 0;
        let end = second.simd_eq(all(b'\n')) | second.simd_eq(all(b'\r'));
        self.soft |= (first.simd_eq(all(b'=')) & end).to_bitmask() != 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn marks_are_seen_wherever_they_are(
            (before, after) in ("[ -~]{0,140}", "[ -~]{0,140}"),
            mark in "[%\\\\\u{0}a=][1-8ux\u{0}\r\n]?",
        ) {
            let text = [before, mark, after].concat();
            let bytes = text.as_bytes();
            let is_escape = |pair: &[u8]| matches!(pair, [b'%', b'2'..=b'7'] | [b'\\', b'u' | b'x']);
            let escape = bytes.windows(2).any(is_escape);
            let nul = bytes.contains(&0);
            let soft = bytes.windows(2).any(|pair| matches!(pair, [b'=', b'\r' | b'\n']));
            prop_assert_eq!(Marks::of(bytes), Marks { escape, nul, soft });
        }
    }
}
