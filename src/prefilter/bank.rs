//! A set of literals and the engine that finds all of them at once.
//!
//! Few literals are found by pieces of them, with vector instructions, gigabytes a second (see
//! [`super::teddy`]). Many, or on a machine without such instructions, are sought by a hash of four
//! bytes: a table of bits says no to nearly every place, without the chain of dependent loads of an
//! automaton.

use super::bucket::Bucket;
use super::teddy::{Group, Teddy};
use super::{fragment, overview};
use crate::decode::Literal;
use crate::span::Span;

/// Pieces for one group of tables: with more of them, too much looks like one.
const PER_GROUP: usize = 40;
/// Literals that are found by pieces of them; beyond, hashing is as fast.
const MOST: usize = 120;

/// Literals to find, each with the numbers of the recipes that it stands for.
#[derive(Debug)]
pub(super) struct Bank {
    literals: Vec<Literal>,
    /// The recipes of all literals, in their order.
    recipes: Vec<u16>,
    /// Where those of each literal begin; one more at the end.
    starts: Vec<usize>,
    engine: Engine,
    longest: usize,
}

#[derive(Debug)]
enum Engine {
    /// Finds pieces of the literals.
    Packed(Teddy),
    Hashed(Hashed),
}

/// The first four bytes of each literal, by hash.
#[derive(Debug)]
struct Hashed {
    /// What the literals of four bytes and more begin with.
    long: Bits<LONG>,
    /// The literals of three bytes.
    short: Bits<SHORT>,
    /// First four bytes and number of each literal.
    heads: Heads,
    /// The same of literals of three bytes.
    threes: Heads,
}

/// What literals begin with, and their numbers, side by side where the hashes begin alike: many places
/// pass the bits by chance, and a search for each of them would cost as much as the rest.
#[derive(Debug)]
struct Heads {
    list: Vec<(u32, usize)>,
    /// Where those of each bucket begin; one more at the end. Nothing if there are none.
    starts: Vec<u32>,
}

/// Bits of a hash that choose the bucket.
const BUCKET: u32 = 12;

/// The bits of a head, mixed.
#[inline(always)]
fn hash(head: u32) -> u32 {
    head.wrapping_mul(0x9e37_79b1)
}

/// The bits of a head that literals of three bytes have.
const THREE: u32 = 0x00ff_ffff;

/// Words of the tables of bits. Both lie in the fastest cache; with a thousand literals one place in
/// sixty passes by chance.
const LONG: usize = 1 << 10;
const SHORT: usize = 1 << 9;

/// A set of heads that says yes now and then to one that is not in it.
#[derive(Debug)]
struct Bits<const WORDS: usize>(Box<[u64; WORDS]>);

impl<const WORDS: usize> Bits<WORDS> {
    fn of(heads: &[(u32, usize)]) -> Self {
        let mut words = Box::new([0; WORDS]);
        for (head, _) in heads {
            let (word, bit) = Self::slot(*head);
            words[word] |= 1 << bit;
        }
        Self(words)
    }

    #[inline(always)]
    fn slot(head: u32) -> (usize, u32) {
        let hash = hash(head) >> (26 - WORDS.ilog2());
        ((hash >> 6) as usize % WORDS, hash % 64)
    }

    /// Whether a head may be in it: nought or one.
    #[inline(always)]
    fn has(&self, head: u32) -> u64 {
        let (word, bit) = Self::slot(head);
        self.0[word] >> bit & 1
    }
}

