//! Many object names in order, for many questions where one is.
//!
//! Of each name only the first eight bytes, its head, are kept. Names are hashes: a fan-out by the
//! first bits leaves a handful of heads to look at, wherever one asks. Names that begin alike, as a
//! forged index may have them, cost a binary search and no more.
//!
//! Not here: the rest of the names.

use std::ops::Range;

/// Heads that share a bucket of the fan-out, on average.
const PER_BUCKET: usize = 4;
/// Heads that are compared at once: more than most buckets have.
const AT_ONCE: usize = 8;

/// The head of a name.
pub fn head(name: &[u8]) -> u64 {
    name.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Heads in ascending order.
#[derive(Clone, Debug)]
pub struct Heads {
    heads: Vec<u64>,
    /// Where the heads begin whose first bits are the number of the bucket; one more at the end.
    starts: Vec<u32>,
    shift: u32,
}

impl Default for Heads {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Heads {
    /// Takes heads in any order; one that comes twice stays twice.
    pub fn new(mut heads: Vec<u64>) -> Self {
        // A pack's names come in order: that costs one look at each.
        heads.sort_unstable();
        let bits = (heads.len() / PER_BUCKET).max(2).ilog2();
        let shift = u64::BITS - bits;
        let mut starts = vec![0u32; (1 << bits) + 1];
        for head in &heads {
            if let Some(count) = starts.get_mut((head >> shift) as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0u32;
        for count in &mut starts {
            sum = sum.saturating_add(*count);
            *count = sum;
        }
        Self { heads, starts, shift }
    }

    /// Where `head` is among the heads; empty if it is not.
    pub fn find(&self, head: u64) -> Range<usize> {
        let bucket = (head >> self.shift) as usize;
        let bounds = self.starts.get(bucket..).and_then(|rest| rest.first_chunk::<2>());
        let (start, end) = bounds.map_or((0, 0), |&[start, end]| (start as usize, end as usize));
        let own = self.heads.get(start..end).unwrap_or_default();
        let first = start + own.partition_point(|other| *other < head);
        let alike = self.heads.get(first..end).unwrap_or_default();
        first..first + alike.iter().take_while(|other| **other == head).count()
    }

    /// Whether a name with this head is there.
    pub fn contains(&self, head: u64) -> bool {
        self.is_at(self.start(head), head) || !self.find(head).is_empty()
    }

    /// Tells which of `asked` are not there, by their numbers. Each look waits for memory: this way
    /// the looks wait together.
    pub fn absent(&self, asked: &[u64], mut tell: impl FnMut(usize)) {
        let mut starts = [0; 64];
        for (chunk, asked) in asked.chunks(starts.len()).enumerate() {
            for (start, head) in starts.iter_mut().zip(asked) {
                *start = self.start(*head);
            }
            for (at, (head, start)) in asked.iter().zip(starts).enumerate() {
                if !self.is_at(start, *head) && self.find(*head).is_empty() {
                    tell(chunk * starts.len() + at);
                }
            }
        }
    }

    /// Where the bucket of a head begins.
    fn start(&self, head: u64) -> usize {
        self.starts.get((head >> self.shift) as usize).map_or(0, |start| *start as usize)
    }

    /// Whether a head is among the first of a bucket: without a branch that depends on them.
    fn is_at(&self, start: usize, head: u64) -> bool {
        let few = self.heads.get(start..).and_then(|rest| rest.first_chunk::<AT_ONCE>());
        few.is_some_and(|few| few.iter().fold(false, |found, other| found | (*other == head)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_head_is_found_where_it_is(
            mut heads in prop::collection::vec(any::<u64>(), 0..200),
            close in prop::collection::vec(0u64..9, 0..40),
            asked in any::<u64>(),
        ) {
            heads.extend(close.iter().chain(&[u64::MAX]));
            let found = Heads::new(heads.clone());
            heads.sort_unstable();
            for head in heads.iter().chain(&[asked, 3, 0]) {
                let first = heads.partition_point(|other| other < head);
                let behind = heads.partition_point(|other| other <= head);
                prop_assert_eq!(found.find(*head), first..behind);
                prop_assert_eq!(found.contains(*head), first < behind);
            }
            let asked: Vec<u64> = heads.iter().flat_map(|head| [*head, head ^ 1, asked]).collect();
            let mut absent = Vec::new();
            found.absent(&asked, |at| absent.push(at));
            let there = |at: &usize| heads.binary_search(&asked[*at]).is_ok();
            prop_assert!(absent.iter().all(|at| !there(at)));
            let missing = (0..asked.len()).filter(|at| !there(at)).count();
            prop_assert_eq!(absent.len(), missing);
        }
    }
}
