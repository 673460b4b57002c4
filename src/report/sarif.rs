//! The report as SARIF 2.1.0, for code scanning services and editors.
//!
//! One result is one secret in one place, so that a service opens and closes an alert for each. The
//! rules stand once. Not here: the names of the format, which are in `log`.

mod log;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use self::log::{
    ArtifactLocation, AutomationDetails, Base, Configuration, Descriptor, DescriptorReference,
    Driver, Entry, Invocation, Location, Log, Message, Notification, PhysicalLocation, Region,
    ResultProperties, RuleProperties, Run, RunProperties, Snippet, Suppression, Text, Tool,
};
use super::gone::Gone;
use super::remedy::{self, Remedy};
use super::sanitize::escape_json;
use super::{Options, uri};
use crate::finding::{
    Commit, Confidence, Finding, Occurrence, Outcome, Suppressor, Verdict, Warning,
};
use crate::rule::{RuleSet, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const ROOT: &str = "SRCROOT";
/// The key of our fingerprints; the number changes when they do.
const FINGERPRINT: &str = "keytrawl/v1";

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn io::Write,
    outcome: &Outcome,
    rules: &RuleSet,
    options: &Options,
) -> io::Result<()> {
    let json = serde_json::to_string_pretty(&log(outcome, rules, options))?;
    out.write_all(escape_json(&json).as_bytes())?;
    out.write_all(b"\n")
}

fn log<'a>(outcome: &'a Outcome, rules: &'a RuleSet, options: &Options) -> Log<'a> {
    let used = used_rules(outcome, rules, options);
    let index: BTreeMap<&str, usize> =
        used.iter().enumerate().map(|(i, f)| (f.rule.as_str(), i)).collect();
    let of_finding = |finding: &'a Finding| {
        let index = index.get(finding.rule.as_str()).copied().unwrap_or_default();
        let places = finding.occurrences.iter();
        places.map(move |place| entry(finding, place, index, rules, options)).collect::<Vec<_>>()
    };
    let mut results: Vec<Entry<'a>> = outcome.findings.iter().flat_map(of_finding).collect();
    if options.show_suppressed {
        results.extend(outcome.suppressed.iter().flat_map(|one| {
            let mut entries = of_finding(&one.finding);
            entries.iter_mut().for_each(|entry| entry.suppressions = vec![suppression(&one.by)]);
            entries
        }));
    }
    let driver = Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        version: env!("CARGO_PKG_VERSION"),
        short_description: Text::plain(env!("CARGO_PKG_DESCRIPTION")),
        rules: used.iter().map(|finding| descriptor(finding, rules)).collect(),
    };
    let base = "the root of the repository; outside of one, the folder that was scanned";
    let run = Run {
        tool: Tool { driver },
        automation_details: AutomationDetails { id: "keytrawl/" },
        invocations: [Invocation {
            execution_successful: outcome.complete,
            tool_execution_notifications: outcome.warnings.iter().map(notification).collect(),
        }],
        original_uri_base_ids: [(ROOT, Base { description: message(base) })].into(),
        column_kind: "unicodeCodePoints",
        redaction_tokens: if options.show_secrets { &[] } else { &["****"] },
        results,
        properties: RunProperties { complete: outcome.complete },
    };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

/// A finding for each rule that has some, in the order of the rules.
fn used_rules<'a>(outcome: &'a Outcome, rules: &RuleSet, options: &Options) -> Vec<&'a Finding> {
    let place = |id: &str| rules.rules.iter().position(|r| r.id == id).unwrap_or(usize::MAX);
    let mut used: Vec<&Finding> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let allowed = outcome.suppressed.iter().filter(|_| options.show_suppressed);
    for finding in outcome.findings.iter().chain(allowed.map(|one| &one.finding)) {
        if seen.insert(finding.rule.as_str()) {
            used.push(finding);
        }
    }
    used.sort_by_key(|finding| place(&finding.rule));
    used
}

