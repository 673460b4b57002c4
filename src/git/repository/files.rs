//! Refs as the files backend keeps them: one file each, or a line of `packed-refs`, which a file
//! comes before.
//!
//! Read directly, since a clone may have tens of thousands of them. What git reads is read, what it
//! passes over is passed over, and what is damaged is an error: a ref that is left out takes its
//! part of the history along.
//!
//! Not here: refs that are kept another way.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::refs::is_named;
use super::{Ref, Repository, RepositoryError, path_of, read, read_optional};
use crate::git::object::ObjectId;

/// What refs say, by name.
type Targets = BTreeMap<Vec<u8>, Target>;

/// All refs, and the heads of all work trees.
pub(super) fn refs(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let common = &repository.common_dir;
    let mut found = Targets::new();
    // Some refs, as those of a bisection, are each work tree's own.
    let own = Some(&repository.git_dir).filter(|own| *own != common);
    for root in [common].into_iter().chain(own) {
        Loose { root, found: &mut found, linked: HashSet::new() }.folder(b"refs".to_vec())?;
    }
    // Afterwards: a ref that is packed meanwhile is in one of them at least.
    for (name, target) in packed(&common.join("packed-refs"))? {
        found.entry(name).or_insert(target);
    }
    let mut refs: Vec<Ref> = found
        .iter()
        // A symbolic ref to nothing (origin/HEAD of a branch that is gone) names no object.
        .filter_map(|(name, target)| named(name, resolve(target, &found)?))
        .collect();
    let own = head(&repository.git_dir.join("HEAD"))?;
    refs.extend(own.and_then(|own| named(b"HEAD", resolve(&own, &found)?)));
    refs.extend(other_heads(repository)?);
    Ok(refs)
}

/// What a ref says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Object(ObjectId),
    /// Another ref.
    Symbolic(Vec<u8>),
}

/// Symbolic refs that lead to each other are followed so often, as git does.
const MOST_HOPS: usize = 5;

fn resolve(target: &Target, all: &Targets) -> Option<ObjectId> {
    let mut target = target;
    for _ in 0..=MOST_HOPS {
        match target {
            Target::Object(id) => return Some(*id),
            Target::Symbolic(name) => target = all.get(name)?,
        }
    }
    None
}

fn named(name: &[u8], target: ObjectId) -> Option<Ref> {
    let name = String::from_utf8_lossy(name).into_owned();
    is_named(&target).then_some(Ref { name, target })
}

/// The heads of the other work trees, as git calls them, each with its file.
pub(super) fn head_files(
    repository: &Repository,
) -> Result<Vec<(String, PathBuf)>, RepositoryError> {
    let common = &repository.common_dir;
    let mut all: Vec<(String, PathBuf)> = Vec::new();
    if *common != repository.git_dir {
        all.push(("main-worktree/HEAD".to_owned(), common.join("HEAD")));
    }
    let trees = common.join("worktrees");
    for tree in list(&trees)? {
        let tree = read(&trees, tree)?;
        // Others than folders are no work trees'.
        if kind(&tree)?.is_some_and(|kind| kind.is_dir()) {
            let name = format!("worktrees/{}/HEAD", tree.file_name().to_string_lossy());
            all.push((name, tree.path().join("HEAD")));
        }
    }
    Ok(all)
}

/// What those of them lead to that are detached.
fn other_heads(repository: &Repository) -> Result<Vec<Ref>, RepositoryError> {
    let mut refs = Vec::new();
    for (name, file) in head_files(repository)? {
        // A head that names a branch is among the refs already.
        if let Some(Target::Object(target)) = head(&file)? {
            refs.extend(named(name.as_bytes(), target));
        }
    }
    Ok(refs)
}

/// What the file of a head says; none if there is no file.
pub(super) fn head(file: &Path) -> Result<Option<Target>, RepositoryError> {
    let Some(text) = read_optional(file)? else { return Ok(None) };
    let damaged = || RepositoryError::Ref { path: file.into() };
    let sound = |target: &Target| match target {
        Target::Symbolic(name) => name.starts_with(b"refs/"),
        Target::Object(_) => true,
    };
    target(&text).filter(sound).map(Some).ok_or_else(damaged)
}

/// The content of a ref's file.
fn target(text: &[u8]) -> Option<Target> {
    match text.strip_prefix(b"ref:") {
        Some(name) => Some(Target::Symbolic(name.trim_ascii().to_vec())),
        None => {
            let word = text.split(u8::is_ascii_whitespace).next()?;
            ObjectId::from_hex(word).map(Target::Object)
        }
    }
}

