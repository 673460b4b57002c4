//! The records of a zip: the end, the central directory, the headers before each member.
//!
//! Layout after PKWARE's APPNOTE 6.3. Not here: the members' data.

use std::io;
use std::ops::Range;

use super::codec::escaped;
use super::zip_source::ZipBytes;

/// How far from the end the end record can start: itself and the longest comment.
pub(super) const TAIL: u64 = 22 + 0xFFFF;
/// The fixed part of a header before a member.
const LOCAL: usize = 30;
/// The fixed part of a directory record.
const CENTRAL: usize = 46;
/// The fixed part of the end record.
const END: usize = 22;
const FULL_32: u64 = 0xFFFF_FFFF;
/// Bytes of a directory that are always read.
const LEAST: u64 = 64 << 20;

/// A member, as the directory or its own header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    /// Where its header is; for one read from its own header, where its data is.
    pub(super) offset: u64,
}

impl Entry {
    pub(super) fn is_encrypted(&self) -> bool {
        const AES: u16 = 99;
        self.flags & 1 != 0 || self.method == AES
    }

    /// Its sizes come after the data.
    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & 8 != 0
    }

    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/') && self.size == 0
    }
}

/// Where the parts of the header before a member are.
pub(super) struct LocalParts {
    pub(super) name: Range<u64>,
    /// Where the data begins, after the extra field.
    pub(super) data: u64,
}

/// What was found at the end of a zip.
#[derive(Default)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    /// Places of the fields of its records that hold numbers; between them are texts. An empty one
    /// parts two texts.
    pub(super) known: Vec<Range<u64>>,
    /// Records are missing or cannot be read.
    pub(super) damaged: bool,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|field| u16::from_le_bytes(*field))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|field| u64::from(u32::from_le_bytes(*field)))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|field| u64::from_le_bytes(*field))
}

/// Where the end record starts in the last bytes of a zip.
fn end_record(tail: &[u8]) -> Option<usize> {
    let mut upto = tail.len();
    while let Some(at) = memchr::memmem::rfind(tail.get(..upto)?, b"PK\x05\x06") {
        let comment = usize::from(u16_at(tail, at + 20).unwrap_or(u16::MAX));
        if at + 22 + comment <= tail.len() {
            return Some(at);
        }
        upto = at + 3;
    }
    None
}

/// Whether bytes that start with something else end as a zip.
pub(super) fn ends_as_zip(bytes: &[u8]) -> bool {
    let from = bytes.len().saturating_sub(TAIL as usize);
    tail_is_zip(bytes, bytes.get(from..).unwrap_or_default())
}

/// The same for a file of which the head and the last [`TAIL`] bytes are at hand. Programs and
/// scripts may have a comment after the end record; anything else must end with the record.
pub(super) fn tail_is_zip(head: &[u8], tail: &[u8]) -> bool {
    let last = tail.get(tail.len().saturating_sub(22)..).unwrap_or_default();
    let program = [&b"MZ"[..], b"\x7FELF", b"#!", b"Cr24", b"\xCF\xFA\xED\xFE"];
    let may_have = last.starts_with(b"PK\x05\x06") || program.iter().any(|p| head.starts_with(p));
    let Some(at) = may_have.then(|| end_record(tail)).flatten() else { return false };
    let (Some(size), Some(offset)) = (u32_at(tail, at + 12), u32_at(tail, at + 16)) else {
        return false;
    };
    // An end record that is the string constant of an unzipper describes nothing.
    let directory = usize::try_from(size).ok().and_then(|size| at.checked_sub(size));
    let found = directory.and_then(|start| tail.get(start..)?.get(..4));
    size > 0
        && (size == FULL_32
            || offset == FULL_32
            || found.map_or(size > TAIL - 22, |signature| signature == b"PK\x01\x02"))
}

/// Reads the directory. None: there is no end record.
pub(super) fn read(
    source: &mut dyn ZipBytes,
    most: u64,
    scratch: &mut Vec<u8>,
) -> io::Result<Option<Directory>> {
    let from = source.length().saturating_sub(TAIL + 76);
    let tail = source.window(from, TAIL + 76, scratch)?;
    let Some(at) = end_record(tail) else { return Ok(None) };
    let end = tail.get(at..).unwrap_or_default();
    let mut count = u16_at(end, 10).map_or(0, u64::from);
    let mut size = u32_at(end, 12).unwrap_or(0);
    let mut offset = u32_at(end, 16).unwrap_or(0);
    let mut end_at = from + at as u64;
    let comment_at = end_at + END as u64;
    let comment_end = comment_at + u16_at(end, 20).map_or(0, u64::from);
    let known_end = [end_at..comment_at, comment_end..comment_end];
    let mut whole_count = false;
    let locator = at.checked_sub(20).and_then(|at| tail.get(at..)).unwrap_or_default();
    if locator.starts_with(b"PK\x06\x07") {
        let stated = u64_at(locator, 8).unwrap_or(0);
        // With data before the archive, the record is where the locator says less what it is off.
        for place in [end_at.saturating_sub(20 + 56), stated] {
            let record = source.window(place, 56, scratch)?;
            if record.starts_with(b"PK\x06\x06") {
                (count, size, offset) = (
                    u64_at(record, 32).unwrap_or(0),
                    u64_at(record, 40).unwrap_or(0),
                    u64_at(record, 48).unwrap_or(0),
                );
                (end_at, whole_count) = (place, true);
                break;
            }
        }
    }
    let start = end_at.checked_sub(size);
    let shift = start.and_then(|start| start.checked_sub(offset));
    let places = [start.zip(shift), Some((offset, 0))];
    for (start, shift) in places.into_iter().flatten() {
        // What one member may unpack to says nothing of the directory.
        let most = most.max(LEAST);
        let bytes = source.window(start, size.min(most), scratch)?;
        if size == 0 || bytes.starts_with(b"PK\x01\x02") {
            let mut directory = records(bytes, start, shift);
            let modulus = if whole_count { u64::MAX } else { 1 << 16 };
            directory.damaged |= size > most || directory.entries.len() as u64 % modulus != count;
            directory.known.extend(known_end);
            return Ok(Some(directory));
        }
    }
    Ok(Some(Directory { damaged: true, ..Directory::default() }))
}

