//! Packs, read directly: the index, the entries and the forest that the deltas make of them.
//!
//! A [`Pack`] is checked in the large when it is opened (headers, lengths, every entry's header and
//! base); what is wrong with single entries is kept in [`Pack::damages`] and costs only them and
//! what is built on them. Bytes are inflated later, by [`crate::git::traversal`] for all objects or
//! [`Pack::read`] for one. Memory is some 50 bytes an entry; the files are mapped, and what was read
//! of the pack is let go of again.
//!
//! Not here: which packs a repository has, and objects outside of packs.

mod bases;
mod entry;
mod error;
mod forest;
mod index;
mod order;
mod reverse;
mod volume;

use std::path::Path;
use std::sync::Arc;

use sha2::Digest;

use super::damages::Damages;
use super::delta::Delta;
use super::heads::{Heads, head};
use super::inflate::{Inflater, ROOM, plausible};
use super::map::{Bytes, RELEASED};
use super::object::{Kind, ObjectFormat, ObjectId};
pub use bases::{Bases, NoBases};
use entry::{Form, Header};
pub use error::{Damage, PackError, Reason};
use forest::Forest;
use index::Index;
use order::Order;
use reverse::Reverse;
pub(crate) use volume::Volume;

const HEADER_LEN: usize = 12;

/// Deltas that are looked at ahead: those behind them would be far again when they are read.
const FETCHED: usize = 8;

/// Bytes that are mapped with one that is looked at, for the count of what is resident.
const NEIGHBOURS: u64 = 64 << 10;

/// The names that an index has, in order.
fn names(index: &Index) -> impl Iterator<Item = &[u8]> {
    (0..index.count()).filter_map(|position| index.name(position))
}

/// Whether a pack's bytes up to `end` have the checksum that follows.
fn sums_up(bytes: &[u8], end: usize, format: ObjectFormat) -> bool {
    let (Some(content), Some(stated)) = (bytes.get(..end), bytes.get(end..)) else { return false };
    match format {
        ObjectFormat::Sha1 => *sha1::Sha1::digest(content) == *stated,
        ObjectFormat::Sha256 => *sha2::Sha256::digest(content) == *stated,
    }
}

/// How an entry is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The whole object.
    Full(Kind),
    /// A delta to another entry of this pack.
    Delta {
        /// Number of the base.
        base: u32,
    },
    /// A delta to an object that this pack does not have.
    Thin,
    /// Nothing that can be read: [`Pack::damages`] has the reason.
    Broken,
}

/// One pack and its index. Entries are numbered in order of their offsets.
#[derive(Debug)]
pub struct Pack {
    path: Arc<Path>,
    bytes: Bytes,
    index: Index,
    heads: Heads,
    forest: Forest,
    damages: Damages,
}

impl Pack {
    /// Maps `name.pack` and the `name.idx` beside it.
    pub fn open(path: &Path, format: ObjectFormat) -> Result<Self, PackError> {
        let index_path = path.with_extension("idx");
        let read = |path: &Path| {
            Bytes::map(path).map_err(|source| PackError::Read { path: path.into(), source })
        };
        if !index_path.exists() {
            return Err(PackError::NoIndex { path: path.into() });
        }
        Self::new(path, read(path)?, read(&index_path)?, Reverse::beside(path), format)
    }

    /// From memory: for tests and fuzzing. `path` is what errors call it.
    pub fn from_bytes(
        path: &Path,
        pack: Vec<u8>,
        index: Vec<u8>,
        format: ObjectFormat,
    ) -> Result<Self, PackError> {
        Self::new(path, Bytes::Owned(pack), Bytes::Owned(index), None, format)
    }

