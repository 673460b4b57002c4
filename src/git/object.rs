//! What names an object and what kind it is, for both of git's hash functions.
//!
//! Not here: where objects are stored, or what their bytes mean.

use std::fmt;
use std::ops::BitOr;

/// The hash function of a repository, which settles how long a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectFormat {
    /// Names of 20 bytes.
    Sha1,
    /// Names of 32 bytes.
    Sha256,
}

impl ObjectFormat {
    /// Bytes in a name.
    pub fn name_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The format whose names have this many bytes.
    pub fn from_name_len(len: usize) -> Option<Self> {
        match len {
            20 => Some(Self::Sha1),
            32 => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// The names of the tree without entries. (The blob without content has no such place in git.)
const EMPTY_TREE_SHA1: [u8; 20] = [
    0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88,
    0xfb, 0xee, 0x49, 0x04,
];
const EMPTY_TREE_SHA256: [u8; 32] = [
    0x6e, 0xf1, 0x9b, 0x41, 0x22, 0x5c, 0x53, 0x69, 0xf1, 0xc1, 0x04, 0xd4, 0x5d, 0x8d, 0x85, 0xef,
    0xa9, 0xb0, 0x57, 0xb5, 0x3b, 0x14, 0xb4, 0xb9, 0xb9, 0x39, 0xdd, 0x74, 0xde, 0xcc, 0x53, 0x21,
];

/// The name of an object: the hash of its header and content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    bytes: [u8; 32],
    format: ObjectFormat,
}

impl ObjectId {
    /// From the raw 20 or 32 bytes; any other length is no name.
    #[inline]
    pub fn from_bytes(name: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        // Copies of a fixed length, which take no call: every entry of every tree comes by.
        let format = if let Ok(name) = <&[u8; 20]>::try_from(name) {
            *bytes.first_chunk_mut()? = *name;
            ObjectFormat::Sha1
        } else {
            bytes = name.try_into().ok()?;
            ObjectFormat::Sha256
        };
        Some(Self { bytes, format })
    }

    /// From 40 or 64 hexadecimal digits of either case.
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        let format = ObjectFormat::from_name_len(hex.len() / 2)?;
        let (pairs, rest) = hex.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self { bytes, format })
    }

    /// The raw bytes: 20 or 32.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.format.name_len()).unwrap_or(&self.bytes)
    }

    /// Whether it is the tree without entries: git has it built in, and needs no copy of it.
    pub fn is_empty_tree(&self) -> bool {
        self.as_bytes() == EMPTY_TREE_SHA1 || self.as_bytes() == EMPTY_TREE_SHA256
    }

    /// Which hash function made it.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The four kinds of object, numbered as in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A snapshot with its parents and its message.
    Commit = 1,
    /// A directory.
    Tree = 2,
    /// The content of a file.
    Blob = 3,
    /// An annotated tag.
    Tag = 4,
}

impl Kind {
    /// From the number that a pack entry's header holds.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob, Self::Tag]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }

    /// From the word that a loose object's header holds.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        match word {
            b"commit" => Some(Self::Commit),
            b"tree" => Some(Self::Tree),
            b"blob" => Some(Self::Blob),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        })
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// All four.
    pub const ALL: Self = Self(0b1_1110);

    /// Whether the set holds `kind`.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Self {
        Self(1 << kind as u8)
    }
}

impl BitOr<Kind> for Kinds {
    type Output = Self;

    fn bitor(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_through_hex() {
        for len in [20, 32] {
            let raw: Vec<u8> = (0..len).map(|i| i * 7 + 3).collect();
            let id = ObjectId::from_bytes(&raw).unwrap();
            assert_eq!(id.as_bytes(), raw);
            assert_eq!(ObjectId::from_hex(id.to_string().as_bytes()), Some(id));
        }
        assert_eq!(ObjectId::from_bytes(&[0; 19]), None);
        assert_eq!(ObjectId::from_hex(&[b'0'; 41]), None);
        assert_eq!(ObjectId::from_hex(&[b'g'; 40]), None);
    }

    #[test]
    fn the_empty_tree_has_a_name_of_each_format() {
        let sha1 = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let sha256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
        for name in [sha1, sha256] {
            assert!(ObjectId::from_hex(name.as_bytes()).unwrap().is_empty_tree());
        }
        let blob = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        assert!(!ObjectId::from_hex(blob.as_bytes()).unwrap().is_empty_tree());
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let some = Kinds::from(Kind::Blob) | Kind::Tag;
        assert!(some.contains(Kind::Blob) && some.contains(Kind::Tag));
        assert!(!some.contains(Kind::Tree) && !some.contains(Kind::Commit));
        assert!((1..=4).all(|n| Kinds::ALL.contains(Kind::from_number(n).unwrap())));
        assert_eq!(Kind::from_number(6), None);
    }
}
