//! Checksums and structure that secrets carry in themselves: told without asking anybody.
//!
//! A right one is proof that somebody issued the secret. A wrong one only says that it was typed,
//! cut or drawn by somebody else. Not here: what the confidence becomes.

use libdeflater::crc32;
use serde_json::Value;

use crate::decode;
use crate::rule::Checksum;

/// Whether the secret is as its issuer makes them; none if that cannot be told.
pub fn check(kind: Checksum, secret: &[u8]) -> Option<bool> {
    match kind {
        Checksum::GitHub | Checksum::Npm => base62_end(secret),
        Checksum::Pypi => Some(is_macaroon(&decoded(secret.get(5..)?)?)),
        Checksum::GitLab => base36_end(secret),
        Checksum::Grafana => hex_end(secret),
        Checksum::Age => Some(is_bech32(&secret.to_ascii_lowercase())),
        Checksum::Aws => aws_account(secret).map_or(Some(false), |_| None),
        Checksum::Jwt => Some(has_member(secret.split(|b| *b == b'.').next()?, "alg")),
        Checksum::SentryOrg => {
            Some(has_member(secret.get(7..)?.split(|b| *b == b'_').next()?, "iat"))
        }
        Checksum::Discord => Some(is_numeric(&decoded(secret.split(|b| *b == b'.').next()?)?)),
        Checksum::OnePassword => Some(json(secret.get(4..)?).is_some()),
        Checksum::Der => is_cut(secret).then_some(false),
    }
}

/// Whether a private key in PEM is much shorter than the number says that its DER begins with: what a
/// manual shows of one. What is no base64 between its lines counts as if it were.
fn is_cut(secret: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let Some(body) = behind_header(secret).filter(|body| body.starts_with(b"MII")) else {
        return false;
    };
    let start = body.get(..8).and_then(decoded);
    let Some([0x30, 0x82, high, low, ..]) = start.as_deref() else { return false };
    let stated = usize::from(u16::from_be_bytes([*high, *low]));
    let there = body.iter().filter(|byte| is_base64(byte)).count();
    // What is longer than a match gets is cut by that.
    secret.len() < LONG_KEY && there * 3 / 4 < stated / 2
}

/// What stands behind the first line of PEM and the line break, which a string may have as `\n`.
fn behind_header(secret: &[u8]) -> Option<&[u8]> {
    let line = memchr::memmem::find(secret, b"KEY-----")? + 8;
    let mut rest = &secret[line..];
    while let Some((first, after)) = rest.split_first() {
        rest = match after.first() {
            Some(b'n' | b'r') if *first == b'\\' => &after[1..],
            _ if first.is_ascii_alphanumeric() => return Some(rest),
            _ => after,
        };
    }
    None
}

/// Bytes of a match that may be the whole of a longer key.
const LONG_KEY: usize = 11_000;

/// The number in the digits of `alphabet`, padded to `length`.
fn written(mut number: u32, alphabet: &[u8], length: usize) -> Vec<u8> {
    let base = alphabet.len() as u32;
    let mut digits = vec![alphabet[0]; length];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet[(number % base) as usize];
        number /= base;
    }
    digits
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Behind the first underscore 30 characters, and CRC-32 of them in six of base62. Source: GitHub's
/// account of its token formats (2021), which npm took over.
fn base62_end(secret: &[u8]) -> Option<bool> {
    let body = &secret[memchr::memchr(b'_', secret)? + 1..];
    let (random, sum) = body.split_last_chunk::<6>()?;
    (random.len() == 30).then(|| written(crc32(random), BASE62, 6) == sum)
}

/// All but the last seven characters, and CRC-32 of it in seven of base36. Source: GitLab's design
/// of routable tokens.
fn base36_end(secret: &[u8]) -> Option<bool> {
    let (token, sum) = secret.split_last_chunk::<7>()?;
    memchr::memchr(b'.', token)?;
    Some(written(crc32(token), &BASE62_LOWER, 7) == sum)
}

/// Digits and small letters.
const BASE62_LOWER: [u8; 36] = *b"0123456789abcdefghijklmnopqrstuvwxyz";

/// All before the last underscore, and CRC-32 of it in eight hexadecimal digits, the lowest byte
/// first. Source: Grafana's public source, `apikeygenprefix`.
fn hex_end(secret: &[u8]) -> Option<bool> {
    let cut = memchr::memrchr(b'_', secret)?;
    let sum = crc32(&secret[..cut]).to_le_bytes();
    let digits: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(digits.as_bytes() == &secret[cut + 1..])
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    decode::base64_bytes(text)
}

fn json(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(&decoded(text)?).ok()
}

/// Whether base64 of a JSON object has a member `name`.
fn has_member(text: &[u8], name: &str) -> bool {
    json(text).is_some_and(|value| value.get(name).is_some())
}

