//! Where base64 and hex can be: unbroken runs of their characters.
//!
//! Most text has few such runs, so that the many literals of base64 and hex forms are sought in a
//! small part of it. A run of 31 characters holds an aligned block of 16, and blocks are ruled out
//! as a whole: most have a blank, a quote or a bracket.

use crate::span::Span;

/// Encoded secrets lie in runs at least this long: 20 characters of body and a prefix make 32
/// characters of base64, and more in hex.
pub const DENSE_RUN: usize = 31;

const BLOCK: usize = 16;

/// 1 for the characters of base64, base64url and hex.
static DENSE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let dense = b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
        table[byte] = dense as u8;
        byte += 1;
    }
    table
}

#[inline(always)]
fn is_dense(byte: u8) -> bool {
    DENSE[usize::from(byte)] != 0
}

/// Whether a run may hold an encoded literal: each of them has a capital or a digit, which paths and
/// names in small letters have not.
pub(super) fn is_mixed(run: &[u8]) -> bool {
    run.iter().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Calls `visit` with the part of each run that lies within `window`. Runs are judged with
/// [`DENSE_RUN`] bytes around the window, so that a window sees what the whole content would.
pub(super) fn runs(bytes: &[u8], window: Span, mut visit: impl FnMut(Span)) {
    let from = window.start.saturating_sub(DENSE_RUN);
    let area = &bytes[from..(window.end + DENSE_RUN).min(bytes.len())];
    let mut at = 0;
    while let Some((start, end)) = next_run(area, at) {
        at = end;
        let run = Span::new((from + start).max(window.start), (from + end).min(window.end));
        if !run.is_empty() && is_mixed(&bytes[run.range()]) {
            visit(run);
        }
    }
}

/// The next run of [`DENSE_RUN`] characters or more that has a whole block from `at` on. A function of
/// its own, so that the loop over blocks has the registers to itself.
#[inline(never)]
fn next_run(area: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = at.div_ceil(BLOCK);
    let blocks = area.as_chunks::<BLOCK>().0.get(first..)?;
    let mut done = at;
    for (index, block) in blocks.iter().enumerate() {
        if has_low_byte(block) || !is_dense_block(block) {
            continue;
        }
        let at = (first + index) * BLOCK;
        if at < done {
            continue;
        }
        let before = area[..at].iter().rev().take_while(|b| is_dense(**b)).count();
        let rest = &area[at + BLOCK..];
        let whole = rest.as_chunks::<BLOCK>().0.iter().take_while(|b| is_dense_block(b)).count();
        let tail = &rest[whole * BLOCK..];
        let after = whole * BLOCK + tail.iter().take_while(|b| is_dense(**b)).count();
        let (start, end) = (at - before, at + BLOCK + after);
        if end - start >= DENSE_RUN {
            return Some((start, end));
        }
        done = end;
    }
    None
}

/// Whether one of the bytes is below `+`: white space, quotes, brackets and the like, none of which
/// is in a run. Rules most blocks out at half the price.
#[inline(always)]
fn has_low_byte(block: &[u8; BLOCK]) -> bool {
    let mut low = [0u8; BLOCK];
    for (low, byte) in low.iter_mut().zip(block) {
        *low = u8::from(*byte < b'+');
    }
    u128::from_ne_bytes(low) != 0
}

/// Written so that all bytes are looked at at once, by whatever vector instructions there are.
#[inline(always)]
fn is_dense_block(block: &[u8; BLOCK]) -> bool {
    let mut sparse = [0u8; BLOCK];
    for (sparse, byte) in sparse.iter_mut().zip(block) {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // From `+` to `9`, without the comma and the full stop.
        let other = byte.wrapping_sub(b'+') < 15 && *byte != b',' && *byte != b'.';
        *sparse = u8::from(!(letter | other | (*byte == b'_')));
    }
    u128::from_ne_bytes(sparse) == 0
}

/// The run that `literal` lies in.
#[cfg(test)]
pub(super) fn run_around(bytes: &[u8], literal: Span) -> Span {
    let before = bytes[..literal.start].iter().rev().take_while(|b| is_dense(**b)).count();
    let after = bytes[literal.start..].iter().take_while(|b| is_dense(**b)).count();
    Span::new(literal.start - before, literal.start + after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_is_dense_if_all_its_bytes_are() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[at] = byte;
                assert_eq!(is_dense_block(&block), is_dense(byte), "{byte}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_long_mixed_run_is_visited(text in "[A-Za-z0-9+/_ .-]{0,300}", cut in 0usize..300) {
            let bytes = text.as_bytes();
            let window = Span::new(cut.min(bytes.len()), bytes.len());
            let mut visited = Vec::new();
            runs(bytes, window, |run| visited.push(run));
            for start in 0..bytes.len() {
                let whole = run_around(bytes, Span::new(start, start));
                let within = Span::new(whole.start.max(window.start), whole.end.min(window.end));
                let long = whole.len() >= DENSE_RUN && whole.start == start;
                if long && !within.is_empty() && is_mixed(&bytes[within.range()]) {
                    prop_assert!(visited.contains(&within), "{within:?} of {visited:?}");
                }
            }
        }
    }
}
