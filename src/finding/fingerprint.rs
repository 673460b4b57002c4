//! The name of a secret in a place, the same on every machine and after every rebase.
//!
//! Rule, path and a hash of the secret: no line, no column, no commit. The hash is SHA-256, cut to
//! 80 bits, over the rule id and the secret; with a key of the user's, HMAC-SHA-256, so that nobody
//! without the key can try out guesses against a list of fingerprints.

use std::fmt;

use sha2::{Digest, Sha256};

use super::Secret;

/// A fingerprint, `rule:path:hash`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a secret at a path (relative, with `/`).
    pub fn new(rule: &str, path: &str, secret: &Secret) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(rule.as_bytes());
        hasher.update([0]);
        hasher.update(secret.expose());
        let hash: String = hasher.finalize().iter().take(10).map(|b| format!("{b:02x}")).collect();
        Self(format!("{rule}:{path}:{hash}"))
    }

    /// The same, with a key.
    pub fn keyed(rule: &str, path: &str, secret: &Secret, key: &FingerprintKey) -> Self {
        let digest = key.hmac(&[rule.as_bytes(), &[0], secret.expose()]);
        let hash: String = digest.iter().take(10).map(|b| format!("{b:02x}")).collect();
        Self(format!("{rule}:{path}:{hash}"))
    }

    /// The fingerprint of the same secret at another path; with an empty one, that which holds for any.
    pub fn at(&self, rule: &str, path: &str) -> Self {
        let hash = self.0.rsplit(':').next().unwrap_or_default();
        if path.is_empty() {
            return Self(format!("{rule}:{hash}"));
        }
        Self(format!("{rule}:{path}:{hash}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key for fingerprints.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey(Box<[u8]>);

impl FingerprintKey {
    /// Fewer bytes could be guessed like what they protect.
    pub const LEAST: usize = 16;

    /// A key of these bytes; none if they are too few.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= Self::LEAST).then(|| Self(bytes.into()))
    }

    /// HMAC-SHA-256, as RFC 2104 has it.
    fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut block = [0; 64];
        if self.0.len() > block.len() {
            block[..32].copy_from_slice(&Sha256::digest(&self.0));
        } else {
            block[..self.0.len()].copy_from_slice(&self.0);
        }
        let mut inner = Sha256::new();
        inner.update(block.map(|byte| byte ^ 0x36));
        parts.iter().for_each(|part| inner.update(part));
        let mut outer = Sha256::new();
        outer.update(block.map(|byte| byte ^ 0x5c));
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(****)")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn the_key_is_that_of_the_standard() {
        // RFC 4231, test cases 1 and 6.
        let key = FingerprintKey::new(&[0x0b; 20]).expect("long enough");
        assert!(
            hex(&key.hmac(&[b"Hi ", b"There"])).starts_with("b0344c61d8db38535ca8afceaf0bf12b")
        );
        let key = FingerprintKey::new(&[0xaa; 131]).expect("long enough");
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert!(hex(&key.hmac(&[text])).starts_with("60e431591ee0b67f0d8a26aacbf5b77f"));
        assert!(FingerprintKey::new(&[1; 15]).is_none());
        assert_eq!(format!("{key:?}"), "FingerprintKey(****)");
    }

    #[test]
    fn another_path_keeps_the_hash() {
        let secret = Secret::new(*b"abc", 0);
        let key = FingerprintKey::new(&[7; 16]).expect("long enough");
        let keyed = Fingerprint::keyed("r", "a:b", &secret, &key);
        assert_eq!(keyed.at("r", "c"), Fingerprint::keyed("r", "c", &secret, &key));
        assert_ne!(keyed, Fingerprint::new("r", "a:b", &secret));
        let plain = Fingerprint::new("r", "a:b", &secret);
        assert_eq!(plain.at("r", "c"), Fingerprint::new("r", "c", &secret));
    }
}
