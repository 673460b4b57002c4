//! Files that are named one by one, with the paths that they have in their repository.
//!
//! Not here: finding files.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Progress, Reader, Reading, Worker};
use crate::blob::Provenance;

/// Reads each of `files` (where it is, and its path in the repository) on one of `threads` threads.
pub fn files<W: Worker + Send>(
    files: &[(PathBuf, String)],
    reading: &Reading,
    threads: usize,
    progress: &Progress,
    make: &(dyn Fn() -> W + Sync),
) {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut worker = make();
        let mut reader = Reader::new(reading, progress);
        while !progress.is_cancelled() {
            let Some((place, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let provenance = Provenance::named(path.as_str());
            match place.symlink_metadata() {
                Ok(is) if is.is_file() => reader.file(place, &provenance, &mut worker),
                // git holds the target of a link, not what is there.
                Ok(is) if is.is_symlink() => {
                    let target = std::fs::read_link(place).unwrap_or_default();
                    let bytes = target.as_os_str().as_encoded_bytes();
                    worker.file();
                    worker.blob(&crate::blob::Blob::whole(bytes, &provenance));
                }
                Ok(is) if is.is_dir() => worker.skipped(),
                Ok(is) => reader.special(place, &is, &provenance, &mut worker),
                Err(error) => worker.warn(super::unreadable(path, &error)),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(files.len() / 8) {
            scope.spawn(run);
        }
        run();
    });
}
