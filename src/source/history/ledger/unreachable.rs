//! What stands in objects that no ref reaches: shown if that was asked for, else counted.
//!
//! Not here: which commits the refs reach.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet, HashSetExt};

use super::works::{keys_below, other_lists, work};
use super::{Ledger, Scene};
use crate::finding::{Reach, Secret};
use crate::git::object::{Kind, ObjectId};
use crate::source::history::NO_PATH;
use crate::source::history::classes::Classes;
use crate::source::history::judge::Wish;
use crate::source::history::paths::{List, Pair};
use crate::source::history::search::{Hit, Message};
use crate::source::history::trees::{Key, key};

impl Ledger<'_> {
    /// What no ref reaches: shown if that was asked for, else counted.
    pub(super) fn unreachable(&mut self, scene: &Scene<'_>) {
        let Scene { hits, all, paths, everything, classes, .. } = scene;
        let mut reached: HashSet<Key> = HashSet::new();
        reached.extend(keys_below(all.all_lists().into_iter(), paths));
        reached.extend(keys_below(other_lists(everything, paths).into_iter(), paths));
        // What another one stands for is lost with it.
        let is_lost = |hit: &&Hit| {
            let own = key(hit.id.as_bytes());
            classes.of(own) == own && !reached.contains(&own)
        };
        let lost: Vec<&Hit> = hits.blobs.iter().filter(is_lost).collect();
        let lost_keys: HashMap<Key, &Hit> =
            lost.iter().map(|hit| (key(hit.id.as_bytes()), *hit)).collect();
        let mut works: BTreeMap<(String, ObjectId), &Hit> = BTreeMap::new();
        let mut placed: HashSet<ObjectId> = HashSet::new();
        let elsewhere = all.order.iter().filter(|commit| !all.asked(**commit));
        let elsewhere: BTreeSet<List> = elsewhere.filter_map(|c| all.list(*c)).collect();
        let pairs: BTreeSet<Pair> =
            elsewhere.into_iter().flat_map(|list| paths.list(list)).copied().collect();
        for pair in pairs {
            if let Some((path, hit)) = work(pair, paths, &lost_keys) {
                placed.insert(hit.id);
                works.insert((path, hit.id), hit);
            }
        }
        for hit in lost.iter().filter(|hit| !placed.contains(&hit.id)) {
            works.insert((NO_PATH.to_owned(), hit.id), hit);
        }
        let works: Vec<(String, &Hit)> =
            works.into_iter().map(|((path, _), hit)| (path, hit)).collect();
        let messages: Vec<&Message> = hits
            .messages
            .iter()
            .filter(|message| match message.kind {
                Kind::Tag => !everything.tags.contains(&message.id),
                _ => !all.graph.find(&message.id).is_some_and(|commit| all.asked(commit)),
            })
            .collect();
        if self.run.options.unreachable {
            return self.leftovers(&works, &messages, classes);
        }
        self.count_unreachable(&works, &messages, classes);
    }

    /// Shows what no ref reaches, marked so.
    fn leftovers(&mut self, works: &[(String, &Hit)], messages: &[&Message], classes: &Classes) {
        let reach = Reach { unreachable: true, ..Reach::default() };
        let judged = self.judged(works, Wish::Sightings, |judged| judged);
        for ((_, hit), mut judged) in works.iter().zip(judged) {
            self.count(hit, &mut judged.stats, classes);
            let sightings = std::mem::take(&mut judged.sightings);
            self.rest(judged);
            self.orphans(sightings, &reach);
        }
        for message in messages {
            let sightings = self.message(message);
            self.orphans(sightings, &reach);
        }
    }

    fn count_unreachable(
        &mut self,
        works: &[(String, &Hit)],
        messages: &[&Message],
        classes: &Classes,
    ) {
        let least = self.run.options.least;
        let mut secrets: BTreeSet<(usize, Secret)> = BTreeSet::new();
        let before = self.found.stats;
        let judged = self.judged(works, Wish::Sightings, |judged| (judged.sightings, judged.stats));
        let mut sightings = Vec::new();
        for ((_, hit), (own, mut stats)) in works.iter().zip(judged) {
            sightings.extend(own);
            stats.skipped = 0;
            self.count(hit, &mut stats, classes);
            self.found.stats.add(&stats);
        }
        for message in messages {
            sightings.extend(self.message(message));
        }
        if self.ended {
            // Who has not seen all of them does not know how many there are.
            return;
        }
        if !self.run.scanner.only_counts() {
            // What is not shown is not counted among what was refused either.
            self.found.stats = before;
        }
        let known: HashSet<(usize, &Secret)> =
            self.known.iter().map(|(_, rule, secret)| (*rule, secret)).collect();
        for sighting in sightings.iter().filter(|sighting| sighting.confidence >= least) {
            if !known.contains(&(sighting.rule, &sighting.secret)) {
                secrets.insert((sighting.rule, sighting.secret.clone()));
            }
        }
        let message = match secrets.len() {
            0 => return,
            1 => "1 more secret is only in objects that no ref reaches".to_owned(),
            count => format!("{count} more secrets are only in objects that no ref reaches"),
        };
        self.warn("unreachable", format!("{message}; `--unreachable` shows what is there"), false);
    }
}
