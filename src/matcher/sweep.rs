//! Rules that begin with no literal, over whole contents, as gitleaks runs them: a keyword, then the
//! expression, then the same again on what decodes, up to five times.
//!
//! Not here: rules that begin with a literal, which the prefilter finds in every encoding; only where base64 is
//! too short for it are they run here, too.

use std::borrow::Cow;

use aho_corasick::AhoCorasick;
use regex::bytes::Regex;
use zeroize::Zeroizing;

use super::codec::{self, Kind, Segment};
use super::foreign::{Cut, cut, first_line, last_line};
use super::{Found, Match, Swept, everywhere};
use crate::decode::Layer;
use crate::finding::Secret;
use crate::rule::{Listed, Rule, RuleSet};
use crate::span::Span;

/// How often a content is decoded.
const DEPTH: usize = 5;
/// Bytes of a decoded text on each side of a match that expressions may look at.
const AROUND: usize = 12 << 10;

/// The rules that run over whole contents.
#[derive(Debug, Default)]
pub struct Sweep {
    rules: Vec<Runner>,
    words: Option<AhoCorasick>,
    /// Whether some rule wants decoded text.
    decodes: bool,
}

/// One of the rules.
#[derive(Debug)]
struct Runner {
    /// Its number in the set.
    rule: usize,
    /// Its keywords, by their numbers; none: it always runs.
    words: Option<std::ops::Range<usize>>,
    /// The rules that require it, by their numbers in this list; whether one of another kind does.
    serves: Vec<usize>,
    serves_always: bool,
}

