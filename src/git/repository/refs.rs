//! The refs of a repository: from their files, or through git where they are kept another way.
//!
//! Not here: how the files are read, and what the refs' commits are.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use super::{Repository, RepositoryError, files};
use crate::git::object::ObjectId;

/// A name and the object that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    /// `refs/heads/main`, `HEAD`, `worktrees/x/HEAD`, `stash@{1}`; bytes that are not UTF-8 are
    /// replaced.
    pub name: String,
    /// A commit, or whatever else a tag names.
    pub target: ObjectId,
}

/// All of them, in order of their names.
pub(super) fn all(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let mut refs = if repository.files_backend {
        let mut refs = files::refs(repository)?;
        refs.extend(older_stashes(repository)?);
        refs
    } else {
        through_git(repository)?
    };
    refs.sort();
    refs.dedup();
    Ok(refs)
}

/// Stashes below the newest are in the log of `refs/stash` alone.
fn older_stashes(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let path = repository.common_dir.join("logs/refs/stash");
    let log = super::read_optional(&path)?.unwrap_or_default();
    let lines = log.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.is_empty());
    let new = |(line, number): (&[u8], usize)| {
        let new = line.split(|byte| *byte == b' ').nth(1).and_then(ObjectId::from_hex);
        new.ok_or_else(|| RepositoryError::Stash { path: path.clone(), line: number })
    };
    let targets: Vec<ObjectId> = lines.map(new).collect::<Result<_, _>>()?;
    Ok(numbered(targets.into_iter().rev()))
}

/// The stashes of a reftable, whose log only git can read.
fn older_stashes_through_git(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let log = run_git(repository, &["rev-list", "--walk-reflogs", "refs/stash", "--"])?;
    let lines = log.split(|byte| *byte == b'\n');
    Ok(numbered(lines.filter_map(ObjectId::from_hex)))
}

/// Stashes, the newest first.
fn numbered(targets: impl Iterator<Item = ObjectId>) -> Vec<Ref> {
    let name = |(number, target)| Ref { name: format!("stash@{{{number}}}"), target };
    targets.enumerate().map(name).collect()
}

fn through_git(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let listed = run_git(
        repository,
        &["for-each-ref", "--include-root-refs", "--format=%(objectname) %(refname)"],
    )?;
    let mut refs: Vec<Ref> = listed.split(|byte| *byte == b'\n').filter_map(parse_line).collect();
    // A detached head of a work tree is no ref of this one.
    refs.extend(other_heads_through_git(repository)?);
    if refs.iter().any(|one| one.name == "refs/stash") {
        refs.extend(older_stashes_through_git(repository)?);
    }
    Ok(refs)
}

/// The detached heads of other work trees: their files only say that they are elsewhere.
fn other_heads_through_git(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let mut refs = Vec::new();
    for (name, file) in files::head_files(repository)? {
        let names_branch = || run_git(repository, &["symbolic-ref", "-q", &name]).is_ok();
        if !file.exists() || names_branch() {
            continue;
        }
        let id = run_git(repository, &["rev-parse", "--verify", &name])?;
        let target = ObjectId::from_hex(id.trim_ascii()).filter(is_named);
        refs.extend(target.map(|target| Ref { name, target }));
    }
    Ok(refs)
}

fn parse_line(line: &[u8]) -> Option<Ref> {
    let (hex, name) = line.split_at_checked(memchr::memchr(b' ', line)?)?;
    let name = String::from_utf8_lossy(name.get(1..)?).into_owned();
    Some(Ref { name, target: ObjectId::from_hex(hex).filter(is_named)? })
}

/// Zeros stand for no commit yet.
pub(super) fn is_named(id: &ObjectId) -> bool {
    id.as_bytes().iter().any(|byte| *byte != 0)
}

pub(super) fn run_git(
    repository: &Repository,
    arguments: &[&str],
) -> Result<Vec<u8>, RepositoryError> {
    let failed =
        |problem: String| RepositoryError::Git { path: repository.git_dir.clone(), problem };
    let mut git_dir = OsString::from("--git-dir=");
    git_dir.push(&repository.git_dir);
    let output = Command::new("git")
        // Only reads refs: executes nothing of the repository, so any owner will do. Objects that
        // are not here are not fetched, which would execute what the configuration names.
        .args(["-c", "safe.directory=*", "--no-optional-locks"])
        .arg(git_dir)
        .args(arguments)
        .env("LC_ALL", "C")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env_remove("GIT_DIR")
        .env_remove("GIT_COMMON_DIR")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("git cannot be started ({error})")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failed(String::from_utf8_lossy(output.stderr.trim_ascii()).into_owned()))
}
