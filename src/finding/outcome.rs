//! What a whole run came to.

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};

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
    /// The same to be shown, if a secret of the run is in a path: masked there, and the fingerprints of what
    /// lies there are those that hold for any path.
    pub fn masked(&self) -> Option<Self> {
        let secrets: Vec<&Secret> =
            self.findings.iter().map(|finding| &finding.secret).filter(|s| s.is_marked()).collect();
        if secrets.is_empty() {
            return None;
        }
        let values = secrets.iter().map(|secret| secret.expose());
        let found =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values).ok()?;
        let mask = |text: &str| {
            found.is_match(text).then(|| {
                let mut masked = String::new();
                let shown = |m: &aho_corasick::Match, _: &str, out: &mut String| {
                    out.push_str(&secrets[m.pattern().as_usize()].redacted());
                    true
                };
                found.replace_all_with(text, &mut masked, shown);
                masked
            })
        };
        let paths = self.findings.iter().flat_map(|finding| &finding.occurrences);
        let paths =
            paths.map(|place| &place.path).chain(self.rejections.iter().map(|one| &one.path));
        let mut paths = paths.chain(self.warnings.iter().filter_map(|one| one.path.as_ref()));
        if !paths.any(|path| found.is_match(path)) {
            return None;
        }
        let mut shown = self.clone();
        let suppressed = shown.suppressed.iter_mut().map(|one| &mut one.finding);
        for finding in shown.findings.iter_mut().chain(suppressed) {
            for place in &mut finding.occurrences {
                if let Some(path) = mask(&place.path) {
                    place.path = path;
                    place.stable_path = String::new();
                }
            }
            if let Some(first) = finding.occurrences.first() {
                finding.fingerprint = finding.fingerprint_at(first);
            }
        }
        let rejected = shown.rejections.iter_mut().map(|one| &mut one.path);
        let warned = shown.warnings.iter_mut().filter_map(|one| one.path.as_mut());
        for path in rejected.chain(warned) {
            if let Some(masked) = mask(path) {
                *path = masked;
            }
        }
        Some(shown)
    }
}

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
    /// Why the secret may stay, if somebody said so.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Suppressor::Comment { reason, .. }
            | Suppressor::Allowlist { reason, .. }
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
