//! `keytrawl suppressions`: every allow comment, allowlist and baseline entry, why it is there, and
//! whether it still suppresses anything.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::args::{FormatArg, SuppressionsArgs};
use super::everything::{Everything, OfRule, Scanned};
use super::exit::Exit;
use super::message::{self, Failure};
use super::{idle, known};
use crate::baseline::{self, Baseline, Coverage};
use crate::config;
use crate::finding::{Outcome, Suppressor};
use crate::moment::Day;
use crate::report::sanitize::visible;
use crate::scanner::{secrets_in_name, without_secrets};

/// The report as JSON.
#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    complete: bool,
    suppressions: &'a [Suppression],
}

/// One thing that lets secrets stay.
#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    path: String,
    line: usize,
    what: String,
    rules: Vec<String>,
    reason: Option<String>,
    expires: Option<String>,
    expired: bool,
    /// Places that it keeps out of reports.
    suppresses: usize,
}

/// Lists them.
pub(super) fn run(args: SuppressionsArgs) -> Result<Exit, Failure> {
    if !matches!(args.shared.format, FormatArg::Human | FormatArg::Json)
        || !args.shared.report.is_empty()
    {
        return Err(Failure::new(
            "suppressions are listed for people or as JSON, and nowhere else",
        )
        .hint("leave `--report` out, and say `--format human` or `--format json`"));
    }
    idle::refuse("suppressions", idle::live(&args.shared))?;
    idle::refuse("suppressions", idle::reported(&args.shared))?;
    // What was not sought is not unused.
    let only = args.unused && !args.shared.only.is_empty();
    idle::refuse("suppressions --unused", [(only, "--only")])?;
    let baselines = known::load(&args.shared, &args.folder)?;
    let everything = Everything {
        folder: &known::root(&args.folder)?,
        history: !args.no_history,
        walk: &args.walk,
        shared: &args.shared,
        audit: true,
    };
    let Scanned { mut outcome, config, allowlists, of_rules } = everything.scan()?;
    let today = known::today(&args.shared, Coverage::Part);
    baseline::apply(&mut outcome, &baselines, today);
    let counts = counts(&outcome);
    let mut all = comments(&outcome, &counts);
    // Places are counted under their own names, and shown under masked ones.
    let outcome = outcome.masked(secrets_in_name).unwrap_or(outcome);
    for (one, mark) in all.iter_mut().zip(&outcome.comments) {
        one.path.clone_from(&mark.path);
    }
    let root = config::root(&args.folder);
    let shown = |path: &Path| {
        let inside = root.as_deref().and_then(|root| known::inside(root, path));
        inside.unwrap_or_else(|| path.display().to_string())
    };
    let file = config.path.as_deref().map(shown).unwrap_or_default();
    all.extend((1..).zip(allowlists).map(|(number, list)| Suppression {
        kind: "allowlist",
        path: file.clone(),
        line: number,
        what: of_all(number),
        rules: list.rules,
        reason: list.reason,
        expires: None,
        expired: false,
        suppresses: counts.allowlists.get(&number).copied().unwrap_or_default(),
    }));
    all.extend(of_rules.into_iter().map(|one| of_rule(one, &shown, &counts)));
    all.extend(baselines.iter().flat_map(|baseline| entries(baseline, today.day, &counts)));
    for one in &mut all {
        // What people write may be what it is about.
        one.reason = one.reason.take().map(without_secrets);
        for text in [&mut one.what, &mut one.path].into_iter().chain(&mut one.rules) {
            *text = without_secrets(std::mem::take(text));
        }
    }
    let summary = summary(&all);
    if args.unused {
        all.retain(|one| one.suppresses == 0);
    }
    message::warnings(&outcome.warnings, args.shared.quiet);
    let written = match args.shared.format {
        FormatArg::Json => json(&all, outcome.complete),
        _ => human(&all, &summary),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::new(format!("the list could not be written: {error}")));
        }
        _ => {}
    }
    Ok(match (args.unused && !all.is_empty(), outcome.complete) {
        (true, _) => Exit::Found,
        (false, true) => Exit::Clean,
        (false, false) => Exit::Failed,
    })
}

/// How many places each suppresses.
#[derive(Default)]
struct Counts {
    comments: BTreeMap<(String, usize, String), usize>,
    allowlists: BTreeMap<usize, usize>,
    /// Those of a rule, and their numbers in it.
    of_rules: BTreeMap<(String, usize), usize>,
    entries: BTreeMap<(String, usize), usize>,
}

