//! Text from scanned content, made fit for a terminal.
//!
//! What steers a terminal or misleads the eye is replaced by an escape that can be seen. Not here:
//! masking secrets.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character steers a terminal (controls, C1 included), reorders text (bidi marks and
/// overrides) or takes no room (zero-width characters, selectors, tags, fillers).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
        )
}

/// `text` with hidden characters as `\x1b` or `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    push_visible(&mut out, text);
    Cow::Owned(out)
}

/// The same for bytes: those that are no UTF-8 become `\xff`.
pub fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        push_visible(&mut out, chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn push_visible(out: &mut String, text: &str) {
    for c in text.chars() {
        let _ = match u32::from(c) {
            code @ ..=0xff if is_hidden(c) => write!(out, "\\x{code:02x}"),
            code if is_hidden(c) => write!(out, "\\u{{{code:x}}}"),
            _ => out.write_char(c),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_can_be_seen() {
        assert_eq!(visible("caf\u{e9} \u{65e5}\u{672c}"), "caf\u{e9} \u{65e5}\u{672c}");
        assert_eq!(visible("a\x1b[31m\r\n\u{9b}b"), r"a\x1b[31m\x0d\x0a\x9bb");
        assert_eq!(visible("a\u{202e}txt.exe\u{200b}"), r"a\u{202e}txt.exe\u{200b}");
        assert_eq!(visible_bytes(b"ok \xff\xc3( \x00"), r"ok \xff\xc3( \x00");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            prop_assert!(!visible(&text).contains(is_hidden));
            prop_assert!(!visible_bytes(&bytes).contains(is_hidden));
            prop_assert_eq!(visible_bytes(text.as_bytes()), visible(&text));
        }

        #[test]
        fn controls_of_every_kind_are_escaped(text in "[\\p{Cc}\\p{Zl}\\p{Zp}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}a]{0,20}") {
            let seen = visible(&text);
            prop_assert!(seen.chars().all(|c| c.is_ascii() && !c.is_ascii_control()));
        }
    }
}
