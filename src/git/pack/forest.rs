//! All entries of a pack in order of their offsets, and the forest that their bases make of them.
//!
//! 32 bytes an entry; what is asked of one entry lies together, since deltas are all over a pack and
//! each is a wait for memory. Not here: inflating anything.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::entry::{Form, Header};
use super::index::Index;
use super::{Damage, HEADER_LEN, Reason, Stored};
use crate::git::damages::Damages;
use crate::git::map::Bytes;
use crate::git::object::{Kind, ObjectId};

/// Marks in place of a base's number. Whole objects are `FULL - kind`.
const THIN: u32 = u32::MAX;
const BROKEN: u32 = u32::MAX - 1;
const FULL: u32 = u32::MAX - 2;
const FIRST_MARK: u32 = FULL - 4;

/// Entries whose headers are parsed by one thread at a time.
const CHUNK: usize = 4096;

/// Threads that sort a pack's offsets: each of them reads them all.
const SHARES: usize = 8;

/// One entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    offset: u64,
    /// Position in the index.
    position: u32,
    /// Number of the base, or a mark.
    base: u32,
    /// Where its children begin in `children`; they end where those of the next entry begin.
    start: u32,
    /// What the index says of its bytes.
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
}

impl Forest {
    /// Reads the header of every entry. `end` is where the pack's checksum begins.
    pub(super) fn read(
        pack: &Bytes,
        end: usize,
        index: &Index,
        path: &Arc<Path>,
    ) -> (Self, Damages) {
        let sorted = Sorted::new(index, end);
        let mut damages = Damages::default();
        let nodes = sorted.based(pack, end, index, path, &mut damages);
        (Self { nodes, weights: Vec::new(), children: Vec::new(), end }, damages)
    }

