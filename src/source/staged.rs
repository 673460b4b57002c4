//! What the next commit would contain, where it differs from HEAD: the contents that the index names.
//!
//! The index is read and never written: not even refreshed, which git itself does when it is asked
//! for a difference. Not here: the work tree, and what is in it that nobody has staged.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::moves::{Moves, tells};
use super::version::{self, Versions, identity};
use super::{Found, Progress, Reading, shown_path};
use crate::git::commit::Commit;
use crate::git::index::{self, Index};
use crate::git::object::{Kind, ObjectId};
use crate::git::objects::Objects;
use crate::git::repository::{Repository, RepositoryError};
use crate::git::staged::{Staged, staged as compare};
use crate::git::trees::{Change, Trees};
use crate::scanner::{Comments, Scanner};

/// What keeps an index from being scanned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository, or HEAD cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// HEAD names a commit that cannot be read.
    #[error("HEAD is {id}, which cannot be read")]
    Head {
        /// The commit, or its tree.
        id: ObjectId,
    },
}

/// What is scanned, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The index file; none: that of the repository.
    pub index: Option<PathBuf>,
    /// Only files at or below these paths from the root, if there are any.
    pub paths: Vec<Vec<u8>>,
    /// How contents are read.
    pub reading: Reading,
    /// Number of threads.
    pub threads: usize,
}

impl Options {
    fn wants(&self, path: &[u8]) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|one| lies_in(path, one))
    }
}

/// The difference between an index and HEAD.
#[derive(Debug)]
pub struct Difference {
    objects: Objects,
    index: Index,
    staged: Staged,
    has_head: bool,
    partial: bool,
    damaged: Vec<crate::finding::Warning>,
}

impl Difference {
    /// Compares the index of `repository` with HEAD.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn new(repository: &Repository, index: Option<&Path>) -> Result<Self, Error> {
        let objects = Objects::new(repository.object_dirs(), repository.format());
        let own = repository.git_dir().join("index");
        let path = index.unwrap_or(&own);
        let index = index::read(path, repository.git_dir(), repository.format().name_len())?;
        let head = repository.head()?.map(|head| root_tree(&objects, &head)).transpose()?;
        let trees = Trees::new(&objects);
        let staged = compare(&index, head.as_ref(), &trees);
        let partial = repository.is_partial();
        let lost = trees.missing();
        let mut damaged: Vec<_> =
            trees.damages().iter().map(|d| version::damaged("HEAD", d)).collect();
        if let Some(first) = lost.first() {
            damaged.push(version::missing(lost.len(), &first.to_string(), partial));
        }
        drop(trees);
        Ok(Self { objects, index, staged, has_head: head.is_some(), partial, damaged })
    }

    /// Whether there is a commit to compare with.
    pub fn has_head(&self) -> bool {
        self.has_head
    }

    /// The paths that would have another content, and the folders that hold them, the root included.
    pub fn paths(&self) -> HashSet<&[u8]> {
        let mut paths = HashSet::new();
        for change in &self.staged.changes {
            let path = change.path.as_slice();
            paths.extend([&[][..], path]);
            paths.extend(memchr::memchr_iter(b'/', path).map(|end| &path[..end]));
        }
        paths
    }

    /// Whether the index has another repository at a path.
    pub fn is_submodule(&self, path: &[u8]) -> bool {
        let entries = &self.index.entries;
        let at = entries.partition_point(|entry| entry.path.as_slice() < path);
        entries.get(at).is_some_and(|entry| entry.path == path && entry.is_submodule())
    }

    /// Whether the index or HEAD has something at a path from the root, or below it.
    pub fn knows(&self, path: &[u8]) -> bool {
        self.index.entries.iter().any(|entry| lies_in(&entry.path, path))
            || self.staged.removed.iter().any(|file| lies_in(&file.path, path))
    }

    /// Scans what differs. A secret that HEAD has at the same path already is not told again, nor
    /// one that came from another path with its file, if no allowlist holds there.
    pub fn scan(self, scanner: &Scanner<'_>, options: &Options, progress: &Progress) -> Found {
        let Self { objects, staged, partial, damaged, .. } = &self;
        let versions = Versions::new(scanner, objects, &options.reading, progress, options.threads);
        let wanted: Vec<_> =
            staged.changes.iter().filter(|change| options.wants(&change.path)).collect();
        let works: Vec<_> = wanted.iter().map(|c| (c.path.as_slice(), c.id)).collect();
        let mut found = Found { warnings: damaged.clone(), ..Found::default() };
        let mut lost: HashMap<ObjectId, String> = HashMap::new();
        let is_new = |change: &&Change| change.before.iter().all(Option::is_none);
        let mut moves = Moves::new(staged.removed.clone(), staged.changes.iter().filter(is_new));
        for (change, mut scanned) in wanted.iter().zip(versions.all(&works, Comments::Honoured)) {
            if scanned.missing {
                lost.insert(change.id, shown_path(&change.path));
            }
            let old = change.before.iter().flatten().next();
            for sighting in std::mem::take(&mut scanned.found.sightings) {
                let secret = identity(&sighting);
                let known = match old {
                    Some(old) => versions.held(&change.path, old).contains(&secret),
                    None => {
                        let source = moves.source(&versions, change, &secret);
                        source.is_some_and(|file| tells(&versions, file, &secret))
                    }
                };
                if !known {
                    found.sightings.push(sighting);
                }
            }
            found.take_rest(scanned.found);
        }
        if let Some(first) = lost.values().min() {
            found.warnings.push(version::missing(lost.len(), &format!("`{first}`"), *partial));
        }
        found
    }
}

/// Whether a path is another one, or is below it; all paths are below the root, which is empty.
pub fn lies_in(path: &[u8], folder: &[u8]) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| folder.is_empty() || rest.is_empty() || rest.starts_with(b"/"))
}

/// Compares, and scans what differs.
///
/// # Errors
/// If the index or HEAD cannot be read.
pub fn staged(
    repository: &Repository,
    scanner: &Scanner<'_>,
    options: &Options,
    progress: &Progress,
) -> Result<Found, Error> {
    let difference = Difference::new(repository, options.index.as_deref())?;
    Ok(difference.scan(scanner, options, progress))
}

fn root_tree(objects: &Objects, commit: &ObjectId) -> Result<ObjectId, Error> {
    let bytes = objects.read_as(commit, Kind::Commit).ok().flatten();
    let commit_of = |bytes: &Vec<u8>| Commit::parse(bytes).map(|commit| commit.tree);
    bytes.as_ref().and_then(commit_of).ok_or(Error::Head { id: *commit })
}
