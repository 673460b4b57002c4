//! Masks what looks like a secret in what is shown beside findings: to any built-in rule, also to those
//! that report nothing in this run.
//!
//! Not here: how the snippet of a finding looks.

use std::cell::RefCell;
use std::sync::LazyLock;

use super::snippet::{self, FAR};
use super::view::View;
use super::{Options, Scanner, Scratch};
use crate::attribution::Surroundings;
use crate::blob::{Blob, Provenance};
use crate::filter::allow::{AllowComment, SHOWN_REASON};
use crate::finding::{Confidence, Secret};
use crate::matcher::Match;
use crate::randomness;
use crate::rule::{Listed, RuleSet, builtin};
use crate::span::Span;

/// All built-in rules but those about what anyone guesses.
static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let mut rules = builtin();
    rules.disable_weak();
    rules
});
/// And who applies them.
static ALL: LazyLock<Scanner<'static>> = LazyLock::new(|| Scanner::new(&RULES, Options::default()));

/// A text with all that looks like a secret to a built-in rule masked: for messages that repeat what
/// somebody has typed.
pub fn without_secrets(text: String) -> String {
    ALL.masked(text)
}

/// The secrets that are in the name of a file or a folder: those that have a mark of their own, and of
/// which there is no doubt, for a name is masked only then.
pub fn secrets_in_name(name: &str) -> Vec<Secret> {
    let is_own = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut pieces = name.as_bytes().split(|byte| !is_own(*byte));
    // Names are words: to apply all rules to each would cost more than the rest.
    if !pieces.any(|piece| piece.len() >= MARKED && randomness::evidence(piece).bits >= 0.0) {
        return Vec::new();
    }
    let provenance = Provenance::named(String::new());
    let found = ALL.scan(&Blob::whole(name.as_bytes(), &provenance), &mut Scratch::default());
    let all = found.into_iter().flat_map(|found| found.sightings);
    let sure = all.filter(|one| one.confidence >= Confidence::Medium && one.secret.is_marked());
    sure.map(|one| one.secret).collect()
}

/// No key with a mark is shorter.
const MARKED: usize = 16;

/// Bytes on each side of a finding in which more is sought: all that is shown of its line, and what goes
/// on there.
const NEAR: usize = 4 << 10;
/// And behind that, for the findings that follow.
const AHEAD: usize = 64 << 10;

/// What other rules find in a part of a content, kept for the findings in that part.
#[derive(Debug, Default)]
pub(super) struct Beside(RefCell<Option<(Span, Vec<Span>)>>);

impl Beside {
    /// The matches of `others` that reach into a place, in the order of the text.
    fn of(&self, place: Span, bytes: &[u8], others: &Scanner<'_>) -> Vec<Span> {
        let mut kept = self.0.borrow_mut();
        let holds =
            |(part, _): &&mut (Span, Vec<Span>)| part.start <= place.start && place.end <= part.end;
        if kept.as_mut().filter(holds).is_none() {
            let part = Span::new(place.start, bytes.len().min(place.end + AHEAD));
            let mut scratch = Scratch::default();
            others.find(&bytes[part.range()], &mut scratch);
            let found = scratch.found.matches.iter().map(|m| m.span);
            let moved = found.map(|m| Span::new(part.start + m.start, part.start + m.end));
            let mut spans: Vec<Span> = moved.collect();
            spans.sort_unstable();
            *kept = Some((part, spans));
        }
        let (_, spans) = kept.get_or_insert_default();
        let first = spans.partition_point(|m| m.start < place.start.saturating_sub(FAR));
        let there = spans[first..].iter().take_while(|m| m.start < place.end);
        there.filter(|m| m.end > place.start).copied().collect()
    }
}

impl Scanner<'_> {
    /// Who applies all built-in rules, if this one does not.
    fn others(&self) -> Option<&'static Scanner<'static>> {
        let is_partial = || {
            let is_among = |rule: &&Listed| rule.own().is_none() && !rule.is_weak();
            let built_in = self.rules.rules.iter().filter(is_among);
            built_in.count() < RULES.rules.len()
        };
        self.partial.get_or_init(is_partial).then(|| &*ALL)
    }

    /// The matches of all rules in a text.
    fn looks_secret(&self, text: &[u8]) -> Vec<Match> {
        let mut scratch = Scratch::default();
        let mut found = Vec::new();
        for scanner in std::iter::once(self as &Scanner<'_>).chain(self.others()) {
            scanner.find(text, &mut scratch);
            found.append(&mut scratch.found.matches);
        }
        found
    }

    /// The text around a match, on its line, with all that looks like a secret masked.
    pub(super) fn snippet(
        &self,
        found: &Match,
        content: Surroundings<'_>,
        view: Option<&View>,
        beside: &Beside,
    ) -> String {
        let Some(others) = self.others() else { return snippet::around(found, content, view) };
        let Span { start, end } = found.span;
        let near = Span::new(start.saturating_sub(NEAR), content.bytes.len().min(end + NEAR));
        // The finding itself is shown as it always is.
        let more = beside.of(near, content.bytes, others).into_iter().flat_map(|span| {
            let before = Span::new(span.start.min(start), span.end.min(start));
            let behind = Span::new(span.start.max(end), span.end.max(end));
            [before, behind].into_iter().filter(|part| !part.is_empty())
        });
        let first = content.matches.partition_point(|m| m.start < start.saturating_sub(FAR));
        let own = content.matches[first..].iter().take_while(|m| m.start < near.end).copied();
        let mut matches: Vec<Span> = own.chain(more).collect();
        matches.sort_unstable();
        snippet::around(found, Surroundings { matches: &matches, ..content }, view)
    }

    /// A text that is shown beside findings, such as the first line of a commit's message, with all
    /// that looks like a secret masked.
    pub fn masked(&self, text: String) -> String {
        let mut found = self.looks_secret(text.as_bytes());
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