    /// Makes trees of the entries that were read. This keeps one core busy.
    pub(super) fn grow(&mut self, index: &Index, path: &Arc<Path>, damages: &mut Damages) {
        self.link();
        let order = self.order();
        self.spread_damage(order.as_deref(), index, path, damages);
        self.weigh(order.as_deref());
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

    /// The checksum that the index has for an entry's bytes.
    pub(super) fn crc(&self, entry: u32) -> Option<u32> {
        self.node(entry).map(|node| node.crc)
    }

    pub(super) fn weight(&self, entry: u32) -> u32 {
        self.weights.get(entry as usize).copied().unwrap_or(1)
    }

    pub(super) fn stored(&self, entry: u32) -> Stored {
        match self.node(entry).map(|node| node.base) {
            None | Some(BROKEN) => Stored::Broken,
            Some(THIN) => Stored::Thin,
            Some(base) if base < FIRST_MARK => Stored::Delta { base },
            Some(mark) => u8::try_from(FULL - mark)
                .ok()
                .and_then(Kind::from_number)
                .map_or(Stored::Broken, Stored::Full),
        }
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

    /// Groups the entries by their base.
    fn link(&mut self) {
        for entry in 0..self.len() {
            let base = self.nodes.get(entry).map_or(BROKEN, |node| node.base);
            let base = self.nodes.get_mut(base as usize).filter(|_| base < FIRST_MARK);
            if let Some(base) = base {
                base.start += 1;
            }
        }
        // Each becomes the end of its group; filling from behind turns it into the start.
        let mut sum = 0;
        for node in &mut self.nodes {
            sum += node.start;
            node.start = sum;
        }
        let mut children = vec![0u32; sum as usize];
        let count = u32::try_from(self.len()).unwrap_or(FIRST_MARK);
        for entry in (0..count).rev() {
            let base = self.node(entry).map_or(BROKEN, |node| node.base);
            let base = self.nodes.get_mut(base as usize).filter(|_| base < FIRST_MARK);
            if let Some(base) = base {
                base.start -= 1;
                if let Some(slot) = children.get_mut(base.start as usize) {
                    *slot = entry;
                }
            }
        }
        self.children = children;
    }

    /// Bases before their deltas. `None`: the order of the entries is such an order already, as it
    /// is unless a base is named and comes later. Entries in or below a cycle are left out.
    fn order(&self) -> Option<Vec<u32>> {
        let mut numbered = (0u32..).zip(&self.nodes);
        if numbered.all(|(entry, node)| node.base >= FIRST_MARK || node.base < entry) {
            return None;
        }
        let roots = (0u32..).zip(&self.nodes).filter(|(_, node)| node.base >= FIRST_MARK);
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
            if let Some(node) = forest.nodes.get_mut(entry as usize) {
                node.base = BROKEN;
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
        if self.nodes.iter().all(|node| node.base != BROKEN) {
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
            let base = self.node(entry).map(|node| node.base).filter(|base| *base < FIRST_MARK);
            if let Some(sum) = base.and_then(|base| weights.get_mut(base as usize)) {
                *sum = sum.saturating_add(weight);
            }
        };
        match order {
            Some(order) => order.iter().rev().copied().for_each(&mut add),
            None => (0..u32::try_from(self.len()).unwrap_or(0)).rev().for_each(&mut add),
        }
        let weight = |child: &u32| weights.get(*child as usize).copied().unwrap_or(1);
        let mut rest = self.children.as_mut_slice();
        let ends = self.nodes.iter().skip(1).map(|next| next.start as usize).chain([rest.len()]);
        for (node, end) in self.nodes.iter().zip(ends) {
            let start = node.start as usize;
            let (group, after) = std::mem::take(&mut rest).split_at_mut(end - start);
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

/// Sorts the entries of each bucket; `starts` says where each begins, counted from `first`.
fn sort_groups(starts: &[u32], first: u32, mut nodes: &mut [Node]) {
    let ends = starts.iter().skip(1).copied().chain([first + nodes.len() as u32]);
    for (start, end) in starts.iter().zip(ends) {
        let (group, rest) = std::mem::take(&mut nodes).split_at_mut((end - start) as usize);
        nodes = rest;
        if group.len() > 1 {
            group.sort_unstable();
        }
    }
}

/// The entries in order, with a table that finds an offset in constant time.
struct Sorted {
    nodes: Vec<Node>,
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
        // Each thread counts, and then puts in place, the offsets of its own buckets.
        let per = buckets.len().div_ceil(rayon::current_num_threads().clamp(1, SHARES));
        buckets.par_chunks_mut(per).enumerate().for_each(|(piece, sizes)| {
            for position in 0..count {
                let own = bucket(offset(position)).checked_sub(piece * per);
                if let Some(size) = own.and_then(|own| sizes.get_mut(own)) {
                    *size += 1;
                }
            }
        });
        let mut sum = 0;
        for size in &mut buckets {
            sum += *size;
            *size = sum;
        }
        let mut nodes = vec![Node::default(); count as usize];
        let (mut rest, mut first) = (nodes.as_mut_slice(), 0);
        let mut pieces = Vec::new();
        for (piece, starts) in buckets.chunks_mut(per).enumerate() {
            let end = starts.last().copied().unwrap_or(first);
            let (own, after) = std::mem::take(&mut rest).split_at_mut((end - first) as usize);
            pieces.push((piece * per, starts, std::mem::replace(&mut first, end), own));
            rest = after;
        }
        pieces.into_par_iter().for_each(|(bucket_of_first, starts, first, own)| {
            for position in (0..count).rev() {
                let offset = offset(position);
                let at = bucket(offset).checked_sub(bucket_of_first);
                if let Some(start) = at.and_then(|at| starts.get_mut(at)) {
                    *start -= 1;
                    if let Some(node) = own.get_mut((*start - first) as usize) {
                        *node = Node { offset, position, base: BROKEN, ..Node::default() };
                    }
                }
            }
            sort_groups(starts, first, own);
        });
        Self { nodes, buckets, shift }
    }

    /// The number of the entry at an offset.
    fn find(&self, offset: u64) -> Option<u32> {
        let bucket = (offset >> self.shift) as usize;
        let &[start, end] = self.buckets.get(bucket..)?.first_chunk::<2>()?;
        let group = self.nodes.get(start as usize..end as usize)?;
        // From behind: the last of those that share an offset is the one that has bytes.
        let within = group.iter().rposition(|node| node.offset == offset)?;
        Some(start + u32::try_from(within).ok()?)
    }

    /// Parses every header, on all cores, and fetches every checksum.
    fn based(
        self,
        pack: &Bytes,
        end: usize,
        index: &Index,
        path: &Arc<Path>,
        damages: &mut Damages,
    ) -> Vec<Node> {
        let mut marks = vec![(BROKEN, 0); self.nodes.len()];
        let found = Mutex::new(Damages::default());
        marks.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, marks)| {
            let mut local = Damages::default();
            let nodes = self.nodes.get(chunk * CHUNK..).unwrap_or_default();
            let first = u32::try_from(chunk * CHUNK).unwrap_or(u32::MAX);
            for ((entry, node), (base, crc)) in (first..).zip(nodes).zip(marks) {
                *crc = index.crc(node.position).unwrap_or_default();
                match self.base(entry, pack, end, index) {
                    Ok(number) => *base = number,
                    Err(reason) => {
                        let name = index.name(node.position).and_then(ObjectId::from_bytes);
                        let (pack, offset) = (path.clone(), node.offset);
                        local.add(Damage { pack, offset, name, reason });
                    }
                }
            }
            let offset = |at: usize| nodes.get(at).or(nodes.last()).map_or(0, |node| node.offset);
            pack.count_read(offset(CHUNK).saturating_sub(offset(0)));
            if local.lost() > 0 {
                found.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).merge(local);
            }
        });
        damages.merge(found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()));
        let mut nodes = self.nodes;
        for (node, (base, crc)) in nodes.iter_mut().zip(marks) {
            (node.base, node.crc) = (base, crc);
        }
        nodes
    }

    fn base(&self, entry: u32, pack: &[u8], end: usize, index: &Index) -> Result<u32, Reason> {
        let at = entry as usize;
        let offset = self.nodes.get(at).ok_or(Reason::Offset)?.offset;
        let start = usize::try_from(offset).ok().filter(|start| (HEADER_LEN..end).contains(start));
        let start = start.ok_or(Reason::Offset)?;
        let next = self.nodes.get(at + 1).map_or(end as u64, |next| next.offset).min(end as u64);
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
