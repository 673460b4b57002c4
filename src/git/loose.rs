//! Loose objects: one file each, `kind size NUL content` as one zlib stream.
//!
//! Not here: finding the files.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use flate2::{Decompress, FlushDecompress, Status};

use super::inflate::{Inflater, plausible};
use super::object::{Kind, Kinds, ObjectId};
use super::pack::{Reason, within};

/// Longer than any header: the longest kind, a space, 20 digits and NUL.
const HEADER_MAX: usize = 32;

/// A loose object's file, and the name that its path spells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LooseFile {
    /// The object's name.
    pub id: ObjectId,
    /// Where it is.
    pub path: PathBuf,
}

/// A loose object, with its header in front.
#[derive(Debug)]
pub(crate) struct Loose {
    kind: Kind,
    start: usize,
    bytes: Vec<u8>,
}

impl Loose {
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn content(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// The content alone.
    pub(crate) fn into_content(mut self) -> Vec<u8> {
        self.bytes.drain(..self.start.min(self.bytes.len()));
        self.bytes
    }
}

/// Reads a loose object if it is of one of `kinds`. One whose kind cannot be told counts as a blob.
pub(crate) fn read_if(
    file: &LooseFile,
    kinds: Kinds,
    limit: u64,
    inflater: &mut Inflater,
) -> Result<Option<Loose>, Reason> {
    match read_file(file, limit) {
        Ok(compressed) => parse(&compressed, kinds, limit, inflater),
        Err(error) => untold(kinds, Reason::Read(error.kind())),
    }
}

/// What comes of a file of which not even the kind can be read.
fn untold(kinds: Kinds, reason: Reason) -> Result<Option<Loose>, Reason> {
    if kinds.contains(Kind::Blob) { Err(reason) } else { Ok(None) }
}

/// Not followed: FIFOs and devices, which would block, and files no object can be as large as.
fn read_file(file: &LooseFile, limit: u64) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(&file.path)?;
    // Incompressible content grows by a few bytes in each 16 KiB.
    if !metadata.is_file() || metadata.len() > limit.saturating_add(limit / 1024 + 1024) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    File::open(&file.path)?.take(metadata.len()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(
    compressed: &[u8],
    kinds: Kinds,
    limit: u64,
    inflater: &mut Inflater,
) -> Result<Option<Loose>, Reason> {
    let mut head = [0; HEADER_MAX];
    let mut stream = Decompress::new(true);
    let status = stream.decompress(compressed, &mut head, FlushDecompress::None);
    if !matches!(status, Ok(Status::Ok | Status::StreamEnd | Status::BufError)) {
        return untold(kinds, Reason::Deflate);
    }
    let filled = usize::try_from(stream.total_out()).unwrap_or(0);
    let Some((kind, size, start)) = head.get(..filled).and_then(header) else {
        return untold(kinds, Reason::Loose);
    };
    if !kinds.contains(kind) {
        return Ok(None);
    }
    let size = within(size, limit)?;
    let total = size.checked_add(start).ok_or(Reason::Loose)?;
    if !plausible(total as u64, compressed.len()) {
        return Err(Reason::Implausible { stated: size as u64 });
    }
    let mut bytes = vec![0; total];
    inflater.inflate(compressed, &mut bytes)?;
    Ok(Some(Loose { kind, start, bytes }))
}

/// Kind, size, and where the content begins.
fn header(head: &[u8]) -> Option<(Kind, u64, usize)> {
    let end = memchr::memchr(0, head)?;
    let text = head.get(..end)?;
    let (word, size) = text.split_at_checked(memchr::memchr(b' ', text)?)?;
    let digits = size.get(1..)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((Kind::from_word(word)?, size, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_kind_a_size_and_nul() {
        assert_eq!(header(b"blob 12\0rest"), Some((Kind::Blob, 12, 8)));
        for bad in [&b"blob 12"[..], b"blob \0", b"blob +1\0", b"bulb 1\0", b"blob1\0", b"\0"] {
            assert_eq!(header(bad), None);
        }
    }

    #[test]
    fn what_has_no_kind_is_told_with_the_blobs() {
        let read = |kinds| parse(b"no stream", kinds, 100, &mut Inflater::new());
        assert_eq!(read(Kinds::ALL).err(), Some(Reason::Deflate));
        assert!(matches!(read(Kind::Tree.into()), Ok(None)));
    }
}
