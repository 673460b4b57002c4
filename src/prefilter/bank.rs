//! A set of literals and the engine that finds all of them at once.
//!
//! Up to 80 literals fit packed vector searchers (Teddy), which read gigabytes a second with 20 of
//! them. More, or a machine without vector instructions, are sought by a hash of four bytes: a table
//! of bits says no to nearly every place, without the chain of dependent loads of an automaton.

use aho_corasick::packed::{Config, MatchKind, Searcher};

use crate::span::Span;

/// Literals for one packed searcher: with more of them it slows down out of proportion.
const PER_SEARCHER: usize = 20;
/// Bytes that a packed searcher tells literals by.
const FINGERPRINT: usize = 4;
/// Packed searchers for one bank; beyond, hashing is as fast.
const MAX_SEARCHERS: usize = 4;
/// Bytes that one searcher reads before the next one reads the same: they stay in the cache.
const SLICE: usize = 32 << 10;

/// Literals to find, each with the numbers of the recipes that it stands for.
#[derive(Debug)]
pub(super) struct Bank {
    literals: Vec<Vec<u8>>,
    recipes: Vec<Vec<u16>>,
    engine: Engine,
    longest: usize,
}

#[derive(Debug)]
enum Engine {
    /// Searchers with the number of their first literal.
    Packed(Vec<(usize, Searcher)>),
    Hashed(Hashed),
}

/// The first four bytes of each literal, by hash.
#[derive(Debug)]
struct Hashed {
    bits: Vec<u64>,
    /// Bits of a hash that count.
    shift: u32,
    /// First four bytes and number of each literal, in order.
    heads: Vec<(u32, usize)>,
    /// The same of literals of three bytes.
    short: Vec<(u32, usize)>,
}

/// The bits of a head that literals of three bytes have.
const SHORT: u32 = 0x00ff_ffff;

/// Bits of the table for each literal: one place in so many passes by chance.
const SPARSE: usize = 128;

impl Hashed {
    /// `literals` have three bytes or more; those of three are found where another byte follows.
    fn new(literals: &[Vec<u8>]) -> Self {
        let mut heads: Vec<(u32, usize)> = Vec::with_capacity(literals.len());
        let mut short = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            match *literal.as_slice() {
                [a, b, c, d, ..] => heads.push((u32::from_le_bytes([a, b, c, d]), index)),
                [a, b, c] => short.push((u32::from_le_bytes([a, b, c, 0]), index)),
                _ => {}
            }
        }
        heads.sort_unstable();
        short.sort_unstable();
        let any = |head: u32| (0..=255).map(move |last: u32| head | last << 24);
        let all = heads.iter().map(|(head, _)| *head);
        let all = all.chain(short.iter().flat_map(|(head, _)| any(*head)));
        let size = ((heads.len() + 256 * short.len()) * SPARSE).next_power_of_two().max(64);
        let shift = 32 - size.trailing_zeros();
        let mut bits = vec![0; size / 64];
        for head in all {
            let slot = slot(head, shift);
            bits[slot / 64] |= 1 << (slot % 64);
        }
        Self { bits, shift, heads, short }
    }

    /// The next place from `from` on where a literal may begin, and its first four bytes. A function
    /// of its own, so that the loop has the registers to itself.
    #[inline(never)]
    fn next(&self, text: &[u8], from: usize) -> Option<(usize, u32)> {
        let (bits, shift) = (self.bits.as_slice(), self.shift);
        for (at, head) in text.get(from..)?.windows(4).enumerate() {
            let head = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
            let slot = slot(head, shift);
            if bits.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 != 0) {
                return Some((from + at, head));
            }
        }
        None
    }

    /// The literals that begin with `head`.
    fn with(&self, head: u32) -> impl Iterator<Item = usize> {
        [(&self.heads, head), (&self.short, head & SHORT)].into_iter().flat_map(|(list, head)| {
            let first = list.partition_point(|(known, _)| *known < head);
            list[first..].iter().take_while(move |(known, _)| *known == head).map(|(_, at)| *at)
        })
    }
}

#[inline(always)]
fn slot(head: u32, shift: u32) -> usize {
    (head.wrapping_mul(0x9e37_79b1) >> shift) as usize
}

