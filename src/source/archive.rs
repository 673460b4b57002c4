//! The members of archives and compressed files: zip and its kin, tar, gzip, zstd, bzip2, xz and
//! lzma, nested in each other, within [`Limits`].
//!
//! Containers are known by their bytes, never by their name. Nothing is written to disk, so a
//! name such as `../x` is only text. Not here: which files to read, and what is done with a member.
//!
//! A member's path is the container's path, `!`, and its name inside: `outer.zip!inner/file.txt`.
//! Compression alone adds no step: the content of `x.log.gz` goes by `x.log.gz`, that of a tar in
//! it by `x.tar.gz!dir/file`. Also under the container's own path come its frame, what follows the
//! end of a tar or a stream, and the bytes of what could not be opened at all, as too deep or damaged.
//!
//! The frame is what a container holds beside the content of its members: their names, link targets,
//! comments and extra fields, its own comment, and what stands before, between and behind them.

mod budget;
mod codec;
mod format;
mod gzip;
mod parts;
mod problem;
mod tar;
mod tar_source;
mod walk;
mod zip;
mod zip_directory;
mod zip_frame;
mod zip_source;

#[cfg(test)]
mod frame_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};
use std::ops::ControlFlow;

use crate::blob::{Blob, Origin, Provenance};

pub use self::budget::Limits;
pub use self::format::{Format, HEAD, detect, detect_whole};
pub use self::problem::{Limit, Problem, ProblemKind};

/// A file inside a container, or the content of a compressed stream. Two may have the same path.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Where it is: `outer.zip!inner/file.txt`.
    pub path: &'a str,
    /// Its bytes; those before the damage or the limit if a problem names the same path.
    pub bytes: &'a [u8],
    /// For a part of a container's frame, which is no member: where in the container it begins.
    pub frame: Option<Origin>,
}

impl Member<'_> {
    /// As content to scan, found at `provenance`.
    pub fn blob<'b>(&'b self, provenance: &'b Provenance) -> Blob<'b> {
        let origin = self.frame.unwrap_or_default();
        Blob { origin, ..Blob::whole(self.bytes, provenance) }
    }
}

/// What a visit came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What went wrong, in the order in which it was met.
    pub problems: Vec<Problem>,
    /// How many members were given.
    pub members: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

impl Outcome {
    /// Whether content was left unread, or read as something that it is not.
    pub fn incomplete(&self) -> bool {
        self.problems.iter().any(|problem| problem.incomplete)
    }
}

/// Gives every leaf member of `bytes`, found under `name`, and the frames around them to `on_member`,
/// which can end the visit with `Break`. Content that is no container is given whole, under its own name.
pub fn visit(
    bytes: &[u8],
    name: &str,
    limits: &Limits,
    on_member: &mut dyn FnMut(Member<'_>) -> ControlFlow<()>,
) -> Outcome {
    let mut walk = walk::Walk::new(limits, on_member);
    let _ = walk.content(bytes, name, 0);
    walk.finish()
}

/// The same for a file that should not be held in memory: it is read in pieces, and a member at a
/// time is held. A zip member whose compressed data exceeds `member_bytes` is cut there.
pub fn visit_file(
    mut file: impl Read + Seek,
    name: &str,
    limits: &Limits,
    on_member: &mut dyn FnMut(Member<'_>) -> ControlFlow<()>,
) -> Outcome {
    let mut walk = walk::Walk::new(limits, on_member);
    if let Err(error) = walk.file(&mut file, name) {
        walk.failed(name, None, &error);
    }
    walk.finish()
}
