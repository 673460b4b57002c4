//! From a candidate to a match: the rule's expression, anchored where the candidate says, with its
//! boundaries, in plain or decoded text.
//!
//! A match depends only on the bytes within [`CONTEXT`] of it. Whether it is a secret is for
//! `filter` to say.

mod codec;
mod foreign;
mod named;
mod sweep;

pub use sweep::Sweep;

use zeroize::Zeroizing;

use crate::boundary;
use crate::decode::{self, Layer, Reach, Text};
use crate::finding::Secret;
use crate::prefilter::{Anchor, Candidate, Prefilter, Use};
use crate::rule::{Encodings, MAX_MATCH, Rule, RuleSet};
use crate::span::Span;

pub use named::NameIndex;

/// Bytes around a candidate on which its matches depend: the longest match and what may stand
/// before it, in the most wasteful nesting of encodings.
pub const CONTEXT: usize = 48 << 10;

/// Bytes behind a literal that tell whether text goes on in an encoding there.
const CONTINUATION: usize = 8;

/// Text of the right shape, not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The rule, by its number in the set.
    pub rule: usize,
    /// The secret in the content, as encoded there.
    pub span: Span,
    /// All that the expression matched, as encoded.
    pub whole: Span,
    /// The secret, decoded.
    pub secret: Secret,
    /// All that the expression matched, decoded.
    pub matched: Zeroizing<Box<[u8]>>,
    /// The body within the secret.
    pub body: Span,
    /// A UUID within the secret.
    pub uuid: Option<Span>,
    /// Whether the body has the documented form.
    pub exact: bool,
    /// The encodings, the outermost first.
    pub layers: Vec<Layer>,
    /// The candidate that led here, to read more of its surroundings.
    pub candidate: Option<Candidate>,
    /// What is to be known of a match of a rule that means what it means to gitleaks.
    pub swept: Option<Box<Swept>>,
}

impl Match {
    /// A content whose path is the finding, for `rule`: at its start, without a secret.
    pub fn of_path(rule: usize) -> Self {
        let nothing = Span::new(0, 0);
        Self {
            rule,
            span: nothing,
            whole: nothing,
            secret: Secret::new(Vec::new(), 0),
            matched: Zeroizing::new(Box::default()),
            body: nothing,
            uuid: None,
            exact: false,
            layers: Vec::new(),
            candidate: None,
            swept: None,
        }
    }
}

/// What a search in gitleaks' way knows of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The decoded lines that hold it, where it was found in decoded text.
    pub line: Option<Zeroizing<Box<[u8]>>>,
    /// Whether it only serves rules that require it: no keyword of its own rule is there.
    pub auxiliary: bool,
}

/// A prefix that stands where a secret may begin, without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The rule, by its number in the set.
    pub rule: usize,
    /// The text in the content.
    pub span: Span,
    /// Why it is no match.
    pub reason: &'static str,
}

/// Where matches and, if they are wanted, near misses go.
#[derive(Debug, Default)]
pub struct Found {
    /// The matches.
    pub matches: Vec<Match>,
    /// The near misses; none: not wanted.
    pub misses: Option<Vec<NearMiss>>,
}

/// One place in one text where a rule's prefix may stand.
#[derive(Clone, Copy)]
struct Place<'t> {
    text: &'t [u8],
    start: usize,
    /// Set for decoded text.
    decoded: Option<&'t Text>,
    layers: &'t [Layer],
    content: &'t [u8],
}

impl Place<'_> {
    fn source(&self, span: Span) -> Span {
        self.decoded.map_or(span, |text| text.source(span))
    }
}

/// Applies rules to candidates.
#[derive(Debug)]
pub struct Matcher<'r> {
    rules: &'r RuleSet,
    prefilter: &'r Prefilter,
    names: &'r NameIndex,
}

/// Bytes of a match that tell whether a candidate is plausible.
const GLANCE: usize = 96;

impl<'r> Matcher<'r> {
    /// A matcher for the candidates of `prefilter`, which was made for the same rules, as `names` was.
    pub fn new(rules: &'r RuleSet, prefilter: &'r Prefilter, names: &'r NameIndex) -> Self {
        Self { rules, prefilter, names }
    }

