//! Tar: v7, ustar, GNU long names and pax headers, from a slice or a reader.
//!
//! Links, devices and folders have no content, but names; sparse files are given as stored. Not here:
//! where the bytes come from (`tar_source`).

use std::io::{self, Read};
use std::ops::ControlFlow::Continue;
use std::ops::Range;

use super::Format;
use super::codec::escaped;
use super::problem::ProblemKind;
use super::tar_source::TarSource;
use super::walk::{Flow, Walk};

const BLOCK: usize = 512;
/// The longest extended header that is believed.
const LONGEST_EXTENSION: u64 = 1 << 20;
/// The text of a header: name, link target, user, group, all that follows the numbers of a device.
const TEXTS: [Range<usize>; 5] = [0..100, 157..257, 265..297, 297..329, 345..BLOCK];

/// Whether `head` starts with a tar header: the checksum is right.
pub(super) fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<BLOCK>() else { return false };
    // Text seldom has octal digits right here, so this ends most checks.
    matches!(block[148], b' ' | b'0'..=b'7') && block[0] != 0 && checksum_is_right(block)
}

fn checksum_is_right(block: &[u8; BLOCK]) -> bool {
    let Some(stated) = octal(&block[148..156]) else { return false };
    if octal(&block[100..108]).is_none() && block[100] & 0x80 == 0 {
        return false;
    }
    let outside = block[..148].iter().chain(&block[156..]);
    let unsigned: u64 = outside.clone().map(|&byte| u64::from(byte)).sum::<u64>() + 8 * 32;
    // Some old programs summed signed bytes.
    let signed: i64 = outside.map(|&byte| i64::from(byte as i8)).sum::<i64>() + 8 * 32;
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

/// A number in octal digits, with blanks around; none at all is zero.
fn octal(field: &[u8]) -> Option<u64> {
    let end = field.iter().rposition(|byte| !matches!(byte, b' ' | 0)).map_or(0, |last| last + 1);
    let digits = field.get(..end)?.trim_ascii_start();
    // Some programs leave old bytes after the terminator.
    let digits = digits.split(|byte| matches!(byte, b' ' | 0)).next()?;
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// A size: octal, or GNU's base 256 for what octal cannot hold.
fn size_of(field: &[u8]) -> Option<u64> {
    match field.split_first()? {
        (first, rest) if first & 0x80 != 0 => {
            rest.iter().try_fold(u64::from(first & 0x7F), |value, byte| {
                value.checked_mul(256)?.checked_add(u64::from(*byte))
            })
        }
        _ => octal(field),
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or(field)
}

/// What extended headers say about the next member.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Where in the archive the reading is.
#[derive(Default)]
struct Progress {
    extension: Extension,
    /// The two zero blocks were seen; another archive may follow.
    ended: bool,
}

impl Walk<'_> {
    /// Visits the members of a tar.
    pub(super) fn tar(&mut self, mut source: TarSource<'_>, path: &str, depth: u32) -> Flow {
        let mut progress = Progress::default();
        let mut block = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            let origin = source.origin();
            if let Err(error) = source.load(BLOCK as u64, &mut block) {
                self.failed(path, Some(Format::Tar), &error);
                return Continue(());
            }
            if block.is_empty() {
                return Continue(());
            }
            if block.iter().all(|&byte| byte == 0) {
                progress.ended = true;
                continue;
            }
            match block.first_chunk::<BLOCK>() {
                Some(header) if is_header(header) || checksum_is_right(header) => {
                    progress.ended = false;
                    for text in TEXTS {
                        let (before, text) = (&header[..text.start], &header[text]);
                        self.frame(path, text, origin.after(before))?;
                    }
                    self.tar_entry(&mut source, header, &mut progress, path, depth)?;
                    if source.failed() {
                        return Continue(());
                    }
                }
                None if !progress.ended => {
                    self.problem(path, ProblemKind::Truncated { format: Some(Format::Tar) });
                }
                _ if progress.ended => {
                    let mut rest = block.as_slice().chain(source);
                    return self.trailing(&mut rest, path, depth + 1, Format::Tar);
                }
                // The next block may be a header again.
                _ => {
                    self.problem(path, corrupt("a header's checksum is wrong"));
                    self.frame(path, &block, origin)?;
                }
            }
        }
    }

    fn tar_entry(
        &mut self,
        source: &mut TarSource<'_>,
        header: &[u8; BLOCK],
        progress: &mut Progress,
        path: &str,
        depth: u32,
    ) -> Flow {
        let Some(stated) = size_of(&header[124..136]) else {
            self.problem(path, corrupt("a member's size is no number"));
            return Continue(());
        };
        match header[156] {
            b'L' | b'x' | b'X' | b'g' | b'K' | b'N' if stated > LONGEST_EXTENSION => {
                self.problem(path, corrupt("an extended header is too large"));
                self.tar_skip(source, padded(stated), path)
            }
            // What some say is of no use here: defaults for all, link names.
            kind @ (b'L' | b'x' | b'X' | b'g' | b'K' | b'N') => {
                let mut data = Vec::new();
                self.tar_frame(source, padded(stated), &mut data, path)?;
                data.truncate(usize::try_from(stated).unwrap_or(usize::MAX));
                match kind {
                    b'L' => progress.extension.path = Some(until_nul(&data).to_vec()),
                    b'x' | b'X' => read_pax(&data, &mut progress.extension),
                    _ => {}
                }
                Continue(())
            }
            // Links, devices, folders, pipes, volume labels: a size means nothing.
            b'1'..=b'6' | b'V' => {
                progress.extension = Extension::default();
                Continue(())
            }
            _ => {
                let extension = std::mem::take(&mut progress.extension);
                let name = extension.path.unwrap_or_else(|| name_of(header));
                let size = extension.size.unwrap_or(stated);
                if header[156] == b'S' && header[482] != 0 {
                    self.skip_sparse_map(source, path)?;
                }
                // Before ustar, a folder was a file whose name ends with a slash.
                if name.ends_with(b"/") && size == 0 {
                    return Continue(());
                }
                let member = format!("{path}!{}", escaped(&name));
                self.entry(path)?;
                self.tar_member(source, size, path, &member, depth + 1)
            }
        }
    }

    fn tar_member(
        &mut self,
        source: &mut TarSource<'_>,
        size: u64,
        path: &str,
        member: &str,
        depth: u32,
    ) -> Flow {
        let whole = match source.at_hand(size) {
            Some(data) => {
                match data.len() as u64 > self.limits.member_bytes {
                    true => self.member_stream(&mut { data }, member, depth)?,
                    false => self.content(data, member, depth)?,
                }
                data.len() as u64 == size
            }
            None => {
                let mut part = source.take(size);
                self.member_stream(&mut part, member, depth)?;
                let left = part.limit();
                // What the member's own reader did not want.
                match io::copy(&mut part, &mut io::sink()) {
                    Ok(count) => count == left || source.failed(),
                    Err(error) => {
                        self.failed(member, Some(Format::Tar), &error);
                        true
                    }
                }
            }
        };
        if !whole {
            self.problem(member, ProblemKind::Truncated { format: Some(Format::Tar) });
        }
        if source.failed() {
            return Continue(());
        }
        // Many writers leave out the last padding.
        self.tar_frame(source, padded(size) - size, &mut Vec::new(), path)
    }

    /// Gives the next `length` bytes as a part of the frame, and appends them to `data`.
    fn tar_frame(
        &mut self,
        source: &mut TarSource<'_>,
        length: u64,
        data: &mut Vec<u8>,
        path: &str,
    ) -> Flow {
        let origin = source.origin();
        if let Err(error) = source.load(length, data) {
            self.failed(path, Some(Format::Tar), &error);
        }
        self.frame(path, data, origin)
    }

    fn tar_skip(&mut self, source: &mut TarSource<'_>, length: u64, path: &str) -> Flow {
        match source.skip(length) {
            Ok(true) => {}
            Ok(false) => self.problem(path, ProblemKind::Truncated { format: Some(Format::Tar) }),
            Err(error) => self.failed(path, Some(Format::Tar), &error),
        }
        Continue(())
    }

    /// GNU's old sparse files have further blocks of their map before the data.
    fn skip_sparse_map(&mut self, source: &mut TarSource<'_>, path: &str) -> Flow {
        loop {
            let mut block = Vec::with_capacity(BLOCK);
            self.tar_frame(source, BLOCK as u64, &mut block, path)?;
            if block.get(504).is_none_or(|&more| more == 0) {
                return Continue(());
            }
        }
    }
}

fn corrupt(detail: &str) -> ProblemKind {
    ProblemKind::Corrupt { format: Some(Format::Tar), detail: detail.to_owned() }
}

fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK as u64).unwrap_or(size)
}

