//! What was there before a commit of the range: whether one of its parents has a secret, and at which
//! path the base has a file that the range has moved.
//!
//! A secret that moved with its file is not new, if it could be told where it was. Out of a place where
//! an allowlist holds it comes as from nowhere, unless it was moved in there from one that tells of it.
//! Not here: which file became which (`moves`).

use std::collections::HashMap;

use super::{Run, Step};
use crate::git::trees::{Change, File};
use crate::source::moves::{Moves, is_same};
use crate::source::version::Identity;

/// What is known of a secret that a commit has in a file.
pub(super) struct Past {
    /// The path at which the base has the file, or the range has made it.
    pub(super) origin: Vec<u8>,
    /// Whether the base has the secret, or a parent at this path.
    pub(super) is_held: bool,
}

/// The commit that is looked at.
pub(super) struct Moment {
    /// Its number among those of the range.
    pub(super) number: usize,
    /// The files that moved in it and in those before it, by the number of the commit and of the parent.
    moves: HashMap<(usize, usize), Moves>,
    /// The new paths of files that it has moved, each with its origin.
    pub(super) origins: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Moment {
    pub(super) fn new(number: usize) -> Self {
        Self { number, moves: HashMap::new(), origins: Vec::new() }
    }
}

impl Run<'_> {
    /// What the parents of the commit at hand have of a secret.
    pub(super) fn past(&self, change: &Change, secret: &Identity, moment: &mut Moment) -> Past {
        let mut origin = None;
        for (parent, before) in change.before.iter().enumerate() {
            let Some(old) = before else {
                let moves = self.moves(moment.number, parent, moment);
                let source = moves.and_then(|moves| moves.source(self.versions, change, secret));
                let Some(source) = source.cloned() else { continue };
                let past = self.moved(source, change, secret, moment);
                moment.origins.push((change.path.clone(), past.origin.clone()));
                if past.is_held {
                    return past;
                }
                origin.get_or_insert(past.origin);
                continue;
            };
            if self.versions.held(&change.path, old).contains(secret) {
                return Past { origin: self.origin(&change.path), is_held: true };
            }
        }
        Past { origin: origin.unwrap_or_else(|| self.origin(&change.path)), is_held: false }
    }

    /// The path at which the base has what lies at `path` before the commit at hand.
    fn origin(&self, path: &[u8]) -> Vec<u8> {
        self.origins.get(path).map_or(path, Vec::as_slice).to_vec()
    }

    /// The files that moved between a commit and one of its parents.
    fn moves<'m>(
        &self,
        number: usize,
        parent: usize,
        moment: &'m mut Moment,
    ) -> Option<&'m mut Moves> {
        let step: &Step = self.steps.get(number)?;
        let old = step.parents.get(parent)?.tree;
        Some(moment.moves.entry((number, parent)).or_insert_with(|| {
            let gone = self.trees.removed(&old, &step.tree);
            let is_new = |change: &&Change| matches!(change.before.get(parent), Some(None));
            Moves::new(gone, step.changes.iter().filter(is_new))
        }))
    }

    /// What is known of a secret of `file`, which became `change`: as it was told at the last path of
    /// the file that tells of it.
    fn moved(
        &self,
        mut file: File,
        change: &Change,
        secret: &Identity,
        moment: &mut Moment,
    ) -> Past {
        let mut number = moment.number;
        loop {
            if let Some(past) = self.told(&file, secret) {
                return past;
            }
            // It may hold the secret all the same, and be allowed to.
            let held = self.versions.held(&change.path, &file.id);
            let is_hidden = held.iter().any(|one| is_same(one, secret));
            let earlier = || self.mover(&file.path, number, moment);
            match is_hidden.then(earlier).flatten() {
                Some(earlier) => (file, number) = earlier,
                None => return Past { origin: self.origin(&file.path), is_held: false },
            }
        }
    }

    /// What is known of a secret of a file, if its path tells of it.
    fn told(&self, file: &File, secret: &Identity) -> Option<Past> {
        let held = self.versions.held(&file.path, &file.id);
        let same = held.iter().filter(|one| is_same(one, secret));
        let all: Vec<_> = same.map(|one| self.added.get(one)).collect();
        let last = all.last().copied()?.filter(|_| all.iter().all(Option::is_some));
        Some(match last.and_then(|added| added.file.as_ref()) {
            Some(holder) => Past { origin: holder.origin.clone(), is_held: false },
            None => Past { origin: self.origin(&file.path), is_held: true },
        })
    }

    /// The file that became the one at `path` as it was, before commit `number`, and in which commit.
    fn mover(&self, path: &[u8], number: usize, moment: &mut Moment) -> Option<(File, usize)> {
        let is_made = |step: &Step| {
            let mut new = step.changes.iter().filter(|c| c.before.iter().all(Option::is_none));
            new.any(|change| change.path == path)
        };
        let number = self.steps.get(..number)?.iter().rposition(is_made)?;
        let parents = 0..self.steps.get(number)?.parents.len();
        for parent in parents {
            let moves = self.moves(number, parent, moment);
            if let Some(file) = moves.and_then(|moves| moves.same(path)) {
                return Some((file.clone(), number));
            }
        }
        None
    }
}
