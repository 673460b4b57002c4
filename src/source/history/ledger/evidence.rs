//! What other versions of a file say of a secret: who issued it may stand there in one and not in another.
//!
//! Not here: what the version says that is shown (`blobs`), and which of several issuers counts
//! (`pipeline`).

use foldhash::{HashMap, HashSet};

use super::works::work;
use super::{Ledger, Scene};
use crate::finding::Confidence;
use crate::scanner::{Sighting, asks_for_evidence};
use crate::source::history::judge::{Identity, Wish, identity};
use crate::source::history::paths::Pair;
use crate::source::history::search::Hit;
use crate::source::history::trees::Key;

/// So many versions are asked about one secret: the last one, and others between it and the first.
const VERSIONS: usize = 64;
/// So many are asked in all.
const ALL: usize = 1 << 14;

/// What a version says of a secret.
type Word = (Confidence, Option<String>, bool, bool);

impl Ledger<'_> {
    /// Adds to sightings, each by its number and with the contents at its path that hold its secret, what
    /// those say otherwise of it: as sightings at the same place.
    pub(super) fn testify<'p>(
        &mut self,
        sightings: impl Iterator<Item = (usize, &'p [Pair])>,
        scene: &Scene<'_>,
        by_key: &HashMap<Key, &Hit>,
    ) {
        let mut asked: Vec<(usize, Identity)> = Vec::new();
        let mut works = Vec::new();
        for (number, pairs) in sightings {
            let Some(shown) = self.found.sightings.get(number).filter(|one| self.varies(one))
            else {
                continue;
            };
            let versions = spread(pairs).filter_map(|pair| work(pair, scene.paths, by_key));
            for version in versions.take(ALL.saturating_sub(works.len())) {
                asked.push((number, identity(shown)));
                works.push(version);
            }
        }
        let judged = self.judged(&works, Wish::Sightings, |judged| judged.sightings);
        let mut known: HashSet<(usize, Word)> = HashSet::default();
        for ((number, wanted), told) in asked.into_iter().zip(judged) {
            let Some(shown) = self.found.sightings.get(number).cloned() else { continue };
            known.insert((number, word(&shown)));
            let told = told.into_iter().filter(|one| identity(one) == wanted);
            let new = told.filter(|one| known.insert((number, word(one))));
            let other = |one: Sighting| Sighting { occurrence: shown.occurrence.clone(), ..one };
            self.found.sightings.extend(new.map(other));
        }
    }

    /// Whether another version may say something else of a secret.
    fn varies(&self, sighting: &Sighting) -> bool {
        let rules = &self.run.scanner.rules().rules;
        rules.get(sighting.rule).is_some_and(|rule| asks_for_evidence(rule))
    }
}

fn word(sighting: &Sighting) -> Word {
    let said = &sighting.attribution;
    (sighting.confidence, said.provider.clone(), said.on_line, said.doubt.is_some())
}

/// The last of some versions, and others, evenly.
fn spread(pairs: &[Pair]) -> impl Iterator<Item = Pair> + '_ {
    let step = pairs.len().div_ceil(VERSIONS).max(1);
    pairs.iter().rev().step_by(step).copied()
}
