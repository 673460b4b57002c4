//! One pass over a text that tells where to look closer: pieces of literals, runs of token characters,
//! and what only some encoded forms have. Most text has nothing of it, and is read this once.
//!
//! One pass, since the bytes and their halves are what all of it is made of. Not here: what is looked
//! for where there is something.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};
use smallvec::SmallVec;

use super::teddy::{Group, WINDOW, halves};
use crate::span::Span;
use crate::token::{BLOCK, Runs, tokens};

/// What a text has.
#[derive(Debug, Default)]
pub(super) struct Overview {
    /// Blocks in which escapes begin: `%2` to `%7`, `\u` or `\x`. Adjacent ones are one span.
    pub(super) escapes: SmallVec<[Span; 4]>,
    pub(super) nul: bool,
    /// Where `=` is the last of a line: a soft line break, in quoted-printable text.
    pub(super) soft: SmallVec<[usize; 4]>,
    /// Runs of token characters.
    pub(super) runs: SmallVec<[Span; 16]>,
}

/// More token characters than are told together: runs that are not asked for.
const NEVER: usize = BLOCK;

/// Whether an escape begins in `text`, as [`Overview::escapes`] has it.
pub(super) fn has_escape(text: &[u8]) -> bool {
    text.windows(2).any(|pair| matches!(pair, [b'%', b'2'..=b'7'] | [b'\\', b'u' | b'x']))
}

impl Overview {
    /// The overview of a part of `bytes`, with runs of `LEAST` characters and more; calls `found` with
    /// what `groups` tell of.
    pub(super) fn of<const LEAST: usize>(
        bytes: &[u8],
        part: Span,
        groups: &[Group],
        found: &mut impl FnMut(usize, usize),
    ) -> Self {
        // A loop that knows how many groups there are keeps their tables at hand; our own rules come to
        // two, and whoever adds many more has the rest looked for on its own.
        match groups {
            [] => Self::with::<LEAST, 0>(bytes, part, &[], found),
            [one] => Self::with::<LEAST, 1>(bytes, part, &[one], found),
            [one, two] => Self::with::<LEAST, 2>(bytes, part, &[one, two], found),
            [one, two, rest @ ..] => {
                for group in rest {
                    Self::with::<NEVER, 1>(bytes, part, &[group], found);
                }
                Self::with::<LEAST, 2>(bytes, part, &[one, two], found)
            }
        }
    }

    fn with<const LEAST: usize, const GROUPS: usize>(
        bytes: &[u8],
        part: Span,
        groups: &[&Group; GROUPS],
        found: &mut impl FnMut(usize, usize),
    ) -> Self {
        dispatch!(Level::new(), simd => {
            Pass::<_, LEAST, GROUPS> { simd, groups, bytes, part }.overview(found)
        })
    }
}

/// One pass over a part.
struct Pass<'p, S, const LEAST: usize, const GROUPS: usize> {
    simd: S,
    groups: &'p [&'p Group; GROUPS],
    bytes: &'p [u8],
    part: Span,
}

/// What a block has: a bit for each byte, the first one lowest.
struct Block {
    tokens: u64,
    /// Where pieces may begin.
    pieces: u64,
    /// Where a `=` ends a line.
    soft: u64,
    /// Where escapes begin.
    escapes: u64,
}

impl Block {
    /// Whether something is in it besides token characters.
    #[inline(always)]
    fn is_loud(&self) -> bool {
        self.pieces | self.soft | self.escapes != 0
    }
}

