//! What the index file holds: the paths that a repository tracks, and the content of the next commit.
//!
//! The format is git's documentation `gitformat-index`, versions 2 to 4, SHA-1 and SHA-256 names,
//! split and sparse indexes. The file is read and never written. Not here: what differs from HEAD
//! ([`crate::git::staged`]).

mod cached;
mod paths;
mod split;

use std::path::{Path, PathBuf};

pub use cached::CachedTree;
pub use paths::Paths;

use super::object::ObjectId;

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
    /// The file needs what this version does not know.
    #[error("the index `{path}` has the extension `{name}`, which must be understood and is not")]
    Extension {
        /// The file.
        path: PathBuf,
        /// Its four letters.
        name: String,
    },
}

/// A tracked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the work tree, `/` between the parts; that of a folder of a sparse index ends
    /// with one.
    pub path: Vec<u8>,
    /// Its mode: `0o100644` and `0o100755` for files.
    pub mode: u32,
    /// Its content.
    pub id: ObjectId,
    /// 0; in a conflict 1 for the common ancestor, 2 for ours and 3 for theirs.
    pub stage: u8,
    /// Whether it was added by name only (`git add -N`): no content is staged.
    pub intent_to_add: bool,
}

/// The bits of a mode that tell what kind of thing it is of.
pub const MODE_TYPE: u32 = 0o170_000;
/// The mode of a submodule.
const SUBMODULE: u32 = 0o160_000;

impl Entry {
    /// Whether it is a commit of another repository, and no file.
    pub fn is_submodule(&self) -> bool {
        self.mode & MODE_TYPE == SUBMODULE
    }
}

/// All of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The entries, by path and stage.
    pub entries: Vec<Entry>,
    /// Which tree objects the entries would make, as far as git wrote that down.
    pub trees: Option<CachedTree>,
}

const HEADER: usize = 12;
/// Times, device, inode, mode, user, group, size: 40 bytes before the name of the object.
const STAT: usize = 40;
const MODE_AT: usize = 24;
const EXTENDED: u8 = 0x40;
const INTENT_TO_ADD: u8 = 0x20;

/// Reads the index file at `path`, whose object names have `name_length` bytes (20 or 32). The file
/// that a split index shares lies in `git_dir`.
///
/// # Errors
/// If it cannot be read or is damaged. A file that is not there is an empty index.
pub fn read(path: &Path, git_dir: &Path, name_length: usize) -> Result<Index, Error> {
    match bytes_of(path)? {
        Some(bytes) => whole(&bytes, path, git_dir, name_length),
        None => Ok(Index::default()),
    }
}

/// All of an index whose own file has these bytes.
fn whole(bytes: &[u8], path: &Path, git_dir: &Path, name_length: usize) -> Result<Index, Error> {
    let damaged = |offset| Error::Damaged { path: path.to_owned(), offset };
    let (entries, end) = parse(bytes, name_length).map_err(damaged)?;
    let extensions = Extensions::of(bytes, end, name_length, path)?;
    let trees = extensions.trees.and_then(|data| CachedTree::parse(data, name_length));
    let mut index = Index { entries, trees };
    if let Some(link) = extensions.link {
        let link = split::Link::parse(link, name_length).ok_or_else(|| damaged(end))?;
        if let Some(id) = &link.base {
            let shared = git_dir.join(format!("sharedindex.{id}"));
            let gone = |source| Error::Read { path: shared.clone(), source };
            let bytes = std::fs::read(&shared).map_err(gone)?;
            let cut = |offset| Error::Damaged { path: shared.clone(), offset };
            let (base, _) = parse(&bytes, name_length).map_err(cut)?;
            index.entries = link.merge(base, index.entries).ok_or_else(|| damaged(end))?;
        }
    }
    Ok(index)
}

/// The paths alone of what [`read`] reads, in a fraction of the time.
///
/// # Errors
/// Those of [`read`].
pub fn paths(path: &Path, git_dir: &Path, name_length: usize) -> Result<Paths, Error> {
    let Some(bytes) = bytes_of(path)? else { return Ok(Paths::default()) };
    let mut paths = Paths::default();
    let end = each(&bytes, name_length, |entry| paths.push(entry.path))
        .map_err(|offset| Error::Damaged { path: path.to_owned(), offset })?;
    match Extensions::of(&bytes, end, name_length, path)?.link {
        // Half of the entries lie elsewhere.
        Some(_) => {
            let index = whole(&bytes, path, git_dir, name_length)?;
            Ok(index.entries.iter().map(|entry| &entry.path).collect())
        }
        None => Ok(paths),
    }
}

fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