/// The rule of `finding`.
fn descriptor<'a>(finding: &'a Finding, rules: &'a RuleSet) -> Descriptor<'a> {
    let id = finding.rule.as_str();
    let remedies = Remedy::of_rule(id, rules);
    let known = rules.rule(id);
    let severity = known.map_or(finding.severity, |rule| rule.severity);
    let description = known.map_or(&finding.description, |rule| &rule.description);
    let mut tags = vec!["security", "secret", "external/cwe/cwe-798"];
    tags.extend(known.and_then(|rule| rule.provider.as_deref()));
    tags.extend(known.into_iter().flat_map(|rule| rule.tags.iter().map(String::as_str)));
    let mut distinct = Vec::with_capacity(tags.len());
    for tag in tags {
        if !distinct.contains(&tag) {
            distinct.push(tag);
        }
    }
    let about = format!(
        "{description}. A key that stands in a repository is known to everybody who can read it, \
         and to everybody who has a copy."
    );
    let proved = known.is_some_and(|rule| rule.provider.is_some());
    let only = remedies.first().filter(|_| proved).and_then(|remedy| remedy.url);
    Descriptor {
        id,
        short_description: Text::plain(description.as_str()),
        full_description: Text::plain(about),
        help_uri: only.map(str::to_owned),
        help: help(description, &remedies, proved),
        default_configuration: Configuration { level: level(severity) },
        properties: RuleProperties {
            tags: distinct,
            precision: "high",
            security_severity: security_severity(severity),
            problem_severity: if severity >= Severity::High { "error" } else { "warning" },
        },
    }
}

/// What to do about keys of one kind; `proved` says whether their form tells who issues them.
fn help(description: &str, remedies: &[Remedy<'_>], proved: bool) -> Text {
    let bold = remedy::REVOKE.replacen("Revoke the key first", "**Revoke the key first**", 1);
    let mut text = format!("{description}\n\n1. {}\n", remedy::REVOKE);
    let mut markdown = format!("## {}\n\n1. {bold}\n", markdown_text(description));
    if !proved {
        let lead = if remedies.is_empty() { remedy::STRANGER } else { remedy::SOMEBODY };
        text += &format!("   {lead}\n");
        markdown += &format!("   - {lead}\n");
    }
    remedies.iter().for_each(|one| push_remedy(&mut text, &mut markdown, one));
    let rest = "If it is no secret, say so in a comment on its line, with the reason";
    text += &format!("2. {}\n3. {rest}: keytrawl:allow RULE -- REASON\n", remedy::REMOVE);
    markdown += &format!("2. {}\n3. {rest}: `keytrawl:allow RULE -- REASON`\n", remedy::REMOVE);
    Text { text, markdown: Some(markdown) }
}

fn push_remedy(text: &mut String, markdown: &mut String, remedy: &Remedy<'_>) {
    *text += &format!("   {}\n", remedy.sentence());
    let (name, steps) = (markdown_text(remedy.name), markdown_text(remedy.steps));
    *markdown += &match remedy.url {
        Some(url) => format!("   - [{name}]({}): {steps}\n", url.replace(['(', ')', ' '], "")),
        None => format!("   - {name}: {steps}\n"),
    };
}

/// Text that means itself in markdown.
fn markdown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// One secret in one place.
fn entry<'a>(
    finding: &'a Finding,
    place: &'a Occurrence,
    rule_index: usize,
    rules: &RuleSet,
    options: &Options,
) -> Entry<'a> {
    let secret = match options.show_secrets {
        true => String::from_utf8_lossy(finding.secret.expose()).into_owned(),
        false => finding.secret.redacted(),
    };
    let (start, end) = (place.start, place.end);
    let region = Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_offset: place.span.start,
        byte_length: place.span.len(),
        snippet: (!place.snippet.is_empty()).then_some(Snippet { text: &place.snippet }),
    };
    let fingerprint = finding.fingerprint_at(place).as_str().to_owned();
    let location =
        ArtifactLocation { uri: uri::relative(&place.stable_path), uri_base_id: Some(ROOT) };
    Entry {
        rule_id: &finding.rule,
        rule_index,
        level: match finding.verification.verdict {
            Verdict::Inactive => "note",
            _ => level(finding.severity),
        },
        message: message(&told(finding, place, &secret, rules)),
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: location,
                region: Some(region),
            },
        }],
        partial_fingerprints: [(FINGERPRINT, fingerprint)].into(),
        suppressions: Vec::new(),
        rank: match finding.confidence {
            Confidence::High => 90.0,
            Confidence::Medium => 60.0,
            Confidence::Low => 20.0,
        },
        properties: ResultProperties {
            provider: finding.provider.as_deref(),
            environment: finding.environment.map(|e| e.as_str()),
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            secret,
            verdict: finding.verification.verdict.as_str(),
            evidence: &finding.evidence,
            encoding: &place.encoding,
            blob: place.blob.as_deref(),
            commit: place.commit.as_ref().map(commit),
            last_commit: place.last_commit.as_ref().map(commit),
            in_head: place.in_head,
        },
    }
}

