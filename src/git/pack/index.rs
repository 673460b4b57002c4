//! The index of a pack (version 2): names in order, CRCs, offsets of 31 or 64 bits.
//!
//! Layout: <https://git-scm.com/docs/pack-format>, "Version 2 pack-*.idx files".

use super::entry::be32;
use crate::git::map::Bytes;
use crate::git::object::ObjectFormat;

const FANOUT: usize = 8;
const NAMES: usize = FANOUT + 256 * 4;
/// An offset with this bit is a position in the table of 64-bit offsets.
const LARGE: u32 = 1 << 31;
/// Numbers above are marks, see `forest`.
const MAX_COUNT: u32 = u32::MAX - 8;

#[derive(Debug)]
pub(super) struct Index {
    bytes: Bytes,
    format: ObjectFormat,
    count: u32,
    crcs: usize,
    offsets: usize,
    large: usize,
    trailer: usize,
}

impl Index {
    /// Checks lengths, header and fan-out table. Offsets are checked where they are used.
    pub(super) fn new(bytes: Bytes, format: ObjectFormat) -> Result<Self, &'static str> {
        if bytes.get(..4) != Some(b"\xfftOc".as_slice()) {
            return Err("it is no index of version 2; `git index-pack` makes a new one");
        }
        if be32(&bytes, 4) != Some(2) {
            return Err("its version is not 2");
        }
        let mut count = 0;
        for bucket in 0..256 {
            let here = be32(&bytes, FANOUT + bucket * 4).ok_or("it is cut off")?;
            if here < count {
                return Err("its fan-out table is not in order");
            }
            count = here;
        }
        if count > MAX_COUNT {
            return Err("it has too many objects");
        }
        let name = format.name_len();
        let objects = count as usize;
        let end = |start: usize, each: usize| {
            objects.checked_mul(each).and_then(|len| start.checked_add(len)).ok_or("it is cut off")
        };
        let crcs = end(NAMES, name)?;
        let offsets = end(crcs, 4)?;
        let large = end(offsets, 4)?;
        let trailer = bytes.len().checked_sub(2 * name).filter(|at| *at >= large);
        let trailer = trailer.ok_or("it is cut off, or of another object format")?;
        if !(trailer - large).is_multiple_of(8) {
            return Err("its length is wrong, or it is of another object format");
        }
        Ok(Self { bytes, format, count, crcs, offsets, large, trailer })
    }

    pub(super) fn format(&self) -> ObjectFormat {
        self.format
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn name(&self, position: u32) -> Option<&[u8]> {
        let len = self.format.name_len();
        let position = (position < self.count).then_some(position as usize)?;
        self.bytes.get(NAMES + position * len..)?.get(..len)
    }

    pub(super) fn crc(&self, position: u32) -> Option<u32> {
        (position < self.count).then(|| be32(&self.bytes, self.crcs + position as usize * 4))?
    }

    pub(super) fn offset(&self, position: u32) -> Option<u64> {
        if position >= self.count {
            return None;
        }
        let small = be32(&self.bytes, self.offsets + position as usize * 4)?;
        if small & LARGE == 0 {
            return Some(small.into());
        }
        let at = self.large + (small & !LARGE) as usize * 8;
        if at + 8 > self.trailer {
            return None;
        }
        Some(u64::from(be32(&self.bytes, at)?) << 32 | u64::from(be32(&self.bytes, at + 4)?))
    }

    /// Position of a name.
    pub(super) fn find(&self, name: &[u8]) -> Option<u32> {
        let first = usize::from(*name.first()?);
        let bound = |bucket: usize| be32(&self.bytes, FANOUT + bucket * 4);
        let (mut low, mut high) = (first.checked_sub(1).map_or(Some(0), bound)?, bound(first)?);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(middle)?.cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The pack's checksum as the index states it.
    pub(super) fn pack_checksum(&self) -> Option<&[u8]> {
        self.bytes.get(self.trailer..)?.get(..self.format.name_len())
    }
}
