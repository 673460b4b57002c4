//! The secrets of the blobs that commits hold, each with the commits that had it first and last.
//!
//! Not here: blobs without a commit, and what a blob comes to.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet};

use super::evidence::Voice;
use super::works::{Located, by_key, work};
use super::{Ledger, Scene, Shown};
use crate::git::object::ObjectId;
use crate::scanner::Sighting;
use crate::source::history::judge::{Identity, Judged, Wish, Word, identity, word};
use crate::source::history::paths::{List, Pair, Paths};
use crate::source::history::provenance::Held;
use crate::source::history::search::Hit;
use crate::source::history::trees::Key;

/// What is kept of a blob under a path until it is known which version is shown.
struct Digest {
    secrets: Vec<(Identity, Word)>,
    /// Secrets that allowlists allow in some commits, and those commits.
    excused: Vec<(Identity, Vec<ObjectId>)>,
    rest: Judged,
}

/// The secrets of all pairs, by number.
#[derive(Default)]
struct Secrets {
    identities: Vec<Identity>,
    /// A secret by itself, and together with what some of the contents that hold it say of it.
    numbers: HashMap<(Identity, Option<Word>), u32>,
    /// For those together with a word, the number of the secret by itself.
    told_of: Vec<Option<u32>>,
    /// Those of each pair.
    of_pair: Vec<Vec<u32>>,
    /// The pairs that hold each, in order.
    pairs: Vec<Vec<Pair>>,
    /// Secrets and commits in which they are allowed.
    excused: HashSet<(u32, u32)>,
}

impl Secrets {
    /// Takes over what a pair holds; pairs come in order.
    fn add(&mut self, pair: Pair, secrets: Vec<(Identity, Word)>, varies: impl Fn(usize) -> bool) {
        for (identity, word) in secrets {
            let word = varies(identity.1).then_some(word);
            let number = self.number(identity.clone(), None, None, pair);
            if word.is_some() {
                self.number(identity, word, Some(number), pair);
            }
        }
    }

    /// The number of what a pair holds, which is new or known.
    fn number(
        &mut self,
        identity: Identity,
        word: Option<Word>,
        told_of: Option<u32>,
        pair: Pair,
    ) -> u32 {
        let number = *self.numbers.entry((identity, word)).or_insert_with_key(|(identity, _)| {
            self.identities.push(identity.clone());
            self.told_of.push(told_of);
            self.pairs.push(Vec::new());
            u32::try_from(self.identities.len() - 1).unwrap_or(u32::MAX)
        });
        let slots = self.of_pair.get_mut(pair as usize);
        if let Some(slot) = slots.filter(|slot| slot.last() != Some(&number)) {
            slot.push(number);
        }
        let pairs = self.pairs.get_mut(number as usize);
        if let Some(pairs) = pairs.filter(|pairs| pairs.last() != Some(&pair)) {
            pairs.push(pair);
        }
        number
    }

