//! Which pieces of literals are told by the same bit of a packed search.
//!
//! Of a bucket such a search knows only which half bytes stand at each place of its pieces. What mixes
//! the halves of several pieces looks like one of them, so pieces that have much in common belong
//! together. Not here: what the pieces are, and the search.

use super::fragment::{Fragment, LENGTH, rarity_of};

/// Half bytes, a bit each.
type Halves = u16;

/// Pieces that are told by the same bit.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) fragments: Vec<Fragment>,
    /// The lower and the upper halves at each place.
    pub(super) halves: [(Halves, Halves); LENGTH],
    /// How often something looks like one of the pieces.
    chance: f32,
}

/// Divides `fragments` among `count` buckets, each time into the one that it makes the least worse.
pub(super) fn spread(mut fragments: Vec<Fragment>, count: usize) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = (0..count).map(|_| Bucket::default()).collect();
    let shares = Shares::new();
    // What is often seen has the choice.
    let rarity = |fragment: &Fragment| fragment.bytes.iter().map(|b| rarity_of(*b)).sum::<u32>();
    fragments.sort_by(|a, b| (rarity(a), &a.bytes).cmp(&(rarity(b), &b.bytes)));
    for fragment in fragments {
        let with = buckets.iter_mut().map(|bucket| {
            let halves = bucket.with(&fragment);
            (shares.chance(&halves), halves, bucket)
        });
        let best = with.min_by(|a, b| (a.0 - a.2.chance).total_cmp(&(b.0 - b.2.chance)));
        if let Some((chance, halves, bucket)) = best {
            (bucket.chance, bucket.halves) = (chance, halves);
            bucket.fragments.push(fragment);
        }
    }
    buckets
}

impl Bucket {
    /// The bucket of the pairs of one of `first` and one of `second`, and of no other ones if the halves
    /// of neither mix. It has no pieces.
    pub(super) fn of_pairs(first: &[u8], second: &[u8]) -> Self {
        let mut halves = [(Halves::MAX, Halves::MAX); LENGTH];
        for (halves, bytes) in halves.iter_mut().zip([first, second]) {
            *halves = bytes.iter().fold((0, 0), |(lower, upper), byte| {
                (lower | 1 << (byte & 15), upper | 1 << (byte >> 4))
            });
        }
        Self { halves, ..Self::default() }
    }

    /// Shows `tell` the bytes that stand at a place of its pieces, all of them where a piece has ended.
    pub(super) fn each_byte(&self, place: usize, tell: &mut impl FnMut(u8)) {
        if self.fragments.is_empty() {
            let (lower, upper) = self.halves[place];
            let is_told = |byte: &u8| lower >> (byte & 15) & upper >> (byte >> 4) & 1 == 1;
            return (0..=u8::MAX).filter(is_told).for_each(tell);
        }
        for fragment in &self.fragments {
            match fragment.bytes.get(place) {
                Some(byte) => tell(*byte),
                None => (0..=u8::MAX).for_each(&mut *tell),
            }
        }
    }

    /// The halves with those of one more. Behind the end of a short one may be anything.
    fn with(&self, fragment: &Fragment) -> [(Halves, Halves); LENGTH] {
        let mut halves = self.halves;
        for (at, (lower, upper)) in halves.iter_mut().enumerate() {
            match fragment.bytes.get(at) {
                Some(byte) => {
                    *lower |= 1 << (byte & 15);
                    *upper |= 1 << (byte >> 4);
                }
                None => (*lower, *upper) = (Halves::MAX, Halves::MAX),
            }
        }
        halves
    }
}

/// How often each byte is seen, by its upper and its lower half.
struct Shares([[f32; 16]; 16]);

impl Shares {
    fn new() -> Self {
        let share = |byte: usize| (-(rarity_of(byte as u8) as f32)).exp2();
        Self(std::array::from_fn(|upper| std::array::from_fn(|lower| share(upper << 4 | lower))))
    }

    /// How often something is seen that has one of some halves at each place.
    fn chance(&self, halves: &[(Halves, Halves); LENGTH]) -> f32 {
        let row = |lower: Halves, upper: usize| -> f32 {
            bits(lower).map(|lower| self.0[upper][lower]).sum()
        };
        let place = |(lower, upper): &(Halves, Halves)| -> f32 {
            bits(*upper).map(|upper| row(*lower, upper)).sum()
        };
        halves.iter().map(place).product()
    }
}

/// The numbers of the bits that are set.
fn bits(mut mask: Halves) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (bit < 16).then_some(bit)
    })
}
