//! How much may be unpacked, and the readers that enforce it.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use libdeflater::Crc;

use super::problem::{Limit, ProblemKind};

/// What a visit may cost. A bomb ends at the first of these that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers within containers, the outermost included; more than 64 count as 64.
    pub depth: u32,
    /// Bytes of one member: what is held in memory for each level.
    pub member_bytes: u64,
    /// Bytes of all members of a top-level container, and also of all that is unpacked on the way.
    pub total_bytes: u64,
    /// Bytes out for a byte in, from 16 MiB on.
    pub ratio: u64,
    /// Number of entries that are opened.
    pub members: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            member_bytes: 256 << 20,
            total_bytes: 1 << 30,
            ratio: 1000,
            members: 100_000,
        }
    }
}

/// Below this, a ratio says nothing: a file of blanks is no bomb.
pub(super) const RATIO_FROM: u64 = 16 << 20;

/// What a decoder makes between two looks at the ratio.
const AT_ONCE: usize = 1 << 20;

/// A count that a reader and its owner share.
pub(super) type Count = Rc<Cell<u64>>;

/// Counts what is consumed.
pub(super) struct Counted<R> {
    inner: R,
    count: Count,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R, count: Count) -> Self {
        Self { inner, count }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get().saturating_add(read as u64));
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count.set(self.count.get().saturating_add(amount as u64));
        self.inner.consume(amount);
    }
}

/// Ends a decoder's output at the limits of total size and of ratio.
pub(super) struct Guard<D> {
    pub(super) decoder: D,
    /// Compressed bytes taken by this decoder.
    pub(super) taken: Count,
    /// Decompressed bytes made by this decoder.
    pub(super) made: u64,
    /// Their checksum, where the decoder does not look at one.
    pub(super) sum: Option<Crc>,
    /// Decompressed bytes made by all.
    pub(super) spent: Count,
    pub(super) total: u64,
    pub(super) ratio: u64,
    pub(super) ratio_from: u64,
}

/// What a container says of content that is packed in it.
#[derive(Clone, Copy)]
pub(super) struct Stated {
    pub(super) size: u64,
    pub(super) crc: u32,
}

impl<D> Guard<D> {
    /// Whether all that there should be was made, and is something else.
    pub(super) fn contradicts(&self, stated: Stated) -> bool {
        let differs = |sum: &Crc| sum.sum() != stated.crc;
        self.made == stated.size && self.sum.as_ref().is_some_and(differs)
    }
}

impl<D: Read> Read for Guard<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.made > self.ratio_from && self.made / self.taken.get().max(1) > self.ratio {
            return Err(ProblemKind::LimitReached(Limit::Ratio(self.ratio)).into_io());
        }
        let left = self.total.saturating_sub(self.spent.get());
        // With nothing left, one byte more tells an end from an excess.
        let room =
            usize::try_from(left.max(1)).unwrap_or(usize::MAX).min(buffer.len()).min(AT_ONCE);
        let read = self.decoder.read(buffer.get_mut(..room).unwrap_or_default())?;
        if read as u64 > left {
            return Err(ProblemKind::LimitReached(Limit::Total(self.total)).into_io());
        }
        self.made += read as u64;
        if let Some(sum) = &mut self.sum {
            sum.update(buffer.get(..read).unwrap_or_default());
        }
        self.spent.set(self.spent.get().saturating_add(read as u64));
        Ok(read)
    }
}
