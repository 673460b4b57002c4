//! What a step hands back: the summary of the job, the outputs of the step, reports in files.
//!
//! GitHub names the files in the environment. Not here: how a report looks.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::message::Failure;
use crate::cli::output::{self, Readers};
use crate::finding::Outcome;
use crate::report::markdown::Forge;
use crate::report::sanitize::visible;
use crate::report::{self, Format, github};
use crate::rule::RuleSet;

/// Where results go.
#[derive(Debug)]
pub(super) struct Outputs {
    output: Option<PathBuf>,
    summary: Option<PathBuf>,
    folder: Option<PathBuf>,
}

impl Outputs {
    /// As the environment names them; absolute, since the folder may change.
    pub(super) fn of_environment() -> Self {
        let here = env::current_dir().unwrap_or_default();
        let file = |name: &str| set(name).map(|path| here.join(path));
        Self {
            output: file("GITHUB_OUTPUT"),
            summary: file("GITHUB_STEP_SUMMARY"),
            folder: file("RUNNER_TEMP"),
        }
    }

    /// Sets outputs of the step.
    pub(super) fn set(&self, values: &[(&str, String)]) -> Result<(), Failure> {
        let Some(path) = &self.output else { return Ok(()) };
        let mut text = String::new();
        for (name, value) in values {
            // A line of its own would be another output.
            text += &format!("{name}={}\n", visible(value));
        }
        append(path, &text)
    }

    /// Adds to the summary of the job.
    pub(super) fn summary(&self, text: &str) -> Result<(), Failure> {
        self.summary.as_ref().map_or(Ok(()), |path| append(path, text))
    }

    /// Says before the scan what would keep a report from being written after it.
    pub(super) fn check(&self, path: Option<&PathBuf>) -> Result<(), Failure> {
        let own = self.folder.as_ref().map(|folder| own_place(folder, Format::Json));
        output::check_places(&own.iter().chain(path).collect::<Vec<_>>())
    }

    /// Writes a report to `path`, or to a file for the length of the job if there is a place for it.
    pub(super) fn report(
        &self,
        format: Format,
        path: Option<&Path>,
        outcome: &Outcome,
        rules: &RuleSet,
    ) -> Result<Option<PathBuf>, Failure> {
        let own = || self.folder.as_ref().map(|folder| own_place(folder, format));
        let Some(path) = path.map(Path::to_owned).or_else(own) else { return Ok(None) };
        let options = output::options(false);
        // The next step, which may run as somebody else, uploads them; nothing in them is secret.
        let written = output::whole(&path, Readers::All, &|out| {
            report::write(format, out, outcome, rules, &options)
        });
        written.map_err(|error| {
            Failure::new(format!("the report `{}` could not be written: {error}", path.display()))
                .hint("name a file in a folder that is there")
        })?;
        Ok(Some(path))
    }

    /// Says that the job could not be done. What cannot be written here has no better place to go.
    pub(super) fn failed(&self, failure: &Failure, summary: bool) {
        let hint = failure.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let details: String = failure.details.iter().map(|line| format!("; {line}")).collect();
        let text = format!("{}{details}{hint}", failure.message);
        let title = [("title", "keytrawl could not scan".to_owned())];
        let _ = github::command(&mut std::io::stdout(), "error", &title, &text);
        if summary {
            let escaped = text.replace('`', "'").replace(['<', '>'], "");
            let _ = self.summary(&format!(
                "### keytrawl: the scan failed\n\nNothing is known of what was to be scanned.\n\n\
                 ```text\n{}\n```\n",
                visible(&escaped)
            ));
        }
        let none = ["findings", "active", "sarif", "json"].map(|name| (name, String::new()));
        let known = [("exit-code", "2".to_owned()), ("state", "failed".to_owned())];
        let _ = self.set(&[&known[..], &none[..]].concat());
    }
}

/// A report that is there for the length of the job.
fn own_place(folder: &Path, format: Format) -> PathBuf {
    folder.join(format!("keytrawl.{format}"))
}

/// Where the repository can be looked at.
pub(super) fn forge() -> Option<Forge> {
    let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let server = text("GITHUB_SERVER_URL")?;
    let url = format!("{server}/{}", text("GITHUB_REPOSITORY")?);
    let plain = url.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/".contains(c));
    plain.then(|| Forge { url, commit: text("GITHUB_SHA") })
}

fn set(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let open = OpenOptions::new().create(true).append(true).open(path);
    let written = open.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::new(format!("`{}` could not be written: {error}", path.display()))
            .hint("GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name files of the runner")
    })
}
