//! One blob: bytes in, sightings of secrets out.
//!
//! Prefilter, matcher, filter and attribution in their order. Not here: input, threads, the clock,
//! and the grouping of sightings to findings.

mod glance;
mod mask;
mod nearby;
mod sighting;
mod snippet;
mod view;

pub use glance::{Constant, Glance};
pub use sighting::{Sighting, Sightings};

use std::collections::BTreeMap;

use crate::attribution::{self, Attribution, Attributor, Surroundings};
use crate::blob::Blob;
use crate::decode;
use crate::filter::allow::AllowComments;
use crate::filter::allowlist::{Subject, allowing_commits, allows, allows_path};
use crate::filter::{Rejection, judge, ties};
use crate::finding::{
    Confidence, Fingerprint, FingerprintKey, Occurrence, Reach, Rejected, Secret, Suppressor,
};
use crate::matcher::{Found, Match, Matcher, NameIndex, Sweep};
use crate::prefilter::{Candidate, Prefilter, Wanted};
use crate::rule::{Allowlist, Deviant, Encodings, Listed, Rule, RuleSet};
use crate::span::{Charset, LineTable, Span};
use view::{View, Views};

/// What a scanner is asked to do beside finding.
#[derive(Debug, Default)]
pub struct Options {
    /// Allowlists of the configuration, for all rules.
    pub allowlists: Vec<Allowlist>,
    /// Whether to tell of every candidate that is no finding.
    pub explain: bool,
    /// Whether to tell of every allow comment, and of every match that somebody has allowed.
    pub audit: bool,
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
    names: NameIndex,
    attributor: Attributor<'r>,
    /// Rules that are no matter of candidates.
    sweep: Sweep,
    /// Rules that are about paths alone.
    paths: Vec<usize>,
    /// Whether matches have to do with each other.
    tied: bool,
    options: Options,
}