    fn new(
        path: &Path,
        bytes: Bytes,
        index: Bytes,
        reverse: Option<Reverse>,
        format: ObjectFormat,
    ) -> Result<Self, PackError> {
        let bad = |problem: &'static str| PackError::Bad { path: path.into(), problem };
        let index = Index::new(index, format)
            .map_err(|problem| PackError::Bad { path: path.with_extension("idx"), problem })?;
        let magic = bytes.get(..4).ok_or_else(|| bad("it is cut off in its header"))?;
        if magic != b"PACK" {
            return Err(bad("it does not begin with PACK"));
        }
        if !matches!(entry::be32(&bytes, 4), Some(2 | 3)) {
            return Err(bad("its version is neither 2 nor 3"));
        }
        let count = entry::be32(&bytes, 8).ok_or_else(|| bad("it is cut off in its header"))?;
        let end = bytes.len().checked_sub(format.name_len()).filter(|end| *end >= HEADER_LEN);
        let end = end.ok_or_else(|| bad("it is cut off in its header"))?;
        let path: Arc<Path> = path.into();
        let order = Order::new(&index, reverse.as_ref(), end);
        let (bases, mut damages) = order.bases(&bytes, end, &index, &path);
        let (forest, heads) = rayon::join(
            || Forest::new(&order, bases, end, (&index, &path), &mut damages),
            || Heads::new(names(&index).map(head).collect()),
        );
        if count != index.count() || bytes.get(end..) != index.pack_checksum() {
            let reason = Reason::Mismatch { pack_objects: count, index_objects: index.count() };
            damages.add(Damage { pack: path.clone(), offset: 0, name: None, reason });
        }
        if !index.has_crcs() && !sums_up(&bytes, end, format) {
            let reason = Reason::Sum;
            damages.add(Damage { pack: path.clone(), offset: 0, name: None, reason });
        }
        // The headers are read; what is read next begins elsewhere.
        bytes.release();
        Ok(Self { path, bytes, index, heads, forest, damages })
    }

    /// Counts bytes of entries that were read: see [`Bytes::count_read`].
    pub(crate) fn count_read(&self, bytes: u64, released: u64) {
        self.bytes.count_read(bytes, released);
    }

    /// Gives the memory back that reading it has taken: see [`Bytes::release`].
    pub(crate) fn release(&self) {
        self.bytes.release();
    }

    /// The file.
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// The hash function of its names.
    pub fn format(&self) -> ObjectFormat {
        self.index.format()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.forest.len()
    }

    /// Whether it has no entry, as the packs that mark a boundary.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the pack file.
    pub fn file_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The checksum at the end of the pack, which tells it from all others.
    pub fn checksum(&self) -> &[u8] {
        self.bytes.get(self.bytes.len() - self.format().name_len()..).unwrap_or_default()
    }

    /// What is wrong with it that was seen without inflating anything.
    pub fn damages(&self) -> &Damages {
        &self.damages
    }

    /// Name of the entry with this number.
    pub fn name(&self, entry: u32) -> Option<&[u8]> {
        self.index.name(self.forest.position(entry)?)
    }

    /// The names of all entries, as far as they are told apart by their heads.
    pub(crate) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Offset of the entry with this number.
    pub fn offset(&self, entry: u32) -> Option<u64> {
        self.forest.offset(entry)
    }

