//! Reading one file, whatever is in it: plain, an archive, or too large to be held.
//!
//! Small files take three system calls. A file is read, never mapped: one that shrinks under a map
//! kills the process. Not here: finding files.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::archive::{self, Limits};
use super::buffer::Buffer;
use super::{Progress, Worker, pipe};
use crate::blob::{Blob, Origin, Provenance};
use crate::finding::Warning;
use crate::matcher::CONTEXT;
use crate::span::Span;

/// Most files fit into this, and are read at once.
const FIRST_READ: usize = 256 << 10;
/// Larger files are scanned in windows.
const HELD: usize = 64 << 20;
/// The bytes of a window that are its own.
const WINDOW: usize = 16 << 20;

/// How content is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Files of more bytes are left out, and the report says so.
    pub max_size: Option<u64>,
    /// Whether to look into archives, and how deep; none: not at all.
    pub archives: Option<Limits>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { max_size: None, archives: Some(Limits::default()) }
    }
}

/// Reads files for one worker, with a buffer that is used again.
#[derive(Debug)]
pub struct Reader<'o> {
    reading: &'o Reading,
    progress: &'o Progress,
    buffer: Buffer,
}

impl<'o> Reader<'o> {
    /// A reader with an empty buffer.
    pub fn new(reading: &'o Reading, progress: &'o Progress) -> Self {
        Self { reading, progress, buffer: Buffer::default() }
    }

    /// Reads the file at `path` and hands its content to `worker`; what goes wrong is a warning.
    pub fn file(&mut self, path: &Path, provenance: &Provenance, worker: &mut dyn Worker) {
        let done =
            File::open(path).and_then(|mut file| self.open_file(&mut file, provenance, worker));
        if let Err(error) = done {
            worker.warn(super::unreadable(&provenance.path, &error));
        }
    }

    /// The same for what is no regular file.
    pub(super) fn special(
        &mut self,
        path: &Path,
        is: &Metadata,
        provenance: &Provenance,
        worker: &mut dyn Worker,
    ) {
        let done = pipe::open(path, is, self.progress)
            .and_then(|mut input| self.stream(&mut *input, provenance, worker));
        if let Err(error) = done {
            worker.warn(super::unreadable(&provenance.path, &error));
        }
    }

    fn open_file(
        &mut self,
        file: &mut File,
        provenance: &Provenance,
        worker: &mut dyn Worker,
    ) -> io::Result<()> {
        self.buffer.grow(FIRST_READ);
        let first = read_full(file, &mut self.buffer)?;
        let whole = first < self.buffer.len();
        if self.is_too_large(if whole { first as u64 } else { file.metadata()?.len() }) {
            worker.skipped();
            worker.warn(too_large(&provenance.path));
            return Ok(());
        }
        worker.file();
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        if whole {
            self.held(first, provenance, worker);
            return Ok(());
        }
        self.large_file(file, first, provenance, worker)
    }

    fn is_too_large(&self, size: u64) -> bool {
        self.reading.max_size.is_some_and(|most| size > most)
    }

    /// A file that did not fit the first read.
    fn large_file(
        &mut self,
        file: &mut File,
        mut length: usize,
        provenance: &Provenance,
        worker: &mut dyn Worker,
    ) -> io::Result<()> {
        let before = file.metadata()?;
        if before.len() > HELD as u64 {
            let format = archive::detect(&self.buffer[..archive::HEAD]);
            file.seek(SeekFrom::Start(0))?;
            match (&self.reading.archives, format) {
                (Some(limits), Some(_)) => {
                    let name = provenance.path.clone();
                    worker.blob(&Blob::whole(&[], provenance));
                    let mut give = Members { provenance, worker, progress: self.progress };
                    let outcome =
                        archive::visit_file(&mut *file, &name, limits, &mut |m| give.member(m));
                    give.problems(outcome);
                }
                _ => self.windows(file, provenance, worker)?,
            }
        } else {
            let expected = usize::try_from(before.len()).unwrap_or(HELD);
            loop {
                if self.buffer.len() <= length.max(expected) {
                    self.buffer.grow(length.max(expected) + 4096);
                }
                let more = read_full(file, &mut self.buffer[length..])?;
                length += more;
                if length < self.buffer.len() || length > HELD {
                    break;
                }
            }
            self.held(length, provenance, worker);
        }
        let after = file.metadata()?;
        if after.len() != before.len() || after.modified().ok() != before.modified().ok() {
            worker.warn(changed(&provenance.path));
        }
        Ok(())
    }

