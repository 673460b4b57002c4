//! Paths of a tree that lead through symbolic links, as they would in a work tree.
//!
//! Not here: where a link leads outside of the tree. Nothing there is git's.

use std::collections::VecDeque;

use super::{File, Trees, is_file};
use crate::git::object::{Kind, ObjectId};
use crate::git::tree::EntryKind;

/// Links on one way; systems follow as many.
const MOST: usize = 40;

impl Trees<'_> {
    /// The file that a path leads to, links followed within the tree, and where it lies itself.
    pub fn followed(&self, tree: &ObjectId, path: &[u8]) -> Option<File> {
        let mut ahead: VecDeque<Vec<u8>> = parts(path).collect();
        let mut folders = vec![*tree];
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut links = MOST;
        while let Some(name) = ahead.pop_front() {
            if name.is_empty() || name == b"." {
                continue;
            }
            if name == b".." {
                names.pop()?;
                folders.pop();
                continue;
            }
            let folder = self.folder(folders.last()?);
            let item = folder.get(&name)?;
            match item.kind {
                EntryKind::Tree => {
                    folders.push(item.id);
                    names.push(name);
                }
                EntryKind::Blob => {
                    names.push(name);
                    return ahead.is_empty().then(|| File { path: names.join(&b'/'), id: item.id });
                }
                EntryKind::Link => {
                    links = links.checked_sub(1)?;
                    let target = self.objects.read_as(&item.id, Kind::Blob).ok().flatten()?;
                    if target.starts_with(b"/") {
                        return None;
                    }
                    parts(&target).rev().for_each(|part| ahead.push_front(part));
                }
                EntryKind::Commit => return None,
            }
        }
        None
    }

    /// Whether a tree has a file or a link at a path, wherever that leads.
    pub fn has_file(&self, tree: &ObjectId, path: &[u8]) -> bool {
        let mut at = *tree;
        let mut names = path.split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            match self.folder(&at).get(name) {
                Some(item) if item.kind == EntryKind::Tree => at = item.id,
                Some(item) => return names.peek().is_none() && is_file(item.kind),
                None => return false,
            }
        }
        false
    }

    /// Whether a tree says what is at a path: it has a file there, or a link, a file or another
    /// repository on the way.
    pub fn decides(&self, tree: &ObjectId, path: &[u8]) -> bool {
        let mut at = *tree;
        for name in path.split(|byte| *byte == b'/') {
            match self.folder(&at).get(name) {
                Some(item) if item.kind == EntryKind::Tree => at = item.id,
                other => return other.is_some(),
            }
        }
        false
    }
}

fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    path.split(|byte| *byte == b'/').map(<[u8]>::to_vec)
}
