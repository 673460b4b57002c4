//! The cache tree of an index: the tree objects that its entries would make, where git has them.
//!
//! A folder whose tree HEAD has too is as it is in HEAD, so that nothing below it need be looked at.

use crate::git::object::ObjectId;

/// Folders within each other that are believed.
const DEEPEST: usize = 512;

/// One folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedTree {
    /// Its name in the folder above; empty for the root.
    pub name: Vec<u8>,
    /// Its tree; none where an entry has changed since git last wrote it.
    pub id: Option<ObjectId>,
    /// The folders in it that git has noted.
    pub below: Vec<CachedTree>,
}

impl CachedTree {
    /// Reads the extension `TREE`; none if it is damaged: it only saves work.
    pub(super) fn parse(data: &[u8], name_length: usize) -> Option<Self> {
        let mut rest = data;
        Self::node(&mut rest, name_length, DEEPEST)
    }

    fn node(rest: &mut &[u8], name_length: usize, depth: usize) -> Option<Self> {
        let name = until(rest, 0)?.to_vec();
        let entries = number(until(rest, b' ')?)?;
        let folders = number(until(rest, b'\n')?)?;
        let mut id = None;
        if entries >= 0 {
            let (bytes, tail) = rest.split_at_checked(name_length)?;
            (id, *rest) = (ObjectId::from_bytes(bytes), tail);
        }
        let depth = depth.checked_sub(1)?;
        let below = (0..folders).map(|_| Self::node(rest, name_length, depth));
        Some(Self { name, id, below: below.collect::<Option<_>>()? })
    }

    /// The folder of a name in this one.
    pub fn folder(&self, name: &[u8]) -> Option<&Self> {
        self.below.iter().find(|tree| tree.name == name)
    }
}

fn until<'a>(rest: &mut &'a [u8], end: u8) -> Option<&'a [u8]> {
    let at = memchr::memchr(end, rest)?;
    let (word, tail) = rest.split_at_checked(at)?;
    *rest = tail.get(1..)?;
    Some(word)
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
