//! Where text goes on in another way than it began: plain text in an encoding, a line of base64 behind
//! a delimiter, a prefix across a line break.

use super::Place;
use crate::decode::Layer;
use crate::prefilter::{Anchor, Use};
use crate::rule::MAX_MATCH;
use crate::span::Span;

/// Bytes behind a literal that tell whether text goes on in an encoding there.
pub(super) const CONTINUATION: usize = 8;

/// Whether a line of base64 begins with the byte at `index` and shares no group with the line before.
pub(super) fn begins_line(place: &Place<'_>, index: usize) -> bool {
    let source = |index| place.source(Span::new(index, index + 1));
    index > 0 && source(index - 1).end < source(index).start
}

/// Base64 that follows a character of its own alphabet which is a delimiter all the same, as in
/// `path/c2tf…`: the delimiter reads as a byte of its own, at a group's start only. Or base64 that
/// begins a line, as one of a list.
pub(super) fn after_delimiter(place: &Place<'_>) -> bool {
    if place.layers.first() != Some(&Layer::Base64) || place.start == 0 {
        return false;
    }
    if begins_line(place, place.start) {
        return true;
    }
    let own = place.source(Span::new(place.start, place.start + 1));
    let previous = place.source(Span::new(place.start - 1, place.start));
    let delimiter = own.start.checked_sub(1).and_then(|at| place.content.get(at));
    previous.end == own.start && delimiter.is_some_and(|b| b"/+-_".contains(b))
}

/// What stands before the place where plain text may go on in an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// An anchor.
    Anchor,
    /// A prefix: the body that follows may be plain in part.
    Prefix,
    /// The start of an address, which has signs of its own.
    Address,
}

/// Whether plain text at `at` goes on in an encoding, and where: right behind an anchor, or behind a
/// prefix and the part of its body that is plain.
pub(super) fn continues_encoded(bytes: &[u8], at: usize, behind: Behind) -> Option<(Layer, usize)> {
    let rest = bytes.get(at..)?;
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"_-:".contains(b);
    let body = match behind {
        Behind::Anchor => 0,
        Behind::Prefix => rest.iter().take(MAX_MATCH).take_while(|b| is_token(b)).count(),
        Behind::Address => {
            let is_own = |i: usize, b: &u8| is_token(b) || is_sign(rest, i, *b);
            let rest = rest.iter().take(MAX_MATCH).enumerate();
            rest.take_while(|(i, b)| is_own(*i, b)).count()
        }
    };
    let from = at + body;
    let layer = match rest.get(body..)? {
        [b'%' | b'&', second, ..] if second.is_ascii_alphanumeric() || *second == b'#' => {
            Some(Layer::Escape)
        }
        [b'\\', b'u' | b'x' | b'\\' | b':' | b'/' | b'=' | b'-' | b'_', ..] => Some(Layer::Escape),
        [b'=', b'\n', ..] | [b'=', b'\r', b'\n', ..] => Some(Layer::Quoted),
        [b'=', b'3', b'D', ..] if behind == Behind::Address => Some(Layer::Quoted),
        _ => None,
    };
    layer.map(|layer| (layer, from))
}

/// Whether the sign at `index` is an address's own: `=3D` and a soft break are of its encoding, and
/// `\/` is how JSON may write a slash.
fn is_sign(text: &[u8], index: usize, sign: u8) -> bool {
    let next = text.get(index + 1..).unwrap_or_default();
    match sign {
        b'=' => !(next.starts_with(b"3D") || next.starts_with(b"\n") || next.starts_with(b"\r\n")),
        b'\\' => next.starts_with(b"/"),
        b'&' => next.first().is_some_and(|b| *b != b'#'),
        _ => b"/?.~+".contains(&sign),
    }
}

/// The most bytes of a soft line break.
pub(super) const SOFT_BREAK: usize = 3;

/// The length of a soft line break of quoted-printable text at the start of `text`.
fn soft_break(text: &[u8]) -> Option<usize> {
    let breaks: [&[u8]; 2] = [b"=\n", b"=\r\n"];
    breaks.iter().find(|b| text.starts_with(b)).map(|b| b.len())
}

