//! What can go wrong in a container, and what to do about it.

use std::fmt;
use std::io;

use super::Format;

/// Something that was met in a container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind}")]
pub struct Problem {
    /// The container or member.
    pub path: String,
    /// What it is.
    pub kind: ProblemKind,
    /// Whether content was left unread, or read as something that it is not.
    pub incomplete: bool,
}

/// The kinds of problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The member can only be read with a password.
    #[error("is encrypted; unpack it with its password and scan the result")]
    Encrypted,
    /// A zip compression method that is not known here.
    #[error(
        "uses zip compression method {0}, which is not supported; unpack it and scan the result"
    )]
    UnsupportedMethod(u16),
    /// The data contradicts itself.
    #[error("{} data is damaged ({detail}); what precedes the damage was read", name_of(*.format))]
    Corrupt {
        /// The container, if it is known which.
        format: Option<Format>,
        /// What the decoder said.
        detail: String,
    },
    /// The data ends too early.
    #[error("{} data ends too early; the part that is there was read", name_of(*.format))]
    Truncated {
        /// The container, if it is known which.
        format: Option<Format>,
    },
    /// All of the data was read, but its checksum is another's: what was read is not what was packed.
    #[error("{} data does not match its checksum; all of it was read, and some of it may be wrong", .0.name())]
    Checksum(Format),
    /// Something that is not part of the container follows it. It is given under the same path.
    #[error("{} data is followed by other data, which was read by itself", .0.name())]
    TrailingData(Format),
    /// The header asks for a window or dictionary too large to hold.
    #[error("{} data needs more than {MEMORY_MIB} MiB to decompress; unpack it and scan the result", name_of(*.0))]
    Memory(Option<Format>),
    /// Zip members that lie upon each other.
    #[error("its members share the same bytes, as in a zip bomb; the rest of them was not read")]
    Overlap,
    /// The file itself could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// A limit ended the reading.
    #[error("exceeds the limit of {0}; if you trust it, raise it with {option}", option = .0.option())]
    LimitReached(Limit),
}

/// A limit, with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Containers within containers.
    Depth(u32),
    /// Bytes of one member.
    Member(u64),
    /// Bytes of all members of a top-level container.
    Total(u64),
    /// Bytes out for a byte in.
    Ratio(u64),
    /// Number of members.
    Members(u64),
}

impl Limit {
    /// The option that raises it.
    pub fn option(self) -> &'static str {
        match self {
            Self::Depth(_) => "--max-archive-depth",
            Self::Member(_) => "--max-archive-member-size",
            Self::Total(_) => "--max-archive-size",
            Self::Ratio(_) => "--max-archive-ratio",
            Self::Members(_) => "--max-archive-members",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth(n) => write!(f, "{n} nested containers"),
            Self::Member(n) => write!(f, "{n} bytes for one member"),
            Self::Total(n) => write!(f, "{n} bytes for one archive"),
            Self::Ratio(n) => write!(f, "{n} bytes out of one compressed byte"),
            Self::Members(n) => write!(f, "{n} members"),
        }
    }
}

/// What a decoder may need for windows and dictionaries. `zstd --long=27` and `xz -9` fit.
pub(super) const MEMORY_MIB: u32 = 160;

fn name_of(format: Option<Format>) -> &'static str {
    format.map_or("compressed", Format::name)
}

/// Carries a problem through the readers between the one that noticed it and the walk.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Stopped(ProblemKind);

impl ProblemKind {
    /// As an error that [`ProblemKind::from_io`] turns back.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::other(Stopped(self))
    }

    /// What a decoder of `format` (`None`: the file itself) meant by `error`.
    pub(super) fn from_io(format: Option<Format>, error: &io::Error) -> Self {
        if let Some(Stopped(kind)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return kind.clone();
        }
        let detail = error.to_string();
        match error.kind() {
            _ if error.raw_os_error().is_some() => Self::Unreadable(detail),
            io::ErrorKind::UnexpectedEof => Self::Truncated { format },
            io::ErrorKind::OutOfMemory => Self::Memory(format),
            _ if detail.contains("too much memory") => Self::Memory(format),
            _ => Self::Corrupt { format, detail },
        }
    }

    /// Whether it means that the bytes are perhaps no such container after all.
    pub(super) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. } | Self::Truncated { .. } | Self::Checksum(_) | Self::Memory(_)
        )
    }

    /// Whether it leaves content unread, or read as something that it is not.
    pub(super) fn is_incomplete(&self) -> bool {
        !matches!(self, Self::TrailingData(_))
    }
}
