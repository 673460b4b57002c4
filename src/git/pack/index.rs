//! The index of a pack: names in order, offsets, and in version 2 CRCs.
//!
//! Version 2 has a table of each, and offsets of 31 or 64 bits; version 1, which git has not written
//! by default since 2008 and still reads, has pairs of an offset of 32 bits and a name.
//!
//! Layout: <https://git-scm.com/docs/pack-format>, "Version 1 pack-*.idx files" and "Version 2".

use super::entry::be32;
use crate::git::map::Bytes;
use crate::git::object::ObjectFormat;

/// What an index of version 2 and later begins with: no fan-out table does.
const MAGIC: &[u8] = b"\xfftOc";
/// Magic and version.
const HEADER: usize = 8;
/// The fan-out table.
const FANOUT: usize = 256 * 4;
/// An offset of version 2 with this bit is a position in the table of 64-bit offsets.
const LARGE: u32 = 1 << 31;
/// Numbers above are marks, see `forest`.
const MAX_COUNT: u32 = u32::MAX - 8;

#[derive(Debug)]
pub(super) struct Index {
    bytes: Bytes,
    format: ObjectFormat,
    count: u32,
    fanout: usize,
    names: Column,
    crcs: Option<Column>,
    offsets: Column,
    /// Where the 64-bit offsets are; none: all have 32 bits.
    large: Option<usize>,
    trailer: usize,
}

/// Where one thing stands for each object.
#[derive(Clone, Copy, Debug)]
struct Column {
    start: usize,
    /// From one to the next.
    step: usize,
}

impl Column {
    fn at(self, position: u32) -> usize {
        self.start + position as usize * self.step
    }
}

impl Index {
    /// Checks lengths, header and fan-out table. Offsets are checked where they are used.
    pub(super) fn new(bytes: Bytes, format: ObjectFormat) -> Result<Self, &'static str> {
        if bytes.get(..4) != Some(MAGIC) {
            return Self::version_1(bytes, format);
        }
        if be32(&bytes, 4) != Some(2) {
            return Err("its version is neither 1 nor 2; `git index-pack` makes a new one");
        }
        let count = count(&bytes, HEADER)?;
        let start = HEADER + FANOUT;
        let name = format.name_len();
        let crcs = end(start, count, name)?;
        let offsets = end(crcs, count, 4)?;
        let large = end(offsets, count, 4)?;
        let trailer = trailer(&bytes, format, large)?;
        if !(trailer - large).is_multiple_of(8) {
            return Err("its length is wrong, or it is of another object format");
        }
        Ok(Self {
            bytes,
            format,
            count,
            fanout: HEADER,
            names: Column { start, step: name },
            crcs: Some(Column { start: crcs, step: 4 }),
            offsets: Column { start: offsets, step: 4 },
            large: Some(large),
            trailer,
        })
    }

    fn version_1(bytes: Bytes, format: ObjectFormat) -> Result<Self, &'static str> {
        let count = count(&bytes, 0)?;
        let step = 4 + format.name_len();
        let end = end(FANOUT, count, step)?;
        let trailer = trailer(&bytes, format, end)?;
        if trailer != end {
            return Err("its length is wrong, or it is of another object format");
        }
        Ok(Self {
            bytes,
            format,
            count,
            fanout: 0,
            names: Column { start: FANOUT + 4, step },
            crcs: None,
            offsets: Column { start: FANOUT, step },
            large: None,
            trailer,
        })
    }

    pub(super) fn format(&self) -> ObjectFormat {
        self.format
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn name(&self, position: u32) -> Option<&[u8]> {
        let position = (position < self.count).then_some(position)?;
        self.bytes.get(self.names.at(position)..)?.get(..self.format.name_len())
    }

    /// The checksum of an entry's bytes; version 1 has none.
    pub(super) fn crc(&self, position: u32) -> Option<u32> {
        let position = (position < self.count).then_some(position)?;
        be32(&self.bytes, self.crcs?.at(position))
    }

    /// Whether there are checksums of entries.
    pub(super) fn has_crcs(&self) -> bool {
        self.crcs.is_some()
    }

    pub(super) fn offset(&self, position: u32) -> Option<u64> {
        if position >= self.count {
            return None;
        }
        let small = be32(&self.bytes, self.offsets.at(position))?;
        let Some(large) = self.large.filter(|_| small & LARGE != 0) else {
            return Some(small.into());
        };
        let at = large + (small & !LARGE) as usize * 8;
        if at + 8 > self.trailer {
            return None;
        }
        Some(u64::from(be32(&self.bytes, at)?) << 32 | u64::from(be32(&self.bytes, at + 4)?))
    }

    /// Position of a name.
    pub(super) fn find(&self, name: &[u8]) -> Option<u32> {
        let first = usize::from(*name.first()?);
        let bound = |bucket: usize| be32(&self.bytes, self.fanout + bucket * 4);
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

/// The number of objects, from the fan-out table at `fanout`.
fn count(bytes: &[u8], fanout: usize) -> Result<u32, &'static str> {
    let mut count = 0;
    for bucket in 0..256 {
        let here = be32(bytes, fanout + bucket * 4).ok_or("it is cut off")?;
        if here < count {
            return Err("its fan-out table is not in order");
        }
        count = here;
    }
    if count > MAX_COUNT {
        return Err("it has too many objects");
    }
    Ok(count)
}

/// Where a table of `count` parts ends, each of `each` bytes.
fn end(start: usize, count: u32, each: usize) -> Result<usize, &'static str> {
    let len = (count as usize).checked_mul(each);
    len.and_then(|len| start.checked_add(len)).ok_or("it is cut off")
}

/// Where the two checksums at the end begin: not before `tables`.
fn trailer(bytes: &[u8], format: ObjectFormat, tables: usize) -> Result<usize, &'static str> {
    let trailer = bytes.len().checked_sub(2 * format.name_len()).filter(|at| *at >= tables);
    trailer.ok_or("it is cut off, or of another object format")
}
