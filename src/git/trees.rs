//! What one tree has that others have not.
//!
//! Trees are compared by name from the root down: what has the same name is the same, and is not
//! read. Not here: how alike two contents are.

mod links;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::object::{Kind, ObjectId};
use super::objects::Objects;
use super::pack::{Damage, Reason};
use super::tree::{EntryKind, TreeEntries};

/// Bytes of trees that are kept to be read again.
const KEPT: usize = 64 << 20;
/// Folders within each other; deeper ones are taken for damage.
const DEEPEST: usize = 2048;

/// A file, or the target of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// The path from the root, `/` between the parts.
    pub path: Vec<u8>,
    /// The content.
    pub id: ObjectId,
}

/// A file that none of the trees before has like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path from the root.
    pub path: Vec<u8>,
    /// The content.
    pub id: ObjectId,
    /// What each tree before has at the path.
    pub before: Vec<Option<ObjectId>>,
}

/// An entry, on its own.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

/// The entries of one tree by name.
pub(super) type Folder = BTreeMap<Vec<u8>, Item>;

/// Reads and compares trees, and keeps count of what cannot be read.
#[derive(Debug)]
pub struct Trees<'a> {
    objects: &'a Objects,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    folders: HashMap<ObjectId, Arc<Folder>>,
    size: usize,
    missing: BTreeSet<ObjectId>,
    damages: Vec<Damage>,
}

impl<'a> Trees<'a> {
    /// The trees among `objects`.
    pub fn new(objects: &'a Objects) -> Self {
        Self { objects, state: Mutex::default() }
    }

    /// Trees that were wanted and are not there.
    pub fn missing(&self) -> Vec<ObjectId> {
        self.state().missing.iter().copied().collect()
    }

    /// Trees that were wanted and are damaged.
    pub fn damages(&self) -> Vec<Damage> {
        self.state().damages.clone()
    }

    /// The files of `tree` that none of `parents` has at the same path with the same content.
    pub fn changes(&self, tree: &ObjectId, parents: &[ObjectId]) -> Vec<Change> {
        let mut found = Vec::new();
        let parents: Vec<Option<ObjectId>> = parents.iter().copied().map(Some).collect();
        self.compare(&mut Vec::new(), tree, &parents, &mut found, DEEPEST);
        found
    }

    /// The same for a folder `path` (which ends with `/`).
    pub(super) fn changes_below(
        &self,
        path: &[u8],
        tree: &ObjectId,
        parents: &[Option<ObjectId>],
        found: &mut Vec<Change>,
    ) {
        self.compare(&mut path.to_vec(), tree, parents, found, DEEPEST);
    }

    fn compare(
        &self,
        path: &mut Vec<u8>,
        tree: &ObjectId,
        parents: &[Option<ObjectId>],
        found: &mut Vec<Change>,
        depth: usize,
    ) {
        if parents.contains(&Some(*tree)) {
            return;
        }
        if depth == 0 {
            return self.too_deep(tree);
        }
        let folders: Vec<Option<Arc<Folder>>> =
            parents.iter().map(|parent| Some(self.folder(parent.as_ref()?))).collect();
        for (name, item) in self.folder(tree).iter() {
            let old = |wanted: fn(EntryKind) -> bool| -> Vec<Option<ObjectId>> {
                let at = |folder: &Option<Arc<Folder>>| {
                    let old = folder.as_ref()?.get(name)?;
                    wanted(old.kind).then_some(old.id)
                };
                folders.iter().map(at).collect()
            };
            let length = path.len();
            path.extend_from_slice(name);
            match item.kind {
                EntryKind::Commit => {}
                EntryKind::Tree => {
                    path.push(b'/');
                    let before = old(|kind| kind == EntryKind::Tree);
                    self.compare(path, &item.id, &before, found, depth - 1);
                }
                EntryKind::Blob | EntryKind::Link => {
                    let before = old(is_file);
                    if !before.contains(&Some(item.id)) {
                        found.push(Change { path: path.clone(), id: item.id, before });
                    }
                }
            }
            path.truncate(length);
        }
    }

