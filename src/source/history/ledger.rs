//! Puts a scan of the history together: secrets with their commits, losses, counts.
//!
//! Not here: how each of them is found out.

mod losses;
mod messages;
mod unreachable;
mod works;

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::classes::Classes;
use super::judge::{Identity, Judge, Judged, Wish, identity};
use super::paths::{List, Pair, Paths};
use super::provenance::{self, Commits, Held};
use super::reach;
use super::scope::Tips;
use super::search::{Hit, Hits};
use super::trees::{Key, key};
use super::{Found, NO_PATH, Run};
use crate::finding::{self, Stats};
use crate::git::object::ObjectId;
use crate::git::repository::Ref;
use crate::scanner::Sighting;
use works::{Located, by_key, work};

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
}

/// What is put together.
pub(super) struct Ledger<'a> {
    run: &'a Run<'a>,
    judge: Judge<'a>,
    found: Found,
    /// What was emitted already.
    known: HashSet<Identity>,
    /// The contents of which it was counted what is refused.
    counted: HashSet<ObjectId>,
}

/// What is kept of a blob under a path until it is known which version is shown.
struct Digest {
    secrets: Vec<Identity>,
    /// Secrets that allowlists allow in some commits, and those commits.
    excused: Vec<(Identity, Vec<ObjectId>)>,
    rest: Judged,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(run: &'a Run<'a>, hits: &Hits) -> Self {
        let judge = Judge {
            scanner: run.scanner,
            store: run.store,
            archives: run.options.archives.as_ref(),
            threads: run.options.threads,
        };
        let (found, known, counted) = (Found::default(), HashSet::new(), HashSet::new());
        let mut ledger = Self { run, judge, found, known, counted };
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
        self.blobs(scene);
        self.others(scene);
        self.messages(scene);
        self.unreachable(scene);
    }

    /// Says which refs reach what was found.
    pub(super) fn reach(&mut self, scene: &Scene<'_>, refs: &[Ref]) {
        let graph = scene.all.graph;
        let number = |sighting: &Sighting| {
            let commit = sighting.occurrence.commit.as_ref()?;
            graph.find(&ObjectId::from_hex(commit.id.as_bytes())?)
        };
        let mut commits: Vec<u32> = self.found.sightings.iter().filter_map(number).collect();
        commits.sort_unstable();
        commits.dedup();
        let ends = &scene.everything.ends;
        let reaching = reach::reaching(&commits, graph, scene.all.order, refs, ends);
        for sighting in &mut self.found.sightings {
            let found = number(sighting).and_then(|commit| reaching.get(&commit));
            sighting.occurrence.reach = found.cloned().unwrap_or_default();
        }
    }

    /// The blobs that commits hold.
    fn blobs(&mut self, scene: &Scene<'_>) {
        let Scene { hits, paths, commits, .. } = scene;
        let by_key = by_key(hits);
        let mut lists = commits.all_lists();
        // HEAD may be outside of the chosen refs.
        let head = scene.head.and_then(|head| commits.list(head));
        lists.extend(head.filter(|head| lists.binary_search(head).is_err()));
        let mut held = vec![false; paths.count()];
        for pair in lists.iter().flat_map(|list| paths.list(*list)) {
            if let Some(slot) = held.get_mut(*pair as usize) {
                *slot = true;
            }
        }
        let held = (0..).zip(held).filter_map(|(pair, held): (Pair, bool)| held.then_some(pair));
        let works: Vec<(Pair, (String, &Hit))> =
            held.filter_map(|pair| Some((pair, work(pair, paths, &by_key)?))).collect();
        let mut numbers: HashMap<Identity, u32> = HashMap::new();
        let mut identities: Vec<Identity> = Vec::new();
        let mut of_pair: Vec<Vec<u32>> = vec![Vec::new(); paths.count()];
        let mut excused: HashSet<(u32, u32)> = HashSet::new();
        let plain: Vec<(String, &Hit)> = works.iter().map(|(_, work)| work.clone()).collect();
        for ((pair, (_, hit)), mut digest) in
            works.iter().zip(self.judge.all(&plain, Wish::Identities, digest))
        {
            self.count(hit, &mut digest.rest.stats, scene.classes);
            self.rest(digest.rest);
            let secrets = digest.secrets.into_iter().map(|identity| {
                *numbers.entry(identity.clone()).or_insert_with(|| {
                    identities.push(identity);
                    u32::try_from(identities.len() - 1).unwrap_or(u32::MAX)
                })
            });
            if let Some(slot) = of_pair.get_mut(*pair as usize) {
                *slot = secrets.collect();
            }
            for (identity, ids) in digest.excused {
                let Some(secret) = numbers.get(&identity) else { continue };
                let found = ids.iter().filter_map(|id| commits.graph.find(id));
                excused.extend(found.map(|commit| (*secret, commit)));
            }
        }
        let of_list: HashMap<List, Vec<u32>> = lists
            .into_iter()
            .map(|list| {
                let pairs = paths.list(list).iter();
                let mut all: Vec<u32> = pairs
                    .filter_map(|pair| of_pair.get(*pair as usize))
                    .flatten()
                    .copied()
                    .collect();
                all.sort_unstable();
                all.dedup();
                (list, all)
            })
            .collect();
        let held = commits.held(paths.lists(), &of_list, identities.len(), &excused);
        let in_head = head.and_then(|head| of_list.get(&head)).into_iter().flatten().copied();
        let in_head: HashSet<u32> = in_head.collect();
        let mut shown: BTreeMap<(Pair, usize), Vec<(u32, Held)>> = BTreeMap::new();
        for (secret, held) in (0u32..).zip(held) {
            let Some(held) = held else { continue };
            let first = commits.at(held.first).and_then(|commit| commits.list(commit));
            let pairs = first.map(|list| paths.list(list)).unwrap_or_default();
            let of = |pair: &Pair| of_pair.get(*pair as usize);
            let has = |pair: &&Pair| of(pair).is_some_and(|all| all.contains(&secret));
            if let Some(pair) = pairs.iter().find(has) {
                shown.entry((*pair, held.first)).or_default().push((secret, held));
            }
        }
        self.emit(&shown, &identities, &in_head, scene, &by_key);
    }

