//! `keytrawl history`: every commit of every ref of a repository.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::HistoryArgs;
use super::exit::Exit;
use super::message::Failure;
use super::{progress, scan};
use crate::git::repository::RepositoryError;
use crate::pipeline::Pipeline;
use crate::scanner::{self, Scanner};
use crate::source::Progress;
use crate::source::history::{Error, Options, history};

/// Scans, reports, and says with the exit code what came of it.
pub(super) fn run(args: HistoryArgs) -> Result<Exit, Failure> {
    let shared = &args.shared;
    let mut config = scan::configuration(shared, &args.repository)?;
    let rules = scan::rule_set(shared, &config)?;
    let least = scan::least(shared, &config);
    let options = Options {
        since: args.since,
        branches: args.branch.clone(),
        unreachable: args.unreachable,
        allow_missing: args.allow_missing,
        exhaustive: args.exhaustive,
        threads: scan::threads(shared),
        memory: args.memory,
        archives: scan::archives(shared, &config),
        cache: if args.no_cache { None } else { cache_folder() },
        least,
    };
    let allowlists = std::mem::take(&mut config.allowlists);
    let scanner = Scanner::new(&rules, scanner::Options { allowlists, explain: shared.explain });
    let progress = Arc::new(Progress::default());
    scan::end_on_interrupt(&progress);
    let found = progress::shown(&progress, !shared.quiet, || {
        history(&args.repository, &scanner, &options, &progress)
    });
    let pipeline = Pipeline::new(&scanner);
    pipeline.add(found.map_err(failure)?);
    let mut outcome = pipeline.finish(least);
    if progress.is_cancelled() {
        scan::interrupted(&mut outcome);
    }
    scan::tell(shared, &outcome, &rules)
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

fn failure(error: Error) -> Failure {
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
