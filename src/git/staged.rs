//! What an index holds that the tree of HEAD does not: what the next commit would change.
//!
//! Where the cache tree of the index names a tree that HEAD has too, nothing is compared. Not here:
//! the work tree, and what the contents are.

use super::index::{CachedTree, Entry, Index, MODE_TYPE};
use super::object::ObjectId;
use super::tree::EntryKind;
use super::trees::{Change, File, Folder, Trees, is_file};

/// The mode of a folder of a sparse index.
const FOLDER: u32 = 0o040_000;

/// The differences, by path.
#[derive(Debug, Default)]
pub struct Staged {
    /// Files that HEAD has not, or not like this. In a conflict, ours and theirs.
    pub changes: Vec<Change>,
    /// Files of HEAD that the next commit would not have.
    pub removed: Vec<File>,
}

/// Compares an index with the tree of HEAD; without one, everything is new.
pub fn staged(index: &Index, head: Option<&ObjectId>, trees: &Trees<'_>) -> Staged {
    let mut compare = Compare { trees, found: Staged::default() };
    compare.folder(&mut Vec::new(), &index.entries, head, index.trees.as_ref());
    compare.found
}

struct Compare<'a> {
    trees: &'a Trees<'a>,
    found: Staged,
}

impl Compare<'_> {
    /// `entries` are those whose path begins with `path`, which is empty or ends with `/`.
    fn folder(
        &mut self,
        path: &mut Vec<u8>,
        entries: &[Entry],
        head: Option<&ObjectId>,
        cached: Option<&CachedTree>,
    ) {
        let known = cached.and_then(|tree| tree.id.as_ref());
        if known.is_some() && known == head {
            return;
        }
        let old = head.map(|head| self.trees.folder(head));
        let mut rest = entries;
        while let Some(first) = rest.first() {
            let inner = first.path.get(path.len()..).unwrap_or_default();
            let name = inner.split(|byte| *byte == b'/').next().unwrap_or_default();
            let old = old.as_ref().and_then(|folder| folder.get(name));
            let length = path.len();
            if name.len() == inner.len() {
                self.file(first, old.filter(|old| is_file(old.kind)).map(|old| old.id));
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            path.extend_from_slice(name);
            path.push(b'/');
            let old = old.filter(|old| old.kind == EntryKind::Tree).map(|old| old.id);
            if inner.len() == name.len() + 1 && first.mode & MODE_TYPE == FOLDER {
                self.sparse(path, first, old);
                rest = rest.get(1..).unwrap_or_default();
            } else {
                let end = rest.partition_point(|entry| entry.path.starts_with(path));
                let (inside, after) = rest.split_at_checked(end.max(1)).unwrap_or((rest, &[]));
                let cached = cached.and_then(|tree| tree.folder(name));
                self.folder(path, inside, old.as_ref(), cached);
                rest = after;
            }
            path.truncate(length);
        }
        if let Some(old) = old {
            self.removed(path, &old, entries);
        }
    }

    fn file(&mut self, entry: &Entry, old: Option<ObjectId>) {
        if entry.is_submodule() || entry.intent_to_add {
            return;
        }
        // The common ancestor of a conflict is nobody's wish.
        if entry.stage != 1 && old != Some(entry.id) {
            let change = Change { path: entry.path.clone(), id: entry.id, before: vec![old] };
            self.found.changes.push(change);
        }
    }

    fn sparse(&mut self, path: &[u8], entry: &Entry, old: Option<ObjectId>) {
        if old == Some(entry.id) {
            return;
        }
        self.trees.changes_below(path, &entry.id, &[old], &mut self.found.changes);
        if let Some(old) = old {
            self.found.removed.extend(
                self.trees
                    .removed(&old, &entry.id)
                    .into_iter()
                    .map(|file| File { path: [path, file.path.as_slice()].concat(), ..file }),
            );
        }
    }

    /// Notes what HEAD has in a folder and the index has not.
    fn removed(&mut self, path: &[u8], old: &Folder, entries: &[Entry]) {
        for (name, item) in old {
            let whole = [path, name.as_slice()].concat();
            let below = [whole.as_slice(), b"/"].concat();
            let has = |prefix: &[u8], exact: bool| {
                let at = entries.partition_point(|entry| entry.path.as_slice() < prefix);
                entries.get(at).is_some_and(|entry| {
                    if exact { entry.path == prefix } else { entry.path.starts_with(prefix) }
                })
            };
            match item.kind {
                EntryKind::Commit => {}
                EntryKind::Tree if !has(&below, false) => {
                    self.trees.files_below(&below, &item.id, &mut self.found.removed);
                }
                EntryKind::Tree => {}
                EntryKind::Blob | EntryKind::Link => {
                    if !has(&whole, true) {
                        self.found.removed.push(File { path: whole, id: item.id });
                    }
                }
            }
        }
    }
}
