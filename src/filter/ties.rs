//! What matches of one content have to do with each other, by the word of their rules: one requires
//! another near it, one serves others only, a generic one yields to a telling one.
//!
//! In gitleaks' sense of it. Not here: whether a match is a secret by itself.

use super::Rejection;
use crate::matcher::Match;
use crate::rule::{Listed, Required, Rule, RuleSet};
use crate::span::LineTable;

/// Whether some rule of a set has to do with others.
pub fn has_ties(set: &RuleSet) -> bool {
    set.rules.iter().filter_map(Listed::own).any(|rule| rule.foreign.is_some())
}

fn is_generic(rule: &Rule) -> bool {
    rule.id.to_ascii_lowercase().contains("generic")
}

/// A match that is a secret by itself.
struct One<'m> {
    /// Its number among all matches.
    number: usize,
    found: &'m Match,
    rule: &'m Rule,
    line: usize,
    column: usize,
}

/// Which of `matches`, given with their numbers, are no findings all the same, and why.
pub fn withheld(
    set: &RuleSet,
    matches: &[(usize, &Match)],
    lines: &LineTable,
) -> Vec<(usize, Rejection)> {
    let one = |(number, found): &(usize, &'_ Match)| {
        let start = found.whole.start;
        let line = lines.line_of(start);
        (*number, line, start - lines.span_of(line).start)
    };
    let all: Vec<One<'_>> = matches
        .iter()
        .map(|pair| {
            let (number, line, column) = one(pair);
            One { number, found: pair.1, rule: &set.rules[pair.1.rule], line, column }
        })
        .collect();
    let mut withheld: Vec<(usize, Rejection)> = Vec::new();
    let mut shown: Vec<&One<'_>> = Vec::new();
    for one in &all {
        match refused(one, &all) {
            Some(rejection) => withheld.push((one.number, rejection)),
            None => shown.push(one),
        }
    }
    for one in shown.iter().filter(|one| is_generic(one.rule)) {
        if let Some(better) = shown.iter().find(|other| yields(one, other)) {
            withheld.push((one.number, Rejection::Yields(better.rule.id.clone())));
        }
    }
    withheld
}

fn refused(one: &One<'_>, all: &[One<'_>]) -> Option<Rejection> {
    let foreign = one.rule.foreign.as_ref()?;
    if one.found.swept.as_ref().is_some_and(|swept| swept.auxiliary) {
        return Some(Rejection::Keyword);
    }
    if foreign.skip_report {
        return Some(Rejection::Silent);
    }
    let lacks = |required: &&Required| !all.iter().any(|other| is_near(one, other, required));
    foreign.required.iter().find(lacks).map(|required| Rejection::Lacks(required.id.clone()))
}

fn is_near(one: &One<'_>, other: &One<'_>, required: &Required) -> bool {
    let within = |most: Option<u64>, a: usize, b: usize| {
        most.is_none_or(|most| a.abs_diff(b) as u64 <= most)
    };
    other.rule.is_called(&required.id)
        && within(required.within_lines, one.line, other.line)
        && within(required.within_columns, one.column, other.column)
}

fn yields(one: &One<'_>, other: &One<'_>) -> bool {
    let (own, theirs) = (one.found.secret.expose(), other.found.secret.expose());
    one.line == other.line && !is_generic(other.rule) && memchr::memmem::find(theirs, own).is_some()
}
