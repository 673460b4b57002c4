//! Scans files and history together, for the commands that keep what a repository knows.
//!
//! Not here: what they do with it.

use std::path::Path;
use std::sync::Arc;

use super::args::{SharedArgs, WalkArgs};
use super::message::Failure;
use super::{history, progress, repository, scan};
use crate::config::Config;
use crate::finding::Outcome;
use crate::pipeline::Pipeline;
use crate::rule::{Listed, RuleSet, Written};
use crate::scanner::{self, Scanner};
use crate::source::{self, Progress};

/// What to scan.
#[derive(Clone, Copy)]
pub(super) struct Everything<'a> {
    /// A folder.
    pub(super) folder: &'a Path,
    /// Whether the history of the repository that it is in counts too.
    pub(super) history: bool,
    pub(super) walk: &'a WalkArgs,
    pub(super) shared: &'a SharedArgs,
    /// Whether to tell of what is allowed.
    pub(super) audit: bool,
}

/// What came of it.
pub(super) struct Scanned {
    pub(super) outcome: Outcome,
    /// The configuration, without the allowlists, and a text for each of them.
    pub(super) config: Config,
    pub(super) allowlists: Vec<OfAll>,
    /// The allowlists of single rules.
    pub(super) of_rules: Vec<OfRule>,
}

/// An allowlist of the configuration, for people.
pub(super) struct OfAll {
    pub(super) rules: Vec<String>,
    pub(super) reason: Option<String>,
}

/// An allowlist of one rule, for people.
pub(super) struct OfRule {
    pub(super) rule: String,
    /// Its number in the rule, from 1.
    pub(super) number: usize,
    pub(super) at: Written,
    pub(super) reason: Option<String>,
}

impl Everything<'_> {
    /// Scans.
    pub(super) fn scan(&self) -> Result<Scanned, Failure> {
        let shared = self.shared;
        let mut config = scan::configuration(shared, self.folder)?;
        let rules = scan::rule_set(shared, &mut config)?;
        let least = scan::least(shared, &config);
        let walk = scan::walk_options(self.walk, shared, &config);
        let past = history::usual(shared, &config, least);
        let allowlists = std::mem::take(&mut config.allowlists);
        let listed = allowlists
            .iter()
            .map(|list| OfAll { rules: list.rules.clone(), reason: list.reason() })
            .collect();
        let of_rules = of_rules(&rules);
        let asked = scan::asked(shared, allowlists)?;
        let asked = scanner::Options { audit: self.audit, audits_rules: self.audit, ..asked };
        let scanner = Scanner::new(&rules, asked);
        let running = Arc::new(Progress::default());
        scan::end_on_interrupt(&running);
        let pipeline = Pipeline::new(&scanner);
        let roots = [self.folder.to_owned()];
        let found = progress::shown(&running, !shared.quiet, || {
            // Whoever wants to know what is allowed must read it.
            let allowed = if self.audit { &[] } else { scanner.allowlists() };
            source::walk(&roots, &walk, allowed, &running, &|| pipeline.worker());
            let in_repository = self.history && history::is_repository(self.folder);
            let history = || {
                let repository = repository::find(self.folder)?;
                source::history::history(&repository, &scanner, &past, &running)
            };
            in_repository.then(history).transpose()
        });
        if let Some(found) = found.map_err(history::failure)? {
            pipeline.add(found);
        }
        let mut outcome = pipeline.finish(least);
        if running.is_cancelled() {
            scan::interrupted(&mut outcome);
        }
        Ok(Scanned { outcome, config, allowlists: listed, of_rules })
    }
}

/// The allowlists of single rules that somebody wrote, as they stand in the files.
fn of_rules(rules: &RuleSet) -> Vec<OfRule> {
    let own = rules.rules.iter().filter_map(Listed::own);
    let all = own.flat_map(|rule| rule.allowlists.iter().zip(1..).map(move |one| (rule, one)));
    let written = all.filter_map(|(rule, (list, number))| {
        let at = list.written.clone()?;
        Some(OfRule { rule: rule.id.clone(), number, at, reason: list.reason() })
    });
    let mut written: Vec<OfRule> = written.collect();
    written.sort_by(|a, b| (&a.at.file, a.at.line).cmp(&(&b.at.file, b.at.line)));
    written
}
