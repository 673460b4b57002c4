//! A secret that does not show itself.
//!
//! Debug and display output mask it; [`Secret::expose`] is the one way to the value.

use std::fmt;

use zeroize::Zeroize;

/// The bytes of a secret, and how many of them are a public prefix. They are wiped when it is
/// dropped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret {
    value: Box<[u8]>,
    prefix: usize,
}

/// Bodies of fewer bytes are masked whole.
const SHOW_TAIL_FROM: usize = 20;
const TAIL: usize = 4;

impl Secret {
    /// A secret whose first `prefix` bytes are known to everybody, such as `sk_live_`.
    pub fn new(value: impl Into<Box<[u8]>>, prefix: usize) -> Self {
        let value = value.into();
        let prefix = prefix.min(value.len());
        Self { value, prefix }
    }

    /// The value. For fingerprints, for baselines, for reports with `--show-secrets`, for what
    /// `--replacements` writes, and for live checks.
    pub fn expose(&self) -> &[u8] {
        &self.value
    }

    /// The prefix, a mask, and the last four characters of a long body; nothing of an empty one, which
    /// stands for a file that is a finding by its path.
    pub fn redacted(&self) -> String {
        if self.value.is_empty() {
            return String::new();
        }
        let prefix = String::from_utf8_lossy(&self.value[..self.prefix]);
        format!("{prefix}{}", self.redacted_body())
    }

    /// The same without the prefix.
    pub fn redacted_body(&self) -> String {
        let body = &self.value[self.prefix..];
        let tail = if body.len() >= SHOW_TAIL_FROM { &body[body.len() - TAIL..] } else { &[] };
        format!("****{}", String::from_utf8_lossy(tail))
    }

    /// What stands behind the prefix, if it is so long that nothing else is written so.
    pub fn body(&self) -> Option<&[u8]> {
        self.value.get(self.prefix..).filter(|body| body.len() >= TELLING)
    }
}

impl Secret {
    /// Whether it is long and has a mark of its own, so that no path has it by chance, as one may have what
    /// somebody took for a password.
    pub fn is_marked(&self) -> bool {
        self.prefix > 0 && self.value.len() >= TELLING
    }
}

/// Bytes of a secret that no path has by chance.
const TELLING: usize = 16;

impl Drop for Secret {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.redacted())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_output_shows_more_than_the_last_four_characters() {
        let long = Secret::new(*b"pre_abcdefghijklmnopqrstuvwxyz", 4);
        assert_eq!(long.to_string(), "pre_****wxyz");
        assert_eq!(format!("{long:?}"), "Secret(pre_****wxyz)");
        assert_eq!(Secret::new(*b"pre_abcdef", 4).to_string(), "pre_****");
    }
}
