//! What the page wants to know of a finding, made once.
//!
//! Not here: how it looks.

use crate::finding::{Commit, Finding, Verdict};
use crate::moment;
use crate::report::Options;
use crate::report::remedy::Remedy;
use crate::rule::RuleSet;

/// Where a secret is still to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// In files that were scanned as they are.
    Files,
    /// HEAD holds it.
    Head,
    /// HEAD does not, the history does.
    History,
    /// No ref leads to it.
    Unreachable,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            State::Files => "in files",
            State::Head => "in HEAD",
            State::History => "history only",
            State::Unreachable => "unreachable only",
        }
    }
}

/// A finding and what follows from it.
pub(super) struct Facts<'a> {
    pub(super) finding: &'a Finding,
    /// The secret as the page shows it.
    pub(super) secret: String,
    /// The provider for people.
    pub(super) provider: String,
    pub(super) remedy: Option<Remedy<'a>>,
    pub(super) state: State,
    /// The commit that introduced it first, and when, in seconds since 1970.
    pub(super) first: Option<(&'a Commit, i64)>,
    /// When a commit last held it; none if HEAD does.
    pub(super) last: Option<i64>,
    /// Everybody who introduced it somewhere, each once.
    pub(super) authors: Vec<&'a str>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(finding: &'a Finding, rules: &'a RuleSet, options: &Options) -> Self {
        let places = || finding.occurrences.iter();
        let state = match () {
            () if places().any(|place| place.in_head == Some(true)) => State::Head,
            () if places().all(|place| place.reach.unreachable) => State::Unreachable,
            () if places().all(|place| place.in_head == Some(false)) => State::History,
            () => State::Files,
        };
        let dated = |commit: &'a Commit| Some((commit, moment::seconds(&commit.date)?));
        let first = places().filter_map(|place| dated(place.commit.as_ref()?));
        let last = places().filter_map(|place| dated(place.last_commit.as_ref()?));
        let last = last.map(|(_, time)| time).max().filter(|_| state == State::History);
        let mut authors: Vec<&str> = Vec::new();
        for commit in places().filter_map(|place| place.commit.as_ref()) {
            if !authors.contains(&commit.author.as_str()) {
                authors.push(&commit.author);
            }
        }
        let id = finding.provider.as_deref();
        let name = id.map(|id| rules.provider(id).map_or(id, |provider| &provider.name));
        Self {
            finding,
            secret: match options.show_secrets {
                true => String::from_utf8_lossy(finding.secret.expose()).into_owned(),
                false => finding.secret.redacted(),
            },
            provider: name.unwrap_or("issuer unknown").to_owned(),
            remedy: Remedy::of_finding(finding, rules),
            state,
            first: first.min_by_key(|(_, time)| *time),
            last,
            authors,
        }
    }

    /// Whether the provider may still accept it.
    pub(super) fn may_work(&self) -> bool {
        self.finding.verification.verdict != Verdict::Inactive
    }

    /// The day on which it appeared.
    pub(super) fn day(&self) -> &'a str {
        self.first.map_or("", |(commit, _)| day(commit))
    }
}

/// The day of a commit, as its author's clock had it.
pub(super) fn day(commit: &Commit) -> &str {
    commit.date.get(..10).unwrap_or(&commit.date)
}

/// As many characters of an object id as people read.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
