//! Tells keytrawl's own fingerprints from secrets: baselines and reports are scanned as everything is, and
//! `generic-password:app.env:…` says "password".
//!
//! Not here: how fingerprints are made (`finding`).

use crate::span::Span;

/// Hexadecimal digits of a fingerprint; see `finding::Fingerprint`.
const DIGITS: usize = 20;
/// No rule's id and path together are longer.
const LONGEST: usize = 1 << 10;

/// Whether the text at `span` belongs to a fingerprint: the id of a rule, by the word of `is_rule`, maybe a
/// path, and digits, on one line.
pub fn is_fingerprint(bytes: &[u8], span: Span, is_rule: impl Fn(&str) -> bool) -> bool {
    let rest = bytes.get(span.end..).unwrap_or_default();
    let end = span.end + rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let Some(colon) = end.checked_sub(DIGITS + 1).filter(|colon| bytes[*colon] == b':') else {
        return false;
    };
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if !bytes[colon + 1..end].iter().all(is_digit) {
        return false;
    }
    let from = colon.saturating_sub(LONGEST);
    let line = memchr::memrchr(b'\n', &bytes[from..colon]).map_or(from, |at| from + at + 1);
    let ends = memchr::memchr_iter(b':', &bytes[line..=colon]).map(|at| line + at);
    ends.filter(|at| *at <= span.start || *at == colon).any(|at| {
        let is_id = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        let length = bytes[line..at].iter().rev().take_while(is_id).count();
        std::str::from_utf8(&bytes[at - length..at]).is_ok_and(&is_rule)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the part of a text between bars is told.
    fn told(text: &str) -> bool {
        let start = text.find('|').expect("a bar");
        let end = text.rfind('|').expect("another one") - 1;
        let is_rule = |id: &str| ["acme-password", "jwt"].contains(&id);
        is_fingerprint(text.replace('|', "").as_bytes(), Span::new(start, end), is_rule)
    }

    #[test]
    fn a_fingerprint_is_told_wherever_it_stands() {
        for text in [
            "acme-password:|app.env:0123456789abcdef0123|",
            "acme-password:app.env:|0123456789abcdef0123|  # acme",
            "\"acme-password:a path/with: signs.env:|0123456789abcdef0123|\"",
            "<td>jwt:|0123456789abcdef0123|</td>",
            "acme-password:|app.env:0123456789abcdef|0123",
        ] {
            assert!(told(text), "{text}");
        }
    }

    #[test]
    fn what_only_looks_so_is_not() {
        for text in [
            "other-password:|0123456789abcdef0123|",
            "acme-password:|0123456789abcdef01234|",
            "acme-password:|0123456789ABCDEF0123|",
            "acme-password: |0123456789abcdef0123|",
            "acme-password:a\nb:|0123456789abcdef0123|c",
            "|acme-password|",
        ] {
            assert!(!told(text), "{text}");
        }
    }
}