/// Where the first soft line break is in a prefix of more than `least` bytes that has such and is whole
/// without them; `at` is where its anchor stands.
pub(super) fn broken_prefix(
    bytes: &[u8],
    at: usize,
    anchor: &Anchor,
    least: usize,
) -> Option<usize> {
    let broken = |usage: &Use| {
        let (mut start, mut first) = (at, None);
        for byte in usage.prefix[..usage.offset].iter().rev() {
            for length in [2, SOFT_BREAK] {
                let before = start.checked_sub(length);
                if before.is_some_and(|b| soft_break(&bytes[b..]) == Some(length)) {
                    start -= length;
                    first = Some(start);
                }
            }
            start = start.checked_sub(1).filter(|s| bytes[*s] == *byte)?;
        }
        let mut end = at;
        for byte in &usage.prefix[usage.offset..] {
            if let Some(length) = bytes.get(end..).and_then(soft_break) {
                first = first.or(Some(end));
                end += length;
            }
            if bytes.get(end) != Some(byte) {
                return None;
            }
            end += 1;
        }
        first
    };
    anchor.uses.iter().filter(|usage| usage.prefix.len() > least).find_map(broken)
}

/// Where an escape stands in a prefix that is whole but for it: an anchor that serves several prefixes
/// may be plain where the signs around it are not, as in `%60widget`. `at` is where the anchor stands.
pub(super) fn escaped_prefix(bytes: &[u8], at: usize, anchor: &Anchor) -> Option<usize> {
    anchor.uses.iter().find_map(|usage| {
        let (before, rest) = usage.prefix.split_at_checked(usage.offset)?;
        let behind = first_escape(bytes, at + anchor.literal.len(), &rest[anchor.literal.len()..])?;
        let slashes = slashes(bytes, at, anchor);
        let mut start = at - slashes;
        let behind = if slashes > 0 { Some(start) } else { behind };
        for byte in before.iter().rev() {
            let previous = start.checked_sub(1)?;
            if bytes[previous] != *byte {
                return ends_escape(bytes, start, *byte).then(|| start - 2);
            }
            start = previous;
        }
        behind
    })
}

/// Backslashes right before an anchor that begins with a sign, as Markdown has them: `sk\_live\_`.
fn slashes(bytes: &[u8], at: usize, anchor: &Anchor) -> usize {
    let is_sign = anchor.literal.first().is_some_and(u8::is_ascii_punctuation);
    let before = bytes[..at].iter().rev().take(if is_sign { ESCAPE } else { 0 });
    before.take_while(|byte| **byte == b'\\').count()
}

/// Where the first escape is in `text`, which begins at `at`, if all before it is plain. None: it is
/// neither plain nor escaped.
fn first_escape(bytes: &[u8], at: usize, text: &[u8]) -> Option<Option<usize>> {
    for (index, byte) in text.iter().enumerate() {
        let place = at + index;
        match bytes.get(place)? {
            here if here == byte => {}
            b'%' | b'\\' | b'&' if !byte.is_ascii_alphanumeric() => return Some(Some(place)),
            _ => return None,
        }
    }
    Some(None)
}

/// Whether the two bytes before `end` are the digits of a sign's code, behind what may open an escape.
fn ends_escape(bytes: &[u8], end: usize, sign: u8) -> bool {
    let digits = end.checked_sub(ESCAPE).and_then(|start| bytes.get(start..end));
    !sign.is_ascii_alphanumeric()
        && digits.is_some_and(|d| {
            matches!(d[0], b'%' | b'x' | b'0')
                && d[1..].eq_ignore_ascii_case(format!("{sign:02x}").as_bytes())
        })
}

/// Bytes before an anchor's plain part that tell whether an escape ends there.
pub(super) const ESCAPE: usize = 3;

/// Whether the line that ends at `end` is as long as quoted-printable lines are when they are broken.
pub(super) fn is_full_line(bytes: &[u8], end: usize) -> bool {
    let length = bytes[..end].iter().rev().take(80).take_while(|b| **b != b'\n').count();
    (56..=76).contains(&length)
}

/// Whether the line that goes up to `end` has escapes of quoted-printable text, or the length at which
/// such lines are broken, and no `=` that is no escape.
pub(super) fn is_quoted_line(bytes: &[u8], end: usize) -> bool {
    let length = bytes[..end].iter().rev().take(80).take_while(|b| **b != b'\n').count();
    let mut escapes = bytes[end - length..end].split(|b| *b == b'=').skip(1).peekable();
    let told = escapes.peek().is_some() || (72..=75).contains(&length);
    let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
    told && escapes.all(|escape| escape.get(..2).is_some_and(|e| e.iter().all(is_digit)))
}
