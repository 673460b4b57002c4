//! What a whole run came to.

use std::collections::BTreeSet;
use std::fmt;

use super::mask::Mask;
use super::{Finding, Secret, Warning};

/// What a run found, what it could not read, and what it did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The findings, sorted by severity (worst first), then place.
    pub findings: Vec<Finding>,
    /// Candidates that are no findings, with the reason; only if they were asked for.
    pub rejections: Vec<Rejected>,
    /// Findings that somebody has allowed, one place each; those that scanning itself sorts out only
    /// if they were asked for.
    pub suppressed: Vec<Suppressed>,
    /// Allow comments of everything that was read, if they were asked for.
    pub comments: Vec<AllowMark>,
    /// What a reader should know, sorted.
    pub warnings: Vec<Warning>,
    /// Whether everything that should have been read was read.
    pub complete: bool,
    /// Counts.
    pub stats: Stats,
}

impl Outcome {
    /// The same to be shown, if a secret of the run stands in what is shown beside it: masked there. Where
    /// that is the path, the fingerprints of what lies there are those that hold for any path. `in_name`
    /// tells the secrets that are nowhere but in the name of a file.
    pub fn masked(&self, in_name: impl Fn(&str) -> Vec<Secret>) -> Option<Self> {
        let suppressed = self.suppressed.iter().map(|one| &one.finding);
        let known: Vec<&Finding> = self.findings.iter().chain(suppressed).collect();
        let named = self.names().into_iter().flat_map(in_name).collect::<Vec<Secret>>();
        let marked = known.iter().map(|finding| &finding.secret).filter(|s| s.is_marked());
        let names = Mask::new(marked.chain(&named));
        let places = known.iter().flat_map(|finding| &finding.occurrences);
        let encoded = places.filter_map(|place| place.encoded.as_ref());
        let all = known.iter().map(|finding| &finding.secret).chain(encoded).chain(&named);
        let texts = Mask::new(all.filter(|secret| is_telling(secret.expose())))?;
        let mut shown = self.clone();
        let mut changed = false;
        for finding in shown.findings_mut() {
            let moved = names.as_ref().is_some_and(|names| mask_paths(finding, names));
            changed |= moved | mask_texts(finding, &texts);
        }
        changed |= shown.mask_rest(names.as_ref(), &texts);
        changed.then_some(shown)
    }

    /// The different paths of all that is shown, and what warnings say of them.
    fn names(&self) -> BTreeSet<&str> {
        let places = self.findings.iter().flat_map(|finding| &finding.occurrences);
        let paths = places.map(|place| place.path.as_str());
        let rejected = self.rejections.iter().map(|one| one.path.as_str());
        let suppressed = self.suppressed.iter().flat_map(|one| &one.finding.occurrences);
        let paths = paths.chain(suppressed.map(|place| place.path.as_str()));
        paths
            .chain(self.comments.iter().map(|mark| mark.path.as_str()))
            .chain(rejected)
            .chain(self.warnings.iter().filter_map(|w| w.path.as_deref()))
            .chain(self.warnings.iter().map(|w| w.message.as_str()))
            .collect()
    }

    fn findings_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.findings.iter_mut().chain(self.suppressed.iter_mut().map(|one| &mut one.finding))
    }

    /// Masks what is no part of a finding.
    fn mask_rest(&mut self, names: Option<&Mask>, texts: &Mask) -> bool {
        let mut changed = false;
        for one in &mut self.suppressed {
            for text in one.by.texts_mut() {
                changed |= texts.apply(text);
            }
        }
        for mark in &mut self.comments {
            changed |= mark.reason.as_mut().is_some_and(|reason| texts.apply(reason));
            changed |= names.is_some_and(|names| names.apply(&mut mark.path));
        }
        for warning in &mut self.warnings {
            changed |= texts.apply(&mut warning.message);
        }
        let rejected = self.rejections.iter_mut().map(|one| &mut one.path);
        let warned = self.warnings.iter_mut().filter_map(|one| one.path.as_mut());
        for path in rejected.chain(warned) {
            changed |= names.is_some_and(|names| names.apply(path));
        }
        changed
    }
}

/// Masks the paths of a finding; what lies there is then known by the fingerprint that holds for any.
fn mask_paths(finding: &mut Finding, names: &Mask) -> bool {
    let mut changed = false;
    for place in &mut finding.occurrences {
        let mut inner = place.path[place.file().len()..].to_owned();
        if names.apply(&mut place.path) {
            names.apply(&mut inner);
            place.inner = inner.len();
            place.stable_path = String::new();
            changed = true;
        }
    }
    if let Some(first) = finding.occurrences.first().filter(|_| changed) {
        finding.fingerprint = finding.fingerprint_at(first);
    }
    changed
}