    /// Scans the versions that are shown once more, and gives their secrets the commits.
    fn emit(
        &mut self,
        shown: &BTreeMap<(Pair, usize), Vec<(u32, Held)>>,
        identities: &[Identity],
        in_head: &HashSet<u32>,
        scene: &Scene<'_>,
        by_key: &HashMap<Key, &Hit>,
    ) {
        let mut commits = Shown { run: self.run, commits: &scene.commits, made: HashMap::new() };
        let mut located = Located::new(scene, by_key);
        let (works, all): (Vec<_>, Vec<_>) =
            shown.iter().filter_map(|(at, secrets)| Some((located.at(*at)?, secrets))).unzip();
        let judged = self.judge.all(&works, Wish::Sightings, |judged| judged.sightings);
        for (sightings, secrets) in judged.into_iter().zip(all) {
            let wanted: HashMap<&Identity, (u32, Held)> = secrets
                .iter()
                .filter_map(|(secret, held)| {
                    Some((identities.get(*secret as usize)?, (*secret, *held)))
                })
                .collect();
            for mut sighting in sightings {
                let identity = identity(&sighting);
                let Some((secret, held)) = wanted.get(&identity) else { continue };
                sighting.occurrence.commit = commits.at(held.first);
                sighting.occurrence.last_commit = commits.at(held.last);
                sighting.occurrence.in_head = Some(in_head.contains(secret));
                self.known.insert(identity);
                self.found.sightings.push(sighting);
            }
        }
    }

    /// Blobs that refs name without a commit.
    fn others(&mut self, scene: &Scene<'_>) {
        if scene.commits.since.is_some() {
            return;
        }
        let by_key = by_key(scene.hits);
        let mut located = Located::new(scene, &by_key);
        let mut works = Vec::new();
        for (name, id) in &scene.tips.others {
            let list = scene.paths.below(key(id.as_bytes()));
            for pair in list.map(|list| scene.paths.list(list)).unwrap_or_default() {
                let found = located.below(*pair, key(id.as_bytes()));
                let Some((path, hit)) = found else { continue };
                works.push((if path.is_empty() { name.clone() } else { path }, hit));
            }
        }
        self.without_commit(&works, scene.classes);
    }

    fn without_commit(&mut self, works: &[(String, &Hit)], classes: &Classes) {
        let judged = self.judge.all(works, Wish::Sightings, |judged| judged);
        for ((_, hit), mut judged) in works.iter().zip(judged) {
            self.count(hit, &mut judged.stats, classes);
            let sightings = std::mem::take(&mut judged.sightings);
            self.rest(judged);
            self.orphans(sightings);
        }
    }

    /// Sightings that no commit holds, unless they were emitted with one.
    fn orphans(&mut self, sightings: Vec<Sighting>) {
        let new: Vec<Sighting> =
            sightings.into_iter().filter(|s| !self.known.contains(&identity(s))).collect();
        for mut sighting in new {
            self.known.insert(identity(&sighting));
            sighting.occurrence.in_head = Some(false);
            self.found.sightings.push(sighting);
        }
    }

    /// What was found before the scan was interrupted: nobody knows where it is.
    pub(super) fn unplaced(&mut self, hits: &Hits) {
        let works: Vec<(String, &Hit)> =
            hits.blobs.iter().map(|hit| (NO_PATH.to_owned(), hit)).collect();
        for mut judged in self.judge.all(&works, Wish::Sightings, |judged| judged) {
            self.found.sightings.append(&mut judged.sightings);
            self.rest(judged);
        }
        for message in &hits.messages {
            let sightings = self.message(message);
            self.found.sightings.extend(sightings);
        }
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

fn digest(mut judged: Judged) -> Digest {
    let mut secrets = std::mem::take(&mut judged.secrets);
    secrets.extend(judged.sightings.iter().map(identity));
    let ids = |sighting: &Sighting| {
        let all = sighting.excused.iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()));
        (identity(sighting), all.collect())
    };
    let allowed = judged.sightings.iter().filter(|sighting| !sighting.excused.is_empty());
    let excused = allowed.map(ids).collect();
    judged.sightings = Vec::new();
    secrets.sort();
    secrets.dedup();
    Digest { secrets, excused, rest: judged }
}
