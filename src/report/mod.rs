//! Reports: an outcome as text, for people and for programs.
//!
//! A report shows what it is given: it opens no file, asks nobody, and knows no clock, so that the
//! same outcome gives the same bytes. Secrets are redacted unless the options say otherwise.

pub mod csv;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod human;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod replacements;
pub mod sanitize;
pub mod sarif;

mod gone;
mod markup;
mod remedy;
mod schema;
mod uri;

#[cfg(test)]
mod sample;

use std::{fmt, io};

use crate::finding::Outcome;
use crate::rule::RuleSet;

/// A kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Format {
    /// Text for people.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// GitLab's secret detection report.
    Gitlab,
    /// JUnit XML.
    Junit,
    /// Comma-separated values.
    Csv,
    /// A page for a browser.
    Html,
    /// Annotations of a GitHub workflow.
    Github,
    /// Markdown, as GitHub shows it.
    Markdown,
}

impl Format {
    /// All kinds.
    pub const ALL: [Format; 10] = [
        Format::Human,
        Format::Json,
        Format::Jsonl,
        Format::Sarif,
        Format::Gitlab,
        Format::Junit,
        Format::Csv,
        Format::Html,
        Format::Github,
        Format::Markdown,
    ];

    /// The word that options use.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Sarif => "sarif",
            Format::Gitlab => "gitlab",
            Format::Junit => "junit",
            Format::Csv => "csv",
            Format::Html => "html",
            Format::Github => "github",
            Format::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a report looks. The default is right for a file: redacted, no colour, no line cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether secrets are shown in clear. Snippets stay masked.
    pub show_secrets: bool,
    /// Whether formats that can mark a finding as allowed have those that are.
    pub show_suppressed: bool,
    /// Whether the human report has colours.
    pub color: bool,
    /// Columns of the terminal; none: lines are neither wrapped nor cut.
    pub width: Option<usize>,
    /// Whether the reader gets the warnings another way, so that the human report leaves them out.
    pub warnings_elsewhere: bool,
    /// Whether the human report has nothing but findings: no advice, no summary.
    pub brief: bool,
    /// When the run began, in seconds since 1970, for the formats that ask for it.
    pub started: u64,
    /// When it ended.
    pub finished: u64,
}

/// Writes the report of `outcome` in `format`. `rules` are those of the run: they know the providers.
///
/// # Errors
/// Those of `out`.
pub fn write(
    format: Format,
    out: &mut dyn io::Write,
    outcome: &Outcome,
    rules: &RuleSet,
    options: &Options,
) -> io::Result<()> {
    match format {
        Format::Human => human::write(out, outcome, rules, options),
        Format::Json => json::write(out, outcome, options),
        Format::Jsonl => jsonl::write(out, outcome, options),
        Format::Sarif => sarif::write(out, outcome, rules, options),
        Format::Gitlab => gitlab::write(out, outcome, rules, options),
        Format::Junit => junit::write(out, outcome, rules, options),
        Format::Csv => csv::write(out, outcome, options),
        Format::Html => html::write(out, outcome, rules, options),
        Format::Github => github::write(out, outcome, rules, options),
        Format::Markdown => markdown::write(out, outcome, rules, options),
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{self, render};
    use super::*;

    #[test]
    fn no_format_holds_a_secret_unless_asked() {
        let (outcome, rules) = (sample::outcome(), sample::rules());
        for format in Format::ALL {
            for (color, width) in [(false, None), (true, Some(80))] {
                let options = Options { color, width, ..Options::default() };
                let text = render(format, &outcome, &rules, &options);
                let clear = Options { show_secrets: true, ..options };
                let told = render(format, &outcome, &rules, &clear);
                for finding in &outcome.findings {
                    let secret = String::from_utf8_lossy(finding.secret.expose()).into_owned();
                    assert!(!text.contains(&secret), "{format}");
                    assert!(told.contains(&secret), "{format}");
                    assert!(!text.contains(&secret[secret.len() - 8..]), "{format}");
                }
            }
        }
    }

    #[test]
    fn hostile_names_reach_no_terminal() {
        let outcome = sample::hostile("\x1b]0;owned\x07\u{9b}31m\u{202e}\u{200b}\r\n\t\u{7f}");
        for format in Format::ALL {
            for width in [None, Some(1), Some(80)] {
                let options = Options { show_secrets: true, width, ..Options::default() };
                let text = render(format, &outcome, &sample::rules(), &options);
                let odd = text.chars().find(|c| *c != '\n' && sanitize::is_hidden(*c));
                assert_eq!(odd, None, "{format}: {text:?}");
                assert!(text.contains("owned"), "{format}");
            }
        }
    }

    #[test]
    fn the_same_outcome_gives_the_same_bytes() {
        let (outcome, rules) = (sample::outcome(), sample::rules());
        for format in Format::ALL {
            let once = render(format, &outcome, &rules, &Options::default());
            assert_eq!(once, render(format, &outcome, &rules, &Options::default()));
            assert!(once.ends_with('\n') && !once.ends_with("\n\n"), "{format}");
        }
    }
}
