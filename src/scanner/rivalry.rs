//! Which of the matches in the same place are looked at: one a text and rule, and of rules the one that
//! tells most.
//!
//! Before any of them is judged, so that a text which the telling rule refuses is no finding of a vague
//! one.

use crate::matcher::Match;
use crate::rule::{Encodings, Rule, RuleSet};

/// What a rule of one vendor tells more than one that says only that a text is secret.
const VENDOR: usize = 1 << 10;

/// What a name tells that any vendor uses; of two such rules the first counts.
const VAGUE: usize = 1;

/// What a vendor's name tells.
const NAME: usize = 2;

/// What a literal tells, and a byte more for each of its own.
const LITERAL: usize = 3;

/// What a rule tells beside others that match in the same place.
fn strength(rule: &Rule) -> usize {
    match rule.pattern.lead() {
        _ if rule.names.is_some() && rule.is_generic() => VAGUE,
        _ if rule.names.is_some() => NAME,
        _ if rule.is_generic() => 0,
        // A list holds anything.
        _ if rule.more.is_some() => LITERAL,
        _ if rule.encodings != Some(Encodings::Common) => usize::MAX,
        lead => {
            let literals = lead.into_iter().flat_map(|l| &l.literals);
            let longest = literals.map(Vec::len).max().unwrap_or(0);
            LITERAL + longest + if rule.provider.is_some() { VENDOR } else { 0 }
        }
    }
}

/// Of matches that overlap, drops those whose rule tells less: a name tells less than a literal,
/// a name that any vendor uses less than a vendor's, a form of any vendor's less than one vendor's, a
/// short literal less than a long one. Among built-in rules.
pub(super) fn yield_to_stronger(matches: &mut Vec<Match>, rules: &RuleSet) {
    let strengths: Vec<usize> = matches.iter().map(|m| strength(&rules.rules[m.rule])).collect();
    let mut reach = 0;
    let longest = matches.iter().map(|m| m.span.len()).max().unwrap_or(0);
    let beaten: Vec<bool> = (0..matches.len())
        .map(|at| {
            let own = matches[at].span;
            while matches[reach].span.start + longest < own.start {
                reach += 1;
            }
            let near = (reach..matches.len())
                .take_while(|other| matches[*other].span.start < own.end.max(own.start + 1));
            is_built_in(&matches[at], rules)
                && near.into_iter().any(|other| beats(other, at, matches, &strengths, rules))
        })
        .collect();
    let mut beaten = beaten.into_iter();
    matches.retain(|_| !beaten.next().unwrap_or(false));
}

/// Of a user's rules it is not known what they refuse: their findings count, and not their matches (see
/// `filter::ties`).
fn is_built_in(found: &Match, rules: &RuleSet) -> bool {
    rules.rules[found.rule].own().is_none()
}

/// Whether the match number `other` takes the place of the one that is number `at`.
fn beats(other: usize, at: usize, all: &[Match], strengths: &[usize], rules: &RuleSet) -> bool {
    let (one, own) = (&all[other], &all[at]);
    if !is_built_in(one, rules) || rules.rules[one.rule].is_weak() {
        return false;
    }
    if rules.rules[own.rule].is_weak() {
        // Rules of no vendor refuse what anyone guesses.
        return rules.rules[one.rule].provider.is_some() && one.span.overlaps(own.span);
    }
    // A line of base64 may open with what is the rest of a prefix.
    let is_part = || {
        let holds = one.span.start < own.span.start && own.span.end <= one.span.end;
        holds && one.layers == own.layers
    };
    let is_first = strengths[at] == VAGUE && one.rule < own.rule;
    match strengths[at] {
        usize::MAX => strengths[other] == usize::MAX && is_part(),
        least => {
            let stronger = strengths[other] > least || strengths[other] == least && is_first;
            stronger && one.span.overlaps(own.span)
        }
    }
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
