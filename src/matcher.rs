//! From a candidate to a match: the rule's expression, anchored where the candidate says, with its
//! boundaries, in plain or decoded text.
//!
//! A match depends only on the bytes within [`CONTEXT`] of it. Whether it is a secret is for
//! `filter` to say.

mod attempt;
mod captured;
mod codec;
mod continuation;
mod encoded;
mod foreign;
mod inside;
mod named;
mod silence;
mod sweep;
mod tail;

pub use sweep::Sweep;

use zeroize::Zeroizing;

use crate::boundary;
use crate::decode::{Layer, Text};
use crate::finding::Secret;
use crate::prefilter::{Anchor, Candidate, Prefilter, Use};
use crate::record;
use crate::rule::{Encodings, RuleSet};
use crate::span::Span;
use captured::Captured;
use continuation::{
    Behind, CONTINUATION, ESCAPE, SOFT_BREAK, broken_prefix, continues_encoded, escaped_prefix,
    is_full_line,
};
use encoded::has_json_escape;

pub use inside::inside;
pub use named::NameIndex;

/// Bytes around a candidate on which its matches depend: the longest match and what may stand
/// before it, in the most wasteful nesting of encodings.
pub const CONTEXT: usize = 48 << 10;

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
            // It stands on no line.
            swept: Some(Box::new(Swept {
                line: Some(Zeroizing::new(Box::default())),
                near: None,
                auxiliary: false,
            })),
        }
    }
}

/// What a search in gitleaks' way knows of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The decoded lines that hold it, where it was found in decoded text.
    pub line: Option<Zeroizing<Box<[u8]>>>,
    /// The decoded text that it was found in, as far as it is near, and where the match is there.
    pub near: Option<(Zeroizing<Box<[u8]>>, Span)>,
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

/// What stands at a candidate of plain text.
struct Stood {
    /// Where the literal ends, or the longest prefix around it.
    end: usize,
    /// Behind what a text may go on.
    behind: Behind,
    /// The length of the longest prefix; nought if there is none.
    longest: usize,
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
    names: &'r NameIndex<'r>,
}

/// The longest character, which an expression may ask for before its match.
const MAX_CHAR: usize = 4;
/// Bytes of a match that tell whether a candidate is plausible.
const GLANCE: usize = 96;
/// Bytes behind a match that tell whether it ends there.
const BEHIND: usize = 64;
/// Bytes that a match may begin before its literal, for those to be looked at.
const MOST_BACK: usize = 96;

