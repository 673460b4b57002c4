//! Remembers names that speak for no rule: those of a history are read again and again, and there are
//! few of them.
//!
//! Exact: a name is compared with the one that is remembered. Not here: what a name says.

use std::hash::{BuildHasher, RandomState};

use foldhash::fast::FixedState;

/// Bytes of the longest name that is remembered: with its two lengths, a line of the machine's cache.
const LONGEST: usize = 62;
/// Names that are remembered at a time, of one hash each.
const SLOTS: usize = 1024;

/// A name as it is written with what stands before it, and where it begins in that.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Slot {
    length: u8,
    start: u8,
    text: [u8; LONGEST],
}

/// The names of one index that spoke for nothing when they were last asked.
pub(super) struct Silence {
    /// The number of the index.
    index: u64,
    slots: Vec<Slot>,
    hash: FixedState,
}

impl Default for Silence {
    fn default() -> Self {
        // Nobody who writes a name shall know where it comes to lie.
        let hash = FixedState::with_seed(RandomState::new().hash_one(0));
        Self { index: 0, slots: Vec::new(), hash }
    }
}

impl Silence {
    /// Whether the name that begins at `start` of `text` is known to speak for no rule of an index.
    pub(super) fn holds(&self, index: u64, text: &[u8], start: usize) -> bool {
        self.index == index
            && self.slots.get(self.place(text)).is_some_and(|slot| {
                usize::from(slot.start) == start
                    && slot.text.get(..usize::from(slot.length)) == Some(text)
            })
    }

    /// Notes that it does.
    pub(super) fn note(&mut self, index: u64, text: &[u8], start: usize) {
        let (Ok(length), Ok(start)) = (u8::try_from(text.len()), u8::try_from(start)) else {
            return;
        };
        if self.index != index || self.slots.is_empty() {
            self.slots.clear();
            // No name begins so far in one that is remembered.
            self.slots.resize(SLOTS, Slot { length: 0, start: u8::MAX, text: [0; LONGEST] });
            self.index = index;
        }
        let place = self.place(text);
        if let Some(slot) = self.slots.get_mut(place)
            && let Some(own) = slot.text.get_mut(..text.len())
        {
            own.copy_from_slice(text);
            (slot.length, slot.start) = (length, start);
        }
    }

    fn place(&self, text: &[u8]) -> usize {
        self.hash.hash_one(text) as usize % SLOTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_what_was_noted_is_held(
            noted in proptest::collection::vec(("[a-c]{0,3}|[a-z]{55,70}", 0usize..3, 1u64..3), 0..40),
            asked in ("[a-c]{0,3}|[a-z]{55,70}", 0usize..3, 1u64..3),
        ) {
            let mut silence = Silence::default();
            for (text, start, index) in &noted {
                silence.note(*index, text.as_bytes(), *start);
                let short = text.len() <= LONGEST;
                prop_assert_eq!(silence.holds(*index, text.as_bytes(), *start), short);
            }
            let (text, start, index) = &asked;
            let known = noted.contains(&asked);
            prop_assert!(known || !silence.holds(*index, text.as_bytes(), *start));
        }
    }
}
