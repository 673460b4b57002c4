//! The tracked files of the repositories that a walk comes through: no ignore rule hides them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::git::index;

/// The work tree that holds `path`: the nearest folder from it upwards with a `.git` in it.
pub(super) fn work_tree(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

/// The tracked regular files of the work tree `root`, relative to it, `/` between their parts.
///
/// # Errors
/// What keeps the index from being read, for people.
pub(super) fn files(root: &Path) -> Result<Vec<Vec<u8>>, String> {
    let folder = git_folder(root)?;
    let index = index::read(&folder.join("index"), &folder, name_length(&folder));
    let entries = index.map_err(|error| error.to_string())?.entries;
    Ok(entries.into_iter().filter(|e| e.is_file()).map(|e| e.path).collect())
}

/// `.git`, or the folder that a file of that name points to (worktrees, submodules).
fn git_folder(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join(".git");
    if folder.is_dir() {
        return Ok(folder);
    }
    let text =
        std::fs::read_to_string(&folder).map_err(|e| format!("`{}`: {e}", folder.display()))?;
    let target = text.strip_prefix("gitdir:").map(str::trim);
    target
        .map(|t| root.join(t))
        .ok_or_else(|| format!("`{}` names no git folder", folder.display()))
}

/// Bytes of an object name: what the configuration of the repository says.
fn name_length(folder: &Path) -> usize {
    let common = std::fs::read_to_string(folder.join("commondir"))
        .map_or_else(|_| folder.to_owned(), |c| folder.join(c.trim()));
    let config = std::fs::read_to_string(common.join("config")).unwrap_or_default().to_lowercase();
    let sha256 = |line: &str| line.trim().replace(' ', "") == "objectformat=sha256";
    if config.lines().any(sha256) { 32 } else { 20 }
}

/// A path of the index as the system writes it.
#[cfg(unix)]
pub(super) fn native(path: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(OsStr::from_bytes(path))
}

/// A path of the index as the system writes it.
#[cfg(not(unix))]
pub(super) fn native(path: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::new(String::from_utf8_lossy(path).as_ref()))
}
