//! The repository that a command is about: the one of a folder, or the one that git names in the
//! environment when it runs a hook.

use std::env;
use std::path::{Component, Path, PathBuf};

use super::message::Failure;
use crate::git::repository::{Repository, RepositoryError};

/// Finds the repository that `start` is, or is in. `GIT_DIR` and its kin count for the current folder.
///
/// # Errors
/// If there is none, or it cannot be read.
pub(super) fn open(start: &Path) -> Result<Repository, Failure> {
    find(start).map_err(failure)
}

/// The same for those who know what to do about what is wrong.
///
/// # Errors
/// If there is none, or it cannot be read.
pub(super) fn find(start: &Path) -> Result<Repository, RepositoryError> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let named = set("GIT_DIR").filter(|_| start == Path::new("."));
    let found = match &named {
        Some(git_dir) => {
            let here = env::current_dir().ok();
            Repository::at(git_dir, set("GIT_WORK_TREE").or(here).as_deref())
        }
        None => Repository::discover(start),
    };
    let mut repository = found?;
    let alternates = env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
    let more: Vec<PathBuf> = set("GIT_OBJECT_DIRECTORY")
        .into_iter()
        .chain(env::split_paths(&alternates))
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if named.is_some() || start == Path::new(".") {
        repository.prefer_objects(more);
    }
    Ok(repository)
}

/// The index that git has named; none: that of the repository. `git commit FILE` makes one of its own
/// for the time of the hook.
pub(super) fn index() -> Option<PathBuf> {
    env::var_os("GIT_INDEX_FILE").filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// What to do about a repository that cannot be read.
pub(super) fn failure(error: RepositoryError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        RepositoryError::NotFound { .. } => {
            failure.hint("go to a git repository; `keytrawl scan` scans folders that are none")
        }
        RepositoryError::Read { .. } => failure.hint("check the path"),
        _ => failure,
    }
}

/// A path as the repository has it: from the root of the work tree, `/` between the parts. What is no
/// UTF-8 is shown as such: see [`inner_bytes`].
pub(super) fn inner_path(repository: &Repository, path: &Path) -> Option<String> {
    inner_bytes(repository, path).map(|path| String::from_utf8_lossy(&path).into_owned())
}

/// The same, byte for byte.
pub(super) fn inner_bytes(repository: &Repository, path: &Path) -> Option<Vec<u8>> {
    let root = repository.work_tree()?;
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let here = env::current_dir().ok()?;
    let here = here.canonicalize().unwrap_or(here);
    let mut whole = PathBuf::new();
    for part in here.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(whole.pop()),
            part => whole.push(part),
        }
    }
    let inner = whole.strip_prefix(&root).ok()?;
    let parts: Vec<&[u8]> = inner.iter().map(|part| part.as_encoded_bytes()).collect();
    Some(parts.join(&b'/'))
}
