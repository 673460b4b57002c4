//! A piece of content and where it came from.
//!
//! Not here: reading it. A blob borrows bytes that a source has already read.

use std::fmt;

use crate::span::Span;

/// The path of what stands in a commit's message.
pub const COMMIT_MESSAGE: &str = "(commit message)";
/// The path of what stands in an annotated tag's message.
pub const TAG_MESSAGE: &str = "(tag message)";
/// The path of a blob that no tree names.
pub const NO_PATH: &str = "(no path)";

/// Whether a path is that of a file. Messages and streams have names, but no paths.
pub fn is_of_file(path: &str) -> bool {
    !["", "-", COMMIT_MESSAGE, TAG_MESSAGE, NO_PATH].contains(&path)
}

/// Content to scan. `bytes` is the whole of it, unless `origin` says that it is a window of
/// something too large to be held.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a> {
    /// The content.
    pub bytes: &'a [u8],
    /// Where it came from.
    pub provenance: &'a Provenance,
    /// What lies before `bytes`, for a window of a larger content.
    pub origin: Origin,
    /// Where matches must begin to count here; the rest of a window is there to be looked at.
    pub own: Span,
}

impl<'a> Blob<'a> {
    /// A blob that holds all of its content.
    pub fn whole(bytes: &'a [u8], provenance: &'a Provenance) -> Self {
        Self { bytes, provenance, origin: Origin::default(), own: Span::new(0, bytes.len()) }
    }
}

/// What lies before the first byte of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Number of bytes before the window.
    pub offset: usize,
    /// Number of newlines before the window.
    pub lines: usize,
    /// Number of characters between the last newline and the window.
    pub columns: usize,
}

impl Origin {
    /// What lies before the content that follows `passed`, which begins here.
    #[must_use]
    pub fn after(self, passed: &[u8]) -> Self {
        let newlines = memchr::memchr_iter(b'\n', passed).count();
        let tail = memchr::memrchr(b'\n', passed).map_or(passed, |at| &passed[at + 1..]);
        let columns = tail.iter().filter(|b| **b & 0xc0 != 0x80).count();
        Self {
            offset: self.offset + passed.len(),
            lines: self.lines + newlines,
            columns: if newlines == 0 { self.columns + columns } else { columns },
        }
    }
}

/// Where content came from: names for people, for fingerprints, and for git.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provenance {
    /// The path as the user would type it, `/` between its parts; members of archives follow a `!`.
    pub path: String,
    /// The path relative to the repository, or to the scanned folder outside of one: the same on
    /// every machine.
    pub stable_path: String,
    /// Bytes at the end of both paths that lead into an archive, with the `!` before them; 0 for what
    /// is in none. A `!` in a path tells nothing: files may be called so.
    pub inner: usize,
    /// The git object, for content that git holds.
    pub blob: Option<String>,
}

impl Provenance {
    /// Content that has one name for all purposes.
    pub fn named(path: impl Into<String>) -> Self {
        let path = path.into();
        Self { stable_path: path.clone(), path, inner: 0, blob: None }
    }

    /// A member of this content, `member` being the name after the `!`.
    pub fn member(&self, member: &str) -> Self {
        Self {
            path: format!("{}!{member}", self.path),
            stable_path: format!("{}!{member}", self.stable_path),
            inner: self.inner + 1 + member.len(),
            blob: self.blob.clone(),
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}