/// Memory that a thread uses again for each blob.
#[derive(Debug, Default)]
pub struct Scratch {
    candidates: Vec<Candidate>,
    found: Found,
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
        self.yield_to_stronger(&mut found.matches);
        Some(self.judge_all(blob, found, comments))
    }

    /// Adds the plausible candidates whose literal lies within `window` of `bytes`. Each depends on
    /// the bytes within [`Scanner::reach`] alone, so that a reader of deltas can carry candidates
    /// from content to content instead of searching again.
    pub fn candidates(&self, bytes: &[u8], window: Span, found: &mut Vec<Candidate>) {
        let first = found.len();
        self.prefilter.candidates(bytes, window, found);
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
        // Messages and streams have names, but no paths.
        let named = path == "-" || (path.starts_with('(') && path.ends_with(')'));
        let is_path = !path.is_empty() && !named;
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
        scratch.candidates.clear();
        scratch.found.matches.clear();
        scratch.found.misses = self.options.explain.then(Vec::new);
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

    /// Of matches that overlap, drops those whose rule tells less: a name tells less than a literal,
    /// a name that any vendor uses less than a vendor's, a form of any vendor's less than one vendor's, a
    /// short literal less than a long one.
    fn yield_to_stronger(&self, matches: &mut Vec<Match>) {
        let strength = |m: &Match| {
            let rule = &self.rules.rules[m.rule];
            match rule.pattern.lead() {
                _ if rule.names.is_some() => usize::from(!rule.is_generic()),
                _ if rule.encodings != Some(Encodings::Common) => usize::MAX,
                lead => {
                    let literals = lead.into_iter().flat_map(|l| &l.literals);
                    let longest = literals.map(Vec::len).max().unwrap_or(0);
                    2 + longest + if rule.provider.is_some() { VENDOR } else { 0 }
                }
            }
        };
        let strengths: Vec<usize> = matches.iter().map(strength).collect();
        let mut reach = 0;
        let longest = matches.iter().map(|m| m.span.len()).max().unwrap_or(0);
        let beaten: Vec<bool> = (0..matches.len())
            .map(|at| {
                let own = matches[at].span;
                while matches[reach].span.start + longest < own.start {
                    reach += 1;
                }
                let near = (reach..matches.len())
                    .take_while(|other| matches[*other].span.start < own.end.max(own.start + 1));
                let stronger = |other: usize| strengths[other] > strengths[at];
                strengths[at] < usize::MAX
                    && near.into_iter().any(|o| stronger(o) && matches[o].span.overlaps(own))
            })
            .collect();
        let mut beaten = beaten.into_iter();
        matches.retain(|_| !beaten.next().unwrap_or(false));
    }

    fn judge_all(&self, blob: &Blob<'_>, found: &Found, asked: Comments) -> Sightings {
        let spans: Vec<Span> = found.matches.iter().map(|m| m.span).collect();
        let lines = LineTable::new(blob.bytes, Charset::Utf8);
        let comments = AllowComments::find(blob.bytes, &lines);
        let curious = found.matches.iter().any(|m| asks_for_evidence(&self.rules.rules[m.rule]));
        let hits = if curious { self.attributor.hits(blob.bytes) } else { Vec::new() };
        let untied = attribution::untied(&hits, &lines, &spans);
        let context = Context {
            blob,
            lines: &lines,
            comments: &comments,
            asked,
            around: Surroundings {
                bytes: blob.bytes,
                lines: &lines,
                hits: &hits,
                untied: &untied,
                matches: &spans,
            },
        };
        let mut sightings = Sightings::default();
        if self.options.audit {
            sightings.comments = sighting::marks(blob, &comments, &lines);
        }
        let mut views = Views::new(blob.bytes);
        let mut places = sighting::Places::new(blob, &lines);
        let mut withheld = self.withheld(&found.matches, &context);
        for (number, found) in found.matches.iter().enumerate() {
            let rule = &self.rules.rules[found.rule];
            let view = views.of(found, &self.prefilter, &self.attributor);
            let settled = match withheld.remove(&number) {
                Some(rejection) => Err(Refusal::Rejected(rejection)),
                None => self.settle(rule, found, &context, view),
            };
            let reason = match settled {
                Ok(settled) => {
                    let place = places.of(found, view);
                    sightings.add(self.sighting(found, settled, place, &context, view));
                    continue;
                }
                Err(Refusal::Rejected(rejection)) => {
                    sightings.rejected += 1;
                    rejection.to_string()
                }
                Err(Refusal::Suppressed { by, confidence, named }) => {
                    sightings.suppressed += 1;
                    let reason = by.to_string();
                    if self.options.audit {
                        let attribution = self.attribute(rule, found, named, &context, view);
                        let (settled, place) =
                            (Settled::new(confidence, attribution), places.of(found, view));
                        let allowed = self.sighting(found, settled, place, &context, view);
                        sightings.allowed.push((allowed, by));
                    }
                    reason
                }
            };
            if self.options.explain {
                let place = places.of(found, view);
                sightings.rejections.push(Rejected {
                    path: blob.provenance.path.clone(),
                    line: place.start.line,
                    column: place.start.column,
                    rule: rule.id.clone(),
                    text: found.secret.redacted(),
                    reason,
                });
            }
        }
        self.near_misses(found, &mut places, blob, &mut sightings);
        sightings
    }

    /// The matches that are secrets by themselves, and no findings because of others.
    fn withheld(&self, matches: &[Match], context: &Context<'_>) -> BTreeMap<usize, Rejection> {
        if !self.tied {
            return BTreeMap::new();
        }
        let mut views = Views::new(context.blob.bytes);
        let mut sound = Vec::new();
        for (number, found) in matches.iter().enumerate() {
            let view = views.of(found, &self.prefilter, &self.attributor);
            if self.settle(&self.rules.rules[found.rule], found, context, view).is_ok() {
                sound.push((number, found));
            }
        }
        ties::withheld(self.rules, &sound, context.lines).into_iter().collect()
    }

    /// Whether a match is a secret, how sure, and whose.
    fn settle(
        &self,
        rule: &Rule,
        found: &Match,
        context: &Context<'_>,
        view: Option<&View>,
    ) -> Result<Settled, Refusal> {
        let path = context.blob.provenance.stable_path.as_str();
        if rule.path.as_ref().is_some_and(|p| !p.is_match(path.as_bytes())) {
            return Err(Refusal::Rejected(Rejection::Path));
        }
        let fingerprint = self.fingerprint(&rule.id, path, &found.secret);
        let subject = Subject {
            rule,
            path,
            secret: found.secret.expose(),
            matched: &found.matched,
            line: match found.swept.as_ref().and_then(|swept| swept.line.as_ref()) {
                Some(decoded) => decoded,
                None => context.line_of(found.whole),
            },
            fingerprint: fingerprint.as_str(),
        };
        if let Some(list) = rule.allowlists.iter().find(|list| allows(list, &subject)) {
            return Err(Refusal::Rejected(Rejection::RuleAllowlist(list.description.clone())));
        }
        let named = rule.provider.as_deref().is_some_and(|id| {
            let mut views = view.into_iter().flat_map(View::chain);
            let inside = views.any(|v| self.attributor.speaks_for(id, &v.hits));
            inside || self.attributor.speaks_for(id, context.around.hits)
        });
        let mut confidence = judge(rule, found, named).map_err(Refusal::Rejected)?;
        let lists = self.options.allowlists.iter().zip(1..);
        if let Some((list, number)) = lists.into_iter().find(|(list, _)| allows(list, &subject)) {
            let reason = Some(&list.description).filter(|text| !text.is_empty()).cloned();
            let by = Suppressor::Allowlist { number, reason };
            return Err(Refusal::Suppressed { by, confidence, named });
        }
        let mut views = view.into_iter().flat_map(View::chain);
        let called = |id: &str| rule.is_called(id);
        let inside = views.find_map(|v| v.comments.allowing(&called, v.span, &v.lines));
        // Of a comment in encoded text, the place is that of the secret.
        let at = |span: Span| context.lines.line_of(span.start) + 1 + context.blob.origin.lines;
        let inside = inside.map(|comment| (comment, at(found.span)));
        let comment = inside.or_else(|| {
            // To gitleaks, all lines of a match are its own.
            let own = if rule.foreign.is_some() { found.whole } else { found.span };
            let comment = context.comments.allowing(&called, own, context.lines)?;
            Some((comment, at(comment.span)))
        });
        let heard = context.asked == Comments::Honoured && !rule.is_about_paths();
        if let Some((comment, line)) = comment.filter(|_| heard) {
            let by = Suppressor::Comment {
                path: context.blob.provenance.path.clone(),
                line,
                marker: comment.marker.to_owned(),
                reason: comment.reason.clone(),
            };
            return Err(Refusal::Suppressed { by, confidence, named });
        }
        let attribution = self.attribute(rule, found, named, context, view);
        let proved =
            rule.issuers.iter().find(|i| Some(&i.provider) == attribution.provider.as_ref());
        if proved.is_some_and(|issuer| issuer.body.is_some()) && confidence == Confidence::Medium {
            confidence = Confidence::High;
        }
        let lists = rule.allowlists.iter().chain(&self.options.allowlists);
        let excused = lists.flat_map(|list| allowing_commits(list, &subject)).cloned().collect();
        Ok(Settled { confidence, attribution, excused })
    }

    fn attribute(
        &self,
        rule: &Rule,
        found: &Match,
        named: bool,
        context: &Context<'_>,
        view: Option<&View>,
    ) -> Attribution {
        if let Some(provider) = &rule.provider {
            let doubtful = rule.deviant == Deviant::Evidence && !found.exact && !named;
            let proof = match (found.exact, named) {
                _ if rule.names.is_some() => "the name it is assigned to",
                (true, _) => "the documented form",
                (false, true) => "the prefix, and the content names the issuer",
                (false, false) => "the prefix",
            };
            return Attribution {
                provider: (!doubtful).then(|| provider.clone()),
                evidence: if doubtful { Vec::new() } else { vec![proof.to_owned()] },
                ..Attribution::default()
            };
        }
        let body = &found.secret.expose()[found.body.range()];
        let views = view.into_iter().flat_map(View::chain);
        views
            .map(|v| self.attributor.attribute(rule, body, v.span, v.surroundings()))
            .find(|a| a.provider.is_some())
            .unwrap_or_else(|| self.attributor.attribute(rule, body, found.span, context.around))
    }

    fn sighting(
        &self,
        found: &Match,
        settled: Settled,
        place: sighting::Place,
        context: &Context<'_>,
        view: Option<&View>,
    ) -> Sighting {
        let blob = context.blob;
        let raw = &blob.bytes[found.span.range()];
        let big_endian = view.is_some_and(|v| v.big_endian);
        let shift = blob.origin.offset;
        let plain = found.layers.is_empty();
        let encoded = blob.bytes.get(place.span.range()).filter(|_| !plain);
        Sighting {
            rule: found.rule,
            secret: found.secret.clone(),
            confidence: settled.confidence,
            attribution: settled.attribution,
            excused: settled.excused,
            context: nearby::context(&self.rules.rules[found.rule], found, context.around, view),
            occurrence: Occurrence {
                path: blob.provenance.path.clone(),
                stable_path: blob.provenance.stable_path.clone(),
                start: place.start,
                end: place.end,
                span: Span::new(place.span.start + shift, place.span.end + shift),
                encoding: decode::name(&found.layers, raw, big_endian),
                encoded: encoded.map(|bytes| Secret::new(bytes, 0)),
                blob: blob.provenance.blob.clone(),
                commit: None,
                last_commit: None,
                in_head: None,
                reach: Reach::default(),
                snippet: snippet::around(found, context.around, view),
            },
        }
    }

    fn near_misses(
        &self,
        found: &Found,
        places: &mut sighting::Places<'_>,
        blob: &Blob<'_>,
        sightings: &mut Sightings,
    ) {
        let Some(misses) = &found.misses else { return };
        for miss in misses.iter().filter(|m| !found.matches.iter().any(|f| f.span.overlaps(m.span)))
        {
            let start = places.position(miss.span.start);
            let raw = String::from_utf8_lossy(&blob.bytes[miss.span.range()]);
            sightings.rejections.push(Rejected {
                path: blob.provenance.path.clone(),
                line: start.line,
                column: start.column,
                rule: self.rules.rules[miss.rule].id.clone(),
                text: raw.chars().take(12).chain("****".chars()).collect(),
                reason: miss.reason.to_owned(),
            });
        }
        sightings.rejections.sort();
        sightings.rejections.dedup();
    }
}

