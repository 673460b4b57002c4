//! Where a git directory is: in the folder, beside it, or where a `.git` file says.
//!
//! A `.git` file that leads nowhere is an error: what it names may be moved or not mounted, and a
//! repository that is not there must not look like one without commits.
//!
//! Not here: what the directory holds.

use std::fs;
use std::path::{Path, PathBuf};

use super::{RepositoryError, path_of, read, trim_line};

/// The git directory that `directory` is or has.
pub(super) fn git_dir(directory: &Path) -> Result<Option<PathBuf>, RepositoryError> {
    let dot = directory.join(".git");
    if dot.is_file() {
        return pointed(&dot).map(Some);
    }
    Ok([dot, directory.to_path_buf()].into_iter().find(|path| is_git_dir(path)))
}

/// The git directory that is named: itself, or by a file.
pub(super) fn named(path: &Path) -> Result<PathBuf, RepositoryError> {
    let real = read(path, fs::canonicalize(path))?;
    if real.is_file() {
        return pointed(&real);
    }
    match is_git_dir(&real) {
        true => Ok(real),
        false => Err(RepositoryError::NoGitDir { path: real }),
    }
}

/// The git directory that a `.git` file names.
fn pointed(file: &Path) -> Result<PathBuf, RepositoryError> {
    let text = read(file, fs::read(file))?;
    let target = text.strip_prefix(b"gitdir:").map(|target| trim_line(target).trim_ascii_start());
    let Some(target) = target.filter(|target| !target.is_empty()) else {
        return Err(RepositoryError::NoGitDir { path: file.into() });
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    let target = folder.join(path_of(target));
    // Without the `..` of a submodule: the same directory has the same path.
    let found = fs::canonicalize(&target).ok().filter(|path| is_git_dir(path));
    found.ok_or_else(|| RepositoryError::Astray { file: file.into(), target })
}

/// Where all work trees of a repository have what they share.
pub(super) fn common_dir(git_dir: &Path) -> Result<PathBuf, RepositoryError> {
    let file = git_dir.join("commondir");
    let Some(text) = super::read_optional(&file)? else { return Ok(git_dir.into()) };
    let target = git_dir.join(path_of(trim_line(&text)));
    let found = fs::canonicalize(&target).ok().filter(|path| path.join("objects").is_dir());
    found.ok_or(RepositoryError::Astray { file, target })
}

fn is_git_dir(path: &Path) -> bool {
    // HEAD may be a symbolic link to a branch that has no commit yet.
    path.join("HEAD").symlink_metadata().is_ok()
        && (path.join("commondir").exists()
            || path.join("objects").is_dir() && path.join("refs").exists())
}
