//! The repositories of submodules: those that `.gitmodules` or HEAD names, and those that were taken
//! out and whose history is still here.
//!
//! What keeps one from being found is told, so that none is left out in silence. Not here: scanning
//! them.

mod links;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::repository::Repository;

/// Folders within each other in which repositories of submodules are looked for.
const DEEPEST: usize = 16;

/// A submodule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Submodule {
    /// Where it is in the work tree, `/` between the parts; its name, if that is not known.
    pub(super) path: String,
    /// Its git directory, or the file that names it; none: it is not here.
    pub(super) git_dir: Option<PathBuf>,
}

/// What is known of the submodules of a repository.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In order of their paths, those that were taken out behind the others; their own are not
    /// among them.
    pub(super) submodules: Vec<Submodule>,
    /// Why there may be more: a place, and what is wrong there.
    pub(super) problems: Vec<(String, String)>,
}

/// Looks for the submodules of a repository.
pub(super) fn of(repository: &Repository) -> Listing {
    let mut listing = Listing::default();
    let mut left = BTreeMap::new();
    // A linked work tree has its own.
    for root in BTreeSet::from([repository.common_dir(), repository.git_dir()]) {
        let modules = root.join("modules");
        listing.collect(&modules, &modules, DEEPEST, &mut left);
    }
    let tree = repository.work_tree();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (name, path) in tree.map(|tree| listing.named(tree)).unwrap_or_default() {
        names.insert(path, name);
    }
    for path in listing.linked(repository) {
        // The name of one that nobody names is its path, unless it was moved.
        names.entry(path.clone()).or_insert(path);
    }
    for (path, name) in names {
        let inner = tree.filter(|_| is_inside(&path)).map(|tree| tree.join(&path).join(".git"));
        // An older git kept the whole repository in the work tree.
        let git_dir = left.remove(&name).or(inner.filter(|inner| inner.exists()));
        listing.submodules.push(Submodule { path, git_dir });
    }
    let past = left.into_iter().map(|(path, git_dir)| Submodule { path, git_dir: Some(git_dir) });
    listing.submodules.extend(past);
    listing
}

/// Whether a path stays in the work tree; one that leads out of it is no submodule's.
fn is_inside(path: &str) -> bool {
    Path::new(path)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir))
}

impl Listing {
    fn problem(&mut self, place: &Path, message: String) {
        self.problems.push((place.display().to_string(), message));
    }

    /// The paths of the submodules that HEAD has.
    fn linked(&mut self, repository: &Repository) -> Vec<String> {
        let links = links::of_head(repository);
        if links.cut {
            let message = "not all of HEAD's folders can be read: submodules in them are not known";
            self.problem(repository.git_dir(), message.to_owned());
        }
        links.paths
    }

    /// Names and paths as `.gitmodules` has them.
    fn named(&mut self, work_tree: &Path) -> Vec<(String, String)> {
        let file = work_tree.join(".gitmodules");
        let found = match fs::metadata(&file) {
            // libgit2 makes a file that is not there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => Err(error.to_string()),
            Ok(is) if !is.is_file() => Err("it is no regular file".to_owned()),
            Ok(_) => read_names(&file).map_err(|error| error.message().to_owned()),
        };
        found.unwrap_or_else(|error| {
            let message = format!("cannot be read ({error}): submodules may be left out");
            self.problem(&file, message);
            Vec::new()
        })
    }

    /// The git directories below `folder`, by name: a name may have slashes.
    fn collect(
        &mut self,
        root: &Path,
        folder: &Path,
        depth: usize,
        found: &mut BTreeMap<String, PathBuf>,
    ) {
        let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let message = format!("cannot be listed ({error}): submodules may be left out");
                return self.problem(folder, message);
            }
            Ok(entries) => entries,
        };
        for entry in
            entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        {
            let path = entry.path();
            if path.join("HEAD").is_file() && path.join("objects").is_dir() {
                let name = path.strip_prefix(root).unwrap_or(&path);
                let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
                found.insert(parts.join("/"), path);
            } else if depth > 0 {
                self.collect(root, &path, depth - 1, found);
            }
        }
    }
}

/// Names and paths in a configuration.
fn read_names(file: &Path) -> Result<Vec<(String, String)>, git2::Error> {
    let config = git2::Config::open(file)?.snapshot()?;
    let mut entries = config.entries(Some(r"submodule\..*\.path"))?;
    let mut found = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let (key, path) = (entry.name()?, entry.value()?);
        let name = key.strip_prefix("submodule.").and_then(|key| key.strip_suffix(".path"));
        if let Some(name) = name {
            found.push((name.to_owned(), path.trim_end_matches('/').to_owned()));
        }
    }
    Ok(found)
}
