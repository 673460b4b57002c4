//! What gitleaks takes for the secret in a match, and what is left of the matches of a rule that
//! begins with a literal.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{Found, Match, Place, Swept};
use crate::finding::Secret;
use crate::prefilter::{Candidate, Use};
use crate::rule::{Rule, RuleSet};
use crate::span::Span;

/// Bytes from a literal on in which a match must begin to be one, where its length has no limit.
pub(super) const FAR: usize = 16 << 10;

/// Bytes of a line on each side of decoded text that are looked at.
const NEAR: usize = 4 << 10;

/// A match, and the secret in it.
pub(super) struct Cut {
    pub(super) whole: Span,
    pub(super) secret: Span,
}

/// The secret in the match `at` of `text`. Newlines at the ends of a match are no part of it, and its
/// groups are those of the match by itself.
pub(super) fn cut(rule: &Rule, text: &[u8], at: Span) -> Option<Cut> {
    let newlines =
        |bytes: &mut dyn Iterator<Item = &u8>| bytes.take_while(|b| **b == b'\n').count();
    let bytes = text.get(at.range())?;
    let start = at.start + newlines(&mut bytes.iter());
    let end = (at.end - newlines(&mut bytes.iter().rev())).max(start);
    let whole = Span::new(start, end);
    let captures = rule.pattern.regex()?.captures(&text[whole.range()]);
    let group = captures.and_then(|captures| match rule.secret_group {
        0 => (1..captures.len()).filter_map(|g| captures.get(g)).find(|m| !m.is_empty()),
        group => captures.get(group),
    });
    let group = group.filter(|m| !m.is_empty());
    let secret = group.map_or(whole, |m| Span::new(start + m.start(), start + m.end()));
    (!secret.is_empty()).then_some(Cut { whole, secret })
}

/// The match of a rule at a place where its literal stands.
pub(super) fn at(
    place: &Place<'_>,
    usage: &Use,
    rule: &Rule,
    limit: usize,
    candidate: Candidate,
) -> Option<Match> {
    let rest = place.text.get(place.start..)?;
    let window = &rest[..limit.min(FAR)];
    let regex = rule.pattern.regex().filter(|_| rule.pattern.may_start(window, usize::MAX))?;
    let mut found = regex.find(window)?;
    if found.end() == window.len() && window.len() < limit {
        found = regex.find(&rest[..limit])?;
    }
    let Cut { whole, secret } = cut(rule, rest, Span::new(found.start(), found.end()))?;
    let at = |span: Span| place.source(Span::new(place.start + span.start, place.start + span.end));
    // A literal that is most of the secret tells too much of it.
    let prefix = usage.prefix.len();
    let public = if secret.start == 0 && prefix * 2 <= secret.len() { prefix } else { 0 };
    Some(Match {
        rule: usage.rule,
        span: at(secret),
        whole: at(whole),
        secret: Secret::new(&rest[secret.range()], public),
        matched: Zeroizing::new(rest[whole.range()].into()),
        body: Span::new(0, secret.len()),
        uuid: None,
        exact: false,
        layers: place.layers.to_vec(),
        candidate: Some(candidate),
        swept: decoded_line(place, place.start + whole.start, place.start + whole.end)
            .map(|line| Box::new(Swept { line: Some(line), near: None, auxiliary: false })),
    })
}

/// The lines that hold decoded text from `start` to `end`, with what is plain on them before and behind
/// what was decoded; none if nothing was.
fn decoded_line(place: &Place<'_>, start: usize, end: usize) -> Option<Zeroizing<Box<[u8]>>> {
    let decoded = place.decoded?;
    let (content, extent) = (place.content, decoded.extent());
    let before = decoded.bytes.get(..start)?;
    let behind = decoded.bytes.get(end..)?;
    let (mut head, mut tail) = (&[][..], &[][..]);
    if !before.contains(&b'\n') {
        head = last_line(content.get(..extent.start)?);
    }
    if !behind.contains(&b'\n') {
        tail = first_line(content.get(extent.end..)?);
    }
    let within = decoded.bytes.get(start..end)?;
    let line = [head, last_line(before), within, first_line(behind), tail].concat();
    Some(Zeroizing::new(line.into()))
}

/// What is behind the last line break of a text, or near its end.
pub(super) fn last_line(text: &[u8]) -> &[u8] {
    let near = &text[text.len().saturating_sub(NEAR)..];
    memchr::memrchr(b'\n', near).map_or(near, |newline| &near[newline + 1..])
}

/// What is before the first line break of a text, or near its start.
pub(super) fn first_line(text: &[u8]) -> &[u8] {
    let near = &text[..text.len().min(NEAR)];
    memchr::memchr(b'\n', near).map_or(near, |newline| &near[..newline])
}

/// Of the matches in plain text that a rule has where its literal stands, keeps those that a search
/// from the start to the end would find: none begins within the one before. Notes which rules lack
/// their keywords.
pub(super) fn settle(set: &RuleSet, bytes: &[u8], found: &mut Found) {
    let is_foreign = |m: &Match| set.rules[m.rule].foreign.is_some() && m.candidate.is_some();
    if !found.matches.iter().any(is_foreign) {
        return;
    }
    let (mut foreign, own): (Vec<Match>, Vec<Match>) =
        std::mem::take(&mut found.matches).into_iter().partition(is_foreign);
    found.matches = own;
    foreign.sort_by_key(|m| (m.rule, m.layers.len(), m.whole.start, m.whole.end));
    let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
    let mut lower: Option<Vec<u8>> = None;
    for mut one in foreign {
        let rule = &set.rules[one.rule];
        if one.layers.is_empty() {
            let end = ends.entry(one.rule).or_default();
            if one.whole.start < *end {
                continue;
            }
            *end = one.whole.end;
        }
        let lower = if rule.keywords.is_empty() {
            &[][..]
        } else {
            lower.get_or_insert_with(|| bytes.to_ascii_lowercase())
        };
        if !has_keyword(rule, &one, lower, bytes) {
            let line = one.swept.take().and_then(|swept| swept.line);
            one.swept = Some(Box::new(Swept { line, near: None, auxiliary: true }));
        }
        found.matches.push(one);
    }
}

fn has_keyword(rule: &Rule, found: &Match, lower: &[u8], bytes: &[u8]) -> bool {
    // Of encoded text, its decoded lines.
    let line = found.swept.as_ref().and_then(|swept| swept.line.as_deref());
    let near = line.unwrap_or(&found.matched).to_ascii_lowercase();
    let finds = |hay: &[u8], word: &str| memchr::memmem::find(hay, word.as_bytes()).is_some();
    let unicode = |word: &str| String::from_utf8_lossy(bytes).to_lowercase().contains(word);
    rule.keywords.is_empty()
        || rule.keywords.iter().any(|word| finds(&near, word))
        || rule.keywords.iter().any(|word| finds(lower, word))
        || rule.keywords.iter().any(|word| !word.is_ascii() && unicode(word))
}
