//! What other versions of a file say of a secret: who issued it may stand there in one and not in another.
//!
//! Not here: what the version says that is shown (`blobs`), and which of several issuers counts
//! (`pipeline`).

use foldhash::{HashMap, HashSet};

use super::works::Located;
use super::{Ledger, Scene};
use crate::scanner::{Sighting, asks_for_evidence};
use crate::source::history::judge::{Wish, Word, identity, word};
use crate::source::history::paths::Pair;
use crate::source::history::search::Hit;
use crate::source::history::trees::Key;

/// A version that is the first to say of a secret what it says.
pub(super) struct Voice {
    /// The number of the secret.
    pub(super) secret: u32,
    /// The content, and the place of the commit that has it.
    pub(super) at: (Pair, usize),
}

impl Ledger<'_> {
    /// Adds to the sightings of secrets, given by their numbers and those of the secrets, what versions
    /// say of them that are not shown: as sightings at the same place.
    pub(super) fn testify(
        &mut self,
        sightings: &[(usize, u32)],
        voices: Vec<Voice>,
        scene: &Scene<'_>,
        by_key: &HashMap<Key, &Hit>,
    ) {
        let shown: HashMap<u32, usize> =
            sightings.iter().rev().map(|(n, secret)| (*secret, *n)).collect();
        let mut located = Located::new(scene, by_key);
        let (asked, works): (Vec<usize>, Vec<_>) = voices
            .into_iter()
            .filter_map(|voice| Some((*shown.get(&voice.secret)?, located.at(voice.at)?)))
            .unzip();
        let judged = self.judged(&works, Wish::Sightings, |judged| judged.sightings);
        let said = sightings.iter().filter_map(|(number, secret)| {
            Some((*shown.get(secret)?, word(self.found.sightings.get(*number)?)))
        });
        let mut known: HashSet<(usize, Word)> = said.collect();
        for (number, told) in asked.into_iter().zip(judged) {
            let Some(shown) = self.found.sightings.get(number).cloned() else { continue };
            let own = identity(&shown);
            let told = told.into_iter().filter(|one| identity(one) == own);
            let new = told.filter(|one| known.insert((number, word(one))));
            let other = |one: Sighting| Sighting { occurrence: shown.occurrence.clone(), ..one };
            self.found.sightings.extend(new.map(other));
        }
    }

    /// Whether versions may say different things of a secret of a rule.
    pub(super) fn varies(&self, rule: usize) -> bool {
        let rules = &self.run.scanner.rules().rules;
        rules.get(rule).is_some_and(|rule| asks_for_evidence(rule))
    }
}
