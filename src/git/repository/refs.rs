//! The refs of a repository: through libgit2, or through git where libgit2 cannot.
//!
//! Not here: what the refs' commits are.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::process::{Command, Stdio};

use super::{Repository, RepositoryError, owner};
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
    let mut refs = if repository.libgit2_can_open() {
        through_libgit2(repository).map_err(|source| RepositoryError::Libgit2 {
            path: repository.git_dir.clone(),
            source,
        })?
    } else {
        through_git(repository)?
    };
    refs.extend(older_stashes(repository));
    refs.sort();
    refs.dedup();
    Ok(refs)
}

fn through_libgit2(repository: &Repository) -> Result<Vec<Ref>, git2::Error> {
    let opened = open(repository)?;
    let mut refs = Vec::new();
    for reference in opened.references()? {
        let reference = reference?;
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        // A symbolic ref to nothing (origin/HEAD of a branch that is gone) names no object.
        let target = reference.resolve().ok().and_then(|resolved| resolved.target());
        refs.extend(named(name, target));
    }
    let head = opened.refname_to_id("HEAD").ok();
    refs.extend(named("HEAD".into(), head));
    for name in opened.worktrees()?.iter().flatten().flatten() {
        let head = fs::read(repository.common_dir.join("worktrees").join(name).join("HEAD"));
        // A head that names a branch is among the refs already.
        let target = head.ok().and_then(|head| ObjectId::from_hex(head.trim_ascii()));
        refs.extend(target.map(|target| Ref { name: format!("worktrees/{name}/HEAD"), target }));
    }
    Ok(refs)
}

/// Opens it with libgit2, whoever owns it.
pub(super) fn open(repository: &Repository) -> Result<git2::Repository, git2::Error> {
    owner::trust_any();
    let flags = git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::NO_DOTGIT;
    let none: [&OsStr; 0] = [];
    git2::Repository::open_ext(&repository.git_dir, flags, none)
}

fn named(name: String, target: Option<git2::Oid>) -> Option<Ref> {
    Some(Ref { name, target: ObjectId::from_bytes(target?.as_bytes())? })
}

/// Stashes below the newest are in the log of `refs/stash` alone.
fn older_stashes(repository: &Repository) -> Vec<Ref> {
    let log = fs::read(repository.common_dir.join("logs/refs/stash")).unwrap_or_default();
    let lines = log.split(|byte| *byte == b'\n').rev().filter(|line| !line.is_empty());
    let stashes = lines.enumerate().filter_map(|(number, line)| {
        let new = line.split(|byte| *byte == b' ').nth(1)?;
        Some(Ref { name: format!("stash@{{{number}}}"), target: ObjectId::from_hex(new)? })
    });
    stashes.collect()
}

fn through_git(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let listed = run_git(
        repository,
        &["for-each-ref", "--include-root-refs", "--format=%(objectname) %(refname)"],
    )?;
    let mut refs: Vec<Ref> = listed.split(|byte| *byte == b'\n').filter_map(parse_line).collect();
    // A detached head of a work tree is no ref of this one.
    let trees = run_git(repository, &["worktree", "list", "--porcelain"])?;
    let heads = trees.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"HEAD "));
    refs.extend(
        heads
            .filter_map(ObjectId::from_hex)
            .filter(is_named)
            .map(|target| Ref { name: format!("worktrees/{target}/HEAD"), target }),
    );
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
        // Only reads refs: executes nothing of the repository, so any owner will do.
        .args(["-c", "safe.directory=*", "--no-optional-locks"])
        .arg(git_dir)
        .args(arguments)
        .env("LC_ALL", "C")
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
