//! Many blobs: workers, grouping by secret, order, statistics.
//!
//! Whatever the number of threads, the outcome is the same. Not here: where blobs come from, and how
//! an outcome looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::attribution::Attribution;
use crate::blob::Blob;
use crate::finding::{
    AllowMark, Clues, Confidence, Finding, Occurrence, Outcome, Rejected, Secret, Stats,
    Suppressed, Suppressor, Verification, Warning,
};
use crate::scanner::{Scanner, Scratch, Sighting};
use crate::source;

/// What all workers of a run have in common.
#[derive(Debug)]
pub struct Pipeline<'s> {
    scanner: &'s Scanner<'s>,
    parts: Mutex<Vec<Part>>,
}

/// What one worker has to show.
#[derive(Debug, Default)]
struct Part {
    sightings: Vec<Sighting>,
    rejections: Vec<Rejected>,
    allowed: Vec<(Sighting, Suppressor)>,
    comments: Vec<AllowMark>,
    warnings: Vec<Warning>,
    stats: Stats,
}

impl<'s> Pipeline<'s> {
    /// A run of `scanner`.
    pub fn new(scanner: &'s Scanner<'s>) -> Self {
        Self { scanner, parts: Mutex::default() }
    }

    /// A worker for one thread; it hands in its work when it is dropped.
    pub fn worker(&self) -> Worker<'_> {
        Worker { pipeline: self, scratch: Scratch::default(), part: Part::default() }
    }

    /// Takes over what a source holds that finds secrets on its own.
    pub fn add(&self, found: source::Found) {
        let source::Found { sightings, rejections, allowed, warnings, stats } = found;
        let mut parts = self.parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let comments = Vec::new();
        parts.push(Part { sightings, rejections, allowed, comments, warnings, stats });
    }

    /// Puts the work of all workers together, leaving out findings that are less sure than `least`.
    pub fn finish(self, least: Confidence) -> Outcome {
        let mut all = Part::default();
        for part in self.parts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            all.sightings.extend(part.sightings);
            all.rejections.extend(part.rejections);
            all.allowed.extend(part.allowed);
            all.comments.extend(part.comments);
            all.warnings.extend(part.warnings);
            all.stats.add(&part.stats);
        }
        all.warnings.sort();
        all.warnings.dedup();
        all.rejections.sort();
        all.rejections.dedup();
        all.comments.sort();
        all.comments.dedup();
        let mut findings = group(all.sightings, self.scanner);
        let before = findings.len();
        if self.scanner.explains() {
            let unsure = findings.iter().filter(|f| f.confidence < least);
            all.rejections.extend(unsure.flat_map(|finding| below(finding, least)));
            all.rejections.sort();
        }
        findings.retain(|f| f.confidence >= least);
        all.stats.below_confidence = (before - findings.len()) as u64;
        Outcome {
            complete: !all.warnings.iter().any(|w| w.incomplete),
            findings,
            rejections: all.rejections,
            suppressed: suppressed(all.allowed, self.scanner, least),
            comments: all.comments,
            warnings: all.warnings,
            stats: all.stats,
        }
    }
}

/// Scans blobs on one thread.
#[derive(Debug)]
pub struct Worker<'p> {
    pipeline: &'p Pipeline<'p>,
    scratch: Scratch,
    part: Part,
}

impl source::Worker for Worker<'_> {
    fn blob(&mut self, blob: &Blob<'_>) {
        self.part.stats.bytes += blob.own.len() as u64;
        self.part.warnings.extend(source::unread(blob));
        let Some(found) = self.pipeline.scanner.scan(blob, &mut self.scratch) else { return };
        self.part.sightings.extend(found.sightings);
        self.part.rejections.extend(found.rejections);
        self.part.allowed.extend(found.allowed);
        self.part.comments.extend(found.comments);
        self.part.stats.rejected += found.rejected;
        self.part.stats.suppressed += found.suppressed;
    }

    fn file(&mut self) {
        self.part.stats.files += 1;
    }

    fn member(&mut self) {
        self.part.stats.members += 1;
    }

    fn skipped(&mut self) {
        self.part.stats.skipped += 1;
    }

    fn warn(&mut self, warning: Warning) {
        self.part.warnings.push(warning);
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        let part = std::mem::take(&mut self.part);
        let mut parts =
            self.pipeline.parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        parts.push(part);
    }
}

/// The places of a finding that is less sure than what was asked for.
fn below(finding: &Finding, least: Confidence) -> impl Iterator<Item = Rejected> {
    let (sure, least) = (finding.confidence.as_str(), least.as_str());
    let reason = format!("of {sure} confidence, and {least} is the least that is reported");
    finding.occurrences.iter().map(move |place| Rejected {
        path: place.path.clone(),
        line: place.start.line,
        column: place.start.column,
        rule: finding.rule.clone(),
        text: finding.secret.redacted(),
        reason: reason.clone(),
    })
}

/// One finding a secret, its places in order; the worst finding first.
fn group(sightings: Vec<Sighting>, scanner: &Scanner<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(usize, Secret), Vec<Sighting>> = BTreeMap::new();
    for sighting in sightings {
        groups.entry((sighting.rule, sighting.secret.clone())).or_default().push(sighting);
    }
    let mut findings: Vec<Finding> = groups
        .into_iter()
        .map(|((rule, secret), seen)| finding(rule, secret, seen, scanner))
        .collect();
    findings.sort_by(Finding::order);
    findings
}

