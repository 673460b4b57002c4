//! The files that the base of a range has.
//!
//! Not here: what they say.

use super::Range;
use crate::git::object::Kind;
use crate::git::trees::{File, Trees};

/// A file of the base.
#[derive(Debug)]
pub struct BaseFile {
    /// Where it lies, from the root: elsewhere than it was sought, if a link leads there.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Range {
    /// The file that the base has at `path`, from the root; links are followed within the base.
    pub fn base_file(&self, path: &str) -> Option<BaseFile> {
        let trees = Trees::new(&self.objects);
        let File { path, id } = trees.followed(self.base_tree.as_ref()?, path.as_bytes())?;
        let bytes = self.objects.read_as(&id, Kind::Blob).ok().flatten()?;
        Some(BaseFile { path: String::from_utf8_lossy(&path).into_owned(), bytes })
    }

    /// Whether what lies in the work tree at `path` came out of git: then whoever wrote the range may
    /// have written it.
    pub fn tracks(&self, path: &str) -> bool {
        let trees = Trees::new(&self.objects);
        let mut all = self.base_tree.iter().chain(&self.shown_trees);
        all.any(|tree| trees.decides(tree, path.as_bytes()))
    }
}
