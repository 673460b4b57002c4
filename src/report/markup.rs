//! Text within XML and HTML: it means itself, whatever is in it.
//!
//! Not here: which elements there are.

use std::fmt::Write as _;

use super::sanitize::visible;

/// `text` for element content and for quoted attributes. What neither language may hold, or what
/// hides, is shown as an escape.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No characters: XML refuses the last two of each plane's first one.
            '\u{fffe}' | '\u{ffff}' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
        assert_eq!(escape("a\0\x1b\u{ffff}\u{202e}"), "a\\x00\\x1b\\u{ffff}\\u{202e}");
    }
}
