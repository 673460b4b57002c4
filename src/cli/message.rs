//! What is said on standard error: failures with causes and hints, and warnings.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};

use crate::document::Problem;
use crate::finding::{Rejected, Warning};
use crate::report::sanitize::visible;
use crate::scanner::without_secrets;

/// What kept a command from doing its job.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened.
    pub(super) message: String,
    /// What happened in detail, a line each.
    pub(super) details: Vec<String>,
    /// The way out.
    pub(super) hint: Option<String>,
}

impl Failure {
    /// A failure of one sentence.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), details: Vec::new(), hint: None }
    }

    /// The same with a way out.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A failure because of mistakes in a file.
    pub(super) fn of_problems(message: impl Into<String>, problems: &[Problem]) -> Self {
        let line = |p: &Problem| match &p.hint {
            Some(hint) => format!("{p} ({hint})"),
            None => p.to_string(),
        };
        Self { message: message.into(), details: problems.iter().map(line).collect(), hint: None }
    }
}

/// A text as people get to see it. Whatever is said goes through here: what was typed, or what a file
/// is called, may be a secret.
fn fit(text: &str) -> String {
    visible(&without_secrets(text.to_owned())).into_owned()
}

/// Says what was done, on standard output.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{}", fit(text));
}

/// Says what failed.
pub(super) fn failure(failure: &Failure) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{} {}", label("error:", AnsiColor::Red), fit(&failure.message));
    for detail in &failure.details {
        let _ = writeln!(err, "  {}", fit(detail));
    }
    if let Some(hint) = &failure.hint {
        let _ = writeln!(err, "{} {}", label("hint:", AnsiColor::Cyan), fit(hint));
    }
}

/// Whether nobody wants to know what does no harm.
static HUSHED: AtomicBool = AtomicBool::new(false);

/// From now on, nothing is said that does no harm.
pub(super) fn hush() {
    HUSHED.store(true, Ordering::Relaxed);
}

/// Says something that does no harm, and that the user should know.
pub(super) fn note(text: &str) {
    if HUSHED.load(Ordering::Relaxed) {
        return;
    }
    let _ = writeln!(io::stderr().lock(), "{} {}", label("warning:", AnsiColor::Yellow), fit(text));
}

/// The most warnings that are said one by one.
const MOST: usize = 20;

/// Says what a reader of the report should know; to a `quiet` one, only what was not read.
pub(super) fn warnings(warnings: &[Warning], quiet: bool) {
    let told = |warning: &&Warning| !quiet || warning.incomplete;
    let warnings: Vec<&Warning> = warnings.iter().filter(told).collect();
    let mut err = io::stderr().lock();
    for warning in warnings.iter().take(MOST) {
        let place = warning.path.as_deref().map(|path| format!("`{path}` ")).unwrap_or_default();
        let told = fit(&format!("{place}{}", warning.message));
        let _ = writeln!(err, "{} {told}", label("warning:", AnsiColor::Yellow));
    }
    if warnings.len() > MOST {
        let more = warnings.len() - MOST;
        let lead = label("warning:", AnsiColor::Yellow);
        let _ = writeln!(err, "{lead} and {more} more; `--format json` lists them all");
    }
}

/// Says what was not reported, beside a report for machines, which has no place for it.
pub(super) fn rejections(rejections: &[Rejected]) {
    let mut err = io::BufWriter::new(io::stderr().lock());
    for Rejected { path, line, column, rule, text, reason } in rejections {
        let told = format!("{path}:{line}:{column}: {rule} {text}: {reason}");
        let _ = writeln!(err, "{} {}", label("not reported:", AnsiColor::Cyan), visible(&told));
    }
}

fn label(text: &str, color: AnsiColor) -> String {
    let plain =
        !io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    if plain {
        return text.to_owned();
    }
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{text}{style:#}")
}
