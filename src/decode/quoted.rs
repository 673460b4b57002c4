//! Quoted-printable mail text (RFC 2045, section 6.7) around a known place.

use super::Reach;
use super::hex::pair;
use super::text::Text;

/// Reads around `origin`, which is where a character begins.
pub(super) fn read(bytes: &[u8], origin: usize, reach: Reach) -> Option<(Text, usize)> {
    read_by(bytes, origin, reach, b'_')
}

/// The same where `_` is escaped, as in words of headers (RFC 2047, section 4.2): a bare one is a blank.
pub(super) fn read_word(bytes: &[u8], origin: usize, reach: Reach) -> Option<(Text, usize)> {
    read_by(bytes, origin, reach, b' ')
}

fn read_by(bytes: &[u8], origin: usize, reach: Reach, lowbar: u8) -> Option<(Text, usize)> {
    let mut text = Text::with_capacity(reach.forward.min(bytes.len()));
    let mut at = origin.saturating_sub(reach.back * 2);
    let mut index = None;
    while at < bytes.len() && text.bytes.len() < reach.back * 2 + reach.forward {
        if at >= origin && index.is_none() {
            index = Some(text.bytes.len());
        }
        at += unit(bytes, at, &mut text, lowbar);
    }
    index.filter(|i| *i < text.bytes.len()).map(|i| (text, i))
}

fn unit(bytes: &[u8], at: usize, text: &mut Text, lowbar: u8) -> usize {
    let rest = &bytes[at..];
    if rest.starts_with(b"=\n") {
        return 2;
    }
    if rest.starts_with(b"=\r\n") {
        return 3;
    }
    match pair(bytes, at + 1).filter(|_| rest[0] == b'=') {
        Some(byte) => {
            text.push(byte, at, at + 3);
            3
        }
        None => {
            text.push(if rest[0] == b'_' { lowbar } else { rest[0] }, at, at + 1);
            1
        }
    }
}
