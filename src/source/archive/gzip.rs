//! A gzip file at hand, decompressed at once where that is safe: twice as fast as piece by piece. And
//! the header of a gzip, which can have a name, a comment and an extra field in it.
//!
//! Not here: the reader for all other cases (`codec`).

use super::walk::{Flow, Walk};
use crate::blob::Origin;

/// Flags of a header: it has a checksum, an extra field, a name, a comment.
const HAS_SUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;

/// Whether the header that `bytes` begin with has text in it.
pub(super) fn has_text(bytes: &[u8]) -> bool {
    bytes.get(3).is_some_and(|flags| flags & (HAS_EXTRA | HAS_NAME | HAS_COMMENT) != 0)
}

/// The length of the header that `bytes` begin with; none if they end before it does.
pub(super) fn header_length(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(3)?;
    let mut at = 10;
    if flags & HAS_EXTRA != 0 {
        let length = bytes.get(at..)?.first_chunk::<2>()?;
        at += 2 + usize::from(u16::from_le_bytes(*length));
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    if flags & HAS_SUM != 0 {
        at += 2;
    }
    (at <= bytes.len()).then_some(at)
}

impl Walk<'_> {
    /// Visits a gzip of one sound member. None: it may be another, and nothing was done.
    pub(super) fn gzip_whole(&mut self, bytes: &[u8], path: &str, depth: u32) -> Option<Flow> {
        let &[c0, c1, c2, c3, s0, s1, s2, s3] = bytes.last_chunk::<8>()?;
        let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        // The decoder does not say where it stopped, so nothing may look like a second member.
        let second = memchr::memmem::find(bytes.get(3..)?, &[0x1F, 0x8B, 8]);
        if second.is_some() || !self.fits_whole(u64::from(size), bytes.len() as u64) {
            return None;
        }
        let size = usize::try_from(size).ok()?;
        let mut buffer = self.take_room(size);
        let room = buffer.get_mut(..size).unwrap_or_default();
        let made = self.inflate.gzip_decompress(bytes, room);
        let sound = made == Ok(size) && libdeflater::crc32(room) == checksum;
        let header = header_length(bytes).filter(|_| has_text(bytes)).unwrap_or(0);
        let header = bytes.get(..header).unwrap_or_default();
        let flow = sound.then(|| self.gunzipped(room, header, path, depth));
        self.rooms.push(buffer);
        flow
    }

    fn gunzipped(&mut self, made: &[u8], header: &[u8], path: &str, depth: u32) -> Flow {
        self.spend(path, made.len() as u64)?;
        self.content(made, path, depth + 1)?;
        self.frame(path, header, Origin::default())
    }
}
