//! Buffers of rebuilt objects, reused and counted against one bound for all threads.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

/// Free buffers that a thread keeps.
const KEPT: usize = 4;
/// Bytes by which sizes are rounded up, so that buffers fit again.
const GRAIN: usize = 16 << 10;

/// Bytes of one object: the first `len` of an allocation that stays initialised when it is reused.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// To be written.
    pub(super) fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }

    /// To be written, with up to `more` bytes behind it that may be spoilt, and its length.
    pub(super) fn with_room(&mut self, more: usize) -> (&mut [u8], usize) {
        let end = self.len.saturating_add(more).min(self.bytes.len());
        (self.bytes.get_mut(..end).unwrap_or_default(), self.len)
    }

    /// Bytes that come from elsewhere.
    pub(super) fn from_vec(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len(), bytes }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Bytes that all threads have allocated.
#[derive(Debug, Default)]
pub(super) struct Live {
    now: AtomicU64,
    peak: AtomicU64,
}

impl Live {
    fn add(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        self.peak.fetch_max(now, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The most that there were.
    pub(super) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

/// One thread's free buffers.
pub(super) struct Pool<'a> {
    free: Vec<Buffer>,
    live: &'a Live,
    limit: u64,
}

impl<'a> Pool<'a> {
    pub(super) fn new(live: &'a Live, limit: u64) -> Self {
        Self { free: Vec::new(), live, limit }
    }

    /// A free buffer of at least `len` bytes, if there is one.
    fn fitting(&mut self, len: usize) -> Option<Buffer> {
        let fits = self.free.iter().enumerate().filter(|(_, buffer)| buffer.bytes.len() >= len);
        let best = fits.min_by_key(|(_, buffer)| buffer.bytes.len()).map(|(at, _)| at)?;
        Some(self.free.swap_remove(best))
    }

    /// Whether `len` more bytes would exceed the bound.
    pub(super) fn exceeds(&self, len: usize) -> bool {
        let fits = self.free.iter().any(|buffer| buffer.bytes.len() >= len);
        !fits && self.live.now().saturating_add(len as u64) > self.limit
    }

    /// A buffer of `len` bytes with any content.
    pub(super) fn take(&mut self, len: usize) -> Buffer {
        if let Some(mut buffer) = self.fitting(len) {
            buffer.len = len;
            return buffer;
        }
        // A free one that is too small makes room for this one.
        if let Some(small) = self.free.pop() {
            self.discard(small);
        }
        let size = len.saturating_add(len / 8).max(1).next_multiple_of(GRAIN);
        self.live.add(size);
        Buffer { bytes: vec![0; size], len }
    }

    /// Counts bytes that were allocated elsewhere.
    pub(super) fn adopt(&self, bytes: Vec<u8>) -> Buffer {
        self.live.add(bytes.len());
        Buffer::from_vec(bytes)
    }

    /// Gives a buffer back.
    pub(super) fn give(&mut self, buffer: Buffer) {
        let over = self.live.now() > self.limit;
        if over || self.free.len() >= KEPT {
            self.discard(buffer);
        } else {
            self.free.push(buffer);
        }
    }

    /// Frees all free buffers.
    pub(super) fn clear(&mut self) {
        while let Some(buffer) = self.free.pop() {
            self.discard(buffer);
        }
    }

    fn discard(&self, buffer: Buffer) {
        self.live.now.fetch_sub(buffer.bytes.len() as u64, Ordering::Relaxed);
    }
}
