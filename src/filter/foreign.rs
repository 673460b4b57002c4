//! How a match is judged whose rule means what it means to gitleaks: by its entropy alone.
//!
//! Not here: what other matches of the same content have to do with it (`ties`).

use std::collections::HashMap;

use super::Rejection;
use crate::finding::Confidence;
use crate::rule::{Level, Rule};

/// Whether a match is a secret by itself.
///
/// # Errors
/// If it has too little entropy.
pub(super) fn judge(rule: &Rule, secret: &[u8]) -> Result<Confidence, Rejection> {
    let text = String::from_utf8_lossy(secret);
    match rule.entropy {
        Some(least) if entropy(&text) <= least => Err(Rejection::Entropy),
        _ => Ok(confidence(rule)),
    }
}

/// What the rule says of its findings.
fn confidence(rule: &Rule) -> Confidence {
    match rule.foreign.as_ref().and_then(|foreign| foreign.confidence) {
        Some(Level::Low) => Confidence::Low,
        None | Some(Level::Medium) => Confidence::Medium,
        Some(Level::High) => Confidence::High,
    }
}

/// Shannon entropy, characters counted against the number of bytes.
fn entropy(text: &str) -> f64 {
    let mut counts: HashMap<char, usize> = HashMap::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    let share = |count: usize| count as f64 / text.len() as f64;
    counts.into_iter().map(|count| -share(count) * share(count).log2()).sum()
}
