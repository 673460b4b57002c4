//! Paths as URI references, as RFC 3986 writes them.
//!
//! Not here: which folder a relative one is relative to.

use std::fmt::Write as _;

/// A relative path, `/` between its parts, as a relative reference. What a URI may not hold is
/// percent-encoded; a first part with a `:` would look like a scheme.
pub(super) fn relative(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    let first = path.find('/').unwrap_or(path.len());
    for (at, byte) in path.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || b"-._~/!$&'()*+,;=@".contains(&byte)
            || (byte == b':' && at > first);
        if plain {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if out.starts_with("//") {
        // Two slashes would begin the name of a host.
        out.insert_str(0, "/.");
    }
    out
}

/// A path of this machine: `file://` before one that is absolute.
pub(super) fn of_file(path: &str) -> String {
    let text = relative(path);
    if path.starts_with('/') { format!("file://{}", text.trim_start_matches("/.")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_uri_may_not_hold_is_encoded() {
        assert_eq!(relative("a b/c#d?.env"), "a%20b/c%23d%3F.env");
        assert_eq!(relative("100%/\u{e9}[1].zip!x"), "100%25/%C3%A9%5B1%5D.zip!x");
        assert_eq!(relative("c:/x/a:b"), "c%3A/x/a:b");
        assert_eq!(relative("//host/x"), "/.//host/x");
        assert_eq!(of_file("/a b"), "file:///a%20b");
        assert_eq!(of_file("a"), "a");
    }
}