    /// Notes a tree that is not looked into.
    fn too_deep(&self, tree: &ObjectId) {
        let mut state = self.state();
        if !state.damages.iter().any(|damage| matches!(damage.reason, Reason::Deep { .. })) {
            let reason = Reason::Deep { limit: DEEPEST };
            let named = Arc::from(Path::new(&tree.to_string()));
            let damage = Damage { pack: named, offset: 0, name: Some(*tree), reason };
            state.damages.push(damage);
        }
    }

    /// The files of `old` at whose path `tree` has none.
    pub fn removed(&self, old: &ObjectId, tree: &ObjectId) -> Vec<File> {
        let mut found = Vec::new();
        self.gone(&mut Vec::new(), old, Some(tree), &mut found, DEEPEST);
        found
    }

    /// All files of a tree, their paths below `path` (which is empty or ends with `/`).
    pub(super) fn files_below(&self, path: &[u8], tree: &ObjectId, found: &mut Vec<File>) {
        self.gone(&mut path.to_vec(), tree, None, found, DEEPEST);
    }

    fn gone(
        &self,
        path: &mut Vec<u8>,
        old: &ObjectId,
        tree: Option<&ObjectId>,
        found: &mut Vec<File>,
        depth: usize,
    ) {
        if tree == Some(old) {
            return;
        }
        if depth == 0 {
            return self.too_deep(old);
        }
        let new = tree.map(|tree| self.folder(tree));
        for (name, item) in self.folder(old).iter() {
            let other = new.as_ref().and_then(|folder| folder.get(name));
            let length = path.len();
            path.extend_from_slice(name);
            match item.kind {
                EntryKind::Commit => {}
                EntryKind::Tree => {
                    path.push(b'/');
                    let other = other.filter(|other| other.kind == EntryKind::Tree);
                    self.gone(path, &item.id, other.map(|o| &o.id), found, depth - 1);
                }
                EntryKind::Blob | EntryKind::Link => {
                    if !other.is_some_and(|other| is_file(other.kind)) {
                        found.push(File { path: path.clone(), id: item.id });
                    }
                }
            }
            path.truncate(length);
        }
    }

    /// The file that a tree has at a path.
    pub fn file(&self, tree: &ObjectId, path: &[u8]) -> Option<ObjectId> {
        let mut at = *tree;
        let mut parts = path.split(|byte| *byte == b'/').peekable();
        while let Some(name) = parts.next() {
            let folder = self.folder(&at);
            let item = folder.get(name)?;
            match (item.kind, parts.peek()) {
                (EntryKind::Tree, Some(_)) => at = item.id,
                (kind, None) if is_file(kind) => return Some(item.id),
                _ => return None,
            }
        }
        None
    }

    /// The entries of a tree; none if it cannot be read, which is noted.
    pub(super) fn folder(&self, id: &ObjectId) -> Arc<Folder> {
        if let Some(folder) = self.state().folders.get(id) {
            return Arc::clone(folder);
        }
        let read = self.objects.read_as(id, Kind::Tree);
        let mut state = self.state();
        let mut folder = Folder::new();
        let mut size = 0;
        match read {
            Ok(Some(bytes)) => {
                size = 3 * bytes.len();
                for entry in TreeEntries::new(&bytes, self.objects.format()) {
                    match entry.ok().and_then(|entry| Some((entry, entry.id()?))) {
                        Some((entry, id)) => {
                            let item = Item { kind: entry.kind(), id };
                            folder.insert(entry.name.to_vec(), item);
                        }
                        // A tree that ends in the middle of an entry is as good as missing.
                        None => drop(state.missing.insert(*id)),
                    }
                }
            }
            // git knows the empty tree whether or not it is there.
            Ok(None) if is_empty_tree(id) => {}
            Ok(None) => drop(state.missing.insert(*id)),
            Err(damage) => state.damages.push(damage),
        }
        let folder = Arc::new(folder);
        if state.size + size > KEPT {
            state.folders.clear();
            state.size = 0;
        }
        state.size += size;
        state.folders.insert(*id, Arc::clone(&folder));
        folder
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn is_file(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Blob | EntryKind::Link)
}

fn is_empty_tree(id: &ObjectId) -> bool {
    const NAMES: [&[u8]; 2] = [
        b"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        b"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    ];
    NAMES.iter().any(|name| ObjectId::from_hex(name).as_ref() == Some(id))
}
