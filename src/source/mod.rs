//! Produces blobs from one kind of place, in parallel.
//!
//! A source finds content, reads it, and hands it to workers, one a thread; only what a worker has
//! finished crosses threads. Not here: what a worker does with a blob.

pub mod archive;
mod buffer;
mod content;
mod files;
pub mod history;
mod moves;
mod pipe;
pub mod range;
mod roots;
pub mod staged;
mod stdin;
mod version;
mod walk;

pub use content::{Reader, Reading};
pub use files::files;
pub use stdin::stdin;
pub use walk::{Options, walk};

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::blob::{Blob, Provenance};
use crate::finding::{Rejected, Stats, Suppressor, Warning};
use crate::scanner::Sighting;

/// What a source found that finds secrets on its own.
#[derive(Debug, Default)]
pub struct Found {
    /// The secrets, one for each place.
    pub sightings: Vec<Sighting>,
    /// What is no secret, if that was asked for.
    pub rejections: Vec<Rejected>,
    /// What somebody has allowed, if that was asked for.
    pub allowed: Vec<(Sighting, Suppressor)>,
    /// What could not be read.
    pub warnings: Vec<Warning>,
    /// Counts; blobs and messages are files.
    pub stats: Stats,
}

impl Found {
    /// Takes over what another one holds.
    fn merge(&mut self, other: Self) {
        self.sightings.extend(other.sightings);
        self.rejections.extend(other.rejections);
        self.allowed.extend(other.allowed);
        self.warnings.extend(other.warnings);
        self.stats.add(&other.stats);
    }

    /// Puts `prefix` before all paths of content.
    fn move_below(&mut self, prefix: &str) {
        let allowed = self.allowed.iter_mut().map(|(sighting, _)| sighting);
        for sighting in self.sightings.iter_mut().chain(allowed) {
            sighting.occurrence.path.insert_str(0, prefix);
            sighting.occurrence.stable_path.insert_str(0, prefix);
        }
        for rejected in &mut self.rejections {
            rejected.path.insert_str(0, prefix);
        }
    }
}

/// Takes content from a source, on one thread.
pub trait Worker {
    /// Scans a blob.
    fn blob(&mut self, blob: &Blob<'_>);
    /// Counts a file that was read.
    fn file(&mut self);
    /// Counts a member of an archive that was read.
    fn member(&mut self);
    /// Counts a file that was left out.
    fn skipped(&mut self);
    /// Notes something that a reader of the report should know.
    fn warn(&mut self, warning: Warning);
}

/// How far a run is, for a progress display, and whether it should end.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files read so far.
    pub files: AtomicU64,
    /// Bytes read so far.
    pub bytes: AtomicU64,
    /// Set to end the run soon; what was found so far is kept.
    pub cancelled: AtomicBool,
}

impl Progress {
    /// Whether the run should end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Content that could not be read.
fn unreadable(path: &str, error: &io::Error) -> Warning {
    let message = format!("could not be read: {error}");
    Warning { kind: "unreadable", path: Some(path.to_owned()), message, incomplete: true }
}

/// Where a member of the archive `outer` came from; what is unpacked from a stream keeps its name.
fn provenance_of(member: &archive::Member<'_>, outer: &Provenance) -> Provenance {
    let inner = member.path.strip_prefix(outer.path.as_str()).unwrap_or(member.path);
    inner.strip_prefix('!').map_or_else(|| outer.clone(), |name| outer.member(name))
}

/// A path in a tree as text; what is no UTF-8 is escaped.
pub(crate) fn shown_path(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// Whether content is text in an encoding that is not read: UTF-32 with its mark. Others that are not
/// read, such as EBCDIC, nothing tells from binary content.
pub(crate) fn is_unread(bytes: &[u8]) -> bool {
    let read: fn([u8; 4]) -> u32 = match bytes {
        [0xff, 0xfe, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff, ..] => u32::from_be_bytes,
        _ => return false,
    };
    // Binary content may begin so.
    let (units, _) = bytes[4..].as_chunks::<4>();
    let is_text = |unit: &[u8; 4]| char::from_u32(read(*unit)).is_some_and(|c| c != '\0');
    !units.is_empty() && units.iter().take(TOLD).all(is_text)
}

/// Characters that tell text from what only begins as it does.
const TOLD: usize = 16;

/// A warning, if the content of `blob` is not read: see [`is_unread`].
pub(crate) fn unread(blob: &Blob<'_>) -> Option<Warning> {
    let begins = blob.origin.offset == 0 && is_unread(blob.bytes);
    begins.then(|| Warning {
        kind: "encoding",
        path: Some(blob.provenance.path.clone()),
        message: "is UTF-32, which is not read; convert it to UTF-8".to_owned(),
        incomplete: true,
    })
}

/// What went wrong in an archive, as a warning.
fn archive_warning(problem: archive::Problem) -> Warning {
    let message = problem.kind.to_string();
    let incomplete = problem.incomplete;
    Warning { kind: "archive", path: Some(problem.path), message, incomplete }
}