    /// Those of a list, in order.
    fn of_list(&self, list: List, paths: &Paths) -> Vec<u32> {
        let pairs = paths.list(list).iter();
        let of_pairs = pairs.filter_map(|pair| self.of_pair.get(*pair as usize));
        let mut all: Vec<u32> = of_pairs.flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The pair that shows a secret, among those of a list. The places of a history can be many:
    /// few of them are at the path of one secret.
    fn shown(&self, secret: u32, list: List, paths: &Paths) -> Option<Pair> {
        let there = paths.list(list);
        let mut pairs = self.pairs.get(secret as usize)?.iter();
        pairs.find(|pair| there.binary_search(pair).is_ok()).copied()
    }
}

impl Ledger<'_> {
    /// The blobs that commits hold.
    pub(super) fn blobs(&mut self, scene: &Scene<'_>) {
        let Scene { hits, paths, commits, .. } = scene;
        let by_key = by_key(hits);
        let mut lists = commits.all_lists();
        // HEAD may be outside of the chosen refs.
        let head = scene.head.and_then(|head| commits.list(head));
        lists.extend(head.filter(|head| lists.binary_search(head).is_err()));
        let secrets = self.secrets(&lists, scene, &by_key);
        let goes_on = |_: &List| !self.run.progress.is_cancelled();
        let going = lists.iter().copied().take_while(goes_on);
        let of_list: HashMap<List, Vec<u32>> =
            going.map(|list| (list, secrets.of_list(list, paths))).collect();
        self.ended |= of_list.len() < lists.len();
        if self.ended {
            return;
        }
        let count = secrets.identities.len();
        let (held, origins) = commits.held(paths.lists(), &of_list, count, &secrets.excused);
        let in_head = head.and_then(|head| of_list.get(&head)).into_iter().flatten().copied();
        let in_head: HashSet<u32> = in_head.collect();
        let mut shown: BTreeMap<(Pair, usize), Vec<(u32, Held)>> = BTreeMap::new();
        let mut voices = Vec::new();
        for ((secret, held), told_of) in (0u32..).zip(held).zip(&secrets.told_of) {
            let Some(held) = held else { continue };
            let first = commits.at(held.first).and_then(|commit| commits.list(commit));
            let pair = first.and_then(|list| secrets.shown(secret, list, paths));
            let Some(at) = pair.map(|pair| (pair, held.first)) else { continue };
            match told_of {
                Some(secret) => voices.push(Voice { secret: *secret, at }),
                None => shown.entry(at).or_default().push((secret, held)),
            }
        }
        let emitted = self.emit(&shown, &secrets.identities, &in_head, scene, &by_key);
        self.reached(&emitted, &origins, scene);
        self.testify(&emitted, voices, scene, &by_key);
    }

    /// Which secrets stand where, below some lists.
    fn secrets(
        &mut self,
        lists: &[List],
        scene: &Scene<'_>,
        by_key: &HashMap<Key, &Hit>,
    ) -> Secrets {
        let Scene { paths, commits, classes, .. } = scene;
        let mut held = vec![false; paths.count()];
        for pair in lists.iter().flat_map(|list| paths.list(*list)) {
            if let Some(slot) = held.get_mut(*pair as usize) {
                *slot = true;
            }
        }
        let held = (0..).zip(held).filter_map(|(pair, held): (Pair, bool)| held.then_some(pair));
        let (pairs, works): (Vec<Pair>, Vec<(String, &Hit)>) =
            held.filter_map(|pair| Some((pair, work(pair, paths, by_key)?))).unzip();
        let of_pair = vec![Vec::new(); paths.count()];
        let mut secrets = Secrets { of_pair, ..Secrets::default() };
        let judged = self.judged(&works, Wish::Identities, digest);
        for ((pair, (_, hit)), mut digest) in pairs.into_iter().zip(&works).zip(judged) {
            self.count(hit, &mut digest.rest.stats, classes);
            self.rest(digest.rest);
            secrets.add(pair, digest.secrets, |rule| self.varies(rule));
            for (identity, ids) in digest.excused {
                let Some(secret) = secrets.numbers.get(&(identity, None)) else { continue };
                let found = ids.iter().filter_map(|id| commits.graph.find(id));
                secrets.excused.extend(found.map(|commit| (*secret, commit)));
            }
        }
        secrets
    }

    /// Scans the versions that are shown once more, and gives their secrets the commits. Returns the
    /// numbers of the sightings and of their secrets.
    fn emit(
        &mut self,
        shown: &BTreeMap<(Pair, usize), Vec<(u32, Held)>>,
        identities: &[Identity],
        in_head: &HashSet<u32>,
        scene: &Scene<'_>,
        by_key: &HashMap<Key, &Hit>,
    ) -> Vec<(usize, u32)> {
        let mut emitted = Vec::new();
        let mut commits = Shown { run: self.run, commits: &scene.commits, made: HashMap::new() };
        let mut located = Located::new(scene, by_key);
        let (works, all): (Vec<_>, Vec<_>) =
            shown.iter().filter_map(|(at, secrets)| Some((located.at(*at)?, secrets))).unzip();
        let judged = self.judged(&works, Wish::Sightings, |judged| judged.sightings);
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
                emitted.push((self.found.sightings.len(), *secret));
                self.known.insert(identity);
                self.found.sightings.push(sighting);
            }
        }
        emitted
    }
}

fn digest(mut judged: Judged) -> Digest {
    let mut secrets = std::mem::take(&mut judged.secrets);
    secrets.extend(judged.sightings.iter().map(|one| (identity(one), word(one))));
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
