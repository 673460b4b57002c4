//! The entries of a tree object.
//!
//! Not here: walking from a tree into its sub-trees.

use super::object::{ObjectFormat, ObjectId};

/// What an entry names, by the type bits of its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Tree,
    /// A file.
    Blob,
    /// A symbolic link: a blob that holds the target.
    Link,
    /// A commit of another repository: a submodule.
    Commit,
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// The mode, as `0o100644`.
    pub mode: u32,
    /// The name: any bytes but NUL; a slash is possible in a hostile tree.
    pub name: &'a [u8],
    /// The name of what it names, raw: most are only looked at, which need no copy.
    pub id: &'a [u8],
}

impl TreeEntry<'_> {
    /// What it names, to keep.
    pub fn id(&self) -> Option<ObjectId> {
        ObjectId::from_bytes(self.id)
    }

    /// What the mode says. git itself takes every unknown type for a submodule.
    pub fn kind(&self) -> EntryKind {
        match self.mode & 0o170_000 {
            0o040_000 => EntryKind::Tree,
            0o100_000 => EntryKind::Blob,
            0o120_000 => EntryKind::Link,
            _ => EntryKind::Commit,
        }
    }
}

/// The entries of a tree, in the tree's order; ends early, with `Err`, where it is damaged.
#[derive(Clone, Debug)]
pub struct TreeEntries<'a> {
    rest: &'a [u8],
    format: ObjectFormat,
}

/// A tree that does not end with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree is damaged")]
pub struct BadTree;

impl<'a> TreeEntries<'a> {
    /// From a tree's content.
    pub fn new(bytes: &'a [u8], format: ObjectFormat) -> Self {
        Self { rest: bytes, format }
    }

    #[inline(always)]
    fn entry(&mut self) -> Option<TreeEntry<'a>> {
        let (mode, rest) = mode(self.rest)?;
        let (name, rest) = rest.split_at_checked(nul(rest)?)?;
        let (id, rest) = rest.get(1..)?.split_at_checked(self.format.name_len())?;
        self.rest = rest;
        Some(TreeEntry { mode, name, id })
    }
}

/// The mode that an entry begins with, and what follows the space behind it.
#[inline(always)]
fn mode(bytes: &[u8]) -> Option<(u32, &[u8])> {
    // A file or a directory, as nearly all are.
    if let Some(rest) = bytes.strip_prefix(b"100644 ") {
        return Some((0o100_644, rest));
    }
    if let Some(rest) = bytes.strip_prefix(b"40000 ") {
        return Some((0o040_000, rest));
    }
    odd_mode(bytes)
}

#[cold]
fn odd_mode(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let end = bytes.iter().take(8).position(|byte| *byte == b' ').filter(|end| *end > 0)?;
    let (digits, rest) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let digit = |mode: u32, digit: &u8| {
        (b'0'..=b'7').contains(digit).then(|| mode << 3 | u32::from(digit - b'0'))
    };
    Some((digits.iter().try_fold(0u32, digit)?, rest))
}

/// Where the first NUL is. File names are short: eight bytes at a time are faster than a call.
#[inline(always)]
fn nul(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    for (at, eight) in bytes.as_chunks::<8>().0.iter().enumerate().take(4) {
        let eight = u64::from_le_bytes(*eight);
        let zeros = eight.wrapping_sub(ONES) & !eight & ONES << 7;
        if zeros != 0 {
            return Some(at * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    memchr::memchr(0, bytes)
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = Result<TreeEntry<'a>, BadTree>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.entry();
        if entry.is_none() {
            self.rest = &[];
        }
        Some(entry.ok_or(BadTree))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_damage_ends_them() {
        let mut tree = b"100644 a b\0".to_vec();
        tree.extend([1; 20]);
        tree.extend(b"40000 d\0");
        tree.extend([2; 20]);
        let whole: Vec<_> = TreeEntries::new(&tree, ObjectFormat::Sha1).collect();
        let kinds: Vec<_> = whole.iter().map(|entry| entry.unwrap().kind()).collect();
        assert_eq!(kinds, [EntryKind::Blob, EntryKind::Tree]);
        assert_eq!(whole[0].unwrap().name, b"a b");
        for cut in 1..tree.len() {
            let last = TreeEntries::new(&tree[..cut], ObjectFormat::Sha1).last();
            assert_eq!(last.unwrap().is_ok(), cut == 31, "cut at {cut}");
        }
    }
}
