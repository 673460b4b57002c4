//! The report as JUnit XML, for dashboards that show tests: every secret in every place is a failed
//! test, and everything that could not be read is one that had an error.
//!
//! The elements, their order and their attributes are those of the schema that Ant's task is
//! documented by; nothing is written that only one of its readers knows.

use std::io;

use super::Options;
use super::gone::Gone;
use super::markup::escape;
use super::remedy::{self, Remedy};
use crate::finding::{Commit, Finding, Occurrence, Outcome};
use crate::moment;
use crate::rule::RuleSet;

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
    let failures: usize = outcome.findings.iter().map(|f| f.occurrences.len()).sum();
    let errors = errors(outcome);
    let tests = (failures + errors.len()).max(1);
    let time = moment::utc(options.started);
    let seconds = options.finished.saturating_sub(options.started);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites>")?;
    writeln!(
        out,
        "  <testsuite name=\"keytrawl\" package=\"keytrawl\" id=\"0\" hostname=\"localhost\" \
         timestamp=\"{time}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\" \
         time=\"{seconds}\">",
        errors.len()
    )?;
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "    <properties>")?;
    writeln!(out, "      <property name=\"version\" value=\"{version}\"/>")?;
    writeln!(out, "      <property name=\"complete\" value=\"{}\"/>", outcome.complete)?;
    writeln!(out, "    </properties>")?;
    for finding in &outcome.findings {
        for place in &finding.occurrences {
            failure(out, finding, place, rules, options)?;
        }
    }
    for (path, message) in &errors {
        error(out, path, message)?;
    }
    if failures + errors.len() == 0 {
        writeln!(
            out,
            "    <testcase classname=\"keytrawl\" name=\"no secrets found\" time=\"0\"/>"
        )?;
    }
    writeln!(out, "    <system-out>{}</system-out>", escape_lines(&notes(outcome)))?;
    writeln!(out, "    <system-err></system-err>")?;
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

/// Path and message of each warning about something that was left unread.
fn errors(outcome: &Outcome) -> Vec<(&str, &str)> {
    let unread = outcome.warnings.iter().filter(|w| w.incomplete);
    let mut errors: Vec<_> =
        unread.map(|w| (w.path.as_deref().unwrap_or("scan"), w.message.as_str())).collect();
    if errors.is_empty() && !outcome.complete {
        errors.push(("scan", "not everything was read"));
    }
    errors
}

/// The other warnings, a line each.
fn notes(outcome: &Outcome) -> Vec<String> {
    let rest = outcome.warnings.iter().filter(|w| !w.incomplete);
    rest.map(|w| match &w.path {
        Some(path) => format!("{path}: {}", w.message),
        None => w.message.clone(),
    })
    .collect()
}

fn failure(
    out: &mut dyn io::Write,
    finding: &Finding,
    place: &Occurrence,
    rules: &RuleSet,
    options: &Options,
) -> io::Result<()> {
    let secret = match options.show_secrets {
        true => String::from_utf8_lossy(finding.secret.expose()).into_owned(),
        false => finding.secret.redacted(),
    };
    let at = format!("{}:{}:{}", place.path, place.start.line, place.start.column);
    writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"0\">",
        escape(&finding.rule),
        escape(&at)
    )?;
    let message = format!("{}: {secret}", finding.description);
    writeln!(
        out,
        "      <failure type=\"{}\" message=\"{}\">{}</failure>",
        finding.severity,
        escape(&message),
        escape_lines(&told(finding, place, &at, rules))
    )?;
    writeln!(out, "    </testcase>")
}

