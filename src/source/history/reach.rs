//! Which branches, tags and other refs reach the commits that introduced something, and what lies
//! there without a commit.
//!
//! Sixty-four commits at a time are followed in one pass over the history. Not here: which commits
//! those are.

use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::{HashMap, HashMapExt};
use rayon::prelude::*;

use super::origins::Origins;
use crate::finding::Reach;
use crate::git::graph::Graph;
use crate::git::repository::Ref;

/// Refs that are named; the rest are counted.
const NAMED: usize = 20;

/// For each of `things` the refs whose tips reach a commit that introduced it. `tips` are the numbers of
/// refs and of the commits that they lead to; `order` has all commits, parents first. If it is ended soon,
/// for some.
pub(super) fn reaching(
    things: &[u32],
    origins: &Origins,
    (graph, order): (&Graph, &[u32]),
    (refs, tips): (&[Ref], &[(usize, u32)]),
    cancelled: &AtomicBool,
) -> HashMap<u32, Reach> {
    // Branches first, then tags, then the rest, as people ask for them.
    let mut tips = tips.to_vec();
    tips.sort_by_key(|(number, _)| refs.get(*number).map(|one| (rank(&one.name), &one.name)));
    // Much was introduced together.
    let mut together: HashMap<&[u32], Vec<u32>> = HashMap::new();
    for thing in things {
        together.entry(origins.of(*thing)).or_default().push(*thing);
    }
    let groups: Vec<(&[u32], Vec<u32>)> = together.into_iter().collect();
    let batches = groups.par_chunks(u64::BITS as usize);
    let batches = batches.filter(|_| !cancelled.load(Ordering::Relaxed));
    let found = batches.flat_map_iter(|batch| {
        let steps: Vec<&[u32]> = batch.iter().map(|(steps, _)| *steps).collect();
        let found = of_batch(&steps, origins, (graph, order), (refs, &tips));
        let of_things = batch.iter().zip(found).flat_map(|((_, things), reach)| {
            things.iter().map(move |thing| (*thing, reach.clone())).collect::<Vec<_>>()
        });
        of_things.collect::<Vec<_>>()
    });
    found.collect()
}

/// What refs reach that have these names.
pub(super) fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Reach {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| (rank(name), *name));
    names.dedup();
    let refs = names.iter().take(NAMED).map(|name| (*name).to_owned()).collect();
    Reach { refs, total: names.len(), unreachable: false }
}

/// The refs that reach one of the steps of each group, of which there are as many as a number has bits.
fn of_batch(
    groups: &[&[u32]],
    origins: &Origins,
    (graph, order): (&Graph, &[u32]),
    (refs, tips): (&[Ref], &[(usize, u32)]),
) -> Vec<Reach> {
    let mut of_step = vec![0u64; origins.steps()];
    for (bit, group) in groups.iter().enumerate() {
        for step in *group {
            if let Some(mark) = of_step.get_mut(*step as usize) {
                *mark |= 1 << bit;
            }
        }
    }
    let mark = |marks: &[u64], at: u32| marks.get(at as usize).copied().unwrap_or(0);
    let mut marks: Vec<u64> = origins.of_commit.iter().map(|step| mark(&of_step, *step)).collect();
    for commit in order {
        let inherited = graph.parents(*commit).iter();
        let inherited = inherited.fold(0, |all, parent| all | mark(&marks, *parent));
        if let Some(own) = marks.get_mut(*commit as usize) {
            *own |= inherited;
        }
    }
    let mut found = vec![Reach::default(); groups.len()];
    for (number, tip) in tips {
        let mut bits = mark(&marks, *tip);
        let Some(one) = refs.get(*number).filter(|_| bits != 0) else { continue };
        while bits != 0 {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let Some(reach) = found.get_mut(bit) else { continue };
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
