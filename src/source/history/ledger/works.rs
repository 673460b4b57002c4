//! From the pairs of paths and blobs to the contents that are judged.
//!
//! Not here: judging.

use foldhash::HashMap;

use super::Scene;
use crate::source::history::forest::Lookup;
use crate::source::history::paths::{List, Pair, Paths};
use crate::source::history::provenance::Commits;
use crate::source::history::scope::Tips;
use crate::source::history::search::{Hit, Hits};
use crate::source::history::trees::{Key, key};
use crate::source::shown_path;

/// The blobs that some lists hold.
pub(super) fn keys_below(
    lists: impl Iterator<Item = List>,
    paths: &Paths,
) -> impl Iterator<Item = Key> {
    let pairs = lists.flat_map(|list| paths.list(list));
    pairs.filter_map(|pair| Some(paths.pair(*pair)?.1))
}

/// The lists of trees and blobs that refs name.
pub(super) fn other_lists(tips: &Tips, paths: &Paths) -> Vec<List> {
    tips.others.iter().filter_map(|(_, id)| paths.below(key(id.as_bytes()))).collect()
}

pub(super) fn by_key(hits: &Hits) -> HashMap<Key, &Hit> {
    hits.blobs.iter().map(|hit| (key(hit.id.as_bytes()), hit)).collect()
}

/// Finds the contents of pairs as they are in some version.
pub(super) struct Located<'s, 'h> {
    scene: &'s Scene<'s>,
    by_key: &'s HashMap<Key, &'h Hit>,
    lookup: Lookup<'s>,
}

impl<'s, 'h> Located<'s, 'h> {
    pub(super) fn new(scene: &'s Scene<'s>, by_key: &'s HashMap<Key, &'h Hit>) -> Self {
        Self { scene, by_key, lookup: scene.paths.lookup() }
    }

    /// Path and blob of a pair as they are in the commit at a place.
    pub(super) fn at(&mut self, (pair, place): (Pair, usize)) -> Option<(String, &'h Hit)> {
        let Commits { graph, .. } = self.scene.commits;
        let tree = self.scene.commits.at(place).and_then(|commit| graph.tree(commit))?;
        self.below(pair, key(tree.as_bytes()))
    }

    /// Path and blob of a pair as they are below a tree: of what lies there, what the pair's blob
    /// stands for. Another content at the same path is another pair.
    pub(super) fn below(&mut self, pair: Pair, tree: Key) -> Option<(String, &'h Hit)> {
        let Scene { paths, classes, .. } = self.scene;
        let (path, any) = paths.pair(pair)?;
        let mut there = self.lookup.blobs(tree, path).into_iter();
        let blob = there.find(|blob| classes.of(*blob) == any).unwrap_or(any);
        Some((shown_path(path), *self.by_key.get(&blob)?))
    }
}

/// Path and blob of a pair, or one that stands for it, if the blob is one with a match.
pub(super) fn work<'h>(
    pair: Pair,
    paths: &Paths,
    by_key: &HashMap<Key, &'h Hit>,
) -> Option<(String, &'h Hit)> {
    let (path, blob) = paths.pair(pair)?;
    Some((shown_path(path), *by_key.get(&blob)?))
}