fn is_numeric(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// A macaroon of version 2: a location, an identifier, caveats, and 32 bytes of signature at the
/// end. Source: the format's description in libmacaroons.
fn is_macaroon(bytes: &[u8]) -> bool {
    let Some((2, mut rest)) = bytes.split_first().map(|(version, rest)| (*version, rest)) else {
        return false;
    };
    loop {
        match rest {
            // The end of a section.
            [0, after @ ..] => rest = after,
            [6, 32, signature @ ..] => return signature.len() == 32,
            [1 | 2 | 4, length, after @ ..] => {
                let (length, after) = match (length, after) {
                    (0..=127, _) => (usize::from(*length), after),
                    (_, [high, after @ ..]) if *high < 128 => {
                        (usize::from(length & 127) | usize::from(*high) << 7, after)
                    }
                    _ => return false,
                };
                match after.get(length..) {
                    Some(next) => rest = next,
                    None => return false,
                }
            }
            _ => return false,
        }
    }
}

/// The checksum of Bech32. Source: BIP 173.
fn is_bech32(text: &[u8]) -> bool {
    const CHARSET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let Some(cut) = memchr::memrchr(b'1', text) else { return false };
    let (name, data) = (&text[..cut], &text[cut + 1..]);
    let values: Option<Vec<u32>> =
        data.iter().map(|b| CHARSET.iter().position(|c| c == b).map(|at| at as u32)).collect();
    let Some(values) = values else { return false };
    let high = name.iter().map(|b| u32::from(b >> 5));
    let low = name.iter().map(|b| u32::from(b & 31));
    let all = high.chain([0]).chain(low).chain(values);
    let sum = all.fold(1u32, |sum, value| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ value;
        (0..5).filter(|bit| top >> bit & 1 == 1).fold(next, |next, bit| next ^ GENERATOR[bit])
    });
    sum == 1
}

/// The account that an access key id of AWS belongs to: 40 bits of base32 behind its first four
/// characters. None if no account has such a number. Source: public analyses of the id's structure.
pub fn aws_account(id: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(u64::from(byte - b'A')),
        b'2'..=b'7' => Some(u64::from(byte - b'2') + 26),
        _ => None,
    };
    let bits = id.get(4..13)?.iter().try_fold(0u64, |sum, byte| Some(sum << 5 | digit(byte)?))?;
    // 45 bits: one that says nothing, 40 that count, and four of what follows.
    let account = bits >> 4 & 0xff_ffff_ffff;
    (account <= 999_999_999_999).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::armed;

    fn secret(text: &str) -> Vec<u8> {
        armed(text).into_bytes()
    }

    #[test]
    fn crc_at_the_end_is_told_right_from_wrong() {
        let mut token = secret("ghp_{base62:30}");
        token.extend(written(crc32(&token[4..]), BASE62, 6));
        assert_eq!(check(Checksum::GitHub, &token), Some(true));
        token[10] ^= 1;
        assert_eq!(check(Checksum::GitHub, &token), Some(false));
        assert_eq!(check(Checksum::GitHub, b"ghp_short"), None);

        let mut token = secret("glpat-{base62:30}.0u");
        token.extend(written(crc32(&token), &BASE62_LOWER, 7));
        assert_eq!(check(Checksum::GitLab, &token), Some(true));

        let mut token = secret("glsa_{base62:32}");
        let sum = crc32(&token).swap_bytes();
        token.extend(format!("_{sum:08x}").bytes());
        assert_eq!(check(Checksum::Grafana, &token), Some(true));
        token[6] ^= 1;
        assert_eq!(check(Checksum::Grafana, &token), Some(false));
    }

    #[test]
    fn bech32_is_told_right_from_wrong() {
        // Of BIP 173.
        for right in ["a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"] {
            assert!(is_bech32(right.as_bytes()));
        }
        assert!(!is_bech32(b"a12uel5m") && !is_bech32(b"a1b"));
    }

    #[test]
    fn accounts_are_read() {
        let id = |character: &str| format!("AKIA{}", character.repeat(16)).into_bytes();
        // 40 bits of ones are more than twelve digits.
        assert_eq!(aws_account(&id("7")), None);
        assert_eq!(aws_account(&id("A")), Some(0));
        assert_eq!(check(Checksum::Aws, &id("7")), Some(false));
        assert_eq!(check(Checksum::Aws, &id("A")), None);
    }

    #[test]
    fn structure_is_seen() {
        let macaroon = [&[2, 1, 3][..], b"abc", &[2, 2], b"id", &[0, 0, 6, 32], &[7; 32]].concat();
        assert!(is_macaroon(&macaroon));
        assert!(!is_macaroon(&macaroon[..macaroon.len() - 1]));
        assert!(!is_macaroon(b"\x02\x01\xff"));
        // {"alg":"none"}
        assert_eq!(check(Checksum::Jwt, b"eyJhbGciOiJub25lIn0.x.y"), Some(true));
        assert_eq!(check(Checksum::Jwt, b"eyJhbGciOiJub25lI.x.y"), Some(false));
    }
}
