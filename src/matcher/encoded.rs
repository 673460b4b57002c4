//! From a candidate to matches where the text around it is encoded, or goes on in an encoding.
//!
//! Not here: text that stands as it is (`matcher`), and the encodings (`decode`).

use super::continuation::{
    Behind, broken_prefix, continues_encoded, escaped_prefix, is_full_line, is_quoted_line,
};
use super::{BEHIND, Found, GLANCE, Match, Matcher, Place, Stood, foreign};
use crate::decode::{self, Layer, Reach, Recipe, Text};
use crate::prefilter::{Anchor, Candidate, Use};
use crate::rule::{Encodings, MAX_MATCH, RuleSet};

impl Matcher<'_> {
    /// Adds what there is in the text that a recipe decodes.
    pub(super) fn in_recipe(
        &self,
        bytes: &[u8],
        anchor: &Anchor,
        recipe: &Recipe,
        candidate: Candidate,
        found: &mut Found,
    ) {
        let Some((text, index)) = self.decoded(bytes, candidate.at, anchor, recipe) else { return };
        let before = found.matches.len();
        self.in_text(bytes, &text, index, &anchor.uses, &recipe.layers(), candidate, found);
        let all = anchor.encodings == Encodings::All && found.matches.len() == before;
        if all && escaped_prefix(&text.bytes, index, anchor).is_some() {
            self.in_escapes(bytes, anchor, recipe, candidate, found);
        }
    }

    /// Puts what there is where a text goes on in an encoding, behind a prefix or within it, in the place
    /// of the shorter ones of the matches from `before` on.
    pub(super) fn in_continued(
        &self,
        bytes: &[u8],
        anchor: &Anchor,
        candidate: Candidate,
        stood: &Stood,
        before: usize,
        found: &mut Found,
    ) {
        let broken = || Some((Layer::Quoted, broken_prefix(bytes, candidate.at, anchor, 0)?));
        let escaped = || Some((Layer::Escape, escaped_prefix(bytes, candidate.at, anchor)?));
        let otherwise = || match stood.behind {
            Behind::Anchor => broken().or_else(escaped),
            Behind::Prefix | Behind::Address => None,
        };
        let continued = continues_encoded(bytes, stood.end, stood.behind);
        let Some((layer, from)) = continued.or_else(otherwise) else { return };
        let plain = found.matches.split_off(before);
        // The sign of a soft break may be taken for padding.
        let taken = usize::from(layer == Layer::Quoted && is_quoted_line(bytes, from));
        if plain.iter().any(|m| m.span.end > from + taken) {
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

    /// Puts what there is where a soft line break cuts a longer prefix, such as `acme_=` above `sk_live_`,
    /// in the place of the matches from `from` on; tells whether there is something.
    pub(super) fn in_broken_lines(
        &self,
        bytes: &[u8],
        anchor: &Anchor,
        candidate: Candidate,
        from: usize,
        found: &mut Found,
    ) -> bool {
        let reach = self.text_reach(anchor);
        let read = decode::escaped_around(bytes, candidate.at, Layer::Quoted, reach);
        let Some((text, index)) = read else { return false };
        let plain = found.matches.split_off(from);
        self.in_text(bytes, &text, index, &anchor.uses, &[Layer::Quoted], candidate, found);
        if found.matches.len() == from {
            found.matches.extend(plain);
            return false;
        }
        true
    }

    /// Adds what there is where signs of a prefix are escaped in decoded text: `ak_live%3A` in base64.
    fn in_escapes(
        &self,
        bytes: &[u8],
        anchor: &Anchor,
        recipe: &Recipe,
        candidate: Candidate,
        found: &mut Found,
    ) {
        let [outer] = recipe.steps.as_slice() else { return };
        let reach = self.text_reach(anchor);
        let read = decode::escaped_within(bytes, candidate.at, recipe, reach);
        let Some((text, index)) = read.filter(|_| outer.layer != Layer::Escape) else { return };
        let layers = [outer.layer, Layer::Escape];
        self.in_text(bytes, &text, index, &anchor.uses, &layers, candidate, found);
    }

    /// Adds what there is where signs behind an anchor are escaped in JSON: `AccountKey=…\u002B…`.
    pub(super) fn in_json(
        &self,
        bytes: &[u8],
        anchor: &Anchor,
        candidate: Candidate,
        found: &mut Found,
    ) {
        let (layer, reach) = (Layer::Escape, self.text_reach(anchor));
        let read = decode::escaped_around(bytes, candidate.at, layer, reach);
        let Some((text, index)) = read else { return };
        self.in_text(bytes, &text, index, &anchor.uses, &[layer], candidate, found);
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

    /// The text that a recipe leads to: as far as most matches go, and farther where a longer one may
    /// have begun, as private keys and JSON Web Tokens are.
    fn decoded(
        &self,
        bytes: &[u8],
        at: usize,
        anchor: &Anchor,
        recipe: &Recipe,
    ) -> Option<(Text, usize)> {
        let reach = self.text_reach(anchor);
        let (text, index) = decode::around(bytes, at, recipe, reach)?;
        // In two encodings it may be too far.
        let goes_on = text.bytes.len() >= index + reach.forward && recipe.steps.len() == 1;
        let longest = if goes_on { self.longest_begun(anchor, &text.bytes, index) } else { 0 };
        if longest <= reach.forward {
            return Some((text, index));
        }
        decode::around(bytes, at, recipe, Reach { forward: longest + BEHIND, ..reach })
    }

    /// The longest match that may have begun in a text, of those rules whose literal stands there.
    fn longest_begun(&self, anchor: &Anchor, text: &[u8], index: usize) -> usize {
        let longest = |usage: &Use| {
            let start = index.checked_sub(usage.offset)?;
            text.get(start..)?.starts_with(&usage.prefix).then_some(())?;
            Some(self.rules.rules[usage.rule].longest)
        };
        anchor.uses.iter().filter_map(longest).max().unwrap_or(0)
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
}

/// Whether the escape of a sign stands near behind a candidate, as JSON has it: `\u002B`, `\/`.
pub(super) fn has_json_escape(bytes: &[u8], at: usize) -> bool {
    let near = &bytes[at..bytes.len().min(at + GLANCE)];
    let is_escape = |sign| near[sign..].starts_with(br"\u00") || near[sign..].starts_with(br"\/");
    memchr::memchr_iter(b'\\', near).any(is_escape)
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
