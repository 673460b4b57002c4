//! Streams of one kind in a row, read as one content, and what follows the last of them.
//!
//! Not here: the decoder of each (`codec`), and what becomes of what follows (`walk`).

use std::io::{self, BufRead, Read};

use super::codec::{Codec, Part};
use super::format::{Format, HEAD, detect};

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
}

impl<'a, R: BufRead + 'a> Parts<'a, R> {
    pub(super) fn new(codec: Codec, input: R) -> io::Result<Self> {
        let part = codec.open(Ahead::new(input))?;
        Ok(Self { codec, part: Some(part), rest: None, mismatch: false })
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
            Some(next) if next == format => self.part = Some(self.codec.open(input)?),
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
