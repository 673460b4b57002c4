//! Whether an expression may match where its literal stands, told by the bytes near it alone.
//!
//! A search for a match says no where the text was cut before its end. An automaton that is walked by
//! hand says more: it dies at the byte behind which nothing can come of it. Not here: matching.

use std::fmt;
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::Pool;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

/// Bytes of states that a thread keeps of one expression.
const MEMORY: usize = 256 << 10;

type MakeCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// The automaton of one expression, whose states are made when they are first needed.
pub(super) struct Prospect {
    automaton: DFA,
    caches: Pool<Cache, MakeCache>,
}

impl Prospect {
    /// Of an expression that compiles; none if it asks for what such an automaton cannot tell.
    pub(super) fn new(source: &str) -> Option<Self> {
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .unicode_word_boundary(true)
            .cache_capacity(MEMORY)
            .skip_cache_capacity_check(true);
        let automaton = DFA::builder()
            .configure(config)
            .syntax(syntax::Config::new().utf8(false))
            .thompson(thompson::Config::new().utf8(false))
            .build(source)
            .ok()?;
        let own = automaton.clone();
        let caches = Pool::new(Box::new(move || own.create_cache()) as MakeCache);
        Some(Self { automaton, caches })
    }

    /// Whether a match may begin at one of `starts`, whatever stands in `text` from `end` on. No is
    /// certain.
    pub(super) fn is_open(&self, text: &[u8], starts: Range<usize>, end: usize) -> bool {
        let mut cache = self.caches.get();
        starts.into_iter().any(|start| self.survives(&mut cache, text, start, end).unwrap_or(true))
    }

    /// Whether the automaton lives from `start` to `end`, or comes to a match; none if it gives up.
    fn survives(&self, cache: &mut Cache, text: &[u8], start: usize, end: usize) -> Option<bool> {
        let before = start.checked_sub(1).and_then(|at| text.get(at)).copied();
        let config = start::Config::new().anchored(Anchored::Yes).look_behind(before);
        let mut state = self.automaton.start_state(cache, &config).ok()?;
        for byte in text.get(start..end)? {
            state = self.automaton.next_state(cache, state, *byte).ok()?;
            if state.is_tagged() {
                if state.is_dead() {
                    return Some(false);
                }
                if state.is_match() {
                    return Some(true);
                }
                if state.is_quit() {
                    return None;
                }
            }
        }
        Some(true)
    }
}

impl fmt::Debug for Prospect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prospect").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::bytes::Regex;

    const EXPRESSIONS: [&str; 5] = [
        r#"\A(?:pw(?:d|ord)?[ =:]{1,3}["']?([0-9a-z]{2,6})(?:["']|$))"#,
        r"\A(?:sql (?:[^\n;]){0,9}?-p([a-z]{2,3}))",
        r"[a-c]{1,3}\.ac[_-][a-z]{2}",
        r"(?:^|\s)a\.b(?-u:\b)",
        r"a\.b\b",
    ];

    fn is_open(source: &str, text: &[u8], starts: Range<usize>, end: usize) -> bool {
        Prospect::new(source).expect("it compiles").is_open(text, starts, end)
    }

    #[test]
    fn it_ends_where_nothing_can_come_any_more() {
        let pw = EXPRESSIONS[0];
        for (text, open) in [("pwd: ", true), ("pwd", true), ("pwd;", false), ("pw=ab'", true)] {
            assert_eq!(is_open(pw, text.as_bytes(), 0..1, text.len()), open, "{text}");
        }
        let text = b"x a.ac-";
        assert!(is_open(EXPRESSIONS[2], text, 0..3, text.len()));
        assert!(!is_open(EXPRESSIONS[2], b"x a.ac.", 0..3, 7));
    }

    proptest! {
        #[test]
        fn what_matches_was_open_wherever_it_is_cut(
            which in 0..EXPRESSIONS.len(),
            text in "[abcpw.d=:'\n s_;-]{0,24}|pw[d=: ]{1,4}[a-z]{2,6}'|sql [a-z ]{0,9}-p[a-z]{3}|é? ?[a-c]\\.ac?_?[a-z]{2}",
            cut in 0_usize..24,
        ) {
            let source = EXPRESSIONS[which];
            let regex = Regex::new(source).expect("valid");
            if let Some(found) = regex.find(text.as_bytes()) {
                let (start, end) = (found.start(), text.len().min(found.start() + cut));
                prop_assert!(is_open(source, text.as_bytes(), start..start + 1, end));
            }
        }
    }
}
