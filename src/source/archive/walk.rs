//! Goes through a container and what is in it, to the leaves.
//!
//! Content at hand is a slice and is passed on without a copy; the output of a decoder is a
//! reader, loaded up to the limit of a member unless it is a tar, which is read as it comes.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow::{self, Break, Continue};
use std::rc::Rc;

use libdeflater::Crc;

use super::budget::{Count, Counted, Guard, Limits, RATIO_FROM, Stated};
use super::codec::Codec;
use super::format::{Format, HEAD, detect, detect_whole};
use super::parts::Parts;
use super::problem::{Limit, Problem, ProblemKind};
use super::tar_source::TarSource;
use super::zip_source::{FileBytes, SliceBytes};
use super::{Member, Outcome, zip_directory};
use crate::blob::Origin;

/// `Break` ends the whole visit.
pub(super) type Flow = ControlFlow<()>;

/// Deeper nesting would spend the stack.
const DEEPEST: u32 = 64;
/// A part of a frame that is shorter, without the zeros behind it, holds no secret: no password of fewer
/// characters is looked for. Most owners in a tar are, and each part costs as much as a small file.
const SHORTEST_TEXT: usize = 8;
/// A buffer larger than this is given back to the system.
const KEPT_BUFFER: usize = 16 << 20;
/// Whole-buffer inflate is used up to this size.
const INFLATED_WHOLE: u64 = 64 << 20;
/// What a byte of deflate can become at most, rounded up.
const DENSEST: u64 = 1040;
/// What is read from a file at once.
const CHUNK: usize = 64 << 10;

/// One visit: its limits, what it has used, and its buffers.
pub(super) struct Walk<'v> {
    pub(super) limits: Limits,
    on_member: &'v mut dyn FnMut(Member<'_>) -> Flow,
    outcome: Outcome,
    entries: u64,
    /// [`RATIO_FROM`], but for tests with small bombs.
    pub(super) ratio_from: u64,
    spent: Count,
    /// The total was spent, and that was said.
    over: bool,
    /// Buffers that are cleared before use.
    pool: Vec<Vec<u8>>,
    /// Buffers that keep their length, so that growing them is paid for once.
    pub(super) rooms: Vec<Vec<u8>>,
    pub(super) inflate: libdeflater::Decompressor,
}

