//! The members of a zip, by its directory, or by their own headers if that is damaged.
//!
//! Why not the `zip` crate: it keeps one of two members with the same name, and gives up on an
//! archive whose directory is damaged.

use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow::Continue;
use std::ops::Range;

use super::Format;
use super::budget::Stated;
use super::codec::Codec;
use super::problem::{Limit, ProblemKind};
use super::walk::{Flow, Walk};
use super::zip_directory::{self, Directory, Entry};
use super::zip_source::ZipBytes;

impl Walk<'_> {
    /// Visits the members of a zip.
    pub(super) fn zip(&mut self, source: &mut dyn ZipBytes, path: &str, depth: u32) -> Flow {
        let mut scratch = self.take_buffer();
        let flow = self.zip_with(source, path, depth, &mut scratch);
        self.give_back(scratch);
        flow
    }

    /// Visits the members, and then the frame.
    fn zip_with(
        &mut self,
        source: &mut dyn ZipBytes,
        path: &str,
        depth: u32,
        scratch: &mut Vec<u8>,
    ) -> Flow {
        let directory = match zip_directory::read(source, self.limits.member_bytes, scratch) {
            Ok(Some(directory)) => directory,
            Ok(None) => Directory { damaged: true, ..Directory::default() },
            Err(error) => {
                self.failed(path, Some(Format::Zip), &error);
                return Continue(());
            }
        };
        let before = self.mark();
        self.zip_members(source, &directory, path, depth, scratch)?;
        // Else all of its bytes are given as they are, or it is not known which of them are a member's.
        let has_frame = !directory.damaged && !self.only_damage_since(before);
        match has_frame {
            true => self.zip_frame(source, directory, (path, depth), scratch),
            false => Continue(()),
        }
    }

    fn zip_members(
        &mut self,
        source: &mut dyn ZipBytes,
        directory: &Directory,
        path: &str,
        depth: u32,
        scratch: &mut Vec<u8>,
    ) -> Flow {
        let mut unread = source.length();
        for entry in &directory.entries {
            self.entry(path)?;
            // Members that lie upon each other have more data than the file.
            match unread.checked_sub(entry.compressed.min(source.length())) {
                Some(left) => unread = left,
                None => {
                    self.problem(path, ProblemKind::Overlap);
                    return Continue(());
                }
            }
            self.zip_entry(source, entry, path, depth, scratch)?;
        }
        if directory.damaged {
            self.problem(path, corrupt("its directory"));
            let listed = directory.entries.iter().map(|entry| entry.offset).collect();
            let all = 0..source.length();
            self.zip_by_headers(source, all, &listed, (path, depth), scratch)?;
        }
        Continue(())
    }

    fn zip_entry(
        &mut self,
        source: &mut dyn ZipBytes,
        entry: &Entry,
        path: &str,
        depth: u32,
        scratch: &mut Vec<u8>,
    ) -> Flow {
        if entry.is_folder() {
            return Continue(());
        }
        let member = format!("{path}!{}", entry.name);
        match zip_directory::local_parts(source, entry.offset, scratch) {
            Ok(Some(parts)) => self.zip_data(source, entry, parts.data, &member, depth, scratch),
            Ok(None) => {
                self.problem(&member, corrupt("no header where the directory says"));
                Continue(())
            }
            Err(error) => {
                self.failed(&member, Some(Format::Zip), &error);
                Continue(())
            }
        }
    }

    /// Visits the member whose data starts at `offset`.
    fn zip_data(
        &mut self,
        source: &mut dyn ZipBytes,
        entry: &Entry,
        offset: u64,
        member: &str,
        depth: u32,
        scratch: &mut Vec<u8>,
    ) -> Flow {
        if entry.is_encrypted() {
            self.problem(member, ProblemKind::Encrypted);
            return Continue(());
        }
        let most = self.limits.member_bytes;
        let data = match source.window(offset, entry.compressed.min(most), scratch) {
            Ok(data) => data,
            Err(error) => {
                self.failed(member, Some(Format::Zip), &error);
                return Continue(());
            }
        };
        if entry.compressed > most {
            self.problem(member, ProblemKind::LimitReached(Limit::Member(most)));
        } else if (data.len() as u64) < entry.compressed {
            self.problem(member, ProblemKind::Truncated { format: Some(Format::Zip) });
        }
        match entry.method {
            0 => {
                self.spend(member, data.len() as u64)?;
                self.check(data, entry, member);
                self.content(data, member, depth + 1)
            }
            8 if data.len() as u64 == entry.compressed
                && self.fits_whole(entry.size, entry.compressed) =>
            {
                self.inflate(data, entry, member, depth)
            }
            method => {
                let size = if entry.flags & 2 != 0 { u64::MAX } else { entry.size };
                match Codec::of_zip_method(method, size) {
                    Some(codec) => self.zip_stream(codec, data, entry, member, depth),
                    None => {
                        self.problem(member, ProblemKind::UnsupportedMethod(method));
                        Continue(())
                    }
                }
            }
        }
    }

    /// Decompresses deflate at once, since its size is known.
    fn inflate(&mut self, data: &[u8], entry: &Entry, member: &str, depth: u32) -> Flow {
        let size = usize::try_from(entry.size).unwrap_or(0);
        let mut buffer = self.take_room(size);
        let room = buffer.get_mut(..size).unwrap_or_default();
        let flow = match self.inflate.deflate_decompress(data, room) {
            Ok(made) if made == size => {
                let bytes = buffer.get(..size).unwrap_or_default();
                self.spend(member, size as u64)?;
                self.check(bytes, entry, member);
                self.content(bytes, member, depth + 1)
            }
            // Damaged, or of another size: what can be had is read piece by piece.
            result => {
                if result.is_ok() {
                    self.problem(member, corrupt("shorter than its directory says"));
                }
                self.zip_stream(Codec::Deflate, data, entry, member, depth)
            }
        };
        self.rooms.push(buffer);
        flow
    }

    /// Decompresses piece by piece.
    fn zip_stream(
        &mut self,
        codec: Codec,
        mut data: &[u8],
        entry: &Entry,
        member: &str,
        depth: u32,
    ) -> Flow {
        let stated = Stated { size: entry.size, crc: entry.crc };
        self.decoded(codec, &mut data, member, depth + 1, Format::Zip, Some(stated))
    }

    fn check(&mut self, bytes: &[u8], entry: &Entry, member: &str) {
        let complete = bytes.len() as u64 == entry.size;
        if complete && libdeflater::crc32(bytes) != entry.crc {
            self.problem(member, ProblemKind::Checksum(Format::Zip));
        }
    }

    /// Visits the members of a place that are not listed, by their own headers.
    pub(super) fn zip_by_headers(
        &mut self,
        source: &mut dyn ZipBytes,
        place: Range<u64>,
        listed: &HashSet<u64>,
        (path, depth): (&str, u32),
        scratch: &mut Vec<u8>,
    ) -> Flow {
        let mut at = place.start;
        let mut unread = (place.end - place.start).saturating_mul(2);
        let mut search = (place.end - place.start).saturating_mul(8);
        loop {
            let found = match next_header(source, at, scratch) {
                Ok(Some(found)) if found.0 < place.end => found,
                Ok(_) => return Continue(()),
                Err(error) => {
                    self.failed(path, Some(Format::Zip), &error);
                    return Continue(());
                }
            };
            let (header, mut entry) = found;
            at = header + 4;
            if let Err(error) = complete(source, &mut entry, &mut search, scratch) {
                self.failed(path, Some(Format::Zip), &error);
            }
            if entry.compressed <= source.length().saturating_sub(entry.offset) {
                at = at.max(entry.offset.saturating_add(entry.compressed));
            }
            self.entry(path)?;
            if listed.contains(&header) || entry.is_folder() && entry.compressed == 0 {
                continue;
            }
            let rest = source.length().saturating_sub(entry.offset);
            match unread.checked_sub(entry.compressed.min(rest)) {
                Some(left) => unread = left,
                None => {
                    self.problem(path, ProblemKind::Overlap);
                    return Continue(());
                }
            }
            let member = format!("{path}!{}", entry.name);
            self.zip_data(source, &entry, entry.offset, &member, depth, scratch)?;
        }
    }
}

