//! A gzip file at hand, decompressed at once where that is safe: twice as fast as piece by piece.
//!
//! Not here: the reader for all other cases (`codec`).

use super::walk::{Flow, Walk};

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
        let flow = sound.then(|| self.gunzipped(room, path, depth));
        self.rooms.push(buffer);
        flow
    }

    fn gunzipped(&mut self, made: &[u8], path: &str, depth: u32) -> Flow {
        self.spend(path, made.len() as u64)?;
        self.content(made, path, depth + 1)
    }
}
