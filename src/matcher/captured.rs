//! What an expression captured, and the match that is made of it.

use zeroize::Zeroizing;

use super::{Match, Place, inside, tail};
use crate::finding::Secret;
use crate::prefilter::{Candidate, Use};
use crate::rule::Rule;
use crate::span::Span;

/// Ranges within a matched window.
pub(super) struct Captured {
    pub(super) whole: Span,
    pub(super) secret: Span,
    pub(super) body: Span,
    pub(super) uuid: Option<Span>,
}

impl Captured {
    /// The ranges of `captures`. None if the secret is empty, or not the base64 of what it must be.
    pub(super) fn new(rule: &Rule, captures: &regex::bytes::Captures<'_>) -> Option<Self> {
        let span = |m: regex::bytes::Match<'_>| Span::new(m.start(), m.end());
        let whole = captures.get(0)?;
        let first = || (1..captures.len()).filter_map(|g| captures.get(g)).find(|m| !m.is_empty());
        let secret = match rule.secret_group {
            0 => first().unwrap_or(whole),
            group => captures.get(group)?,
        };
        let body = captures.name("body").unwrap_or(secret);
        if secret.is_empty() || !inside::fits(rule, body.as_bytes()) {
            return None;
        }
        let uuid = captures.name("uuid").map(span);
        Some(Self { whole: span(whole), secret: span(secret), body: span(body), uuid })
    }

    /// The same, counted from `start`.
    pub(super) fn moved_back(self, start: usize) -> Self {
        let back = |span: Span| Span::new(span.start - start, span.end - start);
        let Self { whole, secret, body, uuid } = self;
        Self { whole: back(whole), secret: back(secret), body: back(body), uuid: uuid.map(back) }
    }
}

pub(super) fn captured(rule: &Rule, window: &[u8]) -> Option<Captured> {
    if !rule.pattern.may_start(window, usize::MAX) {
        return None;
    }
    let captures = rule.pattern.regex()?.captures(window)?;
    Captured::new(rule, &captures)
}

pub(super) fn build(
    place: &Place<'_>,
    usage: &Use,
    rule: &Rule,
    window: &[u8],
    captured: Captured,
    candidate: Candidate,
) -> Match {
    let next = place.text.get(place.start + captured.whole.end).copied();
    let mut captured = tail::settled(rule, window, captured, next);
    let exact = settle_form(rule, window, &mut captured);
    let Captured { whole, secret, body, uuid } = captured;
    let within = |span: Span| Span::new(span.start - secret.start, span.end - secret.start);
    let at = |span: Span| place.source(Span::new(place.start + span.start, place.start + span.end));
    let prefix = body.start.saturating_sub(secret.start).max(if secret.start == 0 {
        usage.prefix.len()
    } else {
        0
    });
    let public = uuid.map_or(prefix, |u| u.start.saturating_sub(secret.start));
    Match {
        rule: usage.rule,
        span: at(secret),
        whole: at(whole),
        secret: Secret::new(&window[secret.range()], public),
        matched: Zeroizing::new(window[whole.range()].into()),
        body: within(body),
        uuid: uuid.map(within),
        exact,
        layers: place.layers.to_vec(),
        candidate: Some(candidate),
        swept: None,
    }
}

/// Whether the body has the documented form. A body that has it up to a `-` or `_` is cut there: the
/// rest is a suffix that somebody added.
fn settle_form(rule: &Rule, window: &[u8], captured: &mut Captured) -> bool {
    let Some(form) = &rule.form else { return false };
    let body = &window[captured.body.range()];
    if form.is_match(body) {
        return true;
    }
    if captured.body.end != captured.secret.end {
        return false;
    }
    let cuts = body.iter().enumerate().filter(|(_, b)| matches!(b, b'-' | b'_')).map(|(i, _)| i);
    let Some(cut) = cuts.into_iter().find(|cut| form.is_match(&body[..*cut])) else { return false };
    let end = captured.body.start + cut;
    captured.body.end = end;
    captured.secret.end = end;
    captured.whole.end = captured.whole.end.min(end);
    true
}
