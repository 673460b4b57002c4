//! Streams of one kind in a row, read as one content, and what follows the last of them.
//!
//! Not here: the decoder of each (`codec`), and what becomes of what follows (`walk`).

use std::io::{self, BufRead, Read};

use super::codec::{Codec, Part};
use super::format::{Format, HEAD, detect};
use super::gzip;

/// The longest header of a gzip: more than decoders take.
const LONGEST_HEADER: usize = 1 << 18;

/// A reader of which the next bytes can be looked at before they are taken.
pub(super) struct Ahead<R> {
    inner: R,
    ahead: Vec<u8>,
    /// How much of `ahead` was taken.
    taken: usize,
}

impl<R: BufRead> Ahead<R> {
    fn new(inner: R) -> Self {
        Self { inner, ahead: Vec::new(), taken: 0 }
    }

    /// Up to `length` of the next bytes; fewer at the end.
    fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        self.ahead.drain(..self.taken);
        self.taken = 0;
        let missing = length.saturating_sub(self.ahead.len());
        self.inner.by_ref().take(missing as u64).read_to_end(&mut self.ahead)?;
        Ok(&self.ahead)
    }

    /// The length of what stands before the data of the part that comes next, if there is something to
    /// read in it beside numbers.
    fn frame(&mut self, codec: Codec) -> io::Result<usize> {
        match codec {
            Codec::Gzip => self.gzip_header(),
            Codec::Zstd => self.skippable_frame(),
            _ => Ok(0),
        }
    }

    fn gzip_header(&mut self) -> io::Result<usize> {
        if !gzip::has_text(self.peek(4)?) {
            return Ok(0);
        }
        let mut wanted = HEAD;
        loop {
            let ready = self.peek(wanted)?;
            match gzip::header_length(ready) {
                Some(length) => return Ok(length),
                // The decoder says what is wrong with it.
                None if ready.len() < wanted || wanted > LONGEST_HEADER => return Ok(0),
                None => wanted *= 2,
            }
        }
    }

    /// What any program may put into a zstd, which the decoder passes over.
    fn skippable_frame(&mut self) -> io::Result<usize> {
        let &[0x50..=0x5F, 0x2A, 0x4D, 0x18, ref size @ ..] = self.peek(8)? else { return Ok(0) };
        let Some(size) = size.first_chunk().map(|size| u32::from_le_bytes(*size)) else {
            return Ok(0);
        };
        Ok(usize::try_from(size).unwrap_or(usize::MAX).saturating_add(8))
    }

    /// Passes over zeros; false if nothing else is left.
    fn skip_zeros(&mut self) -> io::Result<bool> {
        loop {
            let ready = self.fill_buf()?;
            let length = ready.len();
            let zeros = ready.iter().take_while(|&&byte| byte == 0).count();
            self.consume(zeros);
            if zeros < length || length == 0 {
                return Ok(length > 0);
            }
        }
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut held = self.ahead.get(self.taken..).unwrap_or_default();
        if held.is_empty() {
            return self.inner.read(buffer);
        }
        let read = held.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.ahead.get(self.taken..) {
            Some(held) if !held.is_empty() => Ok(held),
            _ => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.taken < self.ahead.len() {
            self.taken = self.taken.saturating_add(amount).min(self.ahead.len());
        } else {
            self.inner.consume(amount);
        }
    }
}

/// The content of all parts, one after the other. Zeros after a part are padding.
pub(super) struct Parts<'a, R: BufRead> {
    codec: Codec,
    part: Option<Part<'a, Ahead<R>>>,
    rest: Option<(Format, Ahead<R>)>,
    mismatch: bool,
    /// The headers of the parts that have something to read in them, one after the other.
    frame: Vec<u8>,
    /// How long they may be, and whether they are longer.
    frame_limit: (usize, bool),
}

impl<'a, R: BufRead + 'a> Parts<'a, R> {
    /// `most` is how much is held of what stands before the data of the parts.
    pub(super) fn new(codec: Codec, input: R, most: u64) -> io::Result<Self> {
        let frame_limit = (usize::try_from(most).unwrap_or(usize::MAX), false);
        let (frame, mismatch) = (Vec::new(), false);
        let mut parts = Self { codec, part: None, rest: None, mismatch, frame, frame_limit };
        parts.open(Ahead::new(input))?;
        Ok(parts)
    }

    fn open(&mut self, mut input: Ahead<R>) -> io::Result<()> {
        let length = input.frame(self.codec)?;
        if length > self.frame_limit.0.saturating_sub(self.frame.len()) {
            self.frame_limit.1 = true;
        } else if length > 0 {
            let ready = input.peek(length)?;
            self.frame.extend(ready.get(..length).unwrap_or(ready));
        }
        self.part = Some(self.codec.open(input)?);
        Ok(())
    }

    /// What stood before the data of the parts. It begins where the first part does.
    pub(super) fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// Whether there was more of that than may be held.
    pub(super) fn frame_is_cut(&self) -> bool {
        self.frame_limit.1
    }

    /// Whether a part, of which all was given, does not match its checksum.
    pub(super) fn mismatch(&self) -> bool {
        self.mismatch
    }

    /// What follows the last part and is no padding, once that was read to its end.
    pub(super) fn into_rest(self) -> Option<(Format, Ahead<R>)> {
        self.rest
    }

    fn part_ended(&mut self) -> io::Result<()> {
        let input = self.part.take().and_then(Part::into_input);
        let Some((format, mut input)) = self.codec.in_parts().zip(input) else { return Ok(()) };
        if !input.skip_zeros()? {
            return Ok(());
        }
        match detect(input.peek(HEAD)?) {
            Some(next) if next == format => self.open(input)?,
            _ => self.rest = Some((format, input)),
        }
        Ok(())
    }
}

impl<'a, R: BufRead + 'a> Read for Parts<'a, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(part) = &mut self.part {
            match part.read(buffer) {
                Ok(0) if !buffer.is_empty() => {}
                Err(error) if part.is_mismatch(&error) => self.mismatch = true,
                result => return result,
            }
            self.part_ended()?;
        }
        Ok(0)
    }
}
