//! `keytrawl ci`: the job of the GitHub Action. It reads the environment and the event of a workflow,
//! scans what the event is about, and hands the result back the ways that GitHub knows: annotations,
//! the summary of the job, outputs of the step.
//!
//! What a pull request says counts nowhere: configuration, baselines and allow comments are those of
//! the base. A scan that could not be done is never green. Not here: which commits an event is about
//! (`event`), and how a scan is done.

mod deepen;
mod event;
mod inputs;
mod outputs;

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Parser;

use super::args::{Cli, Command, FailOnArg};
use super::exit::Exit;
use super::message::Failure;
use super::range::{self, Asked};
use super::{history, output, repository, scan, verify};
use crate::finding::{Outcome, Verdict};
use crate::report::{self, Format, github};
use crate::rule::RuleSet;
use crate::scanner::{secrets_in_name, without_secrets};
use crate::source::range::{Ends, Error};
use event::{Event, Plan};
use inputs::{Inputs, Mode};
use outputs::Outputs;

/// Runs the job.
pub(super) fn run() -> Result<Exit, Failure> {
    let outputs = Outputs::of_environment();
    match job(&outputs) {
        Ok(exit) => Ok(exit),
        Err(failure) => {
            // Whoever reads the outputs of a step that failed shall not read nothing.
            outputs.failed(&failure, inputs::wants_summary().unwrap_or(true));
            Err(failure)
        }
    }
}

fn job(outputs: &Outputs) -> Result<Exit, Failure> {
    let inputs = Inputs::read()?;
    if let Some(folder) = &inputs.folder {
        env::set_current_dir(folder).map_err(|error| {
            Failure::new(format!("`working-directory` is `{}`: {error}", folder.display()))
                .hint("name a folder of the checkout")
        })?;
    }
    outputs.check(inputs.sarif.as_ref())?;
    if inputs.fail_on == FailOnArg::Active && !inputs.verifies() {
        return Err(Failure::new("`fail-on: active` is of no use without `verify: true`")
            .hint("set `verify: true`: nothing is sent anywhere without it"));
    }
    let done = match inputs.mode {
        Mode::Files => files(&inputs)?,
        Mode::History => whole(&inputs)?,
        Mode::Auto | Mode::Range => of_event(&inputs)?,
    };
    match done {
        Scanned::Nothing(why) => nothing(&inputs, outputs, &why),
        Scanned::Done(done) => finish(&inputs, outputs, *done),
    }
}

/// What a scan came to.
enum Scanned {
    /// There was nothing to scan, and why.
    Nothing(String),
    Done(Box<Done>),
}

struct Done {
    outcome: Outcome,
    rules: RuleSet,
    shared: super::args::SharedArgs,
    /// What was scanned, for people.
    scope: String,
}

/// Scans what the event is about.
fn of_event(inputs: &Inputs) -> Result<Scanned, Failure> {
    let event = Event::read(inputs)?;
    let mut deepened = false;
    loop {
        let repository = repository::open(&inputs.repository())?;
        let plan = event.plan(inputs, &repository, deepened)?;
        let (tips, old, wanted) = match plan {
            Plan::Nothing(why) => return Ok(Scanned::Nothing(why)),
            Plan::History => return whole(inputs),
            Plan::Deepen { wanted } => {
                deepen::deepen(&repository, &wanted);
                deepened = true;
                continue;
            }
            Plan::Range { tips, old, wanted } => (tips, old, wanted),
        };
        let done = ends(&tips, &old, &repository)
            .and_then(|ends| one_range(inputs, &event, &repository, &ends));
        match done {
            Ok(done) => return Ok(Scanned::Done(Box::new(done))),
            Err(Stop::Missing(_)) if !deepened => {
                deepen::deepen(&repository, &wanted);
                deepened = true;
            }
            Err(Stop::Missing(error)) => {
                let failure = range::failure(error);
                return Err(failure.hint(
                    "set `fetch-depth: 0` for actions/checkout, so that the commits are there",
                ));
            }
            Err(Stop::Other(failure)) => return Err(failure),
        }
    }
}

/// Why a range was not scanned.
enum Stop {
    /// Commits are not there; more of the history may help.
    Missing(Error),
    Other(Failure),
}

