//! The commits that one commit reaches and others do not.
//!
//! Newest first, by the dates that commits have, as git does it; a commit that turns out to be old
//! takes those below it along. Where dates lie, the walk goes on until everything that could still
//! be old is older than anything new. Not here: what commits change.

use std::collections::{BinaryHeap, HashMap, HashSet};

use super::commit::{Commit, Signature};
use super::graph::{Builder, Graph};
use super::object::{Kind, ObjectId};
use super::objects::Objects;

/// Old commits that are looked at beyond the point where everything seems settled.
const SLOP: usize = 64;

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walked {
    /// The commits that are new, and how they hang together.
    pub graph: Graph,
    /// The parents of each new commit that are there, new or old, in the commit's order.
    pub parents: HashMap<ObjectId, Vec<Parent>>,
    /// Parents of new commits that are not there: the history is cut off.
    pub cut: Vec<ObjectId>,
    /// Parents of old commits that are not there.
    pub cut_below: Vec<ObjectId>,
    /// Whether a new commit has no parents at all.
    pub has_root: bool,
    /// The newest commits that both sides reach.
    pub bases: Vec<ObjectId>,
}

/// A parent of a commit, and its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The commit.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
}

/// A commit as the walk knows it.
#[derive(Debug)]
struct Node {
    commit: Option<Known>,
    old: bool,
    done: bool,
}

#[derive(Clone, Debug)]
struct Known {
    tree: ObjectId,
    parents: Vec<ObjectId>,
    seconds: i64,
}

impl Known {
    /// As the graph takes it.
    fn bare(&self) -> Commit<'static> {
        let committer = Signature { seconds: self.seconds, ..Signature::default() };
        let (tree, parents) = (self.tree, self.parents.clone());
        Commit { parents, author: committer, committer, ..Commit::bare(tree) }
    }
}

/// Walks from `tips` to what `old` reaches.
pub fn walk(objects: &Objects, tips: &[ObjectId], old: &[ObjectId]) -> Walked {
    let mut walk = Walk { objects, nodes: HashMap::new(), queue: BinaryHeap::new() };
    for id in old {
        walk.push(*id, true);
    }
    for id in tips {
        walk.push(*id, false);
    }
    walk.run();
    walk.finish(tips)
}

struct Walk<'a> {
    objects: &'a Objects,
    nodes: HashMap<ObjectId, Node>,
    queue: BinaryHeap<(i64, ObjectId)>,
}

impl Walk<'_> {
    fn push(&mut self, id: ObjectId, old: bool) {
        if let Some(node) = self.nodes.get(&id) {
            if old && !node.old {
                self.mark_old(id);
            }
            return;
        }
        let bytes = self.objects.read_as(&id, Kind::Commit).ok().flatten();
        let commit = bytes.as_deref().and_then(Commit::parse).map(|commit| Known {
            tree: commit.tree,
            parents: commit.parents.clone(),
            seconds: commit.committer.seconds,
        });
        if let Some(commit) = &commit {
            self.queue.push((commit.seconds, id));
        }
        self.nodes.insert(id, Node { commit, old, done: false });
    }

    /// Marks a commit and, of what the walk has come by already, everything below it.
    fn mark_old(&mut self, id: ObjectId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let Some(node) = self.nodes.get_mut(&id).filter(|node| !node.old) else { continue };
            node.old = true;
            if node.done {
                open.extend(node.commit.iter().flat_map(|commit| commit.parents.iter().copied()));
            }
        }
    }

    fn run(&mut self) {
        let mut slop = SLOP;
        let mut oldest_new = i64::MAX;
        while let Some((seconds, id)) = self.queue.pop() {
            let Some(node) = self.nodes.get_mut(&id) else { continue };
            node.done = true;
            let (old, parents) = (node.old, node.commit.as_ref().map(|c| c.parents.clone()));
            if !old {
                oldest_new = oldest_new.min(seconds);
            }
            for parent in parents.unwrap_or_default() {
                self.push(parent, old);
            }
            let settled = old && seconds < oldest_new && self.all_old();
            slop = if settled { slop - 1 } else { SLOP };
            if slop == 0 {
                break;
            }
        }
    }

    fn all_old(&self) -> bool {
        // The queue is short: as wide as the history at one moment.
        self.queue.iter().all(|(_, id)| self.nodes.get(id).is_some_and(|node| node.old))
    }

    fn finish(self, tips: &[ObjectId]) -> Walked {
        let mut walked = Walked::default();
        let mut builder = Builder::default();
        let mut bases = HashSet::new();
        for (id, node) in &self.nodes {
            let Some(commit) = &node.commit else { continue };
            let known = |parent: &ObjectId| self.nodes.get(parent);
            if node.old {
                let missing = commit
                    .parents
                    .iter()
                    .filter(|p| node.done && known(p).is_some_and(|node| node.commit.is_none()));
                walked.cut_below.extend(missing);
                continue;
            }
            let mut parents = Vec::new();
            for parent in &commit.parents {
                let Some(below) = known(parent) else { continue };
                match &below.commit {
                    Some(found) => {
                        parents.push(Parent { id: *parent, tree: found.tree });
                        if below.old {
                            bases.insert(*parent);
                        }
                    }
                    None => walked.cut.push(*parent),
                }
            }
            walked.has_root |= commit.parents.is_empty();
            walked.parents.insert(*id, parents);
            builder.add(*id, &commit.bare());
        }
        // A tip that is old itself is what both sides have.
        bases.extend(tips.iter().filter(|tip| self.nodes.get(tip).is_some_and(|node| node.old)));
        walked.graph = builder.build();
        walked.cut.sort_unstable();
        walked.cut.dedup();
        walked.cut_below.sort_unstable();
        walked.cut_below.dedup();
        let seconds =
            |id: &ObjectId| self.nodes.get(id).and_then(|node| Some(node.commit.as_ref()?.seconds));
        walked.bases = bases.into_iter().collect();
        walked.bases.sort_unstable_by_key(|id| (std::cmp::Reverse(seconds(id)), *id));
        walked
    }
}
