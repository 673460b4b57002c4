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
    /// What it names.
    pub id: ObjectId,
}

impl TreeEntry<'_> {
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

    fn entry(&mut self) -> Option<TreeEntry<'a>> {
        let (mode, rest) = self.rest.split_at_checked(memchr::memchr(b' ', self.rest)?)?;
        let rest = rest.get(1..)?;
        let (name, rest) = rest.split_at_checked(memchr::memchr(0, rest)?)?;
        let (id, rest) = rest.get(1..)?.split_at_checked(self.format.name_len())?;
        self.rest = rest;
        if mode.is_empty() || mode.len() > 7 {
            return None;
        }
        let digit = |mode: u32, digit: &u8| {
            (b'0'..=b'7').contains(digit).then(|| mode << 3 | u32::from(digit - b'0'))
        };
        let mode = mode.iter().try_fold(0u32, digit)?;
        Some(TreeEntry { mode, name, id: ObjectId::from_bytes(id)? })
    }
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = Result<TreeEntry<'a>, BadTree>;

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
