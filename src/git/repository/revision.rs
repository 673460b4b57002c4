//! What HEAD and the names that people give revisions lead to.
//!
//! HEAD is read from its file, which takes a tenth of the time that opening the repository does; the
//! grammar of revisions is libgit2's, or git's where libgit2 cannot open the repository.
//!
//! Not here: listing refs.

use std::fs;
use std::path::PathBuf;

use super::{Repository, RepositoryError, refs, trim_line};
use crate::git::object::ObjectId;

/// Symbolic refs that lead to one another; git stops at five.
const MOST_LINKS: usize = 8;

/// What HEAD leads to.
pub(super) fn head(repository: &Repository) -> Result<Option<ObjectId>, RepositoryError> {
    if !repository.files_backend {
        return through_git(repository, "HEAD");
    }
    let mut name = b"HEAD".to_vec();
    for _ in 0..MOST_LINKS {
        let Some(text) = loose(repository, &name) else { return Ok(packed(repository, &name)) };
        let Some(target) = text.strip_prefix(b"ref:") else {
            return Ok(ObjectId::from_hex(trim_line(&text)));
        };
        name = target.trim_ascii().to_vec();
    }
    Ok(None)
}

/// The file of a ref: of this work tree, or of all of them.
fn loose(repository: &Repository, name: &[u8]) -> Option<Vec<u8>> {
    let inner: PathBuf = super::path_of(name);
    let folders = [&repository.git_dir, &repository.common_dir];
    folders.iter().find_map(|folder| fs::read(folder.join(&inner)).ok())
}

fn packed(repository: &Repository, name: &[u8]) -> Option<ObjectId> {
    let text = fs::read(repository.common_dir.join("packed-refs")).ok()?;
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#"));
    let mut pairs = lines.filter_map(|line| line.split_at_checked(memchr::memchr(b' ', line)?));
    let (id, _) = pairs.find(|(_, rest)| rest.get(1..) == Some(name))?;
    ObjectId::from_hex(id)
}

/// What a revision names.
pub(super) fn named(
    repository: &Repository,
    name: &str,
) -> Result<Option<ObjectId>, RepositoryError> {
    let full = ObjectId::from_hex(name.as_bytes());
    if let Some(id) = full.filter(|id| id.format() == repository.format) {
        return Ok(Some(id));
    }
    if !repository.libgit2_can_open() {
        return through_git(repository, name);
    }
    let found = refs::open(repository)
        .and_then(|opened| opened.revparse_single(name).map(|object| object.id()));
    match found {
        Ok(id) => Ok(ObjectId::from_bytes(id.as_bytes())),
        Err(error) if error.class() == git2::ErrorClass::Repository => {
            through_git(repository, name)
        }
        Err(_) => Ok(None),
    }
}

fn through_git(repository: &Repository, name: &str) -> Result<Option<ObjectId>, RepositoryError> {
    // Whether git is there at all is asked first: that there is no such name is no failure.
    refs::run_git(repository, &["rev-parse", "--git-dir"])?;
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
    let found = refs::run_git(repository, &arguments).ok();
    Ok(found.and_then(|line| ObjectId::from_hex(line.trim_ascii())).filter(refs::is_named))
}