impl Bank {
    /// A bank for few literals, which is searched often.
    pub(super) fn few(entries: Vec<(Vec<u8>, u16)>) -> Self {
        // A literal that begins with another one would hide it or be hidden: both become the shorter.
        let mut short: Vec<Vec<u8>> = entries.iter().map(|(l, _)| l.clone()).collect();
        short.sort();
        short.dedup_by(|long, short| long.starts_with(short));
        let cut = |literal: &Vec<u8>| {
            let at = short.partition_point(|s| s <= literal).saturating_sub(1);
            short.get(at).filter(|s| literal.starts_with(s)).unwrap_or(literal).clone()
        };
        let entries = entries.iter().map(|(literal, recipe)| (cut(literal), *recipe)).collect();
        Self::new(entries, |literals| packed(literals).map(Engine::Packed))
    }

    /// A bank for any number of literals, which is searched now and then.
    pub(super) fn many(entries: Vec<(Vec<u8>, u16)>) -> Self {
        Self::new(entries, |_| None)
    }

    /// A bank with the engine that `preferred` gives, or a hashed one.
    fn new(
        mut entries: Vec<(Vec<u8>, u16)>,
        preferred: impl FnOnce(&[Vec<u8>]) -> Option<Engine>,
    ) -> Self {
        entries.sort_by(|a, b| (a.0.len() >= FINGERPRINT, a).cmp(&(b.0.len() >= FINGERPRINT, b)));
        let (mut literals, mut recipes): (Vec<Vec<u8>>, Vec<Vec<u16>>) = (Vec::new(), Vec::new());
        for (literal, recipe) in entries {
            if literals.last() == Some(&literal) {
                if let Some(list) = recipes.last_mut() {
                    list.push(recipe);
                }
            } else {
                literals.push(literal);
                recipes.push(vec![recipe]);
            }
        }
        let longest = literals.iter().map(Vec::len).max().unwrap_or(0);
        let engine = preferred(&literals).unwrap_or_else(|| Engine::Hashed(Hashed::new(&literals)));
        Self { literals, recipes, engine, longest }
    }

    /// Whether there is nothing to find.
    pub(super) fn is_empty(&self) -> bool {
        self.literals.is_empty()
    }

    /// Calls `note` with the place and recipe of each literal that begins in `anchors`.
    pub(super) fn search(&self, bytes: &[u8], anchors: Span, note: &mut impl FnMut(usize, u16)) {
        match &self.engine {
            Engine::Packed(searchers) => self.search_packed(searchers, bytes, anchors, note),
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
        let mut from = 0;
        while let Some((at, head)) = hashed.next(text, from) {
            from = at + 1;
            if at >= anchors.len() {
                break;
            }
            for literal in hashed.with(head) {
                if text[at..].starts_with(&self.literals[literal]) {
                    self.report(literal, anchors.start + at, note);
                }
            }
        }
    }

    fn search_packed(
        &self,
        searchers: &[(usize, Searcher)],
        bytes: &[u8],
        anchors: Span,
        note: &mut impl FnMut(usize, u16),
    ) {
        let mut start = anchors.start;
        while start < anchors.end {
            // Slices overlap so that each literal lies wholly in one; it counts where it begins.
            let own = (start + SLICE).min(anchors.end);
            let end = self.last(bytes, own);
            for (first, searcher) in searchers {
                let mut from = start;
                while let Some(hit) =
                    searcher.find_in(bytes, aho_corasick::Span { start: from, end })
                {
                    if hit.start() >= own {
                        break;
                    }
                    self.report(first + hit.pattern().as_usize(), hit.start(), note);
                    // Another literal may begin within this one.
                    from = hit.start() + 1;
                }
            }
            start = own;
        }
    }

    fn report(&self, literal: usize, at: usize, note: &mut impl FnMut(usize, u16)) {
        for recipe in &self.recipes[literal] {
            note(at, *recipe);
        }
    }
}

/// None if the machine has no vector instructions for it, or the literals are too many.
fn packed(literals: &[Vec<u8>]) -> Option<Vec<(usize, Searcher)>> {
    if literals.is_empty() || literals.len() > PER_SEARCHER * MAX_SEARCHERS {
        return None;
    }
    // A searcher looks at as many bytes as its shortest literal has, four at the most, so that one of
    // three bytes would make the others as easily mistaken.
    let short = literals.partition_point(|literal| literal.len() < FINGERPRINT);
    let (short, long) = literals.split_at(short);
    let parts = long.len().div_ceil(PER_SEARCHER).max(1);
    let size = long.len().div_ceil(parts).max(1);
    let starts = (short.len()..).step_by(size);
    let chunks = starts.zip(long.chunks(size)).chain((!short.is_empty()).then_some((0, short)));
    let build = |(first, chunk): (usize, &[Vec<u8>])| {
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        builder.extend(chunk);
        builder.build().map(|searcher| (first, searcher))
    };
    chunks.map(build).collect()
}
