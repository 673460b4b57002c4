//! Whole-buffer inflate of one zlib stream whose size is known beforehand.
//!
//! Not a streaming reader: git says the size of everything before its bytes, so none is needed.

use libdeflater::Decompressor;

use super::pack::Reason;

/// Deflate cannot shrink by more than this factor, so a size beyond it is a lie.
const MAX_RATIO: u64 = 1032;

/// A decompressor that is reused from stream to stream.
pub(crate) struct Inflater(Decompressor);

impl Inflater {
    pub(crate) fn new() -> Self {
        Self(Decompressor::new())
    }

    /// Fills `out` from the zlib stream that `input` begins with; bytes after its end are ignored.
    /// The stream's own checksum is compared.
    pub(crate) fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Result<(), Reason> {
        let wanted = out.len();
        match self.0.zlib_decompress(input, out) {
            Ok(written) if written == wanted => Ok(()),
            Ok(written) => Err(Reason::Size { stated: wanted as u64, real: written as u64 }),
            Err(libdeflater::DecompressionError::InsufficientSpace) => {
                Err(Reason::Longer { stated: wanted as u64 })
            }
            Err(libdeflater::DecompressionError::BadData) => Err(Reason::Deflate),
        }
    }
}

/// Whether `size` bytes can have come out of `compressed` bytes: asked before memory is taken.
pub(crate) fn plausible(size: u64, compressed: usize) -> bool {
    size <= (compressed as u64).saturating_mul(MAX_RATIO)
}
