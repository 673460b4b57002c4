//! The decoders of compressed data, all as readers.
//!
//! Not here: several streams in a row (`parts`), limits on the output (`budget`), what is in it
//! (`walk`).

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::{DeflateDecoder, GzDecoder};
use lzma_rust2::{LzmaReader, XzReader};

use super::Format;
use super::problem::MEMORY_MIB;

/// How a stream, or a zip member, is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Deflate,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lzma,
    /// With zip's own header in front; the size is the directory's, or `u64::MAX`.
    ZipLzma(u64),
}

/// The decoder of one stream, which takes no byte more than that from its input.
pub(super) enum Part<'a, R: BufRead> {
    Gzip(Box<GzDecoder<R>>),
    Zstd(zstd::stream::read::Decoder<'static, R>),
    Bzip2(BzDecoder<R>),
    Xz(Box<XzReader<R>>),
    /// What has no end of its own: only one can be in an input.
    Only(Box<dyn Read + 'a>),
}

impl Codec {
    /// The codec of a container that is one stream.
    pub(super) fn of(format: Format) -> Option<Self> {
        match format {
            Format::Zip | Format::Tar => None,
            Format::Gzip => Some(Self::Gzip),
            Format::Zstd => Some(Self::Zstd),
            Format::Bzip2 => Some(Self::Bzip2),
            Format::Xz => Some(Self::Xz),
            Format::Lzma => Some(Self::Lzma),
        }
    }

    /// The container of which several in a row are one content.
    pub(super) fn in_parts(self) -> Option<Format> {
        match self {
            Self::Gzip => Some(Format::Gzip),
            Self::Zstd => Some(Format::Zstd),
            Self::Bzip2 => Some(Format::Bzip2),
            Self::Xz => Some(Format::Xz),
            Self::Deflate | Self::Lzma | Self::ZipLzma(_) => None,
        }
    }

    /// The codec of a zip member (APPNOTE 4.4.5), stored apart.
    pub(super) fn of_zip_method(method: u16, size: u64) -> Option<Self> {
        match method {
            8 => Some(Self::Deflate),
            12 => Some(Self::Bzip2),
            14 => Some(Self::ZipLzma(size)),
            20 | 93 => Some(Self::Zstd),
            95 => Some(Self::Xz),
            _ => None,
        }
    }

    /// A reader of the decompressed bytes.
    pub(super) fn open<'a, R: BufRead + 'a>(self, input: R) -> io::Result<Part<'a, R>> {
        let memory_kib = MEMORY_MIB * 1024;
        Ok(match self {
            Self::Deflate => Part::Only(Box::new(DeflateDecoder::new(input))),
            Self::Gzip => Part::Gzip(Box::new(GzDecoder::new(input))),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?.single_frame();
                decoder.window_log_max(27)?;
                Part::Zstd(decoder)
            }
            Self::Bzip2 => Part::Bzip2(BzDecoder::new(input)),
            Self::Xz => Part::Xz(Box::new(XzReader::new_mem_limit(input, false, memory_kib))),
            Self::Lzma => Part::Only(Box::new(LzmaReader::new_mem_limit(input, memory_kib, None)?)),
            Self::ZipLzma(size) => {
                let header = lzma_header(input, size)?;
                Part::Only(Box::new(LzmaReader::new_mem_limit(header, memory_kib, None)?))
            }
        })
    }
}

impl<R: BufRead> Read for Part<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
            Self::Only(decoder) => decoder.read(buffer),
        }
    }
}

impl<R: BufRead> Part<'_, R> {
    /// What follows a part that was read to its end.
    pub(super) fn into_input(self) -> Option<R> {
        match self {
            Self::Gzip(decoder) => Some(decoder.into_inner()),
            Self::Zstd(decoder) => Some(decoder.into_inner()),
            Self::Bzip2(decoder) => Some(decoder.into_inner()),
            Self::Xz(decoder) => Some(decoder.into_inner()),
            Self::Only(_) => None,
        }
    }

    /// Whether `error` only says that the checksum after the content, all of which was given, is
    /// not the content's.
    pub(super) fn is_mismatch(&self, error: &io::Error) -> bool {
        // The header may have a checksum too, which comes before there is a header.
        matches!(self, Self::Gzip(decoder) if decoder.header().is_some())
            && error.to_string().contains("matching checksum")
    }
}

/// Rewrites zip's lzma header (version, length of properties, properties) as that of a `.lzma`.
fn lzma_header<'a>(mut input: impl BufRead + 'a, size: u64) -> io::Result<impl Read + 'a> {
    let mut header = [0; 9];
    input.read_exact(&mut header)?;
    let [_, _, 5, 0, properties @ ..] = header else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "properties of a wrong length"));
    };
    let mut rewritten = properties.to_vec();
    rewritten.extend(size.to_le_bytes());
    Ok(io::Cursor::new(rewritten).chain(input))
}

/// A name as text; bytes that are not UTF-8 become `\xNN`.
pub(super) fn escaped(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    text
}
