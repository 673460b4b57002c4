//! Files and folders, walked in parallel.
//!
//! `.gitignore` is honoured, but never against a file that git tracks; hidden files are read; `.git`
//! is not entered; links are followed on request only. Not here: reading the files.

use std::borrow::Cow;
use std::fs::{FileType, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::roots::{Root, Roots};
use super::{Progress, Reader, Reading, Worker, pipe, tracked};
use crate::blob::Provenance;
use crate::filter::allowlist::allows_path;
use crate::finding::Warning;
use crate::rule::Allowlist;

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
}

/// Walks `roots` and hands every file to one of the workers that `make` makes, one a thread.
/// `allowlists` name paths that need not be read.
/// A root that is not there is a warning; one that is named twice is walked once.
pub fn walk<'w, W: Worker + Send + 'w>(
    roots: &[PathBuf],
    options: &Options,
    allowlists: &[Allowlist],
    progress: &Progress,
    make: &(dyn Fn() -> W + Sync),
) {
    let roots = Roots::new(roots);
    for root in roots.iter() {
        let walk = |names| Walk::new(root, &roots, names, options, allowlists, progress);
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
    /// Folders that hold a `.git`.
    repositories: Arc<Mutex<Vec<PathBuf>>>,
    /// Hashes of the paths that were read: 64 bits, keyed anew for each walk.
    visited: Mutex<Vec<u64>>,
    hasher: RandomState,
}

impl<'a> Walk<'a> {
    fn new(
        root: &'a Root<'a>,
        roots: &'a Roots<'a>,
        names: Names,
        options: &'a Options,
        allowlists: &'a [Allowlist],
        progress: &'a Progress,
    ) -> Self {
        let above: Vec<PathBuf> = names.work_tree.iter().cloned().collect();
        let repositories = Arc::new(Mutex::new(above));
        let (visited, hasher) = (Mutex::default(), RandomState::new());
        Self { root, roots, names, options, allowlists, progress, repositories, visited, hasher }
    }

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

    fn run<W: Worker + Send>(&self, make: &(dyn Fn() -> W + Sync)) {
        self.builder().build_parallel().run(|| {
            let mut visit = Visit {
                walk: self,
                worker: make(),
                reader: Reader::new(&self.options.reading, self.progress),
                visited: Vec::new(),
            };
            Box::new(move |entry| visit.entry(entry))
        });
        if !self.options.no_ignore && !self.progress.is_cancelled() {
            self.tracked(make);
        }
    }

    fn builder(&self) -> WalkBuilder {
        let mut builder = WalkBuilder::new(self.root.path);
        let honour = !self.options.no_ignore;
        let found = Arc::clone(&self.repositories);
        builder
            .threads(self.options.threads.max(1))
            .hidden(false)
            .ignore(false)
            .parents(honour)
            .git_ignore(honour)
            .git_global(honour)
            .git_exclude(honour)
            .follow_links(self.options.follow)
            .filter_entry(move |entry| {
                let is_git = entry.file_name() == ".git" && entry.depth() > 0;
                if is_git
                    && let (Some(folder), Ok(mut found)) = (entry.path().parent(), found.lock())
                {
                    found.push(folder.to_owned());
                }
                !is_git
            });
        builder
    }

    /// Reads the tracked files that an ignore rule hid from the walk.
    fn tracked<W: Worker + Send>(&self, make: &(dyn Fn() -> W + Sync)) {
        let mut roots = self.repositories.lock().map(|r| r.clone()).unwrap_or_default();
        roots.sort();
        roots.dedup();
        let Ok(mut visited) = self.visited.lock() else { return };
        visited.sort_unstable();
        let mut worker = make();
        let mut reader = Reader::new(&self.options.reading, self.progress);
        for root in roots {
            let files = match tracked::files(&root) {
                Ok(files) => files,
                Err(message) => {
                    worker.warn(Warning {
                        kind: "index",
                        path: Some(root.display().to_string()),
                        message: format!(
                            "tracked files that .gitignore names were not read: {message}"
                        ),
                        incomplete: true,
                    });
                    continue;
                }
            };
            let Some(place) = self.names.place_of(&root) else { continue };
            let mut name = place.folder.clone();
            for file in files {
                let Some(inner) = file.strip_prefix(place.outside.as_slice()) else { continue };
                name.truncate(place.folder.len());
                name.extend_from_slice(inner);
                let known = visited.binary_search(&self.hasher.hash_one(&name)).is_ok();
                if known || self.progress.is_cancelled() {
                    continue;
                }
                // Deleted in the work tree, or no longer a file: nothing to read.
                let path = place.root.join(tracked::native(inner));
                let is_file = path.symlink_metadata().is_ok_and(|m| m.is_file());
                if is_file && self.roots.is_new(self.root, &path) {
                    self.read(&path, &mut reader, &mut worker);
                }
            }
        }
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

/// One thread of a walk.
struct Visit<'v, W: Worker> {
    walk: &'v Walk<'v>,
    worker: W,
    reader: Reader<'v>,
    visited: Vec<u64>,
}

impl<W: Worker> Visit<'_, W> {
    fn entry(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        if self.walk.progress.is_cancelled() {
            return WalkState::Quit;
        }
        match entry {
            Ok(entry) => self.visit(&entry),
            Err(error) => self.worker.warn(walk_error(&error)),
        }
        WalkState::Continue
    }

    fn visit(&mut self, entry: &DirEntry) {
        if let Some(error) = entry.error() {
            let message = format!("an ignore file is not wholly understood: {error}");
            let path = Some(entry.path().display().to_string());
            self.worker.warn(Warning { kind: "ignore-file", path, message, incomplete: false });
        }
        let Some(kind) = entry.file_type() else { return };
        if kind.is_dir() || !self.walk.roots.is_new(self.walk.root, entry.path()) {
            return;
        }
        if kind.is_file() || (entry.depth() == 0 && !is_special(kind)) {
            self.walk.read(entry.path(), &mut self.reader, &mut self.worker);
            if !self.walk.options.no_ignore {
                self.visited.push(self.walk.hasher.hash_one(&*plain(entry.path())));
            }
        } else {
            self.worker.skipped();
            if is_special(kind) {
                self.worker.warn(Warning {
                    kind: "special-file",
                    path: Some(self.walk.names.of(entry.path()).path),
                    message: "is no regular file and was left out".to_owned(),
                    incomplete: false,
                });
            }
        }
    }
}

impl<W: Worker> Drop for Visit<'_, W> {
    fn drop(&mut self) {
        if let Ok(mut visited) = self.walk.visited.lock() {
            visited.append(&mut self.visited);
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

fn walk_error(error: &ignore::Error) -> Warning {
    let (mut path, mut inner, mut is_loop) = (None, error, false);
    loop {
        match inner {
            ignore::Error::WithPath { path: p, err } => {
                path = Some(p.display().to_string());
                inner = err;
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                inner = err;
            }
            ignore::Error::Loop { child, .. } => {
                path = Some(child.display().to_string());
                is_loop = true;
                break;
            }
            _ => break,
        }
    }
    if is_loop {
        let message = "is a link to a folder that holds it; it was not followed".to_owned();
        return Warning { kind: "loop", path, message, incomplete: false };
    }
    let message = format!("could not be read: {inner}");
    Warning { kind: "unreadable", path, message, incomplete: true }
}

/// How paths are called: as the user typed them, and as fingerprints have them.
struct Names {
    /// What the walk's paths begin with and the user did not type.
    implied: bool,
    /// The work tree that holds the root.
    work_tree: Option<PathBuf>,
    root: PathBuf,
    /// The root with links resolved.
    real_root: PathBuf,
    /// The root in the work tree; empty outside of one.
    inner: String,
}

impl Names {
    fn new(root: &Path) -> Self {
        let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let work_tree = tracked::work_tree(&real_root);
        let base = match &work_tree {
            Some(tree) => real_root.strip_prefix(tree).ok().map(slashed),
            None => {
                real_root.file_name().filter(|_| !real_root.is_dir()).map(|n| slashed(Path::new(n)))
            }
        };
        let implied = root == Path::new(".");
        Self {
            implied,
            work_tree,
            root: root.to_owned(),
            real_root,
            inner: base.unwrap_or_default(),
        }
    }

    /// Those of a root that is no folder.
    fn of_one(root: &Path, is: &Metadata) -> Self {
        let names = Self::new(root);
        // Like standard input: the number of a descriptor is another each time.
        if pipe::is_nameless(root, is) { Self { inner: "-".to_owned(), ..names } } else { names }
    }

    fn of(&self, path: &Path) -> Provenance {
        let inner_name = self.inner_name(path);
        let stable_path = match (self.inner.is_empty(), inner_name.is_empty()) {
            (true, _) => inner_name.clone(),
            (_, true) => self.inner.clone(),
            _ => format!("{}/{inner_name}", self.inner),
        };
        let path = if self.implied { inner_name } else { slashed(path) };
        Provenance { path, stable_path, blob: None }
    }

    /// The name of a path below the root.
    fn inner_name(&self, path: &Path) -> String {
        if std::path::MAIN_SEPARATOR == '/'
            && let (Some(name), Some(root)) = (path.to_str(), self.root.to_str())
            && let Some(inner) = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'))
        {
            // Nearly always: the walk makes its paths out of the root.
            return inner.to_owned();
        }
        slashed(path.strip_prefix(&self.root).unwrap_or(path))
    }

    /// Where the walk meets the files of the work tree `tree`; none if it does not.
    fn place_of(&self, tree: &Path) -> Option<Place> {
        for root in [&self.root, &self.real_root] {
            if let Ok(inner) = tree.strip_prefix(root) {
                return Some(Place::new(self.root.join(inner), Vec::new()));
            }
            if let Ok(inner) = root.strip_prefix(tree) {
                let outside = plain(&inner.join("")).into_owned();
                return Some(Place::new(self.root.clone(), outside));
            }
        }
        None
    }
}

/// Where a walk meets the files of a work tree.
struct Place {
    /// What they are below.
    root: PathBuf,
    /// The same as the walk's paths begin.
    folder: Vec<u8>,
    /// What their paths in the work tree begin with above that.
    outside: Vec<u8>,
}

impl Place {
    fn new(root: PathBuf, outside: Vec<u8>) -> Self {
        let mut folder = plain(&root.join("x")).into_owned();
        folder.pop();
        Self { root, folder, outside }
    }
}

/// The bytes of a path, `/` between its parts.
fn plain(path: &Path) -> Cow<'_, [u8]> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if std::path::MAIN_SEPARATOR == '/' {
        return bytes.into();
    }
    let slash = |byte: &u8| if *byte == std::path::MAIN_SEPARATOR as u8 { b'/' } else { *byte };
    bytes.iter().map(slash).collect()
}

/// A path with `/` between its parts; what is no UTF-8 is escaped.
fn slashed(path: &Path) -> String {
    if let Some(text) = path.to_str().filter(|_| std::path::MAIN_SEPARATOR == '/') {
        return text.to_owned();
    }
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|b| format!("\\x{b:02x}")));
    }
    if std::path::MAIN_SEPARATOR == '/' {
        text
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}
