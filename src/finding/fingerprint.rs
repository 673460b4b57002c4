//! The name of a secret in a place, the same on every machine and after every rebase.
//!
//! Rule, path and a hash of the secret: no line, no column, no commit. The hash is SHA-256, cut to
//! 80 bits, over the rule id and the secret.

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

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