fn ends(
    tips: &[String],
    old: &[String],
    repository: &crate::git::repository::Repository,
) -> Result<Ends, Stop> {
    let strict = |name: &String| Ends::of(std::slice::from_ref(name), &[], repository);
    let stop = |error| match error {
        Error::NoCommit { .. } => Stop::Other(range::failure(error)),
        _ => Stop::Missing(error),
    };
    // Unlike in a hook, an old end that is not there is a mistake: more would be scanned, and told.
    for name in old {
        strict(name).map_err(stop)?;
    }
    let ends = Ends::of(tips, old, repository).map_err(stop)?;
    Ok(Ends { from_merge_base: true, ..ends })
}

fn one_range(
    inputs: &Inputs,
    event: &Event,
    repository: &crate::git::repository::Repository,
    ends: &Ends,
) -> Result<Done, Stop> {
    let args = match parsed(inputs, "range", &["..".to_owned()]).map_err(Stop::Other)? {
        Command::Range(args) => args,
        _ => return Err(Stop::Other(Failure::new("`args` holds another command"))),
    };
    let asked = Asked {
        start: inputs.repository(),
        trusted: args.trust_head,
        config_of_base: true,
        max_size: args.max_size,
        name: event.name(),
    };
    let range = range::walked(repository, ends).map_err(|error| match error {
        Error::Cut | Error::Absent { .. } => Stop::Missing(error),
        error => Stop::Other(range::failure(error)),
    })?;
    let done = range::scanned(repository, &range, &asked, &args.shared).map_err(Stop::Other)?;
    if done.commits > 0 && done.outcome.stats.files == 0 {
        let message = format!("{} commits have nothing to scan", done.commits);
        let failure = Failure::new(message);
        return Err(Stop::Other(failure.hint("set `fetch-depth: 0` for actions/checkout")));
    }
    let noun = if done.commits == 1 { "commit" } else { "commits" };
    let scope = format!("{} {noun}, {}", done.commits, ids(ends));
    Ok(Done { outcome: done.outcome, rules: done.rules, shared: args.shared, scope })
}

/// A range as the log shows it: what is scanned is seen at a glance.
fn ids(ends: &Ends) -> String {
    let short = |ids: &[crate::git::object::ObjectId]| {
        let first = ids.first().map(|id| id.to_string().chars().take(12).collect::<String>());
        first.unwrap_or_else(|| "the beginning".to_owned())
    };
    format!("{}..{}", short(&ends.old), short(&ends.tips))
}

/// Scans the whole history, and first gets what a shallow checkout left out.
fn whole(inputs: &Inputs) -> Result<Scanned, Failure> {
    let repository = repository::open(&inputs.repository())?;
    if repository.is_shallow() {
        deepen::deepen(&repository, &[]);
        if repository.is_shallow() {
            return Err(Failure::new(
                "the whole history is to be scanned, and this is a shallow clone",
            )
            .hint("set `fetch-depth: 0` for actions/checkout, so that the history is there"));
        }
    }
    let place = inputs.repository().to_string_lossy().into_owned();
    let args = match parsed(inputs, "history", &[place])? {
        Command::History(args) => args,
        _ => return Err(Failure::new("`args` holds another command")),
    };
    let (outcome, rules) = history::outcome(&args)?;
    let scope = "the whole history".to_owned();
    Ok(Scanned::Done(Box::new(Done { outcome, rules, shared: args.shared, scope })))
}

/// Scans files and folders.
fn files(inputs: &Inputs) -> Result<Scanned, Failure> {
    // Standard input is no path.
    let named = |path: &String| if path == "-" { "./-".to_owned() } else { path.clone() };
    let paths: Vec<String> = inputs.paths.iter().map(named).collect();
    let args = match parsed(inputs, "scan", &paths)? {
        Command::Scan(args) => args,
        _ => return Err(Failure::new("`args` holds another command")),
    };
    let (outcome, rules) = scan::outcome(&args)?;
    let scope = "files".to_owned();
    Ok(Scanned::Done(Box::new(Done { outcome, rules, shared: args.shared, scope })))
}

