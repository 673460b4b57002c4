//! One pass over a text that tells where to look closer: pieces of literals, runs of token characters,
//! and what only some encoded forms have. Most text has nothing of it, and is read this once.
//!
//! One pass, since the bytes and their halves are what all of it is made of. Not here: what is looked
//! for where there is something.

use std::sync::LazyLock;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};
use smallvec::SmallVec;

use super::bucket::Bucket;
use super::teddy::{BUCKETS, Group, WINDOW, ones, places};
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

/// The bits of a group's buckets that stand for the beginning of an escape, and for a soft line break.
const ESCAPE: u8 = 0b0110_0000;
const SOFT: u8 = 0b1000_0000;

/// The buckets of the first group that tell escapes and soft line breaks, in the order of their bits.
pub(super) fn marks() -> [Bucket; 3] {
    [(&b"%"[..], &b"234567"[..]), (b"\\", b"ux"), (b"=", b"\r\n")]
        .map(|(first, second)| Bucket::of_pairs(first, second))
}

/// The group of those who look for no pieces.
static BARE: LazyLock<Group> = LazyLock::new(|| {
    let nothing = std::iter::repeat_with(Bucket::default).take(BUCKETS - marks().len());
    Group::of(nothing.chain(marks()))
});

/// More token characters than are told together: runs that are not asked for.
const NEVER: usize = BLOCK;

/// Whether an escape begins in `text`, as [`Overview::escapes`] has it.
pub(super) fn has_escape(text: &[u8]) -> bool {
    text.windows(2).any(is_escape)
}

fn is_escape(text: &[u8]) -> bool {
    matches!(text, [b'%', b'2'..=b'7', ..] | [b'\\', b'u' | b'x', ..])
}

impl Overview {
    /// The overview of a part of `bytes`, with runs of `LEAST` characters and more; calls `found` with
    /// what `groups` tell of, of which the first one has the buckets of [`marks`].
    pub(super) fn of<const LEAST: usize>(
        bytes: &[u8],
        part: Span,
        groups: &[Group],
        found: &mut impl FnMut(usize, usize),
    ) -> Self {
        // A loop that knows how many groups there are keeps their tables at hand; our own rules come to
        // two, and whoever adds many more has the rest looked for on its own.
        match groups {
            [] => Self::with::<LEAST, 1>(bytes, part, &[&BARE], found),
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
    /// Where pieces, escapes and soft line breaks may begin.
    loud: u64,
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
                block.loud &= own;
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
            if block.loud != 0 || !runs.skip(block.tokens) {
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
        let places = places(simd, window);
        let mut any = u8x64::splat(simd, 0);
        for group in self.groups {
            any |= group.look_up(simd, &places);
        }
        *least = least.min(places[0].bytes());
        Block { tokens: tokens(simd, &places[0]), loud: ones(simd, any) }
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
        runs.take(block.tokens, &mut |run| seen.runs.push(run));
        if block.loud == 0 {
            return;
        }
        let simd = self.simd;
        let places = places(simd, window);
        for (number, group) in self.groups.iter().enumerate() {
            let buckets = group.look_up(simd, &places);
            if number == 0 {
                let marked = ones(simd, buckets & u8x64::splat(simd, ESCAPE | SOFT)) & block.loud;
                if marked != 0 {
                    mark(at, window, marked, seen);
                }
            }
            let told = ones(simd, buckets) & block.loud;
            if told != 0 {
                group.tell(&buckets.to_array(), told, window, at, found);
            }
        }
    }
}

/// Notes the escapes and soft line breaks of a block, which may begin at some places of it.
fn mark(at: usize, window: &[u8; WINDOW], mut places: u64, seen: &mut Overview) {
    while places != 0 {
        let place = places.trailing_zeros() as usize;
        places &= places - 1;
        let begins = &window[place..];
        if let [b'=', b'\r' | b'\n', ..] = begins {
            seen.soft.push(at + place);
        } else if is_escape(begins) {
            match seen.escapes.last_mut() {
                Some(last) if last.end > at => {}
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
            let Some(teddy) = Teddy::new(fragment::choose(&literals), groups, marks().into()) else { return Ok(()) };
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
