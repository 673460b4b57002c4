//! Standard input as one piece of content, called `-`.

use std::io;

use super::{Progress, Reader, Reading, Worker};
use crate::blob::Provenance;

/// Reads standard input to its end.
pub fn stdin(reading: &Reading, progress: &Progress, worker: &mut dyn Worker) {
    let provenance = Provenance::named("-");
    let mut reader = Reader::new(reading, progress);
    if let Err(error) = reader.stream(&mut io::stdin().lock(), &provenance, worker) {
        worker.warn(super::unreadable("-", &error));
    }
}
