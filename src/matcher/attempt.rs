//! One rule at one place: its expression where its literal stands, with its boundaries.

use super::captured::{Captured, build, captured};
use super::continuation::{after_delimiter, begins_line};
use super::{Found, Matcher, NearMiss, Place, foreign};
use crate::boundary;
use crate::decode::Layer;
use crate::prefilter::{Candidate, Use};
use crate::record;
use crate::rule::Rule;
use crate::span::Span;

impl Matcher<'_> {
    /// How much of `length` bytes belongs to one entry, where lines of base64 are a list of keys and
    /// not one wrapped text: up to the next line that begins with a prefix of its own. `own` is the
    /// length of this one's: `live_` that opens a line may be the rest of it.
    fn next_in_list(&self, place: &Place<'_>, own: usize, length: usize) -> usize {
        if place.layers.first() != Some(&Layer::Base64) {
            return length;
        }
        let begins_key = |index: usize| {
            let text = place.text.get(index..).unwrap_or_default();
            let mut uses = self.prefilter.anchors().iter().flat_map(|anchor| &anchor.uses);
            uses.any(|u| text.starts_with(&u.prefix) && self.is_told(u, text))
        };
        let next = |n: &usize| begins_line(place, place.start + n) && begins_key(place.start + n);
        (own.max(1)..length).find(next).unwrap_or(length)
    }

    /// Whether a prefix is so long that no chance puts it there, or a match of its rule is there.
    fn is_told(&self, usage: &Use, text: &[u8]) -> bool {
        const SHORT: usize = 3;
        if usage.prefix.len() > SHORT {
            return true;
        }
        let rule = &self.rules.rules[usage.rule];
        let window = &text[..text.len().min(rule.longest)];
        captured(rule, window).is_some_and(|found| found.whole.start == 0)
    }

    /// Whether the prefix stands there at all.
    pub(super) fn attempt(
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
            let limit = self.next_in_list(place, usage.prefix.len(), rest.len());
            found.matches.extend(foreign::at(place, usage, rule, limit, candidate));
            return true;
        }
        if usage.back > 0 {
            return self.attempt_around(place, usage, candidate, found);
        }
        let free = !rule.boundary
            || boundary::is_token_start(place.text, place.start)
            || after_delimiter(place);
        let column = column(place, rule, rest);
        let begins = column.is_some_and(|column| column.start == place.start);
        let free = free || begins;
        let counted = !begins && boundary::is_counted(place.text, place.start);
        if !free && !counted && found.misses.is_none() {
            return true;
        }
        let own = usage.prefix.len();
        let closed = column.map(|column| column.end - place.start);
        let longest = closed.map_or(rest.len(), |end| end.min(rest.len())).min(rule.longest);
        let window = &rest[..self.next_in_list(place, own, longest)];
        let counted = if counted { exactly(place, rule, window, free) } else { None };
        let free = free || counted.is_some();
        let captured = match counted {
            Some(captured) => Some(captured),
            None if free || found.misses.is_some() => captured(rule, window),
            None => return true,
        };
        let goes_on = |captured: &Captured| {
            let end = captured.whole.end;
            rule.exact_end && closed != Some(end) && rest.get(end).is_some_and(|b| is_word(*b))
        };
        match captured {
            Some(captured) if goes_on(&captured) => miss(
                place,
                usage,
                captured.whole.len(),
                "it goes on behind the length of a key",
                found,
            ),
            Some(captured) if free => {
                let end = captured.secret.end;
                found.matches.push(build(place, usage, rule, window, captured, candidate));
                add_more(place, usage, window, end, candidate, rule, found);
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

/// The column of a record in which a match may begin: the texts of a record stand one right behind the
/// other, and a key is read as if its own stood alone.
fn column(place: &Place<'_>, rule: &Rule, rest: &[u8]) -> Option<Span> {
    // Of most places the bytes before them tell that there is none.
    let may_be = record::is_near(place.text, place.start);
    let may_start = may_be && rule.pattern.may_start(rest, rule.longest);
    may_start.then(|| record::column(place.text, place.start)).flatten()
}

/// Adds the further secrets of a list that goes on at `from` of a window.
fn add_more(
    place: &Place<'_>,
    usage: &Use,
    window: &[u8],
    mut from: usize,
    candidate: Candidate,
    rule: &Rule,
    found: &mut Found,
) {
    let Some(regex) = rule.more.as_ref().and_then(|more| more.regex()) else { return };
    while let Some(rest) = window.get(from..)
        && let Some(captures) = regex.captures(rest)
        && let Some(captured) = Captured::new(rule, &captures)
        && captured.whole.start == 0
    {
        let place = Place { start: place.start + from, ..*place };
        from += captured.secret.end;
        found.matches.push(build(&place, usage, rule, rest, captured, candidate));
    }
}

/// The match that is as long as a binary format says, if that is what it says. `free`: a token may
/// begin there anyhow, and the byte before it need be no length.
fn exactly(place: &Place<'_>, rule: &Rule, window: &[u8], free: bool) -> Option<Captured> {
    let sure = boundary::is_surely_counted(place.text, place.start);
    if free && !sure {
        return None;
    }
    let whole = captured(rule, window).map_or(0, |whole| whole.whole.len());
    let rest = place.text.get(place.start..).unwrap_or_default();
    boundary::counted_lengths(place.text, place.start).find_map(|length| {
        let cut = window.get(..length).and_then(|exact| captured(rule, exact))?;
        let ends = whole <= length && !rest.get(length).is_some_and(|b| is_word(*b));
        // A letter may be the tag of the next field: its length is no letter, or is short.
        let tagged = || sure && matches!(rest.get(length..), Some([_, next, ..]) if *next < b' ');
        (cut.whole.len() == length && (ends || tagged())).then_some(cut)
    })
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
