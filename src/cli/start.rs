//! Where a scan of named paths looks for its configuration and its baselines: from the folder on that
//! holds all of them.
//!
//! Paths of several repositories may have several configurations, of which none says anything about the
//! others' files. Not here: what they say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::SharedArgs;
use super::message::Failure;
use super::scan;
use crate::baseline;
use crate::config;

/// Paths of one repository, or of one folder outside of any.
struct Group {
    /// One of them, as it was typed.
    shown: PathBuf,
    /// The folder that holds all of them.
    folder: PathBuf,
    /// The root of the repository, or that folder.
    root: PathBuf,
}

/// The path to start from.
///
/// # Errors
/// If what counts for one of the paths does not count for another.
pub(super) fn of(paths: &[PathBuf], shared: &SharedArgs) -> Result<PathBuf, Failure> {
    let mut named = paths.iter().filter(|path| *path != Path::new("-"));
    let first = named.next().cloned().unwrap_or_else(|| PathBuf::from("."));
    if named.next().is_none() {
        return Ok(first);
    }
    let groups = groups(paths);
    match groups.as_slice() {
        [] => Ok(first),
        [only] => Ok(only.folder.clone()),
        [start, ..] => check(&groups, shared).map(|()| start.folder.clone()),
    }
}

/// The paths by their roots, in the order of the paths; those that do not exist are left out.
fn groups(paths: &[PathBuf]) -> Vec<Group> {
    let real = |path: &PathBuf| Some((path.clone(), place(path)?));
    let all: Vec<(PathBuf, PathBuf)> = paths.iter().filter_map(real).collect();
    let folders: BTreeSet<&Path> = all.iter().map(|(_, real)| real.as_path()).collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut seen = BTreeSet::new();
    for (shown, real) in &all {
        // What lies in a folder that is named as well is scanned with that.
        if real.ancestors().skip(1).any(|above| folders.contains(above)) {
            continue;
        }
        let is_folder = real.is_dir() && !real.is_symlink();
        let folder = if is_folder { real.as_path() } else { real.parent().unwrap_or(real) };
        if !seen.insert(folder) {
            continue;
        }
        let Some(root) = config::root(folder) else { continue };
        match groups.iter_mut().find(|group| group.root == root) {
            Some(group) => group.folder = shared(&group.folder, folder),
            None => groups.push(Group { shown: shown.clone(), folder: folder.to_owned(), root }),
        }
    }
    without_inner(groups)
}

/// Takes a repository within another one for a part of it, as a scan of the outer one does.
fn without_inner(groups: Vec<Group>) -> Vec<Group> {
    let roots: Vec<PathBuf> = groups.iter().map(|group| group.root.clone()).collect();
    let is_repository = |root: &Path| root.join(".git").exists();
    let holds = |outer: &Path, inner: &Path| inner != outer && inner.starts_with(outer);
    let (inner, mut outer): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|group| {
        roots.iter().any(|root| is_repository(root) && holds(root, &group.root))
    });
    for group in inner {
        if let Some(whole) = outer.iter_mut().find(|whole| holds(&whole.root, &group.root)) {
            whole.folder = shared(&whole.folder, &group.folder);
        }
    }
    outer
}

/// Where a path lies itself, should it be a link that leads elsewhere.
fn place(path: &Path) -> Option<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if path.is_symlink() => {
            let folder = if folder == Path::new("") { Path::new(".") } else { folder };
            Some(folder.canonicalize().ok()?.join(name))
        }
        _ => path.canonicalize().ok(),
    }
}

/// The nearest folder that holds both.
fn shared(one: &Path, other: &Path) -> PathBuf {
    one.ancestors().find(|above| other.starts_with(above)).unwrap_or(one).to_owned()
}

/// Refuses paths of several roots of which one has a configuration or a baseline.
fn check(groups: &[Group], shared: &SharedArgs) -> Result<(), Failure> {
    let is_named =
        shared.no_config || scan::named(shared).is_some() || scan::inline(shared).is_some();
    for (number, group) in groups.iter().enumerate() {
        let other = groups.get(usize::from(number == 0));
        let other = other.map_or(Path::new("."), |other| other.shown.as_path());
        let told = |noun: &str, file: &Path| {
            let [one, file, other] = [&group.shown, file, other].map(|path| path.display());
            Failure::new(format!(
                "`{one}` has the {noun} `{file}`, which says nothing about `{other}`"
            ))
        };
        if let Some(file) = config::find(&group.folder).filter(|_| !is_named) {
            return Err(told("configuration", &file).hint(
                "scan them one by one, name one for all with `--config FILE`, or say `--no-config`",
            ));
        }
        let baselines = config::root(&group.folder).map(|root| baseline::found_at(&root));
        let first = baselines.into_iter().flatten().next().filter(|_| !shared.no_baseline);
        if let Some(file) = first {
            return Err(told("baseline", &file).hint(
                "scan them one by one, or name those that count with `--baseline FILE` and say \
                 `--no-baseline`",
            ));
        }
    }
    Ok(())
}