impl Heads {
    fn new(mut list: Vec<(u32, usize)>) -> Self {
        let bucket = |head: u32| hash(head) >> (32 - BUCKET);
        list.sort_unstable_by_key(|(head, literal)| (bucket(*head), *head, *literal));
        if list.is_empty() {
            return Self { list, starts: Vec::new() };
        }
        let buckets = 1 << BUCKET;
        let mut starts = Vec::with_capacity(buckets as usize + 1);
        let mut at = 0;
        for number in 0..=buckets {
            at += list[at..].iter().take_while(|(head, _)| bucket(*head) < number).count();
            starts.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        Self { list, starts }
    }

    fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The literals with `head`, in their order.
    #[inline(always)]
    fn with(&self, head: u32) -> impl Iterator<Item = usize> {
        let bucket = (hash(head) >> (32 - BUCKET)) as usize;
        let own = match self.starts.get(bucket..bucket + 2) {
            Some([start, end]) => &self.list[*start as usize..*end as usize],
            _ => &[],
        };
        own.iter().filter(move |(known, _)| *known == head).map(|(_, literal)| *literal)
    }
}

impl Hashed {
    /// `literals` have three bytes or more; those of three are found where another byte follows.
    fn new(literals: &[Literal]) -> Self {
        let mut heads: Vec<(u32, usize)> = Vec::with_capacity(literals.len());
        let mut threes = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            match *literal.as_slice() {
                [a, b, c, d, ..] => heads.push((u32::from_le_bytes([a, b, c, d]), index)),
                [a, b, c] => threes.push((u32::from_le_bytes([a, b, c, 0]), index)),
                _ => {}
            }
        }
        let (long, short) = (Bits::of(&heads), Bits::of(&threes));
        Self { long, short, heads: Heads::new(heads), threes: Heads::new(threes) }
    }

    #[inline(always)]
    fn may_begin<const THREES: bool>(&self, head: u32) -> u64 {
        self.long.has(head) | if THREES { self.short.has(head & THREE) } else { 0 }
    }

    /// The next of some places where a literal may begin, or now and then one behind them, and its first
    /// four bytes.
    fn next(&self, text: &[u8], places: Span) -> Option<(usize, u32)> {
        match self.threes.is_empty() {
            true => self.next_of::<false>(text, places),
            false => self.next_of::<true>(text, places),
        }
    }

    /// The same, and whether there are literals of three bytes. A function of its own, so that the loop has
    /// the registers to itself; four places at a time, so that they do not wait for one another.
    #[inline(never)]
    fn next_of<const THREES: bool>(&self, text: &[u8], places: Span) -> Option<(usize, u32)> {
        let mut at = places.start;
        while at < places.end
            && let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk())
        {
            let eight = u64::from_le_bytes(*eight);
            let head = |place: u32| (eight >> (8 * place)) as u32;
            let found = (0..4)
                .fold(0, |found, place| found | self.may_begin::<THREES>(head(place)) << place);
            if found != 0 {
                let place = found.trailing_zeros();
                return Some((at + place as usize, head(place)));
            }
            at += 4;
        }
        while at < places.end
            && let Some(four) = text.get(at..).and_then(|rest| rest.first_chunk())
        {
            let head = u32::from_le_bytes(*four);
            if self.may_begin::<THREES>(head) != 0 {
                return Some((at, head));
            }
            at += 1;
        }
        None
    }

    /// The literals that begin with `head`.
    #[inline(always)]
    fn with(&self, head: u32) -> impl Iterator<Item = usize> {
        self.heads.with(head).chain(self.threes.with(head & THREE))
    }
}

impl Bank {
    /// A bank for few literals, which is searched often.
    pub(super) fn few(entries: Vec<(Literal, u16)>) -> Self {
        Self::new(entries, |literals| packed(literals, Vec::new()))
    }

    /// The same for literals that are sought by what an [`super::overview::Overview`] tells.
    pub(super) fn overseen(entries: Vec<(Literal, u16)>) -> Self {
        Self::new(entries, |literals| packed(literals, overview::marks().into()))
    }

    /// A bank for any number of literals, which is searched now and then.
    pub(super) fn many(entries: Vec<(Literal, u16)>) -> Self {
        Self::new(entries, |_| None)
    }

