//! `keytrawl range`: what the commits of a range add.
//!
//! Configuration and rule files are those of the base, unless the user names others: a pull request
//! does not decide what is found in it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{RangeArgs, SharedArgs};
use super::exit::Exit;
use super::message::Failure;
use super::{known, output, progress, repository, rules, scan};
use crate::baseline::{self, Baseline, Coverage};
use crate::config::{self, Config};
use crate::finding::{Outcome, Warning};
use crate::git::object::Kind;
use crate::git::repository::Repository;
use crate::pipeline::Pipeline;
use crate::rule::RuleSet;
use crate::scanner::Scanner;
use crate::source::range::{Ends, Error, Options, Range};
use crate::source::{Progress, Reading};

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
    /// Whether `--config` names a file of the base.
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
    let base = Base { repository, range, asked, shared };
    let (mut config, powerful) = base.configuration()?;
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
        powerful,
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
    let message = format!("the {range} is empty: it has no commit to scan");
    Warning { kind: "empty-range", path: None, message, incomplete: false }
}

/// Where configuration and rules of a range come from.
struct Base<'a> {
    repository: &'a Repository,
    range: &'a Range,
    asked: &'a Asked,
    shared: &'a SharedArgs,
}

impl Base<'_> {
    /// Whether the user has named the configuration: then it is not the base's.
    fn is_named(&self) -> bool {
        let shared = self.shared;
        let elsewhere = scan::named(shared).is_some() || scan::inline(shared).is_some();
        self.asked.trusted
            || shared.no_config
            || (elsewhere && !(self.asked.config_of_base && shared.config.is_some()))
    }

    /// The configuration in force, and the paths of the files of the base that it is made of.
    fn configuration(&self) -> Result<(Config, Vec<String>), Failure> {
        if self.is_named() {
            return Ok((scan::configuration(self.shared, &self.asked.start)?, Vec::new()));
        }
        let Some((path, text)) = self.file()? else { return Ok((Config::default(), Vec::new())) };
        let name = of_base(&path);
        let extended = RefCell::new(Vec::new());
        let load = |path: &str, by: &str| self.extended(path, by, &extended);
        let mut config = config::parse(&name, &text, &load).map_err(|error| {
            scan::misconfigured(&name, error)
                .hint("mend it on the base, or scan with `--no-config` or `--config FILE`")
        })?;
        if let Some(gitleaks) = &mut config.gitleaks {
            gitleaks.itself = Some(path.clone());
            config.path = Some(PathBuf::from(&name));
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for rules in &mut config.rules {
            *rules = PathBuf::from(joined(folder, &rules.to_string_lossy()));
        }
        let files = config.rules.iter().map(|rules| rules.to_string_lossy().into_owned());
        let powerful = files.chain([path]).chain(extended.into_inner()).collect();
        Ok((config, powerful))
    }

    /// A file of the base that one for gitleaks extends, from that file on or from the root; notes its
    /// path.
    fn extended(
        &self,
        path: &str,
        by: &str,
        noted: &RefCell<Vec<String>>,
    ) -> Result<(String, String), String> {
        let by = by.strip_suffix(OF_BASE).unwrap_or(by);
        let folder = by.rsplit_once('/').map_or("", |(folder, _)| folder);
        let paths = [joined(folder, path), joined("", path)];
        let read = |path: &String| Some((path.clone(), self.range.base_file(path)?));
        let (path, bytes) = paths
            .iter()
            .find_map(read)
            .ok_or_else(|| "the base of the range has no such file".to_owned())?;
        let name = of_base(&path);
        noted.borrow_mut().push(path);
        Ok((name, String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The configuration file of the base: the one that was named, or the nearest one above the
    /// folder at hand.
    fn file(&self) -> Result<Option<(String, String)>, Failure> {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if let Some(named) = &self.shared.config {
            let inner = repository::inner_path(self.repository, named);
            let path = inner.unwrap_or_else(|| named.to_string_lossy().into_owned());
            let found = self.range.base_file(&path).map(text).ok_or_else(|| {
                Failure::new(format!("the base of the range has no file `{path}`"))
                    .hint("a configuration counts once the base has it")
            })?;
            return Ok(Some((path, found)));
        }
        let nearest = |names: &[&str]| self.nearest(names);
        Ok(nearest(&config::NAMES).or_else(|| nearest(&config::FOREIGN_NAMES)))
    }

    /// The nearest file of the base of one of these names, above the folder at hand.
    fn nearest(&self, names: &[&str]) -> Option<(String, String)> {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let inner = repository::inner_path(self.repository, &self.asked.start);
        let mut folder = inner.unwrap_or_default();
        loop {
            for name in names {
                let path = joined(&folder, name);
                if let Some(bytes) = self.range.base_file(&path) {
                    return Some((path, text(bytes)));
                }
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        }
    }

    /// The baselines in force: those at the root of the base, and those that the user has named.
    fn baselines(&self) -> Result<Vec<Baseline>, Failure> {
        let shared = self.shared;
        if self.asked.trusted {
            return known::load(shared, &self.asked.start);
        }
        let mut known = Vec::new();
        if !self.asked.config_of_base {
            // A file that is named is the user's word; what lies at the root is the range's.
            let named = SharedArgs { no_baseline: true, ..shared.clone() };
            known = known::load(&named, &self.asked.start)?;
        }
        let mut names: Vec<(String, bool)> = Vec::new();
        if self.asked.config_of_base {
            let inner = |path: &PathBuf| {
                let inner = repository::inner_path(self.repository, path);
                (inner.unwrap_or_else(|| path.to_string_lossy().into_owned()), true)
            };
            names.extend(shared.baseline.iter().map(inner));
        }
        if !shared.no_baseline {
            for name in baseline::NAMES {
                if !names.iter().any(|(known, _)| known == name) {
                    names.push((name.to_owned(), false));
                }
            }
        }
        for (path, wanted) in names {
            let Some(bytes) = self.range.base_file(&path) else {
                if wanted {
                    return Err(Failure::new(format!(
                        "the base of the range has no file `{path}`"
                    ))
                    .hint("a baseline counts once the base has it"));
                }
                continue;
            };
            let text = String::from_utf8_lossy(&bytes);
            let one = baseline::of_text(&path, &text, Some(path.clone()));
            known.push(one.map_err(|error| known::failure(&error))?);
        }
        Ok(known)
    }

    /// The rules in force: rule files that the base's configuration names are the base's too.
    fn rule_set(&self, config: &mut Config) -> Result<RuleSet, Failure> {
        let shared = self.shared;
        if self.is_named() {
            return scan::rule_set(shared, config);
        }
        let mut texts = Vec::new();
        for path in &config.rules {
            let path = path.to_string_lossy().into_owned();
            let bytes = self.range.base_file(&path).ok_or_else(|| {
                Failure::new(format!("the base of the range has no rule file `{path}`"))
                    .hint("the configuration of the base names it in `rules`")
            })?;
            texts.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
        let mut set = scan::assembled(rules::load(std::iter::empty())?, config)?;
        rules::add_scanned_texts(&mut set, &texts, shared.live.verify)?;
        scan::finish_rules(set, shared, config)
    }
}

/// What the names of files of the base end in.
const OF_BASE: &str = " (of the base)";

fn of_base(path: &str) -> String {
    format!("{path}{OF_BASE}")
}

/// A path in a folder of a repository, `..` resolved.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn paths_are_joined_within_the_repository() {
        assert_eq!(joined("", "a.toml"), "a.toml");
        assert_eq!(joined("x/y", "../ci/./a.toml"), "x/ci/a.toml");
        assert_eq!(joined("x", "../../../a.toml"), "a.toml");
        assert!(Path::new(&joined("x", "/etc/a")).is_relative());
    }
}
