//! Masks the secrets of a run in what is shown beside them: lines, paths, commits, refs, reasons. There
//! they may stand where no token begins, such as `x_` before a key.
//!
//! Not here: what is a secret.

use aho_corasick::{AhoCorasick, Match, MatchKind};

use super::Secret;

/// Secrets, to be found in texts.
pub(super) struct Mask {
    found: AhoCorasick,
    /// What stands for each of them.
    masks: Vec<String>,
}

impl Mask {
    /// None if there is nothing to mask. Of a secret with a mark its body is masked for itself, too.
    pub(super) fn new<'s>(secrets: impl Iterator<Item = &'s Secret>) -> Option<Self> {
        let mut secrets: Vec<&Secret> = secrets.filter(|s| !s.expose().is_empty()).collect();
        secrets.sort_unstable();
        secrets.dedup();
        let marked = secrets.iter().filter(|secret| secret.is_marked());
        let bodies = marked.filter_map(|secret| Some((secret.body()?, secret.redacted_body())));
        let whole = secrets.iter().map(|secret| (secret.expose(), secret.redacted()));
        let (values, masks): (Vec<&[u8]>, Vec<String>) = whole.chain(bodies).unzip();
        if values.is_empty() {
            return None;
        }
        let longest = MatchKind::LeftmostLongest;
        let found = AhoCorasick::builder().match_kind(longest).build(values).ok()?;
        Some(Self { found, masks })
    }

    /// Masks what is in a text; tells whether there was something.
    pub(super) fn apply(&self, text: &mut String) -> bool {
        if !self.found.is_match(text.as_str()) {
            return false;
        }
        let mut masked = String::new();
        let shown = |found: &Match, _: &str, out: &mut String| {
            out.push_str(&self.masks[found.pattern().as_usize()]);
            true
        };
        self.found.replace_all_with(text, &mut masked, shown);
        *text = masked;
        true
    }
}