/// The options of the inputs, as the command line reads them; `names` are none, whatever they are.
fn parsed(inputs: &Inputs, command: &str, names: &[String]) -> Result<Command, Failure> {
    let options = inputs.options();
    let mark = (!options.iter().any(|word| word == "--")).then(|| "--".to_owned());
    let begin = ["keytrawl", command].map(str::to_owned).into_iter();
    let all = begin.chain(options).chain(mark).chain(names.iter().cloned());
    let cli = Cli::try_parse_from(all).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        let first = first.trim_start_matches("error: ");
        Failure::new(format!("the inputs of the Action are wrong: {first}"))
            .hint(format!("`args` takes the options of `keytrawl {command} --help`"))
    })?;
    let command = cli.command.ok_or_else(|| Failure::new("`args` holds another command"))?;
    Ok(command)
}

/// Ends a job that had nothing to do.
fn nothing(inputs: &Inputs, outputs: &Outputs, why: &str) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let title = [("title", "keytrawl".to_owned())];
    let why = &without_secrets(why.to_owned());
    let written = github::command(&mut out, "notice", &title, why);
    written.map_err(|e| Failure::new(e.to_string()))?;
    if inputs.summary {
        outputs.summary(&format!("### keytrawl: nothing to scan\n\n{why}\n"))?;
    }
    outputs.set(&[
        ("exit-code", "0".to_owned()),
        ("findings", "0".to_owned()),
        ("active", "0".to_owned()),
        ("state", "complete".to_owned()),
        ("sarif", String::new()),
        ("json", String::new()),
    ])?;
    Ok(Exit::Clean)
}

/// Says what came of the scan, in every way that was asked for.
fn finish(inputs: &Inputs, outputs: &Outputs, done: Done) -> Result<Exit, Failure> {
    let Done { outcome, rules, mut shared, scope } = done;
    // Reports of a job are read by whoever reads the job.
    shared.show_secrets = false;
    let verified = verify::verified(&shared.live, false, &outcome, &rules)?;
    let outcome = verified.unwrap_or(outcome);
    let outcome = outcome.masked(secrets_in_name).unwrap_or(outcome);
    let exit = Exit::judged(&outcome, inputs.fail_on);
    annotate(inputs, &outcome, &rules, &scope)?;
    if inputs.summary {
        let mut text = Vec::new();
        let options = output::options(false);
        let forge = outputs::forge();
        report::markdown::write_linked(&mut text, &outcome, &rules, &options, forge.as_ref())
            .map_err(|e| Failure::new(e.to_string()))?;
        outputs.summary(&String::from_utf8_lossy(&text))?;
    }
    let json = outputs.report(Format::Json, None, &outcome, &rules)?;
    let sarif = match &inputs.sarif {
        Some(path) => outputs.report(Format::Sarif, Some(path), &outcome, &rules)?,
        None => None,
    };
    output::write(&shared, &outcome, &rules)?;
    let active =
        outcome.findings.iter().filter(|f| f.verification.verdict == Verdict::Active).count();
    let state = if outcome.complete { "complete" } else { "partial" };
    // The next step works in the folder that this one began in.
    let folder = inputs.folder.clone().unwrap_or_default();
    let shown = |path: Option<PathBuf>| {
        path.map(|path| folder.join(path).to_string_lossy().into_owned()).unwrap_or_default()
    };
    outputs.set(&[
        ("exit-code", (exit as u8).to_string()),
        ("findings", outcome.findings.len().to_string()),
        ("active", active.to_string()),
        ("state", state.to_owned()),
        ("sarif", shown(sarif)),
        ("json", shown(json)),
    ])?;
    Ok(exit)
}

/// Writes the log of the step: annotations, and one line for people.
fn annotate(
    inputs: &Inputs,
    outcome: &Outcome,
    rules: &RuleSet,
    scope: &str,
) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut write = || {
        if inputs.annotations {
            github::write(&mut out, outcome, rules, &output::options(false))?;
        }
        let noun = if outcome.findings.len() == 1 { "secret" } else { "secrets" };
        let whole = if outcome.complete { "" } else { ", and not everything could be read" };
        writeln!(out, "keytrawl: {} {noun} found in {scope}{whole}", outcome.findings.len())?;
        out.flush()
    };
    write().map_err(|e| Failure::new(format!("the log could not be written: {e}")))
}
