//! `keytrawl history`: every commit of every ref of a repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{HistoryArgs, SharedArgs};
use super::exit::Exit;
use super::message::Failure;
use super::{known, progress, repository, scan};
use crate::baseline::Coverage;
use crate::config::Config;
use crate::finding::{Confidence, Outcome};
use crate::git::repository::RepositoryError;
use crate::pipeline::Pipeline;
use crate::rule::RuleSet;
use crate::scanner::Scanner;
use crate::source::Progress;
use crate::source::history::{Error, Options, history};

/// Scans, reports, and says with the exit code what came of it.
pub(super) fn run(args: HistoryArgs) -> Result<Exit, Failure> {
    let (outcome, rules) = outcome(&args)?;
    scan::tell(&args.shared, &outcome, &rules)
}

/// Scans.
pub(super) fn outcome(args: &HistoryArgs) -> Result<(Outcome, RuleSet), Failure> {
    let shared = &args.shared;
    let mut config = scan::configuration(shared, &args.repository)?;
    let rules = scan::rule_set(shared, &mut config)?;
    let least = scan::least(shared, &config);
    let baselines = known::load(shared, &args.repository)?;
    let options = Options {
        since: args.since,
        branches: args.branch.clone(),
        unreachable: args.unreachable,
        submodules: args.submodules,
        allow_missing: args.allow_missing,
        exhaustive: args.exhaustive,
        memory: args.memory,
        cache: if args.no_cache { None } else { cache_folder() },
        ..usual(shared, &config, least)
    };
    let allowlists = std::mem::take(&mut config.allowlists);
    let scanner = Scanner::new(&rules, scan::asked(shared, allowlists)?);
    let progress = Arc::new(Progress::default());
    scan::end_on_interrupt(&progress);
    let found = progress::shown(&progress, !shared.quiet, || {
        let repository = repository::find(&args.repository)?;
        history(&repository, &scanner, &options, &progress)
    });
    let pipeline = Pipeline::new(&scanner);
    pipeline.add(found.map_err(failure)?);
    let mut outcome = pipeline.finish(least);
    if progress.is_cancelled() {
        scan::interrupted(&mut outcome);
    }
    let all = args.since.is_none() && args.branch.is_empty();
    let coverage = if all { Coverage::All } else { Coverage::Part };
    known::apply(shared, &mut outcome, &baselines, coverage);
    drop(scanner);
    Ok((outcome, rules))
}

/// The options of a scan of everything that refs reach.
pub(super) fn usual(shared: &SharedArgs, config: &Config, least: Confidence) -> Options {
    Options {
        since: None,
        branches: Vec::new(),
        unreachable: false,
        submodules: false,
        allow_missing: false,
        exhaustive: false,
        threads: scan::threads(shared),
        memory: None,
        archives: scan::archives(shared, config),
        cache: cache_folder(),
        least,
    }
}

/// Whether a folder is, or is in, a git repository.
pub(super) fn is_repository(folder: &Path) -> bool {
    !matches!(repository::find(folder), Err(RepositoryError::NotFound { .. }))
}

/// Where the system has caches; none if the environment does not say.
fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || set("HOME").map(PathBuf::from);
    let system = if cfg!(windows) {
        set("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        // The standard says that a relative path is to be ignored.
        let own = set("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        own.or_else(|| Some(home()?.join(".cache")))
    };
    system.map(|folder| folder.join("keytrawl"))
}

pub(super) fn failure(error: Error) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        Error::Repository(RepositoryError::NotFound { .. }) => failure.hint(
            "name a git repository, or a folder in one; `keytrawl scan` scans folders that are none",
        ),
        Error::Repository(RepositoryError::Read { .. }) => failure.hint("check the path"),
        Error::Repository(_) => failure,
        Error::Branch { .. } => failure.hint("`git for-each-ref` lists the refs"),
    }
}