    /// Whether something may come of a candidate: for plain text, whether one of its prefixes stands
    /// there where a token may begin; for a value, whether what it is assigned to says that it is
    /// secret. Depends on what [`Matcher::reach`] says.
    pub fn is_plausible(&self, bytes: &[u8], candidate: Candidate) -> bool {
        let Some(anchor) = self.prefilter.anchor(candidate) else {
            return self.may_be_assigned(bytes, candidate.at);
        };
        if self.prefilter.recipe(candidate).is_some_and(|r| !r.steps.is_empty()) {
            return true;
        }
        if anchor.encodings == Encodings::Common {
            return anchor.uses.iter().any(|usage| self.may_begin(bytes, candidate.at, usage));
        }
        let end = candidate.at + anchor.literal.len();
        let stands = |usage: &Use| {
            let start = candidate.at.checked_sub(usage.offset)?;
            bytes.get(start..)?.starts_with(&usage.prefix).then_some(())?;
            let rule = &self.rules.rules[usage.rule];
            (!rule.boundary || boundary::is_detached(bytes, start)).then_some(())
        };
        continues_encoded(bytes, end, false).is_some()
            || anchor.uses.iter().any(|usage| stands(usage).is_some())
            || broken_prefix(bytes, candidate.at, anchor).is_some()
    }

    /// Whether a prefix stands around the anchor at `at`, and what follows may be its body.
    fn may_begin(&self, bytes: &[u8], at: usize, usage: &Use) -> bool {
        let Some(start) = at.checked_sub(usage.offset) else { return false };
        let Some(rest) = bytes.get(start..).filter(|r| r.starts_with(&usage.prefix)) else {
            return false;
        };
        let rule = &self.rules.rules[usage.rule];
        let free = !rule.boundary || usage.back > 0 || boundary::is_detached(bytes, start);
        if !free || !rule.pattern.may_start(rest, GLANCE) {
            return false;
        }
        // An expression that never sees more than this is asked itself.
        let short = usage.back == 0 && rule.pattern.longest().is_some_and(|most| most <= GLANCE);
        !short || rule.pattern.is_match(&rest[..rest.len().min(GLANCE)])
    }

    /// How many bytes before a candidate, and from it on, it depends on, and whether it is plausible.
    pub fn reach(&self) -> (usize, usize) {
        let (mut before, mut after) = self.prefilter.reach();
        after = after.max(GLANCE);
        if !self.names.is_empty() {
            (before, after) = (before.max(named::BEFORE), after.max(named::AHEAD));
        }
        for anchor in self.prefilter.anchors() {
            after = after.max(anchor.literal.len() + CONTINUATION);
            for usage in &anchor.uses {
                before = before.max(usage.offset + boundary::LOOK_BEHIND);
                before = before.max(usage.offset * (1 + SOFT_BREAK));
                after = after.max(usage.prefix.len() * (1 + SOFT_BREAK));
            }
        }
        (before, after)
    }

    /// Adds what there is at `candidate`.
    pub fn at(&self, bytes: &[u8], candidate: Candidate, found: &mut Found) {
        let anchor = self.prefilter.anchor(candidate);
        let (Some(anchor), Some(recipe)) = (anchor, self.prefilter.recipe(candidate)) else {
            return self.assigned(bytes, candidate, found);
        };
        if !recipe.steps.is_empty() {
            let reach = self.text_reach(anchor);
            let Some((text, index)) = decode::around(bytes, candidate.at, recipe, reach) else {
                return;
            };
            self.in_text(bytes, &text, index, &anchor.uses, &recipe.layers(), candidate, found);
            return;
        }
        let before = found.matches.len();
        let mut seen = false;
        for usage in &anchor.uses {
            let Some(start) = candidate.at.checked_sub(usage.offset) else { continue };
            let place = Place { text: bytes, start, decoded: None, layers: &[], content: bytes };
            seen |= self.attempt(&place, usage, candidate, found);
        }
        if anchor.encodings == Encodings::Common {
            return;
        }
        let end = candidate.at + anchor.literal.len();
        let broken = || Some((Layer::Quoted, broken_prefix(bytes, candidate.at, anchor)?));
        let continued = continues_encoded(bytes, end, seen);
        let Some((layer, from)) = continued.or_else(|| if seen { None } else { broken() }) else {
            return;
        };
        let plain = found.matches.split_off(before);
        if plain.iter().any(|m| m.span.end > from) {
            // What looks like the start of an escape is part of the key.
            found.matches.extend(plain);
            return;
        }
        if let Some((text, index)) =
            decode::escaped_around(bytes, candidate.at, layer, self.text_reach(anchor))
        {
            self.in_text(bytes, &text, index, &anchor.uses, &[layer], candidate, found);
        }
        if layer == Layer::Quoted && !is_full_line(bytes, from) {
            // A line that is broken early: only the documented form tells it from two lines.
            let mut index = 0;
            found.matches.retain(|m| {
                index += 1;
                index <= before || m.exact
            });
        }
        keep_longer(self.rules, &mut found.matches, before, plain);
    }

