//! Masks what looks like a secret in texts that are shown beside findings.
//!
//! Not here: the snippets of findings.

use super::{Scanner, Scratch};
use crate::filter::allow::{AllowComment, SHOWN_REASON};

impl Scanner<'_> {
    /// A text that is shown beside findings, such as the first line of a commit's message, with all
    /// that looks like a secret masked.
    pub fn masked(&self, text: String) -> String {
        let mut scratch = Scratch::default();
        self.find(text.as_bytes(), &mut scratch);
        let mut found = scratch.found.matches;
        if found.is_empty() {
            return text;
        }
        found.sort_by_key(|one| (one.span.start, std::cmp::Reverse(one.span.end)));
        let (mut masked, mut shown) = (String::new(), 0);
        for one in found.iter().filter(|one| text.get(one.span.range()).is_some()) {
            if one.span.start >= shown {
                masked.push_str(&text[shown..one.span.start]);
                masked.push_str(&one.secret.redacted());
            }
            shown = shown.max(one.span.end);
        }
        masked.push_str(text.get(shown..).unwrap_or_default());
        masked
    }

    /// Why an allow comment says that it allows something: text that may hold what it is about.
    pub(super) fn reason(&self, comment: &AllowComment) -> Option<String> {
        let masked = self.masked(comment.reason.clone()?);
        Some(masked.chars().take(SHOWN_REASON).collect())
    }
}