/// What a reader of one failure must know, a line each.
fn told(finding: &Finding, place: &Occurrence, at: &str, rules: &RuleSet) -> Vec<String> {
    let mut lines = vec![at.to_owned()];
    if !place.snippet.is_empty() {
        lines.push(format!("| {}", place.snippet.trim()));
    }
    if place.encoding != "plain" {
        lines.push(format!("in {}", place.encoding));
    }
    lines.push(format!(
        "severity {}, confidence {}, {}",
        finding.severity,
        finding.confidence,
        finding.verification.verdict.as_str()
    ));
    if let Some(added) = &place.commit {
        let Commit { id, author, email, date, summary } = added;
        lines.push(format!("added {date} by {author} <{email}> in {id}: {summary}"));
    }
    lines.extend(Gone::of(place).map(Gone::told));
    lines.push(remedy::REVOKE.to_owned());
    lines.push(match Remedy::of_finding(finding, rules) {
        Some(remedy) => remedy.sentence(),
        None => remedy::STRANGER.to_owned(),
    });
    lines.push(format!("fingerprint {}", finding.fingerprint_at(place)));
    lines
}

fn error(out: &mut dyn io::Write, path: &str, message: &str) -> io::Result<()> {
    let (path, message) = (escape(path), escape(message));
    writeln!(out, "    <testcase classname=\"keytrawl\" name=\"{path}\" time=\"0\">")?;
    writeln!(out, "      <error type=\"unread\" message=\"{message}\">{path}: {message}</error>")?;
    writeln!(out, "    </testcase>")
}

/// Lines stay lines; everything else is escaped.
fn escape_lines(lines: &[String]) -> String {
    lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use roxmltree::{Document, Node};

    use crate::finding::Outcome;
    use crate::report::sample::{self, render};
    use crate::report::{Format, Options};

    fn junit(outcome: &Outcome) -> String {
        render(Format::Junit, outcome, &sample::rules(), &Options::default())
    }

    #[test]
    fn the_whole_report() {
        let mut outcome = sample::outcome();
        outcome.findings[1].occurrences.truncate(1);
        insta::assert_snapshot!(junit(&outcome).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
        let clean = Outcome { complete: true, ..Outcome::default() };
        insta::assert_snapshot!(junit(&clean).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }

    /// The children that an element may have, in their order, and its attributes, all required.
    fn allowed(name: &str) -> (&'static [&'static str], &'static [&'static str]) {
        match name {
            "testsuites" => (&["testsuite"], &[]),
            "testsuite" => (
                &["properties", "testcase", "system-out", "system-err"],
                &[
                    "name",
                    "package",
                    "id",
                    "hostname",
                    "timestamp",
                    "tests",
                    "failures",
                    "errors",
                    "time",
                ],
            ),
            "properties" => (&["property"], &[]),
            "property" => (&[], &["name", "value"]),
            "testcase" => (&["error", "failure"], &["classname", "name", "time"]),
            "error" | "failure" => (&[], &["type", "message"]),
            "system-out" | "system-err" => (&[], &[]),
            other => panic!("no element of the schema: {other}"),
        }
    }

    fn check(node: Node<'_, '_>) {
        let name = node.tag_name().name();
        let (children, attributes) = allowed(name);
        let found: Vec<&str> = node.attributes().map(|a| a.name()).collect();
        let mut sorted = (found.clone(), attributes.to_vec());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1, "{name}");
        let places = node.children().filter(Node::is_element).map(|child| {
            check(child);
            children.iter().position(|c| *c == child.tag_name().name()).expect("a known child")
        });
        assert!(places.collect::<Vec<_>>().is_sorted(), "{name}");
    }

    #[test]
    fn reports_are_as_the_schema_asks() {
        let odd = sample::hostile("a\x1b\0]]>\u{fffe}\u{ffff}&<b>\"'\u{202e}\n");
        for outcome in [sample::outcome(), Outcome::default(), odd] {
            let text = junit(&outcome);
            let document = Document::parse(&text).expect("XML");
            check(document.root_element());
            let suite = document.root_element().first_element_child().expect("a suite");
            let count = |name: &str| {
                document.descendants().filter(|n| n.has_tag_name(name)).count().to_string()
            };
            for (attribute, element) in
                [("tests", "testcase"), ("failures", "failure"), ("errors", "error")]
            {
                assert_eq!(suite.attribute(attribute), Some(count(element).as_str()));
            }
        }
    }
}
