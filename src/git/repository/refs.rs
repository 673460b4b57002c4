//! The refs of a repository: from their files, or through git where they are kept another way.
//!
//! Not here: what the refs' commits are.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use super::{Repository, RepositoryError};
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
        through_files(repository)?
    } else {
        through_git(repository)?
    };
    refs.extend(older_stashes(repository));
    refs.sort();
    refs.dedup();
    Ok(refs)
}

/// Refs as the files backend keeps them: one file each, or a line of `packed-refs`, which a file
/// comes before. Read directly, since a clone may have tens of thousands of them.
fn through_files(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let common = &repository.common_dir;
    let packed = super::read_optional(&common.join("packed-refs"))?.unwrap_or_default();
    let lines = packed.split(|byte| *byte == b'\n');
    let mut found: BTreeMap<Vec<u8>, Target> = lines.filter_map(packed_line).collect();
    // Some refs, as those of a bisection, are each work tree's own.
    for root in [common, &repository.git_dir] {
        loose(root, b"refs".to_vec(), &mut found)?;
    }
    let mut refs: Vec<Ref> = found
        .iter()
        // A symbolic ref to nothing (origin/HEAD of a branch that is gone) names no object.
        .filter_map(|(name, target)| named(name, resolve(target, &found)?))
        .collect();
    let head = super::read_optional(&repository.git_dir.join("HEAD"))?.unwrap_or_default();
    let head = target(&head).and_then(|head| resolve(&head, &found));
    refs.extend(head.and_then(|head| named(b"HEAD", head)));
    let trees = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
    for tree in trees {
        // A head that names a branch is among the refs already.
        let head = fs::read(tree.path().join("HEAD")).ok();
        let head = head.and_then(|head| ObjectId::from_hex(head.trim_ascii()));
        let name = format!("worktrees/{}/HEAD", tree.file_name().to_string_lossy());
        refs.extend(head.and_then(|head| named(name.as_bytes(), head)));
    }
    Ok(refs)
}

/// What a ref says.
#[derive(Clone, Debug)]
enum Target {
    Object(ObjectId),
    /// Another ref.
    Symbolic(Vec<u8>),
}

/// Symbolic refs that lead to each other are followed so often, as git does.
const MOST_HOPS: usize = 5;

fn resolve(target: &Target, all: &BTreeMap<Vec<u8>, Target>) -> Option<ObjectId> {
    let mut target = target;
    for _ in 0..=MOST_HOPS {
        match target {
            Target::Object(id) => return Some(*id),
            Target::Symbolic(name) => target = all.get(name)?,
        }
    }
    None
}

fn named(name: &[u8], target: ObjectId) -> Option<Ref> {
    let name = String::from_utf8_lossy(name).into_owned();
    is_named(&target).then_some(Ref { name, target })
}

/// A line of `packed-refs`; `None` for its header and for what a tag is peeled to.
fn packed_line(line: &[u8]) -> Option<(Vec<u8>, Target)> {
    let (hex, name) = line.split_at_checked(memchr::memchr(b' ', line)?)?;
    Some((name.trim_ascii().to_vec(), Target::Object(ObjectId::from_hex(hex)?)))
}

/// The content of a ref's file.
fn target(text: &[u8]) -> Option<Target> {
    match text.strip_prefix(b"ref:") {
        Some(name) => Some(Target::Symbolic(name.trim_ascii().to_vec())),
        None => {
            let word = text.split(u8::is_ascii_whitespace).next()?;
            ObjectId::from_hex(word).map(Target::Object)
        }
    }
}

/// Reads the files of the directory `name` below `root`, and of those in it.
fn loose(
    root: &Path,
    name: Vec<u8>,
    found: &mut BTreeMap<Vec<u8>, Target>,
) -> Result<(), RepositoryError> {
    let directory = root.join(super::path_of(&name));
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listed => super::read(&directory, listed)?,
    };
    for entry in entries {
        let entry = super::read(&directory, entry)?;
        let own = entry.file_name();
        let inner = [&name, b"/".as_slice(), own.as_encoded_bytes()].concat();
        // A lock is a ref that is being written.
        if inner.ends_with(b".lock") {
            continue;
        }
        if super::read(&entry.path(), entry.file_type())?.is_dir() {
            loose(root, inner, found)?;
            continue;
        }
        // One that is gone by now was deleted or packed meanwhile.
        let Some(text) = super::read_optional(&entry.path())? else { continue };
        let target = target(&text).ok_or_else(|| RepositoryError::Ref { path: entry.path() })?;
        found.insert(inner, target);
    }
    Ok(())
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
