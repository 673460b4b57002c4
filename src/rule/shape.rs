//! What every match of an expression is made of, as far as its syntax tells: runs of token
//! characters, and a literal within.
//!
//! A prefilter looks for most literals in or near such runs only. Not here: the search.

use regex_syntax::hir::{Hir, HirKind};

use super::pattern::allow_bytes;
use crate::token::{RUN, is_token};

/// A literal this near before a run is found with it.
pub const SHELTER: usize = 24;

/// The most bytes that may stand before a literal within a match.
const MAX_BACK: usize = 100;
/// A literal within a match is at least so long.
const MIN_INNER: usize = 3;

/// A run of token characters that every match has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it begins, at the least.
    pub(super) first: isize,
    /// And at the most.
    pub(super) last: isize,
    /// How long it is, at the least.
    pub(super) length: usize,
    /// Where the first part begins that is drawn at random, at the most.
    pub(super) drawn: isize,
}

/// Characters of a run that are drawn at random, at the least: a run of words is no sign. A part of
/// fewer characters counts only if it always has the same number; else it is a name.
const DRAWN: usize = 12;
/// Of so many characters it counts all the same.
const LONG: usize = 6;

/// A literal within all matches.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) literal: Vec<u8>,
    /// Bytes before it, at the most.
    pub(super) most: usize,
}

/// A part of an expression between which and its neighbours there is nothing.
struct Atom<'h> {
    hir: &'h Hir,
    least: usize,
    most: Option<usize>,
    token: bool,
    /// Whether it is drawn at random.
    drawn: bool,
}

/// The runs of [`RUN`] token characters and more, for each branch that a match may take. Places count
/// from where the literal begins, which stands behind `back` bytes at the most.
pub(super) fn runs(hir: &Hir, back: usize) -> Vec<Vec<Run>> {
    branches(hir).into_iter().map(|branch| runs_of(branch, back)).collect()
}

/// The alternatives of which an expression consists as a whole.
fn branches(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Capture(capture) => branches(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().flat_map(branches).collect(),
        _ => vec![hir],
    }
}

fn runs_of(hir: &Hir, back: usize) -> Vec<Run> {
    let mut found = Vec::new();
    let (mut first, mut last) = (0, Some(0));
    // A run, and how much of it is drawn.
    let mut open: Option<(Run, usize)> = None;
    for atom in bytewise(hir) {
        match last {
            Some(last) if atom.token => {
                let start = Run {
                    first: first as isize,
                    last: last as isize,
                    length: 0,
                    drawn: last as isize,
                };
                let (run, drawn) = open.get_or_insert((start, 0));
                run.length += atom.least;
                if atom.drawn {
                    run.drawn = if *drawn == 0 { last as isize } else { run.drawn };
                    *drawn += atom.least;
                }
            }
            _ => found.extend(open.take()),
        }
        first += atom.least;
        last = last.and_then(|last: usize| last.checked_add(atom.most?));
    }
    found.extend(open);
    found.retain(|(run, drawn)| run.length >= RUN && *drawn >= DRAWN);
    let place = |at: usize| at as isize - back as isize;
    let mut found: Vec<Run> = found
        .into_iter()
        .map(|(run, _)| Run {
            first: place(run.first as usize),
            last: place(run.last as usize),
            drawn: place(run.drawn as usize),
            ..run
        })
        .collect();
    if back > 0 {
        // Where the literal begins is not known to the byte: a run counts that has it in any case.
        found.extend(around(hir, back));
    }
    found
}

/// The run that a literal within a match is a part of.
fn around(hir: &Hir, back: usize) -> Option<Run> {
    let (mut most, mut length, mut drawn) = (0usize, 0, 0);
    let mut holds = false;
    for atom in atoms(hir) {
        let is_literal = most == back && matches!(atom.hir.kind(), HirKind::Literal(_));
        most = most.saturating_add(atom.most.unwrap_or(usize::MAX));
        if !atom.token {
            if holds {
                break;
            }
            (length, drawn) = (0, 0);
            continue;
        }
        holds |= is_literal;
        length += atom.least;
        drawn += if atom.drawn { atom.least } else { 0 };
    }
    (holds && length >= RUN && drawn >= DRAWN).then_some(Run {
        first: 0,
        last: 0,
        length,
        drawn: 0,
    })
}

