//! Gets the commits that a shallow checkout left out, with git and the access that the checkout left in
//! the repository's configuration.
//!
//! Whether that worked is not asked here: whoever needs the commits looks whether they are there.

use std::process::{Command, Stdio};

use crate::git::object::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;

/// Fetches the whole history, and those of `wanted` (ids and refs) that it does not bring.
pub(super) fn deepen(repository: &Repository, wanted: &[String]) {
    let branches = "+refs/heads/*:refs/remotes/origin/*";
    if repository.is_shallow() {
        fetch(repository, &["--unshallow", "origin", branches]);
    }
    for name in wanted {
        let id = ObjectId::from_hex(name.as_bytes());
        let objects = Objects::new(repository.object_dirs(), repository.format());
        let is_there = id.is_some_and(|id| objects.contains(&id));
        // A name of a revision is not fetched: it is the checkout's, or nobody's.
        if !is_there && (id.is_some() || name.starts_with("refs/")) {
            fetch(repository, &["origin", name]);
        }
    }
}

fn fetch(repository: &Repository, arguments: &[&str]) {
    let mut git_dir = std::ffi::OsString::from("--git-dir=");
    git_dir.push(repository.git_dir());
    let _ = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null"])
        .args(["-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false"])
        .arg(git_dir)
        .args(["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"])
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
