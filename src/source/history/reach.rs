//! Which branches, tags and other refs reach the commits that introduced something, and what lies
//! there without a commit.
//!
//! Sixty-four commits at a time are followed in one pass over the history. Not here: which commits
//! those are.

use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::{HashMap, HashMapExt};
use rayon::prelude::*;

use crate::finding::Reach;
use crate::git::graph::Graph;
use crate::git::repository::Ref;

/// Refs that are named; the rest are counted.
const NAMED: usize = 20;

/// For each of `commits` the refs whose tips reach it. `tips` are the numbers of refs and of the
/// commits that they lead to; `order` has all commits, parents first. If it is ended soon, for some.
pub(super) fn reaching(
    commits: &[u32],
    graph: &Graph,
    order: &[u32],
    refs: &[Ref],
    tips: &[(usize, u32)],
    cancelled: &AtomicBool,
) -> HashMap<u32, Reach> {
    // Branches first, then tags, then the rest, as people ask for them.
    let mut tips = tips.to_vec();
    tips.sort_by_key(|(number, _)| refs.get(*number).map(|one| (rank(&one.name), &one.name)));
    let batches = commits.par_chunks(u64::BITS as usize);
    let batches = batches.filter(|_| !cancelled.load(Ordering::Relaxed));
    batches.flat_map_iter(|batch| of_batch(batch, graph, order, refs, &tips)).collect()
}

/// What refs reach that have these names.
pub(super) fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Reach {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| (rank(name), *name));
    names.dedup();
    let refs = names.iter().take(NAMED).map(|name| (*name).to_owned()).collect();
    Reach { refs, total: names.len(), unreachable: false }
}

/// The same for as many commits as a number has bits.
fn of_batch(
    batch: &[u32],
    graph: &Graph,
    order: &[u32],
    refs: &[Ref],
    tips: &[(usize, u32)],
) -> HashMap<u32, Reach> {
    let mut found: HashMap<u32, Reach> = HashMap::new();
    let mut marks = vec![0u64; graph.len()];
    for (bit, commit) in batch.iter().enumerate() {
        if let Some(mark) = marks.get_mut(*commit as usize) {
            *mark |= 1 << bit;
        }
    }
    let mark = |marks: &[u64], commit: u32| marks.get(commit as usize).copied().unwrap_or(0);
    for commit in order {
        let inherited = graph.parents(*commit).iter();
        let inherited = inherited.fold(0, |all, parent| all | mark(&marks, *parent));
        if let Some(own) = marks.get_mut(*commit as usize) {
            *own |= inherited;
        }
    }
    for (number, tip) in tips {
        let mut bits = mark(&marks, *tip);
        let Some(one) = refs.get(*number).filter(|_| bits != 0) else { continue };
        while bits != 0 {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let Some(commit) = batch.get(bit) else { continue };
            let reach = found.entry(*commit).or_default();
            reach.total += 1;
            if reach.refs.len() < NAMED {
                reach.refs.push(one.name.clone());
            }
        }
    }
    found
}

/// `HEAD` says nothing that its branch does not say.
fn rank(name: &str) -> u8 {
    let starts = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"];
    let rank = starts.iter().position(|start| name.starts_with(start));
    rank.and_then(|rank| u8::try_from(rank).ok()).unwrap_or(u8::MAX)
}
