//! The report as GitLab's secret detection report, version 15.0.4 of its schema.
//!
//! One vulnerability is one secret in one place. GitLab asks for a commit in each: what no commit
//! holds has the commit `0000000`, as GitLab's own scanner writes it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Options;
use super::gone::Gone;
use super::remedy::{self, Remedy};
use super::sanitize::escape_json;
use crate::finding::{Finding, Occurrence, Outcome, Verdict};
use crate::moment;
use crate::rule::{RuleSet, Severity};

const VERSION: &str = "15.0.4";
const SCHEMA: &str = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v15.0.4/dist/secret-detection-report-format.json";
const NO_COMMIT: &str = "0000000";
/// Most characters of a vulnerability's name.
const NAME: usize = 255;

#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    schema: &'static str,
    scan: Scan<'a>,
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
struct Scan<'a> {
    analyzer: Program,
    scanner: Program,
    #[serde(rename = "type")]
    kind: &'static str,
    start_time: String,
    end_time: String,
    status: &'static str,
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
struct Program {
    id: &'static str,
    name: &'static str,
    version: &'static str,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    level: &'a str,
    value: String,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: String,
    category: &'static str,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    identifiers: Vec<Identifier<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
    details: BTreeMap<&'static str, Detail>,
    location: Location<'a>,
    raw_source_code_extract: &'a str,
}

#[derive(Serialize)]
struct Identifier<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
}

#[derive(Serialize)]
struct Link<'a> {
    name: String,
    url: &'a str,
}

#[derive(Serialize)]
struct Detail {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Location<'a> {
    file: &'a str,
    start_line: usize,
    end_line: usize,
    commit: Commit<'a>,
}

#[derive(Serialize)]
struct Commit<'a> {
    sha: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

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
    let places = |finding| vulnerabilities(finding, rules, options);
    let report = Report {
        version: VERSION,
        schema: SCHEMA,
        scan: scan(outcome, options),
        vulnerabilities: outcome.findings.iter().flat_map(places).collect(),
    };
    let json = serde_json::to_string_pretty(&report)?;
    out.write_all(escape_json(&json).as_bytes())?;
    out.write_all(b"\n")
}

fn scan<'a>(outcome: &Outcome, options: &Options) -> Scan<'a> {
    let program = || Program {
        id: env!("CARGO_PKG_NAME"),
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        vendor: Vendor { name: env!("CARGO_PKG_NAME") },
    };
    let messages = outcome.warnings.iter().map(|warning| Message {
        level: if warning.incomplete { "warn" } else { "info" },
        value: match &warning.path {
            Some(path) => format!("{path}: {}", warning.message),
            None => warning.message.clone(),
        },
    });
    Scan {
        analyzer: program(),
        scanner: program(),
        kind: "secret_detection",
        start_time: moment::utc(options.started),
        end_time: moment::utc(options.finished),
        status: if outcome.complete { "success" } else { "failure" },
        messages: messages.collect(),
    }
}

/// One for each place of a finding.
fn vulnerabilities<'a>(
    finding: &'a Finding,
    rules: &'a RuleSet,
    options: &Options,
) -> Vec<Vulnerability<'a>> {
    let remedy = Remedy::of_finding(finding, rules);
    let solution = match &remedy {
        Some(remedy) => format!("{} {}\n\n{}", remedy::REVOKE, remedy.sentence(), remedy::REMOVE),
        None => format!("{} {}\n\n{}", remedy::REVOKE, remedy::STRANGER, remedy::REMOVE),
    };
    let page = remedy.as_ref().and_then(Remedy::page);
    let places = finding.occurrences.iter();
    places
        .map(|place| Vulnerability {
            id: id(finding, place),
            category: "secret_detection",
            name: finding.description.chars().take(NAME).collect(),
            description: described(finding, place),
            severity: severity(finding.severity),
            solution: solution.clone(),
            identifiers: vec![
                Identifier {
                    kind: "keytrawl_rule_id",
                    name: format!("keytrawl rule {}", finding.rule),
                    value: &finding.rule,
                    url: None,
                },
                Identifier {
                    kind: "cwe",
                    name: "CWE-798".to_owned(),
                    value: "798",
                    url: Some("https://cwe.mitre.org/data/definitions/798.html"),
                },
            ],
            links: page
                .map(|url| Link { name: "Where the key is revoked".to_owned(), url })
                .into_iter()
                .collect(),
            details: details(finding, place, options),
            location: location(place),
            raw_source_code_extract: &place.snippet,
        })
        .collect()
}

fn described(finding: &Finding, place: &Occurrence) -> String {
    let mut text = format!("{}, in `{}`", finding.description, place.stable_path);
    if place.encoding != "plain" {
        text += &format!(" ({})", place.encoding);
    }
    text += match finding.verification.verdict {
        Verdict::Active => ". The key is still active.",
        Verdict::Inactive => ". The provider no longer accepts it.",
        Verdict::Unknown | Verdict::NotChecked => ".",
    };
    match Gone::of(place) {
        Some(Gone::History) => text + " HEAD no longer holds it; the history does.",
        Some(gone) => format!("{text} It is {}.", gone.told()),
        None => text,
    }
}

fn details(
    finding: &Finding,
    place: &Occurrence,
    options: &Options,
) -> BTreeMap<&'static str, Detail> {
    let secret = match options.show_secrets {
        true => String::from_utf8_lossy(finding.secret.expose()).into_owned(),
        false => finding.secret.redacted(),
    };
    let text = |name, value| Detail { name, kind: "text", value };
    let mut all = BTreeMap::from([
        ("secret", text("Secret", secret)),
        ("confidence", text("Confidence", finding.confidence.as_str().to_owned())),
        ("fingerprint", text("Fingerprint", finding.fingerprint_at(place).as_str().to_owned())),
        ("verdict", text("Still works", finding.verification.verdict.as_str().to_owned())),
    ]);
    if let Some(provider) = &finding.provider {
        all.insert("provider", text("Issued by", provider.clone()));
    }
    if let Some(last) = &place.last_commit {
        let value = last.id.clone();
        all.insert("last_commit", Detail { name: "Last held by", kind: "commit", value });
    }
    all
}

fn location(place: &Occurrence) -> Location<'_> {
    let commit = place.commit.as_ref();
    Location {
        file: &place.stable_path,
        start_line: place.start.line,
        end_line: place.end.line,
        commit: Commit {
            sha: commit.map_or(NO_COMMIT, |c| c.id.as_str()),
            author: commit.map(|c| format!("{} <{}>", c.author, c.email)),
            date: commit.map(|c| c.date.as_str()),
            message: commit.map(|c| c.summary.as_str()),
        },
    }
}

/// A UUID of version 8: the same for the same secret in the same place.
fn id(finding: &Finding, place: &Occurrence) -> String {
    let mut hasher = Sha256::new();
    hasher.update(finding.fingerprint_at(place).as_str());
    hasher.update(format!("\0{}-{}", place.span.start, place.span.end));
    let mut bytes: Vec<u8> = hasher.finalize().iter().take(16).copied().collect();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}
