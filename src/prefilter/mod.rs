//! One fast pass that tells where a secret may be, in plain text and in every encoding.
//!
//! The contract: never a false negative. Wherever a rule's literal stands in one of the forms of
//! `decode::recipes` that the rule is sought in, there is a candidate, and wherever a run of token
//! characters that may be an assigned value begins. Candidates are cheap and mostly wrong; what they
//! are worth is for `matcher` to say. A candidate depends on the bytes of its literal, on
//! [`DENSE_RUN`] bytes around it and a line break within, and on nothing else.
//!
//! Nearly every secret has a long run of token characters, and most text has few. So the many
//! literals of many rules are sought in and near such runs, and only those of the rest everywhere.
//! Only runs with a digit or several capitals count, and a literal with such in the `AROUND` bytes
//! of the run to both sides: what is drawn at random has them, names and paths have not.

mod anchor;
mod bank;
mod bucket;
mod fragment;
mod overview;
mod signs;
mod spaced;
mod teddy;

use smallvec::SmallVec;

use crate::decode::{Layer, MAX_BREAK, Recipe, common_recipes, line_break, recipes};
use crate::rule::{Encodings, Lead, SHELTER};
use crate::span::Span;
use crate::token::RUN;

pub use anchor::{Anchor, Use};
use bank::Bank;
use overview::{Overview, has_escape};
use signs::{has_sign, is_mixed};
use spaced::Spaced;

/// Encoded secrets lie in runs at least this long: the 20 characters of a key id make 27 characters of
/// base64, and more in hex.
pub const DENSE_RUN: usize = 27;

/// Bytes around a window that tell how long the runs in it are, and of a literal at its end whether
/// a run follows.
const AROUND: usize = if HEAD > SHELTER + RUN { HEAD } else { SHELTER + RUN };

/// Characters of an assigned value that must have capitals or digits among them.
const HEAD: usize = 31;

/// The last candidates that are looked through for one that would be told twice.
const TOLD: usize = 4;

/// The anchor of candidates that are assigned values.
const ASSIGNED: u16 = u16::MAX;

/// What a rule wants to be found by.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'r> {
    /// The rule, by its number.
    pub rule: usize,
    /// Its literals; none: it is about assigned values.
    pub lead: Option<&'r Lead>,
    /// The forms of them to look for.
    pub encodings: Encodings,
}

/// A place where a secret may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// Where the literal begins, in bytes of the content.
    pub at: usize,
    /// Which anchor it is a form of.
    pub anchor: u16,
    /// Which form, see [`Prefilter::recipe`].
    pub recipe: u16,
}

impl Candidate {
    /// Whether it is a run that may be an assigned value, and no literal.
    pub fn is_assigned(self) -> bool {
        self.anchor == ASSIGNED
    }
}

/// Finds candidates. Shared by all threads; has no state.
#[derive(Debug)]
pub struct Prefilter {
    anchors: Vec<Anchor>,
    recipes: Vec<(u16, Recipe)>,
    /// Literals that may stand anywhere.
    plain: Bank,
    /// Those of them that hold an escape.
    escaped: Bank,
    /// Those of the plain ones that a soft line break may cut in two.
    soft: Bank,
    /// Literals that stand in or near runs.
    sheltered: Bank,
    wide: Bank,
    dense: Bank,
    longest: usize,
    assigned: bool,
}

