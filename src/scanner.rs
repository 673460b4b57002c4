//! One blob: bytes in, sightings of secrets out.
//!
//! Prefilter, matcher, filter and attribution in their order. Not here: input, threads, the clock,
//! and the grouping of sightings to findings.

mod glance;
mod judging;
mod mask;
mod memory;
mod nearby;
mod rivalry;
mod sighting;
mod snippet;
mod view;

pub use glance::{Constant, Glance, Told};
pub use judging::asks_for_evidence;
pub use mask::{secrets_in_name, without_secrets};
pub use sighting::{Sighting, Sightings};

use std::sync::OnceLock;

use crate::attribution::Attributor;
use crate::blob::{Blob, is_of_file};
use crate::filter::allowlist::{allows_path, asks_for_place};
use crate::filter::ties;
use crate::finding::{Fingerprint, FingerprintKey, Secret};
use crate::matcher::{Found, Match, Matcher, NameIndex, Sweep};
use crate::prefilter::{Candidate, Prefilter, Wanted};
use crate::rule::{Allowlist, Listed, Rule, RuleSet};
use crate::span::Span;
use memory::Memory;
use rivalry::{single_out, yield_to_stronger};

/// What a scanner is asked to do beside finding.
#[derive(Debug, Default)]
pub struct Options {
    /// Allowlists of the configuration, for all rules.
    pub allowlists: Vec<Allowlist>,
    /// Whether to tell of every candidate that is no finding.
    pub explain: bool,
    /// Whether to tell of every allow comment, and of every match that somebody has allowed.
    pub audit: bool,
    /// Whether, with that, what allowlists of single rules keep out is told as allowed, too, and not as
    /// no match of the rule: of those that are not built in.
    pub audits_rules: bool,
    /// What fingerprints are made with, if not with the secret alone.
    pub key: Option<FingerprintKey>,
}

/// What comments in the content say about its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Comments {
    /// They suppress what they allow.
    #[default]
    Honoured,
    /// They are not asked: whoever wrote the content shall not be its judge.
    Ignored,
}

/// Finds secrets in blobs. Shared by all threads; each brings its own [`Scratch`].
#[derive(Debug)]
pub struct Scanner<'r> {
    rules: &'r RuleSet,
    prefilter: Prefilter,
    names: NameIndex<'r>,
    attributor: Attributor<'r>,
    /// Rules that are no matter of candidates.
    sweep: Sweep,
    /// Rules that are about paths alone.
    paths: Vec<usize>,
    /// Whether matches have to do with each other.
    tied: bool,
    /// Whether built-in rules are left out, once somebody asks.
    partial: OnceLock<bool>,
    options: Options,
}

/// Memory that a thread uses again for each blob, with one scanner.
#[derive(Debug, Default)]
pub struct Scratch {
    candidates: Vec<Candidate>,
    found: Found,
    memory: Memory,
}

impl<'r> Scanner<'r> {
    /// A scanner for `rules`.
    pub fn new(rules: &'r RuleSet, options: Options) -> Self {
        let wanted: Vec<Wanted<'_>> = (0..).zip(&rules.rules).filter_map(wanted).collect();
        let about_paths = |i: &usize| rules.rules[*i].own().is_some_and(Rule::is_about_paths);
        Self {
            prefilter: Prefilter::new(&wanted),
            names: NameIndex::new(rules),
            attributor: Attributor::new(rules),
            sweep: Sweep::new(rules),
            paths: (0..rules.rules.len()).filter(about_paths).collect(),
            tied: ties::has_ties(rules),
            partial: OnceLock::new(),
            rules,
            options,
        }
    }

