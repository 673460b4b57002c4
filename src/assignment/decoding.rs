//! What makes bytes of a text and stands between a name and a value: `secretKey = Base64.decode("…")`.
//!
//! Not here: which names mean a secret.

/// How the value that follows is written, behind which a colon stands.
pub(super) const WRITTEN: [&[u8]; 2] = [b"base64", b"hex"];
/// What makes bytes of a text, in many languages: the last part of a function's name in small letters.
const DECODING: [&[u8]; 24] = [
    b"atob",
    b"b64decode",
    b"urlsafe_b64decode",
    b"base64_decode",
    b"base64decode",
    b"bytes",
    b"byte",
    b"bytearray",
    b"decode",
    b"decode64",
    b"strict_decode64",
    b"decodebase64",
    b"decodehex",
    b"decodestring",
    b"encode",
    b"from",
    b"frombase64string",
    b"fromhex",
    b"fromhexstring",
    b"getbytes",
    b"hex2bin",
    b"parsehexbinary",
    b"tobytearray",
    b"unhexlify",
];

/// Whether a name is that of a function which makes bytes of a text: `Base64.decode`.
pub(super) fn is_decoding(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').next();
    let last = last.unwrap_or_default();
    DECODING.iter().any(|known| known.eq_ignore_ascii_case(last))
}

/// Where a call begins before its name: the brackets of `[]byte`, the word `new`.
pub(super) fn before_call(text: &[u8], start: usize, floor: usize) -> usize {
    let before = &text[floor..start];
    let bare = before.strip_suffix(b"[]").unwrap_or(before);
    let blanks = bare.len() - bare.trim_ascii_end().len();
    let bare = &bare[..bare.len() - blanks];
    match bare.strip_suffix(b"new").or(bare.strip_suffix(b"await")) {
        Some(rest) if blanks > 0 => floor + rest.len(),
        _ => floor + bare.len() + blanks,
    }
}