impl Prefilter {
    /// A prefilter for what rules want.
    pub fn new(wanted: &[Wanted<'_>]) -> Self {
        let anchors = anchor::choose(wanted);
        let mut all = Vec::new();
        let (mut plain, mut escaped, mut sheltered) = (Vec::new(), Vec::new(), Vec::new());
        let (mut wide, mut dense, mut soft) = (Vec::new(), Vec::new(), Vec::new());
        let is_signed = |literal: &[u8]| has_sign(literal, Span::new(0, literal.len()));
        for (index, anchor) in (0u16..).zip(&anchors) {
            let forms = match anchor.encodings {
                Encodings::All => recipes(&anchor.literal),
                Encodings::Common => common_recipes(&anchor.literal),
            };
            for recipe in forms {
                let entry = (recipe.literal.clone(), u16::try_from(all.len()).unwrap_or(u16::MAX));
                if recipe.steps.is_empty() && anchor.encodings == Encodings::All {
                    soft.push(entry.clone());
                }
                match recipe.steps.first().map(|s| s.layer) {
                    None if anchor.sheltered => sheltered.push(entry),
                    Some(Layer::Escape) if has_escape(&recipe.literal) => escaped.push(entry),
                    None | Some(Layer::Escape | Layer::Quoted) => plain.push(entry),
                    Some(Layer::Wide) => wide.push(entry),
                    // Runs without capitals and digits are not looked at; such a form may be in one.
                    Some(_) if !is_signed(&recipe.literal) => plain.push(entry),
                    Some(Layer::Base64 | Layer::Hex) => dense.push(entry),
                }
                all.push((index, recipe));
            }
        }
        debug_assert!(wide.iter().all(|(literal, _)| matches!(**literal, [_, 0, _, 0, ..])));
        debug_assert!(dense.iter().all(|(literal, _)| is_signed(literal)));
        Self {
            longest: all.iter().map(|(_, r)| r.literal.len()).max().unwrap_or(0),
            plain: Bank::overseen(plain),
            escaped: Bank::few(escaped),
            soft: Bank::many(soft),
            sheltered: Bank::many(sheltered),
            wide: Bank::few(wide),
            dense: Bank::many(dense),
            assigned: wanted.iter().any(|w| w.lead.is_none()),
            anchors,
            recipes: all,
        }
    }

    /// Whether the literals that may stand anywhere are few enough for packed searchers.
    #[cfg(test)]
    pub(crate) fn fits_packed(&self) -> bool {
        self.plain.fits_packed()
    }

    /// The anchors that candidates refer to.
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// The anchor of a candidate; none for an assigned value.
    pub fn anchor(&self, candidate: Candidate) -> Option<&Anchor> {
        self.anchors.get(usize::from(candidate.anchor))
    }

    /// The form that a candidate was found in; none for an assigned value.
    pub fn recipe(&self, candidate: Candidate) -> Option<&Recipe> {
        self.recipes.get(usize::from(candidate.recipe)).map(|(_, recipe)| recipe)
    }

    /// How many bytes before a candidate, and from it on, it depends on.
    pub fn reach(&self) -> (usize, usize) {
        (AROUND, self.longest + MAX_BREAK + AROUND)
    }

    /// Adds the candidates whose literal or run begins in `anchors`.
    pub fn candidates(&self, bytes: &[u8], anchors: Span, found: &mut Vec<Candidate>) {
        // Runs are judged with what is around the anchors, so that a part of a content sees what the
        // whole content would.
        let until = anchors.end.saturating_add(self.longest + MAX_BREAK + AROUND);
        let area = Span::new(anchors.start.saturating_sub(AROUND), until.min(bytes.len()));
        if self.assigned || !self.sheltered.is_empty() {
            let runs = self.outside_runs::<RUN>(bytes, anchors, area, found);
            for run in runs {
                self.long(bytes, run, anchors, found);
                self.short(bytes, run, anchors, found);
            }
        } else {
            let runs = self.outside_runs::<DENSE_RUN>(bytes, anchors, area, found);
            for run in runs {
                self.long(bytes, run, anchors, found);
            }
        }
    }

    /// Adds the candidates that are no matter of runs; gives the runs of an area around `anchors`.
    fn outside_runs<const LEAST: usize>(
        &self,
        bytes: &[u8],
        anchors: Span,
        area: Span,
        found: &mut Vec<Candidate>,
    ) -> SmallVec<[Span; 16]> {
        let mut note = |at: usize, recipe: u16| {
            let anchor = self.recipes[usize::from(recipe)].0;
            found.push(Candidate { at, anchor, recipe });
        };
        let plain = self.plain.groups();
        let seen = Overview::of::<LEAST>(bytes, area, plain, &mut |literal, at| {
            self.plain.confirm((literal, at), bytes, anchors, &mut note);
        });
        if plain.is_empty() && !self.plain.is_empty() {
            self.plain.search(bytes, anchors, &mut note);
        }
        let mut searched = anchors.start;
        for span in seen.escapes {
            // A literal may begin with some letters as they are.
            let start = span.start.saturating_sub(self.longest).max(searched);
            searched = span.end.min(anchors.end).max(start);
            self.escaped.search(bytes, Span::new(start, searched), &mut note);
        }
        if !self.soft.is_empty() {
            for end in seen.soft {
                self.soft_break(bytes, end, anchors, &mut note);
            }
        }
        if !self.wide.is_empty() && seen.nul {
            for span in Spaced::of(&bytes[area.range()]) {
                let start = (area.start + span.start).max(anchors.start);
                let end = anchors.end.min(area.start + span.end);
                self.wide.search(bytes, Span::new(start.min(end), end), &mut note);
            }
        }
        seen.runs
    }

    /// Literals that the soft line break at `end`, of quoted-printable text, cuts in two.
    fn soft_break(
        &self,
        bytes: &[u8],
        end: usize,
        anchors: Span,
        note: &mut impl FnMut(usize, u16),
    ) {
        let next = match bytes.get(end + 1..) {
            Some([b'\n', ..]) => end + 2,
            Some([b'\r', b'\n', ..]) => end + 3,
            _ => return,
        };
        let start = end.saturating_sub(self.longest).max(anchors.start).min(end);
        let (before, after) = (&bytes[start..end], &bytes[next..]);
        let after = &after[..after.len().min(self.longest)];
        self.across(&self.soft, before, after, &mut |at, recipe| {
            if start + at < anchors.end {
                note(start + at, recipe);
            }
        });
    }

    /// The literals of `bank` that begin in `before` and end in `after`, were they one text.
    fn across(&self, bank: &Bank, before: &[u8], after: &[u8], note: &mut impl FnMut(usize, u16)) {
        let longest = bank.longest();
        let skipped = before.len().saturating_sub(longest);
        let before = &before[skipped..];
        let mut joined: SmallVec<[u8; 256]> = before.into();
        joined.extend_from_slice(&after[..after.len().min(longest)]);
        bank.search(&joined, Span::new(0, before.len()), &mut |at, recipe| {
            let literal = &self.recipes[usize::from(recipe)].1.literal;
            if at + literal.len() > before.len() {
                note(skipped + at, recipe);
            }
        });
    }

    /// Encoded literals in a run, if it is long enough to hold one.
    fn long(&self, bytes: &[u8], run: Span, anchors: Span, found: &mut Vec<Candidate>) {
        if run.len() < DENSE_RUN {
            return;
        }
        let own = Span::new(run.start.max(anchors.start), run.end.min(anchors.end));
        let ahead = run.end.min(own.end + self.longest);
        let mut note = |at: usize, recipe: u16| self.note(at, recipe, found);
        if own.start < own.end && has_sign(bytes, Span::new(own.start, ahead)) {
            self.dense.search(bytes, own, &mut note);
        }
        if run.start > anchors.start {
            self.junction(bytes, run, anchors, &mut note);
        }
    }

    /// Literals in and near a run, and the run if it may be an assigned value.
    fn short(&self, bytes: &[u8], run: Span, anchors: Span, found: &mut Vec<Candidate>) {
        // Of a run that goes on behind the area, what is near the anchors is seen.
        if !is_mixed(bytes, run) {
            return;
        }
        self.near(bytes, run, anchors, &mut |at, recipe| self.note(at, recipe, found));
        let head = Span::new(run.start, run.end.min(run.start + HEAD));
        if self.assigned && anchors.range().contains(&run.start) && is_mixed(bytes, head) {
            found.push(Candidate { at: run.start, anchor: ASSIGNED, recipe: ASSIGNED });
        }
    }

    /// Adds a candidate, unless it was told right before.
    fn note(&self, at: usize, recipe: u16, found: &mut Vec<Candidate>) {
        let anchor = self.recipes[usize::from(recipe)].0;
        let candidate = Candidate { at, anchor, recipe };
        if !found.iter().rev().take(TOLD).any(|told| *told == candidate) {
            found.push(candidate);
        }
    }

    /// Literals in `run` or right before it. One that is near two runs may be told twice.
    fn near(&self, bytes: &[u8], run: Span, anchors: Span, note: &mut impl FnMut(usize, u16)) {
        let start = run.start.saturating_sub(SHELTER).max(anchors.start);
        let end = run.end.min(anchors.end);
        if start >= end {
            return;
        }
        self.sheltered.search(bytes, Span::new(start, end), &mut |at, recipe| {
            let near =
                Span::new(run.start.max(at.saturating_sub(AROUND)), run.end.min(at + AROUND));
            let end = at + self.recipes[usize::from(recipe)].1.literal.len();
            if end <= run.end && is_mixed(bytes, near) {
                note(at, recipe);
            }
        });
    }

    /// Wrapped text may break within a literal: looks across the break that opens `run`.
    fn junction(&self, bytes: &[u8], run: Span, anchors: Span, note: &mut impl FnMut(usize, u16)) {
        let Some((end, next)) = line_break(bytes, run.start) else { return };
        let before = &bytes[end.saturating_sub(self.longest).max(anchors.start).min(end)..end];
        let after = bytes.get(next..run.end.min(next + self.longest)).unwrap_or_default();
        self.across(&self.dense, before, after, &mut |at, recipe| {
            let place = end - before.len() + at;
            if place < anchors.end {
                note(place, recipe);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Pattern;
    use crate::token::{is_token, runs};
    use proptest::prelude::*;

    fn sample() -> Prefilter {
        let all = ["mega_", "tg_live_", "sk_live_", "sk_test_", "rgo-", "ak_live:"];
        let wanted = |prefix: &str, encodings| {
            let pattern = Pattern::of_rule(&format!("{prefix}[0-9A-Za-z]{{20}}")).expect("valid");
            (pattern, encodings)
        };
        let patterns: Vec<(Pattern, Encodings)> = (all.into_iter())
            .map(|prefix| wanted(prefix, Encodings::All))
            .chain(["ghp_", "SG.", "hooks.example/"].map(|p| wanted(p, Encodings::Common)))
            .collect();
        let wanted: Vec<Wanted<'_>> = (0..)
            .zip(&patterns)
            .map(|(rule, (pattern, encodings))| Wanted {
                rule,
                lead: pattern.lead(),
                encodings: *encodings,
            })
            .collect();
        Prefilter::new(&wanted)
    }

    /// The run that `literal` lies in.
    fn run_around(bytes: &[u8], literal: Span) -> Span {
        let before = bytes[..literal.start].iter().rev().take_while(|b| is_token(**b)).count();
        let after = bytes[literal.start..].iter().take_while(|b| is_token(**b)).count();
        Span::new(literal.start - before, literal.start + after)
    }

    /// Whether the literal is in or right before a run.
    fn is_near_run(bytes: &[u8], literal: Span) -> bool {
        let within = |run: Span| {
            run.start <= literal.start + SHELTER && literal.start <= run.start
                || (run.start <= literal.start && literal.end <= run.end)
        };
        let is_drawn = |run: Span| {
            let from = run.start.max(literal.start.saturating_sub(AROUND));
            let near = Span::new(from, run.end.min(literal.start + AROUND));
            is_mixed(bytes, near)
        };
        runs::<RUN>(bytes).into_iter().any(|run| within(run) && is_drawn(run))
    }

    /// What the contract says, the slow way.
    fn slow(prefilter: &Prefilter, bytes: &[u8]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (recipe, (anchor, form)) in (0u16..).zip(&prefilter.recipes) {
            let dense = matches!(form.layers().first(), Some(Layer::Base64 | Layer::Hex));
            let sheltered =
                prefilter.anchors[usize::from(*anchor)].sheltered && form.steps.is_empty();
            for at in memchr::memmem::find_iter(bytes, &form.literal) {
                let literal = Span::new(at, at + form.literal.len());
                if sheltered && !is_near_run(bytes, literal) {
                    continue;
                }
                let run = run_around(bytes, literal);
                if !dense || run.len() >= DENSE_RUN {
                    found.push(Candidate { at, anchor: *anchor, recipe });
                }
            }
        }
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn the_fast_way_finds_at_least_what_the_slow_way_finds(
            pieces in proptest::collection::vec((0usize..400, "[ -~\u{0}]{0,40}", "[A-Za-z0-9]{0,40}"), 1..8),
        ) {
            let prefilter = sample();
            let mut bytes = Vec::new();
            for (recipe, before, after) in pieces {
                bytes.extend_from_slice(before.as_bytes());
                bytes.extend_from_slice(&prefilter.recipes[recipe % prefilter.recipes.len()].1.literal);
                bytes.extend_from_slice(after.as_bytes());
            }
            let mut fast = Vec::new();
            prefilter.candidates(&bytes, Span::new(0, bytes.len()), &mut fast);
            fast.sort_unstable();
            fast.dedup();
            for candidate in slow(&prefilter, &bytes) {
                prop_assert!(fast.binary_search(&candidate).is_ok(), "{:?}", prefilter.recipe(candidate));
            }
        }

        #[test]
        fn parts_find_together_what_the_whole_has(
            pieces in proptest::collection::vec((0usize..600, "[ -~]{0,40}", "[A-Za-z0-9]{0,40}"), 1..8),
            cut in 0usize..400,
        ) {
            let prefilter = sample();
            let mut bytes = Vec::new();
            for (recipe, before, after) in pieces {
                bytes.extend_from_slice(before.as_bytes());
                bytes.extend_from_slice(&prefilter.recipes[recipe % prefilter.recipes.len()].1.literal);
                bytes.extend_from_slice(after.as_bytes());
            }
            let cut = cut.min(bytes.len());
            let find = |anchors: Span| {
                let mut found = Vec::new();
                prefilter.candidates(&bytes, anchors, &mut found);
                found
            };
            let mut parts = find(Span::new(0, cut));
            parts.extend(find(Span::new(cut, bytes.len())));
            parts.sort_unstable();
            parts.dedup();
            let mut whole = find(Span::new(0, bytes.len()));
            whole.sort_unstable();
            whole.dedup();
            prop_assert_eq!(whole, parts);
        }
    }
}