fn counts(outcome: &Outcome) -> Counts {
    let mut counts = Counts::default();
    for one in &outcome.suppressed {
        let count = match &one.by {
            Suppressor::Comment { path, line, marker, .. } => {
                counts.comments.entry((path.clone(), *line, marker.clone())).or_default()
            }
            Suppressor::Allowlist { number, .. } => counts.allowlists.entry(*number).or_default(),
            Suppressor::OfRule { rule, number, .. } => {
                counts.of_rules.entry((rule.clone(), *number)).or_default()
            }
            Suppressor::Baseline { file, line, .. } => {
                counts.entries.entry((file.clone(), *line)).or_default()
            }
        };
        *count += 1;
    }
    counts
}

fn comments(outcome: &Outcome, counts: &Counts) -> Vec<Suppression> {
    let marks = outcome.comments.iter();
    marks
        .map(|mark| {
            let key = (mark.path.clone(), mark.line, mark.marker.clone());
            Suppression {
                kind: "comment",
                path: mark.path.clone(),
                line: mark.line,
                what: mark.marker.clone(),
                rules: mark.rules.clone(),
                reason: mark.reason.clone(),
                expires: None,
                expired: false,
                suppresses: counts.comments.get(&key).copied().unwrap_or_default(),
            }
        })
        .collect()
}

/// How an allowlist for all rules is called.
fn of_all(number: usize) -> String {
    format!("allowlist {number}")
}

/// One that belongs to a rule.
fn of_rule(one: OfRule, shown: &dyn Fn(&Path) -> String, counts: &Counts) -> Suppression {
    let OfRule { rule, number, at, reason } = one;
    let key = (rule.clone(), number);
    Suppression {
        kind: "allowlist",
        path: shown(Path::new(&at.file)),
        line: at.line,
        what: format!("allowlist {number} of the rule {rule}"),
        rules: vec![rule],
        reason,
        expires: None,
        expired: false,
        suppresses: counts.of_rules.get(&key).copied().unwrap_or_default(),
    }
}

fn entries(baseline: &Baseline, today: Day, counts: &Counts) -> Vec<Suppression> {
    let entries = baseline.entries.iter();
    entries
        .map(|entry| {
            let key = (baseline.name.clone(), entry.line);
            Suppression {
                kind: "baseline",
                path: baseline.name.clone(),
                line: entry.line,
                what: entry.shown.clone(),
                rules: Vec::new(),
                reason: entry.reason.clone(),
                expires: entry.expires.map(|day| day.to_string()),
                expired: entry.expires.is_some_and(|day| day < today),
                suppresses: counts.entries.get(&key).copied().unwrap_or_default(),
            }
        })
        .collect()
}

fn json(all: &[Suppression], complete: bool) -> io::Result<()> {
    let report = Report { schema: 1, complete, suppressions: all };
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &report)?;
    writeln!(out)
}

fn human(all: &[Suppression], summary: &str) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for one in all {
        let place = match one.kind {
            // Those of all rules are known by their number, which stands in the place of the line.
            "allowlist" if one.what == of_all(one.line) => one.path.clone(),
            _ => format!("{}:{}", one.path, one.line),
        };
        writeln!(out, "{}  {}", visible(&place), visible(&one.what))?;
        if !one.rules.is_empty() {
            writeln!(out, "  rules       {}", visible(&one.rules.join(", ")))?;
        }
        let reason = one.reason.as_deref().unwrap_or("none given");
        writeln!(out, "  reason      {}", visible(reason))?;
        if let Some(day) = &one.expires {
            let past = if one.expired { ", which is over: what it lists is reported" } else { "" };
            writeln!(out, "  expires     {day}{past}")?;
        }
        let number = match one.suppresses {
            0 => "nothing".to_owned(),
            1 => "1 place".to_owned(),
            number => format!("{number} places"),
        };
        writeln!(out, "  suppresses  {number}\n")?;
    }
    writeln!(out, "{summary}")?;
    out.flush()
}

fn summary(all: &[Suppression]) -> String {
    let of = |kind: &str| all.iter().filter(|one| one.kind == kind).count();
    let count = |number: usize, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    };
    let idle = all.iter().filter(|one| one.suppresses == 0).count();
    let expired = match all.iter().filter(|one| one.expired).count() {
        0 => String::new(),
        number => format!(", {number} expired"),
    };
    format!(
        "{}: {}, {}, {}; {idle} of them suppress nothing{expired}.",
        count(all.len(), "suppression", "suppressions"),
        count(of("comment"), "comment", "comments"),
        count(of("allowlist"), "allowlist", "allowlists"),
        count(of("baseline"), "baseline entry", "baseline entries"),
    )
}