impl<S: Simd, const LEAST: usize, const GROUPS: usize> Pass<'_, S, LEAST, GROUPS> {
    #[inline(always)]
    fn overview(self, found: &mut impl FnMut(usize, usize)) -> Overview {
        let Self { simd, bytes, part, .. } = self;
        let mut seen = Overview::default();
        let mut runs = Runs::<LEAST>::new(part.start);
        // The least byte at each place of the blocks: a NUL, if there is one.
        let mut least = u8x64::splat(simd, u8::MAX);
        let mut at = part.start;
        while let Some((loud, block)) = self.skip(at, &mut runs, &mut least) {
            at = loud + BLOCK;
            if let Some(window) = bytes[loud..].first_chunk() {
                self.tell(loud, window, block, &mut runs, &mut seen, found);
            }
        }
        // What is left has no whole window.
        at = runs.at();
        while at < part.end {
            let rest = &bytes[at..];
            let mut window = [b' '; WINDOW];
            let length = rest.len().min(WINDOW);
            window[..length].copy_from_slice(&rest[..length]);
            let mut block = self.look(&window, &mut least);
            if part.end - at < BLOCK {
                let own = (1 << (part.end - at)) - 1;
                block.tokens &= own;
                block.pieces &= own;
                block.soft &= own;
                block.escapes &= own;
            }
            self.tell(at, &window, block, &mut runs, &mut seen, found);
            at += BLOCK;
        }
        runs.finish(&mut |run| seen.runs.push(run));
        seen.nul = least.simd_eq(u8x64::splat(simd, 0)).any_true();
        seen
    }

    /// The next whole block from `at` on in which something is, but for what is only counted.
    #[inline(always)]
    fn skip(
        &self,
        mut at: usize,
        runs: &mut Runs<LEAST>,
        least: &mut u8x64<S>,
    ) -> Option<(usize, Block)> {
        while at + BLOCK <= self.part.end
            && let Some(window) = self.bytes.get(at..).and_then(|rest| rest.first_chunk())
        {
            let block = self.look(window, least);
            if block.is_loud() || !runs.skip(block.tokens) {
                return Some((at, block));
            }
            at += BLOCK;
        }
        None
    }

    /// Looks at a block.
    #[inline(always)]
    fn look(&self, window: &[u8; WINDOW], least: &mut u8x64<S>) -> Block {
        let simd = self.simd;
        let halves = halves(simd, window);
        let mut pieces = 0;
        for group in self.groups {
            pieces |= group.places(simd, &halves);
        }
        let load = |at: usize| {
            let block = window[at..].first_chunk().unwrap_or(&[b' '; BLOCK]);
            u8x64::load_array_ref(simd, block)
        };
        let all = |byte: u8| u8x64::splat(simd, byte);
        let (first, second) = (load(0), load(1));
        let percent = first.simd_eq(all(b'%')) & (second - all(b'2')).simd_lt(all(6));
        let letter = second.simd_eq(all(b'u')) | second.simd_eq(all(b'x'));
        let escapes = (percent | (first.simd_eq(all(b'\\')) & letter)).to_bitmask();
        *least = least.min(first);
        let end = second.simd_eq(all(b'\n')) | second.simd_eq(all(b'\r'));
        let soft = (first.simd_eq(all(b'=')) & end).to_bitmask();
        Block { tokens: tokens(simd, halves[0]), pieces, soft, escapes }
    }

    /// Tells what is in a block.
    #[inline(always)]
    fn tell(
        &self,
        at: usize,
        window: &[u8; WINDOW],
        block: Block,
        runs: &mut Runs<LEAST>,
        seen: &mut Overview,
        found: &mut impl FnMut(usize, usize),
    ) {
        if block.pieces != 0 {
            let halves = halves(self.simd, window);
            for group in self.groups {
                group.search(self.simd, &halves, window, (at, block.pieces), found);
            }
        }
        runs.take(block.tokens, &mut |run| seen.runs.push(run));
        let mut soft = block.soft;
        while soft != 0 {
            seen.soft.push(at + soft.trailing_zeros() as usize);
            soft &= soft - 1;
        }
        if block.escapes != 0 {
            match seen.escapes.last_mut() {
                Some(last) if last.end == at => last.end += BLOCK,
                _ => seen.escapes.push(Span::new(at, at + BLOCK)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefilter::fragment;
    use crate::prefilter::teddy::Teddy;
    use crate::token::runs;
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

    fn of(bytes: &[u8], part: Span) -> Overview {
        Overview::of::<15>(bytes, part, &[], &mut |_, _| ())
    }

    /// Letters of which texts and literals are made, so that they have much in common.
    fn letters(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(proptest::sample::select(b"abqrAB_1".to_vec()), length)
    }

    proptest! {
        #[test]
        fn pieces_are_told_as_a_search_for_nothing_else_tells_them(
            literals in proptest::collection::vec(letters(1..9), 1..50),
            text in letters(0..400),
            groups in 1usize..5,
            (from, until) in (0usize..400, 0usize..400),
        ) {
            let Some(teddy) = Teddy::new(fragment::choose(&literals), groups) else { return Ok(()) };
            let until = until.min(text.len());
            let part = Span::new(from.min(until), until);
            // Behind the end of the text stands what either likes: whoever asks compares the literal.
            let is_there = |literal: usize, at: usize| {
                part.range().contains(&at) && text[at..].starts_with(&literals[literal])
            };
            let (mut alone, mut seen) = (Vec::new(), Vec::new());
            teddy.each(&text, part, &mut |literal, at| alone.push((literal, at)));
            let area = Span::new(part.start, text.len());
            Overview::of::<15>(&text, area, teddy.groups(), &mut |literal, at| seen.push((literal, at)));
            for found in [&mut alone, &mut seen] {
                found.retain(|(literal, at)| is_there(*literal, *at));
                found.sort_unstable();
            }
            prop_assert_eq!(alone, seen);
        }

        #[test]
        fn marks_are_seen_wherever_they_are(
            (before, after) in ("[ -~]{0,140}", "[ -~]{0,140}"),
            mark in "[%\\\\\u{0}a=][1-8ux\u{0}\r\n]?",
        ) {
            let text = [before, mark, after].concat();
            let bytes = text.as_bytes();
            let seen = of(bytes, Span::new(0, bytes.len()));
            prop_assert_eq!(!seen.escapes.is_empty(), has_escape(bytes));
            prop_assert_eq!(seen.nul, bytes.contains(&0));
            let ends = |at: &usize| matches!(bytes[*at..], [b'=', b'\r' | b'\n', ..]);
            let soft: Vec<usize> = (0..bytes.len()).filter(ends).collect();
            prop_assert_eq!(seen.soft.to_vec(), soft);
        }

        #[test]
        fn a_part_has_its_own_runs_and_all_its_marks(
            text in "([A-Za-z0-9+/_-]{0,90}[ .,:]{0,2}|=\r?\n|\\\\u|%3){0,12}",
            (from, until) in (0usize..300, 0usize..300),
        ) {
            let bytes = text.as_bytes();
            let until = until.min(bytes.len());
            let part = Span::new(from.min(until), until);
            let seen = of(bytes, part);
            let own = runs::<15>(&bytes[part.range()]);
            let moved = own.iter().map(|run| Span::new(part.start + run.start, part.start + run.end));
            prop_assert_eq!(seen.runs.to_vec(), moved.collect::<Vec<_>>());
            for at in part.range() {
                let escapes = has_escape(&bytes[at..bytes.len().min(at + 2)]);
                let told = seen.escapes.iter().any(|span| span.range().contains(&at));
                prop_assert!(told || !escapes);
                let ends = matches!(bytes[at..], [b'=', b'\r' | b'\n', ..]);
                prop_assert_eq!(seen.soft.contains(&at), ends);
            }
        }
    }
}
