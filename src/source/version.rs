//! One version of a file that git holds, scanned under its path.
//!
//! Not here: which versions there are.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::archive;
use super::content::is_archive;
use super::{Found, Progress, Reading, shown_path};
use crate::blob::{Blob, Provenance};
use crate::filter::allow::AllowComments;
use crate::filter::allowlist::allows_path;
use crate::finding::{Secret, Warning};
use crate::git::object::{Kind, ObjectId};
use crate::git::objects::Objects;
use crate::git::pack::Damage;
use crate::scanner::{Comments, Scanner, Scratch, Sighting};
use crate::span::{Charset, LineTable, Span};

/// What every file that stands for one in Git LFS begins with.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
/// A file of fewer bytes is one that stands for another.
const LFS_SIZE: usize = 1024;
/// Versions a thread should have to be worth its start.
const SHARE: usize = 16;

/// A secret of a file: the path (which tells the member of an archive), the rule, the value.
pub(super) type Identity = (String, usize, Secret);

/// All secrets of one version.
pub(super) type Held = Arc<BTreeSet<Identity>>;

/// The identity of a sighting.
pub(super) fn identity(sighting: &Sighting) -> Identity {
    (sighting.occurrence.path.clone(), sighting.rule, sighting.secret.clone())
}

/// A comment in the content that allows a secret of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    /// What it is, as its scanner spells it.
    pub(super) marker: &'static str,
    /// Its line, from 0.
    pub(super) line: usize,
}

/// What one version holds.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) found: Found,
    /// For each sighting, the comment that would allow it; asked only where comments are ignored.
    pub(super) allowed: Vec<Option<Allowed>>,
    /// Whether there is no such object.
    pub(super) missing: bool,
}

/// Reads and scans versions.
#[derive(Debug)]
pub(super) struct Versions<'a> {
    pub(super) scanner: &'a Scanner<'a>,
    pub(super) objects: &'a Objects,
    pub(super) reading: &'a Reading,
    pub(super) progress: &'a Progress,
    pub(super) threads: usize,
    /// What versions hold, comments ignored.
    held: Mutex<HashMap<(Vec<u8>, ObjectId), Held>>,
}

impl<'a> Versions<'a> {
    pub(super) fn new(
        scanner: &'a Scanner<'a>,
        objects: &'a Objects,
        reading: &'a Reading,
        progress: &'a Progress,
        threads: usize,
    ) -> Self {
        Self { scanner, objects, reading, progress, threads, held: Mutex::default() }
    }

