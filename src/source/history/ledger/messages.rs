//! What stands in the messages of commits and tags: the commit itself is the provenance.
//!
//! Not here: what stands in blobs.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::{Ledger, Scene, Shown};
use crate::blob::Provenance;
use crate::finding::Stats;
use crate::git::object::{Kind, ObjectId};
use crate::scanner::{Scratch, Sighting};
use crate::source::history::judge::{Identity, Judged, identity};
use crate::source::history::origins::Origins;
use crate::source::history::provenance::{Commits, Held};
use crate::source::history::reach;
use crate::source::history::scope::tag_target;
use crate::source::history::search::{Hits, Message};
use crate::source::history::{COMMIT_MESSAGE, TAG_MESSAGE};

/// A secret in messages.
struct Told {
    /// Where in the order of commits it is; none of tags of something else.
    held: Option<Held>,
    /// The place of the message that is shown.
    place: usize,
    /// The commits in whose messages it is.
    commits: Vec<u32>,
    /// The tags.
    tags: Vec<ObjectId>,
    sighting: Sighting,
}

impl Ledger<'_> {
    /// The messages of commits and tags.
    pub(super) fn messages(&mut self, scene: &Scene<'_>) {
        let Scene { hits, commits, .. } = scene;
        let head = scene.head.map(|head| commits.graph.ancestors(&[head])).unwrap_or_default();
        let is_in_head = |commit: u32| head.get(commit as usize).copied().unwrap_or(false);
        let places = places(commits);
        let mut told: BTreeMap<Identity, Told> = BTreeMap::new();
        let mut in_head: HashSet<Identity> = HashSet::new();
        for message in &hits.messages {
            self.ended |= self.run.progress.is_cancelled();
            if self.ended {
                // Who has not seen all of them does not know which is the first.
                return;
            }
            let (commit, asked) = asked(message, scene);
            // What HEAD holds it holds whoever is asked about, and since when; it holds no tags.
            let held = message.kind == Kind::Commit && commit.is_some_and(is_in_head);
            if !(asked || held) {
                continue;
            }
            let id = commit.and_then(|commit| commits.graph.id(commit)).map(|id| id.to_string());
            let excused =
                |sighting: &Sighting| id.as_ref().is_some_and(|id| sighting.excused.contains(id));
            let sightings = if asked { self.message(message) } else { self.glance(message) };
            let place = commit.and_then(|commit| places.get(commit as usize)).copied();
            for sighting in sightings.into_iter().filter(|one| !excused(one)) {
                if held {
                    in_head.insert(identity(&sighting));
                }
                if asked {
                    note(&mut told, sighting, place, (message, commit));
                }
            }
        }
        self.tell(told, &in_head, scene);
    }

    /// Gives secrets in messages their commits and refs.
    fn tell(
        &mut self,
        told: BTreeMap<Identity, Told>,
        in_head: &HashSet<Identity>,
        scene: &Scene<'_>,
    ) {
        let tagged = Tagged::new(scene);
        let mut of_commits: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut things = Vec::new();
        let mut shown = Shown { run: self.run, commits: &scene.commits, made: HashMap::new() };
        for (thing, (identity, told)) in (0u32..).zip(told) {
            let Told { held, commits, tags, mut sighting, .. } = told;
            sighting.occurrence.commit = held.and_then(|held| shown.at(held.first));
            sighting.occurrence.last_commit = held.and_then(|held| shown.at(held.last));
            sighting.occurrence.in_head = Some(in_head.contains(&identity));
            if commits.is_empty() {
                sighting.occurrence.reach = reach::named(tagged.refs(&tags));
            } else {
                things.push((self.found.sightings.len(), thing));
            }
            commits.iter().for_each(|commit| of_commits.entry(*commit).or_default().push(thing));
            self.known.insert(identity);
            self.found.sightings.push(sighting);
        }
        let count = things.last().map_or(0, |(_, thing)| *thing as usize + 1);
        let mut origins = Origins::new(scene.commits.graph.len(), count);
        for (commit, things) in of_commits {
            let step = origins.step(things.into_iter());
            origins.note(commit, step);
        }
        self.reached(&things, &origins, scene);
    }

    /// Judges a message.
    pub(super) fn message(&mut self, message: &Message) -> Vec<Sighting> {
        let mut judged = self.text(message);
        let sightings = std::mem::take(&mut judged.sightings);
        if !self.counted.insert(message.id) {
            judged.stats = Stats::default();
        }
        self.rest(judged);
        sightings
    }

    /// The same for a message that nobody asks about.
    fn glance(&self, message: &Message) -> Vec<Sighting> {
        self.text(message).sightings
    }

    fn text(&self, message: &Message) -> Judged {
        let path = if message.kind == Kind::Tag { TAG_MESSAGE } else { COMMIT_MESSAGE };
        let blob = Some(message.id.to_string());
        let provenance = Provenance { blob, ..Provenance::named(path) };
        let mut judged = Judged::default();
        self.judge.content(&message.text, &provenance, &mut Scratch::default(), &mut judged);
        judged
    }
}

