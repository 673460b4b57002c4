//! What a whole run came to.

use super::{Finding, Warning};

/// What a run found, what it could not read, and what it did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The findings, sorted by severity (worst first), then place.
    pub findings: Vec<Finding>,
    /// Candidates that are no findings, with the reason; only if they were asked for.
    pub rejections: Vec<Rejected>,
    /// What a reader should know, sorted.
    pub warnings: Vec<Warning>,
    /// Whether everything that should have been read was read.
    pub complete: bool,
    /// Counts.
    pub stats: Stats,
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
    /// Matches that were refused: placeholders, words, other forms.
    pub rejected: u64,
    /// Matches that an allow comment or an allowlist suppressed.
    pub suppressed: u64,
    /// Findings below the confidence that was asked for.
    pub below_confidence: u64,
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
    }
}
