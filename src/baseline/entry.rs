//! What one entry of a baseline is about, and whether a secret in a place is that.

use std::borrow::Cow;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::own::one_line;
use crate::finding::{Finding, Occurrence, Secret};
use crate::moment::Day;
use crate::visible::visible;

/// Who writes such files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// We do.
    Own,
    /// gitleaks: `.gitleaksignore`.
    GitleaksIgnore,
    /// gitleaks: its JSON report.
    Gitleaks,
    /// betterleaks: `.betterleaksignore`.
    Betterleaks,
    /// detect-secrets: `.secrets.baseline`.
    DetectSecrets,
    /// kingfisher: its baseline in YAML.
    Kingfisher,
}

impl Format {
    /// The name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Own => "keytrawl",
            Format::GitleaksIgnore | Format::Gitleaks => "gitleaks",
            Format::Betterleaks => "betterleaks",
            Format::DetectSecrets => "detect-secrets",
            Format::Kingfisher => "kingfisher",
        }
    }
}

/// One thing that is known.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its line in the file, from 1; of JSON its number.
    pub line: usize,
    /// The entry as it stands in the file, or a text for people; it holds no secret.
    pub shown: String,
    /// The last day on which it holds.
    pub expires: Option<Day>,
    /// Why the secret may stay.
    pub reason: Option<String>,
    /// What it is about: one of these.
    pub(super) keys: Vec<Key>,
}

/// A way to tell a secret in a place.
#[derive(Clone, Debug)]
pub(super) enum Key {
    /// Our fingerprint; without a path, everywhere.
    Fingerprint { rule: String, path: Option<String>, hash: String },
    /// Whatever stands in a line, of one commit if it names one.
    Place { path: FilePath, first: usize, last: usize, commit: Option<String> },
    /// The secret itself, or what holds it, in a file.
    Clear { path: FilePath, text: Secret },
    /// SHA-1 of the secret, or of its beginning, in a file.
    Sha1 { path: FilePath, digest: [u8; 20] },
    /// SHA-256 of the secret; without a path, everywhere.
    Sha256 { path: Option<FilePath>, digest: [u8; 32] },
}

/// A path as another scanner writes it.
#[derive(Clone, Debug)]
pub(super) struct FilePath {
    text: String,
    /// Whether it begins with the name of the folder that was scanned.
    rooted: bool,
}

impl FilePath {
    pub(super) fn new(text: &str) -> Self {
        Self { text: normal(text), rooted: false }
    }

    /// A path whose first part may be the name of the scanned folder.
    pub(super) fn rooted(text: &str) -> Self {
        Self { text: normal(text).trim_end_matches('/').to_owned(), rooted: true }
    }

    /// Whether it is the path of an occurrence. An absolute one may be that of another checkout.
    fn is(&self, path: &str) -> bool {
        let behind = |text: &str| text.strip_suffix(path).is_some_and(|rest| rest.ends_with('/'));
        let absolute = self.text.starts_with('/') || self.text.as_bytes().get(1) == Some(&b':');
        self.text == path
            || (absolute && behind(&self.text))
            || (self.rooted && self.text.split_once('/').is_some_and(|(_, rest)| rest == path))
    }
}

/// A path with `/` between its parts and nothing at its front that means "here".
pub(super) fn normal(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut rest = path.as_str();
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter;
    }
    rest.to_owned()
}

/// The paths of a place, in their normal form.
pub(super) struct Paths {
    /// The one in the repository.
    pub(super) stable: String,
    /// The same as reports for people show it, where that is another text.
    pub(super) shown: Option<String>,
    /// The one that was typed: scanners that ran in a folder know that one.
    typed: String,
}

impl Paths {
    pub(super) fn of(place: &Occurrence) -> Self {
        let shown = match visible(&place.stable_path) {
            Cow::Borrowed(_) => None,
            Cow::Owned(shown) => Some(normal(&shown)),
        };
        let stable = one_line(&normal(&place.stable_path));
        Self { stable, shown, typed: normal(&place.path) }
    }

    fn shows(&self, listed: &str) -> bool {
        self.stable == listed || self.shown.as_deref() == Some(listed)
    }
}

/// A finding, with what entries want to know of its secret, each made once.
pub(super) struct Subject<'f> {
    finding: &'f Finding,
    hash: String,
    sha256: [u8; 32],
    sha1: Vec<[u8; 20]>,
}