    /// Content of which the buffer holds all `length` bytes.
    fn held(&mut self, length: usize, provenance: &Provenance, worker: &mut dyn Worker) {
        let bytes = &self.buffer[..length];
        self.progress.bytes.fetch_add(length as u64, Ordering::Relaxed);
        let limits = self.reading.archives.as_ref().filter(|_| is_archive(bytes));
        let Some(limits) = limits else {
            worker.blob(&Blob::whole(bytes, provenance));
            return;
        };
        // Its path may be a finding, whatever is in it.
        worker.blob(&Blob::whole(&[], provenance));
        let mut give = Members { provenance, worker, progress: self.progress };
        let outcome = archive::visit(bytes, &provenance.path, limits, &mut |m| give.member(m));
        give.problems(outcome);
    }

    /// Content of any size, in windows that overlap by what a match may depend on.
    pub(super) fn windows(
        &mut self,
        input: &mut dyn Read,
        provenance: &Provenance,
        worker: &mut dyn Worker,
    ) -> io::Result<()> {
        let capacity = WINDOW + 2 * CONTEXT;
        self.buffer.grow(capacity);
        let mut origin = Origin::default();
        let (mut length, mut own_start) = (0, 0);
        loop {
            let more = read_full(input, &mut self.buffer[length..capacity])?;
            self.progress.bytes.fetch_add(more as u64, Ordering::Relaxed);
            length += more;
            let last = length < capacity;
            let own_end = if last { length } else { length - CONTEXT };
            let bytes = &self.buffer[..length];
            let own = Span::new(own_start, own_end);
            worker.blob(&Blob { bytes, provenance, origin, own });
            if last || self.progress.is_cancelled() {
                break;
            }
            // The next window begins at an even place, so that UTF-16 keeps its order.
            let keep = (own_end - CONTEXT) & !1;
            origin = origin.after(&self.buffer[..keep]);
            self.buffer.copy_within(keep..length, 0);
            length -= keep;
            own_start = own_end - keep;
        }
        self.buffer = Buffer::default();
        Ok(())
    }

    /// Content from a stream: held if it is small, else in windows.
    pub(super) fn stream(
        &mut self,
        input: &mut dyn Read,
        provenance: &Provenance,
        worker: &mut dyn Worker,
    ) -> io::Result<()> {
        let mut head = Vec::new();
        let length = input.take(HELD as u64).read_to_end(&mut head)?;
        worker.file();
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        if length < HELD {
            self.buffer = head.into();
            self.held(length, provenance, worker);
            return Ok(());
        }
        self.windows(&mut head.as_slice().chain(input), provenance, worker)
    }
}

/// Whether content is an archive. The look at the end, for archives with a program before them, is
/// for binary content only.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(archive::HEAD)];
    let tail = &bytes[bytes.len() - head.len()..];
    let binary = |part: &[u8]| memchr::memchr(0, part).is_some();
    archive::detect(head).is_some()
        || ((binary(head) || binary(tail)) && archive::detect_whole(bytes).is_some())
}

/// Reads until the buffer is full or the input ends.
fn read_full(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match input.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Hands the members of an archive to a worker.
struct Members<'a, 'w> {
    provenance: &'a Provenance,
    worker: &'w mut dyn Worker,
    progress: &'a Progress,
}

impl Members<'_, '_> {
    fn member(&mut self, member: archive::Member<'_>) -> ControlFlow<()> {
        self.progress.bytes.fetch_add(member.bytes.len() as u64, Ordering::Relaxed);
        if member.frame.is_some() && member.path == self.provenance.path {
            // There are many of these.
            self.worker.blob(&member.blob(self.provenance));
        } else {
            let provenance = super::provenance_of(&member, self.provenance);
            self.worker.blob(&member.blob(&provenance));
        }
        if member.frame.is_none() {
            self.worker.member();
        }
        if self.progress.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn problems(&mut self, outcome: archive::Outcome) {
        for problem in outcome.problems {
            self.worker.warn(super::archive_warning(problem));
        }
    }
}

fn changed(path: &str) -> Warning {
    let message = "changed while it was read; scan it again".to_owned();
    Warning { kind: "changed", path: Some(path.to_owned()), message, incomplete: true }
}

pub(super) fn too_large(path: &str) -> Warning {
    let message = "is larger than `--max-size` and was left out".to_owned();
    Warning { kind: "too-large", path: Some(path.to_owned()), message, incomplete: false }
}
