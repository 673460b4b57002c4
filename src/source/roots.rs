//! What is to be walked, each thing once, though it may be named twice or lie in a folder that is
//! named as well. The first name is the one that is shown.
//!
//! Names are compared as text, but for `..`: a link to a file is another file. Not here: the walk.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Distinct roots, and what was met below them.
pub(super) struct Roots<'r> {
    roots: Vec<Root<'r>>,
    /// Hashes of the paths that were met, keyed anew for each run; none where no root lies in another,
    /// so that a usual walk does not pay for it.
    met: Option<Mutex<HashSet<u64>>>,
    hasher: RandomState,
}

/// Where a walk begins.
pub(super) struct Root<'r> {
    /// As it was named.
    pub(super) path: &'r Path,
    /// From the root of the system, without `.` and doubled separators.
    absolute: PathBuf,
}

impl<'r> Roots<'r> {
    pub(super) fn new(named: &'r [PathBuf]) -> Self {
        let mut known = HashSet::new();
        let mut roots = Vec::with_capacity(named.len());
        for path in named {
            let absolute = absolute(path);
            if known.insert(absolute.clone()) {
                roots.push(Root { path, absolute });
            }
        }
        let lies_in_another = |root: &Root<'_>| {
            root.absolute.ancestors().skip(1).any(|folder| known.contains(folder))
        };
        let met = roots.iter().any(lies_in_another).then(Mutex::default);
        Self { roots, met, hasher: RandomState::new() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Root<'r>> {
        self.roots.iter()
    }

    /// Whether `path`, which begins as `root` does, is met for the first time.
    pub(super) fn is_new(&self, root: &Root<'_>, path: &Path) -> bool {
        let Some(met) = &self.met else { return true };
        let inner = path.strip_prefix(root.path).unwrap_or(path);
        let hash = self.hasher.hash_one(root.absolute.join(inner));
        met.lock().unwrap_or_else(PoisonError::into_inner).insert(hash)
    }
}

/// A path from the root of the system. Where `..` leads, the system alone knows, for links.
fn absolute(path: &Path) -> PathBuf {
    let parts: Vec<Component<'_>> = path.components().collect();
    let last = parts.iter().rposition(|part| *part == Component::ParentDir);
    let resolved = last.and_then(|last| {
        let (above, below) = parts.split_at(last + 1);
        let above = above.iter().collect::<PathBuf>().canonicalize().ok()?;
        Some(above.join(below.iter().collect::<PathBuf>()))
    });
    resolved.or_else(|| std::path::absolute(path).ok()).unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(named: &[&str]) -> Vec<String> {
        let named: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
        let roots = Roots::new(&named);
        roots.iter().map(|root| root.path.display().to_string()).collect()
    }

    #[test]
    fn the_first_of_several_names_is_kept() {
        assert_eq!(
            kept(&["./a", "b", "a", "a/", ".//a", "a/../a", "a/b"]),
            ["./a", "b", "a/../a", "a/b"]
        );
        let absolute = std::path::absolute("a").expect("a current folder").display().to_string();
        assert_eq!(kept(&["a", &absolute]), ["a"]);
        // These are there.
        assert_eq!(kept(&["src", "src/../src", "src/cli/../../src/cli", "src/cli"]).len(), 2);
    }

    #[test]
    fn what_lies_in_another_root_is_met_once() {
        let named = ["a/x", ".", "a"].map(PathBuf::from);
        let roots = Roots::new(&named);
        let [file, here, folder] = [0, 1, 2].map(|at| &roots.roots[at]);
        assert!(roots.is_new(file, Path::new("a/x")));
        assert!(!roots.is_new(here, Path::new("./a/x")));
        assert!(roots.is_new(here, Path::new("./a/y")));
        assert!(!roots.is_new(folder, Path::new("a/y")));
    }
}