    /// Scans each of `works` (a path and an object) and hands the results back in their order; those
    /// that an interrupt kept from being scanned are empty.
    pub(super) fn all(&self, works: &[(&[u8], ObjectId)], comments: Comments) -> Vec<Scanned> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::with_capacity(works.len()));
        let run = || {
            let mut scratch = Scratch::default();
            let mut own = Vec::new();
            while !self.progress.is_cancelled() {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((path, id)) = works.get(at) else { break };
                own.push((at, self.scan(path, id, comments, &mut scratch)));
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads.min(works.len().div_ceil(SHARE)) {
                scope.spawn(run);
            }
            run();
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(at, _)| *at);
        let mut done = done.into_iter().peekable();
        let mut all = Vec::with_capacity(works.len());
        for at in 0..works.len() {
            let own = done.next_if(|(number, _)| *number == at);
            all.push(own.map(|(_, scanned)| scanned).unwrap_or_default());
        }
        all
    }

    /// What a version holds, whatever comments say: (path, rule, secret).
    pub(super) fn held(&self, path: &[u8], id: &ObjectId) -> Held {
        let key = (path.to_vec(), *id);
        if let Some(held) = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(held);
        }
        let scanned = self.scan(path, id, Comments::Ignored, &mut Scratch::default());
        let held = Arc::new(scanned.found.sightings.iter().map(identity).collect());
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(key).or_insert(held))
    }

    /// Notes what a version that was scanned with comments ignored holds.
    pub(super) fn note(&self, path: &[u8], id: &ObjectId, scanned: &Scanned) {
        let held = Arc::new(scanned.found.sightings.iter().map(identity).collect());
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((path.to_vec(), *id), held);
    }

    /// Where the secrets of a version stand that is no archive, in order.
    pub(super) fn spans(&self, path: &[u8], id: &ObjectId) -> Vec<Span> {
        let scanned = self.scan(path, id, Comments::Ignored, &mut Scratch::default());
        let all = scanned.found.sightings.iter().map(|sighting| sighting.occurrence.span);
        let mut spans: Vec<Span> = all.collect();
        spans.sort_unstable();
        spans
    }

    /// The bytes of a version; none if they cannot be read.
    pub(super) fn bytes(&self, id: &ObjectId) -> Option<Vec<u8>> {
        self.objects.read_as(id, Kind::Blob).ok().flatten()
    }

    fn scan(
        &self,
        path: &[u8],
        id: &ObjectId,
        comments: Comments,
        scratch: &mut Scratch,
    ) -> Scanned {
        let mut scanned = Scanned::default();
        let shown = shown_path(path);
        if self.scanner.allowlists().iter().any(|list| allows_path(list, &shown)) {
            scanned.found.stats.skipped += 1;
            return scanned;
        }
        let bytes = match self.objects.read_as(id, Kind::Blob) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                scanned.missing = true;
                return scanned;
            }
            Err(damage) => {
                scanned.found.warnings.push(damaged(&shown, &damage));
                return scanned;
            }
        };
        if self.reading.max_size.is_some_and(|most| bytes.len() as u64 > most) {
            scanned.found.stats.skipped += 1;
            scanned.found.warnings.push(super::content::too_large(&shown));
            return scanned;
        }
        scanned.found.stats.files += 1;
        scanned.found.stats.bytes += bytes.len() as u64;
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        self.progress.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if bytes.len() < LFS_SIZE && bytes.starts_with(LFS) {
            scanned.found.warnings.push(pointer(&shown));
        }
        let blob = Some(id.to_string());
        let provenance = Provenance { blob, ..Provenance::named(shown.as_str()) };
        let Some(limits) = self.reading.archives.as_ref().filter(|_| is_archive(&bytes)) else {
            self.content(&Blob::whole(&bytes, &provenance), comments, scratch, &mut scanned);
            return scanned;
        };
        self.content(&Blob::whole(&[], &provenance), comments, scratch, &mut scanned);
        let outcome = archive::visit(&bytes, &shown, limits, &mut |member| {
            let inner = super::provenance_of(&member, &provenance);
            scanned.found.stats.members += u64::from(member.frame.is_none());
            scanned.found.stats.bytes += member.bytes.len() as u64;
            self.content(&member.blob(&inner), comments, scratch, &mut scanned);
            ControlFlow::Continue(())
        });
        scanned.found.warnings.extend(outcome.problems.into_iter().map(super::archive_warning));
        scanned
    }

    /// A content that is no archive.
    pub(super) fn content(
        &self,
        blob: &Blob<'_>,
        comments: Comments,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
    ) {
        scanned.found.warnings.extend(super::unread(blob));
        let Some(found) = self.scanner.scan_with(blob, scratch, comments) else { return };
        if comments == Comments::Ignored {
            let Blob { bytes, origin, .. } = *blob;
            let lines = LineTable::new(bytes, Charset::Utf8);
            let all = AllowComments::find(bytes, &lines);
            for sighting in &found.sightings {
                let rule = &self.scanner.rules().rules[sighting.rule];
                let called = |id: &str| rule.is_called(id);
                let Span { start, end } = sighting.occurrence.span;
                let [start, end] = [start, end].map(|at| at.saturating_sub(origin.offset));
                let comment = all.allowing(&called, Span::new(start, end), &lines);
                let comment = comment.filter(|_| !rule.is_about_paths());
                let line = |line: usize| line + origin.lines;
                let allowed = comment.map(|c| Allowed { marker: c.marker, line: line(c.line()) });
                scanned.allowed.push(allowed);
            }
        }
        scanned.found.sightings.extend(found.sightings);
        scanned.found.rejections.extend(found.rejections);
        scanned.found.allowed.extend(found.allowed);
        scanned.found.stats.rejected += found.rejected;
        scanned.found.stats.suppressed += found.suppressed;
    }
}

impl Found {
    /// Takes over all of another one but its secrets.
    pub(super) fn take_rest(&mut self, other: Found) {
        self.rejections.extend(other.rejections);
        self.allowed.extend(other.allowed);
        self.warnings.extend(other.warnings);
        self.stats.add(&other.stats);
    }
}

/// A version that cannot be read.
pub(super) fn damaged(path: &str, damage: &Damage) -> Warning {
    let message = format!("could not be read: {damage}");
    Warning { kind: "damaged", path: Some(path.to_owned()), message, incomplete: true }
}

/// Objects that are not there.
pub(super) fn missing(count: usize, first: &str, partial: bool) -> Warning {
    let why = if partial {
        "this is a partial clone: `git fetch --refetch --no-filter` gets them"
    } else {
        "`git fsck` tells more"
    };
    let message = format!(
        "{count} of the objects that should be scanned are missing, such as {first}; {why}"
    );
    Warning { kind: "missing", path: None, message, incomplete: true }
}

fn pointer(path: &str) -> Warning {
    let message = "stands for a file in Git LFS, whose content is not in git and was not scanned";
    let path = Some(path.to_owned());
    Warning { kind: "lfs-pointer", path, message: message.to_owned(), incomplete: false }
}