/// Other scanners cut keys; beginnings that are shorter say nothing.
const BEGINNING: usize = 16;

impl<'f> Subject<'f> {
    /// `beginnings`: whether an entry may ask for SHA-1.
    pub(super) fn new(finding: &'f Finding, beginnings: bool) -> Self {
        let secret = finding.secret.expose();
        let fingerprint = finding.fingerprint.as_str();
        Self {
            finding,
            hash: fingerprint.rsplit(':').next().unwrap_or_default().to_owned(),
            sha256: Sha256::digest(secret).into(),
            sha1: if beginnings { digests(secret) } else { Vec::new() },
        }
    }

    /// Whether `entry` is about this secret at `place`.
    pub(super) fn is(&self, entry: &Entry, place: &Occurrence, paths: &Paths) -> bool {
        entry.keys.iter().any(|key| self.has(key, place, paths))
    }

    fn has(&self, key: &Key, place: &Occurrence, paths: &Paths) -> bool {
        let here = |listed: &FilePath| listed.is(&paths.stable) || listed.is(&paths.typed);
        match key {
            Key::Fingerprint { rule, path: listed, hash } => {
                *hash == self.hash
                    && *rule == self.finding.rule
                    && listed.as_ref().is_none_or(|listed| paths.shows(listed))
            }
            Key::Place { path: listed, first, last, commit } => {
                // To gitleaks, a file that is a finding by its path is one in line 0.
                let lines = match (self.finding.secret.expose(), place.match_line) {
                    ([], _) => *first == 0,
                    (_, Some(line)) => (*first..=*last).contains(&line),
                    // Where gitleaks' own rule would begin is not known.
                    _ => place.start.line <= *last && place.end.line >= *first,
                };
                let same =
                    |id: &String| place.commit.as_ref().is_some_and(|c| c.id.starts_with(id));
                lines && here(listed) && commit.as_ref().is_none_or(same)
            }
            Key::Clear { path: listed, text } => {
                here(listed) && holds(text.expose(), self.finding.secret.expose())
            }
            Key::Sha1 { path: listed, digest } => {
                let encoded = || place.encoded.as_ref().is_some_and(|e| begins(e.expose(), digest));
                here(listed) && (self.sha1.contains(digest) || encoded())
            }
            Key::Sha256 { path: listed, digest } => {
                *digest == self.sha256 && listed.as_ref().is_none_or(here)
            }
        }
    }
}

/// SHA-1 of what other scanners may take for the secret: all of it, or its beginning, or the same of
/// what follows a separator in it.
fn digests(secret: &[u8]) -> Vec<[u8; 20]> {
    let separated = secret.iter().enumerate().filter(|(_, b)| !b.is_ascii_alphanumeric());
    let starts = std::iter::once(0).chain(separated.map(|(at, _)| at + 1)).take(MOST_PARTS);
    let ends = |start: usize| (start + BEGINNING).min(secret.len())..=secret.len();
    starts
        .flat_map(|from| ends(from).map(move |to| (from, to)))
        .map(|(from, to)| Sha1::digest(&secret[from..to]).into())
        .collect()
}

/// Parts of a secret that are looked at.
const MOST_PARTS: usize = 8;

/// Whether a digest is that of an encoded secret: of its beginning, or with the end that pads it.
fn begins(text: &[u8], digest: &[u8; 20]) -> bool {
    let is = |text: &[u8]| <[u8; 20]>::from(Sha1::digest(text)) == *digest;
    let padded = ["=", "=="].iter().any(|pad| is(&[text, pad.as_bytes()].concat()));
    padded || (BEGINNING.min(text.len())..=text.len()).any(|n| is(&text[..n]))
}

/// Whether `part` is somewhere in `text`, or `text` is a beginning of `part` that says enough.
fn holds(text: &[u8], part: &[u8]) -> bool {
    let cut = text.len() >= BEGINNING && part.starts_with(text);
    cut || (part.len() <= text.len() && memchr::memmem::find(text, part).is_some())
}

impl Key {
    /// The last part of the path that it is about; none: any.
    pub(super) fn file_name(&self) -> Option<&str> {
        let path = match self {
            Key::Fingerprint { path, .. } => path.as_deref()?,
            Key::Place { path, .. } | Key::Clear { path, .. } | Key::Sha1 { path, .. } => {
                &path.text
            }
            Key::Sha256 { path, .. } => &path.as_ref()?.text,
        };
        Some(file_name(path))
    }
}

/// What stands behind the last `/`.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
