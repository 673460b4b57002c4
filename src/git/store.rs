//! All objects of a repository, wherever they are: packs, loose files, alternates.
//!
//! Packs are read from their own indexes, so a multi-pack-index needs no reading. What cannot be
//! opened is kept in [`Store::unreadable`]: whoever reports on the repository must say so.
//!
//! Not here: refs, and how a repository is found.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::heads::head;
use super::inflate::Inflater;
use super::loose::{self, LooseFile};
use super::object::{Kind, Kinds, ObjectFormat, ObjectId};
use super::pack::{Bases, Damage, Pack, PackError};
use super::traversal::Limits;

/// Packs that may name bases in one another's objects, one after the other.
const MAX_HOPS: usize = 64;

/// Something of the object store that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A pack.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A directory.
    #[error("cannot list {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One object.
    #[error(transparent)]
    Object(#[from] Damage),
}

/// The opened packs and the names of the loose objects.
#[derive(Debug)]
pub struct Store {
    packs: Vec<Pack>,
    loose: Vec<LooseFile>,
    unreadable: Vec<Unreadable>,
    limits: Limits,
}

impl Store {
    /// Opens what the object directories hold; those that do not exist hold nothing.
    pub fn open(directories: &[PathBuf], format: ObjectFormat, limits: Limits) -> Self {
        let mut store =
            Self { packs: Vec::new(), loose: Vec::new(), unreadable: Vec::new(), limits };
        for directory in directories {
            for path in store.list(&directory.join("pack")) {
                if path.extension() == Some(OsStr::new("pack")) {
                    match Pack::open(&path, format) {
                        Ok(pack) => store.packs.push(pack),
                        Err(error) => store.unreadable.push(error.into()),
                    }
                }
            }
            for fan in store.list(directory) {
                store.list_loose(&fan, format);
            }
        }
        store.loose.sort();
        store.loose.dedup_by(|a, b| a.id == b.id);
        store
    }

    /// The packs, in order of their names.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// The loose objects, in order of their names.
    pub fn loose(&self) -> &[LooseFile] {
        &self.loose
    }

    /// What could not be opened.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Whether some pack or file holds this object, or none need do so.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.packs.iter().any(|pack| pack.find(id.as_bytes()).is_some())
            || self.loose.binary_search_by(|file| file.id.cmp(id)).is_ok()
            || id.is_empty_tree()
    }

    /// The same, by the head of the name alone: for many questions.
    pub fn contains_alike(&self, id: &ObjectId) -> bool {
        self.packs.iter().any(|pack| pack.heads().contains(head(id.as_bytes())))
            || self.loose.binary_search_by(|file| file.id.cmp(id)).is_ok()
            || id.is_empty_tree()
    }

    /// Reads one object: the first copy of it that is not damaged. `None` if there is no copy.
    pub fn read(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Damage> {
        let found = self.read_within(id.as_bytes(), MAX_HOPS)?;
        Ok(found.or_else(|| id.is_empty_tree().then(|| (Kind::Tree, Vec::new()))))
    }

    fn read_within(&self, name: &[u8], hops: usize) -> Result<Option<(Kind, Vec<u8>)>, Damage> {
        let mut damage = None;
        for pack in &self.packs {
            let Some(entry) = pack.find(name) else { continue };
            let bases = Hop { store: self, left: hops };
            match pack.read(entry, self.limits.object, &bases) {
                Ok(object) => return Ok(Some(object)),
                Err(error) => damage = Some(error),
            }
        }
        let file = self.loose.binary_search_by(|file| file.id.as_bytes().cmp(name));
        if let Some(file) = file.ok().and_then(|at| self.loose.get(at)) {
            let limit = self.limits.object;
            match loose::read_if(file, Kinds::ALL, limit, &mut Inflater::new()) {
                Ok(found) => return Ok(found.map(|found| (found.kind(), found.into_content()))),
                Err(reason) => {
                    let pack = file.path.as_path().into();
                    damage = Some(Damage { pack, offset: 0, name: Some(file.id), reason });
                }
            }
        }
        damage.map_or(Ok(None), Err)
    }

    /// Paths in a directory, in order.
    fn list(&mut self, directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        let mut paths: Vec<PathBuf> = match entries {
            Ok(paths) => paths,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                self.unreadable.push(Unreadable::Directory { path: directory.into(), source });
                Vec::new()
            }
        };
        paths.sort();
        paths
    }

    /// The files of one of the 256 directories, if `fan` is one.
    fn list_loose(&mut self, fan: &Path, format: ObjectFormat) {
        let Some(first) = fan.file_name().filter(|name| name.len() == 2).map(OsStr::to_os_string)
        else {
            return;
        };
        if !first.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit) {
            return;
        }
        for path in self.list(fan) {
            let mut hex = first.as_encoded_bytes().to_vec();
            hex.extend_from_slice(path.file_name().unwrap_or_default().as_encoded_bytes());
            let id = ObjectId::from_hex(&hex).filter(|id| id.format() == format);
            // Others are temporary files of a git that is at work or was killed.
            if let Some(id) = id {
                self.loose.push(LooseFile { id, path });
            }
        }
    }
}

/// The store as a thin pack sees it: bases that lead from pack to pack without end are not found.
struct Hop<'a> {
    store: &'a Store,
    left: usize,
}

impl Bases for Hop<'_> {
    fn base(&self, name: &[u8]) -> Option<(Kind, Vec<u8>)> {
        self.store.read_within(name, self.left.checked_sub(1)?).ok()?
    }
}

impl Bases for Store {
    fn base(&self, name: &[u8]) -> Option<(Kind, Vec<u8>)> {
        self.read_within(name, MAX_HOPS).ok()?
    }
}