    /// Tells what came of the candidates of one content, when all of them were asked.
    pub fn settle(&self, bytes: &[u8], found: &mut Found) {
        foreign::settle(self.rules, bytes, found);
    }

    /// How far encoded text is read: farther for rules whose matches may be long.
    fn text_reach(&self, anchor: &Anchor) -> Reach {
        let is_long = |usage: &Use| {
            let rule = &self.rules.rules[usage.rule];
            rule.foreign.is_some() && rule.pattern.longest().is_none_or(|most| most > MAX_MATCH)
        };
        let far = anchor.uses.iter().any(is_long);
        Reach { forward: if far { foreign::FAR } else { Reach::MATCH.forward }, ..Reach::MATCH }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one call site a kind of text; a struct would only rename them"
    )]
    fn in_text(
        &self,
        content: &[u8],
        text: &Text,
        index: usize,
        uses: &[Use],
        layers: &[Layer],
        candidate: Candidate,
        found: &mut Found,
    ) {
        for usage in uses {
            let Some(start) = index.checked_sub(usage.offset) else { continue };
            let place = Place { text: &text.bytes, start, decoded: Some(text), layers, content };
            self.attempt(&place, usage, candidate, found);
        }
    }

    /// How much of `length` bytes belongs to one entry, where lines of base64 are a list of keys and
    /// not one wrapped text: up to the next line that begins with a prefix of its own.
    fn next_in_list(&self, place: &Place<'_>, length: usize) -> usize {
        if place.layers.first() != Some(&Layer::Base64) {
            return length;
        }
        let begins_key = |index: usize| {
            let mut uses = self.prefilter.anchors().iter().flat_map(|anchor| &anchor.uses);
            uses.any(|u| place.text.get(index..).is_some_and(|t| t.starts_with(&u.prefix)))
        };
        let next = |n: &usize| begins_line(place, place.start + n) && begins_key(place.start + n);
        (1..length).find(next).unwrap_or(length)
    }

    /// Whether the prefix stands there at all.
    fn attempt(
        &self,
        place: &Place<'_>,
        usage: &Use,
        candidate: Candidate,
        found: &mut Found,
    ) -> bool {
        let Some(rest) = place.text.get(place.start..) else { return false };
        if !rest.starts_with(&usage.prefix) {
            return false;
        }
        let rule = &self.rules.rules[usage.rule];
        if rule.foreign.is_some() {
            let limit = self.next_in_list(place, rest.len());
            found.matches.extend(foreign::at(place, usage, rule, limit, candidate));
            return true;
        }
        if usage.back > 0 {
            return self.attempt_around(place, usage, candidate, found);
        }
        let free = !rule.boundary
            || boundary::is_token_start(place.text, place.start)
            || after_delimiter(place);
        let counted = boundary::counted_length(place.text, place.start)
            .filter(|_| !free || boundary::is_surely_counted(place.text, place.start));
        if !free && counted.is_none() && found.misses.is_none() {
            return true;
        }
        let window = &rest[..self.next_in_list(place, rest.len().min(rule.longest))];
        let counted = counted.and_then(|n| window.get(..n));
        let exactly = |n: &[u8]| captured(rule, n).filter(|c| c.whole.len() == n.len());
        let captured = match counted.and_then(exactly) {
            Some(captured) => Some(captured),
            None if free || found.misses.is_some() => captured(rule, window),
            None => return true,
        };
        let goes_on = |captured: &Captured| {
            rule.exact_end && rest.get(captured.whole.end).is_some_and(|b| is_word(*b))
        };
        match captured {
            Some(captured) if goes_on(&captured) => miss(
                place,
                usage,
                captured.whole.len(),
                "it goes on behind the length of a key",
                found,
            ),
            Some(captured) if free || counted.is_some_and(|n| n.len() == captured.whole.len()) => {
                found.matches.push(build(place, usage, rule, window, captured, candidate));
            }
            Some(captured) => {
                miss(place, usage, captured.whole.len(), "it is part of a longer word", found)
            }
            None if free => miss(
                place,
                usage,
                usage.prefix.len(),
                "what follows has not the form of a key",
                found,
            ),
            None => {}
        }
        true
    }
}

