//! The forest that the bases of a pack's entries make.
//!
//! 32 bytes an entry; what is asked of one entry lies together, since deltas are all over a pack and
//! each is a wait for memory. Not here: in which order the entries are, and inflating anything.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::index::Index;
use super::order::Order;
use super::{Damage, Reason, Stored};
use crate::git::damages::Damages;
use crate::git::object::{Kind, ObjectId};

/// Marks in place of a base's number. Whole objects are `FULL - kind`.
pub(super) const THIN: u32 = u32::MAX;
pub(super) const BROKEN: u32 = u32::MAX - 1;
const FULL: u32 = u32::MAX - 2;
const FIRST_MARK: u32 = FULL - 4;

/// The mark of a whole object.
pub(super) fn whole(kind: Kind) -> u32 {
    FULL - kind as u32
}

/// How an entry is stored, by its base or mark.
fn stored(base: u32) -> Stored {
    match base {
        BROKEN => Stored::Broken,
        THIN => Stored::Thin,
        base if base < FIRST_MARK => Stored::Delta { base },
        mark => u8::try_from(FULL - mark)
            .ok()
            .and_then(Kind::from_number)
            .map_or(Stored::Broken, Stored::Full),
    }
}

/// One entry.
#[derive(Clone, Copy, Debug)]
struct Node {
    offset: u64,
    /// Position in the index.
    position: u32,
    /// Number of the base, or a mark.
    base: u32,
    /// Where its children begin in `children`; they end where those of the next entry begin.
    start: u32,
    /// What the index says of its bytes, if it says anything.
    crc: u32,
}

#[derive(Debug)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    /// Entries in the tree below, itself included.
    weights: Vec<u32>,
    children: Vec<u32>,
    /// Where the last entry ends.
    end: usize,
    has_crcs: bool,
}

impl Forest {
    /// Makes trees of the entries, whose bases or marks are known. Most of it keeps one core busy.
    /// `end` is where the pack's checksum begins.
    pub(super) fn new(
        order: &Order,
        bases: Vec<u32>,
        end: usize,
        (index, path): (&Index, &Arc<Path>),
        damages: &mut Damages,
    ) -> Self {
        let mut links = Links::new(bases);
        let down = links.down();
        links.spread_damage(down.as_deref(), |entry, reason| {
            let name = order.name(entry as usize, index).and_then(ObjectId::from_bytes);
            let offset = order.offset(entry as usize).unwrap_or_default();
            damages.add(Damage { pack: path.clone(), offset, name, reason });
        });
        let weights = links.weigh(down.as_deref());
        let Links { bases, starts, children } = links;
        let linked = bases.into_par_iter().zip(starts);
        let nodes = order.entries().zip(linked).map(|((offset, position), (base, start))| {
            let crc = index.crc(position).unwrap_or_default();
            Node { offset, position, base, start, crc }
        });
        Self { nodes: nodes.collect(), weights, children, end, has_crcs: index.has_crcs() }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, entry: u32) -> Option<&Node> {
        self.nodes.get(entry as usize)
    }

    pub(super) fn offset(&self, entry: u32) -> Option<u64> {
        self.node(entry).map(|node| node.offset)
    }

    /// Where an entry's bytes end: where the next one begins.
    pub(super) fn end(&self, entry: u32) -> usize {
        let next = self.nodes.get(entry as usize + 1);
        let next = next.and_then(|node| usize::try_from(node.offset).ok());
        next.unwrap_or(self.end).min(self.end)
    }

    pub(super) fn position(&self, entry: u32) -> Option<u32> {
        self.node(entry).map(|node| node.position)
    }

    /// The checksum that the index has for an entry's bytes, if it has any.
    pub(super) fn crc(&self, entry: u32) -> Option<u32> {
        self.node(entry).filter(|_| self.has_crcs).map(|node| node.crc)
    }

    pub(super) fn weight(&self, entry: u32) -> u32 {
        self.weights.get(entry as usize).copied().unwrap_or(1)
    }

    pub(super) fn stored(&self, entry: u32) -> Stored {
        self.node(entry).map_or(Stored::Broken, |node| stored(node.base))
    }

    pub(super) fn children(&self, entry: u32) -> Range<u32> {
        let Some(node) = self.node(entry) else { return 0..0 };
        let end = self.nodes.get(entry as usize + 1).map(|next| next.start);
        node.start..end.unwrap_or(u32::try_from(self.children.len()).unwrap_or(node.start))
    }

    pub(super) fn child(&self, slot: u32) -> Option<u32> {
        self.children.get(slot as usize).copied()
    }

    pub(super) fn entry_at(&self, offset: u64) -> Option<u32> {
        // The last of those that share an offset: it alone has bytes.
        let after = self.nodes.partition_point(|node| node.offset <= offset);
        let entry = after.checked_sub(1)?;
        (self.nodes.get(entry)?.offset == offset).then(|| u32::try_from(entry).ok())?
    }
}

