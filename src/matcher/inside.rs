//! What a body says that is the base64 of something: `user:password` of a request.
//!
//! Not here: whether that is a secret.

use zeroize::Zeroizing;

use crate::decode;
use crate::rule::{Pattern, Rule};

/// Whether a body is the base64 of what the rule asks for, if it asks for anything.
pub(super) fn fits(rule: &Rule, body: &[u8]) -> bool {
    rule.inside.as_ref().is_none_or(|pattern| inside(pattern, body).is_some())
}

/// What `pattern` captures of the text that `body` is the base64 of.
pub fn inside(pattern: &Pattern, body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(decode::base64_bytes(body)?);
    let captures = pattern.regex()?.captures(&text)?;
    let part = captures.iter().skip(1).flatten().next().or_else(|| captures.get(0))?;
    Some(Zeroizing::new(part.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_captured_part_of_the_decoded_text_is_given() {
        let pattern = Pattern::whole("[^:]*:(.{4,})").expect("valid");
        let read = |text: &[u8]| inside(&pattern, text).map(|part| part.to_vec());
        // user:pass:word, user:abc, and no text at all.
        assert_eq!(read(b"dXNlcjpwYXNzOndvcmQ="), Some(b"pass:word".to_vec()));
        assert_eq!(read(b"dXNlcjphYmM="), None);
        assert_eq!(read(b"no base64!"), None);
    }
}