impl Matcher<'_> {
    /// The same for a literal that stands within its match.
    fn attempt_around(
        &self,
        place: &Place<'_>,
        usage: &Use,
        candidate: Candidate,
        found: &mut Found,
    ) -> bool {
        let rule = &self.rules.rules[usage.rule];
        let Some(regex) = rule.pattern.regex() else { return false };
        let text = &place.text[..place.text.len().min(place.start + rule.longest)];
        let literal = Span::new(place.start, place.start + usage.prefix.len());
        let mut from = place.start.saturating_sub(usage.back);
        while let Some(captures) = regex.captures_at(text, from) {
            let Some(captured) = Captured::new(rule, &captures) else { return true };
            let whole = captured.whole;
            if whole.start > literal.start {
                break;
            }
            let free = !rule.boundary || boundary::is_token_start(place.text, whole.start);
            let goes_on = rule.exact_end && place.text.get(whole.end).is_some_and(|b| is_word(*b));
            if free && !goes_on && whole.end >= literal.end {
                let place = Place { start: whole.start, ..*place };
                let captured = captured.moved_back(whole.start);
                let window = &text[whole.start..];
                found.matches.push(build(&place, usage, rule, window, captured, candidate));
                break;
            }
            from = whole.start + 1;
        }
        true
    }
}

/// Whether a byte goes on with a token.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn miss(place: &Place<'_>, usage: &Use, length: usize, reason: &'static str, found: &mut Found) {
    if let Some(misses) = &mut found.misses {
        let span = place.source(Span::new(place.start, place.start + length));
        misses.push(NearMiss { rule: usage.rule, span, reason });
    }
}

/// Ranges within a matched window.
struct Captured {
    whole: Span,
    secret: Span,
    body: Span,
    uuid: Option<Span>,
}

impl Captured {
    /// The ranges of `captures`. None if the secret is empty.
    fn new(rule: &Rule, captures: &regex::bytes::Captures<'_>) -> Option<Self> {
        let span = |m: regex::bytes::Match<'_>| Span::new(m.start(), m.end());
        let whole = span(captures.get(0)?);
        let first = || (1..captures.len()).filter_map(|g| captures.get(g)).find(|m| !m.is_empty());
        let secret = match rule.secret_group {
            0 => first().map_or(whole, span),
            group => span(captures.get(group)?),
        };
        let body = captures.name("body").map_or(secret, span);
        let uuid = captures.name("uuid").map(span);
        (!secret.is_empty()).then_some(Self { whole, secret, body, uuid })
    }

    /// The same, counted from `start`.
    fn moved_back(self, start: usize) -> Self {
        let back = |span: Span| Span::new(span.start - start, span.end - start);
        let Self { whole, secret, body, uuid } = self;
        Self { whole: back(whole), secret: back(secret), body: back(body), uuid: uuid.map(back) }
    }
}

fn captured(rule: &Rule, window: &[u8]) -> Option<Captured> {
    if !rule.pattern.may_start(window, usize::MAX) {
        return None;
    }
    let captures = rule.pattern.regex()?.captures(window)?;
    Captured::new(rule, &captures)
}