/// What would be findings, each place by itself.
fn suppressed(
    allowed: Vec<(Sighting, Suppressor)>,
    scanner: &Scanner<'_>,
    least: Confidence,
) -> Vec<Suppressed> {
    let sure = allowed.into_iter().filter(|(sighting, _)| sighting.confidence >= least);
    let mut all: Vec<Suppressed> = sure
        .map(|(seen, by)| Suppressed {
            finding: finding(seen.rule, seen.secret.clone(), vec![seen], scanner),
            by,
        })
        .collect();
    all.sort_by(|a, b| a.finding.order(&b.finding).then_with(|| a.by.cmp(&b.by)));
    all.dedup_by(|a, b| a.finding.order(&b.finding).is_eq() && a.by == b.by);
    all
}

fn finding(rule: usize, secret: Secret, mut seen: Vec<Sighting>, scanner: &Scanner<'_>) -> Finding {
    let rule = &scanner.rules().rules[rule];
    seen.sort_by(|a, b| order(&a.occurrence).cmp(&order(&b.occurrence)));
    let (provider, evidence) = issuer(&seen);
    let clues = clues(&seen, provider.as_deref());
    let confidence = seen.iter().map(|s| s.confidence).max().unwrap_or(Confidence::Low);
    // Versions of a file say more of a place than one does.
    seen.dedup_by(|a, b| is_again(&a.occurrence, &mut b.occurrence));
    let stable_path = seen.first().map(|s| s.occurrence.stable_path.as_str()).unwrap_or_default();
    Finding {
        fingerprint: scanner.fingerprint(&rule.id, stable_path, &secret),
        rule: rule.id.to_string(),
        description: rule.description.clone(),
        provider,
        environment: rule.environment,
        severity: rule.severity,
        confidence,
        secret,
        verification: Verification::not_asked(),
        evidence,
        clues,
        occurrences: seen.into_iter().map(|s| s.occurrence).collect(),
    }
}

/// Whether a place is one that was seen before: in the files, and in the history, which knows more of it.
fn is_again(again: &Occurrence, seen: &mut Occurrence) -> bool {
    let same = order(again) == order(seen);
    if same && seen.commit.is_none() {
        seen.commit.clone_from(&again.commit);
        seen.last_commit.clone_from(&again.last_commit);
        seen.in_head = seen.in_head.or(again.in_head);
        seen.reach.clone_from(&again.reach);
    }
    same
}

fn order(occurrence: &Occurrence) -> (&str, usize, usize) {
    (&occurrence.path, occurrence.span.start, occurrence.span.end)
}

/// The issuer that most places name, with its evidence. If two are named equally often, none is.
fn issuer(seen: &[Sighting]) -> (Option<String>, Vec<String>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for sighting in seen {
        if let Some(provider) = &sighting.attribution.provider {
            *counts.entry(provider).or_default() += 1;
        }
    }
    let most = counts.values().copied().max().unwrap_or(0);
    let mut top = counts.iter().filter(|(_, count)| **count == most).map(|(id, _)| *id);
    let (Some(provider), None) = (top.next(), top.next()) else {
        return (None, Vec::new());
    };
    let backing = seen.iter().filter(|s| s.attribution.provider.as_deref() == Some(provider));
    let mut evidence: Vec<String> = Vec::new();
    for line in backing.flat_map(|s| &s.attribution.evidence) {
        if evidence.len() < 5 && !evidence.contains(line) {
            evidence.push(line.clone());
        }
    }
    (Some(provider.to_owned()), evidence)
}

/// What the places together tell a live check. Evidence for another provider counts if it is as
/// near as the nearest for `provider`, or stands on the line of the secret, or what speaks for
/// `provider` does not; and without a provider.
fn clues(seen: &[Sighting], provider: Option<&str>) -> Clues {
    let speaks = |s: &Sighting| {
        let Attribution { provider, rivals, .. } = &s.attribution;
        provider.is_some() || !rivals.is_empty()
    };
    let backs = |s: &&Sighting| match provider {
        Some(_) => s.attribution.provider.as_deref() == provider,
        None => speaks(s),
    };
    let nearest = |s: &Sighting| s.attribution.distance.unwrap_or(0);
    let distance = seen.iter().filter(backs).map(nearest).min();
    let on_line = provider.is_some() && seen.iter().filter(backs).any(|s| s.attribution.on_line);
    let counts = |s: &&Sighting| {
        s.attribution.on_line || !on_line || distance.is_none_or(|d| nearest(s) <= d)
    };
    let mut rivals = BTreeSet::new();
    for sighting in seen.iter().filter(counts) {
        let Attribution { provider: named, rivals: others, .. } = &sighting.attribution;
        rivals.extend(named.iter().chain(others).filter(|id| Some(id.as_str()) != provider));
    }
    let mut context: Vec<(String, String)> = Vec::new();
    for (name, value) in seen.iter().flat_map(|s| &s.context) {
        if !context.iter().any(|(known, _)| known == name) {
            context.push((name.clone(), value.clone()));
        }
    }
    let by_form = seen.iter().filter(backs).any(|s| s.attribution.distance.is_none());
    // One place without a doubt is enough.
    let mut doubts = seen.iter().filter(backs).map(|s| s.attribution.doubt);
    let doubt = doubts.next().flatten().filter(|_| doubts.all(|doubt| doubt.is_some()));
    Clues {
        rivals: rivals.into_iter().cloned().collect(),
        distance: distance.filter(|_| !by_form),
        doubt,
        context,
    }
}