impl<'v> Walk<'v> {
    pub(super) fn new(limits: &Limits, on_member: &'v mut dyn FnMut(Member<'_>) -> Flow) -> Self {
        Self {
            limits: Limits { depth: limits.depth.min(DEEPEST), ..*limits },
            on_member,
            outcome: Outcome::default(),
            entries: 0,
            ratio_from: RATIO_FROM,
            spent: Rc::new(Cell::new(0)),
            over: false,
            pool: Vec::new(),
            rooms: Vec::new(),
            inflate: libdeflater::Decompressor::new(),
        }
    }

    pub(super) fn finish(self) -> Outcome {
        self.outcome
    }

    /// Content that is at hand: a leaf, or a container at nesting level `depth`.
    pub(super) fn content(&mut self, bytes: &[u8], path: &str, depth: u32) -> Flow {
        let Some(format) = detect_whole(bytes) else { return self.leaf(path, bytes) };
        if depth >= self.limits.depth {
            self.problem(path, ProblemKind::LimitReached(Limit::Depth(self.limits.depth)));
            return self.leaf(path, bytes);
        }
        let before = self.mark();
        match format {
            Format::Zip => self.zip(&mut SliceBytes(bytes), path, depth)?,
            Format::Tar => self.tar(TarSource::slice(bytes), path, depth)?,
            Format::Gzip if let Some(flow) = self.gzip_whole(bytes, path, depth) => flow?,
            stream => self.stream(stream, &mut { bytes }, path, depth)?,
        }
        if self.only_damage_since(before) { self.leaf(path, bytes) } else { Continue(()) }
    }

    /// How much was met so far, for [`Self::only_damage_since`].
    pub(super) fn mark(&self) -> (u64, usize) {
        (self.outcome.members, self.outcome.problems.len())
    }

    /// Nothing could be had: perhaps it only looked like a container, and its own bytes are given.
    pub(super) fn only_damage_since(&self, (members, problems): (u64, usize)) -> bool {
        let new = self.outcome.problems.get(problems..).unwrap_or_default();
        self.outcome.members == members && new.iter().any(|problem| problem.kind.is_damage())
    }

    /// Drops damages from the one of this number on.
    pub(super) fn forgive_damage_since(&mut self, known: usize) {
        let new = self.outcome.problems.split_off(known.min(self.outcome.problems.len()));
        self.outcome.problems.extend(new.into_iter().filter(|problem| !problem.kind.is_damage()));
    }

    /// A file at the top, which may be larger than memory.
    pub(super) fn file(&mut self, file: &mut (impl Read + Seek), path: &str) -> io::Result<()> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut head = Vec::with_capacity(HEAD);
        file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        let mut format = detect(&head);
        if format.is_none() {
            let mut tail = Vec::new();
            file.seek(SeekFrom::Start(length.saturating_sub(zip_directory::TAIL)))?;
            file.by_ref().take(zip_directory::TAIL).read_to_end(&mut tail)?;
            format = zip_directory::tail_is_zip(&head, &tail).then_some(Format::Zip);
        }
        file.seek(SeekFrom::Start(0))?;
        let before = self.mark();
        let flow = match format {
            Some(Format::Zip) if self.limits.depth > 0 => {
                self.zip(&mut FileBytes { file: &mut *file, length }, path, 0)
            }
            format => {
                let mut input = BufReader::with_capacity(CHUNK, &mut *file);
                match format.filter(|_| self.limits.depth > 0) {
                    Some(Format::Tar) => self.tar(TarSource::stream(&mut input), path, 0),
                    Some(stream) => self.stream(stream, &mut input, path, 0),
                    None => self.member_stream(&mut input, path, 0),
                }
            }
        };
        if flow.is_continue() && self.only_damage_since(before) {
            file.seek(SeekFrom::Start(0))?;
            let _ = self.raw(file, path);
        }
        Ok(())
    }

    /// The bytes of a file themselves, whatever they look like.
    fn raw(&mut self, file: &mut dyn Read, path: &str) -> Flow {
        let limit = self.limits.member_bytes;
        let mut buffer = self.take_buffer();
        buffer.clear();
        match fill(file, &mut buffer, limit.saturating_add(1)) {
            Ok(Ended::No) => self.problem(path, ProblemKind::LimitReached(Limit::Member(limit))),
            Ok(Ended::Yes) => {}
            Err(error) => self.failed(path, None, &error),
        }
        buffer.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let flow = self.leaf(path, &buffer);
        self.give_back(buffer);
        flow
    }

    /// A compressed stream, the content of which goes by the same path.
    fn stream(&mut self, format: Format, input: &mut dyn BufRead, path: &str, depth: u32) -> Flow {
        match Codec::of(format) {
            Some(codec) => self.decoded(codec, input, path, depth + 1, format, None),
            None => Continue(()),
        }
    }

    /// What a decoder makes of a part of a container of `format`, at nesting level `depth`, and what
    /// the container says of that.
    pub(super) fn decoded(
        &mut self,
        codec: Codec,
        input: &mut dyn BufRead,
        path: &str,
        depth: u32,
        format: Format,
        stated: Option<Stated>,
    ) -> Flow {
        let mut guard = match self.open(codec, input) {
            Ok(guard) => Guard { sum: stated.map(|_| Crc::new()), ..guard },
            Err(error) => {
                self.failed(path, Some(format), &error);
                return Continue(());
            }
        };
        self.unpacked(&mut guard, path, depth, Some(format))?;
        if guard.decoder.mismatch() || stated.is_some_and(|stated| guard.contradicts(stated)) {
            self.problem(path, ProblemKind::Checksum(format));
        }
        self.frame(path, guard.decoder.frame(), Origin::default())?;
        if guard.decoder.frame_is_cut() {
            self.problem(path, ProblemKind::LimitReached(Limit::Member(self.limits.member_bytes)));
        }
        match guard.decoder.into_rest() {
            Some((format, mut rest)) => self.trailing(&mut rest, path, depth, format),
            None => Continue(()),
        }
    }

    /// What follows a container of `format` and is no part of it. It may be a container itself;
    /// that counts as a nesting level, so that a chain of them ends.
    pub(super) fn trailing(
        &mut self,
        rest: &mut dyn Read,
        path: &str,
        depth: u32,
        format: Format,
    ) -> Flow {
        self.problem(path, ProblemKind::TrailingData(format));
        self.unpacked(rest, path, depth, Some(format))
    }

    /// The decoder of `input`, within the limits.
    fn open<'a, R: BufRead + 'a>(
        &self,
        codec: Codec,
        input: R,
    ) -> io::Result<Guard<Parts<'a, Counted<R>>>> {
        let taken = Count::default();
        let input = Counted::new(input, Rc::clone(&taken));
        let decoder = Parts::new(codec, input, self.limits.member_bytes)?;
        Ok(Guard {
            decoder,
            taken,
            made: 0,
            sum: None,
            spent: Rc::clone(&self.spent),
            total: self.limits.total_bytes,
            ratio: self.limits.ratio,
            ratio_from: self.ratio_from,
        })
    }

    /// A member that comes from a reader, at nesting level `depth`.
    pub(super) fn member_stream(&mut self, source: &mut dyn Read, path: &str, depth: u32) -> Flow {
        self.unpacked(source, path, depth, None)
    }

    /// The same, out of a container of `format`.
    fn unpacked(
        &mut self,
        source: &mut dyn Read,
        path: &str,
        depth: u32,
        format: Option<Format>,
    ) -> Flow {
        let mut buffer = self.take_buffer();
        buffer.clear();
        let flow = self.load(source, path, depth, format, &mut buffer);
        self.give_back(buffer);
        flow
    }

    fn load(
        &mut self,
        mut source: &mut dyn Read,
        path: &str,
        depth: u32,
        format: Option<Format>,
        buffer: &mut Vec<u8>,
    ) -> Flow {
        let nests = depth < self.limits.depth;
        let limit = self.limits.member_bytes;
        let mut filled = fill(source, buffer, HEAD as u64);
        if nests && matches!(filled, Ok(Ended::No)) && detect(buffer) == Some(Format::Tar) {
            let mut input = io::Cursor::new(&buffer[..]).chain(source);
            return self.tar(TarSource::stream(&mut input), path, depth);
        }
        if matches!(filled, Ok(Ended::No)) {
            filled = fill(source, buffer, limit.saturating_add(1));
        }
        match filled {
            Ok(_) if buffer.len() as u64 > limit => {
                let nested = detect(buffer).filter(|&found| nests && Codec::of(found).is_some());
                if let Some(nested) = nested {
                    let rest = BufReader::with_capacity(CHUNK, &mut source);
                    let mut input = io::Cursor::new(&buffer[..]).chain(rest);
                    return self.stream(nested, &mut input, path, depth);
                }
                self.problem(path, ProblemKind::LimitReached(Limit::Member(limit)));
                buffer.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                return self.leaf(path, buffer);
            }
            Ok(_) => {}
            Err(error) => {
                self.failed(path, format, &error);
                if buffer.is_empty() {
                    return self.still_within();
                }
            }
        }
        self.content(buffer, path, depth)?;
        self.still_within()
    }

    /// Gives a leaf to the visitor.
    pub(super) fn leaf(&mut self, path: &str, bytes: &[u8]) -> Flow {
        let left = self.limits.total_bytes.saturating_sub(self.outcome.bytes);
        let fits = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let bytes_given = bytes.get(..fits).unwrap_or(bytes);
        self.outcome.members += 1;
        self.outcome.bytes += bytes_given.len() as u64;
        (self.on_member)(Member { path, bytes: bytes_given, frame: None })?;
        if fits < bytes.len() {
            self.problem(path, ProblemKind::LimitReached(Limit::Total(self.limits.total_bytes)));
            return Break(());
        }
        Continue(())
    }

    /// Gives a part of the frame of the container `path`, where it begins at `origin`. There is no more
    /// of that than the container has bytes, so that it needs no limit.
    pub(super) fn frame(&mut self, path: &str, bytes: &[u8], origin: Origin) -> Flow {
        let length = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        match bytes.get(..length) {
            Some(bytes) if length >= SHORTEST_TEXT => {
                (self.on_member)(Member { path, bytes, frame: Some(origin) })
            }
            _ => Continue(()),
        }
    }

    /// Counts an entry of an archive before it is opened.
    pub(super) fn entry(&mut self, archive: &str) -> Flow {
        self.still_within()?;
        if self.entries >= self.limits.members {
            self.problem(archive, ProblemKind::LimitReached(Limit::Members(self.limits.members)));
            return Break(());
        }
        self.entries += 1;
        Continue(())
    }

    /// Counts bytes that were unpacked other than through a [`Guard`].
    pub(super) fn spend(&mut self, path: &str, bytes: u64) -> Flow {
        self.spent.set(self.spent.get().saturating_add(bytes));
        if self.spent.get() > self.limits.total_bytes {
            self.problem(path, ProblemKind::LimitReached(Limit::Total(self.limits.total_bytes)));
            return Break(());
        }
        Continue(())
    }

    /// How many bytes may still be unpacked.
    pub(super) fn left(&self) -> u64 {
        self.limits.total_bytes.saturating_sub(self.spent.get())
    }

    /// Ends the visit once the total has been reported as spent.
    fn still_within(&self) -> Flow {
        if self.over { Break(()) } else { Continue(()) }
    }

    pub(super) fn problem(&mut self, path: &str, kind: ProblemKind) {
        self.over |= matches!(kind, ProblemKind::LimitReached(Limit::Total(_)));
        let incomplete = kind.is_incomplete();
        let problem = Problem { path: path.to_owned(), kind, incomplete };
        if self.outcome.problems.last() != Some(&problem) {
            self.outcome.problems.push(problem);
        }
    }

    /// Records what a decoder of `format` said.
    pub(super) fn failed(&mut self, path: &str, format: Option<Format>, error: &io::Error) {
        self.problem(path, ProblemKind::from_io(format, error));
    }

    /// Whether a buffer for the `size` that a deflate stream of `packed` bytes claims can be made
    /// at once without being taken in.
    pub(super) fn fits_whole(&self, size: u64, packed: u64) -> bool {
        let allowed = packed.saturating_mul(self.limits.ratio).max(self.ratio_from);
        let likely = packed.saturating_mul(DENSEST).min(allowed);
        size <= INFLATED_WHOLE.min(self.limits.member_bytes).min(self.left()).min(likely)
    }

    /// A buffer of at least `size` bytes, of any content.
    pub(super) fn take_room(&mut self, size: usize) -> Vec<u8> {
        let mut room = self.rooms.pop().unwrap_or_default();
        if room.len() < size {
            room.resize(size, 0);
        }
        room
    }

    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        self.pool.pop().unwrap_or_default()
    }

    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        if buffer.capacity() <= KEPT_BUFFER {
            self.pool.push(buffer);
        }
    }
}

enum Ended {
    Yes,
    No,
}

/// Reads until `buffer` holds `length` bytes or the source ends. What precedes an error is kept.
fn fill(source: &mut dyn Read, buffer: &mut Vec<u8>, length: u64) -> io::Result<Ended> {
    let wanted = length.saturating_sub(buffer.len() as u64);
    source.take(wanted).read_to_end(buffer)?;
    Ok(if (buffer.len() as u64) < length { Ended::Yes } else { Ended::No })
}
