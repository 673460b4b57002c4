//! The commits of other repositories that HEAD's tree names: that is what makes a submodule, whether
//! or not `.gitmodules` tells of it.
//!
//! Not here: where those repositories are.

use std::collections::HashSet;

use crate::git::commit::Commit;
use crate::git::object::{Kind, ObjectFormat, ObjectId};
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::{EntryKind, TreeEntries};
use crate::source::shown_path;

/// Folders within each other; deeper ones are taken for damage.
const DEEPEST: usize = 2048;
/// Submodules that are told apart: a small tree can name one under millions of paths.
const MOST: usize = 10_000;
/// Bytes of a path; no system opens longer ones.
const LONGEST: usize = 4096;

/// What HEAD's tree names.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Paths, `/` between the parts.
    pub(super) paths: Vec<String>,
    /// Whether there may be more.
    pub(super) cut: bool,
}

/// Reads HEAD's tree; nothing before the first commit.
pub(super) fn of_head(repository: &Repository) -> Links {
    let Ok(head) = repository.head() else { return Links { cut: true, ..Links::default() } };
    let Some(head) = head else { return Links::default() };
    let objects = Objects::new(repository.object_dirs(), repository.format());
    let commit = objects.read_as(&head, Kind::Commit).ok().flatten();
    let tree = commit.as_deref().and_then(Commit::parse).map(|commit| commit.tree);
    let format = repository.format();
    let mut reading =
        Reading { objects: &objects, format, links: Links::default(), without: HashSet::new() };
    match tree {
        Some(tree) => reading.tree(&tree, &mut Vec::new(), DEEPEST),
        None => reading.links.cut = true,
    }
    reading.links
}

struct Reading<'a> {
    objects: &'a Objects,
    format: ObjectFormat,
    links: Links,
    /// The trees that name no such commit: they need not be read again.
    without: HashSet<ObjectId>,
}

impl Reading<'_> {
    fn tree(&mut self, id: &ObjectId, path: &mut Vec<u8>, depth: usize) {
        if self.without.contains(id) {
            return;
        }
        let bytes = self.objects.read_as(id, Kind::Tree).ok().flatten();
        let Some(bytes) = bytes.filter(|_| depth > 0) else {
            self.links.cut = true;
            return;
        };
        let before = self.links.paths.len();
        for entry in TreeEntries::new(&bytes, self.format) {
            let Ok(entry) = entry else {
                self.links.cut = true;
                break;
            };
            let length = path.len();
            path.extend_from_slice(entry.name);
            let full = self.links.paths.len() >= MOST || path.len() > LONGEST;
            match entry.kind() {
                EntryKind::Blob | EntryKind::Link => {}
                _ if full => self.links.cut = true,
                EntryKind::Commit => self.links.paths.push(shown_path(path)),
                EntryKind::Tree => {
                    path.push(b'/');
                    if let Some(inner) = entry.id() {
                        self.tree(&inner, path, depth - 1);
                    }
                }
            }
            path.truncate(length);
        }
        if self.links.paths.len() == before {
            self.without.insert(*id);
        }
    }
}