impl Sweep {
    /// The rules of `set` that begin with no literal.
    pub fn new(set: &RuleSet) -> Self {
        let general = |listed: &Listed| match listed.own() {
            Some(rule) => !rule.is_about_paths() && (!rule.is_anchored() || is_short(rule)),
            None => !listed.is_anchored(),
        };
        let mut words: Vec<&str> = Vec::new();
        let mut sweep = Self::default();
        for (number, rule) in set.rules.iter().enumerate().filter(|(_, rule)| general(rule)) {
            let first = words.len();
            // The search for keywords knows the two cases of ASCII only.
            let plain = rule.keywords.iter().all(|word| word.is_ascii() && !word.is_empty());
            if plain {
                words.extend(rule.keywords.iter().map(String::as_str));
            }
            let own = (words.len() > first).then_some(first..words.len());
            let (serves, serves_always) = (Vec::new(), false);
            sweep.rules.push(Runner { rule: number, words: own, serves, serves_always });
            sweep.decodes |= rule.foreign.is_some();
        }
        let find = |id: &str| {
            let called = |one: &Runner| set.rules[one.rule].is_called(id);
            sweep.rules.iter().position(called)
        };
        let mut arrows: Vec<(usize, Option<usize>)> = Vec::new();
        for (number, rule) in set.rules.iter().enumerate() {
            let Some(rule) = rule.own() else { continue };
            let from = sweep.rules.binary_search_by_key(&number, |one| one.rule).ok();
            let required = rule.foreign.iter().flat_map(|foreign| &foreign.required);
            arrows.extend(required.filter_map(|required| Some((find(&required.id)?, from))));
        }
        for (to, from) in arrows {
            match from {
                Some(from) => sweep.rules[to].serves.push(from),
                None => sweep.rules[to].serves_always = true,
            }
        }
        if !words.is_empty() {
            sweep.words = AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok();
        }
        sweep
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Adds what there is in `bytes`.
    pub fn run(&self, set: &RuleSet, bytes: &[u8], found: &mut Found) {
        let mut levels = vec![Level::plain(bytes, self.decodes)];
        loop {
            let level = &levels[levels.len() - 1];
            let present = self.present(&level.text);
            for one in &self.rules {
                let wanted = self.wants(one, &present);
                let serves = || {
                    one.serves_always
                        || one.serves.iter().any(|from| self.wants(&self.rules[*from], &present))
                };
                if !wanted && !serves() {
                    continue;
                }
                let rule = &set.rules[one.rule];
                if rule.is_anchored() && levels.len() == 1 {
                    continue;
                }
                if rule.foreign.is_some() {
                    of_rule(one.rule, rule, &levels, wanted, bytes, found);
                } else if levels.len() == 1 {
                    everywhere(one.rule, set, bytes, found);
                }
            }
            if !self.decodes || levels.len() > DEPTH {
                return;
            }
            match level.decoded() {
                Some(next) => levels.push(next),
                None => return,
            }
        }
    }

    /// Which keywords are there.
    fn present(&self, text: &[u8]) -> Vec<bool> {
        let Some(words) = &self.words else { return Vec::new() };
        let mut present = vec![false; words.patterns_len()];
        for hit in words.find_overlapping_iter(text) {
            present[hit.pattern().as_usize()] = true;
        }
        present
    }

    fn wants(&self, one: &Runner, present: &[bool]) -> bool {
        let own = |words: &std::ops::Range<usize>| present.get(words.clone()).unwrap_or_default();
        one.words.as_ref().is_none_or(|words| own(words).contains(&true))
    }
}

/// Decoded bytes below which base64 is too short for the prefilter, and not too short for gitleaks.
const SHORT: usize = 24;

/// Whether a rule that begins with a literal has matches that the prefilter does not see in base64.
fn is_short(rule: &Rule) -> bool {
    rule.foreign.is_some() && rule.pattern.shortest() < SHORT
}

/// The matches of an expression that is tried where one of some literals stands.
fn from_literals(regex: &Regex, literals: &[Vec<u8>], text: &[u8]) -> Vec<Span> {
    let places = literals.iter().flat_map(|literal| memchr::memmem::find_iter(text, literal));
    let mut places: Vec<usize> = places.collect();
    places.sort_unstable();
    let mut found: Vec<Span> = Vec::new();
    for at in places {
        let window = &text[at..text.len().min(at + super::foreign::FAR)];
        let free = found.last().is_none_or(|last| last.end <= at);
        if let Some(one) = free.then(|| regex.find(window)).flatten() {
            found.push(Span::new(at, at + one.end()));
        }
    }
    found
}

/// The matches of a rule in the last of `levels`.
fn of_rule(
    number: usize,
    rule: &Rule,
    levels: &[Level<'_>],
    wanted: bool,
    bytes: &[u8],
    found: &mut Found,
) {
    let level = &levels[levels.len() - 1];
    let Some(regex) = rule.pattern.regex() else { return };
    let all: Vec<Span> = match rule.pattern.prefixes() {
        Some(prefixes) => from_literals(regex, prefixes, &level.text),
        None => regex.find_iter(&level.text).map(|m| Span::new(m.start(), m.end())).collect(),
    };
    for at in all {
        if levels.len() > 1 && !level.is_new(at) {
            continue;
        }
        let Some(Cut { whole, secret }) = cut(rule, &level.text, at) else { continue };
        let (span, matched) = (source(levels, secret), source(levels, whole));
        let decoded = levels.len() > 1;
        // What is no UTF-8 is shown as it stands.
        let text = if decoded { &level.text[secret.range()] } else { &bytes[span.range()] };
        found.matches.push(Match {
            rule: number,
            span,
            whole: matched,
            secret: Secret::new(text, 0),
            matched: Zeroizing::new(level.text[whole.range()].into()),
            body: Span::new(0, text.len()),
            uuid: None,
            exact: false,
            layers: layers(levels, whole),
            candidate: None,
            swept: Some(Box::new(Swept {
                line: decoded.then(|| Zeroizing::new(level.line(whole).into())),
                near: decoded.then(|| level.near(whole)),
                auxiliary: !wanted,
            })),
        });
    }
}

/// A content as it stands, or after so many passes.
struct Level<'b> {
    text: Cow<'b, [u8]>,
    segments: Vec<Mapped>,
}

/// A segment of the text before, and where what it says is in this one.
struct Mapped {
    segment: Segment,
    here: Span,
}

impl<'b> Level<'b> {
    /// The content; what is no UTF-8 in it reads as a replacement character, byte by byte.
    fn plain(bytes: &'b [u8], clean: bool) -> Self {
        if !clean || std::str::from_utf8(bytes).is_ok() {
            return Self { text: bytes.into(), segments: Vec::new() };
        }
        let mut segments = Vec::new();
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            at += chunk.valid().len();
            for _ in chunk.invalid() {
                let decoded = "\u{fffd}".as_bytes().to_vec();
                let (kind, here) = (Kind::Invalid, Span::new(at, at + 1));
                segments.push(Segment { kind, at: here, decoded, starts: Vec::new() });
                at += 1;
            }
        }
        Self::written(bytes, segments)
    }

