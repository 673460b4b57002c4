//! Finds pieces of literals, sixty-four places at a time.
//!
//! This is Teddy, the algorithm of Geoffrey Langdale for Hyperscan: a table says for each half byte
//! in which buckets it stands at a place of a piece, a vector instruction looks sixteen and more bytes
//! up at once, and what is left of a bit after all places is a place where a piece of that bucket may
//! be. Here the halves are made once for any number of tables, so that many literals cost little more
//! than few. A machine that looks bytes up in tables of sixty-four and more (AVX-512 with VBMI) has no
//! need of halves: there the tables say of bytes, but for their highest bits, in which buckets they
//! stand. Not here: which pieces, and what they stand for.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

use super::bucket::{self, Bucket};
use super::fragment::{Fragment, LENGTH};
use crate::lookup::{Looked, SIX_BITS, has_large_tables};
use crate::span::Span;
use crate::token::BLOCK;

/// The bytes that the places of a block depend on.
pub(super) const WINDOW: usize = BLOCK + LENGTH - 1;
/// Buckets of one group of tables: the bits of a byte.
pub(super) const BUCKETS: usize = 8;

/// A search for pieces.
#[derive(Debug)]
pub(super) struct Teddy {
    level: Level,
    groups: Vec<Group>,
    /// The most bytes between the beginning of a literal and its piece.
    furthest: usize,
}

/// Eight buckets.
#[derive(Debug)]
pub(super) struct Group {
    /// For each place of a piece: the buckets in which a half byte stands there.
    lower: [[u8; 16]; LENGTH],
    upper: [[u8; 16]; LENGTH],
    /// The same for bytes at the first place, but for the highest bit.
    first: [[u8; SIX_BITS]; 2],
    /// And for those at the others, but for the two highest ones. What looks alike by them are small
    /// letters and digits, which tell little without the first place.
    others: [[u8; SIX_BITS]; LENGTH - 1],
    buckets: [Vec<Piece>; BUCKETS],
}

/// A piece as a number.
#[derive(Debug)]
struct Piece {
    head: u32,
    /// The bits of `head` that count.
    mask: u32,
    /// The literals with it, and where in them it is.
    of: Vec<(usize, usize)>,
}

impl Teddy {
    /// `None` if the machine has no instructions that make it fast. `own` are buckets for whoever looks
    /// at the groups himself: the last ones of the first group.
    pub(super) fn new(fragments: Vec<Fragment>, groups: usize, own: Vec<Bucket>) -> Option<Self> {
        let level = Level::new();
        if !is_fast(level) {
            return None;
        }
        let offsets = fragments.iter().flat_map(|piece| &piece.of).map(|(_, at)| *at);
        let furthest = offsets.max().unwrap_or(0);
        let first = BUCKETS.saturating_sub(own.len());
        let mut buckets = bucket::spread(fragments, BUCKETS * groups - own.len());
        buckets.splice(first..first, own);
        let mut buckets = buckets.into_iter();
        let groups = (0..groups).map(|_| Group::of(buckets.by_ref().take(BUCKETS))).collect();
        Some(Self { level, groups, furthest })
    }

    /// What it looks bytes up in, for those who look at them for more than this.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Calls `found` for each literal whose piece is where it would begin in `anchors`: with its number,
    /// and where that is.
    pub(super) fn each(&self, bytes: &[u8], anchors: Span, found: &mut impl FnMut(usize, usize)) {
        let end = (anchors.end + self.furthest).min(bytes.len());
        let pieces = Span::new(anchors.start.min(end), end);
        let mut own = |literal: usize, at: usize| {
            if anchors.range().contains(&at) {
                found(literal, at);
            }
        };
        dispatch!(self.level, simd => search(simd, &self.groups, bytes, pieces, &mut own));
    }
}

/// Whether the machine looks many bytes up at once.
fn is_fast(level: Level) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return level.as_sse4_2().is_some();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    return !level.is_fallback();
}

#[inline(always)]
fn search<S: Simd>(
    simd: S,
    groups: &[Group],
    bytes: &[u8],
    part: Span,
    found: &mut impl FnMut(usize, usize),
) {
    let mut at = part.start;
    let mut padded = [0; WINDOW];
    while at < part.end {
        let rest = bytes.get(at..).unwrap_or_default();
        let window = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let own = match part.end - at {
            left @ 0..BLOCK => (1 << left) - 1,
            _ => u64::MAX,
        };
        let places = places(simd, window);
        for group in groups {
            group.search(simd, &places, window, (at, own), found);
        }
        at += BLOCK;
    }
}

/// The bytes at each place of the pieces that begin in a block.
#[inline(always)]
pub(super) fn places<S: Simd>(simd: S, window: &[u8; WINDOW]) -> Places<S> {
    std::array::from_fn(|at| {
        let bytes = window[at..].first_chunk::<BLOCK>().unwrap_or(&[0; BLOCK]);
        Looked::at(u8x64::load_array_ref(simd, bytes))
    })
}

/// A bit for each byte that is not nought, the first one lowest.
#[inline(always)]
pub(super) fn ones<S: Simd>(simd: S, bytes: u8x64<S>) -> u64 {
    !bytes.simd_eq(u8x64::splat(simd, 0)).to_bitmask()
}

/// See [`places`].
pub(super) type Places<S> = [Looked<S>; LENGTH];

impl Group {
    /// Tells the pieces that begin in a block, whose place is given, at the places that are one in `own`.
    #[inline(always)]
    pub(super) fn search<S: Simd>(
        &self,
        simd: S,
        places: &Places<S>,
        window: &[u8; WINDOW],
        (block, own): (usize, u64),
        found: &mut impl FnMut(usize, usize),
    ) {
        let buckets = self.look_up(simd, places);
        let seen = ones(simd, buckets) & own;
        if seen != 0 {
            self.tell(&buckets.to_array(), seen, window, block, found);
        }
    }

