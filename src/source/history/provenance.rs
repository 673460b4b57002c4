//! Who introduced a secret at a path, who held it last, and whether HEAD holds it.
//!
//! Commits are asked in topological order, parents first. A commit that holds (path, secret) when
//! none of its parents does has introduced it: by a change, a rename, or the resolution of a merge.
//! Not here: what is a secret.

use foldhash::{HashMap, HashMapExt, HashSet};
use rayon::prelude::*;

use super::dates;
use super::origins::Origins;
use super::paths::{List, Paths};
use super::trees::key;
use crate::finding;
use crate::git::commit::Commit;
use crate::git::graph::Graph;
use crate::git::object::ObjectId;
use crate::git::objects::Objects;
use crate::git::store::Store;
use crate::scanner::Scanner;

/// Number of a (path, rule, secret).
pub(super) type Secret = u32;

/// Where in the order of commits a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Place of the commit that introduced it.
    pub(super) first: usize,
    /// Place of the last commit that holds it.
    pub(super) last: usize,
}

impl Held {
    /// Takes a commit at `place` into account.
    pub(super) fn note(slot: &mut Option<Self>, place: usize) {
        let held = slot.get_or_insert(Self { first: place, last: place });
        held.first = held.first.min(place);
        held.last = held.last.max(place);
    }
}

/// The commits that are asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commits<'a> {
    pub(super) graph: &'a Graph,
    /// All commits, parents first.
    pub(super) order: &'a [u32],
    /// Which of them the chosen refs reach.
    pub(super) reached: &'a [bool],
    /// The list of each commit's tree, by the number of the commit.
    pub(super) lists: &'a [Option<List>],
    /// Only what was introduced since then, if it is given.
    pub(super) since: Option<i64>,
}

/// The lists of the trees of all commits. Each look waits for memory: on all cores.
pub(super) fn lists(graph: &Graph, paths: &Paths) -> Vec<Option<List>> {
    let commits = (0..u32::try_from(graph.len()).unwrap_or(u32::MAX)).into_par_iter();
    commits.map(|commit| paths.below(key(graph.tree(commit)?.as_bytes()))).collect()
}

impl Commits<'_> {
    /// The commit at a place of the order.
    pub(super) fn at(&self, place: usize) -> Option<u32> {
        self.order.get(place).copied()
    }

    /// Whether a commit is asked about.
    pub(super) fn asked(&self, commit: u32) -> bool {
        self.reached.get(commit as usize).copied().unwrap_or(false)
    }

    /// The commits that are asked about, in no order of the history.
    pub(super) fn all_asked(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(self.reached).filter(|(_, asked)| **asked).map(|(commit, _)| commit)
    }

    /// Whether a commit is recent enough to have introduced something.
    pub(super) fn recent(&self, commit: u32) -> bool {
        self.since.is_none_or(|since| self.graph.seconds(commit) >= since)
    }

    /// The list of a commit's tree.
    pub(super) fn list(&self, commit: u32) -> Option<List> {
        self.lists.get(commit as usize).copied().flatten()
    }

    /// The lists of all commits that are asked about, each once, in order.
    pub(super) fn all_lists(&self) -> Vec<List> {
        let mut lists: Vec<List> =
            self.all_asked().filter_map(|commit| self.list(commit)).collect();
        lists.sort_unstable();
        lists.dedup();
        lists
    }

    /// Where each secret was introduced and held last, and by which commits. `secrets` are those of each
    /// of `lists` lists, in order; a commit introduces nothing that is `excused` in it.
    pub(super) fn held(
        &self,
        lists: usize,
        secrets: &HashMap<List, Vec<Secret>>,
        count: usize,
        excused: &HashSet<(Secret, u32)>,
    ) -> (Vec<Option<Held>>, Origins) {
        let mut held: Vec<Option<Held>> = vec![None; count];
        let mut origins = Origins::new(self.graph.len(), count);
        let mut lasts: Vec<Option<usize>> = vec![None; lists];
        let mut steps: HashMap<(List, Vec<List>), u32> = HashMap::new();
        for (place, commit) in self.order.iter().enumerate() {
            let Some(list) = self.asked(*commit).then(|| self.list(*commit)).flatten() else {
                continue;
            };
            if let Some(last) = lasts.get_mut(list as usize) {
                *last = Some(place);
            }
            let parents = self.graph.parents(*commit).iter();
            let before: Vec<List> = parents.filter_map(|parent| self.list(*parent)).collect();
            if before.contains(&list) {
                continue;
            }
            // The same step again introduces the same, unless something was excused there.
            let step = match steps.get(&(list, before.clone())).filter(|_| excused.is_empty()) {
                Some(step) => *step,
                None => {
                    let of = |list: &List| secrets.get(list).map_or(&[][..], Vec::as_slice);
                    let is_old = |secret: &Secret| {
                        before.iter().any(|list| of(list).binary_search(secret).is_ok())
                    };
                    let is_new = |secret: &&Secret| {
                        !is_old(secret) && !excused.contains(&(**secret, *commit))
                    };
                    let step = origins.step(of(&list).iter().filter(is_new).copied());
                    steps.insert((list, before), step);
                    step
                }
            };
            origins.note(*commit, step);
            if self.recent(*commit) {
                for secret in origins.place(step) {
                    if let Some(slot @ None) = held.get_mut(secret as usize) {
                        *slot = Some(Held { first: place, last: place });
                    }
                }
            }
        }
        let lasts = (0..).zip(lasts).filter_map(|(list, last): (List, _)| Some((list, last?)));
        for (list, place) in lasts {
            for secret in secrets.get(&list).into_iter().flatten() {
                if let Some(Some(held)) = held.get_mut(*secret as usize) {
                    held.last = held.last.max(place);
                }
            }
        }
        (held, origins)
    }
}

/// A commit as reports show it.
pub(super) fn shown(id: ObjectId, store: &Store, scanner: &Scanner<'_>) -> finding::Commit {
    let bytes = store.read(&id).ok().flatten().map(|(_, bytes)| bytes).unwrap_or_default();
    of_bytes(id, &bytes, scanner)
}

/// The same where objects are read one by one.
pub(in crate::source) fn shown_commit(
    id: ObjectId,
    objects: &Objects,
    scanner: &Scanner<'_>,
) -> finding::Commit {
    let bytes = objects.read(&id).ok().flatten().map(|(_, bytes)| bytes).unwrap_or_default();
    of_bytes(id, &bytes, scanner)
}

/// What of it may be a secret is masked: it is shown beside findings.
fn of_bytes(id: ObjectId, bytes: &[u8], scanner: &Scanner<'_>) -> finding::Commit {
    let commit = Commit::parse(bytes).unwrap_or_else(|| Commit::bare(id));
    let author = commit.author;
    let text = |bytes: &[u8]| scanner.masked(commit.decoded(bytes));
    let summary = commit.message.trim_ascii_start().split(|byte| *byte == b'\n').next();
    finding::Commit {
        id: id.to_string(),
        author: text(author.name),
        email: text(author.email),
        date: dates::rfc3339(author.seconds, author.offset),
        summary: text(summary.unwrap_or_default().trim_ascii()),
    }
}
