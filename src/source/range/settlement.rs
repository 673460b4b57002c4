//! What of all that a range adds is reported, and with which commits.
//!
//! Not here: what it adds.

use std::collections::HashMap;

use super::trust::Trust;
use super::{Added, Run};
use crate::finding::{Rejected, Warning};
use crate::git::object::ObjectId;
use crate::git::trees::File;
use crate::scanner::Sighting;
use crate::source::history::{COMMIT_MESSAGE, shown_commit};
use crate::source::version::{Allowed, Identity};

impl Run<'_> {
    /// Gives every secret its commits, and leaves out those that the base allows.
    pub(super) fn settle(&mut self) {
        let trust = Trust::new(self.trees, self.versions, self.range.base_tree);
        let mut shown = HashMap::new();
        let (objects, scanner) = (&self.range.objects, self.versions.scanner);
        let mut commit = |id: ObjectId| {
            shown.entry(id).or_insert_with(|| shown_commit(id, objects, scanner)).clone()
        };
        for (secret, added) in std::mem::take(&mut self.added) {
            let places = self.judged(&added, &trust);
            if places.is_empty() {
                continue;
            }
            let (last, in_head) = match &added.file {
                Some(holder) => self.last(&secret, &holder.file, added.commit),
                // A commit has its message; what a tag says is in none.
                None => (added.commit, secret.0 == COMMIT_MESSAGE),
            };
            for mut sighting in places {
                sighting.occurrence.commit = Some(commit(added.commit));
                sighting.occurrence.last_commit = Some(commit(last));
                sighting.occurrence.in_head = Some(in_head);
                self.found.sightings.push(sighting);
            }
        }
    }

    /// The places that the base does not allow.
    fn judged(&mut self, added: &Added, trust: &Trust<'_>) -> Vec<Sighting> {
        let mut kept = Vec::new();
        for (sighting, allowed) in &added.places {
            if let Some(allowed) = allowed {
                if added.file.as_ref().is_some_and(|holder| trust.knows(holder, allowed)) {
                    self.found.stats.suppressed += 1;
                    self.suppressed(sighting, allowed);
                    continue;
                }
                self.found.warnings.push(distrusted(sighting, allowed));
            }
            kept.push(sighting.clone());
        }
        kept
    }

    /// The last commit of the range that holds a secret, and whether its end does.
    fn last(&self, secret: &Identity, file: &File, first: ObjectId) -> (ObjectId, bool) {
        let graph = &self.range.walked.graph;
        let holds = |id: &ObjectId| {
            let tree = graph.find(id).and_then(|number| graph.tree(number));
            let version = tree.and_then(|tree| self.trees.file(&tree, &file.path));
            version.is_some_and(|id| self.versions.held(&file.path, &id).contains(secret))
        };
        let later = self.range.order.iter().rev().take_while(|id| **id != first);
        let last = later.into_iter().find(|id| holds(id)).copied().unwrap_or(first);
        (last, self.range.order.last().is_some_and(holds))
    }

    fn suppressed(&mut self, sighting: &Sighting, allowed: &Allowed) {
        if !self.options.explain {
            return;
        }
        self.found.rejections.push(Rejected {
            path: sighting.occurrence.path.clone(),
            line: sighting.occurrence.start.line,
            column: sighting.occurrence.start.column,
            rule: self.versions.scanner.rules().rules[sighting.rule].id.to_string(),
            text: sighting.secret.redacted(),
            reason: format!("the comment `{}`, which the base has already", allowed.marker),
        });
    }
}

/// An allow comment that came with the secret.
fn distrusted(sighting: &Sighting, allowed: &Allowed) -> Warning {
    let message = format!(
        "line {}: the comment `{}` came with the range and allows nothing in it; it counts once \
         the base has it",
        allowed.line + 1,
        allowed.marker
    );
    let path = Some(sighting.occurrence.path.clone());
    Warning { kind: "allowed-by-range", path, message, incomplete: false }
}
