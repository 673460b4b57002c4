//! Single objects by name, at the price of the few that are asked for.
//!
//! Nothing is listed or checked beforehand, so that the first object of a repository of any size is
//! there in a fraction of a millisecond. Not here: visiting all objects ([`crate::git::store`]).

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::inflate::Inflater;
use super::loose::{self, LooseFile};
use super::object::{Kind, Kinds, ObjectFormat, ObjectId};
use super::pack::{Bases, Damage, Reason, Volume};
use super::traversal::Limits;

/// Packs that may name bases in one another's objects, one after the other.
const MAX_HOPS: usize = 64;

/// The objects of some directories.
#[derive(Debug)]
pub struct Objects {
    directories: Vec<PathBuf>,
    format: ObjectFormat,
    limit: u64,
    volumes: OnceLock<Vec<Volume>>,
}

impl Objects {
    /// Those of `directories`, which nobody looks into yet.
    pub fn new(directories: &[PathBuf], format: ObjectFormat) -> Self {
        let limit = Limits::default().object;
        Self { directories: directories.to_vec(), format, limit, volumes: OnceLock::new() }
    }

    /// The hash function of the names.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// Reads one object: the first copy of it that is not damaged. `None` if there is no copy.
    ///
    /// # Errors
    /// If every copy is damaged.
    pub fn read(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Damage> {
        let found = self.read_within(id, MAX_HOPS)?;
        Ok(found.or_else(|| id.is_empty_tree().then(|| (Kind::Tree, Vec::new()))))
    }

    /// The content of an object of kind `kind`; `None` if there is none, or it is of another kind.
    ///
    /// # Errors
    /// If every copy is damaged.
    pub fn read_as(&self, id: &ObjectId, kind: Kind) -> Result<Option<Vec<u8>>, Damage> {
        Ok(self.read(id)?.and_then(|(found, bytes)| (found == kind).then_some(bytes)))
    }

    /// Whether there is a copy of it, or none is needed.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.directories.iter().any(|directory| loose_path(directory, id).is_file())
            || self.volumes().iter().any(|volume| volume.find(id.as_bytes()).is_some())
            || id.is_empty_tree()
    }

    fn read_within(&self, id: &ObjectId, hops: usize) -> Result<Option<(Kind, Vec<u8>)>, Damage> {
        let mut damage = None;
        for directory in &self.directories {
            let file = LooseFile { id: *id, path: loose_path(directory, id) };
            match loose::read_if(&file, Kinds::ALL, self.limit, &mut Inflater::new()) {
                Ok(found) => {
                    return Ok(found.map(|found| (found.kind(), found.into_content())));
                }
                Err(Reason::Read(std::io::ErrorKind::NotFound)) => {}
                Err(reason) => {
                    let pack = file.path.as_path().into();
                    damage = Some(Damage { pack, offset: 0, name: Some(*id), reason });
                }
            }
        }
        for volume in self.volumes() {
            let Some(offset) = volume.find(id.as_bytes()) else { continue };
            match volume.read(offset, self.limit, &Hop { objects: self, left: hops }) {
                Ok(object) => return Ok(Some(object)),
                Err(error) => damage = Some(Damage { name: Some(*id), ..error }),
            }
        }
        damage.map_or(Ok(None), Err)
    }

    /// The packs, listed when the first object is wanted that is not loose. One that cannot be
    /// opened has no objects: those that are wanted are missing then, and that is told.
    fn volumes(&self) -> &[Volume] {
        self.volumes.get_or_init(|| {
            let mut paths: Vec<PathBuf> = Vec::new();
            for directory in &self.directories {
                let Ok(entries) = fs::read_dir(directory.join("pack")) else { continue };
                let packs = entries.filter_map(|entry| Some(entry.ok()?.path()));
                paths.extend(packs.filter(|p| p.extension().is_some_and(|end| end == "pack")));
            }
            paths.sort();
            paths.iter().filter_map(|path| Volume::open(path, self.format).ok()).collect()
        })
    }
}

fn loose_path(directory: &std::path::Path, id: &ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (fan, file) = hex.split_at(2);
    directory.join(fan).join(file)
}

/// The objects as a thin pack sees them: bases that lead on without end are not found.
struct Hop<'a> {
    objects: &'a Objects,
    left: usize,
}

impl Bases for Hop<'_> {
    fn base(&self, name: &[u8]) -> Option<(Kind, Vec<u8>)> {
        self.objects.read_within(&ObjectId::from_bytes(name)?, self.left.checked_sub(1)?).ok()?
    }
}
