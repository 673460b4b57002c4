//! The report for people: what leaked, where, whose it is, and what to do.
//!
//! A finding takes a few lines; advice stands once, after the last finding, and the counts stand
//! last, where a terminal leaves the eye. Colour adds nothing that the words do not say.

mod advice;
mod page;
mod summary;

#[cfg(test)]
mod tests;

use std::io;

use anstyle::Style;

use self::page::{ALARM, CARE, FAINT, NOTE, PLAIN, Page, STRONG};
use super::Options;
use super::gone;
use super::sanitize::visible_bytes;
use crate::finding::{Commit, Finding, Occurrence, Outcome, Reach, Verdict, Verification};
use crate::rule::{Environment, RuleSet, Severity};

/// Places of one secret that are shown.
const PLACES: usize = 5;
/// Characters of an object id that are shown.
const SHORT_ID: usize = 12;
/// The column of a finding's description: behind the longest severity.
const TITLE: usize = 10;
/// The part of a masked secret that every mask has.
const MASK: &str = "****";

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
    let page = &mut Page::new(out, options);
    for finding in &outcome.findings {
        page.blank()?;
        write_finding(page, finding, rules, options)?;
    }
    if !outcome.findings.is_empty() && !options.brief {
        advice::write(page, outcome, rules)?;
    }
    if !outcome.rejections.is_empty() {
        write_rejections(page, outcome)?;
    }
    if !outcome.warnings.is_empty() && !options.warnings_elsewhere {
        write_warnings(page, outcome)?;
    }
    if options.brief {
        return Ok(());
    }
    page.blank()?;
    summary::write(page, outcome)
}

fn write_finding(
    page: &mut Page<'_>,
    finding: &Finding,
    rules: &RuleSet,
    options: &Options,
) -> io::Result<()> {
    let severity = finding.severity.as_str().to_uppercase();
    let color = severity_style(finding.severity);
    page.flow(0, (color, &severity), TITLE, &finding.description)?;
    let environment = match finding.environment {
        Some(Environment::Live) => "live key, ",
        Some(Environment::Test) => "sandbox key, ",
        None => "",
    };
    let remark = format!("{environment}confidence {}", finding.confidence);
    let secret = if finding.secret.expose().is_empty() {
        "the file itself".to_owned()
    } else if options.show_secrets {
        visible_bytes(finding.secret.expose())
    } else {
        finding.secret.redacted()
    };
    page.whole(2, STRONG, &secret, &remark)?;
    if let Some((style, verdict)) = verdict(&finding.verification) {
        page.flow(2, (style, &verdict), 4, &asked(&finding.verification))?;
    }
    if let Some(issuer) = issuer(finding, rules) {
        page.flow(2, (PLAIN, ""), 2, &issuer)?;
    }
    for occurrence in finding.occurrences.iter().take(PLACES) {
        write_occurrence(page, occurrence, &finding.secret.redacted())?;
    }
    match finding.occurrences.len().saturating_sub(PLACES) {
        0 => {}
        1 => page.prose(2, "and 1 more place (--format json lists all)")?,
        more => page.prose(2, &format!("and {more} more places (--format json lists all)"))?,
    }
    page.whole(2, FAINT, &format!("fingerprint {}", finding.fingerprint), "")
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => ALARM,
        Severity::Medium => CARE,
        Severity::Low => NOTE,
    }
}

/// Nothing, if nobody wanted to know.
fn verdict(verification: &Verification) -> Option<(Style, String)> {
    if *verification == Verification::not_asked() {
        return None;
    }
    let (style, text) = match verification.verdict {
        Verdict::Active => (ALARM, "still active"),
        Verdict::Inactive => (PLAIN, "no longer active"),
        Verdict::Unknown => (CARE, "may be active"),
        Verdict::NotChecked => (PLAIN, "not checked"),
    };
    Some((style, if verification.reason.is_some() { format!("{text}:") } else { text.to_owned() }))
}

fn asked(verification: &Verification) -> String {
    let reason = verification.reason.as_deref().unwrap_or_default();
    match (&verification.checked_at, &verification.endpoint) {
        (Some(time), Some(endpoint)) => format!("{reason} (asked {endpoint} {time})"),
        (Some(time), None) => format!("{reason} (asked {time})"),
        (None, _) => reason.to_owned(),
    }
}

