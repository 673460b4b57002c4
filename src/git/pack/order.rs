//! The entries of a pack in order of their offsets, and which of them each is built on.
//!
//! Both are a wait for memory an entry, since the index is in order of the names and the headers are
//! all over the pack: what is read is fetched by the batch, so that the waits are one.
//!
//! Not here: the trees that the bases make.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::entry::{Form, Header};
use super::forest::{BROKEN, THIN, whole};
use super::index::Index;
use super::reverse::Reverse;
use super::{Damage, HEADER_LEN, Reason};
use crate::git::damages::Damages;
use crate::git::map::{Bytes, RELEASED};
use crate::git::object::ObjectId;

/// Entries whose headers are parsed by one thread at a time.
const CHUNK: usize = 4096;
/// Entries whose headers are fetched together.
const BATCH: usize = 64;
/// Bytes that hold every header: a size and a distance of ten bytes at the most, or a name.
const FRONT: usize = 48;
/// The offset of what has none: no entry is there, the header of the pack is.
const NOWHERE: u64 = 0;
/// Buckets that are filled by one thread at a time.
const BUCKETS: usize = 1 << 14;

/// The entries in order, with a table that finds an offset in constant time.
pub(super) struct Order {
    offsets: Vec<u64>,
    /// Where each is in the index.
    positions: Vec<u32>,
    /// First entry of each bucket of offsets; one more at the end.
    buckets: Vec<u32>,
    shift: u32,
}

impl Order {
    /// `end` is where the pack's checksum begins.
    pub(super) fn new(index: &Index, reverse: Option<&Reverse>, end: usize) -> Self {
        let told = reverse.and_then(|reverse| told(index, reverse));
        let (offsets, positions) = told.unwrap_or_else(|| sorted(index));
        let mut shift = 0;
        while end as u64 >> shift > (offsets.len() as u64).max(1) {
            shift += 1;
        }
        let mut buckets = vec![0u32; (end >> shift) + 2];
        buckets.par_chunks_mut(BUCKETS).enumerate().for_each(|(chunk, buckets)| {
            let first = chunk * BUCKETS;
            let mut entry = offsets.partition_point(|offset| offset >> shift < first as u64);
            for (number, bucket) in (first as u64..).zip(buckets) {
                while offsets.get(entry).is_some_and(|offset| offset >> shift < number) {
                    entry += 1;
                }
                *bucket = u32::try_from(entry).unwrap_or(u32::MAX);
            }
        });
        Self { offsets, positions, buckets, shift }
    }

    pub(super) fn offset(&self, entry: usize) -> Option<u64> {
        self.offsets.get(entry).copied()
    }

    /// The offset and the position in the index of every entry.
    pub(super) fn entries(&self) -> impl IndexedParallelIterator<Item = (u64, u32)> {
        (&self.offsets, &self.positions).into_par_iter().map(|(offset, at)| (*offset, *at))
    }