/// Who says that a secret may stay.
fn suppression(by: &Suppressor) -> Suppression {
    Suppression {
        kind: match by {
            Suppressor::Comment { .. } => "inSource",
            Suppressor::Allowlist { .. }
            | Suppressor::OfRule { .. }
            | Suppressor::Baseline { .. } => "external",
        },
        justification: by.to_string(),
    }
}

/// What a reader of one result must know.
fn told(finding: &Finding, place: &Occurrence, secret: &str, rules: &RuleSet) -> String {
    let mut text = format!("{}: {secret}", finding.description);
    if place.encoding != "plain" && !place.encoding.is_empty() {
        text += &format!(", in {}", place.encoding);
    }
    text.push('.');
    match finding.verification.verdict {
        Verdict::Active => text += " The key is still active.",
        Verdict::Inactive => text += " The provider no longer accepts it.",
        Verdict::Unknown | Verdict::NotChecked => {}
    }
    if let Some(added) = &place.commit {
        let (id, day) = (added.id.get(..12).unwrap_or(&added.id), day(added));
        text += &format!(" Added {day} by {} in {id}", added.author);
        text += match place.in_head {
            Some(true) => ", and HEAD holds it.",
            Some(false) => "; HEAD no longer holds it, the history does.",
            None => ".",
        };
    } else if let Some(gone) = Gone::of(place) {
        text += &format!(" It is {}.", gone.told());
    }
    text += match Remedy::of_finding(finding, rules) {
        Some(remedy) => format!(" Revoke it first. {}", remedy.sentence()),
        None => format!(" Revoke it first. {}", remedy::STRANGER),
    }
    .as_str();
    text
}

fn day(commit: &Commit) -> &str {
    commit.date.get(..10).unwrap_or(&commit.date)
}

fn commit(commit: &Commit) -> log::Commit<'_> {
    log::Commit {
        id: &commit.id,
        author: &commit.author,
        email: &commit.email,
        date: &commit.date,
        summary: &commit.summary,
    }
}

fn notification(warning: &Warning) -> Notification<'_> {
    let location = warning.path.as_deref().map(|path| Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri::of_file(path), uri_base_id: None },
            region: None,
        },
    });
    Notification {
        descriptor: DescriptorReference { id: warning.kind },
        message: message(&match &warning.path {
            Some(path) => format!("{path}: {}", warning.message),
            None => warning.message.clone(),
        }),
        level: if warning.incomplete { "error" } else { "note" },
        locations: location.into_iter().collect(),
    }
}

/// A plain message: what looks like a link in it is none (3.11.6).
fn message(text: &str) -> Message {
    let text = match text.contains("](") {
        true => text.replace('[', "\\[").replace(']', "\\]"),
        false => text.to_owned(),
    };
    Message { text }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// A number as CVSS has them: critical from 9, high from 7, medium from 4.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}
