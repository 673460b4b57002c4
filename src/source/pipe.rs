//! What is named and is no regular file: pipes and devices, to be read as standard input is.
//!
//! Not here: those that a walk comes through, which nobody has asked for.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use super::Progress;

/// Whether what is at `path` has no name of its own, but only that of a descriptor: a redirected
/// standard input, or what a shell writes for `<(command)`.
pub(super) fn is_nameless(path: &Path, metadata: &Metadata) -> bool {
    let is_other = !metadata.is_file() && !metadata.is_dir();
    is_other && (path.starts_with("/dev") || path.canonicalize().is_err())
}

/// Opens it. Of a pipe, not before there is somebody who writes; if nobody does, that is an error.
#[cfg(unix)]
pub(super) fn open(
    path: &Path,
    metadata: &Metadata,
    progress: &Progress,
) -> io::Result<Box<dyn Read>> {
    use std::os::unix::fs::FileTypeExt;
    if metadata.file_type().is_fifo() {
        return open_pipe(path, is_nameless(path, metadata), progress);
    }
    Ok(Box::new(File::open(path)?))
}

/// Opens it.
#[cfg(not(unix))]
pub(super) fn open(path: &Path, _: &Metadata, _: &Progress) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(File::open(path)?))
}

/// How often, and how long each time, a writer is waited for that may be starting still.
#[cfg(unix)]
const WAITS: (u32, std::time::Duration) = (100, std::time::Duration::from_millis(20));

/// Opened as usual, a pipe without a writer waits for one for ever; so it is asked first.
#[cfg(unix)]
fn open_pipe(path: &Path, is_nameless: bool, progress: &Progress) -> io::Result<Box<dyn Read>> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use std::os::unix::fs::OpenOptionsExt;
    let at_once = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut file = File::options().read(true).custom_flags(at_once).open(path)?;
    let mut first = vec![0; 4096];
    let mut waits = 0;
    let length = loop {
        match file.read(&mut first) {
            // Whoever had the other end of a nameless pipe has written what there was to write.
            Ok(0) if is_nameless => break 0,
            Ok(0) if waits == WAITS.0 || progress.is_cancelled() => {
                return Err(io::Error::other("nobody writes to this pipe"));
            }
            Ok(0) => {
                waits += 1;
                std::thread::sleep(WAITS.1);
            }
            Ok(length) => break length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    first.truncate(length);
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(Box::new(io::Cursor::new(first).chain(file)))
}
