//! Masks what looks like a secret in what is shown beside findings: to any built-in rule, also to those
//! that report nothing in this run. What somebody typed, or called a file, has keys glued to other words,
//! where a content has none.
//!
//! Not here: how the snippet of a finding looks.

use std::cell::RefCell;
use std::sync::LazyLock;

use super::snippet::{self, FAR};
use super::view::View;
use super::{Comments, Options, Scanner, Scratch};
use crate::attribution::Surroundings;
use crate::blob::{Blob, Provenance};
use crate::filter::allow::{AllowComment, SHOWN_REASON};
use crate::finding::{Confidence, Secret};
use crate::matcher::{Match, NearMiss};
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

/// The secrets that are in the name of a file or a folder, or in what is said of one: those that have a
/// mark of their own, and of which there is no doubt, for a name is masked only then.
pub fn secrets_in_name(name: &str) -> Vec<Secret> {
    let is_own = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut pieces = name.as_bytes().split(|byte| !is_own(*byte));
    // Names are words: to apply all rules to each would cost more than the rest.
    if !pieces.any(may_hold_a_key) {
        return Vec::new();
    }
    let text = name.as_bytes();
    let mut scratch = Scratch::default();
    ALL.find_all(text, &mut scratch);
    let glued = glued(text, &scratch.found.misses.take().unwrap_or_default());
    sure(text).into_iter().chain(glued).map(|(_, secret)| secret).collect()
}

/// Whether some of a word may be drawn at random, words glued to it or not.
fn may_hold_a_key(piece: &[u8]) -> bool {
    let is_drawn = |part: &[u8]| randomness::evidence(part).bits >= 0.0;
    // The body of a key is longer, and so holds one of every few windows.
    let mut windows = piece.windows(MARKED).step_by(STEP);
    piece.len() >= MARKED && (is_drawn(piece) || windows.any(is_drawn))
}

/// The secrets with a mark of their own, and of which there is no doubt, in a text, and where.
fn sure(text: &[u8]) -> Vec<(Span, Secret)> {
    let provenance = Provenance::named(String::new());
    let blob = Blob::whole(text, &provenance);
    // Nobody allows by a name that the name is shown.
    let found = ALL.scan_with(&blob, &mut Scratch::default(), Comments::Ignored);
    let all = found.into_iter().flat_map(|found| found.sightings);
    let sure = all.filter(|one| one.confidence >= Confidence::Medium && one.secret.is_marked());
    sure.map(|one| (one.occurrence.span, one.secret)).collect()
}

/// Those of which somebody may say the same once they stand for themselves: no rule finds them, since a
/// word stands right before or behind them.
fn glued(text: &[u8], misses: &[NearMiss]) -> Vec<(Span, Secret)> {
    let long = misses.iter().map(|miss| miss.span).filter(|span| span.len() >= MARKED);
    let of_piece = |at: Span| {
        let found = text.get(at.range()).map(sure).unwrap_or_default().into_iter();
        found.map(move |(span, secret)| {
            (Span::new(at.start + span.start, at.start + span.end), secret)
        })
    };
    long.flat_map(of_piece).collect()
}

/// No key with a mark is shorter.
const MARKED: usize = 16;
/// Bytes from one part of a name that is looked at to the next.
const STEP: usize = 4;

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

    /// What all rules find in a text, keys that are glued to a word among it: where, and what stands for it.
    fn looks_secret(&self, text: &[u8]) -> Vec<(Span, String)> {
        let mut scratch = Scratch::default();
        let mut looks = Vec::new();
        for scanner in std::iter::once(self as &Scanner<'_>).chain(self.others()) {
            scanner.find_all(text, &mut scratch);
            let found = std::mem::take(&mut scratch.found);
            let glued = glued(text, &found.misses.unwrap_or_default());
            looks.extend(glued.into_iter().map(|(span, secret)| (span, secret.redacted())));
            looks.extend(found.matches.iter().map(|one| (one.span, one.secret.redacted())));
        }
        looks
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
        found.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        let (mut masked, mut shown) = (String::new(), 0);
        for (span, mask) in found.iter().filter(|(span, _)| text.get(span.range()).is_some()) {
            if span.start >= shown {
                masked.push_str(&text[shown..span.start]);
                masked.push_str(mask);
            }
            shown = shown.max(span.end);
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
