//! What was made of secrets before: the versions of a file hold the same ones, and judging one takes
//! longer than to know it again.
//!
//! Not here: judging.

use std::cell::RefCell;

use foldhash::HashMap;

use crate::filter::{Rejection, judge};
use crate::finding::{Confidence, Secret};
use crate::matcher::Match;
use crate::rule::{Rule, RuleSet};
use crate::span::Span;

/// Judgements that are kept; then all are forgotten.
const MOST: usize = 4096;

/// The judgements of one thread, with one set of rules.
#[derive(Debug, Default)]
pub(super) struct Memory(RefCell<HashMap<Asked, Result<Confidence, Rejection>>>);

/// All that a judgement depends on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Asked {
    rule: usize,
    secret: Secret,
    /// What it was found in, for rules that look at that as well.
    matched: Option<Secret>,
    body: Span,
    uuid: Option<Span>,
    exact: bool,
    named: bool,
}

impl Memory {
    /// Judges a match, or tells how one like it was judged.
    pub(super) fn judge(
        &self,
        rules: &RuleSet,
        found: &Match,
        named: bool,
    ) -> Result<Confidence, Rejection> {
        let Match { rule, body, uuid, exact, .. } = *found;
        let secret = found.secret.clone();
        let one: &Rule = &rules.rules[rule];
        let matched = one.asks_for_match().then(|| Secret::new(found.matched.to_vec(), 0));
        let asked = Asked { rule, secret, matched, body, uuid, exact, named };
        let mut known = self.0.borrow_mut();
        if let Some(judgement) = known.get(&asked) {
            return judgement.clone();
        }
        let judgement = judge(one, found, named);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(asked, judgement.clone());
        judgement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::armed;
    use crate::scanner::{Options, Scanner};

    #[test]
    fn what_is_remembered_is_what_was_judged() {
        let rules = crate::rule::builtin();
        let scanner = Scanner::new(&rules, Options::default());
        let mut bytes = armed("one mega_{hex:64} two tg_live_{base62:40} ").into_bytes();
        bytes.extend(format!("three mega_{} ", "0123456789abcdef".repeat(4)).bytes());
        let mut scratch = crate::scanner::Scratch::default();
        scanner.find(&bytes, &mut scratch);
        let (memory, found) = (Memory::default(), &scratch.found.matches);
        assert!(found.len() >= 3);
        for (round, named) in [(1, false), (1, true), (2, false), (2, true)] {
            for one in found {
                let judged = judge(&rules.rules[one.rule], one, named);
                assert_eq!(memory.judge(&rules, one, named), judged, "round {round}");
            }
            assert!(memory.0.borrow().len() <= 2 * found.len());
        }
    }

    #[test]
    fn the_same_secret_is_judged_anew_where_it_is_assigned_to_another_name() {
        let rules = crate::rule::builtin();
        let scanner = Scanner::new(&rules, Options::default());
        let mut scratch = crate::scanner::Scratch::default();
        let memory = Memory::default();
        for text in ["passwordField: 'Orchard77'", "password: 'Orchard77'"] {
            scanner.find(text.as_bytes(), &mut scratch);
            let own = |found: &&Match| &*rules.rules[found.rule].id == "generic-password";
            let found = scratch.found.matches.iter().find(own).expect("a match");
            let judged = judge(&rules.rules[found.rule], found, false);
            assert_eq!(memory.judge(&rules, found, false), judged, "{text}");
        }
    }
}
