//! What can be wrong with a pack: as a whole, or with one entry of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::git::delta::DeltaError;
use crate::git::object::ObjectId;

/// A pack that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file cannot be opened or mapped.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The pack or its index.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `git index-pack` makes one.
    #[error("{path} has no index beside it; `git index-pack {path}` makes one")]
    NoIndex {
        /// The pack.
        path: PathBuf,
    },
    /// The file is not what its name says, or it is cut off.
    #[error("{path} is damaged: {problem}")]
    Bad {
        /// The pack or its index.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
}

/// An entry that cannot be read, or not be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}, offset {offset}: {reason}", pack.display())]
pub struct Damage {
    /// The pack (or the loose object's file).
    pub pack: Arc<Path>,
    /// Where in the file the entry begins.
    pub offset: u64,
    /// The object, if the index tells its name.
    pub name: Option<ObjectId>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The index says an offset where no entry can be, or says one twice.
    #[error("the index gives an offset where no entry can be")]
    Offset,
    /// The entry's header is cut off, or of a type that does not exist.
    #[error("the entry's header is damaged")]
    Header,
    /// The entry's base offset is not the offset of an entry.
    #[error("its base is not an entry of the pack")]
    Base,
    /// The entry is, by way of its bases, its own base.
    #[error("its bases form a cycle")]
    Cycle,
    /// The base is named, and nobody has it.
    #[error("its base {} is missing", base.map_or_else(String::new, |id| id.to_string()))]
    MissingBase {
        /// The base.
        base: Option<ObjectId>,
    },
    /// So few compressed bytes cannot hold so much.
    #[error("it says {stated} bytes, more than its compressed bytes can hold")]
    Implausible {
        /// Size in the header.
        stated: u64,
    },
    /// The stream ended before or behind the stated size.
    #[error("it says {stated} bytes and holds {real}")]
    Size {
        /// Size in the header.
        stated: u64,
        /// Size of the stream.
        real: u64,
    },
    /// The stream goes on behind the stated size.
    #[error("it says {stated} bytes and holds more")]
    Longer {
        /// Size in the header.
        stated: u64,
    },
    /// The compressed bytes are damaged.
    #[error("its compressed bytes are damaged")]
    Deflate,
    /// The index's CRC of the entry is not that of its bytes. The object is visited all the same.
    #[error("its bytes do not have the checksum that the index states")]
    Checksum,
    /// The object is larger than allowed.
    #[error("it has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Size of the object or of its delta.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The delta is damaged.
    #[error("the delta is damaged: {0}")]
    Delta(#[from] DeltaError),
    /// A tree so deep below others that it is not looked into.
    #[error("it lies below {limit} other trees, and is not looked into")]
    Deep {
        /// What is allowed.
        limit: usize,
    },
    /// A loose object's header is not `kind size`.
    #[error("the object's header is damaged")]
    Loose,
    /// A loose object's file cannot be read.
    #[error("cannot read the file: {0:?}")]
    Read(io::ErrorKind),
    /// The bytes of a pack whose index has no checksums of entries. Its objects are visited all the same.
    #[error("the pack's bytes do not have the checksum that stands at its end")]
    Sum,
    /// The pack and its index do not belong together.
    #[error("pack and index differ: {pack_objects} and {index_objects} objects, or two checksums")]
    Mismatch {
        /// Count in the pack's header.
        pack_objects: u32,
        /// Count in the index.
        index_objects: u32,
    },
}

impl Reason {
    /// The base of this name is nowhere.
    pub(crate) fn missing_base(name: &[u8]) -> Self {
        Self::MissingBase { base: ObjectId::from_bytes(name) }
    }
}
