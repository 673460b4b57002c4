//! Which of the matches in the same place are looked at: one a text and rule, and of rules the one that
//! tells most.
//!
//! Before any of them is judged, so that a text which the telling rule refuses is no finding of a vague
//! one.

use crate::matcher::Match;
use crate::rule::{Encodings, RuleSet};

/// What a rule of one vendor tells more than one that says only that a text is secret.
const VENDOR: usize = 1 << 10;

/// What a name tells that any vendor uses; of two such rules the first counts.
const VAGUE: usize = 1;

/// More than a vague name, which refuses what anyone guesses.
const WEAK: usize = 2;

/// Of matches that overlap, drops those whose rule tells less: a name tells less than a literal,
/// a name that any vendor uses less than a vendor's, a form of any vendor's less than one vendor's, a
/// short literal less than a long one. Among built-in rules.
pub(super) fn yield_to_stronger(matches: &mut Vec<Match>, rules: &RuleSet) {
    let strength = |m: &Match| {
        let rule = &rules.rules[m.rule];
        match rule.pattern.lead() {
            _ if rule.is_weak() => WEAK,
            _ if rule.names.is_some() => {
                if rule.is_generic() {
                    VAGUE
                } else {
                    2
                }
            }
            _ if rule.is_generic() => 0,
            // A list holds anything.
            _ if rule.more.is_some() => 3,
            _ if rule.encodings != Some(Encodings::Common) => usize::MAX,
            lead => {
                let literals = lead.into_iter().flat_map(|l| &l.literals);
                let longest = literals.map(Vec::len).max().unwrap_or(0);
                3 + longest + if rule.provider.is_some() { VENDOR } else { 0 }
            }
        }
    };
    // Of a user's rules it is not known what they refuse: their findings count, and not their matches
    // (see `filter::ties`).
    let is_users = |at: usize| rules.rules[matches[at].rule].own().is_some();
    let is_weak = |at: usize| rules.rules[matches[at].rule].is_weak();
    let strengths: Vec<usize> = matches.iter().map(strength).collect();
    let mut reach = 0;
    let longest = matches.iter().map(|m| m.span.len()).max().unwrap_or(0);
    let beaten: Vec<bool> = (0..matches.len())
        .map(|at| {
            let own = matches[at].span;
            while matches[reach].span.start + longest < own.start {
                reach += 1;
            }
            if is_users(at) {
                return false;
            }
            let near = (reach..matches.len())
                .take_while(|other| matches[*other].span.start < own.end.max(own.start + 1))
                .filter(|other| !is_users(*other) && !is_weak(*other));
            let stronger = |other: usize| {
                let first = strengths[at] == VAGUE && matches[other].rule < matches[at].rule;
                strengths[other] > strengths[at] || strengths[other] == strengths[at] && first
            };
            // A line of base64 may open with what is the rest of a prefix.
            let is_part = |o: usize| {
                let other = &matches[o];
                other.span.start < own.start
                    && own.end <= other.span.end
                    && other.layers == matches[at].layers
            };
            near.into_iter().any(|o| match strengths[at] {
                usize::MAX => strengths[o] == usize::MAX && is_part(o),
                _ => stronger(o) && matches[o].span.overlaps(own),
            })
        })
        .collect();
    let mut beaten = beaten.into_iter();
    matches.retain(|_| !beaten.next().unwrap_or(false));
}

/// Sorts matches by place, and keeps one of those that are the same text to the same rule.
pub(super) fn single_out(matches: &mut Vec<Match>, rules: &RuleSet) {
    matches.sort_by(|a, b| {
        (a.span.start, a.rule, a.layers.len(), b.span.end, &a.layers).cmp(&(
            b.span.start,
            b.rule,
            b.layers.len(),
            a.span.end,
            &b.layers,
        ))
    });
    let mut kept: Vec<Match> = Vec::with_capacity(matches.len());
    for found in matches.drain(..) {
        // What decoding adds to a match is a secret of its own to gitleaks.
        let foreign = rules.rules[found.rule].foreign.is_some();
        let double = kept.iter().rev().take(8).any(|k| {
            k.rule == found.rule
                && k.span.overlaps(found.span)
                && (!foreign || k.secret == found.secret)
        });
        if !double {
            kept.push(found);
        }
    }
    *matches = kept;
}