/// The entries of a file, and where they end. An error is the offset of the damage.
fn parse(bytes: &[u8], name_length: usize) -> Result<(Vec<Entry>, usize), usize> {
    let most = bytes.len() / (STAT + name_length);
    let count = word(bytes, 8).map_or(0, |count| count as usize);
    let mut entries = Vec::with_capacity(count.min(most));
    let end = each(bytes, name_length, |entry| entries.extend(entry.owned()))?;
    Ok((entries, end))
}

/// An entry as it is written.
struct Written<'a> {
    path: &'a [u8],
    mode: u32,
    id: &'a [u8],
    stage: u8,
    intent_to_add: bool,
}

impl Written<'_> {
    /// None if the length of the object's name is that of none.
    fn owned(&self) -> Option<Entry> {
        let Self { path, mode, id, stage, intent_to_add } = *self;
        let id = ObjectId::from_bytes(id)?;
        Some(Entry { path: path.to_vec(), mode, id, stage, intent_to_add })
    }
}

/// Shows `visit` the entries of a file; where they end. An error is the offset of the damage.
fn each(
    bytes: &[u8],
    name_length: usize,
    mut visit: impl FnMut(&Written<'_>),
) -> Result<usize, usize> {
    let version = word(bytes, 4).filter(|_| bytes.starts_with(b"DIRC")).ok_or(0usize)?;
    let count = word(bytes, 8).ok_or(8usize)?;
    if !(2..=4).contains(&version) {
        return Err(4);
    }
    let mut at = HEADER;
    // The path of the entry before: version 4 writes what differs.
    let mut last = Vec::new();
    for _ in 0..count {
        at = entry(bytes, at, version, name_length, &mut last, &mut visit).ok_or(at)?;
    }
    if at + name_length > bytes.len() {
        return Err(bytes.len());
    }
    Ok(at)
}

/// Shows `visit` one entry; where it ends.
fn entry(
    bytes: &[u8],
    start: usize,
    version: u32,
    name_length: usize,
    last: &mut Vec<u8>,
    visit: &mut impl FnMut(&Written<'_>),
) -> Option<usize> {
    let mode = word(bytes, start + MODE_AT)?;
    let mut at = start + STAT;
    let id = bytes.get(at..at + name_length)?;
    at += name_length;
    let flags = *bytes.get(at..)?.first_chunk::<2>()?;
    at += 2;
    let mut intent_to_add = false;
    if flags[0] & EXTENDED != 0 && version >= 3 {
        intent_to_add = bytes.get(at)? & INTENT_TO_ADD != 0;
        at += 2;
    }
    if version == 4 {
        let (strip, length) = varint(bytes, at)?;
        at += length;
        last.truncate(last.len().checked_sub(strip)?);
    }
    let rest = bytes.get(at..)?;
    let length = memchr::memchr(0, rest)?;
    let mut path = rest.get(..length)?;
    at += length + 1;
    if version < 4 {
        // Entries are padded with one to eight zeros to a multiple of eight bytes.
        at = start + (at - start).next_multiple_of(8);
    } else {
        last.extend_from_slice(path);
        path = last;
    }
    visit(&Written { path, mode, id, stage: flags[0] >> 4 & 3, intent_to_add });
    Some(at)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
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

/// What stands behind the entries and is of use here.
#[derive(Default)]
struct Extensions<'a> {
    /// The cache tree.
    trees: Option<&'a [u8]>,
    /// What a split index shares.
    link: Option<&'a [u8]>,
}

impl<'a> Extensions<'a> {
    /// Those of the index `path`, whose entries end at `end`.
    fn of(bytes: &'a [u8], end: usize, name_length: usize, path: &Path) -> Result<Self, Error> {
        let rest = bytes.get(end..bytes.len() - name_length).unwrap_or_default();
        let mut found = Self::default();
        for (name, data) in Sections(rest) {
            match &name {
                b"TREE" => found.trees = Some(data),
                b"link" => found.link = Some(data),
                // The folders of a sparse index say themselves what they are.
                b"sdir" => {}
                [b'A'..=b'Z', ..] => {}
                _ => {
                    let name = String::from_utf8_lossy(&name).into_owned();
                    return Err(Error::Extension { path: path.to_owned(), name });
                }
            }
        }
        Ok(found)
    }
}

/// The extensions behind the entries, each with its four letters.
struct Sections<'a>(&'a [u8]);

impl<'a> Iterator for Sections<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, tail) = self.0.split_first_chunk::<4>()?;
        let (size, tail) = tail.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
        let (data, rest) = tail.split_at_checked(size)?;
        self.0 = rest;
        Some((*name, data))
    }
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
        assert_eq!((entries[0].path.as_slice(), entries[0].mode), (&b"a/b.txt"[..], 0o100_644));
        assert_eq!((entries[1].path.as_slice(), entries[1].mode), (&b"sub"[..], 0o160_000));
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
                let _ = Sections(candidate).count();
                let _ = CachedTree::parse(candidate, length);
                let _ = split::Link::parse(candidate, length);
            }
        }
    }
}