/// What is known of a blob with matches.
struct Context<'a> {
    blob: &'a Blob<'a>,
    lines: &'a LineTable,
    comments: &'a AllowComments,
    asked: Comments,
    around: Surroundings<'a>,
}

impl Context<'_> {
    /// The lines that hold `span`; a part of them where they are very long.
    fn line_of(&self, span: Span) -> &[u8] {
        const NEAR: usize = 4 << 10;
        let start = self.lines.span_of(self.lines.line_of(span.start)).start;
        let end = self.lines.span_of(self.lines.line_of(span.end.saturating_sub(1))).end;
        let from = start.max(span.start.saturating_sub(NEAR));
        let to = end.min(span.end + NEAR).max(from);
        &self.blob.bytes[from..to]
    }
}

/// What a rule wants to be found by; none if it is sought otherwise.
fn wanted((rule, listed): (usize, &Listed)) -> Option<Wanted<'_>> {
    let lead = listed.lead().filter(|_| listed.names().is_none());
    let encodings = listed.encodings();
    listed.is_anchored().then_some(Wanted { rule, lead, encodings })
}

/// What a rule of one vendor tells more than one that says only that a text is secret.
const VENDOR: usize = 1 << 10;

struct Settled {
    confidence: Confidence,
    attribution: Attribution,
    /// Commits in which it is allowed.
    excused: Vec<String>,
}

