//! What a zip holds beside the data of its members: names, comments, extra fields, its own comment, and
//! what stands before, between and behind all that.
//!
//! Where the headers of members stand that the directory does not list, those are visited as well: of an
//! archive that another one follows, or that somebody has taken out of the directory alone.
//!
//! Not here: the data.

use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow::Continue;
use std::ops::Range;

use super::Format;
use super::codec::escaped;
use super::problem::{Limit, ProblemKind};
use super::walk::{Flow, Walk};
use super::zip_directory::{self, Directory, Entry, LocalParts};
use super::zip_source::ZipBytes;
use crate::blob::Origin;

/// How much is passed over at once.
const PASSED: u64 = 1 << 20;

impl Walk<'_> {
    /// Gives the frame of a zip. Its texts stand next to each other without anything between them, so
    /// each is given by itself.
    pub(super) fn zip_frame(
        &mut self,
        source: &mut dyn ZipBytes,
        directory: Directory,
        (path, depth): (&str, u32),
        scratch: &mut Vec<u8>,
    ) -> Flow {
        let Directory { entries, mut known, .. } = directory;
        let mut strays = Vec::new();
        for entry in &entries {
            if let Err(error) = note(source, entry, &mut known, scratch) {
                self.failed(path, Some(Format::Zip), &error);
            }
        }
        known.push(source.length()..source.length());
        known.sort_unstable_by_key(|part| (part.start, part.end));
        let (mut at, mut told, mut origin) = (0, 0, Origin::default());
        for part in known {
            if at < part.start {
                match passed(source, origin, told..at, scratch) {
                    Ok(here) => (told, origin) = (at, here),
                    Err(error) => {
                        self.failed(path, Some(Format::Zip), &error);
                        return Continue(());
                    }
                }
                self.zip_text(source, at..part.start, origin, path, scratch)?;
                match is_member(source, &(at..part.start), scratch) {
                    Ok(true) => strays.push(at..part.start),
                    Ok(false) => {}
                    Err(error) => self.failed(path, Some(Format::Zip), &error),
                }
            }
            at = at.max(part.end);
        }
        let (_, known) = self.mark();
        for stray in strays {
            self.zip_by_headers(source, stray, &HashSet::new(), (path, depth), scratch)?;
        }
        // The archive is whole without them: what is left of a member is no damage.
        self.forgive_damage_since(known);
        Continue(())
    }

    fn zip_text(
        &mut self,
        source: &mut dyn ZipBytes,
        place: Range<u64>,
        origin: Origin,
        path: &str,
        scratch: &mut Vec<u8>,
    ) -> Flow {
        let (length, most) = (place.end - place.start, self.limits.member_bytes);
        if length > most {
            self.problem(path, ProblemKind::LimitReached(Limit::Member(most)));
        }
        match source.window(place.start, length.min(most), scratch) {
            Ok(text) => self.frame(path, text, origin),
            Err(error) => {
                self.failed(path, Some(Format::Zip), &error);
                Continue(())
            }
        }
    }
}

/// Whether a member that is not listed begins in a place: its header and its data are there, as they are
/// not where a program that unpacks only names the signature.
fn is_member(
    source: &mut dyn ZipBytes,
    place: &Range<u64>,
    scratch: &mut Vec<u8>,
) -> io::Result<bool> {
    let mut at = place.start;
    // Texts between the parts of a zip are short and many: no look farther than their ends.
    while place.end - at >= HEADER {
        let window = source.window(at, (place.end - at).min(PASSED), scratch)?;
        let room = |found: usize| place.end - at - found as u64;
        let mut found = memchr::memmem::find_iter(window, b"PK\x03\x04");
        if found.any(|found| zip_directory::fits(&window[found..], room(found))) {
            return Ok(true);
        }
        let length = window.len() as u64;
        if length < PASSED {
            break;
        }
        // A header may begin in this part and end in the next one.
        at += length - HEADER;
    }
    Ok(false)
}

/// Bytes that the header of a member has at least.
const HEADER: u64 = 30;

/// Notes what is known of the place of a member: its data, and a header that says no more than the
/// directory does. An empty part only ends what precedes it.
fn note(
    source: &mut dyn ZipBytes,
    entry: &Entry,
    known: &mut Vec<Range<u64>>,
    scratch: &mut Vec<u8>,
) -> io::Result<()> {
    let parts = zip_directory::local_parts(source, entry.offset, scratch)?;
    let Some(LocalParts { name, data }) = parts else { return Ok(()) };
    known.push(entry.offset..name.start);
    let length = name.end - name.start;
    let local = source.window(name.start, length, scratch)?;
    match local == entry.name.as_bytes() || escaped(local) == entry.name {
        true => known.push(name),
        false => known.push(name.end..name.end),
    }
    // Nobody looks for data of a folder, so it is no member's.
    let length = if entry.is_folder() { 0 } else { entry.compressed };
    let end = data.saturating_add(length).min(source.length());
    known.push(data..end.max(data));
    Ok(())
}

/// What lies before the end of `place`, if `origin` lies before its start.
fn passed(
    source: &mut dyn ZipBytes,
    mut origin: Origin,
    place: Range<u64>,
    scratch: &mut Vec<u8>,
) -> io::Result<Origin> {
    let mut at = place.start;
    while at < place.end {
        let window = source.window(at, PASSED.min(place.end - at), scratch)?;
        if window.is_empty() {
            break;
        }
        origin = origin.after(window);
        at += window.len() as u64;
    }
    Ok(origin)
}