/// The records in `bytes`, which are at `at`; they are damaged if they do not fill it.
fn records(mut bytes: &[u8], mut at: u64, shift: u64) -> Directory {
    let mut directory = Directory::default();
    while bytes.starts_with(b"PK\x01\x02") {
        let Some((entry, ends)) = central(bytes, shift) else {
            directory.damaged = true;
            return directory;
        };
        directory.entries.push(entry);
        let [fixed, name, extra, length] = ends.map(|end| at.saturating_add(end as u64));
        directory.known.extend([at..fixed, name..name, extra..extra, length..length]);
        bytes = bytes.get(ends[3]..).unwrap_or_default();
        at = length;
    }
    // A digital signature may follow.
    directory.damaged = !(bytes.is_empty() || bytes.starts_with(b"PK\x05\x05"));
    directory
}

/// The record that `bytes` begin with, and where its parts end: numbers, name, extra field, comment.
fn central(bytes: &[u8], shift: u64) -> Option<(Entry, [usize; 4])> {
    let name = usize::from(u16_at(bytes, 28)?);
    let extra = usize::from(u16_at(bytes, 30)?);
    let comment = usize::from(u16_at(bytes, 32)?);
    let mut entry = Entry {
        flags: u16_at(bytes, 8)?,
        method: u16_at(bytes, 10)?,
        crc: u32_at(bytes, 16)? as u32,
        compressed: u32_at(bytes, 20)?,
        size: u32_at(bytes, 24)?,
        offset: u32_at(bytes, 42)?,
        name: escaped(bytes.get(CENTRAL..CENTRAL + name)?),
    };
    widen(&mut entry, bytes.get(CENTRAL + name..CENTRAL + name + extra)?, true);
    entry.offset = entry.offset.saturating_add(shift);
    let (name, extra) = (CENTRAL + name, CENTRAL + name + extra);
    Some((entry, [CENTRAL, name, extra, extra + comment]))
}

/// The header before a member's data, at `at`.
pub(super) fn local(
    source: &mut dyn ZipBytes,
    at: u64,
    scratch: &mut Vec<u8>,
) -> io::Result<Option<Entry>> {
    let window = source.window(at, LOCAL as u64 + 2 * 0xFFFF, scratch)?;
    Ok(window.starts_with(b"PK\x03\x04").then(|| parse_local(window, at)).flatten())
}

/// Whether `bytes` begin with the header of a member that fits into `room` bytes with its data, packed in
/// a way that there is.
pub(super) fn fits(bytes: &[u8], room: u64) -> bool {
    const METHODS: [u16; 8] = [0, 8, 9, 12, 14, 93, 95, 99];
    let number = |at: usize| u16_at(bytes, at).map(u64::from);
    let (Some(compressed), Some(name), Some(extra)) = (u32_at(bytes, 18), number(26), number(28))
    else {
        return false;
    };
    let compressed = if compressed == FULL_32 { 0 } else { compressed };
    let known = u16_at(bytes, 8).is_some_and(|method| METHODS.contains(&method));
    known && name > 0 && LOCAL as u64 + name + extra + compressed <= room
}

/// The parts of the header at `at`, if there is one.
pub(super) fn local_parts(
    source: &mut dyn ZipBytes,
    at: u64,
    scratch: &mut Vec<u8>,
) -> io::Result<Option<LocalParts>> {
    let header = source.window(at, LOCAL as u64, scratch)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Ok(None);
    }
    let Some((name, extra)) = u16_at(header, 26).zip(u16_at(header, 28)) else { return Ok(None) };
    let start = at.saturating_add(LOCAL as u64);
    let name = start..start.saturating_add(u64::from(name));
    let data = name.end.saturating_add(u64::from(extra));
    Ok(Some(LocalParts { name, data }))
}

fn parse_local(bytes: &[u8], at: u64) -> Option<Entry> {
    let name = usize::from(u16_at(bytes, 26)?);
    let extra = usize::from(u16_at(bytes, 28)?);
    let data = LOCAL + name + extra;
    let mut entry = Entry {
        flags: u16_at(bytes, 6)?,
        method: u16_at(bytes, 8)?,
        crc: u32_at(bytes, 14)? as u32,
        compressed: u32_at(bytes, 18)?,
        size: u32_at(bytes, 22)?,
        offset: at.saturating_add(data as u64),
        name: escaped(bytes.get(LOCAL..LOCAL + name)?),
    };
    widen(&mut entry, bytes.get(LOCAL + name..data)?, false);
    Some(entry)
}

/// Takes the 64-bit fields, which are there only for the 32-bit ones that are full.
fn widen(entry: &mut Entry, mut extra: &[u8], with_offset: bool) {
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = 4 + usize::from(length);
        if id == 1 {
            let mut fields = extra.get(4..end).unwrap_or_default();
            let offset = with_offset.then_some(&mut entry.offset);
            for field in [Some(&mut entry.size), Some(&mut entry.compressed), offset] {
                let Some(field) = field.filter(|field| **field == FULL_32) else { continue };
                let Some((value, rest)) = fields.split_first_chunk() else { return };
                *field = u64::from_le_bytes(*value);
                fields = rest;
            }
        }
        extra = extra.get(end..).unwrap_or_default();
    }
}
