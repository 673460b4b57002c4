//! The bytes that a body is the hex or base64 of, where a writer made them up: they count, or repeat.
//!
//! Not here: characters that count or repeat (`placeholder`).

use crate::decode;

/// Bytes that may say something by how they follow one another.
const LEAST: usize = 8;
/// Characters of which three quarters repeat by no chance.
const LONG: usize = 20;
/// The longest piece that [`begins_repeated`] knows.
const PIECE: usize = 8;

/// The bytes of a body in hex or, if it is none, in base64.
pub(super) fn read(body: &[u8]) -> Option<Vec<u8>> {
    if !body.iter().all(u8::is_ascii_hexdigit) {
        return decode::base64_bytes(body);
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
    let pair = |pair: &[u8]| pair.iter().fold(0, |sum, half| sum << 4 | digit(half));
    Some(body.chunks_exact(2).map(pair).collect())
}

/// Whether the bytes of a body, or of a UUID, go up or down by one and the same step, but for a quarter of
/// them: of eight random bytes one in 10^11.
pub(super) fn count(body: &[u8]) -> bool {
    let is_uuid = body.len() == 36 && body[8] == b'-';
    let digits: Vec<u8> = body.iter().copied().filter(|byte| !is_uuid || *byte != b'-').collect();
    let bytes = read(&digits).filter(|bytes| bytes.len() >= LEAST).unwrap_or_default();
    let mut steps = [0usize; 256];
    for pair in bytes.windows(2) {
        steps[usize::from(pair[1].wrapping_sub(pair[0]))] += 1;
    }
    steps.iter().any(|count| *count > 0 && count * 4 >= bytes.len().saturating_sub(1) * 3)
}

/// Whether three quarters of what is long repeat one short piece: of 20 hex digits, once in 10^8.
pub(super) fn begins_repeated(body: impl Iterator<Item = u8> + Clone, length: usize) -> bool {
    let periodic = |period: usize| {
        let pairs = body.clone().zip(body.clone().skip(period));
        pairs.take((length * 3 / 4).saturating_sub(period)).all(|(early, late)| early == late)
    };
    length >= LONG && (1..=PIECE).any(periodic)
}

#[cfg(test)]
mod tests {
    use super::super::placeholder::{Placeholder, reason, uuid_reason};
    use sha2::{Digest, Sha256};

    fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
        bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn base64url(bytes: &[u8]) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let sextets = (0..(bytes.len() * 8).div_ceil(6)).map(|at| {
            let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| byte >> (7 - n % 8) & 1);
            (0..6).fold(0, |sum, n| sum << 1 | bit(at * 6 + n))
        });
        sextets.map(|sextet| char::from(ALPHABET[usize::from(sextet)])).collect()
    }

    #[test]
    fn bytes_that_count_are_a_placeholder() {
        for body in [
            hex(0..32),
            hex(1..=16),
            hex(0x10..0x30),
            hex((0..16).rev().map(|byte| byte * 0x11)),
            hex((0..0x50).filter(|byte| byte % 16 >= 10)),
            base64url(&(0..32).collect::<Vec<u8>>()),
            base64url(&(1..33).collect::<Vec<u8>>()),
        ] {
            assert_eq!(reason(body.as_bytes()), Some(Placeholder::Sequence), "{body}");
        }
        let digits = hex(0..16);
        let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        assert_eq!(uuid_reason(parts.join("-").as_bytes()), Some(Placeholder::Sequence));
    }

    #[test]
    fn what_goes_on_otherwise_behind_many_repetitions_is_a_placeholder() {
        for body in ["c0ffee".repeat(10) + "1234", "ab1".repeat(6) + "9e"] {
            assert_eq!(reason(body.as_bytes()), Some(Placeholder::Repeated), "{body}");
        }
    }

    #[test]
    fn digests_of_what_everybody_tries_are_known_in_base64() {
        for input in ["", "test", "password"] {
            let body = base64url(&Sha256::digest(input));
            assert_eq!(reason(body.as_bytes()), Some(Placeholder::KnownDigest), "{input}");
        }
    }
}
