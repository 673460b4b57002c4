//! The report as commands of a GitHub workflow: an annotation on each line that holds a secret.
//!
//! The commands are those of "Workflow commands for GitHub Actions". GitHub shows ten annotations of a
//! step, so the worst come first and the summary ([`super::markdown`]) has the rest.

use std::io;

use super::Options;
use super::remedy::Remedy;
use super::sanitize::{visible, visible_bytes};
use crate::finding::{Finding, Occurrence, Outcome, Verdict, Warning};
use crate::rule::{Environment, RuleSet};

/// Characters of a commit's id that are shown.
const SHORT_ID: usize = 12;

/// Writes the report: a line for each secret in each place, and one for each warning.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn io::Write,
    outcome: &Outcome,
    rules: &RuleSet,
    options: &Options,
) -> io::Result<()> {
    for finding in &outcome.findings {
        for place in &finding.occurrences {
            let message = message(finding, place, rules, options);
            command(out, "error", &properties(finding, place), &message)?;
        }
    }
    for warning in &outcome.warnings {
        write_warning(out, warning)?;
    }
    Ok(())
}

fn write_warning(out: &mut dyn io::Write, warning: &Warning) -> io::Result<()> {
    let kind = if warning.incomplete { "warning" } else { "notice" };
    let title = ("title", format!("keytrawl: {}", warning.kind));
    match &warning.path {
        Some(path) => command(out, kind, &[title], &format!("{path} {}", warning.message)),
        None => command(out, kind, &[title], &warning.message),
    }
}

/// One command. Nothing in it can end it early or begin another one.
pub(crate) fn command(
    out: &mut dyn io::Write,
    name: &str,
    properties: &[(&str, String)],
    message: &str,
) -> io::Result<()> {
    write!(out, "::{name}")?;
    for (number, (key, value)) in properties.iter().enumerate() {
        let lead = if number == 0 { ' ' } else { ',' };
        write!(out, "{lead}{key}={}", property(value))?;
    }
    writeln!(out, "::{}", data(message))
}

/// Where the annotation stands. What is no file of the repository, or no line of one, has no place.
fn properties(finding: &Finding, place: &Occurrence) -> Vec<(&'static str, String)> {
    let title = ("title", finding.description.clone());
    let path = &place.stable_path;
    if !place.is_in_file() {
        return vec![title];
    }
    if place.inner > 0 {
        return vec![("file", place.stable_file().to_owned()), title];
    }
    let (start, end) = (place.start, place.end);
    let mut all = vec![("file", path.clone()), ("line", start.line.to_string())];
    if start.line == end.line {
        // Columns of a range of lines are refused.
        all.push(("endLine", end.line.to_string()));
        all.insert(2, ("col", start.column.to_string()));
        all.push(("endColumn", end.column.to_string()));
    } else {
        all.push(("endLine", end.line.to_string()));
    }
    all.push(title);
    all
}

fn message(finding: &Finding, place: &Occurrence, rules: &RuleSet, options: &Options) -> String {
    let secret = match options.show_secrets {
        true => visible_bytes(finding.secret.expose()),
        false => finding.secret.redacted(),
    };
    let what = match finding.environment {
        Some(Environment::Live) => "live key, ",
        Some(Environment::Test) => "sandbox key, ",
        None => "",
    };
    let mut text = format!("{secret} ({what}rule {})", finding.rule);
    if finding.verification.verdict == Verdict::Active {
        text += ", still active";
    }
    if place.encoding != "plain" && !place.encoding.is_empty() {
        text += &format!(", in {}", place.encoding);
    }
    if place.inner > 0 || !place.is_in_file() {
        text += &format!(", in {}", place.path);
    }
    if let Some(commit) = &place.commit {
        let id = commit.id.get(..SHORT_ID).unwrap_or(&commit.id);
        text += &format!(", added by {} in {id}", commit.author);
    }
    match Remedy::of_finding(finding, rules) {
        Some(remedy) => text += &format!(". Revoke it first. {}", remedy.sentence()),
        None => text += ". Revoke it first: whoever can read the repository can use it",
    }
    text + &format!(". Fingerprint: {}", finding.fingerprint_at(place))
}

/// Text behind the `::`.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value in front of it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Format;
    use crate::report::sample::{self, render};

    #[test]
    fn each_place_is_annotated() {
        let mut outcome = sample::outcome();
        outcome.findings[1].occurrences.truncate(1);
        outcome.findings[1].occurrences[0].path = "a,b:100%.rs".to_owned();
        outcome.findings[1].occurrences[0].stable_path = "a,b:100%.rs".to_owned();
        let text = render(Format::Github, &outcome, &sample::rules(), &Options::default());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn no_content_begins_a_command_of_its_own() {
        let outcome = sample::hostile("x\n::add-mask::y\r\n::error::z%0A::stop-commands::t");
        let text = render(Format::Github, &outcome, &sample::rules(), &Options::default());
        for line in text.lines() {
            let known = ["::error ", "::warning ", "::notice "];
            assert!(known.iter().any(|lead| line.starts_with(lead)), "{line}");
            assert!(!line.contains("%0A") && !line.contains('\r'), "{line}");
        }
    }
}
