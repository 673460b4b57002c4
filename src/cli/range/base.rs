//! Where the configuration, the rules and the baselines of a range come from.
//!
//! They are those of the base: whoever wrote the range does not decide what is found in it. So it is
//! with files that the user names, if they are files of the repository; any others are the user's.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Asked;
use crate::baseline::{self, Baseline};
use crate::cli::args::SharedArgs;
use crate::cli::message::Failure;
use crate::cli::{known, repository, rules, scan};
use crate::config::{self, Config};
use crate::git::repository::Repository;
use crate::rule::RuleSet;
use crate::source::range::Range;

/// The base of a range, and what the user has asked for.
pub(super) struct Base<'a> {
    repository: &'a Repository,
    range: &'a Range,
    asked: &'a Asked,
    shared: &'a SharedArgs,
    /// The paths of the files that were read, and where links led.
    files: RefCell<BTreeSet<String>>,
}

/// A file of the base that was read.
struct Text {
    /// Its path as it was sought.
    path: String,
    /// Where it lies.
    place: String,
    text: String,
}

/// A file that the user has named.
enum Named {
    /// One of the repository, by its path there.
    OfBase(String),
    /// Another one.
    Own,
}

impl<'a> Base<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        range: &'a Range,
        asked: &'a Asked,
        shared: &'a SharedArgs,
    ) -> Self {
        Self { repository, range, asked, shared, files: RefCell::default() }
    }

    /// The paths of the files that what is in force was read from.
    pub(super) fn read_files(&self) -> Vec<String> {
        self.files.borrow().iter().cloned().collect()
    }

    /// A file of the base, if it has one; notes that it was read.
    fn read(&self, path: &str) -> Result<Option<Text>, Unreadable> {
        let found = self.range.base_file(path);
        let found = found.map_err(|error| Unreadable(format!("`{path}` of the base {error}")))?;
        let Some(found) = found else { return Ok(None) };
        self.files.borrow_mut().extend([path.to_owned(), found.path.clone()]);
        let text = String::from_utf8_lossy(&found.bytes).into_owned();
        Ok(Some(Text { path: path.to_owned(), place: found.path, text }))
    }

    /// A file of the base that the user has named.
    fn wanted(&self, path: &str, noun: &str) -> Result<Text, Failure> {
        let hint = format!(
            "a {noun} counts once the base has it, in itself and not in a submodule; `range --trust-head` takes \
             what the work tree has"
        );
        let missing = format!("the base of the range has no file `{path}`");
        self.read(path)?.ok_or_else(|| Failure::new(missing).hint(hint))
    }

    /// Whose file a path of the user's is. `strict`: the base's in any case.
    fn named(&self, path: &Path, strict: bool) -> Named {
        if self.asked.trusted {
            return Named::Own;
        }
        let inner = repository::inner_path(self.repository, path);
        let real = path.canonicalize().ok();
        let real = real.and_then(|real| repository::inner_path(self.repository, &real));
        let mut both = inner.iter().chain(&real);
        match both.find(|path| self.range.tracks(path)) {
            Some(path) => Named::OfBase(path.clone()),
            None if strict => {
                Named::OfBase(inner.unwrap_or_else(|| path.to_string_lossy().into_owned()))
            }
            None => Named::Own,
        }
    }

    /// The files among `paths` that are the user's own, and the paths of the others in the base.
    fn sorted(&self, paths: &[PathBuf], strict: bool) -> (Vec<PathBuf>, Vec<String>) {
        let (mut own, mut of_base) = (Vec::new(), Vec::new());
        for path in paths {
            match self.named(path, strict) {
                Named::OfBase(path) => of_base.push(path),
                Named::Own => own.push(path.clone()),
            }
        }
        (own, of_base)
    }

    /// The path in the base of the configuration that the user has named; an error for none if the
    /// configuration is the user's own.
    fn named_configuration(&self) -> Result<Option<String>, OwnWord> {
        let shared = self.shared;
        if self.asked.trusted || shared.no_config || scan::inline(shared).is_some() {
            return Err(OwnWord);
        }
        let Some(path) = scan::named(shared) else { return Ok(None) };
        match self.named(&path, self.asked.config_of_base && shared.config.is_some()) {
            Named::OfBase(path) => Ok(Some(path)),
            Named::Own => Err(OwnWord),
        }
    }

    /// The configuration in force.
    pub(super) fn configuration(&self) -> Result<Config, Failure> {
        let Ok(named) = self.named_configuration() else {
            let load = |path: &str, by: &str| self.extended_by_own(path, by);
            return scan::configuration_with(self.shared, &self.asked.start, &load);
        };
        let found = match named {
            Some(path) => Some(self.wanted(&path, "configuration")?),
            None => match self.nearest(&config::NAMES)? {
                None => self.nearest(&config::FOREIGN_NAMES)?,
                found => found,
            },
        };
        let Some(Text { path, place, text }) = found else { return Ok(Config::default()) };
        let name = of_base(&path);
        let load = |path: &str, by: &str| self.extended(path, by);
        let mut config = config::parse(&name, &text, &load).map_err(|error| {
            scan::misconfigured(&name, error)
                .hint("mend it on the base, or scan with `--no-config` or `--config FILE`")
        })?;
        if let Some(gitleaks) = &mut config.gitleaks {
            gitleaks.itself = Some(place);
            config.path = Some(PathBuf::from(&name));
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for rules in &mut config.rules {
            *rules = PathBuf::from(joined(folder, &rules.to_string_lossy()));
        }
        Ok(config)
    }

    /// A file of the base that one for gitleaks extends, from that file on or from the root.
    fn extended(&self, path: &str, by: &str) -> Result<(String, String), String> {
        let by = by.strip_suffix(OF_BASE).unwrap_or(by);
        let folder = by.rsplit_once('/').map_or("", |(folder, _)| folder);
        let paths = [joined(folder, path), joined("", path)];
        for path in &paths {
            if let Some(found) = self.read(path).map_err(|Unreadable(why)| why)? {
                return Ok((of_base(&found.path), found.text));
            }
        }
        Err("the base of the range has no such file".to_owned())
    }

    /// A file that the user's own configuration extends: one of the repository is the base's.
    fn extended_by_own(&self, path: &str, by: &str) -> Result<(String, String), String> {
        for place in config::extended_paths(path, by) {
            if let Named::OfBase(inner) = self.named(&place, false) {
                let missing = || format!("the base of the range has no file `{inner}`");
                let found =
                    self.read(&inner).map_err(|Unreadable(why)| why)?.ok_or_else(missing)?;
                return Ok((place.display().to_string(), found.text));
            }
            if place.is_file() {
                break;
            }
        }
        config::extended(path, by)
    }

    /// The nearest file of the base of one of these names, above the folder at hand.
    fn nearest(&self, names: &[&str]) -> Result<Option<Text>, Unreadable> {
        let inner = repository::inner_path(self.repository, &self.asked.start);
        let mut folder = inner.unwrap_or_default();
        loop {
            for name in names {
                if let Some(found) = self.read(&joined(&folder, name))? {
                    return Ok(Some(found));
                }
            }
            if folder.is_empty() {
                return Ok(None);
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        }
    }

    /// The baselines in force: those that the user has named, and those at the root of the base.
    pub(super) fn baselines(&self) -> Result<Vec<Baseline>, Failure> {
        let shared = self.shared;
        if self.asked.trusted {
            return known::load(shared, &self.asked.start);
        }
        let (own, of_base) = self.sorted(&shared.baseline, self.asked.config_of_base);
        let own = SharedArgs { baseline: own, no_baseline: true, ..shared.clone() };
        let mut known = known::load(&own, &self.asked.start)?;
        let mut read = |text: Text| {
            let one = baseline::of_text(&text.path, &text.text, Some(text.place));
            one.map(|one| known.push(one)).map_err(|error| known::failure(&error))
        };
        for path in &of_base {
            read(self.wanted(path, "baseline")?)?;
        }
        let at_root = baseline::NAMES.iter().filter(|_| !shared.no_baseline);
        for name in at_root.filter(|name| !of_base.iter().any(|path| path == *name)) {
            self.read(name)?.map_or(Ok(()), &mut read)?;
        }
        Ok(known)
    }

    /// The rules in force: rule files of the repository are the base's, whoever names them.
    pub(super) fn rule_set(&self, config: &mut Config) -> Result<RuleSet, Failure> {
        let (own, of_base) = self.sorted(&self.shared.rules, false);
        let own = SharedArgs { rules: own, ..self.shared.clone() };
        let mut set = match self.named_configuration() {
            Err(OwnWord) => self.rules_of_own(config, &own, &of_base)?,
            Ok(_) => self.rules_of_base(config, &of_base)?,
        };
        let named = of_base.iter().map(|path| self.wanted(path, RULE_FILE));
        for found in named.collect::<Result<Vec<Text>, Failure>>()? {
            rules::add_named_text(&mut set, &found.path, &found.text)?;
        }
        scan::finish_rules(set, &own, config)
    }

    /// The rules of the user's own configuration; what the user names as well is the user's.
    fn rules_of_own(
        &self,
        config: &mut Config,
        own: &SharedArgs,
        named: &[String],
    ) -> Result<RuleSet, Failure> {
        let asking = self.shared.live.verify;
        let mut set = scan::assembled(rules::load(std::iter::empty())?, config)?;
        // One by one: of two rules of one id the last one counts.
        for path in scan::scanned_files(own, config) {
            match self.named(&path, false) {
                Named::Own => rules::add_scanned(&mut set, &[path], asking)?,
                Named::OfBase(path) if named.contains(&path) => {}
                Named::OfBase(path) => {
                    let found = self.wanted(&path, RULE_FILE)?;
                    rules::add_scanned_texts(&mut set, &[(found.path, found.text)], asking)?;
                }
            }
        }
        Ok(set)
    }

    /// The rules of the base's configuration; what the user names as well is the user's.
    fn rules_of_base(&self, config: &mut Config, named: &[String]) -> Result<RuleSet, Failure> {
        let mut texts = Vec::new();
        for path in &config.rules {
            let path = path.to_string_lossy().into_owned();
            if named.contains(&path) {
                continue;
            }
            let found = self.read(&path)?.ok_or_else(|| {
                Failure::new(format!("the base of the range has no rule file `{path}`"))
                    .hint("the configuration of the base names it in `rules`")
            })?;
            texts.push((path, found.text));
        }
        let mut set = scan::assembled(rules::load(std::iter::empty())?, config)?;
        rules::add_scanned_texts(&mut set, &texts, self.shared.live.verify)?;
        Ok(set)
    }
}

/// What a rule file is called.
const RULE_FILE: &str = "rule file";

/// The configuration is the user's own.
struct OwnWord;

/// Why a file that the base has cannot be read.
struct Unreadable(String);

impl From<Unreadable> for Failure {
    fn from(Unreadable(why): Unreadable) -> Self {
        Failure::new(why).hint(
            "a link counts within the base alone, and `git fetch --refetch --no-filter` gets what a partial \
             clone has not; `range --trust-head` takes what the work tree has",
        )
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