fn corrupt(detail: &str) -> ProblemKind {
    ProblemKind::Corrupt { format: Some(Format::Zip), detail: detail.to_owned() }
}

fn next_header(
    source: &mut dyn ZipBytes,
    mut at: u64,
    scratch: &mut Vec<u8>,
) -> io::Result<Option<(u64, Entry)>> {
    while let Some(found) = source.find(at, b"PK\x03\x04", scratch)? {
        if let Some(entry) = zip_directory::local(source, found, scratch)? {
            return Ok(Some((found, entry)));
        }
        at = found + 4;
    }
    Ok(None)
}

/// Finds the sizes of an entry that has them after its data. `search` is how many bytes may still
/// be searched for that in this archive, so that the cost stays linear.
fn complete(
    source: &mut dyn ZipBytes,
    entry: &mut Entry,
    search: &mut u64,
    scratch: &mut Vec<u8>,
) -> io::Result<()> {
    if !entry.has_descriptor() || entry.compressed != 0 {
        return Ok(());
    }
    // A descriptor counts if the size in it is how far it is away.
    let mut at = entry.offset;
    while *search > 0
        && let Some(found) = source.find(at, b"PK\x07\x08", scratch)?
    {
        let length = found - entry.offset;
        let record = source.window(found, 24, scratch)?;
        if read_descriptor(record, length, entry) {
            return Ok(());
        }
        *search = search.saturating_sub(found + 24 - at);
        at = found + 4;
    }
    *search = search.saturating_sub(source.length().saturating_sub(at));
    let end = source.find(entry.offset, b"PK\x03\x04", scratch)?.unwrap_or(source.length());
    entry.compressed = end.saturating_sub(entry.offset);
    entry.size = 0;
    Ok(())
}

/// Takes the sizes of the descriptor that follows `length` bytes of data, if it is one.
fn read_descriptor(record: &[u8], length: u64, entry: &mut Entry) -> bool {
    let number = |at: usize| {
        let field = record.get(at..).and_then(|rest| rest.first_chunk::<4>());
        field.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)))
    };
    if number(8) != length & 0xFFFF_FFFF {
        return false;
    }
    let wide = number(12) == length >> 32 && number(20) == 0;
    let next_follows = record.get(16..).is_some_and(|next| next.starts_with(b"PK"));
    entry.crc = number(4) as u32;
    entry.size = if wide && !next_follows { number(16) } else { number(12) };
    entry.compressed = length;
    true
}
