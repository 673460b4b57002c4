//! How the paths of a walk are called: as the user typed them, and as fingerprints have them.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::super::pipe;
use super::worktree;
use crate::blob::Provenance;

/// How paths are called: as the user typed them, and as fingerprints have them.
pub(super) struct Names {
    /// What the walk's paths begin with and the user did not type.
    implied: bool,
    root: PathBuf,
    /// The root with links resolved.
    pub(super) real_root: PathBuf,
    /// The root in the work tree; empty outside of one.
    inner: String,
    /// Whether paths are shown from the root of the work tree.
    from_root: bool,
}

impl Names {
    pub(super) fn new(root: &Path) -> Self {
        let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let base = match worktree::holding(&real_root) {
            Some(tree) => real_root.strip_prefix(tree).ok().map(slashed),
            None => {
                real_root.file_name().filter(|_| !real_root.is_dir()).map(|n| slashed(Path::new(n)))
            }
        };
        let (implied, root) = (root == Path::new("."), root.to_owned());
        Self { implied, root, real_root, inner: base.unwrap_or_default(), from_root: false }
    }

    /// Those of a root that is no folder.
    pub(super) fn of_one(root: &Path, is: &Metadata) -> Self {
        let names = Self::new(root);
        // Like standard input: the number of a descriptor is another each time.
        if pipe::is_nameless(root, is) { Self { inner: "-".to_owned(), ..names } } else { names }
    }

    /// The same, paths being shown from the root of the work tree if `from_root`.
    pub(super) fn shown_from_root(self, from_root: bool) -> Self {
        Self { from_root, ..self }
    }

    pub(super) fn of(&self, path: &Path) -> Provenance {
        let inner_name = self.inner_name(path);
        let stable_path = match (self.inner.is_empty(), inner_name.is_empty()) {
            (true, _) => inner_name.clone(),
            (_, true) => self.inner.clone(),
            _ => format!("{}/{inner_name}", self.inner),
        };
        let path = match (self.from_root, self.implied) {
            (true, _) => stable_path.clone(),
            (false, true) => inner_name,
            (false, false) => slashed(path),
        };
        Provenance { path, stable_path, inner: 0, blob: None }
    }

    /// The name of a path below the root.
    fn inner_name(&self, path: &Path) -> String {
        if std::path::MAIN_SEPARATOR == '/'
            && let (Some(name), Some(root)) = (path.to_str(), self.root.to_str())
            && let Some(inner) = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'))
        {
            // Nearly always: the walk makes its paths out of the root.
            return inner.to_owned();
        }
        slashed(path.strip_prefix(&self.root).unwrap_or(path))
    }
}

/// A path with `/` between its parts; what is no UTF-8 is escaped.
pub(super) fn slashed(path: &Path) -> String {
    if let Some(text) = path.to_str().filter(|_| std::path::MAIN_SEPARATOR == '/') {
        return text.to_owned();
    }
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|b| format!("\\x{b:02x}")));
    }
    if std::path::MAIN_SEPARATOR == '/' {
        text
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}