impl<'r> Matcher<'r> {
    /// A matcher for the candidates of `prefilter`, which was made for the same rules, as `names` was.
    pub fn new(rules: &'r RuleSet, prefilter: &'r Prefilter, names: &'r NameIndex<'r>) -> Self {
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
            return anchor.uses.iter().any(|usage| self.may_begin(bytes, candidate.at, usage))
                || has_json_escape(bytes, candidate.at);
        }
        let end = candidate.at + anchor.literal.len();
        let stands = |usage: &Use| {
            let start = candidate.at.checked_sub(usage.offset)?;
            let rest = bytes.get(start..).filter(|rest| rest.starts_with(&usage.prefix))?;
            let rule = &self.rules.rules[usage.rule];
            let recorded = || rule.pattern.may_start(rest, GLANCE) && record::is_near(bytes, start);
            (!rule.boundary || boundary::is_detached(bytes, start) || recorded()).then_some(())
        };
        continues_encoded(bytes, end, Behind::Anchor).is_some()
            || anchor.uses.iter().any(|usage| stands(usage).is_some())
            || broken_prefix(bytes, candidate.at, anchor, 0).is_some()
            || escaped_prefix(bytes, candidate.at, anchor).is_some()
    }

    /// Whether a prefix stands around the anchor at `at`, and what is near may be its match.
    fn may_begin(&self, bytes: &[u8], at: usize, usage: &Use) -> bool {
        let Some(start) = at.checked_sub(usage.offset) else { return false };
        let Some(rest) = bytes.get(start..).filter(|r| r.starts_with(&usage.prefix)) else {
            return false;
        };
        let rule = &self.rules.rules[usage.rule];
        let seen = rest.len().min(GLANCE).min(rule.longest);
        if usage.back > 0 {
            let from = start.saturating_sub(usage.back);
            let near = usage.back <= MOST_BACK;
            return !near || rule.pattern.may_begin(bytes, from..start + 1, start + seen);
        }
        let free = !rule.boundary || boundary::is_token_start(bytes, start);
        if !rule.pattern.may_start(rest, GLANCE) {
            return false;
        }
        let recorded = record::is_near(bytes, start);
        if !free && !recorded && !boundary::is_counted(bytes, start) {
            return false;
        }
        if !free || recorded || boundary::is_surely_counted(bytes, start) {
            // Its end is where a binary format says, whatever comes there.
            return true;
        }
        // An expression that never sees more than this is asked itself.
        match rule.pattern.longest() {
            Some(most) if most <= seen => rule.pattern.is_match(&rest[..seen]),
            _ => rule.pattern.may_begin(rest, 0..1, seen),
        }
    }

    /// How many bytes before a candidate, and from it on, it depends on, and whether it is plausible.
    pub fn reach(&self) -> (usize, usize) {
        let (mut before, mut after) = self.prefilter.reach();
        after = after.max(GLANCE);
        if !self.names.is_empty() {
            (before, after) = (before.max(named::BEFORE), after.max(named::AHEAD));
        }
        for anchor in self.prefilter.anchors() {
            // Whether text goes on in an encoding is asked of anchors that are sought in all of them.
            let all = anchor.encodings == Encodings::All;
            let breaks = if all { 1 + SOFT_BREAK } else { 1 };
            if all {
                after = after.max(anchor.literal.len() + CONTINUATION);
            }
            for usage in &anchor.uses {
                before = before.max(usage.offset + boundary::LOOK_BEHIND);
                before = before.max(usage.offset + record::LOOK_BEHIND);
                if usage.back <= MOST_BACK {
                    before = before.max(usage.offset + usage.back + MAX_CHAR);
                }
                before = before.max(usage.offset * breaks + if all { ESCAPE } else { 0 });
                after = after.max(usage.prefix.len() * breaks);
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
            return self.in_recipe(bytes, anchor, recipe, candidate, found);
        }
        let before = found.matches.len();
        let stood = self.in_plain(bytes, anchor, candidate, found);
        if anchor.encodings == Encodings::Common {
            if found.matches.len() == before && has_json_escape(bytes, candidate.at) {
                self.in_json(bytes, anchor, candidate, found);
            }
            return;
        }
        let whole = match stood.longest {
            0 => None,
            longest => broken_prefix(bytes, candidate.at, anchor, longest),
        };
        let is_broken = whole.is_some_and(|from| is_full_line(bytes, from));
        if !(is_broken && self.in_broken_lines(bytes, anchor, candidate, before, found)) {
            self.in_continued(bytes, anchor, candidate, &stood, before, found);
        }
    }

    /// Adds what there is in the content as it stands, and tells which prefixes stand there.
    fn in_plain(
        &self,
        bytes: &[u8],
        anchor: &Anchor,
        candidate: Candidate,
        found: &mut Found,
    ) -> Stood {
        let end = candidate.at + anchor.literal.len();
        let mut stood = Stood { end, behind: Behind::Anchor, longest: 0 };
        for usage in &anchor.uses {
            let Some(start) = candidate.at.checked_sub(usage.offset) else { continue };
            let place = Place { text: bytes, start, decoded: None, layers: &[], content: bytes };
            if self.attempt(&place, usage, candidate, found) {
                let is_address = !self.rules.rules[usage.rule].boundary;
                stood.behind = if is_address { Behind::Address } else { Behind::Prefix };
                stood.end = stood.end.max(start + usage.prefix.len());
                stood.longest = stood.longest.max(usage.prefix.len());
            }
        }
        stood
    }

    /// Tells what came of the candidates of one content, when all of them were asked.
    pub fn settle(&self, bytes: &[u8], found: &mut Found) {
        foreign::settle(self.rules, bytes, found);
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
