//! The bytes of a pack or of its index: mapped from a file, or owned (for tests and fuzzing).
//!
//! The one place of the program that maps a file. Work-tree files are never mapped.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// Read-only bytes.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// A file.
    Mapped(memmap2::Mmap),
    /// Memory.
    Owned(Vec<u8>),
}

impl Bytes {
    /// Maps a whole file. An empty file is an empty slice.
    pub(crate) fn map(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        // A FIFO or a device would block or have no length; packs are regular files.
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        if metadata.len() == 0 {
            return Ok(Self::Owned(Vec::new()));
        }
        // SAFETY: the bytes behind a map must not change while it lives. git never writes into a
        // pack or an index once it has its name: it makes new files and unlinks old ones, and an
        // unlinked file keeps its content while it is mapped. Nothing here relies on the bytes
        // for memory safety: every length and offset that is read from them is checked at its use.
        #[allow(unsafe_code)]
        let map = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Self::Mapped(map))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}
