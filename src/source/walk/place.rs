//! Where a folder of a walk lies in a work tree, and what git says of what is in it.
//!
//! What is tracked is read, whatever rules say; so the rules are asked, and even read, for nothing but
//! the rest, which in most work trees is little or nothing.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ignore::Match;
use ignore::gitignore::Gitignore;

use super::worktree::{self, WorkTree};
use crate::finding::Warning;

/// A folder in a work tree.
#[derive(Debug)]
pub(super) struct Place {
    tree: Arc<WorkTree>,
    /// The folder above it; none for that of the work tree.
    above: Option<Arc<Place>>,
    /// Its path in the work tree with a `/` behind it; empty for that of the work tree.
    inner: Vec<u8>,
    /// What is tracked below it.
    tracked: Range<usize>,
    /// Its `.gitignore`, if it has one.
    file: Option<PathBuf>,
    rules: OnceLock<Gitignore>,
    /// Whether rules hide it, so that nothing but what is tracked is read in it.
    hidden: OnceLock<bool>,
}

impl Place {
    /// The folder `folder`, which somebody has named, so that no rule hides it; none outside of work
    /// trees.
    pub(super) fn named(folder: &Path, warn: &mut dyn FnMut(Warning)) -> Option<Arc<Self>> {
        let tree = worktree::around(folder)?;
        let has_rules = |folder: &Path| folder.join(RULES).is_file();
        let mut place = Self::top(tree, has_rules(tree), warn);
        let mut path = tree.to_owned();
        for part in folder.strip_prefix(tree).ok()? {
            path.push(part);
            place = Self::below(&place, part.as_encoded_bytes(), &path, has_rules(&path));
            // Just made: nobody has asked yet.
            let _ = place.hidden.set(false);
        }
        Some(place)
    }

    /// The folder of a work tree.
    pub(super) fn top(folder: &Path, has_rules: bool, warn: &mut dyn FnMut(Warning)) -> Arc<Self> {
        let tree = Arc::new(WorkTree::open(folder, warn));
        Arc::new(Self {
            tracked: tree.tracked.all(),
            tree,
            above: None,
            inner: Vec::new(),
            file: has_rules.then(|| folder.join(RULES)),
            rules: OnceLock::new(),
            hidden: OnceLock::from(false),
        })
    }

    /// The folder `name` in `above`, which lies at `folder`.
    pub(super) fn below(
        above: &Arc<Self>,
        name: &[u8],
        folder: &Path,
        has_rules: bool,
    ) -> Arc<Self> {
        let tree = Arc::clone(&above.tree);
        Arc::new(Self {
            tracked: tree.tracked.below(above.tracked.clone(), above.inner.len(), name),
            tree,
            above: Some(Arc::clone(above)),
            inner: [&above.inner, name, b"/"].concat(),
            file: has_rules.then(|| folder.join(RULES)),
            rules: OnceLock::new(),
            hidden: OnceLock::new(),
        })
    }

    /// Whether the entry `name` is to be read.
    pub(super) fn admits(
        &self,
        name: &[u8],
        is_folder: bool,
        warn: &mut dyn FnMut(Warning),
    ) -> bool {
        let (tracked, inner) = (self.tracked.clone(), self.inner.len());
        let paths = &self.tree.tracked;
        paths.holds(tracked.clone(), inner, name)
            || is_folder && !paths.below(tracked, inner, name).is_empty()
            || !self.hides(name, is_folder, warn)
    }

    fn hides(&self, name: &[u8], is_folder: bool, warn: &mut dyn FnMut(Warning)) -> bool {
        self.is_hidden(warn) || self.ignores(name, is_folder, warn)
    }

    fn is_hidden(&self, warn: &mut dyn FnMut(Warning)) -> bool {
        *self.hidden.get_or_init(|| {
            let own = self.inner.strip_suffix(b"/").unwrap_or_default();
            self.above.as_ref().is_some_and(|above| {
                above.hides(own.get(above.inner.len()..).unwrap_or_default(), true, warn)
            })
        })
    }

    /// What the rules say of an entry: those of the nearest folder come first.
    fn ignores(&self, name: &[u8], is_folder: bool, warn: &mut dyn FnMut(Warning)) -> bool {
        let path = [&self.inner, name].concat();
        let mut places = std::iter::successors(Some(self), |place| place.above.as_deref());
        let said = places.find_map(|place| {
            let path = native(&path[place.inner.len()..]);
            match place.rules(warn).matched(path, is_folder) {
                Match::None => None,
                Match::Ignore(_) => Some(true),
                Match::Whitelist(_) => Some(false),
            }
        });
        said.unwrap_or_else(|| self.tree.excludes(native(&path).as_ref(), is_folder, warn))
    }

    fn rules(&self, warn: &mut dyn FnMut(Warning)) -> &Gitignore {
        let file = self.file.as_deref();
        let read = |file| worktree::rules(file, warn);
        self.rules.get_or_init(|| file.map_or_else(Gitignore::empty, read))
    }
}

/// A file of ignore rules.
pub(super) const RULES: &str = ".gitignore";

/// A path of the index as the system writes it.
#[cfg(unix)]
fn native(path: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(path))
}

/// A path of the index as the system writes it.
#[cfg(not(unix))]
fn native(path: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(path).as_ref())
}
