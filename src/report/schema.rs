//! Version 1 of the JSON reports, frozen: names, order and meaning of every key.
//!
//! These types are a copy of the model on purpose, so that a change of the model cannot change what
//! programs read. A key may be added; none may be renamed, moved or dropped.

use serde::Serialize;

use super::Options;
use crate::finding::{self, Outcome, Secret};

/// The number of this version.
pub(super) const SCHEMA: u32 = 1;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    schema: u32,
    tool: Tool,
    complete: bool,
    warnings: Vec<Warning<'a>>,
    stats: Stats,
    findings: Vec<Finding<'a>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(outcome: &'a Outcome, options: &Options) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool::this(),
            complete: outcome.complete,
            warnings: outcome.warnings.iter().map(Warning::new).collect(),
            stats: Stats::new(&outcome.stats),
            findings: outcome.findings.iter().map(|f| Finding::new(f, options)).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    pub(super) fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
    }
}

#[derive(Serialize)]
pub(super) struct Warning<'a> {
    kind: &'a str,
    path: Option<&'a str>,
    message: &'a str,
}

impl<'a> Warning<'a> {
    pub(super) fn new(warning: &'a finding::Warning) -> Self {
        Self { kind: warning.kind, path: warning.path.as_deref(), message: &warning.message }
    }
}

#[derive(Serialize)]
pub(super) struct Stats {
    files: u64,
    members: u64,
    bytes: u64,
    skipped: u64,
    rejected: u64,
    suppressed: u64,
    below_confidence: u64,
}

impl Stats {
    pub(super) fn new(stats: &finding::Stats) -> Self {
        Self {
            files: stats.files,
            members: stats.members,
            bytes: stats.bytes,
            skipped: stats.skipped,
            rejected: stats.rejected,
            suppressed: stats.suppressed + stats.baselined,
            below_confidence: stats.below_confidence,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    rule: &'a str,
    provider: Option<&'a str>,
    environment: Option<&'static str>,
    severity: &'static str,
    confidence: &'static str,
    secret: String,
    fingerprint: &'a str,
    verification: Verification<'a>,
    evidence: &'a [String],
    occurrences: Vec<Occurrence<'a>>,
}

impl<'a> Finding<'a> {
    pub(super) fn new(finding: &'a finding::Finding, options: &Options) -> Self {
        Self {
            rule: &finding.rule,
            provider: finding.provider.as_deref(),
            environment: finding.environment.map(|e| e.as_str()),
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            secret: shown(&finding.secret, options),
            fingerprint: finding.fingerprint.as_str(),
            verification: Verification::new(&finding.verification),
            evidence: &finding.evidence,
            occurrences: finding.occurrences.iter().map(Occurrence::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct Verification<'a> {
    verdict: &'static str,
    reason: Option<&'a str>,
    checked_at: Option<&'a str>,
    /// Added in 0.1: only where somebody was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
}

impl<'a> Verification<'a> {
    fn new(verification: &'a finding::Verification) -> Self {
        Self {
            verdict: verification.verdict.as_str(),
            reason: verification.reason.as_deref(),
            checked_at: verification.checked_at.as_deref(),
            endpoint: verification.endpoint.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Occurrence<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: usize,
    end: usize,
    encoding: &'a str,
    blob: Option<&'a str>,
    commit: Option<Commit<'a>>,
    last_commit: Option<Commit<'a>>,
    in_head: Option<bool>,
    /// For a history alone: refs that reach `commit`, or name what has none, the first of them.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    refs: &'a [String],
    /// How many there are, if not all are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    refs_total: Option<usize>,
    /// Only where it is so: no ref leads to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unreachable: bool,
}

impl<'a> Occurrence<'a> {
    fn new(occurrence: &'a finding::Occurrence) -> Self {
        Self {
            path: &occurrence.path,
            line: occurrence.start.line,
            column: occurrence.start.column,
            end_line: occurrence.end.line,
            end_column: occurrence.end.column,
            start: occurrence.span.start,
            end: occurrence.span.end,
            encoding: &occurrence.encoding,
            blob: occurrence.blob.as_deref(),
            commit: occurrence.commit.as_ref().map(Commit::new),
            last_commit: occurrence.last_commit.as_ref().map(Commit::new),
            in_head: occurrence.in_head,
            refs: &occurrence.reach.refs,
            refs_total: Some(occurrence.reach.total)
                .filter(|total| *total > occurrence.reach.refs.len()),
            unreachable: occurrence.reach.unreachable,
        }
    }
}

#[derive(Serialize)]
struct Commit<'a> {
    id: &'a str,
    author: &'a str,
    email: &'a str,
    date: &'a str,
    summary: &'a str,
}

impl<'a> Commit<'a> {
    fn new(commit: &'a finding::Commit) -> Self {
        Self {
            id: &commit.id,
            author: &commit.author,
            email: &commit.email,
            date: &commit.date,
            summary: &commit.summary,
        }
    }
}

/// The secret as these reports show it. Bytes that are no UTF-8 are lost.
fn shown(secret: &Secret, options: &Options) -> String {
    if options.show_secrets {
        String::from_utf8_lossy(secret.expose()).into_owned()
    } else {
        secret.redacted()
    }
}