fn build(
    place: &Place<'_>,
    usage: &Use,
    rule: &Rule,
    window: &[u8],
    mut captured: Captured,
    candidate: Candidate,
) -> Match {
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

/// Whether a line of base64 begins with the byte at `index` and shares no group with the line before.
fn begins_line(place: &Place<'_>, index: usize) -> bool {
    let source = |index| place.source(Span::new(index, index + 1));
    index > 0 && source(index - 1).end < source(index).start
}

/// Base64 that follows a character of its own alphabet which is a delimiter all the same, as in
/// `path/c2tf…`: the delimiter reads as a byte of its own, at a group's start only. Or base64 that
/// begins a line, as one of a list.
fn after_delimiter(place: &Place<'_>) -> bool {
    if place.layers.first() != Some(&Layer::Base64) || place.start == 0 {
        return false;
    }
    if begins_line(place, place.start) {
        return true;
    }
    let own = place.source(Span::new(place.start, place.start + 1));
    let previous = place.source(Span::new(place.start - 1, place.start));
    let delimiter = own.start.checked_sub(1).and_then(|at| place.content.get(at));
    previous.end == own.start && delimiter.is_some_and(|b| b"/+-_".contains(b))
}

/// Whether plain text at `at` goes on in an encoding, and where: right behind an anchor, or behind a
/// prefix and the part of its body that is plain.
fn continues_encoded(bytes: &[u8], at: usize, prefix_seen: bool) -> Option<(Layer, usize)> {
    let is_body = |b: &u8| b.is_ascii_alphanumeric() || b"_-:".contains(b);
    let body = match prefix_seen {
        true => bytes[at..].iter().take(MAX_MATCH).take_while(|b| is_body(b)).count(),
        false => 0,
    };
    let from = at + body;
    let layer = match &bytes[from..] {
        [b'%' | b'&', second, ..] if second.is_ascii_alphanumeric() || *second == b'#' => {
            Some(Layer::Escape)
        }
        [b'\\', b'u' | b'x' | b'\\' | b':' | b'/' | b'=' | b'-' | b'_', ..] => Some(Layer::Escape),
        [b'=', b'\n', ..] | [b'=', b'\r', b'\n', ..] => Some(Layer::Quoted),
        _ => None,
    };
    layer.map(|layer| (layer, from))
}

/// The most bytes of a soft line break.
const SOFT_BREAK: usize = 3;

/// The length of a soft line break of quoted-printable text at the start of `text`.
fn soft_break(text: &[u8]) -> Option<usize> {
    let breaks: [&[u8]; 2] = [b"=\n", b"=\r\n"];
    breaks.iter().find(|b| text.starts_with(b)).map(|b| b.len())
}

/// Where the first soft line break is in a prefix that has such and is whole without them; `at` is
/// where its anchor stands.
fn broken_prefix(bytes: &[u8], at: usize, anchor: &Anchor) -> Option<usize> {
    let broken = |usage: &Use| {
        let (mut start, mut first) = (at, None);
        for byte in usage.prefix[..usage.offset].iter().rev() {
            for length in [2, SOFT_BREAK] {
                let before = start.checked_sub(length);
                if before.is_some_and(|b| soft_break(&bytes[b..]) == Some(length)) {
                    start -= length;
                    first = Some(start);
                }
            }
            start = start.checked_sub(1).filter(|s| bytes[*s] == *byte)?;
        }
        let mut end = at + anchor.literal.len();
        for byte in &usage.prefix[usage.offset + anchor.literal.len()..] {
            if let Some(length) = bytes.get(end..).and_then(soft_break) {
                first = first.or(Some(end));
                end += length;
            }
            if bytes.get(end) != Some(byte) {
                return None;
            }
            end += 1;
        }
        first
    };
    anchor.uses.iter().find_map(broken)
}

/// Whether the line that ends at `end` is as long as quoted-printable lines are when they are broken.
fn is_full_line(bytes: &[u8], end: usize) -> bool {
    let length = bytes[..end].iter().rev().take(80).take_while(|b| **b != b'\n').count();
    (56..=76).contains(&length)
}

/// Of the matches in plain text and those in decoded text (from `from` on) keeps the longer ones.
fn keep_longer(rules: &RuleSet, matches: &mut Vec<Match>, from: usize, plain: Vec<Match>) {
    for old in plain {
        if rules.rules[old.rule].foreign.is_some() {
            matches.push(old);
            continue;
        }
        let better = matches[from..].iter().position(|new| new.rule == old.rule);
        match better {
            Some(i) if matches[from + i].secret.expose().len() > old.secret.expose().len() => {}
            Some(i) => matches[from + i] = old,
            None => matches.push(old),
        }
    }
}

/// The matches of a rule that is not anchored, over all of `bytes`, plain only.
pub fn everywhere(rule: usize, set: &RuleSet, bytes: &[u8], found: &mut Found) {
    let definition = &set.rules[rule];
    let Some(regex) = definition.pattern.regex() else { return };
    for captures in regex.captures_iter(bytes) {
        let span = |m: regex::bytes::Match<'_>| Span::new(m.start(), m.end());
        let Some(whole) = captures.get(0).map(span) else { continue };
        let first = || (1..captures.len()).filter_map(|g| captures.get(g)).find(|m| !m.is_empty());
        let secret = match definition.secret_group {
            0 => first().map_or(whole, span),
            group => captures.get(group).map_or(whole, span),
        };
        if secret.is_empty() {
            continue;
        }
        let within = |s: Span| {
            Span::new(s.start.saturating_sub(secret.start), s.end.saturating_sub(secret.start))
        };
        found.matches.push(Match {
            rule,
            span: secret,
            whole,
            secret: Secret::new(&bytes[secret.range()], 0),
            matched: Zeroizing::new(bytes[whole.range()].into()),
            body: within(captures.name("body").map_or(secret, span)),
            uuid: None,
            exact: false,
            layers: Vec::new(),
            candidate: None,
            swept: None,
        });
    }
}