/// What is built on what: lists of their own, which stay in the caches while they are made.
struct Links {
    bases: Vec<u32>,
    /// Where the children of each entry begin; they end where those of the next one begin.
    starts: Vec<u32>,
    children: Vec<u32>,
}

impl Links {
    /// Groups the entries by their base.
    fn new(bases: Vec<u32>) -> Self {
        let mut starts = vec![0u32; bases.len()];
        for base in &bases {
            if let Some(count) = starts.get_mut(*base as usize) {
                *count += 1;
            }
        }
        // Each becomes the end of its group; filling from behind turns it into the start.
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut children = vec![0u32; sum as usize];
        let count = u32::try_from(bases.len()).unwrap_or(FIRST_MARK);
        for (entry, base) in (0..count).zip(&bases).rev() {
            if let Some(start) = starts.get_mut(*base as usize) {
                *start -= 1;
                if let Some(slot) = children.get_mut(*start as usize) {
                    *slot = entry;
                }
            }
        }
        Self { bases, starts, children }
    }

    /// The numbers of all entries.
    fn all(&self) -> Range<u32> {
        0..u32::try_from(self.bases.len()).unwrap_or(FIRST_MARK)
    }

    fn base(&self, entry: u32) -> u32 {
        self.bases.get(entry as usize).copied().unwrap_or(BROKEN)
    }

    fn children(&self, entry: u32) -> &[u32] {
        let bound = |entry: usize| self.starts.get(entry).map(|start| *start as usize);
        let end = bound(entry as usize + 1).unwrap_or(self.children.len());
        bound(entry as usize).and_then(|start| self.children.get(start..end)).unwrap_or_default()
    }

    /// Bases before their deltas. `None`: the order of the entries is such an order already, as it
    /// is unless a base is named and comes later. Entries in or below a cycle are left out.
    fn down(&self) -> Option<Vec<u32>> {
        if (0u32..).zip(&self.bases).all(|(entry, base)| *base >= FIRST_MARK || *base < entry) {
            return None;
        }
        let roots = (0u32..).zip(&self.bases).filter(|(_, base)| **base >= FIRST_MARK);
        let mut down: Vec<u32> = roots.map(|(entry, _)| entry).collect();
        let mut next = 0;
        while let Some(&entry) = down.get(next) {
            down.extend_from_slice(self.children(entry));
            next += 1;
        }
        Some(down)
    }

    /// Marks what cannot be rebuilt since its base cannot, and tells of it.
    fn spread_damage(&mut self, down: Option<&[u32]>, mut tell: impl FnMut(u32, Reason)) {
        let all = self.all();
        let bases = &mut self.bases;
        let mut breaks = |bases: &mut [u32], entry: u32, reason: Reason| {
            if let Some(base) = bases.get_mut(entry as usize) {
                *base = BROKEN;
            }
            tell(entry, reason);
        };
        if let Some(down) = down.filter(|down| down.len() < bases.len()) {
            let mut reached = vec![false; bases.len()];
            for &entry in down {
                if let Some(reached) = reached.get_mut(entry as usize) {
                    *reached = true;
                }
            }
            for (entry, _) in all.clone().zip(reached).filter(|(_, reached)| !reached) {
                breaks(bases, entry, Reason::Cycle);
            }
        }
        if !bases.contains(&BROKEN) {
            return;
        }
        let spread = |entry: u32| {
            let base = bases.get(entry as usize).and_then(|base| bases.get(*base as usize));
            if base == Some(&BROKEN) {
                breaks(bases, entry, Reason::Base);
            }
        };
        match down {
            Some(down) => down.iter().copied().for_each(spread),
            None => all.for_each(spread),
        }
    }

    /// Sums the trees up, and puts the heaviest child last: when a traversal comes to it, the base
    /// is needed no more, and so no path holds more bases than the logarithm of the entries.
    fn weigh(&mut self, down: Option<&[u32]>) -> Vec<u32> {
        let mut weights = vec![1u32; self.bases.len()];
        let mut add = |entry: u32| {
            let weight = weights.get(entry as usize).copied().unwrap_or(1);
            if let Some(sum) = weights.get_mut(self.base(entry) as usize) {
                *sum = sum.saturating_add(weight);
            }
        };
        match down {
            Some(down) => down.iter().rev().copied().for_each(&mut add),
            None => self.all().rev().for_each(&mut add),
        }
        let weight = |child: &u32| weights.get(*child as usize).copied().unwrap_or(1);
        let mut rest = self.children.as_mut_slice();
        let ends = self.starts.iter().skip(1).map(|start| *start as usize).chain([rest.len()]);
        for (start, end) in self.starts.iter().zip(ends) {
            let (group, after) = std::mem::take(&mut rest).split_at_mut(end - *start as usize);
            rest = after;
            if group.len() > 1
                && let Some((heaviest, _)) = group.iter().enumerate().max_by_key(|(_, c)| weight(c))
            {
                let last = group.len() - 1;
                group.swap(heaviest, last);
            }
        }
        weights
    }
}
