//! Which container a content is, by its bytes.
//!
//! Not here: whether the rest of it is sound.

use super::{tar, zip_directory};

/// How many bytes of the start [`detect`] can use; fewer are fine.
pub const HEAD: usize = 512;

/// A kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Zip, and what is built on it: jar, docx, whl, apk, nupkg.
    Zip,
    /// Tar: v7, ustar, GNU and pax.
    Tar,
    /// Gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
    /// Bzip2, of one or more streams.
    Bzip2,
    /// Xz, of one or more streams.
    Xz,
    /// The older `.lzma` without a magic number, known by its whole header.
    Lzma,
}

impl Format {
    /// The usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
        }
    }
}

/// The container that starts with `head`, the first [`HEAD`] bytes of a content (or all of it).
///
/// Costs a jump on the first byte and, for a tar, a look at one field.
pub fn detect(head: &[u8]) -> Option<Format> {
    let magic = match head.first()? {
        b'P' => is_zip(head).then_some(Format::Zip),
        0x1F => is_gzip(head).then_some(Format::Gzip),
        0x28 | 0x50..=0x5F if is_zstd(head) => Some(Format::Zstd),
        b'B' => is_bzip2(head).then_some(Format::Bzip2),
        0xFD => head.starts_with(b"\xFD7zXZ\0").then_some(Format::Xz),
        0x5D => is_lzma(head).then_some(Format::Lzma),
        _ => None,
    };
    magic.or_else(|| tar::is_header(head).then_some(Format::Tar))
}

/// As [`detect`], for a content that is at hand whole: also finds a zip that starts with something
/// else, such as a self-extracting program.
pub fn detect_whole(bytes: &[u8]) -> Option<Format> {
    let found = detect(bytes.get(..HEAD).unwrap_or(bytes));
    found.or_else(|| zip_directory::ends_as_zip(bytes).then_some(Format::Zip))
}

fn is_zip(head: &[u8]) -> bool {
    let Some(signature) = head.get(2..4) else { return false };
    // 7 and 8, or "00", mark an archive that was meant to be split.
    head.starts_with(b"PK")
        && (matches!(signature, [3, 4] | [5, 6])
            || (matches!(signature, [7, 8] | [b'0', b'0'])
                && head.get(4..8) == Some(b"PK\x03\x04")))
}

fn is_gzip(head: &[u8]) -> bool {
    // Deflate is the only method; the upper flags are reserved.
    head.starts_with(&[0x1F, 0x8B, 8]) && head.get(3).is_none_or(|flags| flags & 0xE0 == 0)
}

fn is_zstd(head: &[u8]) -> bool {
    match head {
        [0x28, 0xB5, 0x2F, 0xFD, ..] => true,
        // A skippable frame counts only if a frame follows it within sight.
        [0x50..=0x5F, 0x2A, 0x4D, 0x18, a, b, c, d, ..] => {
            let size = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            head.get(size.saturating_add(8)..).is_none_or(|next| {
                next.len() < 4
                    || next.starts_with(&[0x28, 0xB5, 0x2F, 0xFD])
                    || next.get(1..4) == Some(&[0x2A, 0x4D, 0x18])
            })
        }
        _ => false,
    }
}

fn is_bzip2(head: &[u8]) -> bool {
    let block = head.get(4..10);
    head.starts_with(b"BZh")
        && head.get(3).is_some_and(|level| (b'1'..=b'9').contains(level))
        // The digits of pi start a block, those of its root end a stream.
        && (block == Some(b"\x31\x41\x59\x26\x53\x59") || block == Some(b"\x17\x72\x45\x38\x50\x90"))
}

fn is_lzma(head: &[u8]) -> bool {
    let Some(&[properties, d0, d1, d2, d3, ref size @ .., first]) = head.first_chunk::<14>() else {
        return false;
    };
    let dictionary = u32::from_le_bytes([d0, d1, d2, d3]);
    let size = u64::from_le_bytes(*size);
    // Encoders write one of a few dictionary sizes; the coder's first byte is always zero.
    properties == 0x5D
        && first == 0
        && dictionary >= 1 << 12
        && (dictionary.is_power_of_two() || dictionary == 3 << (dictionary.ilog2() - 1))
        && (size == u64::MAX || size < 1 << 38)
}
