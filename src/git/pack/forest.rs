//! All entries of a pack in order of their offsets, and the forest that their bases make of them.
//!
//! 28 bytes an entry. Not here: inflating anything.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::entry::{Form, Header};
use super::index::Index;
use super::{Damage, HEADER_LEN, Reason, Stored};
use crate::git::damages::Damages;
use crate::git::object::{Kind, ObjectId};

/// Marks in place of a base's number. Whole objects are `FULL - kind`.
const THIN: u32 = u32::MAX;
const BROKEN: u32 = u32::MAX - 1;
const FULL: u32 = u32::MAX - 2;
const FIRST_MARK: u32 = FULL - 4;

/// Entries whose headers are parsed by one thread at a time.
const CHUNK: usize = 4096;

#[derive(Debug)]
pub(super) struct Forest {
    offsets: Vec<u64>,
    /// Position in the index.
    positions: Vec<u32>,
    /// Number of the base, or a mark.
    bases: Vec<u32>,
    /// Entries in the tree below, itself included.
    weights: Vec<u32>,
    /// Where the children of each entry begin in `children`; one more at the end.
    starts: Vec<u32>,
    children: Vec<u32>,
    /// Where the last entry ends.
    end: usize,
}

impl Forest {
    /// `end` is where the pack's checksum begins.
    pub(super) fn build(
        pack: &[u8],
        end: usize,
        index: &Index,
        path: &Arc<Path>,
    ) -> (Self, Damages) {
        let sorted = Sorted::new(index, end);
        let mut damages = Damages::default();
        let bases = sorted.bases(pack, end, index, path, &mut damages);
        let mut forest = Self {
            offsets: sorted.offsets,
            positions: sorted.positions,
            weights: Vec::new(),
            starts: Vec::new(),
            children: Vec::new(),
            bases,
            end,
        };
        forest.link();
        let order = forest.order();
        forest.spread_damage(order.as_deref(), index, path, &mut damages);
        forest.weigh(order.as_deref());
        (forest, damages)
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    pub(super) fn offset(&self, entry: u32) -> Option<u64> {
        self.offsets.get(entry as usize).copied()
    }

    /// Where an entry's bytes end: where the next one begins.
    pub(super) fn end(&self, entry: u32) -> usize {
        let next = self.offsets.get(entry as usize + 1).and_then(|at| usize::try_from(*at).ok());
        next.unwrap_or(self.end).min(self.end)
    }

    pub(super) fn position(&self, entry: u32) -> Option<u32> {
        self.positions.get(entry as usize).copied()
    }

    pub(super) fn weight(&self, entry: u32) -> u32 {
        self.weights.get(entry as usize).copied().unwrap_or(1)
    }

    pub(super) fn stored(&self, entry: u32) -> Stored {
        match self.bases.get(entry as usize) {
            None | Some(&BROKEN) => Stored::Broken,
            Some(&THIN) => Stored::Thin,
            Some(&base) if base < FIRST_MARK => Stored::Delta { base },
            Some(&mark) => u8::try_from(FULL - mark)
                .ok()
                .and_then(Kind::from_number)
                .map_or(Stored::Broken, Stored::Full),
        }
    }

    pub(super) fn children(&self, entry: u32) -> Range<u32> {
        match self.starts.get(entry as usize..).and_then(|rest| rest.first_chunk::<2>()) {
            Some(&[start, end]) => start..end,
            None => 0..0,
        }
    }

    pub(super) fn child(&self, slot: u32) -> Option<u32> {
        self.children.get(slot as usize).copied()
    }

    pub(super) fn entry_at(&self, offset: u64) -> Option<u32> {
        // The last of those that share an offset: it alone has bytes.
        let after = self.offsets.partition_point(|at| *at <= offset);
        let entry = after.checked_sub(1)?;
        (*self.offsets.get(entry)? == offset).then(|| u32::try_from(entry).ok())?
    }

    /// Groups the entries by their base.
    fn link(&mut self) {
        let mut starts = vec![0u32; self.len() + 1];
        let is_delta = |base: &&u32| **base < FIRST_MARK;
        for &base in self.bases.iter().filter(is_delta) {
            if let Some(count) = starts.get_mut(base as usize) {
                *count += 1;
            }
        }
        // Each becomes the end of its group; filling from behind turns it into the start.
        let mut sum = 0;
        for count in &mut starts {
            sum += *count;
            *count = sum;
        }
        let mut children = vec![0u32; sum as usize];
        let count = u32::try_from(self.len()).unwrap_or(FIRST_MARK);
        for (entry, &base) in (0..count).rev().zip(self.bases.iter().rev()) {
            let start = starts.get_mut(base as usize).filter(|_| base < FIRST_MARK);
            if let Some(start) = start {
                *start -= 1;
                if let Some(slot) = children.get_mut(*start as usize) {
                    *slot = entry;
                }
            }
        }
        (self.starts, self.children) = (starts, children);
    }

    /// Bases before their deltas. `None`: the order of the entries is such an order already, as it
    /// is unless a base is named and comes later. Entries in or below a cycle are left out.
    fn order(&self) -> Option<Vec<u32>> {
        let mut numbered = (0u32..).zip(&self.bases);
        if numbered.all(|(entry, &base)| base >= FIRST_MARK || base < entry) {
            return None;
        }
        let roots = (0u32..).zip(&self.bases).filter(|(_, base)| **base >= FIRST_MARK);
        let mut order: Vec<u32> = roots.map(|(entry, _)| entry).collect();
        let mut next = 0;
        while let Some(&entry) = order.get(next) {
            order.extend(self.children(entry).filter_map(|slot| self.child(slot)));
            next += 1;
        }
        Some(order)
    }

    /// Marks what cannot be rebuilt since its base cannot.
    fn spread_damage(
        &mut self,
        order: Option<&[u32]>,
        index: &Index,
        path: &Arc<Path>,
        damages: &mut Damages,
    ) {
        let mut breaks = |forest: &mut Self, entry: u32, reason: Reason| {
            if let Some(base) = forest.bases.get_mut(entry as usize) {
                *base = BROKEN;
            }
            let name = forest.position(entry).and_then(|at| index.name(at));
            damages.add(Damage {
                pack: path.clone(),
                offset: forest.offset(entry).unwrap_or_default(),
                name: name.and_then(ObjectId::from_bytes),
                reason,
            });
        };
        let count = u32::try_from(self.len()).unwrap_or(FIRST_MARK);
        if let Some(order) = order.filter(|order| order.len() < self.len()) {
            let mut reached = vec![false; self.len()];
            for &entry in order {
                if let Some(reached) = reached.get_mut(entry as usize) {
                    *reached = true;
                }
            }
            for (entry, _) in (0..count).zip(reached).filter(|(_, reached)| !reached) {
                breaks(self, entry, Reason::Cycle);
            }
        }
        if !self.bases.contains(&BROKEN) {
            return;
        }
        let mut spread = |entry: u32| {
            if let Stored::Delta { base } = self.stored(entry)
                && self.stored(base) == Stored::Broken
            {
                breaks(self, entry, Reason::Base);
            }
        };
        match order {
            Some(order) => order.iter().copied().for_each(&mut spread),
            None => (0..count).for_each(&mut spread),
        }
    }

    /// Sums the trees up, and puts the heaviest child last: when a traversal comes to it, the base
    /// is needed no more, and so no path holds more bases than the logarithm of the entries.
    fn weigh(&mut self, order: Option<&[u32]>) {
        let mut weights = vec![1u32; self.len()];
        let mut add = |entry: u32| {
            let weight = weights.get(entry as usize).copied().unwrap_or(1);
            let base = self.bases.get(entry as usize).filter(|base| **base < FIRST_MARK);
            if let Some(sum) = base.and_then(|base| weights.get_mut(*base as usize)) {
                *sum = sum.saturating_add(weight);
            }
        };
        match order {
            Some(order) => order.iter().rev().copied().for_each(&mut add),
            None => (0..u32::try_from(self.len()).unwrap_or(0)).rev().for_each(&mut add),
        }
        let weight = |child: &u32| weights.get(*child as usize).copied().unwrap_or(1);
        let mut rest = self.children.as_mut_slice();
        for bounds in self.starts.windows(2) {
            let &[start, end] = bounds else { continue };
            let (group, after) = std::mem::take(&mut rest).split_at_mut((end - start) as usize);
            rest = after;
            if group.len() > 1
                && let Some((heaviest, _)) = group.iter().enumerate().max_by_key(|(_, c)| weight(c))
            {
                let last = group.len() - 1;
                group.swap(heaviest, last);
            }
        }
        self.weights = weights;
    }
}

/// The entries in order, with a table that finds an offset in constant time.
struct Sorted {
    offsets: Vec<u64>,
    positions: Vec<u32>,
    /// First entry of each bucket of offsets; one more at the end.
    buckets: Vec<u32>,
    shift: u32,
}

impl Sorted {
    /// A bucket sort: about as many buckets as entries, each then sorted by itself.
    fn new(index: &Index, end: usize) -> Self {
        let count = index.count();
        let mut shift = 0;
        while end as u64 >> shift > u64::from(count).max(1) {
            shift += 1;
        }
        let last = end >> shift;
        let mut buckets = vec![0u32; last + 2];
        let bucket = |offset: u64| ((offset >> shift) as usize).min(last);
        let offset = |position: u32| index.offset(position).unwrap_or(u64::MAX);
        for position in 0..count {
            if let Some(size) = buckets.get_mut(bucket(offset(position))) {
                *size += 1;
            }
        }
        let mut sum = 0;
        for size in &mut buckets {
            sum += *size;
            *size = sum;
        }
        let mut pairs = vec![(0u64, 0u32); count as usize];
        for position in (0..count).rev() {
            let offset = offset(position);
            if let Some(start) = buckets.get_mut(bucket(offset)) {
                *start -= 1;
                if let Some(pair) = pairs.get_mut(*start as usize) {
                    *pair = (offset, position);
                }
            }
        }
        for bounds in buckets.windows(2) {
            if let &[start, end] = bounds
                && end - start > 1
                && let Some(group) = pairs.get_mut(start as usize..end as usize)
            {
                group.sort_unstable();
            }
        }
        let (offsets, positions) = pairs.into_iter().unzip();
        Self { offsets, positions, buckets, shift }
    }

