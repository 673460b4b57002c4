//! Scans the blobs and messages in which the search found text of the right shape, each under each
//! of its paths.
//!
//! Not here: which paths those are, and which commits.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::search::Hit;
use crate::blob::{Blob, Provenance};
use crate::finding::{Confidence, Rejected, Secret, Stats, Suppressor, Warning};
use crate::git::store::Store;
use crate::prefilter::Candidate;
use crate::scanner::{Scanner, Scratch, Sighting, Sightings, Told};
use crate::source::archive::{self, Limits};
use crate::source::content::is_archive;

/// What makes two sightings one for the history: path, rule and secret.
pub(super) type Identity = (String, usize, Secret);

/// The identity of a sighting.
pub(super) fn identity(sighting: &Sighting) -> Identity {
    (sighting.occurrence.path.clone(), sighting.rule, sighting.secret.clone())
}

/// What a content says of a secret: how sure it is one, and who issued it.
pub(super) type Word = (Confidence, Option<String>);

/// What a sighting says.
pub(super) fn word(sighting: &Sighting) -> Word {
    (sighting.confidence, sighting.attribution.provider.clone())
}

/// What one blob under one path comes to.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) sightings: Vec<Sighting>,
    /// Secrets that were not sighted again, because it was known what they are.
    pub(super) secrets: Vec<(Identity, Word)>,
    pub(super) rejections: Vec<Rejected>,
    pub(super) allowed: Vec<(Sighting, Suppressor)>,
    pub(super) warnings: Vec<Warning>,
    pub(super) stats: Stats,
}

/// What is to be known of blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Which secrets are there.
    Identities,
    /// Where in the content, too.
    Sightings,
}

/// Judges blobs and messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    pub(super) scanner: &'a Scanner<'a>,
    pub(super) store: &'a Store,
    pub(super) archives: Option<&'a Limits>,
    pub(super) threads: usize,
    /// Set to end soon.
    pub(super) cancelled: &'a AtomicBool,
}

impl Judge<'_> {
    /// Judges each of `works` and hands what `keep` makes of it back, in the order of the works. If it
    /// is ended before all are judged, those that are missing are the last.
    pub(super) fn all<T: Send>(
        &self,
        works: &[(String, &Hit)],
        wish: Wish,
        keep: impl Fn(Judged) -> T + Sync,
    ) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::with_capacity(works.len()));
        let run = || {
            let mut scratch = Scratch::default();
            let mut own = Vec::new();
            // Whoever took a work does it: none is left out before one that is done.
            while !self.cancelled.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((path, hit)) = works.get(at) else { break };
                own.push((at, keep(self.blob(path, hit, wish, &mut scratch))));
            }
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut own);
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads.min(works.len() / 8) {
                scope.spawn(run);
            }
            run();
        });
        let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, kept)| kept).collect()
    }

    /// One blob under one path.
    fn blob(&self, path: &str, hit: &Hit, wish: Wish, scratch: &mut Scratch) -> Judged {
        let mut judged = Judged::default();
        if self.scanner.skips(path) {
            judged.stats.skipped += 1;
            return judged;
        }
        if !hit.matched && !self.scanner.reports_path(path) {
            return judged;
        }
        if let Some(constant) = hit.constant.as_ref().filter(|_| self.scanner.only_counts())
            && (constant.secrets.is_empty() || wish == Wish::Identities)
        {
            let identity = |told: &Told| {
                let word = (told.confidence, told.provider.clone());
                ((path.to_owned(), told.rule, told.secret.clone()), word)
            };
            judged.secrets.extend(constant.secrets.iter().map(identity));
            judged.stats.rejected += constant.rejected;
            judged.stats.suppressed += constant.suppressed;
            return judged;
        }
        let read;
        let bytes = match &hit.bytes {
            Some(bytes) => &**bytes,
            None => match self.store.read(&hit.id) {
                Ok(Some((_, bytes))) => {
                    read = bytes;
                    read.as_slice()
                }
                Ok(None) => return judged,
                Err(damage) => {
                    judged.warnings.push(damaged(&damage));
                    return judged;
                }
            },
        };
        let blob = Some(hit.id.to_string());
        let provenance = Provenance { blob, ..Provenance::named(path) };
        let Some(limits) = self.archives.filter(|_| is_archive(bytes)) else {
            let telling = hit.telling.as_deref();
            let blob = Blob::whole(bytes, &provenance);
            judged.warnings.extend(crate::source::unread(&blob));
            let found = self.scan(bytes, telling, &provenance, scratch);
            judged.take(found);
            return judged;
        };
        self.content(&[], &provenance, scratch, &mut judged);
        let outcome = archive::visit(bytes, path, limits, &mut |member| {
            let inner = crate::source::provenance_of(&member, &provenance);
            let blob = member.blob(&inner);
            judged.warnings.extend(crate::source::unread(&blob));
            judged.take(self.scanner.scan(&blob, scratch));
            ControlFlow::Continue(())
        });
        judged.warnings.extend(outcome.problems.into_iter().map(crate::source::archive_warning));
        judged
    }

    /// A content that is no archive.
    pub(super) fn content(
        &self,
        bytes: &[u8],
        provenance: &Provenance,
        scratch: &mut Scratch,
        judged: &mut Judged,
    ) {
        judged.take(self.scan(bytes, None, provenance, scratch));
    }

    fn scan(
        &self,
        bytes: &[u8],
        telling: Option<&[Candidate]>,
        provenance: &Provenance,
        scratch: &mut Scratch,
    ) -> Option<Sightings> {
        let blob = Blob::whole(bytes, provenance);
        match telling {
            Some(telling) => self.scanner.scan_at(&blob, telling, scratch),
            None => self.scanner.scan(&blob, scratch),
        }
    }
}

impl Judged {
    fn take(&mut self, found: Option<Sightings>) {
        let Some(found) = found else { return };
        self.sightings.extend(found.sightings);
        self.rejections.extend(found.rejections);
        self.allowed.extend(found.allowed);
        self.stats.rejected += found.rejected;
        self.stats.suppressed += found.suppressed;
    }
}

/// A damaged object.
pub(super) fn damaged(damage: &crate::git::pack::Damage) -> Warning {
    let name = damage.name.map_or_else(String::new, |id| format!(" (object {id})"));
    Warning {
        kind: "damaged",
        path: Some(damage.pack.display().to_string()),
        message: format!("is damaged at offset {}{name}: {}", damage.offset, damage.reason),
        incomplete: true,
    }
}
