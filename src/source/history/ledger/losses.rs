//! What a history names and nobody has, and what could not be read: every loss is a warning.
//!
//! Not here: what was found.

use std::collections::{BTreeSet, HashSet};

use super::works::{keys_below, other_lists};
use super::{Ledger, Scene};
use crate::finding::Warning;
use crate::git::damages::Damages;
use crate::git::object::ObjectId;
use crate::source::history::judge::damaged;
use crate::source::history::trees::{Key, key};

/// Lost objects that are named, of each kind of loss.
const NAMED: usize = 20;

impl Ledger<'_> {
    pub(super) fn warn(&mut self, kind: &'static str, message: String, incomplete: bool) {
        self.found.warnings.push(Warning { kind, path: None, message, incomplete });
    }

    pub(super) fn odd(&mut self, ids: &[ObjectId], what: &str) {
        if !ids.is_empty() {
            self.warn("damaged", format!("{} {what}: {}", ids.len(), listed(ids)), true);
        }
    }

    /// What is known to be absent before anything is read.
    pub(super) fn repository(&mut self) {
        let expected = self.run.options.allow_missing;
        for path in self.run.repository.missing_alternates() {
            let message = "is named as an alternate object directory and is not there".to_owned();
            let path = Some(path.display().to_string());
            let incomplete = !expected;
            self.found.warnings.push(Warning { kind: "missing", path, message, incomplete });
        }
        for problem in self.run.store.unreadable() {
            self.warn("unreadable", problem.to_string(), true);
        }
        if self.run.repository.is_shallow() {
            let message = "this is a shallow clone: the history before its boundary is not here; \
                           `git fetch --unshallow` gets it (in a GitHub workflow: \
                           `fetch-depth: 0`)";
            self.warn("shallow", message.to_owned(), !expected);
        }
    }

    /// What could not be read.
    pub(in crate::source::history) fn damages(&mut self, damages: Damages) {
        let lost = damages.lost();
        let mut named = damages.named();
        named.dedup();
        let count = named.len().min(NAMED);
        let first = named.iter().take(NAMED).map(damaged);
        self.found.warnings.extend(first);
        let more = lost.saturating_sub(count as u64);
        if more > 0 && count >= NAMED {
            self.warn("damaged", format!("{more} more entries are damaged or lost"), true);
        }
    }

    /// Says what the chosen history names and nobody has.
    pub(in crate::source::history) fn missing(&mut self, scene: &Scene<'_>) {
        if self.run.options.allow_missing {
            return;
        }
        let Scene { hits, paths, commits, tips, .. } = scene;
        let partial = self.run.repository.is_partial();
        let mut keys: HashSet<Key> = HashSet::new();
        let below = &self.run.missing(&hits.gaps.below_trees);
        if !below.is_empty() && !partial {
            keys.extend(keys_below(commits.all_lists().into_iter(), paths));
            keys.extend(keys_below(other_lists(tips, paths).into_iter(), paths));
        }
        let named = below.iter();
        let mut missing: BTreeSet<ObjectId> =
            named.filter(|id| partial || keys.contains(&key(id.as_bytes()))).copied().collect();
        missing.extend(&tips.missing);
        let boundary: HashSet<ObjectId> = self.run.repository.shallow().into_iter().collect();
        for (child, parent) in commits.graph.gaps() {
            let cut = commits.graph.id(*child).is_some_and(|id| boundary.contains(&id));
            if commits.asked(*child) && !cut {
                missing.insert(*parent);
            }
        }
        let trees = commits.all_asked().filter_map(|commit| commits.graph.tree(commit));
        let lost: HashSet<ObjectId> =
            self.run.missing(&hits.gaps.below_commits).into_iter().collect();
        missing.extend(trees.filter(|tree| lost.contains(tree)));
        self.lost(missing.into_iter().collect());
    }

    /// Says which objects are named and nobody has.
    pub(in crate::source::history) fn lost(&mut self, ids: Vec<ObjectId>) {
        if ids.is_empty() || self.run.options.allow_missing {
            return;
        }
        let why = if self.run.repository.is_partial() {
            "this is a partial clone: `git fetch --refetch --no-filter` gets them"
        } else {
            "`git fsck` tells more"
        };
        let message = format!(
            "{} of the objects that the history names are missing: {}; {why}, `--allow-missing` \
             takes the rest for the whole",
            ids.len(),
            listed(&ids)
        );
        self.warn("missing", message, true);
    }
}

/// The first of some names.
fn listed(ids: &[ObjectId]) -> String {
    let names: Vec<String> = ids.iter().take(NAMED).map(ObjectId::to_string).collect();
    let more = ids.len().saturating_sub(NAMED);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", names.join(", "))
}
