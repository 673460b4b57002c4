//! A folder of a walk: where it is, and what is in it.

use std::ffi::OsString;
use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use same_file::Handle;

use super::place::Place;

/// A folder that was listed.
pub(super) struct Folder {
    /// As the walk calls it.
    pub(super) path: PathBuf,
    /// The one that the walk came from; none for that where it begins.
    pub(super) above: Option<Arc<Folder>>,
    /// What git says of it; none outside of work trees, and where nobody wants to know.
    pub(super) place: Option<Arc<Place>>,
}

impl Folder {
    /// Whether the folder at `path` is this one or one that holds it.
    ///
    /// # Errors
    /// If one of them cannot be opened.
    pub(super) fn is_within(&self, path: &Path) -> io::Result<bool> {
        let other = Handle::from_path(path)?;
        for folder in std::iter::successors(Some(self), |folder| folder.above.as_deref()) {
            if Handle::from_path(&folder.path)? == other {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Something in a folder.
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) kind: FileType,
}

/// What is in the folder at `path`, and what kept the rest from being told.
pub(super) fn list(path: &Path) -> (Vec<Entry>, Option<io::Error>) {
    let (mut entries, mut failed) = (Vec::new(), None);
    match std::fs::read_dir(path) {
        Ok(listed) => {
            for entry in listed {
                let entry =
                    entry.and_then(|e| Ok(Entry { kind: e.file_type()?, name: e.file_name() }));
                match entry {
                    Ok(entry) => entries.push(entry),
                    Err(error) => failed = Some(error),
                }
            }
        }
        Err(error) => failed = Some(error),
    }
    (entries, failed)
}
