//! Tells documentation samples from keys: what a writer types where a key would stand.
//!
//! Every check is made so narrow that a random body of 20 characters or more, in any alphabet that
//! keys are drawn from, trips one with a chance below 10^-6: `measure_chance` had 2 of 26 million,
//! before the checks behind those two were made narrower still.
//!
//! Not here: text that is merely not random (`randomness`).

use std::fmt;

use super::bytes;
use super::published::{is_known_digest, is_published};

/// Why a body is a sample and not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// One character, or one short piece, over and over.
    Repeated,
    /// Characters that count up or down, or follow a keyboard's rows.
    Sequence,
    /// A word that says so.
    SampleWord(&'static str),
    /// Part of it is masked with stars, dots or a run of `x`.
    Masked,
    /// A template puts the value in later.
    Template,
    /// A digest of `test`, of nothing, or of another input that everybody tries.
    KnownDigest,
    /// A key or UUID printed in public documentation.
    Published,
}

impl fmt::Display for Placeholder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated => out.write_str("repeats one character or one short piece"),
            Self::Sequence => out.write_str("is a counting sequence or a keyboard walk"),
            Self::SampleWord(word) => write!(out, "says that it is a sample: \"{word}\""),
            Self::Masked => out.write_str("is masked or shortened"),
            Self::Template => out.write_str("is a template that is filled in elsewhere"),
            Self::KnownDigest => out.write_str("is the digest of a common test input"),
            Self::Published => out.write_str("is a sample from public documentation"),
        }
    }
}

/// Words that count wherever they stand. Seven letters or more: at 97 random characters, a given
/// word of seven is there, case apart, once in 3*10^8.
const LONG_WORDS: &[&str] = &[
    "changeme",
    "changeit",
    "change_me",
    "change-me",
    "placeholder",
    "placehere",
    "redacted",
    "example",
    "replace",
    "removed",
    "notreal",
    "not_real",
    "not-real",
    "not_a_real",
    "not-a-real",
    "notareal",
    "secretkeyhere",
    "secret_here",
    "secret-here",
    "keyhere",
    "key_here",
    "key-here",
    "token_here",
    "token-here",
    "tokenhere",
    "goes_here",
    "goes-here",
    "goeshere",
    "yourkey",
    "your_key",
    "your-key",
    "your_api",
    "your-api",
    "yourapi",
    "your_secret",
    "your-secret",
    "yoursecret",
    "your_token",
    "your-token",
    "yourtoken",
    "insert_",
    "insert-",
    "put_your",
    "put-your",
    "do_not_use",
    "do-not-use",
    "deadbeef",
    "cafebabe",
    "feedface",
    "decafbad",
    "invalid_",
    "invalid-",
    "foobarbaz",
    "obfuscated",
    "super_secret",
    "supersecret",
    "secretpart",
    "testtest",
    "fake_key",
    "fake-key",
    "loremipsum",
];

/// Words that count as a piece between separators or ends.
const SHORT_WORDS: &[&str] = &[
    "your", "fake", "todo", "fixme", "dummy", "sample", "insert", "mock", "masked", "hidden",
    "foobar", "enter", "paste", "bogus", "xxxxx", "here",
];

/// Rows of a keyboard, one after another.
const KEYBOARD: &[u8] = b"qwertyuiopasdfghjklzxcvbnm";

/// A body as long as this is of several parts.
const LONG: usize = 100;

/// Fewer characters than this say too little to be called repeated or counted.
const LEAST: usize = 8;

/// Why `body` (a token without its prefix) is a placeholder, or none.
pub fn reason(body: &[u8]) -> Option<Placeholder> {
    if is_template(body) {
        return Some(Placeholder::Template);
    }
    if is_masked(body) {
        return Some(Placeholder::Masked);
    }
    if let Some(word) = sample_word(body) {
        return Some(Placeholder::SampleWord(word));
    }
    uuid_reason(body).or_else(|| is_known_digest(body).then_some(Placeholder::KnownDigest))
}

/// The same for a UUID, where words and masks cannot be: nil, all the same, counting, published.
pub fn uuid_reason(uuid: &[u8]) -> Option<Placeholder> {
    if is_repeated(uuid) {
        Some(Placeholder::Repeated)
    } else if is_sequence(uuid) {
        Some(Placeholder::Sequence)
    } else {
        is_published(uuid).then_some(Placeholder::Published)
    }
}

/// `${…}`, `{{…}}`, `<…>`, `$VAR`, `#{…}`, `%s`, unless brackets are there as only chance sets them.
fn is_template(body: &[u8]) -> bool {
    let named = body.iter().enumerate().any(|(at, sign)| match sign {
        b'$' => is_variable(&body[at + 1..], at == 0),
        b'%' => is_directive(&body[at + 1..]),
        _ => false,
    });
    let opens = body.iter().position(|&byte| byte == b'<');
    let angle = opens.is_some_and(|at| body.iter().skip(at).any(|&byte| byte == b'>'));
    named || angle && nesting(body) != Nesting::Broken || has_braces(body)
}

