//! `keytrawl range`: what the commits of a range add.
//!
//! Not here: which configuration, rules and baselines are in force (`base`).

mod base;

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{RangeArgs, SharedArgs};
use super::exit::Exit;
use super::message::Failure;
use super::{known, output, progress, repository, scan};
use crate::baseline::Coverage;
use crate::finding::{Outcome, Warning};
use crate::git::object::Kind;
use crate::git::repository::Repository;
use crate::pipeline::Pipeline;
use crate::rule::RuleSet;
use crate::scanner::{Scanner, without_secrets};
use crate::source::range::{Ends, Error, Options, Range};
use crate::source::{Progress, Reading};
use base::Base;

/// Scans, reports, and says with the exit code what came of it.
pub(super) fn run(args: RangeArgs) -> Result<Exit, Failure> {
    let repository = repository::open(&args.repository)?;
    let ends = Ends::parse(&args.range, &repository).map_err(failure)?;
    let asked = Asked::of(&args);
    let done = outcome(&repository, &ends, &asked, &args.shared)?;
    scan::tell(&args.shared, &done.outcome, &done.rules)
}

/// How a range is scanned, beside what all commands can be asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// The repository, or a folder in it.
    pub(super) start: PathBuf,
    /// Whether the range may allow its own secrets.
    pub(super) trusted: bool,
    /// Whether `--config` and `--baseline` always name files of the base.
    pub(super) config_of_base: bool,
    /// Files of more bytes are left out.
    pub(super) max_size: Option<u64>,
    /// The range as people call it.
    pub(super) name: String,
}

impl Asked {
    fn of(args: &RangeArgs) -> Self {
        Self {
            start: args.repository.clone(),
            trusted: args.trust_head,
            config_of_base: false,
            max_size: args.max_size,
            name: args.range.clone(),
        }
    }
}

/// What came of a scan of a range.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) rules: RuleSet,
    /// Number of commits.
    pub(super) commits: usize,
}

/// Scans.
pub(super) fn outcome(
    repository: &Repository,
    ends: &Ends,
    asked: &Asked,
    shared: &SharedArgs,
) -> Result<Done, Failure> {
    output::check(shared)?;
    let range = walked(repository, ends).map_err(failure)?;
    scanned(repository, &range, asked, shared)
}

/// Walks the commits of a range.
pub(super) fn walked(repository: &Repository, ends: &Ends) -> Result<Range, Error> {
    Range::new(repository, ends)
}

/// Scans what the commits of a range add.
pub(super) fn scanned(
    repository: &Repository,
    range: &Range,
    asked: &Asked,
    shared: &SharedArgs,
) -> Result<Done, Failure> {
    let base = Base::new(repository, range, asked, shared);
    let mut config = base.configuration()?;
    let rules = base.rule_set(&mut config)?;
    let baselines = base.baselines()?;
    let least = scan::least(shared, &config);
    let reading = Reading {
        max_size: asked.max_size.or(config.max_size),
        archives: scan::archives(shared, &config),
    };
    let options = Options {
        reading,
        threads: scan::threads(shared),
        explain: shared.explain,
        trusted: asked.trusted,
        powerful: base.read_files(),
    };
    let allowlists = std::mem::take(&mut config.allowlists);
    let scanner = Scanner::new(&rules, scan::asked(shared, allowlists)?);
    let progress = Arc::new(Progress::default());
    scan::end_on_interrupt(&progress);
    let pipeline = Pipeline::new(&scanner);
    let ranged =
        progress::shown(&progress, !shared.quiet, || range.scan(&scanner, &options, &progress));
    let commits = ranged.commits;
    pipeline.add(ranged.found);
    let mut outcome = pipeline.finish(least);
    if progress.is_cancelled() {
        scan::interrupted(&mut outcome);
    }
    known::apply(shared, &mut outcome, &baselines, Coverage::Part);
    if range.is_empty() {
        outcome.warnings.push(empty(&asked.name));
    }
    Ok(Done { outcome, rules, commits })
}

fn empty(name: &str) -> Warning {
    let range = match name.contains('`') {
        true => format!("range of {name}"),
        false => format!("range `{name}`"),
    };
    let message = without_secrets(format!("the {range} is empty: it has no commit to scan"));
    Warning { kind: "empty-range", path: None, message, incomplete: false }
}

/// The command that scans what is no commit.
pub(super) fn command_for(name: &str, kind: Kind) -> String {
    let shown = if kind == Kind::Tree { "git archive" } else { "git cat-file blob" };
    format!("{shown} {name} | keytrawl -")
}

/// What to do about a range that cannot be scanned.
pub(super) fn failure(error: Error) -> Failure {
    const DEEPER: &str = "get the history that is missing: `git fetch --unshallow`; in a GitHub workflow, set \
         `fetch-depth: 0` for actions/checkout";
    let failure = Failure::new(error.to_string());
    match error {
        Error::Repository(error) => repository::failure(error),
        Error::Form { .. } => failure.hint("write BASE..HEAD, such as `origin/main..HEAD`"),
        Error::Unknown { shallow: false, .. } => failure.hint(
            "`git log` and `git for-each-ref` show what there is; `git fetch` gets what is new",
        ),
        Error::NoCommit { name, kind } => {
            failure.hint(format!("name a commit; `{}` scans the {kind}", command_for(&name, kind)))
        }
        Error::Absent { .. } => failure.hint(format!("if it should be there, {DEEPER}")),
        Error::Unknown { shallow: true, .. } | Error::Cut => failure.hint(DEEPER),
    }
}