impl Settled {
    fn new(confidence: Confidence, attribution: Attribution) -> Self {
        Self { confidence, attribution, excused: Vec::new() }
    }
}

enum Refusal {
    Rejected(Rejection),
    /// Somebody allows it; else it would be a secret, this sure.
    Suppressed {
        by: Suppressor,
        confidence: Confidence,
        named: bool,
    },
}

fn asks_for_evidence(rule: &Rule) -> bool {
    !rule.issuers.is_empty() || rule.deviant == Deviant::Evidence
}

/// Sorts matches by place, and keeps one of those that are the same text to the same rule.
fn single_out(matches: &mut Vec<Match>, rules: &RuleSet) {
    matches.sort_by(|a, b| {
        (a.span.start, a.rule, a.layers.len(), b.span.end, &a.layers).cmp(&(
            b.span.start,
            b.rule,
            b.layers.len(),
            a.span.end,
            &b.layers,
        ))
    });
    let mut kept: Vec<Match> = Vec::with_capacity(matches.len());
    for found in matches.drain(..) {
        // What decoding adds to a match is a secret of its own to gitleaks.
        let foreign = rules.rules[found.rule].foreign.is_some();
        let double = kept.iter().rev().take(8).any(|k| {
            k.rule == found.rule
                && k.span.overlaps(found.span)
                && (!foreign || k.secret == found.secret)
        });
        if !double {
            kept.push(found);
        }
    }
    *matches = kept;
}
