//! The reverse index of a pack (`.rev`): the positions of the index in order of the offsets.
//!
//! git writes it beside each pack since version 2.41. It says nothing that the index does not, so
//! whoever reads it must see that what it says is so, and can do without.
//!
//! Layout: <https://git-scm.com/docs/pack-format>, "pack-*.rev files".

use std::path::Path;

use super::entry::be32;
use super::index::Index;
use crate::git::map::Bytes;

const POSITIONS: usize = 12;

#[derive(Debug)]
pub(super) struct Reverse(Bytes);

impl Reverse {
    /// The file beside a pack, if there is one that can be read.
    pub(super) fn beside(pack: &Path) -> Option<Self> {
        Bytes::map(&pack.with_extension("rev")).ok().map(Self)
    }

    /// From memory: for tests.
    #[cfg(test)]
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Bytes::Owned(bytes))
    }

    /// The position in the index of each entry, in order of their offsets; nothing if the file is of
    /// another layout or length.
    pub(super) fn positions(&self, index: &Index) -> Option<&[[u8; 4]]> {
        let known = self.0.get(..4)? == b"RIDX" && be32(&self.0, 4)? == 1;
        let len = (index.count() as usize).checked_mul(4)?;
        let trailer = 2 * index.format().name_len();
        let positions = self.0.get(POSITIONS..)?.get(..len)?;
        (known && self.0.len() == POSITIONS + len + trailer).then_some(positions.as_chunks().0)
    }
}
