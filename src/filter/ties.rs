//! What matches of one content have to do with each other, by the word of their rules: one requires
//! another near it, one serves others only, a generic one yields to a telling one.
//!
//! In gitleaks' sense of it. Not here: whether a match is a secret by itself.

use std::collections::HashMap;

use super::Rejection;
use crate::matcher::Match;
use crate::rule::{Columns, Required, Rule, RuleSet};
use crate::span::LineTable;

/// Whether some rule of a set has to do with others: a user's, to which generic ones yield.
pub fn has_ties(set: &RuleSet) -> bool {
    set.rules.iter().any(|rule| rule.own().is_some())
}

fn is_generic(rule: &Rule) -> bool {
    let word = b"generic";
    rule.id.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
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
    lines: &LineTable<'_>,
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
    let some_say = shown.iter().any(|one| specificity(one.rule).is_some());
    let mut of_line: HashMap<usize, Vec<&One<'_>>> = HashMap::new();
    for one in &shown {
        of_line.entry(one.line).or_default().push(one);
    }
    for one in shown.iter().filter(|one| some_say || is_generic(one.rule)) {
        let beside = of_line.get(&one.line).into_iter().flatten();
        if let Some(better) = beside.into_iter().find(|other| yields(one, other)) {
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
    let lines = required.lines.is_none_or(|(before, after)| {
        let far = one.line.abs_diff(other.line) as u64;
        far <= if other.line < one.line { before } else { after }
    });
    let length = one.found.whole.len();
    let begins = |own: usize, theirs: usize, before: u64, after: u64| {
        let (own, theirs) = (own as u64, theirs as u64);
        own.saturating_sub(before) <= theirs && theirs < (own + length as u64).saturating_add(after)
    };
    let columns = required.columns.is_none_or(|columns| match columns {
        Columns::Apart(most) => one.column.abs_diff(other.column) as u64 <= most,
        Columns::Around(before, after) => begins(one.column, other.column, before, after),
        Columns::Near(before, after) => {
            begins(one.found.whole.start, other.found.whole.start, before, after)
        }
    });
    other.rule.is_called(&required.id) && lines && columns
}

fn specificity(rule: &Rule) -> Option<i64> {
    rule.foreign.as_ref().and_then(|foreign| foreign.specificity)
}

fn yields(one: &One<'_>, other: &One<'_>) -> bool {
    let (own, theirs) = (one.found.secret.expose(), other.found.secret.expose());
    let rank = |rule: &Rule| (specificity(rule).unwrap_or(0), !is_generic(rule));
    let tells_less = one.found.rule != other.found.rule && rank(one.rule) < rank(other.rule);
    tells_less && one.line == other.line && memchr::memmem::find(theirs, own).is_some()
}