/// The refs that share one file. git itself reads none of a file of which one line is damaged.
fn packed(file: &Path) -> Result<Targets, RepositoryError> {
    let text = read_optional(file)?.unwrap_or_default();
    let mut found = Targets::new();
    for (number, line) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        let damaged = || RepositoryError::Packed { path: file.into(), line: number };
        // A line without an end is what is left of one.
        let line = line.strip_suffix(b"\n").ok_or_else(damaged)?;
        match line.first() {
            Some(b'#') => {}
            // What the tag of the line before leads to.
            Some(b'^') if line.get(1..).map(<[u8]>::trim_ascii).is_some_and(is_id) => {}
            _ => found.extend([packed_line(line).ok_or_else(damaged)?]),
        }
    }
    Ok(found)
}

fn is_id(hex: &[u8]) -> bool {
    ObjectId::from_hex(hex).is_some()
}

/// The id and the name of a ref.
fn packed_line(line: &[u8]) -> Option<(Vec<u8>, Target)> {
    let (hex, name) = line.split_at_checked(memchr::memchr(b' ', line)?)?;
    let name = name.trim_ascii();
    let id = ObjectId::from_hex(hex).filter(|_| name.starts_with(b"refs/"))?;
    Some((name.to_vec(), Target::Object(id)))
}

/// The refs that have files of their own.
struct Loose<'a> {
    root: &'a Path,
    found: &'a mut Targets,
    /// The folders that links led to: one that leads upwards leads there once.
    linked: HashSet<PathBuf>,
}

impl Loose<'_> {
    /// Reads the files of the folder `name` below the root, and of those in it.
    fn folder(&mut self, name: Vec<u8>) -> Result<(), RepositoryError> {
        let folder = self.root.join(path_of(&name));
        for entry in list(&folder)? {
            let entry = read(&folder, entry)?;
            let own = entry.file_name();
            let own = own.as_encoded_bytes();
            // git passes both over; a lock is a ref that is being written.
            if own.starts_with(b".") || own.ends_with(b".lock") {
                continue;
            }
            self.entry(&entry, [&name, b"/".as_slice(), own].concat())?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &fs::DirEntry, name: Vec<u8>) -> Result<(), RepositoryError> {
        let path = entry.path();
        // What is gone by now was deleted or packed meanwhile.
        let Some(kind) = kind(entry)? else { return Ok(()) };
        if kind.is_dir() && read(&path, entry.file_type())?.is_symlink() {
            let real = read(&path, fs::canonicalize(&path))?;
            if !self.linked.insert(real) {
                return Ok(());
            }
        }
        if kind.is_dir() {
            return self.folder(name);
        }
        let Some(text) = read_optional(&path)? else { return Ok(()) };
        let target = target(&text).ok_or(RepositoryError::Ref { path })?;
        self.found.insert(name, target);
        Ok(())
    }
}

/// What an entry is, links followed; none if it is gone, or a link to what is not there.
fn kind(entry: &fs::DirEntry) -> Result<Option<fs::FileType>, RepositoryError> {
    let path = entry.path();
    let kind = read(&path, entry.file_type())?;
    if !kind.is_symlink() {
        return Ok(Some(kind));
    }
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => Ok(Some(read(&path, found)?.file_type())),
    }
}

/// The entries of a folder; none if it is not there.
fn list(
    folder: &Path,
) -> Result<impl Iterator<Item = io::Result<fs::DirEntry>> + use<>, RepositoryError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        listed => Some(read(folder, listed)?),
    };
    Ok(entries.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_is_an_id_or_another_ref() {
        let id = "1".repeat(40);
        let object = ObjectId::from_hex(id.as_bytes()).map(Target::Object);
        assert_eq!(target(format!("{id}\n").as_bytes()), object);
        assert_eq!(target(format!("{id}\tbranch of x\n").as_bytes()), object);
        let main = Some(Target::Symbolic(b"refs/heads/main".to_vec()));
        assert_eq!(target(b"ref: refs/heads/main\n"), main);
        for bad in ["", "\n", "garbage", &id[..20]] {
            assert_eq!(target(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_packed_line_is_an_id_and_a_name() {
        let id = "2".repeat(40);
        let line = |text: String| packed_line(text.as_bytes()).map(|(name, _)| name);
        assert_eq!(line(format!("{id} refs/tags/v1")), Some(b"refs/tags/v1".to_vec()));
        let bad = [format!("{id} "), id.clone(), format!("zz{id} refs/x"), String::new()];
        for bad in bad.into_iter().chain([format!("{} refs/x", &id[2..])]) {
            assert_eq!(line(bad.clone()), None, "{bad}");
        }
    }
}