    pub(super) fn name<'i>(&self, entry: usize, index: &'i Index) -> Option<&'i [u8]> {
        index.name(*self.positions.get(entry)?)
    }

    /// The number of the entry at an offset.
    fn find(&self, offset: u64) -> Option<u32> {
        let bucket = usize::try_from(offset >> self.shift).ok()?;
        let &[start, end] = self.buckets.get(bucket..)?.first_chunk::<2>()?;
        let group = self.offsets.get(start as usize..end as usize)?;
        // From behind: the last of those that share an offset is the one that has bytes.
        let within = group.iter().rposition(|other| *other == offset)?;
        Some(start + u32::try_from(within).ok()?)
    }

    /// Parses every header, on all cores: the number of each entry's base, or a mark.
    pub(super) fn bases(
        &self,
        pack: &Bytes,
        end: usize,
        index: &Index,
        path: &Arc<Path>,
    ) -> (Vec<u32>, Damages) {
        let mut bases = vec![BROKEN; self.offsets.len()];
        let found = Mutex::new(Damages::default());
        bases.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, bases)| {
            let first = chunk * CHUNK;
            let mut local = Damages::default();
            for (batch, bases) in (first..).step_by(BATCH).zip(bases.chunks_mut(BATCH)) {
                let fronts = self.fronts(batch, pack);
                for ((entry, base), front) in (batch..).zip(bases).zip(&fronts) {
                    match self.base(entry, (pack, front), end, index) {
                        Ok(number) => *base = number,
                        Err(reason) => {
                            let name = self.name(entry, index).and_then(ObjectId::from_bytes);
                            let offset = self.offset(entry).unwrap_or_default();
                            local.add(Damage { pack: path.clone(), offset, name, reason });
                        }
                    }
                }
            }
            let own = self.offsets.get(first..).unwrap_or_default();
            let own = own.get(..CHUNK).unwrap_or(own);
            let read = own.first().zip(own.last()).map_or(0, |(first, last)| last - first);
            pack.count_read(read, RELEASED);
            if local.lost() > 0 {
                found.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).merge(local);
            }
        });
        (bases, found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// The first bytes of the entries from `batch` on, where the pack has so many.
    #[inline(always)]
    fn fronts(&self, batch: usize, pack: &[u8]) -> [Option<[u8; FRONT]>; BATCH] {
        let mut fronts = [None; BATCH];
        for (front, offset) in fronts.iter_mut().zip(self.offsets.iter().skip(batch)) {
            let bytes = usize::try_from(*offset).ok().and_then(|start| pack.get(start..));
            *front = bytes.and_then(|bytes| bytes.first_chunk()).copied();
        }
        fronts
    }

    fn base(
        &self,
        entry: usize,
        (pack, front): (&[u8], &Option<[u8; FRONT]>),
        end: usize,
        index: &Index,
    ) -> Result<u32, Reason> {
        let offset = self.offset(entry).ok_or(Reason::Offset)?;
        let start = usize::try_from(offset).ok().filter(|start| (HEADER_LEN..end).contains(start));
        let start = start.ok_or(Reason::Offset)?;
        let next = self.offset(entry + 1).unwrap_or(u64::MAX).min(end as u64);
        if next == offset {
            return Err(Reason::Offset);
        }
        let raw = match front {
            Some(front) if start + FRONT <= end => front,
            _ => pack.get(start..end).ok_or(Reason::Offset)?,
        };
        let header = Header::parse(raw, index.format().name_len())?;
        match header.form {
            Form::Full(kind) => Ok(whole(kind)),
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

/// The order that the reverse index tells. If the offsets ascend in it, then no position comes twice,
/// so it is the order; nothing if they do not.
fn told(index: &Index, reverse: &Reverse) -> Option<(Vec<u64>, Vec<u32>)> {
    let told = reverse.positions(index)?.par_iter();
    let (offsets, positions): (Vec<u64>, Vec<u32>) = told
        .map(|position| {
            let position = u32::from_be_bytes(*position);
            (index.offset(position).unwrap_or(NOWHERE), position)
        })
        .unzip();
    let ascend = offsets.first() != Some(&NOWHERE) && offsets.is_sorted_by(|a, b| a < b);
    ascend.then_some((offsets, positions))
}

fn sorted(index: &Index) -> (Vec<u64>, Vec<u32>) {
    let all = (0..index.count()).into_par_iter();
    let offset = |position| index.offset(position).unwrap_or(u64::MAX);
    let mut pairs: Vec<(u64, u32)> = all.map(|position| (offset(position), position)).collect();
    pairs.par_sort_unstable();
    pairs.into_par_iter().unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::object::ObjectFormat;
    use proptest::prelude::*;

    /// An index of entries at these offsets, whose names ascend.
    fn index(offsets: &[u32]) -> Index {
        let count = u32::try_from(offsets.len()).expect("few");
        let mut bytes = b"\xfftOc\0\0\0\x02".to_vec();
        bytes.extend([0; 255 * 4]);
        bytes.extend(count.to_be_bytes());
        let names = (0..count).flat_map(|at| [[0xff; 16].as_slice(), &at.to_be_bytes()].concat());
        bytes.extend(names);
        bytes.extend(vec![0; offsets.len() * 4]);
        bytes.extend(offsets.iter().flat_map(|offset| offset.to_be_bytes()));
        bytes.extend([0; 40]);
        Index::new(Bytes::Owned(bytes), ObjectFormat::Sha1).expect("an index")
    }

    fn reverse(positions: &[u32]) -> Vec<u8> {
        let mut bytes = b"RIDX\0\0\0\x01\0\0\0\x01".to_vec();
        bytes.extend(positions.iter().flat_map(|position| position.to_be_bytes()));
        bytes.extend([0; 40]);
        bytes
    }

    proptest! {
        #[test]
        fn an_order_is_that_of_the_offsets_whatever_the_reverse_index_says(
            mut offsets in prop::collection::vec(0u32..2000, 0..60),
            twice in any::<bool>(),
            broken in prop::option::of((0usize..200, any::<u8>())),
        ) {
            if !twice {
                offsets.sort_unstable();
                offsets.dedup();
                // Some order that is not theirs.
                offsets.sort_by_key(|offset| offset.wrapping_mul(2_654_435_761));
            }
            let index = index(&offsets);
            let plain = Order::new(&index, None, 2000);
            let mut bytes = reverse(&plain.positions);
            if let Some((at, byte)) = broken
                && let Some(own) = bytes.get_mut(at)
            {
                *own = byte;
            }
            let reverse = Reverse::from_bytes(bytes);
            let helped = Order::new(&index, Some(&reverse), 2000);
            prop_assert!(plain.offsets.is_sorted());
            prop_assert_eq!(&helped.offsets, &plain.offsets);
            prop_assert_eq!(&helped.positions, &plain.positions);
            prop_assert_eq!(&helped.buckets, &plain.buckets);
            for offset in 0..2000 {
                let last = plain.offsets.iter().rposition(|other| *other == offset);
                prop_assert_eq!(plain.find(offset).map(|at| at as usize), last);
            }
        }
    }

    #[test]
    fn a_reverse_index_of_the_right_order_is_taken_as_it_is() {
        let index = index(&[300, 12, 90]);
        let taken = |positions| told(&index, &Reverse::from_bytes(reverse(positions)));
        assert_eq!(taken(&[1, 2, 0]), Some((vec![12, 90, 300], vec![1, 2, 0])));
        for wrong in [&[0, 1, 2][..], &[1, 1, 0], &[3, 2, 0], &[1, 2, 3], &[1, 2], &[1, 2, 0, 0]] {
            assert_eq!(taken(wrong), None);
        }
    }
}