/// Who issued the key, with the proof. Nothing where the rule knows no issuers.
fn issuer(finding: &Finding, rules: &RuleSet) -> Option<String> {
    let evidence = finding.evidence.join("; ");
    let Some(id) = &finding.provider else {
        let many = rules.rule(&finding.rule).is_some_and(|r| !r.issuers.is_empty());
        let why = if evidence.is_empty() { String::new() } else { format!(": {evidence}") };
        return (many || !evidence.is_empty()).then(|| format!("issuer unknown{why}"));
    };
    let name = rules.provider(id).map_or(id, |p| &p.name);
    Some(match evidence.as_str() {
        "" => format!("issued by {name}"),
        proof => format!("issued by {name}: {proof}"),
    })
}

fn write_occurrence(page: &mut Page<'_>, found: &Occurrence, redacted: &str) -> io::Result<()> {
    let encoding = match found.encoding.as_str() {
        "" | "plain" => String::new(),
        encoding => format!("in {encoding}"),
    };
    let place = format!("{}:{}:{}", found.path, found.start.line, found.start.column);
    page.whole(2, PLAIN, &place, &encoding)?;
    if !found.snippet.trim().is_empty() {
        let plain = found.snippet.contains(redacted);
        page.excerpt(4, &found.snippet, if plain { redacted } else { MASK })?;
    }
    if let Some(commit) = &found.commit {
        page.flow(4, (PLAIN, ""), 4, &added(commit))?;
    }
    match history(found) {
        Some(text) => page.flow(4, (PLAIN, ""), 4, &text),
        None => Ok(()),
    }
}

fn added(commit: &Commit) -> String {
    let (id, day) = brief(commit);
    format!("added {day} by {} <{}> in {id}: {}", commit.author, commit.email, commit.summary)
}

/// Since when it is gone, or that it is not.
fn history(found: &Occurrence) -> Option<String> {
    let head = gone::brief(found);
    let last = found.last_commit.as_ref().filter(|last| found.commit.as_ref() != Some(last));
    let last = last.map(|commit| {
        let (id, day) = brief(commit);
        format!("last held {day} by {id}")
    });
    let known = head.map(str::to_owned).into_iter().chain(last).chain(reached(&found.reach));
    let known: Vec<String> = known.collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Refs that the report for people names.
const REFS: usize = 3;

/// Which refs have it in their history.
fn reached(reach: &Reach) -> Option<String> {
    let short =
        |name: &String| match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
            (Some(branch), _) => branch.to_owned(),
            (_, Some(tag)) => format!("tag {tag}"),
            _ => name.strip_prefix("refs/").unwrap_or(name).to_owned(),
        };
    let mut names: Vec<String> = reach.refs.iter().take(REFS).map(short).collect();
    let more = reach.total.saturating_sub(names.len());
    if more > 0 {
        names.push(format!("{more} more"));
    }
    (!names.is_empty()).then(|| format!("reached by {}", names.join(", ")))
}

/// The short id and the day of a commit.
fn brief(commit: &Commit) -> (&str, &str) {
    let day = commit.date.get(..10).unwrap_or(&commit.date);
    (commit.id.get(..SHORT_ID).unwrap_or(&commit.id), day)
}

fn write_rejections(page: &mut Page<'_>, outcome: &Outcome) -> io::Result<()> {
    page.heading("Not reported, and why")?;
    for rejected in &outcome.rejections {
        let place = format!("{}:{}:{}", rejected.path, rejected.line, rejected.column);
        let text = format!("{} {}: {}", rejected.rule, rejected.text, rejected.reason);
        page.flow(2, (PLAIN, &place), 4, &text)?;
    }
    Ok(())
}

fn write_warnings(page: &mut Page<'_>, outcome: &Outcome) -> io::Result<()> {
    page.heading("Warnings")?;
    for warning in &outcome.warnings {
        match &warning.path {
            Some(path) => page.flow(2, (PLAIN, &format!("{path}:")), 4, &warning.message)?,
            None => page.prose(2, &warning.message)?,
        }
    }
    Ok(())
}
