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

/// Why a file that the base has cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// A link that leads out of the base, or to nothing in it.
    #[error("is a link that leads to no file of the base")]
    Link,
    /// The object is missing or damaged.
    #[error("has a content that is missing here or damaged")]
    Content,
}

impl Range {
    /// The file that the base has at `path`, from the root, if it has one; links are followed within the
    /// base.
    ///
    /// # Errors
    /// If it has one that cannot be read: nothing else may take its place.
    pub fn base_file(&self, path: &str) -> Result<Option<BaseFile>, Unread> {
        let trees = Trees::new(&self.objects);
        let Some(tree) = &self.base_tree else { return Ok(None) };
        let Some(File { path, id }) = trees.followed(tree, path.as_bytes()) else {
            let is_there = trees.has_file(tree, path.as_bytes());
            return if is_there { Err(Unread::Link) } else { Ok(None) };
        };
        let bytes = self.objects.read_as(&id, Kind::Blob).ok().flatten().ok_or(Unread::Content)?;
        Ok(Some(BaseFile { path: String::from_utf8_lossy(&path).into_owned(), bytes }))
    }

    /// Whether what lies in the work tree at `path` came out of git: then whoever wrote the range may
    /// have written it.
    pub fn tracks(&self, path: &str) -> bool {
        let trees = Trees::new(&self.objects);
        let mut all = self.base_tree.iter().chain(&self.shown_trees);
        all.any(|tree| trees.decides(tree, path.as_bytes()))
    }
}