/// Masks what is shown beside a finding.
fn mask_texts(finding: &mut Finding, texts: &Mask) -> bool {
    let mut changed = false;
    for place in &mut finding.occurrences {
        changed |= texts.apply(&mut place.snippet);
        for name in &mut place.reach.refs {
            changed |= texts.apply(name);
        }
        for commit in place.commit.iter_mut().chain(&mut place.last_commit) {
            for text in [&mut commit.author, &mut commit.email, &mut commit.summary] {
                changed |= texts.apply(text);
            }
        }
    }
    for evidence in &mut finding.evidence {
        changed |= texts.apply(evidence);
    }
    changed
}

/// Whether a secret is masked wherever it stands: shorter ones, and words, stand in any text.
fn is_telling(secret: &[u8]) -> bool {
    let is_word = || secret.iter().all(u8::is_ascii_alphabetic);
    secret.len() >= TELLING && !(secret.len() < 2 * TELLING && is_word())
}

/// Fewer bytes tell nothing.
const TELLING: usize = 8;

/// A candidate that is no finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected {
    /// Where it stands: path, line, column.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// Id of the rule.
    pub rule: String,
    /// The text, masked as a secret would be.
    pub text: String,
    /// Why it is no finding.
    pub reason: String,
}

/// A comment that allows secrets, and stands somewhere whether there are any or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AllowMark {
    /// The path of the content.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What it is, as its scanner spells it.
    pub marker: String,
    /// The rules that it names; empty: all.
    pub rules: Vec<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A secret in one place that somebody has allowed there.
#[derive(Clone, Debug)]
pub struct Suppressed {
    /// The finding, with that place alone.
    pub finding: Finding,
    /// What allows it.
    pub by: Suppressor,
}

/// What allows a secret to stay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suppressor {
    /// A comment in the content.
    Comment {
        /// Where it stands.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What it is, as its scanner spells it.
        marker: String,
        /// Why.
        reason: Option<String>,
    },
    /// An allowlist of the configuration.
    Allowlist {
        /// Its number in the configuration, from 1.
        number: usize,
        /// Why.
        reason: Option<String>,
    },
    /// An allowlist of one rule.
    OfRule {
        /// Id of the rule.
        rule: String,
        /// Its number in the rule, from 1.
        number: usize,
        /// Why.
        reason: Option<String>,
    },
    /// An entry of a baseline.
    Baseline {
        /// The file.
        file: String,
        /// The line, or of JSON the number of the entry.
        line: usize,
        /// Why.
        reason: Option<String>,
    },
}

impl Suppressor {
    /// What somebody wrote, and where.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let (place, reason) = match self {
            Suppressor::Comment { path, reason, .. } => (Some(path), reason),
            Suppressor::Allowlist { reason, .. } | Suppressor::OfRule { reason, .. } => {
                (None, reason)
            }
            Suppressor::Baseline { file, reason, .. } => (Some(file), reason),
        };
        place.into_iter().chain(reason)
    }

    /// Why the secret may stay, if somebody said so.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Suppressor::Comment { reason, .. }
            | Suppressor::Allowlist { reason, .. }
            | Suppressor::OfRule { reason, .. }
            | Suppressor::Baseline { reason, .. } => reason.as_deref(),
        }
    }
}

impl fmt::Display for Suppressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Suppressor::Comment { marker, .. } => write!(f, "the comment `{marker}`"),
            Suppressor::Allowlist { reason, .. } => {
                let reason = reason.as_deref().unwrap_or("no reason given");
                return write!(f, "an allowlist of the configuration: {reason}");
            }
            Suppressor::OfRule { rule, .. } => write!(f, "an allowlist of the rule `{rule}`"),
            Suppressor::Baseline { file, line, .. } => {
                write!(f, "the baseline `{file}`, entry {line}")
            }
        }?;
        match self.reason() {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// What a run did. Counts only, so that the same input gives the same numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files (or other whole contents) read.
    pub files: u64,
    /// Members of archives read.
    pub members: u64,
    /// Bytes searched, unpacked ones included.
    pub bytes: u64,
    /// Files left out by size, path allowlist or because they are no regular files.
    pub skipped: u64,
    /// Matches that were refused: placeholders, words, other forms. In a history those of each content
    /// once, wherever it lies, unless each is listed.
    pub rejected: u64,
    /// Matches that an allow comment or an allowlist suppressed.
    pub suppressed: u64,
    /// Findings below the confidence that was asked for.
    pub below_confidence: u64,
    /// Places that a baseline lists.
    pub baselined: u64,
}

impl Stats {
    /// Adds the counts of another part of the run.
    pub fn add(&mut self, other: &Stats) {
        self.files += other.files;
        self.members += other.members;
        self.bytes += other.bytes;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
        self.suppressed += other.suppressed;
        self.below_confidence += other.below_confidence;
        self.baselined += other.baselined;
    }
}
