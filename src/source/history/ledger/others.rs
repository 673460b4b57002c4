//! What refs reach without a commit: trees and blobs that they name themselves.
//!
//! Not here: what no ref reaches.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt};

use super::works::{Located, by_key};
use super::{Ledger, Scene};
use crate::finding::Reach;
use crate::git::object::ObjectId;
use crate::scanner::{Scanner, Sighting};
use crate::source::history::judge::{Identity, Wish, identity};
use crate::source::history::reach;
use crate::source::history::search::Hit;
use crate::source::history::trees::{Key, key};

/// A blob below refs.
struct Named<'s> {
    hit: &'s Hit,
    refs: Vec<&'s str>,
}

impl Ledger<'_> {
    /// Blobs that refs name without a commit, and those in trees that they name.
    pub(super) fn others(&mut self, scene: &Scene<'_>) {
        if scene.commits.since.is_some() {
            return;
        }
        let by_key = by_key(scene.hits);
        let named = named(scene, &by_key, self.run.scanner);
        let works: Vec<(String, &Hit)> =
            named.iter().map(|((path, _), named)| (path.clone(), named.hit)).collect();
        let judged = self.judged(&works, Wish::Sightings, |judged| judged);
        let before = self.found.sightings.len();
        let mut refs: HashMap<Identity, BTreeSet<&str>> = HashMap::new();
        for (named, mut judged) in named.values().zip(judged) {
            self.count(named.hit, &mut judged.stats, scene.classes);
            let sightings = std::mem::take(&mut judged.sightings);
            self.rest(judged);
            for sighting in &sightings {
                refs.entry(identity(sighting)).or_default().extend(&named.refs);
            }
            self.orphans(sightings, &Reach::default());
        }
        for sighting in self.found.sightings.iter_mut().skip(before) {
            if let Some(refs) = refs.get(&identity(sighting)) {
                sighting.occurrence.reach = reach::named(refs.iter().copied());
            }
        }
    }

    /// Sightings that no commit holds, unless they were emitted with one.
    pub(super) fn orphans(&mut self, sightings: Vec<Sighting>, reach: &Reach) {
        let is_new = |sighting: &Sighting| !self.known.contains(&identity(sighting));
        let new: Vec<Sighting> = sightings.into_iter().filter(is_new).collect();
        for mut sighting in new {
            self.known.insert(identity(&sighting));
            sighting.occurrence.in_head = Some(false);
            sighting.occurrence.reach = reach.clone();
            self.found.sightings.push(sighting);
        }
    }
}

/// The blobs below the chosen refs, by path, with all refs that lead to each.
fn named<'s>(
    scene: &'s Scene<'_>,
    by_key: &'s HashMap<Key, &'s Hit>,
    scanner: &Scanner<'_>,
) -> BTreeMap<(String, ObjectId), Named<'s>> {
    let mut located = Located::new(scene, by_key);
    let mut below = |name: &str, id: &ObjectId| {
        let list = scene.paths.below(key(id.as_bytes()));
        let pairs = list.map(|list| scene.paths.list(list)).unwrap_or_default().iter();
        let works = pairs.filter_map(|pair| located.below(*pair, key(id.as_bytes())));
        let path = |path: String| match path.is_empty() {
            // The name takes the place of a path, and is shown as one.
            true => scanner.masked(name.to_owned()),
            false => path,
        };
        works.map(|(own, hit)| (path(own), hit)).collect::<Vec<_>>()
    };
    let mut named = BTreeMap::new();
    for (name, id) in &scene.tips.others {
        for (path, hit) in below(name, id) {
            named.insert((path, hit.id), Named { hit, refs: Vec::new() });
        }
    }
    for (name, id) in &scene.everything.others {
        for (path, hit) in below(name, id) {
            if let Some(named) = named.get_mut(&(path, hit.id)) {
                named.refs.push(name);
            }
        }
    }
    named
}