    /// The next pass, if there is anything to decode.
    fn decoded(&self) -> Option<Level<'b>> {
        let segments = codec::segments(&self.text);
        (!segments.is_empty()).then(|| Self::written(&self.text, segments))
    }

    fn written(before: &[u8], segments: Vec<Segment>) -> Self {
        let mut text = Vec::with_capacity(before.len());
        let mut mapped = Vec::with_capacity(segments.len());
        let mut at = 0;
        for segment in segments {
            text.extend_from_slice(&before[at..segment.at.start]);
            let start = text.len();
            text.extend_from_slice(&segment.decoded);
            at = segment.at.end;
            mapped.push(Mapped { here: Span::new(start, text.len()), segment });
        }
        text.extend_from_slice(&before[at..]);
        Self { text: text.into(), segments: mapped }
    }

    /// Whether a match touches what this pass has decoded; else the pass before has it.
    fn is_new(&self, at: Span) -> bool {
        self.touching(at).is_some()
    }

    fn touching(&self, at: Span) -> Option<&Mapped> {
        let first = self.segments.partition_point(|one| one.here.end < at.start);
        self.segments.get(first).filter(|one| one.here.start <= at.end)
    }

    /// The segment that holds a byte of the text, or the last one before it.
    fn last_before(&self, index: usize) -> Option<&Mapped> {
        let next = self.segments.partition_point(|one| one.here.start <= index);
        self.segments.get(next.checked_sub(1)?)
    }

    /// What a byte of the text was written as in the text before.
    fn written_as(&self, index: usize) -> Span {
        let Some(Mapped { segment, here }) = self.last_before(index) else {
            return Span::new(index, index + 1);
        };
        if index >= here.end {
            let at = segment.at.end + (index - here.end);
            return Span::new(at, at + 1);
        }
        let byte = index - here.start;
        let (start, end) = match segment.kind {
            Kind::Hex => (byte * 2, byte * 2 + 2),
            Kind::Base64 => (byte / 3 * 4 + byte % 3, byte / 3 * 4 + byte % 3 + 2),
            Kind::Invalid => (0, 1),
            Kind::Unicode | Kind::Percent => {
                let start = segment.starts.get(byte).copied().unwrap_or(0);
                let next = segment.starts.get(byte..).unwrap_or_default();
                let next = next.iter().find(|next| **next > start);
                (start as usize, next.map_or(segment.at.len(), |next| *next as usize))
            }
        };
        Span::new(segment.at.start + start, (segment.at.start + end).min(segment.at.end))
    }

    /// The text around a span, and where the span is there.
    fn near(&self, at: Span) -> (Zeroizing<Box<[u8]>>, Span) {
        let from = at.start.saturating_sub(AROUND);
        let to = self.text.len().min(at.end + AROUND);
        let text = Zeroizing::new(self.text[from..to].into());
        (text, Span::new(at.start - from, at.end - from))
    }

    /// The lines that hold a span, or what is near of them.
    fn line(&self, at: Span) -> &[u8] {
        let start = at.start - last_line(&self.text[..at.start]).len();
        let end = at.end + first_line(&self.text[at.end..]).len();
        &self.text[start..end]
    }
}

/// Where a span of the last level stands in the content.
fn source(levels: &[Level<'_>], span: Span) -> Span {
    levels.iter().rev().fold(span, |span, level| {
        if span.is_empty() || level.segments.is_empty() {
            return span;
        }
        let (first, last) = (level.written_as(span.start), level.written_as(span.end - 1));
        Span::new(first.start, last.end.max(first.start))
    })
}

/// The encodings that a span of the last level went through, the outermost first.
fn layers(levels: &[Level<'_>], span: Span) -> Vec<Layer> {
    let mut layers = Vec::new();
    for (number, level) in levels.iter().enumerate().rev() {
        let here = source(&levels[number + 1..], span);
        let held = level.touching(here).filter(|one| one.here.start < here.end);
        layers.extend(held.and_then(|one| one.segment.kind.layer()));
    }
    layers.reverse();
    layers
}
