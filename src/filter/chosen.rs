//! Tells a password that people made up of words from the words of programs: names, identifiers, texts.
//!
//! Not here: what reads like chance (`randomness`), and what nobody takes for a password
//! (`placeholder`).

use std::collections::BTreeSet;

use memchr::memmem;

use super::PHRASE;
use super::placeholder::{Nesting, nesting};
use crate::matcher::Match;

/// Whether the body of a match, which holds so many bits of evidence for chance, was chosen as a password.
pub(super) fn is_password(found: &Match, body: &[u8], bits: f64) -> bool {
    is_policed(body, bits) || is_made_up(&found.matched, body)
}

/// Whether a body of so many bits has what rules for passwords ask for: a letter of each case, a digit,
/// and a sign that is none of a path or a name. People make words pass so; programs have no other use
/// for it. Digits among the letters more than once will do for the sign, if it is no phrase; and many
/// signs will do for all, where brackets among them say that it is no text of a program.
fn is_policed(body: &[u8], bits: f64) -> bool {
    let has = |test: fn(&u8) -> bool| body.iter().any(test);
    let cased = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if has(|byte| b"(){}[]<>".contains(byte)) {
        let signs: BTreeSet<&u8> = body.iter().filter(|b| b.is_ascii_punctuation()).collect();
        let least = if cased && has(u8::is_ascii_digit) { SOME_SIGNS } else { MANY_SIGNS };
        return signs.len() >= least && nesting(body) == Nesting::Broken;
    }
    let among = || {
        let inner = |w: &&[u8]| w[0].is_ascii_alphabetic() && w[1].is_ascii_digit();
        body.windows(2).filter(inner).count() >= 2
    };
    let signed = has(|byte| b"!#$%&*?@^~".contains(byte)) && has(u8::is_ascii_digit);
    cased && (signed || bits >= PHRASE && among())
}

/// Different signs that only a text typed at random has.
const MANY_SIGNS: usize = 6;
/// The same where it has letters of both cases and digits.
const SOME_SIGNS: usize = 4;

/// Whether a body is words and digits, as passwords are that people make up, and `matched`, which has it,
/// gives it to what is a password and nothing else.
fn is_made_up(matched: &[u8], body: &[u8]) -> bool {
    let Some(at) = memmem::rfind(matched, body) else { return false };
    let before = &matched[..at];
    let (before, quoted) = match before.split_last() {
        Some((quote, before)) if b"\"'`>".contains(quote) => (before, true),
        _ => (before, is_setting(before)),
    };
    names_password(before) && is_of_words(body) && !says_otherwise(body, quoted)
}

/// Whether the last name before a value is that of a password: it goes on with digits alone.
fn names_password(before: &[u8]) -> bool {
    let lower = before.to_ascii_lowercase();
    let end = |word: &&[u8]| memmem::rfind(&lower, word).map(|at| at + word.len());
    let Some(end) = WORDS.iter().filter_map(end).max() else { return true };
    let rest = lower[end..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
    rest.clone().count() <= 3 && rest.clone().all(|byte| byte.is_ascii_digit() || *byte == b'_')
}

/// Whether what stands before a value is `NAME=` or `NAME: `: in shells and settings, whose values need no
/// quotes.
fn is_setting(before: &[u8]) -> bool {
    let name = match before {
        [name @ .., b'=' | b':'] | [name @ .., b':', b' '] => name,
        _ => return false,
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut name = name.iter().rev().take_while(|byte| is_name(byte)).peekable();
    name.peek().is_some() && name.all(|byte| !byte.is_ascii_lowercase())
}

/// How names of passwords end.
const WORDS: &[&[u8]] = &[b"assword", b"passwd", b"pwd", b"pass", b"passphrase", b"secret", b"pw"];

/// Whether a body begins with a letter, has a digit, and no signs but within it, where letters of both
/// cases say that it is no name of a file, a host or a method.
fn is_of_words(body: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| body.iter().any(test);
    let plain = body.iter().all(u8::is_ascii_alphanumeric);
    let parts = body.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
    let cased = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    body.first().is_some_and(u8::is_ascii_alphabetic)
        && has(u8::is_ascii_digit)
        && (plain || parts && cased)
        && body.iter().filter(|byte| byte.is_ascii_alphabetic()).count() >= 3
}

/// Whether a body says that it is something else: a sample, an algorithm, what stands for a password in
/// a program, where a name needs no quotes.
fn says_otherwise(body: &[u8], quoted: bool) -> bool {
    let lower = body.to_ascii_lowercase();
    let says = |word: &&[u8]| memmem::find(&lower, word).is_some();
    let digits = lower.iter().filter(|byte| byte.is_ascii_digit()).count();
    let counted = digits < 2 && [&b"passw"[..], b"secret"].iter().any(says);
    let stem = lower.iter().rev().skip_while(|b| !b.is_ascii_alphabetic()).count();
    let tail = &lower[stem..];
    let counts = tail.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    counted
        || counts && TRIED.contains(&&lower[..stem])
        || TERMS.iter().any(says)
        || SAMPLES.iter().any(|word| lower.starts_with(word))
        || !quoted && NAMES.iter().any(says)
}

/// Words that everybody tries, with digits that count up behind them.
const TRIED: &[&[u8]] = &[
    b"abc",
    b"admin",
    b"default",
    b"demo",
    b"guest",
    b"pass",
    b"password",
    b"passwd",
    b"root",
    b"secret",
    b"temp",
    b"test",
    b"testing",
    b"user",
];

/// What algorithms and formats have in their names.
const TERMS: &[&[u8]] = &[
    b"argon2", b"aes1", b"aes2", b"base64", b"hs256", b"rs256", b"md4", b"md5", b"oauth2",
    b"pbkdf2", b"phpass", b"sha1", b"sha2", b"sha3", b"sha5", b"utf8", b"x509", b"i18n", b"uuid",
];

/// What begins so is made for a test or a manual.
const SAMPLES: &[&[u8]] = &[
    b"fake",
    b"mock",
    b"dummy",
    b"hash",
    b"encrypted",
    b"invalid",
    b"wrong",
    b"bad",
    b"some",
    b"my-",
];

/// What variables and fields for passwords have in their names.
const NAMES: &[&[u8]] = &[
    b"pass", b"pwd", b"secret", b"token", b"key", b"user", b"param", b"arg", b"field", b"value",
    b"input", b"string", b"text",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the value behind the last quote or operator of a text was made up for a password.
    fn made_up(text: &str) -> bool {
        let text = text.as_bytes();
        let at = text.iter().rposition(|byte| b"\"'`=: ".contains(byte)).map_or(0, |at| at + 1);
        is_made_up(text, &text[at..])
    }

    #[test]
    fn words_with_digits_are_passwords_where_nothing_else_is_assigned() {
        for text in [
            "password: 'Orchard7",
            "assword=orchard77",
            "ASSWORD=Orchard_19c",
            "assword: orchard123",
            "passwd2 = \"tr33house",
            "secret: \"County-Secluded9-Orchard",
            "-p Orchard77",
            "ASS=newPass7",
        ] {
            assert!(made_up(text), "{text}");
        }
    }

    #[test]
    fn what_programs_assign_is_none() {
        for text in [
            "password = newPassword1",
            "passwordField: 'orchard77",
            "password: 'password1",
            "password: 'user-name-42",
            "password: 'admin123",
            "password: 'scram-sha-256",
            "password: 'fakeOrchard42",
            "password: '4orchards",
            "password: 'orchards",
            "password: 'utf8mb4_orchard",
        ] {
            assert!(!made_up(text), "{text}");
        }
    }
}
