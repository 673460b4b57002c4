//! The bytes of a pack or of its index: mapped from a file, or owned (for tests and fuzzing).
//!
//! The one place of the program that maps a file. Work-tree files are never mapped.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a map after whose reading its memory is given back, unless somebody says how many. What
/// was read once is rarely read again, and without it all of a pack would stay in memory.
pub(crate) const RELEASED: u64 = 24 << 20;

/// Read-only bytes.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// A file.
    Mapped(Mapped),
    /// Memory.
    Owned(Vec<u8>),
}

/// A map of a whole file.
#[derive(Debug)]
pub(crate) struct Mapped {
    map: memmap2::Mmap,
    /// Bytes read since its memory was given back.
    read: AtomicU64,
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
        Ok(Self::Mapped(Mapped { map, read: AtomicU64::new(0) }))
    }

    /// Counts bytes that were read, and gives the memory of a map back after each `released`.
    pub(crate) fn count_read(&self, bytes: u64, released: u64) {
        let Self::Mapped(Mapped { read, .. }) = self else { return };
        let before = read.fetch_add(bytes, Ordering::Relaxed);
        if before < released && before.saturating_add(bytes) >= released {
            self.release();
        }
    }

    /// Gives the memory of a map's pages back. They are read again, as a rule from the system's
    /// cache, when they are looked at again: this costs a little time and changes nothing. A system
    /// that does not know how keeps them.
    pub(crate) fn release(&self) {
        let Self::Mapped(Mapped { map, read }) = self else { return };
        #[cfg(unix)]
        {
            // SAFETY: the pages of a shared map of a file that nobody writes to hold what the file
            // holds, before and after; whoever reads them meanwhile gets them from there.
            #[allow(unsafe_code)]
            let released = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            // It was a wish.
            drop(released);
        }
        #[cfg(not(unix))]
        let _ = map;
        read.store(0, Ordering::Relaxed);
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(mapped) => &mapped.map,
            Self::Owned(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_holds_the_same_bytes_after_its_memory_was_given_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("some.pack");
        let content: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &content).expect("writes");
        let bytes = Bytes::map(&path).expect("maps");
        assert!(*bytes == *content);
        // More than is kept: it is given back on the way, and once more by hand.
        for _ in 0..5 {
            bytes.count_read(RELEASED / 2, RELEASED);
        }
        assert!(*bytes == *content);
        bytes.release();
        assert!(*bytes == *content);
    }
}
