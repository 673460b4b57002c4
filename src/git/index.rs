//! The paths that a repository tracks, read from its index file.
//!
//! The format is git's documentation `gitformat-index`, versions 2 to 4, SHA-1 and SHA-256 names.
//! Only what a directory walk needs is read. Not here: split indexes, for which the caller asks
//! libgit2.

use std::path::{Path, PathBuf};

/// What keeps an index from being read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the index `{path}` could not be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is damaged.
    #[error("the index `{path}` is damaged near byte {offset}; `git status` may repair it")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: usize,
    },
    /// The index shares entries with another file.
    #[error("the index `{path}` is split")]
    Split {
        /// The file.
        path: PathBuf,
    },
}

/// A tracked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the work tree, `/` between the parts.
    pub path: Vec<u8>,
    /// Its mode: `0o100644` and `0o100755` for files.
    pub mode: u32,
}

impl Entry {
    /// Whether it is a regular file: no link, no submodule, no folder of a sparse index.
    pub fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

const HEADER: usize = 12;
/// Times, device, inode, mode, user, group, size: 40 bytes before the name of the object.
const STAT: usize = 40;
const MODE_AT: usize = 24;

/// Reads the index file at `path`, whose object names have `name_length` bytes (20 or 32).
///
/// # Errors
/// If it cannot be read, is damaged, or is split. A file that is not there is an empty index.
pub fn read(path: &Path, name_length: usize) -> Result<Vec<Entry>, Error> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::Read { path: path.to_owned(), source }),
    };
    let damaged = |offset| Error::Damaged { path: path.to_owned(), offset };
    let (entries, end) = parse(&bytes, name_length).map_err(damaged)?;
    if has_extension(&bytes[end..], *b"link", name_length) {
        return Err(Error::Split { path: path.to_owned() });
    }
    Ok(entries)
}

/// The entries and where they end; an error is the offset of the damage.
fn parse(bytes: &[u8], name_length: usize) -> Result<(Vec<Entry>, usize), usize> {
    let word = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    let version = word(4).filter(|_| bytes.starts_with(b"DIRC")).ok_or(0usize)?;
    let count = word(8).ok_or(8usize)? as usize;
    if !(2..=4).contains(&version) {
        return Err(4);
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(count.min(bytes.len() / (STAT + name_length)));
    let mut at = HEADER;
    for _ in 0..count {
        let start = at;
        let mode = word(at + MODE_AT).ok_or(start)?;
        at += STAT + name_length;
        let flags = bytes.get(at..at + 2).ok_or(start)?;
        at += if flags[0] & 0x40 != 0 && version >= 3 { 4 } else { 2 };
        let mut path = Vec::new();
        if version == 4 {
            let (strip, length) = varint(bytes, at).ok_or(start)?;
            at += length;
            let last = entries.last().map_or(&[][..], |e| e.path.as_slice());
            let kept = last.len().checked_sub(strip).ok_or(start)?;
            path.extend_from_slice(&last[..kept]);
        }
        let rest = bytes.get(at..).ok_or(start)?;
        let length = memchr::memchr(0, rest).ok_or(start)?;
        path.extend_from_slice(&rest[..length]);
        at += length + 1;
        if version < 4 {
            // Entries are padded with one to eight zeros to a multiple of eight bytes.
            at = start + (at - start).next_multiple_of(8);
        }
        entries.push(Entry { path, mode });
    }
    if at > bytes.len() { Err(bytes.len()) } else { Ok((entries, at)) }
}

/// The offset encoding of packs: seven bits a byte, each further byte adding one.
fn varint(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (i, byte) in bytes.get(at..)?.iter().take(9).enumerate() {
        value = value.checked_shl(7)? | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, i + 1));
        }
        value = value.checked_add(1)?;
    }
    None
}

fn has_extension(mut rest: &[u8], wanted: [u8; 4], name_length: usize) -> bool {
    while rest.len() > name_length {
        let Some((signature, tail)) = rest.split_first_chunk::<4>() else { return false };
        let Some((size, tail)) = tail.split_first_chunk::<4>() else { return false };
        if *signature == wanted {
            return true;
        }
        let size = u32::from_be_bytes(*size) as usize;
        rest = tail.get(size..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(path: &str, mode: u32) -> Vec<u8> {
        let mut bytes = vec![0; STAT + 20 + 2];
        bytes[MODE_AT..MODE_AT + 4].copy_from_slice(&mode.to_be_bytes());
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn index(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02".to_vec();
        bytes.extend_from_slice(&(entries.len() as u32).to_be_bytes());
        bytes.extend(entries.concat());
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn paths_and_modes_are_read() {
        let bytes = index(&[entry("a/b.txt", 0o100_644), entry("sub", 0o160_000)]);
        let (entries, end) = parse(&bytes, 20).expect("valid");
        assert_eq!(entries[0], Entry { path: b"a/b.txt".to_vec(), mode: 0o100_644 });
        assert!(entries[0].is_file() && !entries[1].is_file());
        assert_eq!(end + 20, bytes.len());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let mut whole = index(&[entry("a/b.txt", 0o100_644), entry("c", 0o100_755)]);
            let at = cut.min(whole.len());
            whole.truncate(at);
            whole.extend(&bytes);
            for (candidate, length) in [(&bytes, 20), (&whole, 20), (&whole, 32)] {
                let _ = parse(candidate, length);
                let _ = has_extension(candidate, *b"link", length);
            }
        }
    }
}
