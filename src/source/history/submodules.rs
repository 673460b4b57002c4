//! The repositories of submodules: those that `.gitmodules` names, and those that were taken out of
//! it and whose history is still here.
//!
//! Not here: scanning them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::git::repository::Repository;

/// Folders within each other in which repositories of submodules are looked for.
const DEEPEST: usize = 16;

/// A submodule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Submodule {
    /// Where it is in the work tree, `/` between the parts; its name, if that is not known.
    pub(super) path: String,
    /// Its git directory; none: it is not here.
    pub(super) git_dir: Option<PathBuf>,
}

/// The submodules of a repository, in order of their paths; their own are not among them.
pub(super) fn of(repository: &Repository) -> Vec<Submodule> {
    let modules = repository.common_dir().join("modules");
    let mut left = BTreeMap::new();
    collect(&modules, &modules, DEEPEST, &mut left);
    let tree = repository.work_tree();
    let mut found: Vec<Submodule> = Vec::new();
    for (name, path) in tree.map(named).unwrap_or_default() {
        let inner = tree.map(|tree| tree.join(&path)).filter(|inner| inner.join(".git").exists());
        // An older git kept the whole repository in the work tree.
        let inner = inner.and_then(|inner| inner.join(".git").canonicalize().ok());
        let git_dir = left.remove(&name).or(inner);
        found.push(Submodule { path, git_dir });
    }
    let past = left.into_iter().map(|(path, git_dir)| Submodule { path, git_dir: Some(git_dir) });
    found.extend(past);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Names and paths as `.gitmodules` has them; a file that cannot be read names none.
fn named(work_tree: &Path) -> Vec<(String, String)> {
    let file = work_tree.join(".gitmodules");
    // libgit2 makes a file that is not there.
    if !file.is_file() {
        return Vec::new();
    }
    let config = git2::Config::open(&file).and_then(|mut config| config.snapshot());
    let Ok(config) = config else { return Vec::new() };
    let Ok(mut entries) = config.entries(Some(r"submodule\..*\.path")) else { return Vec::new() };
    let mut found = Vec::new();
    while let Some(Ok(entry)) = entries.next() {
        let (Ok(key), Ok(path)) = (entry.name(), entry.value()) else { continue };
        let name = key.strip_prefix("submodule.").and_then(|key| key.strip_suffix(".path"));
        // A path that leads out of the work tree is no submodule's.
        let inside = Path::new(path).components().all(|part| {
            matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir)
        });
        if let Some(name) = name.filter(|_| inside) {
            found.push((name.to_owned(), path.trim_end_matches('/').to_owned()));
        }
    }
    found
}

/// The git directories below `folder`, by name: a name may have slashes.
fn collect(root: &Path, folder: &Path, depth: usize, found: &mut BTreeMap<String, PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let path = entry.path();
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            let name = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            found.insert(parts.join("/"), path);
        } else if depth > 0 {
            collect(root, &path, depth - 1, found);
        }
    }
}
