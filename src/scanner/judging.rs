//! From the matches of one blob to sightings: what is a secret, how sure, whose, and where; and what is
//! none, and why.
//!
//! Filter and attribution in their order. Not here: finding matches.

use std::collections::BTreeMap;

use super::mask::Beside;
use super::memory::Memory;
use super::view::{View, Views};
use super::{Comments, Constant, Scanner, Sighting, Sightings, Told, nearby, sighting};
use crate::attribution::{self, Attribution, Surroundings};
use crate::blob::Blob;
use crate::decode;
use crate::filter::allow::AllowComments;
use crate::filter::allowlist::{self, Subject, allowing_commits, allows};
use crate::filter::{Rejection, judge, own, ties};
use crate::finding::{Confidence, Occurrence, Reach, Rejected, Secret, Suppressor};
use crate::matcher::{Found, Match, NearMiss};
use crate::rule::{Allowlist, Deviant, Rule, is_built_in};
use crate::span::{Charset, LineTable, Span};

impl Scanner<'_> {
    /// Judges all matches of a blob: what is a secret, what is none and why, and what is allowed.
    pub(super) fn judge_all(&self, blob: &Blob<'_>, found: &Found, asked: Comments) -> Sightings {
        self.in_context(blob, found, asked, None, |context| self.judge_in(context, found))
    }

    /// What all matches of a blob come to, and not where they are.
    pub(super) fn constant(&self, blob: &Blob<'_>, found: &Found, memory: &Memory) -> Constant {
        self.in_context(blob, found, Comments::Honoured, Some(memory), |context| {
            let (mut secrets, mut rejected, mut suppressed) = (Vec::new(), 0, 0);
            self.each(context, found, |found, _, settled| match settled {
                Ok(settled) => secrets.push(Told {
                    rule: found.rule,
                    secret: found.secret.clone(),
                    confidence: settled.confidence,
                    provider: settled.attribution.provider,
                }),
                Err(Refusal::Rejected(_)) => rejected += 1,
                Err(Refusal::Suppressed { .. }) => suppressed += 1,
            });
            Constant { secrets: secrets.into(), rejected, suppressed }
        })
    }

    /// Calls `judge` with what is known of a blob with matches.
    fn in_context<T>(
        &self,
        blob: &Blob<'_>,
        found: &Found,
        asked: Comments,
        memory: Option<&Memory>,
        judge: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let spans: Vec<Span> = found.matches.iter().map(|m| m.span).collect();
        let lines = LineTable::when_asked(blob.bytes, Charset::Utf8);
        let comments = AllowComments::find(blob.bytes, &lines);
        let curious = found.matches.iter().any(|m| asks_for_evidence(&self.rules.rules[m.rule]));
        let hits = if curious { self.attributor.hits(blob.bytes) } else { Vec::new() };
        let untied = attribution::untied(&hits, &lines, &spans);
        let around = Surroundings {
            bytes: blob.bytes,
            lines: &lines,
            hits: &hits,
            untied: &untied,
            matches: &spans,
        };
        let beside = Beside::default();
        judge(&Context { blob, lines: &lines, comments: &comments, asked, around, memory, beside })
    }

    fn judge_in(&self, context: &Context<'_>, found: &Found) -> Sightings {
        let blob = context.blob;
        let mut sightings = Sightings::default();
        if self.options.audit {
            sightings.comments = self.marks(blob, context.comments, context.lines);
        }
        let mut places = sighting::Places::new(blob, context.lines);
        self.each(context, found, |found, view, settled| match settled {
            Ok(settled) => {
                let place = places.of(found, view);
                sightings.add(self.sighting(found, settled, place, context, view));
            }
            Err(refusal) => {
                let refused = Refused { found, refusal, view };
                self.refuse(refused, context, &mut places, &mut sightings);
            }
        });
        self.near_misses(found, &mut places, blob, &mut sightings);
        sightings
    }

    /// Tells of each match whether it is a secret, with the text that it was decoded from.
    fn each(
        &self,
        context: &Context<'_>,
        found: &Found,
        mut tell: impl FnMut(&Match, Option<&View>, Result<Settled, Refusal>),
    ) {
        let mut views = Views::new(context.blob.bytes);
        let mut withheld = self.withheld(&found.matches, context);
        for (number, found) in found.matches.iter().enumerate() {
            let view = views.of(found, &self.prefilter, &self.attributor);
            let settled = match withheld.remove(&number) {
                Some(rejection) => Err(Refusal::Rejected(rejection)),
                None => self.settle(&self.rules.rules[found.rule], found, context, view),
            };
            tell(found, view, settled);
        }
    }

    /// Counts a match that is no finding, and tells of it if somebody wants to know.
    fn refuse(
        &self,
        refused: Refused<'_>,
        context: &Context<'_>,
        places: &mut sighting::Places<'_>,
        sightings: &mut Sightings,
    ) {
        let Refused { found, refusal, view } = refused;
        let rule = &self.rules.rules[found.rule];
        let reason = match refusal {
            Refusal::Rejected(rejection) => {
                sightings.rejected += 1;
                rejection.to_string()
            }
            Refusal::Suppressed { by, confidence, named } => {
                sightings.suppressed += 1;
                let reason = by.to_string();
                if self.options.audit {
                    let attribution = self.attribute(rule, found, named, context, view);
                    let (settled, place) =
                        (Settled::new(confidence, attribution), places.of(found, view));
                    let allowed = self.sighting(found, settled, place, context, view);
                    sightings.allowed.push((allowed, by));
                }
                reason
            }
        };
        if self.options.explain {
            let place = places.of(found, view);
            sightings.rejections.push(Rejected {
                path: context.blob.provenance.path.clone(),
                line: place.start.line,
                column: place.start.column,
                rule: rule.id.to_string(),
                text: found.secret.redacted(),
                reason,
            });
        }
    }

    /// The comment that allows a match, if comments are asked and one does.
    fn commented(
        &self,
        rule: &Rule,
        found: &Match,
        context: &Context<'_>,
        view: Option<&View>,
    ) -> Option<Suppressor> {
        if context.asked == Comments::Ignored || rule.is_about_paths() {
            return None;
        }
        let called = |id: &str| rule.is_called(id);
        let mut views = view.into_iter().flat_map(View::chain);
        let inside = views.find_map(|v| v.comments.allowing(&called, v.span, &v.lines));
        // Of a comment in encoded text, the place is that of the secret.
        let at = |span: Span| context.lines.line_of(span.start) + 1 + context.blob.origin.lines;
        let inside = inside.map(|comment| (comment, at(found.span)));
        let (comment, line) = inside.or_else(|| {
            // To gitleaks, all lines of a match are its own.
            let own = if rule.foreign.is_some() { found.whole } else { found.span };
            let comment = context.comments.allowing(&called, own, context.lines)?;
            Some((comment, at(comment.span)))
        })?;
        Some(Suppressor::Comment {
            path: context.blob.provenance.path.clone(),
            line,
            marker: comment.marker.to_owned(),
            reason: self.reason(comment),
        })
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
        if self.is_own(rule, found, context) {
            return Err(Refusal::Rejected(Rejection::Fingerprint));
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
            around: around(found, context, view),
        };
        let mut own = rule.allowlists.iter().zip(1..);
        let own = own.find(|(list, _)| allows(list, &subject));
        let audited = |list: &Allowlist| self.options.audits_rules && list.written.is_some();
        if let Some((list, _)) = own.filter(|(list, _)| !audited(list)) {
            return Err(Refusal::Rejected(Rejection::RuleAllowlist(list.description.clone())));
        }
        let named = rule.provider.as_deref().is_some_and(|id| {
            let mut views = view.into_iter().flat_map(View::chain);
            let inside = views.any(|v| self.attributor.speaks_for(id, &v.hits));
            inside || self.attributor.speaks_for(id, context.around.hits)
        });
        let judgement = match context.memory {
            Some(memory) => memory.judge(self.rules, found, named),
            None => judge(rule, found, named),
        };
        let mut confidence = judgement.map_err(Refusal::Rejected)?;
        let said = self.options.allowlists.iter().chain(&rule.allowlists);
        confidence = allowlist::confidence(said, &subject).unwrap_or(confidence);
        if let Some((list, number)) = own {
            let by = Suppressor::OfRule { rule: rule.id.clone(), number, reason: list.reason() };
            return Err(Refusal::Suppressed { by, confidence, named });
        }
        let lists = self.options.allowlists.iter().zip(1..);
        if let Some((list, number)) = lists.into_iter().find(|(list, _)| allows(list, &subject)) {
            let by = Suppressor::Allowlist { number, reason: list.reason() };
            return Err(Refusal::Suppressed { by, confidence, named });
        }
        if let Some(by) = self.commented(rule, found, context, view) {
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

    /// Whether a match of a rule that goes by names belongs to a fingerprint, which names its rule.
    fn is_own(&self, rule: &Rule, found: &Match, context: &Context<'_>) -> bool {
        let by_name = rule.is_generic() || rule.asks_for_match();
        let is_users = |id: &str| self.rules.rules.iter().any(|r| r.id == id && r.own().is_some());
        let is_rule = |id: &str| is_built_in(id) || !id.is_empty() && is_users(id);
        by_name
            && found.layers.is_empty()
            && own::is_fingerprint(context.blob.bytes, found.span, is_rule)
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
        let views = views.map(|v| (v.span, v.surroundings()));
        let all = views.chain(std::iter::once((found.span, context.around)));
        let told = all.map(|(at, around)| self.attributor.attribute(rule, body, at, around));
        Attribution::first_named(told)
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
                inner: blob.provenance.inner,
                start: place.start,
                end: place.end,
                match_line: self.rules.rules[found.rule]
                    .foreign
                    .as_ref()
                    .map(|_| context.lines.line_of(found.whole.start) + 1 + blob.origin.lines),
                span: Span::new(place.span.start + shift, place.span.end + shift),
                encoding: decode::name(&found.layers, raw, big_endian),
                encoded: encoded.map(|bytes| Secret::new(bytes, 0)),
                blob: blob.provenance.blob.clone(),
                commit: None,
                last_commit: None,
                in_head: None,
                reach: Reach::default(),
                snippet: self.snippet(found, context.around, view, &context.beside),
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
        let is_apart = |m: &&NearMiss| !found.matches.iter().any(|f| f.span.overlaps(m.span));
        // A generic rule begins with a word of any text: without a value that says nothing.
        let is_telling = |m: &&NearMiss| !self.rules.rules[m.rule].is_generic();
        for miss in misses.iter().filter(is_telling).filter(is_apart) {
            let start = places.position(miss.span.start);
            let rule = &self.rules.rules[miss.rule];
            let raw = &blob.bytes[miss.span.range()];
            // No more of it than everybody knows.
            let literals = rule.lead().map_or(&[][..], |lead| &lead.literals);
            let known = literals.iter().filter(|literal| raw.starts_with(literal));
            let known = known.map(Vec::len).max().unwrap_or(0);
            let known = String::from_utf8_lossy(&raw[..known]);
            sightings.rejections.push(Rejected {
                path: blob.provenance.path.clone(),
                line: start.line,
                column: start.column,
                rule: rule.id.to_string(),
                text: format!("{known}****"),
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
    lines: &'a LineTable<'a>,
    comments: &'a AllowComments,
    asked: Comments,
    around: Surroundings<'a>,
    /// How matches of other blobs were judged, if these may be the same.
    memory: Option<&'a Memory>,
    /// What rules find that are left out, to be masked.
    beside: Beside,
}

impl Context<'_> {
    /// The lines that hold `span`, without the line feed behind them; a part of them where they are very
    /// long.
    fn line_of(&self, span: Span) -> &[u8] {
        const NEAR: usize = 4 << 10;
        let bytes = self.blob.bytes;
        let (from, to) = (span.start.saturating_sub(NEAR), bytes.len().min(span.end + NEAR));
        let last = span.end.saturating_sub(1).max(span.start).min(to);
        let start = memchr::memrchr(b'\n', &bytes[from..span.start]).map_or(from, |n| from + n + 1);
        let end = memchr::memchr(b'\n', &bytes[last..to]).map_or(to, |n| last + n);
        &bytes[start..end]
    }
}

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

/// A match that is no finding, and why.
struct Refused<'a> {
    found: &'a Match,
    refusal: Refusal,
    view: Option<&'a View>,
}

/// Whether what stands near a secret tells who issued it, or how sure it is.
pub fn asks_for_evidence(rule: &Rule) -> bool {
    !rule.issuers.is_empty() || rule.deviant == Deviant::Evidence
}

/// The text that a match was found in, and where it is there: the content, or what it decodes to.
fn around<'a>(
    found: &'a Match,
    context: &Context<'a>,
    view: Option<&'a View>,
) -> Option<(&'a [u8], Span)> {
    if found.layers.is_empty() {
        return Some((context.blob.bytes, found.whole));
    }
    if let Some((text, at)) = found.swept.as_ref().and_then(|swept| swept.near.as_ref()) {
        return Some((text, *at));
    }
    let view = view?;
    let before = memchr::memmem::find(&found.matched, found.secret.expose())?;
    let start = view.span.start.checked_sub(before)?;
    let at = Span::new(start, start + found.matched.len());
    (view.bytes().get(at.range()) == Some(&*found.matched)).then_some((view.bytes(), at))
}