    /// A bank with the engine that `preferred` gives, or a hashed one.
    fn new(
        mut entries: Vec<(Literal, u16)>,
        preferred: impl FnOnce(&[Literal]) -> Option<Engine>,
    ) -> Self {
        entries.sort_unstable();
        let (mut literals, mut starts): (Vec<Literal>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut recipes = Vec::with_capacity(entries.len());
        for (literal, recipe) in entries {
            if literals.last() != Some(&literal) {
                literals.push(literal);
                starts.push(recipes.len());
            }
            recipes.push(recipe);
        }
        starts.push(recipes.len());
        let longest = literals.iter().map(|literal| literal.len()).max().unwrap_or(0);
        let engine = preferred(&literals).unwrap_or_else(|| Engine::Hashed(Hashed::new(&literals)));
        Self { literals, recipes, starts, engine, longest }
    }

    /// Whether the literals are few enough to be found by pieces: beyond, all text is read by hashing,
    /// which is slower.
    #[cfg(test)]
    pub(super) fn fits_packed(&self) -> bool {
        self.literals.len() <= MOST
    }

    /// Whether there is nothing to find.
    pub(super) fn is_empty(&self) -> bool {
        self.literals.is_empty()
    }

    /// Bytes of the longest literal.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Calls `note` with the place and recipe of each literal that begins in `anchors`.
    pub(super) fn search(&self, bytes: &[u8], anchors: Span, note: &mut impl FnMut(usize, u16)) {
        match &self.engine {
            Engine::Packed(teddy) => teddy.each(bytes, anchors, &mut |literal, at| {
                self.confirm((literal, at), bytes, anchors, note);
            }),
            Engine::Hashed(hashed) => self.search_hashed(hashed, bytes, anchors, note),
        }
    }

    /// Where a literal ends at the latest that begins before `end`.
    fn last(&self, bytes: &[u8], end: usize) -> usize {
        (end + self.longest.saturating_sub(1)).min(bytes.len())
    }

    fn search_hashed(
        &self,
        hashed: &Hashed,
        bytes: &[u8],
        anchors: Span,
        note: &mut impl FnMut(usize, u16),
    ) {
        let text = &bytes[anchors.start..self.last(bytes, anchors.end)];
        let mut places = Span::new(0, anchors.len());
        while let Some((at, head)) = hashed.next(text, places) {
            if at >= anchors.len() {
                break;
            }
            places.start = at + 1;
            for literal in hashed.with(head) {
                if text[at..].starts_with(&self.literals[literal]) {
                    self.report(literal, anchors.start + at, note);
                }
            }
        }
    }

    /// The tables in which the pieces of the literals are looked up, if that is how they are found:
    /// what they tell is to be confirmed.
    pub(super) fn groups(&self) -> &[Group] {
        match &self.engine {
            Engine::Packed(teddy) => teddy.groups(),
            Engine::Hashed(_) => &[],
        }
    }

    /// Calls `note` as [`Bank::search`] does if a literal, of which a piece was found, is at `at`.
    pub(super) fn confirm(
        &self,
        (literal, at): (usize, usize),
        bytes: &[u8],
        anchors: Span,
        note: &mut impl FnMut(usize, u16),
    ) {
        if anchors.range().contains(&at) && bytes[at..].starts_with(&self.literals[literal]) {
            self.report(literal, at, note);
        }
    }

    fn report(&self, literal: usize, at: usize, note: &mut impl FnMut(usize, u16)) {
        for recipe in &self.recipes[self.starts[literal]..self.starts[literal + 1]] {
            note(at, *recipe);
        }
    }
}

/// None if the machine has no vector instructions for it, or the literals are too many.
fn packed(literals: &[Literal], own: Vec<Bucket>) -> Option<Engine> {
    if literals.is_empty() || literals.len() > MOST {
        return None;
    }
    let fragments = fragment::choose(literals);
    let groups = fragments.len().div_ceil(PER_GROUP);
    Teddy::new(fragments, groups, own).map(Engine::Packed)
}
