//! One thread of a walk: lists folders, reads files, and shares with threads that wait.

use std::fs::FileType;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::{Reader, Worker, unreadable};
use super::folder::{Entry, Folder, list};
use super::names::slashed;
use super::place::{Place, RULES};
use super::queue::Queue;
use super::{Walk, worktree};
use crate::finding::Warning;

/// Something to do.
pub(super) enum Task {
    /// A folder to list, and the one that it lies in.
    List(PathBuf, Option<Arc<Folder>>),
    /// What is no folder in one, to be read.
    Read(Arc<Folder>, Vec<Entry>),
}

impl Task {
    /// The folder where a walk begins.
    pub(super) fn root(path: &Path) -> Self {
        Self::List(path.to_owned(), None)
    }
}

/// One thread of a walk.
pub(super) struct Visit<'v, W> {
    walk: &'v Walk<'v>,
    worker: W,
    reader: Reader<'v>,
    queue: &'v Queue<Task>,
    /// What it will do itself, if no other thread asks for it; the last first.
    own: Vec<Task>,
}

impl<'v, W: Worker> Visit<'v, W> {
    pub(super) fn new(walk: &'v Walk<'v>, worker: W, queue: &'v Queue<Task>) -> Self {
        let reader = Reader::new(&walk.options.reading, walk.progress);
        Self { walk, worker, reader, queue, own: Vec::new() }
    }

    /// Works until nothing is left for any thread, or the run is cancelled.
    pub(super) fn run(mut self) {
        let _guard = EndOnPanic(self.queue);
        while let Some(task) = self.own.pop().or_else(|| self.queue.take()) {
            if self.walk.progress.is_cancelled() {
                return self.queue.end();
            }
            match task {
                Task::List(path, above) => self.list(path, above),
                Task::Read(folder, entries) => self.read(&folder, entries),
            }
            if self.own.len() > 1 && self.queue.is_wanted() {
                self.queue.give(self.own.drain(..self.own.len() / 2));
            }
        }
    }

    /// Lists a folder, and leaves what is in it to be done.
    fn list(&mut self, path: PathBuf, above: Option<Arc<Folder>>) {
        let (entries, failed) = list(&path);
        if let Some(error) = failed {
            // The folder where the walk begins has no name in it.
            let name = above.as_ref().map(|_| self.walk.names.of(&path).path);
            self.worker.warn(unreadable(&name.unwrap_or_else(|| slashed(&path)), &error));
        }
        let place = self.place(&path, above.as_deref(), &entries);
        let folder = Arc::new(Folder { path, above, place });
        let mut files = Vec::new();
        for entry in entries {
            if entry.name == ".git" || !self.is_admitted(&folder, &entry) {
                continue;
            }
            let is_link = entry.kind.is_symlink() && self.walk.options.follow;
            match if is_link { self.followed(&folder, entry) } else { Some(entry) } {
                Some(entry) if entry.kind.is_dir() => {
                    let below = folder.path.join(&entry.name);
                    self.own.push(Task::List(below, Some(Arc::clone(&folder))));
                }
                Some(entry) => files.push(entry),
                None => {}
            }
        }
        if !files.is_empty() {
            self.own.push(Task::Read(folder, files));
        }
    }

    /// What git says of a folder; nothing if nobody wants to know.
    fn place(
        &mut self,
        path: &Path,
        above: Option<&Folder>,
        entries: &[Entry],
    ) -> Option<Arc<Place>> {
        if self.walk.options.no_ignore {
            return None;
        }
        let mut warn = |warning| self.worker.warn(warning);
        let Some(above) = above else {
            return Place::named(&self.walk.names.real_root, &mut warn);
        };
        let has_rules = entries.iter().any(|e| e.name == RULES && !e.kind.is_dir());
        let is_mark = |entry: &Entry| worktree::MARKS.iter().any(|mark| entry.name == *mark);
        if entries.iter().any(is_mark) && worktree::begins_at(path) {
            Some(Place::top(path, has_rules, &mut warn))
        } else {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            above.place.as_ref().map(|above| Place::below(above, name, path, has_rules))
        }
    }

    fn is_admitted(&mut self, folder: &Folder, entry: &Entry) -> bool {
        let name = entry.name.as_encoded_bytes();
        folder.place.as_ref().is_none_or(|place| {
            place.admits(name, entry.kind.is_dir(), &mut |warning| self.worker.warn(warning))
        })
    }

    /// What a link leads to; none if that is nothing, or holds the link.
    fn followed(&mut self, folder: &Folder, link: Entry) -> Option<Entry> {
        let path = folder.path.join(&link.name);
        let target = std::fs::metadata(&path).and_then(|is| {
            let is_loop = is.is_dir() && folder.is_within(&path)?;
            Ok((is.file_type(), is_loop))
        });
        let name = || self.walk.names.of(&path).path;
        match target {
            Ok((kind, false)) => return Some(Entry { kind, ..link }),
            Ok((_, true)) => self.worker.warn(Warning {
                kind: "loop",
                path: Some(name()),
                message: "is a link to a folder that holds it; it was not followed".to_owned(),
                incomplete: false,
            }),
            Err(error) => self.worker.warn(unreadable(&name(), &error)),
        }
        None
    }

    /// Reads what is no folder, as long as no other thread waits for some of it.
    fn read(&mut self, folder: &Arc<Folder>, mut entries: Vec<Entry>) {
        while let Some(entry) = entries.pop() {
            if self.walk.progress.is_cancelled() {
                return;
            }
            if self.queue.is_wanted() {
                self.share(folder, &mut entries);
            }
            let path = folder.path.join(&entry.name);
            if self.walk.roots.is_new(self.walk.root, &path) {
                self.one(&path, entry.kind);
            }
        }
    }

    /// Gives half of what is to be done away: the oldest, as those are folders with more below them.
    fn share(&mut self, folder: &Arc<Folder>, entries: &mut Vec<Entry>) {
        if !self.own.is_empty() {
            self.queue.give(self.own.drain(..self.own.len().div_ceil(2)));
        } else if !entries.is_empty() {
            let half = entries.split_off(entries.len() / 2);
            self.queue.give([Task::Read(Arc::clone(folder), half)]);
        }
    }

    fn one(&mut self, path: &Path, kind: FileType) {
        if kind.is_file() {
            return self.walk.read(path, &mut self.reader, &mut self.worker);
        }
        self.worker.skipped();
        if is_special(kind) {
            self.worker.warn(Warning {
                kind: "special-file",
                path: Some(self.walk.names.of(path).path),
                message: "is no regular file and was left out".to_owned(),
                incomplete: false,
            });
        }
    }
}

/// A thread that panics ends the others, which would wait for it for ever.
struct EndOnPanic<'q>(&'q Queue<Task>);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

#[cfg(unix)]
fn is_special(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device()
}

#[cfg(not(unix))]
fn is_special(_: FileType) -> bool {
    false
}