/// Whether braces stand there as in a template: in pairs, doubled, behind a sign, or at an end, where the
/// rest of it was cut off.
fn has_braces(body: &[u8]) -> bool {
    let is_lead = |pair: &[u8]| match pair {
        [lead, b'{'] => b"{$#%@\\".contains(lead),
        pair => pair == b"}}",
    };
    match nesting(body) {
        Nesting::Broken => false,
        Nesting::Pairs => body.iter().any(|byte| matches!(byte, b'{' | b'}')),
        Nesting::None => {
            let cut = matches!(body, [b'{' | b'}', ..]) || matches!(body, [.., b'{' | b'}']);
            cut || body.windows(2).any(is_lead)
        }
    }
}

/// Whether what stands behind a dollar sign is the name of a variable, or a command: among other
/// characters, a name has three letters or more and no digits but at its end, as chance seldom has.
fn is_variable(rest: &[u8], begins: bool) -> bool {
    let is_named = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let name = &rest[..rest.iter().position(|byte| !is_named(byte)).unwrap_or(rest.len())];
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let letters = &name[..name.len() - digits];
    match rest.first() {
        Some(b'(') => true,
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
            let changes =
                name.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit());
            match begins {
                true => changes.count() < MIXED,
                false => letters.len() >= 3 && !letters.iter().any(u8::is_ascii_digit),
            }
        }
        _ => false,
    }
}

/// From letters to digits and back: no name of a variable has so many changes.
const MIXED: usize = 6;

/// Whether what stands behind a percent sign makes it the place of a value.
fn is_directive(rest: &[u8]) -> bool {
    match rest {
        [b'(', ..] => true,
        [b's' | b'v', rest @ ..] => !rest.first().is_some_and(u8::is_ascii_alphanumeric),
        _ => false,
    }
}

/// How the brackets of a text go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// No bracket closes another.
    None,
    /// Some close others, each the last one that was opened: a program, a template, a part of one.
    Pairs,
    /// One closes another of another kind, or two kinds close nothing, apart: chance does that, or a
    /// hand that types at random.
    Broken,
}

/// How the brackets of `text` go together; those of `->` and `=>` are none.
pub fn nesting(text: &[u8]) -> Nesting {
    let mut open = Vec::new();
    let mut nesting = Nesting::None;
    let mut loose = None;
    let mut before = 0;
    for &byte in text {
        match byte {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b'<' => open.push(b'>'),
            b'>' if matches!(before, b'-' | b'=') => {}
            b')' | b']' | b'}' | b'>' => match open.pop() {
                Some(due) if due == byte => nesting = Nesting::Pairs,
                Some(_) => return Nesting::Broken,
                // What was cut out of a program may end with brackets, all opened before it.
                None if loose.is_some_and(|at| at != byte && at != before) => {
                    return Nesting::Broken;
                }
                None => loose = Some(byte),
            },
            _ => {}
        }
        before = byte;
    }
    nesting
}

/// Stars, bullets, ellipses, three dots, nothing but signs; or six `x` in a row, which a random base36
/// body of 48 characters holds once in 5*10^7.
fn is_masked(body: &[u8]) -> bool {
    let runs = |length: usize, mask: u8| {
        body.windows(length)
            .any(|window| window.iter().all(|byte| byte.to_ascii_lowercase() == mask))
    };
    let marks = ["\u{2022}", "\u{2026}", "\u{25cf}", "\u{2588}", "\u{00b7}\u{00b7}"];
    let says_something = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    !body.is_empty() && !body.iter().any(says_something)
        || runs(3, b'*')
        || runs(3, b'.')
        || runs(6, b'x')
        || marks.iter().any(|mark| contains(body, mark.as_bytes()))
}

fn sample_word(body: &[u8]) -> Option<&'static str> {
    let long = LONG_WORDS.iter().find(|word| contains(body, word.as_bytes()));
    // Chance does not keep to one case.
    let written = |piece: &&[u8]| {
        let rest = piece.get(1..).unwrap_or_default();
        rest.iter().all(u8::is_ascii_lowercase) || piece.iter().all(u8::is_ascii_uppercase)
    };
    let pieces = || body.split(|byte| !byte.is_ascii_alphanumeric()).filter(written);
    let short = || {
        SHORT_WORDS
            .iter()
            .find(|word| pieces().any(|piece| piece.eq_ignore_ascii_case(word.as_bytes())))
    };
    long.or_else(short).copied()
}