/// The rarest literal behind a bounded number of bytes.
pub(super) fn inner(hir: &Hir) -> Option<Inner> {
    let mut most = 0usize;
    let mut best: Option<(usize, Inner)> = None;
    for atom in atoms(hir) {
        if let HirKind::Literal(literal) = atom.hir.kind() {
            let literal = literal.0.to_vec();
            let score = literal.iter().map(|b| weight(*b)).sum();
            let better = best.as_ref().is_none_or(|(old, _)| *old < score);
            if literal.len() >= MIN_INNER && better {
                best = Some((score, Inner { literal, most }));
            }
        }
        most = most.saturating_add(atom.most.unwrap_or(usize::MAX));
        if most > MAX_BACK {
            break;
        }
    }
    best.map(|(_, inner)| inner)
}

/// How much a byte tells: letters that are frequent in text tell little.
pub fn weight(byte: u8) -> usize {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'l' | b' ' | b'/' => 1,
        b'c' | b'd' | b'u' | b'p' | b'm' | b'h' | b'.' | b'-' | b'_' | b'=' => 2,
        b'a'..=b'z' => 3,
        b'A'..=b'Z' | b'0'..=b'9' => 4,
        _ => 3,
    }
}

fn atoms(hir: &Hir) -> Vec<Atom<'_>> {
    let mut all = Vec::new();
    gather(hir, &mut all);
    all
}

fn gather<'h>(hir: &'h Hir, all: &mut Vec<Atom<'h>>) {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().for_each(|part| gather(part, all)),
        HirKind::Capture(capture) => gather(&capture.sub, all),
        HirKind::Empty | HirKind::Look(_) => {}
        kind => {
            let least = hir.properties().minimum_len().unwrap_or(0);
            let most = hir.properties().maximum_len();
            let steady = least >= LONG || most == Some(least);
            let drawn = steady && !matches!(kind, HirKind::Literal(_));
            all.push(Atom { hir, least, most, token: is_of_tokens(hir), drawn });
        }
    }
}

/// The same with literals taken apart, for they may hold bytes of both kinds.
fn bytewise(hir: &Hir) -> Vec<Atom<'_>> {
    let apart = |atom: Atom<'_>| -> Vec<(usize, Option<usize>, bool, bool)> {
        match atom.hir.kind() {
            HirKind::Literal(literal) => {
                literal.0.iter().map(|b| (1, Some(1), is_token(*b), false)).collect()
            }
            _ => vec![(atom.least, atom.most, atom.token, atom.drawn)],
        }
    };
    let parts = atoms(hir).into_iter().flat_map(apart);
    parts.map(|(least, most, token, drawn)| Atom { hir, least, most, token, drawn }).collect()
}

fn is_of_tokens(hir: &Hir) -> bool {
    let mut bytes = [false; 256];
    allow_bytes(hir, &mut bytes);
    (0..=u8::MAX).zip(bytes).all(|(byte, allowed)| !allowed || is_token(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hir(source: &str) -> Hir {
        regex_syntax::ParserBuilder::new().utf8(false).build().parse(source).expect("valid")
    }

    #[test]
    fn runs_are_found_with_their_places() {
        let run = |first, last, length, drawn| Run { first, last, length, drawn };
        let runs = |source: &str, back| runs(&hir(source), back).concat();
        assert_eq!(runs(r"(ghp_(?P<body>[0-9A-Za-z]{36}))", 0), [run(0, 0, 40, 4)]);
        assert_eq!(
            runs(r"SG\.([0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43})", 0),
            [run(3, 3, 22, 3), run(26, 26, 43, 26)]
        );
        assert_eq!(runs(r"[a-z]{14,16}\.atlas\.[0-9a-z]{60,70}", 17), [run(4, 6, 60, 6)]);
        assert_eq!(runs(r"[0-9a-z]{42}AzSe[A-D][0-9a-z]{5}", 42)[0], run(-42, -42, 52, -42));
        assert_eq!(runs(r"[0-9a-z]{2,10}AzSe[0-9a-z]{15}", 10)[1], run(0, 0, 21, 0));
        assert_eq!(runs(r"a:[0-9a-z]{10}", 0), []);
        assert_eq!(runs(r"a:[^ ]+ [0-9a-z]{20}", 0), []);
        assert_eq!(runs(r"(?:abc|de)[a-z]{15}", 0), [run(0, 0, 17, 3)]);
    }

    #[test]
    fn the_rarest_bounded_literal_is_taken() {
        let found = inner(&hir(r"([0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z]{60})")).expect("one");
        assert_eq!((found.literal.as_slice(), found.most), (b".atlasv1.".as_slice(), 14));
        assert!(inner(&hir(r"[a-z]+atlasv1[0-9]{20}")).is_none());
        assert!(inner(&hir(r"[a-z]{3}\d{9}")).is_none());
    }
}
