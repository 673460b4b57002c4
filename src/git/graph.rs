//! The commits of a repository and how they hang together, by number.
//!
//! Built from commits in any order ([`Builder`]); numbers are in order of the names. It answers
//! what provenance asks: an order in which parents come first, all ancestors of some commits, all
//! descendants of one (and so which refs reach it). Each answer is one pass over the graph.
//!
//! Not here: reading commits, and what their trees hold.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::commit::Commit;
use super::heads::{Heads, head};
use super::object::ObjectId;

/// Collects commits. Several can be merged: one for each thread.
#[derive(Debug, Default)]
pub struct Builder {
    /// In pieces, which neither growing nor merging copies.
    pieces: Vec<Piece>,
}

/// Commits in a piece.
const PIECE: usize = 4096;

#[derive(Debug, Default)]
struct Piece {
    commits: Vec<Link>,
    parents: Vec<ObjectId>,
}

/// What is kept of a commit.
#[derive(Clone, Copy, Debug)]
struct Link {
    id: ObjectId,
    tree: ObjectId,
    seconds: i64,
    /// Where its parents end in [`Piece::parents`], and how many there are.
    parents: (usize, usize),
}

impl Piece {
    fn parents(&self, link: &Link) -> &[ObjectId] {
        let (end, count) = link.parents;
        self.parents.get(end - count..end).unwrap_or_default()
    }
}

impl Builder {
    /// Adds one; an id that comes twice counts once.
    pub fn add(&mut self, id: ObjectId, commit: &Commit<'_>) {
        if self.pieces.last().is_none_or(|piece| piece.commits.len() >= PIECE) {
            let commits = Vec::with_capacity(PIECE);
            self.pieces.push(Piece { commits, parents: Vec::new() });
        }
        let Some(piece) = self.pieces.last_mut() else { return };
        piece.parents.extend_from_slice(&commit.parents);
        let parents = (piece.parents.len(), commit.parents.len());
        let (tree, seconds) = (commit.tree, commit.committer.seconds);
        piece.commits.push(Link { id, tree, seconds, parents });
    }

    /// Takes over what another one collected.
    pub fn merge(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
    }

    /// Resolves the parents.
    pub fn build(self) -> Graph {
        let all =
            self.pieces.iter().flat_map(|piece| piece.commits.iter().map(move |l| (piece, l)));
        let mut all: Vec<(u64, &Piece, &Link)> =
            all.map(|(piece, link)| (head(link.id.as_bytes()), piece, link)).collect();
        all.par_sort_unstable_by(|a, b| (a.0, a.2.id).cmp(&(b.0, b.2.id)));
        all.dedup_by_key(|(_, _, link)| link.id);
        let ids: Vec<ObjectId> = all.iter().map(|(_, _, link)| link.id).collect();
        let heads = Heads::new(all.iter().map(|(head, ..)| *head).collect());
        let mut graph = Graph { starts: vec![0], ids, heads, ..Graph::default() };
        for (child, (_, piece, link)) in (0u32..).zip(&all) {
            graph.trees.push(link.tree);
            graph.seconds.push(link.seconds);
            for parent in piece.parents(link) {
                match graph.find(parent) {
                    Some(number) => graph.parents.push(number),
                    None => graph.gaps.push((child, *parent)),
                }
            }
            graph.starts.push(graph.parents.len());
        }
        graph
    }
}

/// Commits by number, `0..len`.
#[derive(Debug, Default)]
pub struct Graph {
    ids: Vec<ObjectId>,
    heads: Heads,
    trees: Vec<ObjectId>,
    seconds: Vec<i64>,
    starts: Vec<usize>,
    parents: Vec<u32>,
    gaps: Vec<(u32, ObjectId)>,
}

impl Graph {
    /// Number of commits.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Number of a commit.
    pub fn find(&self, id: &ObjectId) -> Option<u32> {
        let mut alike = self.heads.find(head(id.as_bytes()));
        let at = alike.find(|at| self.ids.get(*at) == Some(id))?;
        u32::try_from(at).ok()
    }

    /// Name of a commit.
    pub fn id(&self, commit: u32) -> Option<ObjectId> {
        self.ids.get(commit as usize).copied()
    }

    /// Its directory.
    pub fn tree(&self, commit: u32) -> Option<ObjectId> {
        self.trees.get(commit as usize).copied()
    }

    /// When it was committed.
    pub fn seconds(&self, commit: u32) -> i64 {
        self.seconds.get(commit as usize).copied().unwrap_or(0)
    }

    /// Its parents, as far as they are there.
    pub fn parents(&self, commit: u32) -> &[u32] {
        let bounds = self.starts.get(commit as usize..).and_then(|rest| rest.first_chunk::<2>());
        bounds.and_then(|&[start, end]| self.parents.get(start..end)).unwrap_or_default()
    }

