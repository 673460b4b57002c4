//! Where a tar comes from, and how far it was read.
//!
//! Not here: what its blocks mean.

use std::io::{self, Read};

use crate::blob::Origin;

/// A tar, at hand or as it is read.
pub(super) struct TarSource<'a> {
    from: From<'a>,
    /// Where the next byte is.
    origin: Origin,
}

enum From<'a> {
    /// All of it is at hand.
    Slice(&'a [u8]),
    /// It comes as it is read. A reader is not asked again once it has failed.
    Stream { inner: &'a mut dyn Read, failed: bool },
}

impl Read for TarSource<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.from {
            From::Slice(rest) => rest.read(buffer)?,
            From::Stream { failed: true, .. } => 0,
            From::Stream { inner, failed } => {
                let read = inner.read(buffer);
                *failed = matches!(&read, Err(e) if e.kind() != io::ErrorKind::Interrupted);
                read?
            }
        };
        self.origin = self.origin.after(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<'a> TarSource<'a> {
    pub(super) fn slice(bytes: &'a [u8]) -> Self {
        Self { from: From::Slice(bytes), origin: Origin::default() }
    }

    pub(super) fn stream(inner: &'a mut dyn Read) -> Self {
        Self { from: From::Stream { inner, failed: false }, origin: Origin::default() }
    }

    /// Where the next byte is in the tar.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// Up to `length` bytes, appended; fewer at the end.
    pub(super) fn load(&mut self, length: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
        self.take(length).read_to_end(buffer).map(drop)
    }

    /// Up to `length` bytes without a copy, if all of it is at hand.
    pub(super) fn at_hand(&mut self, length: u64) -> Option<&'a [u8]> {
        let From::Slice(rest) = &mut self.from else { return None };
        let end = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
        let (data, after) = rest.split_at_checked(end).unwrap_or_default();
        *rest = after;
        self.origin = self.origin.after(data);
        Some(data)
    }

    /// Passes over bytes; false if there are fewer.
    pub(super) fn skip(&mut self, length: u64) -> io::Result<bool> {
        match self.at_hand(length) {
            Some(data) => Ok(data.len() as u64 == length),
            None => Ok(io::copy(&mut self.take(length), &mut io::sink())? == length),
        }
    }

    pub(super) fn failed(&self) -> bool {
        matches!(self.from, From::Stream { failed: true, .. })
    }
}