    pub(super) fn of(buckets: impl Iterator<Item = Bucket>) -> Self {
        let mut group = Self {
            lower: Default::default(),
            upper: Default::default(),
            first: [[0; SIX_BITS]; 2],
            others: [[0; SIX_BITS]; LENGTH - 1],
            buckets: Default::default(),
        };
        for (number, bucket) in buckets.enumerate() {
            for (place, (lower, upper)) in bucket.halves.iter().enumerate() {
                for half in 0..16 {
                    group.lower[place][half] |= u8::from(lower >> half & 1 == 1) << number;
                    group.upper[place][half] |= u8::from(upper >> half & 1 == 1) << number;
                }
                bucket.each_byte(place, &mut |byte| group.note(place, byte, 1 << number));
            }
            group.buckets[number] = bucket.fragments.into_iter().map(Piece::of).collect();
        }
        group
    }

    /// Adds that a bucket has a byte at a place.
    fn note(&mut self, place: usize, byte: u8, bucket: u8) {
        let at = usize::from(byte) % SIX_BITS;
        match place.checked_sub(1) {
            None => self.first[usize::from(byte & 127) / SIX_BITS][at] |= bucket,
            Some(place) => self.others[place][at] |= bucket,
        }
    }

    /// The buckets that may have a piece at each place.
    #[inline(always)]
    pub(super) fn look_up<S: Simd>(&self, simd: S, places: &Places<S>) -> u8x64<S> {
        if has_large_tables(simd) {
            let [first, others @ ..] = places;
            let mut all = first.in_seven_bits(simd, &self.first);
            for (table, place) in self.others.iter().zip(others) {
                all &= place.in_six_bits(simd, table);
            }
            return all;
        }
        let mut all = u8x64::splat(simd, u8::MAX);
        for ((lower, upper), place) in self.lower.iter().zip(&self.upper).zip(places) {
            all &= place.in_halves(simd, lower, upper);
        }
        all
    }

    /// Compares the pieces that may be at some places of a block with what is there.
    #[inline(never)]
    pub(super) fn tell(
        &self,
        buckets: &[u8; BLOCK],
        mut places: u64,
        window: &[u8; WINDOW],
        block: usize,
        found: &mut impl FnMut(usize, usize),
    ) {
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            let head = window[place..].first_chunk().map_or(0, |head| u32::from_le_bytes(*head));
            let mut set = buckets[place];
            while set != 0 {
                let bucket = set.trailing_zeros() as usize;
                set &= set - 1;
                for piece in self.buckets[bucket].iter().filter(|piece| piece.is(head)) {
                    for (literal, offset) in &piece.of {
                        if let Some(at) = (block + place).checked_sub(*offset) {
                            found(*literal, at);
                        }
                    }
                }
            }
        }
    }
}

impl Piece {
    fn of(fragment: Fragment) -> Self {
        let number = |fill: u8, byte: &dyn Fn(u8) -> u8| {
            let bytes = std::array::from_fn(|at| fragment.bytes.get(at).map_or(fill, |b| byte(*b)));
            u32::from_le_bytes(bytes)
        };
        let (head, mask) = (number(0, &|byte| byte), number(0, &|_| u8::MAX));
        Self { head, mask, of: fragment.of }
    }

    fn is(&self, head: u32) -> bool {
        head & self.mask == self.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::levels;
    use crate::prefilter::fragment;
    use proptest::prelude::{Strategy, prop_assert_eq, proptest};

    /// What it tells, the slow way.
    fn slow(fragments: &[Fragment], bytes: &[u8], anchors: Span) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for piece in fragments {
            for (literal, offset) in &piece.of {
                let is_there = |at: &usize| {
                    bytes.get(at + offset..).is_some_and(|rest| rest.starts_with(&piece.bytes))
                };
                found.extend(anchors.range().filter(is_there).map(|at| (*literal, at)));
            }
        }
        found.sort_unstable();
        found
    }

    /// Letters of which texts and literals are made, so that they have much in common.
    fn letters(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(proptest::sample::select(b"abqrAB_1\0\xf0".to_vec()), length)
    }

    proptest! {
        #[test]
        fn every_piece_is_found_where_it_is(
            literals in proptest::collection::vec(letters(1..9), 1..50),
            text in letters(0..400),
            groups in 1usize..4,
            (from, until) in (0usize..400, 0usize..400),
        ) {
            let fragments = fragment::choose(&literals);
            let until = until.min(text.len());
            let anchors = Span::new(from.min(until), until);
            let Some(mut teddy) = Teddy::new(fragments.clone(), groups, Vec::new()) else { return Ok(()) };
            for level in levels() {
                teddy.level = level;
                let mut found = Vec::new();
                teddy.each(&text, anchors, &mut |literal, at| found.push((literal, at)));
                // Behind the end of the text stand NULs: whoever asks compares the literal.
                found.retain(|(literal, at)| {
                    let own = |piece: &&Fragment| piece.of.iter().any(|(number, _)| number == literal);
                    let piece = fragments.iter().find(own).expect("each literal has one");
                    let (_, offset) = piece.of.iter().find(|(number, _)| number == literal).expect("it has");
                    text.get(at + offset..).is_some_and(|rest| rest.starts_with(&piece.bytes))
                });
                found.sort_unstable();
                prop_assert_eq!(found, slow(&fragments, &text, anchors));
            }
        }
    }
}