    fn matcher(&self) -> Matcher<'_> {
        Matcher::new(self.rules, &self.prefilter, &self.names)
    }

    /// The rules that it applies.
    pub fn rules(&self) -> &'r RuleSet {
        self.rules
    }

    /// Whether somebody wants to know of what is not reported.
    pub fn explains(&self) -> bool {
        self.options.explain
    }

    /// The allowlists of the configuration.
    pub fn allowlists(&self) -> &[Allowlist] {
        &self.options.allowlists
    }

    /// The fingerprint of a secret at a path.
    pub fn fingerprint(&self, rule: &str, path: &str, secret: &Secret) -> Fingerprint {
        match &self.options.key {
            Some(key) => Fingerprint::keyed(rule, path, secret, key),
            None => Fingerprint::new(rule, path, secret),
        }
    }

    /// Whether content at `path` is allowed whatever is in it, and nobody wants to know what.
    pub fn skips(&self, path: &str) -> bool {
        !self.options.audit && self.options.allowlists.iter().any(|list| allows_path(list, path))
    }

    /// Whether it depends on the place of a secret, by an allowlist for all rules, what becomes of it.
    pub fn asks_for_places(&self) -> bool {
        !self.options.audit && self.options.allowlists.iter().any(asks_for_place)
    }

    /// The secrets in `blob`; none for the many blobs that have nothing to tell.
    pub fn scan(&self, blob: &Blob<'_>, scratch: &mut Scratch) -> Option<Sightings> {
        self.scan_with(blob, scratch, Comments::Honoured)
    }

    /// The same, with or without regard to allow comments.
    pub fn scan_with(
        &self,
        blob: &Blob<'_>,
        scratch: &mut Scratch,
        comments: Comments,
    ) -> Option<Sightings> {
        self.find(blob.bytes, scratch);
        self.conclude(blob, &mut scratch.found, comments)
    }

    /// What comes of the matches of a blob.
    fn conclude(
        &self,
        blob: &Blob<'_>,
        found: &mut Found,
        comments: Comments,
    ) -> Option<Sightings> {
        found.matches.retain(|m| blob.own.start <= m.span.start && m.span.start < blob.own.end);
        if !self.paths.is_empty() && blob.origin.offset == 0 {
            let path = &blob.provenance.stable_path;
            found.matches.extend(self.of_path(path).map(Match::of_path));
        }
        let idle = found.matches.is_empty() && found.misses.as_ref().is_none_or(Vec::is_empty);
        if idle && !self.options.audit {
            return None;
        }
        single_out(&mut found.matches, self.rules);
        yield_to_stronger(&mut found.matches, self.rules);
        Some(self.judge_all(blob, found, comments))
    }

    /// Adds the plausible candidates that begin in `anchors`. Each depends on the bytes within
    /// [`Scanner::reach`] alone, so that a reader of deltas can carry candidates from content to
    /// content instead of searching again.
    pub fn candidates(&self, bytes: &[u8], anchors: Span, found: &mut Vec<Candidate>) {
        let first = found.len();
        self.prefilter.candidates(bytes, anchors, found);
        let matcher = self.matcher();
        let mut kept = first;
        for at in first..found.len() {
            if matcher.is_plausible(bytes, found[at]) {
                found.swap(kept, at);
                kept += 1;
            }
        }
        found.truncate(kept);
    }

    /// How many bytes before a plausible candidate, and from it on, it depends on.
    pub fn reach(&self) -> (usize, usize) {
        self.matcher().reach()
    }

    /// Whether all rules are a matter of candidates; else a content must be scanned whole.
    pub fn is_local(&self) -> bool {
        self.sweep.is_empty()
    }

    /// Whether some rule is about paths alone, so that any content may be a finding.
    pub fn has_path_rules(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Whether content at `path` is a finding whatever is in it.
    pub fn reports_path(&self, path: &str) -> bool {
        self.of_path(path).next().is_some()
    }

    /// The rules that are about paths alone, and about this one.
    fn of_path<'a>(&'a self, path: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_path = is_of_file(path);
        let is = move |rule: &&usize| {
            let pattern = self.rules.rules[**rule].path.as_ref();
            is_path && pattern.is_some_and(|pattern| pattern.is_match(path.as_bytes()))
        };
        self.paths.iter().filter(is).copied()
    }

    /// Whether text of the right shape, judged or not, stands at one of `candidates`.
    pub fn has_match(&self, bytes: &[u8], candidates: &[Candidate]) -> bool {
        let matcher = self.matcher();
        let mut found = Found::default();
        candidates.iter().any(|candidate| {
            matcher.at(bytes, *candidate, &mut found);
            !found.matches.is_empty()
        })
    }

    /// Everything of the right shape in `bytes`, left in `scratch`.
    fn find(&self, bytes: &[u8], scratch: &mut Scratch) {
        self.find_with(bytes, self.options.explain, scratch);
    }

    /// The same with all near misses, whether they are told or not.
    fn find_all(&self, bytes: &[u8], scratch: &mut Scratch) {
        self.find_with(bytes, true, scratch);
    }

    fn find_with(&self, bytes: &[u8], misses: bool, scratch: &mut Scratch) {
        scratch.candidates.clear();
        scratch.found.matches.clear();
        scratch.found.misses = misses.then(Vec::new);
        let all = Span::new(0, bytes.len());
        self.prefilter.candidates(bytes, all, &mut scratch.candidates);
        let matcher = self.matcher();
        for candidate in &scratch.candidates {
            if !candidate.is_assigned() || matcher.is_plausible(bytes, *candidate) {
                matcher.at(bytes, *candidate, &mut scratch.found);
            }
        }
        matcher.settle(bytes, &mut scratch.found);
        if !self.sweep.is_empty() {
            self.sweep.run(self.rules, bytes, &mut scratch.found);
        }
    }
}

/// What a rule wants to be found by; none if it is sought otherwise.
fn wanted((rule, listed): (usize, &Listed)) -> Option<Wanted<'_>> {
    let lead = if listed.has_names() { None } else { listed.lead() };
    let encodings = listed.encodings();
    listed.is_anchored().then_some(Wanted { rule, lead, encodings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_have_few_literals_that_may_stand_anywhere() {
        let rules = crate::rule::builtin();
        let scanner = Scanner::new(&rules, Options::default());
        // One more than fits makes every scan slower by a tenth or more: find it by a literal in a run.
        assert!(scanner.prefilter.fits_packed());
    }
}
