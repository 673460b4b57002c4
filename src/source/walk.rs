//! Files and folders, walked in parallel.
//!
//! `.gitignore` is honoured, but never against a file that git tracks; hidden files are read; `.git`
//! is not entered; links are followed on request only. The walk is our own, the rules are read by
//! `ignore`: its walk asks them for every file, knows no index, and lets a thread sleep for a
//! millisecond where it has nothing to do, which is a sixth of the time of a small work tree.
//! Not here: reading the files.

mod folder;
mod names;
mod place;
mod queue;
mod visit;
mod worktree;

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::roots::{Root, Roots};
use super::{Progress, Reader, Reading, Worker};
use crate::blob::Provenance;
use crate::filter::allowlist::allows_path;
use crate::finding::Warning;
use crate::rule::Allowlist;
use names::{Names, slashed};
use queue::Queue;
use visit::{Task, Visit};

/// How a walk is done.
#[derive(Debug, Default)]
pub struct Options {
    /// How files are read.
    pub reading: Reading,
    /// Whether to read what `.gitignore` hides.
    pub no_ignore: bool,
    /// Whether to follow symbolic links.
    pub follow: bool,
    /// Number of threads; at least one.
    pub threads: usize,
    /// Whether paths are shown from the root of the work tree, and not as they were typed.
    pub from_root: bool,
}

/// Walks `roots` and hands every file to one of the workers that `make` makes, one a thread.
/// `allowlists` name paths that need not be read.
/// A root that is not there is a warning; one that is named twice is walked once.
pub fn walk<W: Worker>(
    roots: &[PathBuf],
    options: &Options,
    allowlists: &[Allowlist],
    progress: &Progress,
    make: &(dyn Fn() -> W + Sync),
) {
    let roots = Roots::new(roots);
    for root in roots.iter() {
        let walk = |names: Names| {
            let names = names.shown_from_root(options.from_root);
            Walk { root, roots: &roots, names, options, allowlists, progress }
        };
        match std::fs::metadata(root.path) {
            Ok(is) if is.is_dir() => walk(Names::new(root.path)).run(make),
            Ok(is) => walk(Names::of_one(root.path, &is)).one(&is, &mut make()),
            Err(error) => make().warn(super::unreadable(&slashed(root.path), &error)),
        }
    }
}

/// The walk from one root.
struct Walk<'a> {
    root: &'a Root<'a>,
    roots: &'a Roots<'a>,
    names: Names,
    options: &'a Options,
    allowlists: &'a [Allowlist],
    progress: &'a Progress,
}

impl Walk<'_> {
    /// Reads a root that is no folder. Whoever names it wants it read, whatever it is.
    fn one(&self, is: &Metadata, worker: &mut dyn Worker) {
        let mut reader = Reader::new(&self.options.reading, self.progress);
        let path = self.root.path;
        if !self.roots.is_new(self.root, path) {
            return;
        }
        if is.is_file() {
            self.read(path, &mut reader, worker);
        } else if let Some(provenance) = self.admitted(path, worker) {
            reader.special(path, is, &provenance, worker);
        }
    }

    /// Walks a root that is a folder, on this thread and others.
    fn run<W: Worker>(&self, make: &(dyn Fn() -> W + Sync)) {
        let threads = self.options.threads.max(1);
        let queue = Queue::new(Task::root(self.root.path), threads);
        let work = || Visit::new(self, make(), &queue).run();
        std::thread::scope(|scope| {
            for _ in 1..threads {
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    // The system has no more threads: those that are there do the work.
                    queue.lack_one();
                }
            }
            work();
        });
    }

    fn read(&self, path: &Path, reader: &mut Reader<'_>, worker: &mut dyn Worker) {
        if let Some(provenance) = self.admitted(path, worker) {
            reader.file(path, &provenance, worker);
        }
    }

    /// How a file is called; none if an allowlist names it.
    fn admitted(&self, path: &Path, worker: &mut dyn Worker) -> Option<Provenance> {
        let provenance = self.names.of(path);
        if path.to_str().is_none() {
            worker.warn(Warning {
                kind: "name",
                path: Some(provenance.path.clone()),
                message: "the name is no valid UTF-8; it is shown with escapes".to_owned(),
                incomplete: false,
            });
        }
        if self.allowlists.iter().any(|list| allows_path(list, &provenance.stable_path)) {
            worker.skipped();
            return None;
        }
        Some(provenance)
    }
}
