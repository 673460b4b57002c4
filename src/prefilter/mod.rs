//! One fast pass that tells where a secret may be, in plain text and in every encoding.
//!
//! The contract: never a false negative. Wherever a rule's literal prefix stands in one of the forms
//! of `decode::recipes`, there is a candidate. Candidates are cheap and mostly wrong; what they are
//! worth is for `matcher` to say. A candidate depends on the bytes of its literal, and for base64
//! and hex on [`DENSE_RUN`] bytes around it and a line break within, and on nothing else.

mod anchor;
mod bank;
mod dense;

use crate::decode::{Layer, MAX_BREAK, Recipe, line_break, recipes};
use crate::span::Span;

pub use anchor::{Anchor, Use, choose};
use bank::Bank;
pub use dense::DENSE_RUN;

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

/// Finds candidates. Shared by all threads; has no state.
#[derive(Debug)]
pub struct Prefilter {
    anchors: Vec<Anchor>,
    recipes: Vec<(u16, Recipe)>,
    plain: Bank,
    wide: Bank,
    dense: Bank,
    longest: usize,
}

impl Prefilter {
    /// A prefilter for rules that begin with these literals, by rule.
    pub fn new(prefixes: &[(usize, &[Vec<u8>])]) -> Self {
        let anchors = choose(prefixes);
        let mut all = Vec::new();
        let (mut plain, mut wide, mut dense) = (Vec::new(), Vec::new(), Vec::new());
        for (index, anchor) in (0u16..).zip(&anchors) {
            for recipe in recipes(&anchor.literal) {
                let entry = (recipe.literal.clone(), u16::try_from(all.len()).unwrap_or(u16::MAX));
                match recipe.steps.first().map(|s| s.layer) {
                    None | Some(Layer::Escape | Layer::Quoted) => plain.push(entry),
                    Some(Layer::Wide) => wide.push(entry),
                    // Runs without capitals and digits are not looked at; such a form may be in one.
                    Some(_) if !dense::is_mixed(&recipe.literal) => plain.push(entry),
                    Some(Layer::Base64 | Layer::Hex) => dense.push(entry),
                }
                all.push((index, recipe));
            }
        }
        debug_assert!(dense.iter().all(|(literal, _)| dense::is_mixed(literal)));
        let longest = all.iter().map(|(_, r)| r.literal.len()).max().unwrap_or(0);
        let (plain, wide, dense) = (Bank::few(plain), Bank::few(wide), Bank::many(dense));
        Self { anchors, recipes: all, plain, wide, dense, longest }
    }

    /// The anchors that candidates refer to.
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// The form that a candidate was found in.
    pub fn recipe(&self, candidate: Candidate) -> &Recipe {
        &self.recipes[usize::from(candidate.recipe)].1
    }

    /// How many bytes before a candidate, and from it on, it depends on.
    pub fn reach(&self) -> (usize, usize) {
        (DENSE_RUN, self.longest + MAX_BREAK + DENSE_RUN)
    }

    /// Adds the candidates whose literal lies wholly within `window` of `bytes`.
    pub fn candidates(&self, bytes: &[u8], window: Span, found: &mut Vec<Candidate>) {
        let mut note = |at: usize, recipe: u16| {
            let anchor = self.recipes[usize::from(recipe)].0;
            found.push(Candidate { at, anchor, recipe });
        };
        self.plain.search(bytes, window, &mut note);
        if memchr::memchr(0, &bytes[window.range()]).is_some() {
            self.wide.search(bytes, window, &mut note);
        }
        dense::runs(bytes, window, |run| {
            self.dense.search(bytes, run, &mut note);
            self.junction(bytes, run, window, &mut note);
        });
    }

    /// Wrapped text may break within a literal: looks across the break that opens `run`.
    fn junction(&self, bytes: &[u8], run: Span, window: Span, note: &mut impl FnMut(usize, u16)) {
        let Some((end, next)) = line_break(bytes, run.start) else { return };
        let before = &bytes[end.saturating_sub(self.longest).max(window.start).min(end)..end];
        let after = bytes.get(next..run.end.min(next + self.longest)).unwrap_or_default();
        let joined = [before, after].concat();
        self.dense.search(&joined, Span::new(0, joined.len()), &mut |at, recipe| {
            let literal = &self.recipes[usize::from(recipe)].1.literal;
            if at < before.len() && at + literal.len() > before.len() {
                note(end - before.len() + at, recipe);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Prefilter {
        let prefixes: Vec<Vec<u8>> =
            ["mega_", "tg_live_", "sk_live_", "sk_test_", "rgo-", "ak_live:"]
                .map(|p| p.as_bytes().to_vec())
                .into();
        Prefilter::new(&[(0, &prefixes)])
    }

    /// What the contract says, the slow way.
    fn slow(prefilter: &Prefilter, bytes: &[u8]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (recipe, (anchor, form)) in (0u16..).zip(&prefilter.recipes) {
            let dense = matches!(form.layers().first(), Some(Layer::Base64 | Layer::Hex));
            for at in memchr::memmem::find_iter(bytes, &form.literal) {
                let literal = Span::new(at, at + form.literal.len());
                if !dense || dense::run_around(bytes, literal).len() >= DENSE_RUN {
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
    }
}
