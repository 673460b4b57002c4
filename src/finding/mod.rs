//! What is reported: one secret, everywhere that it was found.
//!
//! Not here: how it was found, and how a report looks.

mod fingerprint;
mod mask;
mod outcome;
mod secret;

pub use fingerprint::{Fingerprint, FingerprintKey};
pub use outcome::{AllowMark, Outcome, Rejected, Stats, Suppressed, Suppressor};
pub use secret::Secret;

use std::cmp::Ordering;
use std::fmt;

use crate::blob::is_of_file;
use crate::rule::{Environment, Severity};
use crate::span::{Position, Span};

/// How sure it is that a finding is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A guess; shown on request only.
    Low,
    /// The right prefix and a body that looks drawn at random.
    Medium,
    /// The documented form.
    High,
}

impl Confidence {
    /// The word that reports and options use.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a key still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It does.
    Active,
    /// The provider refuses it.
    Inactive,
    /// The provider's answer does not tell.
    Unknown,
    /// Nobody was asked.
    NotChecked,
}

impl Verdict {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Active => "active",
            Verdict::Inactive => "inactive",
            Verdict::Unknown => "unknown",
            Verdict::NotChecked => "not-checked",
        }
    }
}

/// What is known of whether a key still works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is this one.
    pub reason: Option<String>,
    /// When the provider was asked, RFC 3339 in UTC.
    pub checked_at: Option<String>,
    /// Where it was asked: an address without any secret.
    pub endpoint: Option<String>,
    /// Whether nobody was asked though there is somebody to ask. No report shows it.
    pub missed: bool,
}

impl Verification {
    /// Nobody was asked, because nobody wanted it.
    pub fn not_asked() -> Self {
        let reason = Some("live checks were not asked for".to_owned());
        Self {
            verdict: Verdict::NotChecked,
            reason,
            checked_at: None,
            endpoint: None,
            missed: false,
        }
    }
}

/// What a live check needs to know beside the secret. No report shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// Other providers for whom as much speaks as for the one that is named, or more; without such a
    /// one, all for whom something speaks.
    pub rivals: Vec<String>,
    /// Lines between the secret and the nearest evidence, so many bytes of a long line counting as
    /// one; none: its form proves the provider, or nothing does.
    pub distance: Option<usize>,
    /// Why the evidence is not enough to send the secret to the provider.
    pub doubt: Option<&'static str>,
    /// Values near the secret, by the names that the rule gives them.
    pub context: Vec<(String, String)>,
}

/// A commit, as far as reports show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The full object id.
    pub id: String,
    /// Name and address of the author.
    pub author: String,
    /// The author's e-mail address.
    pub email: String,
    /// When it was authored, RFC 3339.
    pub date: String,
    /// The first line of the message.
    pub summary: String,
}

/// The refs that reach a commit, or what lies there without one: branches first, then tags, then
/// others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The full names of the first of them.
    pub refs: Vec<String>,
    /// How many there are.
    pub total: usize,
    /// Whether it is known that there are none: only leftovers hold what is there.
    pub unreachable: bool,
}

/// One place that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The path as the user would type it.
    pub path: String,
    /// The path that fingerprints use, see [`crate::blob::Provenance`].
    pub stable_path: String,
    /// Bytes at the end of both paths that lead into an archive, see [`crate::blob::Provenance`].
    pub inner: usize,
    /// Where the secret begins.
    pub start: Position,
    /// One past its last character.
    pub end: Position,
    /// For a rule that means what it means to gitleaks, the line on which its match begins: the secret
    /// may stand on a later one.
    pub match_line: Option<usize>,
    /// Its bytes, as encoded in the content.
    pub span: Span,
    /// The encoding, `plain` for none; nested ones from the outside, joined by `+`.
    pub encoding: String,
    /// The secret as it stands in the content, where that is another text.
    pub encoded: Option<Secret>,
    /// The git object that holds it.
    pub blob: Option<String>,
    /// The commit that introduced it.
    pub commit: Option<Commit>,
    /// The last commit that holds it.
    pub last_commit: Option<Commit>,
    /// Whether HEAD holds it.
    pub in_head: Option<bool>,
    /// Which refs reach `commit`; without one, what lies there.
    pub reach: Reach,
    /// The line, or the part of it around the secret, with every secret in it masked.
    pub snippet: String,
}

impl Occurrence {
    /// Whether it is in a file, and not in a message or on standard input.
    pub fn is_in_file(&self) -> bool {
        is_of_file(&self.stable_path)
    }

    /// The path of the file itself, which may be an archive that holds it.
    pub fn file(&self) -> &str {
        outside(&self.path, self.inner)
    }

    /// The same of the path that fingerprints use.
    pub fn stable_file(&self) -> &str {
        outside(&self.stable_path, self.inner)
    }
}

/// A path without so many bytes at its end.
fn outside(path: &str, inner: usize) -> &str {
    path.len().checked_sub(inner).and_then(|end| path.get(..end)).unwrap_or(path)
}

/// One secret and everything known of it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// What the rule says it is.
    pub description: String,
    /// Id of the provider that issued it, if that is proved.
    pub provider: Option<String>,
    /// What it opens, if the form tells.
    pub environment: Option<Environment>,
    /// How bad the leak is.
    pub severity: Severity,
    /// How sure it is that this is a secret.
    pub confidence: Confidence,
    /// The secret.
    pub secret: Secret,
    /// The fingerprint of its first occurrence.
    pub fingerprint: Fingerprint,
    /// Whether it still works.
    pub verification: Verification,
    /// What proves the provider.
    pub evidence: Vec<String>,
    /// What a live check needs to know.
    pub clues: Clues,
    /// The places, sorted; never empty.
    pub occurrences: Vec<Occurrence>,
}

impl Finding {
    /// The fingerprint of the secret in one of its places.
    pub fn fingerprint_at(&self, occurrence: &Occurrence) -> Fingerprint {
        self.fingerprint.at(&self.rule, &occurrence.stable_path)
    }

    /// The order of reports: the worst first, then by place.
    pub fn order(&self, other: &Self) -> Ordering {
        let place = |f: &Self| f.occurrences.first().map(|o| (o.path.clone(), o.span));
        (other.severity, other.confidence)
            .cmp(&(self.severity, self.confidence))
            .then_with(|| place(self).cmp(&place(other)))
            .then_with(|| self.rule.cmp(&other.rule))
            .then_with(|| self.secret.cmp(&other.secret))
    }
}

/// Something that a reader of the report should know about the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The kind, a word for machines, such as `unreadable`.
    pub kind: &'static str,
    /// What it is about, if it is about one thing.
    pub path: Option<String>,
    /// What happened and what to do.
    pub message: String,
    /// Whether content was left unread because of it.
    pub incomplete: bool,
}