    fn find(&self, offset: u64) -> Option<u32> {
        let bucket = (offset >> self.shift) as usize;
        let &[start, end] = self.buckets.get(bucket..)?.first_chunk::<2>()?;
        let group = self.offsets.get(start as usize..end as usize)?;
        // From behind: the last of those that share an offset is the one that has bytes.
        let within = group.iter().rposition(|at| *at == offset)?;
        Some(start + u32::try_from(within).ok()?)
    }

    /// Parses every header, on all cores.
    fn bases(
        &self,
        pack: &[u8],
        end: usize,
        index: &Index,
        path: &Arc<Path>,
        damages: &mut Damages,
    ) -> Vec<u32> {
        let mut bases = vec![BROKEN; self.offsets.len()];
        let found = Mutex::new(Damages::default());
        bases.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, bases)| {
            let mut local = Damages::default();
            let first = u32::try_from(chunk * CHUNK).unwrap_or(u32::MAX);
            for (entry, slot) in (first..).zip(bases) {
                match self.base(entry, pack, end, index) {
                    Ok(base) => *slot = base,
                    Err(reason) => {
                        let at = entry as usize;
                        let name = self.positions.get(at).and_then(|at| index.name(*at));
                        local.add(Damage {
                            pack: path.clone(),
                            offset: self.offsets.get(at).copied().unwrap_or_default(),
                            name: name.and_then(ObjectId::from_bytes),
                            reason,
                        });
                    }
                }
            }
            if local.lost() > 0 {
                found.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).merge(local);
            }
        });
        damages.merge(found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()));
        bases
    }

    fn base(&self, entry: u32, pack: &[u8], end: usize, index: &Index) -> Result<u32, Reason> {
        let at = entry as usize;
        let offset = *self.offsets.get(at).ok_or(Reason::Offset)?;
        let start = usize::try_from(offset).ok().filter(|start| (HEADER_LEN..end).contains(start));
        let start = start.ok_or(Reason::Offset)?;
        let next = self.offsets.get(at + 1).map_or(end as u64, |next| *next).min(end as u64);
        if next == offset {
            return Err(Reason::Offset);
        }
        let raw = pack.get(start..end).ok_or(Reason::Offset)?;
        let header = Header::parse(raw, index.format().name_len())?;
        match header.form {
            Form::Full(kind) => Ok(FULL - kind as u32),
            Form::Offset(distance) => offset
                .checked_sub(distance)
                .filter(|_| distance > 0)
                .and_then(|base| self.find(base))
                .ok_or(Reason::Base),
            Form::Name(name) => match index.find(name).and_then(|at| index.offset(at)) {
                Some(base) => self.find(base).ok_or(Reason::Base),
                None => Ok(THIN),
            },
        }
    }
}
