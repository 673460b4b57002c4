//! What a content comes to whatever its path, so that it need not be scanned again for each.
//!
//! Not here: finding the candidates.

use super::memory::Memory;
use super::rivalry::{single_out, yield_to_stronger};
use super::{Comments, Scanner, Scratch, Sightings};
use crate::blob::{Blob, Provenance};
use crate::filter::allowlist::asks_for_place;
use crate::finding::{Confidence, Secret};
use crate::matcher::{Found, Match};
use crate::prefilter::Candidate;

/// What can be said of a content without its path.
#[derive(Debug)]
pub enum Glance {
    /// No text of a secret's shape is in it.
    Nothing,
    /// At each path the same.
    Constant(Constant),
    /// It depends on the path.
    Open,
}

/// A secret of a content, and what the content says of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Told {
    /// The rule, by its number in the set.
    pub rule: usize,
    /// The secret.
    pub secret: Secret,
    /// How sure it is that it is one.
    pub confidence: Confidence,
    /// The provider that is proved to have issued it.
    pub provider: Option<String>,
}

/// What a content comes to at each path.
#[derive(Clone, Debug, Default)]
pub struct Constant {
    /// The secrets.
    pub secrets: Box<[Told]>,
    /// Number of matches that are refused.
    pub rejected: u64,
    /// Number of matches that somebody has allowed.
    pub suppressed: u64,
}

impl Scanner<'_> {
    /// Says of a content, of which `candidates` are all that are plausible, what there is to say
    /// without its path. Leaves those that lead to matches in `telling`.
    pub fn glance(
        &self,
        bytes: &[u8],
        candidates: &[Candidate],
        telling: &mut Vec<Candidate>,
        scratch: &Scratch,
    ) -> Glance {
        let memory = &scratch.memory;
        telling.clear();
        let matcher = self.matcher();
        let mut found = Found::default();
        for candidate in candidates {
            let before = found.matches.len();
            matcher.at(bytes, *candidate, &mut found);
            if found.matches.len() > before {
                telling.push(*candidate);
            }
        }
        if telling.is_empty() {
            return Glance::Nothing;
        }
        matcher.settle(bytes, &mut found);
        if !self.only_counts() || !self.sweep.is_empty() || !self.paths.is_empty() {
            return Glance::Open;
        }
        single_out(&mut found.matches, self.rules);
        yield_to_stronger(&mut found.matches, self.rules);
        let matches = &found.matches;
        if matches.iter().all(|found| self.is_refused(found, memory)) {
            let rejected = matches.len() as u64;
            return Glance::Constant(Constant { rejected, ..Constant::default() });
        }
        if self.options.allowlists.iter().any(asks_for_place)
            || !matches
                .iter()
                .all(|found| self.is_placeless(found) || self.is_refused(found, memory))
        {
            return Glance::Open;
        }
        let nowhere = Provenance::named("");
        Glance::Constant(self.constant(&Blob::whole(bytes, &nowhere), &found, memory))
    }

    /// The secrets in a blob of which the candidates that lead to matches are known.
    pub fn scan_at(
        &self,
        blob: &Blob<'_>,
        telling: &[Candidate],
        scratch: &mut Scratch,
    ) -> Option<Sightings> {
        if !self.only_counts() || !self.sweep.is_empty() {
            return self.scan(blob, scratch);
        }
        scratch.found.matches.clear();
        scratch.found.misses = None;
        let matcher = self.matcher();
        // What an earlier run kept is not believed blindly.
        for candidate in telling.iter().filter(|one| one.at < blob.bytes.len()) {
            matcher.at(blob.bytes, *candidate, &mut scratch.found);
        }
        matcher.settle(blob.bytes, &mut scratch.found);
        self.conclude(blob, &mut scratch.found, Comments::Honoured)
    }

    /// Whether counts are all that is wanted of matches that are no findings.
    pub fn only_counts(&self) -> bool {
        !self.options.explain && !self.options.audit
    }

    /// Whether a match is no secret, at whatever path: that the content names the provider makes a
    /// secret surer, and nothing a secret.
    fn is_refused(&self, found: &Match, memory: &Memory) -> bool {
        memory.judge(self.rules, found, true).is_err()
    }

    /// Whether the rule of a match does not ask where it is.
    fn is_placeless(&self, found: &Match) -> bool {
        let rule = &self.rules.rules[found.rule];
        rule.path.is_none() && !rule.allowlists.iter().any(asks_for_place)
    }
}