/// The place of each commit in the order.
fn places(commits: &Commits<'_>) -> Vec<usize> {
    let mut places = vec![0; commits.graph.len()];
    for (place, commit) in commits.order.iter().enumerate() {
        if let Some(slot) = places.get_mut(*commit as usize) {
            *slot = place;
        }
    }
    places
}

/// The commit of a message, and whether it is asked about.
fn asked(message: &Message, scene: &Scene<'_>) -> (Option<u32>, bool) {
    let Scene { hits, commits, tips, .. } = scene;
    let (commit, chosen) = match message.kind {
        Kind::Tag => (commits.graph.find(&target(hits, message)), tips.tags.contains(&message.id)),
        _ => {
            let commit = commits.graph.find(&message.id);
            (commit, commit.is_some_and(|commit| commits.asked(commit)))
        }
    };
    let recent = commit.map_or(commits.since.is_none(), |commit| commits.recent(commit));
    (commit, chosen && recent)
}

/// Takes a message's secret into account; the first message is the one that is shown.
fn note(
    told: &mut BTreeMap<Identity, Told>,
    sighting: Sighting,
    place: Option<usize>,
    (message, commit): (&Message, Option<u32>),
) {
    let order = place.unwrap_or(usize::MAX);
    let known = told.entry(identity(&sighting)).or_insert_with(|| Told {
        held: None,
        place: order,
        commits: Vec::new(),
        tags: Vec::new(),
        sighting: sighting.clone(),
    });
    match (message.kind, commit) {
        (Kind::Tag, _) => known.tags.push(message.id),
        (_, commit) => known.commits.extend(commit),
    }
    if let Some(place) = place {
        Held::note(&mut known.held, place);
    }
    if order < known.place {
        (known.place, known.sighting) = (order, sighting);
    }
}

/// Which refs lead to which tags.
struct Tagged<'s> {
    /// The tags that name a tag.
    naming: HashMap<ObjectId, Vec<ObjectId>>,
    /// The names of the refs that name a tag.
    refs: HashMap<ObjectId, Vec<&'s str>>,
}

impl<'s> Tagged<'s> {
    fn new(scene: &Scene<'s>) -> Self {
        let mut tagged = Self { naming: HashMap::new(), refs: HashMap::new() };
        for (tag, target) in &scene.hits.tags {
            tagged.naming.entry(*target).or_default().push(*tag);
        }
        for one in scene.refs {
            tagged.refs.entry(one.target).or_default().push(&one.name);
        }
        tagged
    }

    /// The names of the refs that lead to one of some tags, by way of other tags if need be.
    fn refs(&self, tags: &[ObjectId]) -> Vec<&'s str> {
        let (mut ahead, mut seen) = (tags.to_vec(), HashSet::new());
        let mut names = Vec::new();
        while let Some(tag) = ahead.pop() {
            if seen.insert(tag) {
                names.extend(self.refs.get(&tag).into_iter().flatten());
                ahead.extend(self.naming.get(&tag).into_iter().flatten());
            }
        }
        names
    }
}

/// What a message is about: what a tag names, by way of other tags if need be, or the commit itself.
fn target(hits: &Hits, message: &Message) -> ObjectId {
    let mut target = message.id;
    for _ in 0..hits.tags.len().min(64) {
        let Some(next) = tag_target(&hits.tags, &target) else { break };
        target = next;
    }
    target
}