/// The name in the header itself; only ustar proper has a prefix.
fn name_of(header: &[u8; BLOCK]) -> Vec<u8> {
    let name = until_nul(&header[..100]);
    let prefix = until_nul(&header[345..500]);
    if &header[257..263] == b"ustar\0" && !prefix.is_empty() {
        return [prefix, b"/", name].concat();
    }
    name.to_vec()
}

/// Pax records: `length key=value\n`, the length counting all of it.
fn read_pax(mut data: &[u8], extension: &mut Extension) {
    while let Some(space) = memchr::memchr(b' ', data) {
        let length = data.get(..space).and_then(decimal).and_then(|n| usize::try_from(n).ok());
        let Some((record, rest)) = length.and_then(|length| data.split_at_checked(length)) else {
            return;
        };
        if rest.len() == data.len() {
            return;
        }
        data = rest;
        let record = record.get(space + 1..).unwrap_or_default();
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let Some(equals) = memchr::memchr(b'=', record) else { continue };
        let (key, value) = record.split_at(equals);
        let value = value.get(1..).unwrap_or_default();
        match key {
            b"path" if extension.path.is_none() => extension.path = Some(value.to_vec()),
            b"GNU.sparse.name" => extension.path = Some(value.to_vec()),
            b"size" => extension.size = decimal(value),
            _ => {}
        }
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
