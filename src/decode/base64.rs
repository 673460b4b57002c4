//! Base64 and base64url around a known character, across the line breaks of wrapped text.
//!
//! RFC 4648, sections 4 and 5. Padding ends a text; it is never needed.

use std::ops::Range;

use super::text::Text;
use super::{Layer, Literal, Reach, Step};

/// A line shorter than this is not taken for a line of wrapped base64.
const MIN_LINE: usize = 40;
/// Nor one longer than this.
const MAX_LINE: usize = 256;

/// The value of a base64 or base64url character.
pub(super) fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn in_alphabet(byte: u8) -> bool {
    sextet(byte).is_some()
}

/// The characters of `text` at alignment `before` (bytes before it in its group of three) that do
/// not depend on its neighbours, and the step that reads them.
pub(super) fn encode(text: &[u8], before: usize) -> (Literal, Step) {
    let Range { start, end } = own(text, before);
    (characters(text, before, start..end), step(start, before))
}

/// The same with one more character, which depends on a neighbour, in all the ways that it may be: for a
/// text that is too short by itself. What follows it is ASCII. None where there are too many ways.
pub(super) fn encode_with_neighbour(text: &[u8], before: usize) -> Vec<(Literal, Step)> {
    let Range { start, end } = own(text, before);
    // Bits of the characters at both ends that are the neighbours'.
    let front = (before * 8).checked_sub(start.saturating_sub(1) * 6).filter(|_| start > 0);
    let front = front.filter(|bits| (1..6).contains(bits));
    let behind = (end + 1) * 6 - (before + text.len()) * 8;
    match front {
        Some(bits) if bits < behind => (0..1u8 << bits)
            .filter(|_| bits <= FEW)
            .map(|low| {
                let whole = [&[low], text].concat();
                (characters(&whole, before - 1, start - 1..end), step(start - 1, before))
            })
            .collect(),
        // The first bit of ASCII is nought.
        _ if (1..=FEW + 1).contains(&behind) => (0..1u8 << (behind - 1))
            .map(|high| {
                let whole = [text, &[high << (8 - behind)]].concat();
                (characters(&whole, before, start..end + 1), step(start, before))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Bits that have few enough values to be told one by one.
const FEW: usize = 2;

/// The characters that a text determines alone.
fn own(text: &[u8], before: usize) -> Range<usize> {
    (before * 8).div_ceil(6)..(before + text.len()) * 8 / 6
}

fn step(lead: usize, before: usize) -> Step {
    Step { layer: Layer::Base64, lead: lead as i32, shift: before as i32 }
}

fn characters(text: &[u8], before: usize, which: Range<usize>) -> Literal {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let byte = |at: usize| at.checked_sub(before).and_then(|b| text.get(b)).copied().unwrap_or(0);
    let character = |c: usize| {
        let (at, bit) = (c * 6 / 8, c * 6 % 8);
        let pair = u16::from_be_bytes([byte(at), byte(at + 1)]);
        ALPHABET[usize::from(pair << bit >> 10)]
    };
    which.map(character).collect()
}

/// The text that `bytes` are the base64 of, if all of it is printable ASCII.
pub fn printable(bytes: &[u8]) -> Option<Vec<u8>> {
    let printable = |b: &u8| b.is_ascii_graphic() || *b == b' ';
    decoded(bytes).filter(|text| text.iter().all(printable))
}

/// The bytes that `bytes` are the base64 or base64url of, if they are that and not nothing.
pub fn decoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let unpadded = bytes.trim_ascii_end();
    let padding = unpadded.iter().rev().take_while(|b| **b == b'=').count();
    let values: Option<Vec<u8>> =
        unpadded[..unpadded.len() - padding].iter().map(|b| sextet(*b)).collect();
    let mut text = Vec::new();
    for group in values?.chunks(4).filter(|group| group.len() > 1) {
        let word = (0..4).fold(0, |w, i| w << 6 | group.get(i).copied().map_or(0, u32::from));
        text.extend_from_slice(&word.to_be_bytes()[1..group.len()]);
    }
    (!text.is_empty()).then_some(text)
}

/// Characters with their places, line breaks and escapes of single characters taken out.
struct Run {
    values: Vec<u8>,
    starts: Vec<usize>,
    ends: Vec<usize>,
    /// Index of the character at the asked place.
    index: usize,
}

/// Reads around the character at `at`, which is the `lead`-th of its group or of a later one.
pub(super) fn read(bytes: &[u8], at: usize, lead: usize, reach: Reach) -> Option<(Text, usize)> {
    let run = collect(bytes, at, lead + reach.back * 4 / 3 + 4, reach.forward * 4 / 3 + 8);
    let origin = run.index.checked_sub(lead)?;
    let mut text = Text::with_capacity(run.values.len() * 3 / 4);
    let mut group = origin % 4;
    let mut index = 0;
    while group + 1 < run.values.len() {
        if group == origin {
            index = text.bytes.len();
        }
        let end = (group + 4).min(run.values.len());
        push_group(&mut text, &run, group, end);
        group += 4;
    }
    (origin < run.values.len()).then_some((text, index))
}

/// Two to four characters make one to three bytes.
fn push_group(text: &mut Text, run: &Run, from: usize, to: usize) {
    let value = |i: usize| run.values[from..to].get(i).copied().map_or(0, u32::from);
    let word = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3);
    let [_, bytes @ ..] = word.to_be_bytes();
    for (i, byte) in bytes.into_iter().take(to - from - 1).enumerate() {
        text.push(byte, run.starts[from + i], run.ends[from + i + 1]);
    }
}

fn collect(bytes: &[u8], at: usize, back: usize, forward: usize) -> Run {
    let (mut values, mut starts) = (Vec::new(), Vec::new());
    let mut place = at;
    while values.len() < back {
        match place.checked_sub(1).map(|p| (p, bytes[p])) {
            Some((before, byte)) if in_alphabet(byte) => {
                if is_escaped_letter(bytes, before) {
                    let Some(end) = escape_break_before(bytes, before) else { break };
                    place = end;
                    continue;
                }
                values.push(sextet(byte).unwrap_or(0));
                starts.push(before);
                place = before;
            }
            Some(_) => match line_before(bytes, place) {
                Some(end) => place = end,
                None => break,
            },
            None => break,
        }
    }
    values.reverse();
    starts.reverse();
    let ends = starts.iter().map(|s| s + 1).collect();
    let mut run = Run { index: values.len(), values, starts, ends };
    let mut place = at;
    while run.values.len() - run.index < forward {
        let Some((value, length)) = character(bytes, place) else {
            match next_line(bytes, place) {
                Some(start) => place = start,
                None => break,
            }
            continue;
        };
        run.values.push(value);
        run.starts.push(place);
        run.ends.push(place + length);
        place += length;
    }
    run
}

/// The character at `place`, which JSON, PHP and URLs may write as an escape, and its length.
fn character(bytes: &[u8], place: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(place..)?;
    let first = *rest.first()?;
    if let Some(value) = sextet(first) {
        return Some((value, 1));
    }
    let escaped =
        |text: &[u8]| rest.len() >= text.len() && rest[..text.len()].eq_ignore_ascii_case(text);
    let forms: [(&[u8], u8); 6] = [
        (b"\\/", 63),
        (b"%2b", 62),
        (b"%2f", 63),
        (b"\\u002b", 62),
        (b"\\u002f", 63),
        (b"%2d", 62),
    ];
    forms.iter().find(|(text, _)| escaped(text)).map(|(text, value)| (*value, text.len()))
}

/// Whether the letter at `at` is part of an escape such as `\n`.
fn is_escaped_letter(bytes: &[u8], at: usize) -> bool {
    at > 0 && bytes[at - 1] == b'\\' && matches!(bytes[at], b'n' | b'r' | b't')
}

/// Where the text before an escaped line break ends, if `at` is the last letter of one.
fn escape_break_before(bytes: &[u8], at: usize) -> Option<usize> {
    if !is_escaped_letter(bytes, at) {
        return None;
    }
    let end = at - 1;
    let end = if bytes[..end].ends_with(b"\\r") { end - 2 } else { end };
    next_line(bytes, end).filter(|&start| start == at + 1).map(|_| end)
}

/// Where the line before ends, if `start` opens a line of wrapped base64 that is not the first.
fn line_before(bytes: &[u8], start: usize) -> Option<usize> {
    let indent = bytes[..start]
        .iter()
        .rev()
        .take(MAX_INDENT)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    let head = bytes[..start - indent].strip_suffix(b"\n")?;
    let end = head.strip_suffix(b"\r").unwrap_or(head).len();
    next_line(bytes, end).filter(|&next| next == start).map(|_| end)
}

/// The most bytes that a line break with its indentation takes.
pub const MAX_BREAK: usize = 4 + MAX_INDENT;
const MAX_INDENT: usize = 64;

/// Where the characters before and after a line break are, if `start` comes right after one with its
/// indentation, or is the letter of an escaped one. Looks no farther than [`MAX_BREAK`] and one
/// character; whether the lines are wrapped base64 is for [`next_line`] to say.
pub fn line_break(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let (head, next) = if bytes.get(start) == Some(&b'n') && bytes[..start].ends_with(b"\\") {
        (&bytes[..start - 1], start + 1)
    } else {
        let blank = |b: &&u8| matches!(b, b' ' | b'\t');
        let before = bytes.get(..start)?;
        let indent = before.iter().rev().take(MAX_INDENT).take_while(blank).count();
        let head = &before[..start - indent];
        (head.strip_suffix(b"\n").or_else(|| head.strip_suffix(b"\\n"))?, start)
    };
    let head = head.strip_suffix(b"\r").or_else(|| head.strip_suffix(b"\\r")).unwrap_or(head);
    in_alphabet(*head.last()?).then_some((head.len(), next))
}

/// Where base64 that breaks at `end` goes on, if it does: `end` ends a whole line of base64 of a
/// usual length, and the next line has no more characters and nothing else in it.
pub fn next_line(bytes: &[u8], end: usize) -> Option<usize> {
    let start = after_break(bytes, end)?;
    let length = line_length_before(bytes, end)?;
    let next = &bytes[start..];
    let follows = next.iter().take(MAX_LINE + 1).take_while(|b| in_alphabet(**b)).count();
    let closed = match next.get(follows) {
        None => true,
        Some(b) => b"\n\r=\"'\\<>()[]{}`;,&|".contains(b) || is_blank(&next[follows..]),
    };
    let padded = next.get(follows) == Some(&b'=');
    let is_last = follows < length && !padded;
    let whole = !is_last || may_be_last(&next[..follows], length);
    (follows >= 1 && follows <= length && closed && whole).then_some(start)
}

/// Whether nothing but blanks stands up to the end of the line.
fn is_blank(text: &[u8]) -> bool {
    let blanks = text.iter().take(MAX_INDENT).take_while(|b| matches!(b, b' ' | b'\t')).count();
    matches!(text.get(blanks), None | Some(b'\n' | b'\r'))
}

/// Whether a short line without padding ends a wrapped text whose lines have `length` characters: it
/// must come out even, or at least be no plain word that stands on a line of its own.
fn may_be_last(line: &[u8], length: usize) -> bool {
    if length.is_multiple_of(4) {
        return line.len().is_multiple_of(4);
    }
    !line.iter().all(u8::is_ascii_lowercase)
}

/// The place after a line break and indentation at `end`; escaped breaks count.
fn after_break(bytes: &[u8], end: usize) -> Option<usize> {
    let rest = bytes.get(end..)?;
    let breaks: [&[u8]; 4] = [b"\n", b"\r\n", b"\\n", b"\\r\\n"];
    let found = breaks.iter().find(|b| rest.starts_with(b))?;
    let indent = rest[found.len()..]
        .iter()
        .take(MAX_INDENT)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    Some(end + found.len() + indent)
}

/// The length of the line of base64 that ends at `end`, if it is one.
fn line_length_before(bytes: &[u8], end: usize) -> Option<usize> {
    let line =
        bytes[..end].iter().rev().take(MAX_LINE + 1).take_while(|b| in_alphabet(**b)).count();
    let mut start = end - line;
    if line > 0 && is_escaped_letter(bytes, start) {
        start += 1;
    }
    let length = end - start;
    let opens = start == 0 || b"\n \t\"'>`(n,=:;[{|@".contains(&bytes[start - 1]);
    let usual = length.is_multiple_of(4) || length >= 60;
    (opens && usual && (MIN_LINE..=MAX_LINE).contains(&length)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;
    use proptest::prelude::*;

    fn standard(bytes: &[u8]) -> String {
        let mut literal = encode(bytes, 0).0.to_vec();
        if !bytes.len().is_multiple_of(3) {
            let padded: Vec<u8> = bytes.iter().copied().chain([0, 0]).collect();
            literal = encode(&padded, 0).0[..(bytes.len() * 8).div_ceil(6)].to_vec();
        }
        String::from_utf8(literal).expect("ASCII")
    }

    #[test]
    fn wrapped_text_is_read_across_its_line_breaks() {
        let plain: Vec<u8> = (0..240u32).map(|i| b'a' + (i * 7 % 26) as u8).collect();
        let encoded = standard(&plain);
        for (width, joint) in [(76, "\n"), (64, "\r\n    "), (76, "\\n")] {
            let lines: Vec<&str> = encoded
                .as_bytes()
                .chunks(width)
                .map(|c| std::str::from_utf8(c).expect("ASCII"))
                .collect();
            let wrapped = format!("\"{}\"", lines.join(joint));
            let at = 1 + (width * 2 + joint.len() * 2) + 4;
            let reach = Reach { back: 1000, forward: 1000 };
            let (text, index) = read(wrapped.as_bytes(), at, 0, reach).expect("base64");
            assert_eq!(text.bytes, plain, "width {width}");
            assert_eq!(index, (width * 2 + 4) / 4 * 3);
        }
    }

    #[test]
    fn lines_of_other_text_are_not_joined() {
        let code = b"c2tfbGl2ZV8xMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx\nfunction main()\n";
        assert_eq!(next_line(code, 52), None);
        for word in ["t", "fi", "until"] {
            let list = format!("{}\n{word}\n", "c2tfbGl2".repeat(8));
            assert_eq!(next_line(list.as_bytes(), 64), None, "{word}");
        }
    }

    #[test]
    fn text_in_base64_is_read_and_chance_is_not() {
        assert_eq!(
            printable(b"Zm9vLWJhci0xMy5leGFtcGxlJA==").as_deref(),
            Some(&b"foo-bar-13.example$"[..])
        );
        assert_eq!(printable(b"Zm9vLWJhci0xMw").as_deref(), Some(&b"foo-bar-13"[..]));
        assert_eq!(printable(b"qL8xw0RzT9vYkC2hNfDb"), None);
        assert_eq!(printable(b"not base64!"), None);
    }

    proptest! {
        #[test]
        fn every_alignment_is_read_back_and_maps_to_its_characters(
            before in proptest::collection::vec(any::<u8>(), 0..9),
            text in proptest::collection::vec(any::<u8>(), 6..40),
            after in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let all = [before.clone(), text.clone(), after].concat();
            let encoded = standard(&all);
            let (literal, step) = encode(&text, before.len() % 3);
            let at = before.len() / 3 * 4 + step.lead as usize;
            prop_assert_eq!(&encoded.as_bytes()[at..at + literal.len()], &literal[..]);
            let reach = Reach { back: 100, forward: 100 };
            let (read, index) = read(encoded.as_bytes(), at, step.lead as usize, reach).expect("base64");
            prop_assert_eq!(&read.bytes, &all);
            let start = index + step.shift as usize;
            prop_assert_eq!(start, before.len());
            let source = read.source(Span::new(start, start + text.len()));
            prop_assert_eq!(source.start, start * 8 / 6);
            prop_assert_eq!(source.end, ((start + text.len()) * 8).div_ceil(6));
        }
    }
}
