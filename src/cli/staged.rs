//! `keytrawl staged`: what the next commit would contain.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::StagedArgs;
use super::exit::Exit;
use super::message::Failure;
use super::{known, progress, repository, scan};
use crate::baseline::Coverage;
use crate::config::Config;
use crate::finding::Outcome;
use crate::git::repository::Repository;
use crate::pipeline::Pipeline;
use crate::rule::RuleSet;
use crate::scanner::Scanner;
use crate::source::staged::{Difference, Error, Options, lies_in};
use crate::source::{self, Progress, Reading, shown_path};

/// Scans, reports, and says with the exit code what came of it.
pub(super) fn run(args: StagedArgs) -> Result<Exit, Failure> {
    let done = outcome(&args)?;
    scan::tell(&args.shared, &done.outcome, &done.rules)
}

/// What came of a scan of the index.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) rules: RuleSet,
    /// Whether there is a commit already.
    pub(super) has_head: bool,
}

/// Scans.
pub(super) fn outcome(args: &StagedArgs) -> Result<Done, Failure> {
    let shared = &args.shared;
    let repository = repository::open(Path::new("."))?;
    let bare = repository.setting("core.bare").is_some_and(|value| value == "true");
    if bare && repository::index().is_none() && !repository.git_dir().join("index").exists() {
        return Err(Failure::new("this is a bare repository: nothing can be staged in it")
            .hint("`keytrawl history` scans its commits, `keytrawl range` some of them"));
    }
    let mut config = scan::configuration(shared, Path::new("."))?;
    let rules = scan::rule_set(shared, &mut config)?;
    let least = scan::least(shared, &config);
    let baselines = known::load(shared, Path::new("."))?;
    let reading = Reading {
        max_size: args.max_size.or(config.max_size),
        archives: scan::archives(shared, &config),
    };
    let options = Options {
        index: repository::index(),
        paths: paths(args, &repository)?,
        reading,
        threads: scan::threads(shared),
    };
    let difference = Difference::new(&repository, options.index.as_deref()).map_err(failure)?;
    let has_head = difference.has_head();
    // Names that tools give may be those of files that are deleted: HEAD has them.
    for (named, path) in args.paths.iter().zip(&options.paths) {
        if named.symlink_metadata().is_err() && !difference.knows(path) {
            let message = format!("neither index nor work tree has `{}`", named.display());
            return Err(Failure::new(message).hint("`git ls-files` lists what there is"));
        }
    }
    let allowlists = std::mem::take(&mut config.allowlists);
    let scanner = Scanner::new(&rules, scan::asked(shared, allowlists)?);
    let progress = Arc::new(Progress::default());
    scan::end_on_interrupt(&progress);
    let pipeline = Pipeline::new(&scanner);
    progress::shown(&progress, !shared.quiet, || {
        let staged = difference.paths();
        if args.or_files && !options.paths.iter().all(|path| staged.contains(path.as_slice())) {
            let named = Named::new(&args.paths, &options.paths, &difference);
            named.scan(&config, &options, &progress, &pipeline);
        } else {
            pipeline.add(difference.scan(&scanner, &options, &progress));
        }
    });
    let mut outcome = pipeline.finish(least);
    if progress.is_cancelled() {
        scan::interrupted(&mut outcome);
    }
    known::apply(shared, &mut outcome, &baselines, Coverage::Part);
    Ok(Done { outcome, rules, has_head })
}

/// What is named of the work tree. What is not there was deleted: there is nothing to read.
struct Named {
    /// Where each file is, and its path from the root.
    files: Vec<(PathBuf, String)>,
    folders: Vec<PathBuf>,
}

impl Named {
    fn new(names: &[PathBuf], paths: &[Vec<u8>], difference: &Difference) -> Self {
        let is_folder = |place: &Path| place.symlink_metadata().is_ok_and(|is| is.is_dir());
        let both = names.iter().zip(paths);
        let (mut folders, files): (Vec<_>, Vec<_>) = both.partition(|(place, _)| is_folder(place));
        // git holds a commit of another repository, and none of its files.
        folders.retain(|(_, path)| !difference.is_submodule(path));
        // What is named beside its folder is read once.
        let is_inside = |path: &[u8]| folders.iter().any(|(_, folder)| lies_in(path, folder));
        let there = files.into_iter().filter(|(place, _)| place.symlink_metadata().is_ok());
        let alone = there.filter(|(_, path)| !is_inside(path));
        Self {
            files: alone.map(|(place, path)| (place.clone(), shown_path(path))).collect(),
            folders: folders.iter().map(|(place, _)| (*place).clone()).collect(),
        }
    }

    /// Scans the files, and those below the folders.
    fn scan(
        &self,
        config: &Config,
        options: &Options,
        progress: &Progress,
        pipeline: &Pipeline<'_>,
    ) {
        let Options { reading, threads, .. } = options;
        source::files(&self.files, reading, *threads, progress, &|| pipeline.worker());
        let walk = source::Options {
            reading: reading.clone(),
            no_ignore: config.no_ignore.unwrap_or(false),
            follow: config.follow.unwrap_or(false),
            threads: *threads,
            from_root: true,
        };
        source::walk(&self.folders, &walk, &[], progress, &|| pipeline.worker());
    }
}

/// The paths that were asked for, from the root of the work tree.
fn paths(args: &StagedArgs, repository: &Repository) -> Result<Vec<Vec<u8>>, Failure> {
    let inner = |path: &PathBuf| {
        repository::inner_bytes(repository, path).ok_or_else(|| {
            Failure::new(format!("`{}` is outside of the work tree", path.display()))
                .hint("name paths of this repository, or none for all that is staged")
        })
    };
    args.paths.iter().map(inner).collect()
}

pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::Repository(error) => repository::failure(error),
        Error::Index(error) => Failure::new(error.to_string()),
        Error::Head { .. } => Failure::new(error.to_string()).hint(
            "`git fsck` tells what is wrong; in a partial clone, `git fetch --refetch` helps",
        ),
    }
}