/// Whether `word` is somewhere in the body, case apart.
fn contains(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Letters and digits alone: a UUID's dashes break no pattern.
fn significant(body: &[u8]) -> impl DoubleEndedIterator<Item = u8> + Clone {
    body.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
}

/// A period of at most half the body, three different characters or fewer, or ten of one in a row, and a
/// quarter of what is long: numbers in keys have bits that are all alike, and lines begin with blanks.
fn is_repeated(body: &[u8]) -> bool {
    let length = significant(body).count();
    if length < LEAST {
        // Nearly all of it is dashes.
        let is_own = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        return body.len() >= 2 * LEAST && body.iter().all(is_own);
    }
    let mut seen = [0u8; 3];
    let mut kinds = 0;
    for byte in significant(body) {
        if !seen.iter().take(kinds).any(|&known| known == byte) {
            match seen.get_mut(kinds) {
                Some(slot) => *slot = byte,
                None => {
                    kinds += 1;
                    break;
                }
            }
            kinds += 1;
        }
    }
    let periodic = |period: usize| {
        significant(body).zip(significant(body).skip(period)).all(|(early, late)| early == late)
    };
    let run = if length < LONG { RUN } else { length / 4 };
    (kinds <= 3 && length >= 12)
        || has_run_of(body, run)
        || (1..=32.min(length / 2)).any(periodic)
        || bytes::begins_repeated(significant(body), length)
}

/// So many of one character in a row are no chance.
const RUN: usize = 10;

/// Whether one character stands there ten times in a row: in a long body that may be a number of a key,
/// where nothing says that it is a key it is none.
pub fn has_run(body: &[u8]) -> bool {
    has_run_of(body, RUN)
}

fn has_run_of(body: &[u8], run: usize) -> bool {
    let is_one = |window: &[u8]| {
        window.first().is_some_and(|first| !first.is_ascii_whitespace())
            && window.iter().all(|byte| Some(byte) == window.first())
    };
    body.windows(run).any(is_one)
}

/// How one character follows another.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Same,
    Up,
    Down,
    Right,
    Left,
}

const STEPS: [Step; 5] = [Step::Same, Step::Up, Step::Down, Step::Right, Step::Left];

impl Step {
    /// Whether `late` follows `early` (both lower-case). Counting goes on from 9 to 0 or a, and from
    /// f (in hex) or z to where it began.
    fn joins(self, early: u8, late: u8) -> bool {
        match self {
            Self::Same => early == late,
            Self::Up => {
                late == early.wrapping_add(1)
                    || matches!(
                        (early, late),
                        (b'9', b'0' | b'a') | (b'0', b'a') | (b'f' | b'z', b'0' | b'a')
                    )
            }
            Self::Down => Self::Up.joins(late, early),
            Self::Right => KEYBOARD.windows(2).any(|pair| pair == [early, late]),
            Self::Left => Self::Right.joins(late, early),
        }
    }
}

/// Whether most of the body counts: a run of ten characters, runs of five over three fifths of it,
/// or runs of three over four fifths. Interleaved (`a1b2c3…`, `aabbcc…`) counts too.
fn is_sequence(body: &[u8]) -> bool {
    let length = significant(body).count();
    if length < LEAST {
        return false;
    }
    let mut runs = Runs::default();
    // Where one of many parts is all alike, `is_repeated` tells.
    let counts = |step: Option<Step>| length < LONG || step != Some(Step::Same);
    let mut step: Option<Step> = None;
    let mut run = 1;
    for (early, late) in significant(body).zip(significant(body).skip(1)) {
        if step.is_some_and(|step| step.joins(early, late)) {
            run += 1;
            continue;
        }
        runs.add(run, counts(step));
        step = STEPS.into_iter().find(|step| step.joins(early, late));
        // The character before opened this run, unless it closed the last one.
        run = if step.is_some() && run < 3 { 2 } else { 1 };
    }
    runs.add(run, counts(step));
    runs.longest >= 10
        || runs.of_five * 5 >= length * 3
        || runs.of_three * 5 >= length * 4
        || is_interleaved(body)
        || bytes::count(body)
}

/// Characters in runs of at least so many.
#[derive(Default)]
struct Runs {
    longest: usize,
    of_five: usize,
    of_three: usize,
}

impl Runs {
    fn add(&mut self, run: usize, counts: bool) {
        self.longest = self.longest.max(if counts { run } else { 0 });
        self.of_five += if run >= 5 { run } else { 0 };
        self.of_three += if run >= 3 { run } else { 0 };
    }
}

/// Whether every second character counts up, both ways of pairing, over ten characters that are most
/// of the body, or over fourteen: of 10^6 random bodies of 64 hex digits, one held ten.
fn is_interleaved(body: &[u8]) -> bool {
    let length = significant(body).count();
    let mut run = 2;
    for (early, late) in significant(body).zip(significant(body).skip(2)) {
        run = if Step::Up.joins(early, late) { run + 1 } else { 2 };
        if run >= 14 || (run >= 10 && run * 5 >= length * 3) {
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "placeholder_tests.rs"]
mod tests;
