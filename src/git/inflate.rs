//! Whole-buffer inflate of one zlib stream whose size is known beforehand.
//!
//! Not a streaming reader: git says the size of everything before its bytes, so none is needed.

use sirocco::Format;
use sirocco::inflate::{Decoder, Error};

use super::pack::Reason;

/// Deflate cannot shrink by more than this factor, so a size beyond it is a lie.
const MAX_RATIO: u64 = 1032;

/// Bytes behind a stream, and behind its output, with which a decoder need not mind their ends.
pub(crate) const ROOM: usize = 320;

/// A decoder that is reused from stream to stream.
pub(crate) struct Inflater(Box<Decoder>);

impl Inflater {
    pub(crate) fn new() -> Self {
        Self(Box::new(Decoder::new(Format::Zlib)))
    }

    /// Does as [`Inflater::inflate`] for the first `end` bytes of `input` and the first `len` of
    /// `out`, but may look at the rest of `input` and spoil the rest of `out`: near the end of
    /// either, a decoder must go step by step, and most streams of a pack have little else.
    pub(crate) fn inflate_roomy(
        &mut self,
        (input, end): (&[u8], usize),
        (out, len): (&mut [u8], usize),
    ) -> Result<(), Reason> {
        if let Ok(done) = self.0.decompress(input, out, true)
            && (done.done, done.output.len()) == (true, len)
            && done.consumed <= end
        {
            return Ok(());
        }
        // What is wrong is told without what does not belong to it.
        self.0.reset();
        let input = input.get(..end).unwrap_or(input);
        self.inflate(input, out.get_mut(..len).unwrap_or_default())
    }

    /// Fills `out` from the zlib stream that `input` begins with; bytes after its end are ignored.
    /// The stream's own checksum is compared.
    pub(crate) fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Result<(), Reason> {
        let stated = out.len() as u64;
        let result = self.0.decompress(input, out, true).map(|done| (done.done, done.output.len()));
        match result {
            Ok((true, written)) if written as u64 == stated => Ok(()),
            Ok((true, written)) => Err(Reason::Size { stated, real: written as u64 }),
            Ok((false, _)) | Err(Error::BufferFull | Error::InsufficientSpace) => {
                self.0.reset();
                Err(Reason::Longer { stated })
            }
            Err(_) => {
                self.0.reset();
                Err(Reason::Deflate)
            }
        }
    }
}

/// Whether `size` bytes can have come out of `compressed` bytes: asked before memory is taken.
pub(crate) fn plausible(size: u64, compressed: usize) -> bool {
    size <= (compressed as u64).saturating_mul(MAX_RATIO)
}
