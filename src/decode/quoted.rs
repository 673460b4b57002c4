//! Quoted-printable mail text (RFC 2045, section 6.7) around a known place.

use super::Reach;
use super::hex::pair;
use super::text::Text;

/// Reads around `origin`, which is where a character begins.
pub(super) fn read(bytes: &[u8], origin: usize, reach: Reach) -> Option<(Text, usize)> {
    let mut text = Text::with_capacity(reach.forward.min(bytes.len()));
    let mut at = origin.saturating_sub(reach.back * 2);
    let mut index = None;
    while at < bytes.len() && text.bytes.len() < reach.back * 2 + reach.forward {
        if at >= origin && index.is_none() {
            index = Some(text.bytes.len());
        }
        at += unit(bytes, at, &mut text);
    }
    index.filter(|i| *i < text.bytes.len()).map(|i| (text, i))
}

fn unit(bytes: &[u8], at: usize, text: &mut Text) -> usize {
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
            text.push(rest[0], at, at + 1);
            1
        }
    }
}
