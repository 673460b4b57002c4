//! The report as a table, for spreadsheets: a line for each secret in each place.
//!
//! Comma-separated as RFC 4180 describes it, but with a newline alone at the end of lines. What a
//! spreadsheet would take for a formula begins with an apostrophe.

use std::io;

use super::Options;
use super::sanitize::{visible, visible_bytes};
use crate::finding::{Finding, Occurrence, Outcome};

const HEADER: &str = "severity,confidence,rule,description,provider,environment,secret,path,line,\
    column,end_line,end_column,encoding,verdict,reason,blob,commit,author,email,date,summary,\
    last_commit,last_date,in_head,fingerprint";

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, outcome: &Outcome, options: &Options) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    for finding in &outcome.findings {
        for place in &finding.occurrences {
            writeln!(out, "{}", row(finding, place, options).join(","))?;
        }
    }
    Ok(())
}

fn row(finding: &Finding, place: &Occurrence, options: &Options) -> Vec<String> {
    let secret = match options.show_secrets {
        true => visible_bytes(finding.secret.expose()),
        false => finding.secret.redacted(),
    };
    let (first, last) = (place.commit.as_ref(), place.last_commit.as_ref());
    let text = |text: Option<&str>| field(text.unwrap_or_default());
    vec![
        field(finding.severity.as_str()),
        field(finding.confidence.as_str()),
        field(&finding.rule),
        field(&finding.description),
        text(finding.provider.as_deref()),
        text(finding.environment.map(|e| e.as_str())),
        field(&secret),
        field(&place.path),
        place.start.line.to_string(),
        place.start.column.to_string(),
        place.end.line.to_string(),
        place.end.column.to_string(),
        field(&place.encoding),
        field(finding.verification.verdict.as_str()),
        text(finding.verification.reason.as_deref()),
        text(place.blob.as_deref()),
        text(first.map(|c| c.id.as_str())),
        text(first.map(|c| c.author.as_str())),
        text(first.map(|c| c.email.as_str())),
        text(first.map(|c| c.date.as_str())),
        text(first.map(|c| c.summary.as_str())),
        text(last.map(|c| c.id.as_str())),
        text(last.map(|c| c.date.as_str())),
        text(place.in_head.map(|held| if held { "true" } else { "false" })),
        field(finding.fingerprint_at(place).as_str()),
    ]
}

/// A field: without formulas, and quoted where a comma, a quote or a semicolon asks for it.
fn field(text: &str) -> String {
    let mut text = visible(text).into_owned();
    let formula = |c: char| "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c);
    // A hyphen alone is standard input.
    if text.trim_start().starts_with(formula) && text != "-" {
        text.insert(0, '\'');
    }
    let quoted = text.contains(['"', ',', ';', '\'', '|']) || text.trim() != text;
    if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::field;
    use crate::report::sample::{self, render};
    use crate::report::{Format, Options};

    #[test]
    fn the_whole_report() {
        let mut outcome = sample::outcome();
        outcome.findings[1].occurrences.truncate(1);
        let text = render(Format::Csv, &outcome, &sample::rules(), &Options::default());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn no_field_is_a_formula_or_ends_its_field() {
        for (text, shown) in [
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            (" @SUM(1)", "\"' @SUM(1)\""),
            ("-2+3", "\"'-2+3\""),
            ("-", "-"),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a\",b", "\"a\"\",b\""),
            ("a\nb\t=1", "a\\x0ab\\x09=1"),
            ("plain", "plain"),
        ] {
            assert_eq!(field(text), shown);
        }
    }

    #[test]
    fn every_line_has_every_field() {
        let outcome = sample::hostile("=1,\"2\"\n\r;'");
        let text = render(Format::Csv, &outcome, &sample::rules(), &Options::default());
        let fields = |line: &str| {
            let mut quoted = false;
            1 + line
                .chars()
                .filter(|c| {
                    quoted ^= *c == '"';
                    *c == ',' && !quoted
                })
                .count()
        };
        let counts: Vec<usize> = text.lines().map(fields).collect();
        assert_eq!(counts, vec![25; 7]);
    }
}