    /// Number of the entry with this name.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        self.forest.entry_at(self.index.offset(self.index.find(name)?)?)
    }

    /// How an entry is stored.
    pub(crate) fn stored(&self, entry: u32) -> Stored {
        self.forest.stored(entry)
    }

    /// The deltas that are built on this entry, the one that carries most of them last: a range of
    /// slots for [`Pack::child`].
    pub(crate) fn children(&self, entry: u32) -> std::ops::Range<u32> {
        self.forest.children(entry)
    }

    /// The entry in a slot of [`Pack::children`].
    pub(crate) fn child(&self, slot: u32) -> Option<u32> {
        self.forest.child(slot)
    }

    /// Looks at where the first deltas in some slots are, so that they are near when they are read:
    /// they are all over the pack, and this way the waits for memory are one.
    pub(crate) fn fetch(&self, slots: std::ops::Range<u32>) {
        let first = |slot| {
            let offset = self.forest.offset(self.child(slot)?)?;
            let at = usize::try_from(offset).ok()?;
            self.bytes.get(at).copied()
        };
        let sum = slots.take(FETCHED).filter_map(first).fold(0u8, |sum, byte| sum ^ byte);
        std::hint::black_box(sum);
    }

    /// How many objects hang on this entry, itself included.
    pub(crate) fn weight(&self, entry: u32) -> u32 {
        self.forest.weight(entry)
    }

    /// A damage of this pack.
    pub(crate) fn report(&self, entry: u32, reason: Reason) -> Damage {
        Damage {
            pack: self.path.clone(),
            offset: self.offset(entry).unwrap_or_default(),
            name: self.name(entry).and_then(ObjectId::from_bytes),
            reason,
        }
    }

    /// Inflated size of an entry (of the delta, if it is one) and its compressed bytes.
    pub(crate) fn entry(&self, entry: u32) -> Result<Packed<'_>, Reason> {
        let start = self.forest.offset(entry).and_then(|offset| usize::try_from(offset).ok());
        let start = start.ok_or(Reason::Offset)?;
        let raw = self.bytes.get(start..self.forest.end(entry)).ok_or(Reason::Offset)?;
        let header = Header::parse(raw, self.format().name_len())?;
        let data = raw.get(header.len..).ok_or(Reason::Header)?;
        if !plausible(header.size, data.len()) {
            return Err(Reason::Implausible { stated: header.size });
        }
        let base = match header.form {
            Form::Name(name) => Some(name),
            Form::Full(_) | Form::Offset(_) => None,
        };
        let roomy = self.bytes.get(start + header.len..).unwrap_or_default();
        let roomy = roomy.get(..data.len() + ROOM).unwrap_or(roomy);
        Ok(Packed { entry, size: header.size, data, roomy, raw, base })
    }

    /// Whether an entry's raw bytes are what the index says of them.
    pub(crate) fn intact(&self, packed: &Packed<'_>) -> bool {
        let stated = self.forest.crc(packed.entry);
        stated.is_none_or(|stated| stated == libdeflater::crc32(packed.raw))
    }

    /// Rebuilds one object: from its root, or from what `bases` has for a base that is not in
    /// this pack. No object on the way may have more than `limit` bytes.
    pub fn read(
        &self,
        entry: u32,
        limit: u64,
        bases: &dyn Bases,
    ) -> Result<(Kind, Vec<u8>), Damage> {
        let (chain, root) = self.chain(entry).map_err(|reason| self.report(entry, reason))?;
        let mut inflater = Inflater::new();
        let mut whole = |packed: &Packed<'_>, at: u32| {
            let mut out = vec![0; packed.size_within(limit).map_err(|r| self.report(at, r))?];
            inflater.inflate(packed.data, &mut out).map_err(|r| self.report(at, r))?;
            Ok(out)
        };
        let packed = |at| {
            // A page brings its neighbours along.
            self.count_read(NEIGHBOURS, RELEASED);
            self.entry(at).map_err(|reason| self.report(at, reason))
        };
        let first = packed(root)?;
        let (kind, mut bytes) = match (self.stored(root), first.base) {
            (Stored::Full(kind), _) => (kind, whole(&first, root)?),
            (Stored::Thin, Some(base)) => {
                bases.base(base).ok_or_else(|| self.report(root, Reason::missing_base(base)))?
            }
            _ => return Err(self.report(root, Reason::Base)),
        };
        for &at in chain.iter().rev() {
            let delta = whole(&packed(at)?, at)?;
            let delta = Delta::parse(&delta, bytes.len());
            let delta = delta.map_err(|e| self.report(at, e.into()))?;
            let len = within(delta.result_len() as u64, limit);
            let mut out = vec![0; len.map_err(|reason| self.report(at, reason))?];
            delta.apply(&bytes, &mut out).ok_or_else(|| self.report(at, Reason::Base))?;
            bytes = out;
        }
        Ok((kind, bytes))
    }

    /// The deltas from an entry down to its root, and the root; a thin delta is both.
    pub(crate) fn chain(&self, entry: u32) -> Result<(Vec<u32>, u32), Reason> {
        let (mut chain, mut at) = (Vec::new(), entry);
        loop {
            match self.stored(at) {
                Stored::Full(_) => return Ok((chain, at)),
                Stored::Broken => return Err(Reason::Base),
                Stored::Thin => {
                    chain.push(at);
                    return Ok((chain, at));
                }
                Stored::Delta { base } => {
                    chain.push(at);
                    at = base;
                }
            }
            if chain.len() > self.len() {
                return Err(Reason::Cycle);
            }
        }
    }
}

/// An entry as it is in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed<'a> {
    entry: u32,
    /// Inflated size.
    pub(crate) size: u64,
    /// The zlib stream.
    pub(crate) data: &'a [u8],
    /// The same, and some of what follows.
    roomy: &'a [u8],
    raw: &'a [u8],
    /// Name of the base, if the entry has one.
    pub(crate) base: Option<&'a [u8]>,
}

impl Packed<'_> {
    /// Bytes in the file, the header included.
    pub(crate) fn raw_len(&self) -> u64 {
        self.raw.len() as u64
    }

    /// The zlib stream with some of what follows it, and where it must end.
    pub(crate) fn with_room(&self) -> (&[u8], usize) {
        (self.roomy, self.data.len())
    }

    /// The inflated size, if memory may be taken for it.
    pub(crate) fn size_within(&self, limit: u64) -> Result<usize, Reason> {
        within(self.size, limit)
    }
}

/// `size` as a length, if it is within `limit`.
pub(crate) fn within(size: u64, limit: u64) -> Result<usize, Reason> {
    usize::try_from(size).ok().filter(|_| size <= limit).ok_or(Reason::TooLarge { size, limit })
}
