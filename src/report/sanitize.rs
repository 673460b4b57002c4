//! Text from scanned content, made fit for reports.
//!
//! Not here: masking secrets.

use std::borrow::Cow;
use std::fmt::Write as _;

pub use crate::visible::{is_hidden, visible, visible_bytes};

/// JSON text in which hidden characters are escaped, as JSON escapes them: it means the same. The
/// line breaks between values stay.
pub(super) fn escape_json(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| c != '\n' && is_hidden(c);
    if !json.contains(hidden) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn escaped_json_means_the_same(text in any::<String>()) {
            let json = serde_json::to_string(&text).expect("json");
            let safe = escape_json(&json);
            prop_assert!(!safe.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).expect("json"), text);
        }
    }
}