    /// Parents that are named and not there (the boundary of a shallow clone, or a loss), with the
    /// commits that name them.
    pub fn gaps(&self) -> &[(u32, ObjectId)] {
        &self.gaps
    }

    /// All commits, parents before children; where that leaves a choice, the older first, then by
    /// id. A hostile cycle (which no hash function allows) is left out.
    pub fn topological(&self) -> Vec<u32> {
        let mut waits = vec![0usize; self.len()];
        let mut children = vec![Vec::new(); self.len()];
        let mut ready = BinaryHeap::new();
        for (commit, waits) in (0u32..).zip(&mut waits) {
            *waits = self.parents(commit).len();
            for parent in self.parents(commit) {
                if let Some(children) = children.get_mut(*parent as usize) {
                    children.push(commit);
                }
            }
            if *waits == 0 {
                ready.push(Reverse((self.seconds(commit), commit)));
            }
        }
        let mut order = Vec::with_capacity(self.len());
        while let Some(Reverse((_, commit))) = ready.pop() {
            order.push(commit);
            for child in children.get(commit as usize).into_iter().flatten() {
                if let Some(waits) = waits.get_mut(*child as usize) {
                    *waits -= 1;
                    if *waits == 0 {
                        ready.push(Reverse((self.seconds(*child), *child)));
                    }
                }
            }
        }
        order
    }

    /// The same with those of a cycle at the end: every commit has its place.
    pub fn all_topological(&self) -> Vec<u32> {
        let mut order = self.topological();
        if order.len() < self.len() {
            let mut placed = vec![false; self.len()];
            for commit in &order {
                if let Some(placed) = placed.get_mut(*commit as usize) {
                    *placed = true;
                }
            }
            let left = (0u32..).zip(placed).filter(|(_, placed)| !placed);
            order.extend(left.map(|(commit, _)| commit));
        }
        order
    }

    /// Which commits these reach, themselves included.
    pub fn ancestors(&self, commits: &[u32]) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        let mut open = commits.to_vec();
        while let Some(commit) = open.pop() {
            if let Some(reached) = reached.get_mut(commit as usize)
                && !std::mem::replace(reached, true)
            {
                open.extend_from_slice(self.parents(commit));
            }
        }
        reached
    }

    /// Which commits reach one, itself included; `order` is [`Graph::topological`]. A ref reaches
    /// the commit if its own commit is among them.
    pub fn descendants(&self, commit: u32, order: &[u32]) -> Vec<bool> {
        let mut reaching = vec![false; self.len()];
        let is = |reaching: &[bool], at: u32| reaching.get(at as usize).copied().unwrap_or(false);
        for &at in order {
            let reaches =
                at == commit || self.parents(at).iter().any(|parent| is(&reaching, *parent));
            if let Some(slot) = reaching.get_mut(at as usize) {
                *slot = reaches;
            }
        }
        reaching
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::commit::Signature;
    use proptest::prelude::*;

    fn id(number: usize) -> ObjectId {
        let mut name = [0; 20];
        name[..8]
            .copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        ObjectId::from_bytes(&name).unwrap()
    }

    fn graph(parents: &[Vec<usize>]) -> Graph {
        let mut builder = Builder::default();
        for (number, parents) in parents.iter().enumerate() {
            let committer = Signature { seconds: (number % 3) as i64, ..Signature::default() };
            let parents = parents.iter().map(|parent| id(*parent)).collect();
            let author = committer;
            let commit = Commit { parents, author, committer, ..Commit::bare(id(number)) };
            builder.add(id(number), &commit);
        }
        builder.build()
    }

    proptest! {
        #[test]
        fn parents_come_first_and_reach_is_mutual(
            picks in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..30)
        ) {
            let parents: Vec<Vec<usize>> = picks.iter().enumerate().map(|(number, picks)| {
                let mut parents: Vec<usize> =
                    picks.iter().filter(|_| number > 0).map(|pick| pick.index(number)).collect();
                parents.sort_unstable();
                parents.dedup();
                parents
            }).collect();
            let graph = graph(&parents);
            let order = graph.topological();
            prop_assert_eq!(order.len(), parents.len());
            let place = |commit: u32| order.iter().position(|at| *at == commit);
            for commit in 0..order.len() as u32 {
                for parent in graph.parents(commit) {
                    prop_assert!(place(*parent) < place(commit));
                }
                let up = graph.ancestors(&[commit]);
                for other in 0..order.len() as u32 {
                    let down = graph.descendants(other, &order);
                    prop_assert_eq!(up[other as usize], down[commit as usize]);
                }
            }
            prop_assert!(graph.gaps().is_empty());
        }
    }
}
