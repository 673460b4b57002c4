//! Puts a scan of the history together: secrets with their commits, losses, counts.
//!
//! Not here: how each of them is found out.

mod blobs;
mod evidence;
mod losses;
mod messages;
mod others;
mod unreachable;
mod works;

use std::sync::atomic::AtomicBool;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::classes::Classes;
use super::judge::{Identity, Judge, Judged, Wish};
use super::origins::Origins;
use super::paths::Paths;
use super::provenance::{self, Commits};
use super::reach;
use super::scope::Tips;
use super::search::{Hit, Hits};
use super::{Found, NO_PATH, Run};
use crate::finding::{self, Reach, Secret, Stats};
use crate::git::object::ObjectId;
use crate::git::repository::Ref;
use crate::scanner::Scanner;

/// Everything that is known of the history when the places of secrets are asked for.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) hits: &'a Hits,
    pub(super) paths: &'a Paths,
    pub(super) classes: &'a Classes,
    /// The commits of the chosen refs.
    pub(super) commits: Commits<'a>,
    /// The commits of all refs.
    pub(super) all: Commits<'a>,
    /// Where the chosen refs lead.
    pub(super) tips: &'a Tips,
    /// Where all refs lead.
    pub(super) everything: &'a Tips,
    pub(super) head: Option<u32>,
    /// All refs.
    pub(super) refs: &'a [Ref],
}

/// What is put together.
pub(super) struct Ledger<'a> {
    run: &'a Run<'a>,
    judge: Judge<'a>,
    found: Found,
    /// What was emitted already.
    known: HashSet<Identity>,
    /// The contents and messages of which it was counted what is refused.
    counted: HashSet<ObjectId>,
    /// Whether the scan was interrupted before everything had its place.
    ended: bool,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(run: &'a Run<'a>, hits: &Hits) -> Self {
        let judge = Judge {
            scanner: run.scanner,
            store: run.store,
            archives: run.options.archives.as_ref(),
            threads: run.options.threads,
            cancelled: &run.progress.cancelled,
        };
        let (found, known, counted) = (Found::default(), HashSet::new(), HashSet::new());
        let mut ledger = Self { run, judge, found, known, counted, ended: false };
        ledger.found.stats.files = hits.contents;
        ledger.found.stats.bytes = hits.bytes;
        ledger.found.stats.members = hits.members;
        ledger.odd(&hits.odd, "commits or tags cannot be understood");
        ledger.odd(&hits.gaps.damaged, "trees are damaged");
        ledger.repository();
        ledger
    }

    pub(super) fn finish(self) -> Found {
        self.found
    }

    /// Places the secrets of blobs and messages.
    pub(super) fn place(&mut self, scene: &Scene<'_>) {
        if scene.paths.cut {
            let message = "one content lies at more places of the history than are told apart: \
                           some places of secrets are left out";
            self.warn("places", message.to_owned(), true);
        }
        for step in [Self::blobs, Self::others, Self::messages, Self::unreachable] {
            step(self, scene);
            if self.ended {
                self.unplaced(scene.hits);
                break;
            }
        }
    }

    /// Says of sightings, each with the number of the thing that it is, which refs reach it.
    fn reached(&mut self, things: &[(usize, u32)], origins: &Origins, scene: &Scene<'_>) {
        let mut numbers: Vec<u32> = things.iter().map(|(_, thing)| *thing).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let lines = (scene.all.graph, scene.all.order);
        let ends = (scene.refs, scene.everything.ends.as_slice());
        let cancelled = &self.run.progress.cancelled;
        let reaching = reach::reaching(&numbers, origins, lines, ends, cancelled);
        for (sighting, thing) in things {
            let sighting = self.found.sightings.get_mut(*sighting);
            if let (Some(sighting), Some(reach)) = (sighting, reaching.get(thing)) {
                sighting.occurrence.reach.clone_from(reach);
            }
        }
    }

    /// Masks what may be a secret in the names of refs.
    pub(super) fn mask_refs(&mut self) {
        let mut masks = Masks { scanner: self.run.scanner, masked: HashMap::new() };
        for sighting in &mut self.found.sightings {
            masks.apply(&mut sighting.occurrence.reach);
        }
    }

    /// Judges works, and notes if the scan was interrupted before all were.
    fn judged<T: Send>(
        &mut self,
        works: &[(String, &Hit)],
        wish: Wish,
        keep: impl Fn(Judged) -> T + Sync,
    ) -> Vec<T> {
        let judged = self.judge.all(works, wish, keep);
        self.ended |= judged.len() < works.len();
        judged
    }

    /// What was found before the scan was interrupted and has no place yet: nobody knows where it is.
    pub(super) fn unplaced(&mut self, hits: &Hits) {
        let goes_on = AtomicBool::new(false);
        let judge = Judge { cancelled: &goes_on, ..self.judge };
        let works: Vec<(String, &Hit)> =
            hits.blobs.iter().map(|hit| (NO_PATH.to_owned(), hit)).collect();
        let judged = judge.all(&works, Wish::Sightings, |judged| judged);
        let mut sightings = Vec::new();
        for (hit, mut judged) in hits.blobs.iter().zip(judged) {
            sightings.append(&mut judged.sightings);
            self.count(hit, &mut judged.stats, &Classes::default());
            self.rest(judged);
        }
        for message in &hits.messages {
            sightings.extend(self.message(message));
        }
        let known: HashSet<(usize, Secret)> =
            self.known.iter().map(|(_, rule, secret)| (*rule, secret.clone())).collect();
        sightings.retain(|one| !known.contains(&(one.rule, one.secret.clone())));
        self.found.sightings.extend(sightings);
    }

    /// Counts what is refused in a content once, wherever that is, and in those that it stands for; who
    /// asks for all that is refused gets it at each path.
    fn count(&mut self, hit: &Hit, stats: &mut Stats, classes: &Classes) {
        if stats.skipped > 0 || !self.run.scanner.only_counts() {
            return;
        }
        if !self.counted.insert(hit.id) {
            (stats.rejected, stats.suppressed) = (0, 0);
        } else if let Some(refused) = classes.refused(hit) {
            (stats.rejected, stats.suppressed) = (refused.rejected, refused.suppressed);
        }
    }

    /// All of a judgement but the secrets.
    fn rest(&mut self, judged: Judged) {
        self.found.rejections.extend(judged.rejections);
        self.found.allowed.extend(judged.allowed);
        self.found.warnings.extend(judged.warnings);
        self.found.stats.add(&judged.stats);
    }
}

/// Names of refs as reports show them, each looked at once: what of them may be a secret is masked.
struct Masks<'a> {
    scanner: &'a Scanner<'a>,
    masked: HashMap<String, String>,
}

impl Masks<'_> {
    fn apply(&mut self, reach: &mut Reach) {
        for name in &mut reach.refs {
            let plain = std::mem::take(name);
            let make = |plain: &String| self.scanner.masked(plain.clone());
            name.clone_from(self.masked.entry(plain).or_insert_with_key(make));
        }
    }
}

/// Commits as reports show them, each read once.
struct Shown<'a> {
    run: &'a Run<'a>,
    commits: &'a Commits<'a>,
    made: HashMap<usize, Option<finding::Commit>>,
}

impl Shown<'_> {
    fn at(&mut self, place: usize) -> Option<finding::Commit> {
        let (run, commits) = (self.run, self.commits);
        let make = || {
            let id = commits.graph.id(commits.at(place)?)?;
            Some(provenance::shown(id, run.store, run.scanner))
        };
        self.made.entry(place).or_insert_with(make).clone()
    }
}
