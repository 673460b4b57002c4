//! The bytes of a zip, at hand or in a file.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that can be looked at anywhere.
pub(super) trait ZipBytes {
    fn length(&self) -> u64;

    /// Up to `length` bytes from `at`; fewer at the end. May use `scratch` to hold them.
    fn window<'b>(
        &'b mut self,
        at: u64,
        length: u64,
        scratch: &'b mut Vec<u8>,
    ) -> io::Result<&'b [u8]>;

    /// Where `needle` comes next, from `at` on.
    fn find(&mut self, at: u64, needle: &[u8], scratch: &mut Vec<u8>) -> io::Result<Option<u64>>;
}

/// All of it is at hand.
pub(super) struct SliceBytes<'a>(pub(super) &'a [u8]);

impl ZipBytes for SliceBytes<'_> {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn window<'b>(
        &'b mut self,
        at: u64,
        length: u64,
        _scratch: &'b mut Vec<u8>,
    ) -> io::Result<&'b [u8]> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = self.0.get(start..).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(rest.get(..length).unwrap_or(rest))
    }

    fn find(&mut self, at: u64, needle: &[u8], _scratch: &mut Vec<u8>) -> io::Result<Option<u64>> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = self.0.get(start..).unwrap_or_default();
        Ok(memchr::memmem::find(rest, needle).map(|offset| at + offset as u64))
    }
}

/// A file, of which a piece at a time is held.
pub(super) struct FileBytes<'a, F> {
    pub(super) file: &'a mut F,
    pub(super) length: u64,
}

/// How much of a file is searched at once.
const SEARCHED: u64 = 1 << 20;

impl<F: Read + Seek> ZipBytes for FileBytes<'_, F> {
    fn length(&self) -> u64 {
        self.length
    }

    fn window<'b>(
        &'b mut self,
        at: u64,
        length: u64,
        scratch: &'b mut Vec<u8>,
    ) -> io::Result<&'b [u8]> {
        scratch.clear();
        if at < self.length {
            self.file.seek(SeekFrom::Start(at))?;
            self.file.take(length).read_to_end(scratch)?;
        }
        Ok(scratch)
    }

    fn find(&mut self, at: u64, needle: &[u8], scratch: &mut Vec<u8>) -> io::Result<Option<u64>> {
        let mut start = at;
        loop {
            let window = self.window(start, SEARCHED, scratch)?;
            if let Some(offset) = memchr::memmem::find(window, needle) {
                return Ok(Some(start + offset as u64));
            }
            if (window.len() as u64) < SEARCHED {
                return Ok(None);
            }
            // A needle may lie across the seam.
            start += SEARCHED - needle.len() as u64;
        }
    }
}
