//! Decides whether a match is a secret, and how sure.
//!
//! The cheap checks come first; each says no with a reason. Not here: who issued it.

pub mod allow;
pub mod allowlist;
mod bytes;
pub mod checksum;
mod chosen;
pub mod expression;
mod foreign;
pub mod own;
pub mod placeholder;
mod published;
pub mod ties;
mod weak;

use std::borrow::Cow;
use std::fmt;

use placeholder::{Nesting, Placeholder, has_run, nesting};

use crate::decode;
use crate::finding::Confidence;
use crate::matcher::{Match, inside};
use crate::randomness;
use crate::rule::{Checksum, Deviant, Rule, Wordlike};

/// Why a match is no finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Documentation, a template, a mask.
    Placeholder(Placeholder),
    /// Words, or a name: too unlikely to be drawn at random.
    Wordlike {
        /// Bits of evidence for chance; below nought.
        bits: i32,
    },
    /// What is assigned says the name that it is assigned to.
    Name,
    /// It stands where a password would, and is the name, the type or the place of one.
    NoPassword,
    /// It belongs to a fingerprint of ours.
    Fingerprint,
    /// Not everybody guesses it: that is for other rules.
    Strong,
    /// The body has not the documented form, and nothing else speaks for it.
    Form,
    /// Too little Shannon entropy for the rule.
    Entropy,
    /// The rule is for other files.
    Path,
    /// An allowlist of the rule.
    RuleAllowlist(String),
    /// No keyword of the rule is in the content.
    Keyword,
    /// The rule only serves others.
    Silent,
    /// The rule requires another one near.
    Lacks(String),
    /// Another rule has the same secret, and tells more of it.
    Yields(String),
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::Placeholder(placeholder) => placeholder.fmt(f),
            Rejection::Wordlike { bits } => {
                write!(f, "it reads like words, not like chance ({bits} bits)")
            }
            Rejection::Name => f.write_str("it says the name that it is assigned to"),
            Rejection::NoPassword => f.write_str("it tells of a password, and is none"),
            Rejection::Fingerprint => f.write_str("it is a fingerprint of a finding"),
            Rejection::Strong => f.write_str("it is no password that anyone guesses"),
            Rejection::Form => f.write_str("it has not the documented form"),
            Rejection::Entropy => f.write_str("it has too little entropy for the rule"),
            Rejection::Path => f.write_str("the rule is for other files"),
            Rejection::RuleAllowlist(why) if why.is_empty() => {
                f.write_str("an allowlist of the rule names it")
            }
            Rejection::RuleAllowlist(why) => write!(f, "an allowlist of the rule names it: {why}"),
            Rejection::Keyword => f.write_str("no keyword of the rule is there"),
            Rejection::Silent => f.write_str("the rule only serves others"),
            Rejection::Lacks(id) => write!(f, "the rule requires `{id}` near it"),
            Rejection::Yields(id) => write!(f, "the rule `{id}` tells more of it"),
        }
    }
}

/// Characters without which nothing is a secret, however many escapes they are written in.
const LEAST: usize = 6;

/// A body that need not look drawn is refused below this: it is a phrase.
const PHRASE: f64 = -12.0;

/// Whether a match is a secret by itself, and how sure: `named` says whether the content names the
/// rule's provider.
///
/// # Errors
/// The reason why it is none.
pub fn judge(rule: &Rule, found: &Match, named: bool) -> Result<Confidence, Rejection> {
    let secret = found.secret.expose();
    if rule.foreign.is_some() {
        return foreign::judge(rule, secret);
    }
    let body = &secret[found.body.range()];
    let within = rule.inside.as_ref().and_then(|pattern| inside(pattern, body));
    let body = within.as_ref().map_or(body, |within| within.as_slice());
    let unescaped: Option<Cow<'_, [u8]>> =
        rule.characters.map(|_| percent_encoding::percent_decode(body).into());
    let body = unescaped.as_deref().unwrap_or(body);
    if unescaped.is_some() && body.len() < LEAST {
        return Err(Rejection::Form);
    }
    if rule.is_weak() {
        return weak::judge(found, body).map(|()| Confidence::Low);
    }
    let shown = decode::base64_text(body);
    let sum = rule.checksum.and_then(|kind| checksum::check(kind, secret));
    if let Some(refusal) = refused(rule, found, body, shown.as_deref(), sum) {
        return Err(refusal);
    }
    let chance = chance(rule, found, body, shown.as_deref())?;
    let form = form(rule, found, named)?;
    Ok(match sum {
        Some(true) => Confidence::High,
        Some(false) => form.min(chance).min(Confidence::Medium),
        None => form.min(chance),
    })
}

/// Why a match is none, whatever its form: what says so by itself. `shown` is the text that its body is
/// the base64 of, if it is, and `sum` whether its checksum is right, if it has one.
fn refused(
    rule: &Rule,
    found: &Match,
    body: &[u8],
    shown: Option<&[u8]>,
    sum: Option<bool>,
) -> Option<Rejection> {
    if let Some(sample) = sample(rule, found, body, shown) {
        return Some(Rejection::Placeholder(sample));
    }
    let secret = found.secret.expose();
    if rule.names.is_some() && is_name(&found.matched, secret) {
        return Some(Rejection::Name);
    }
    if rule.entropy.is_some_and(|least| shannon(secret) <= least) {
        return Some(Rejection::Entropy);
    }
    let is_cut = (rule.checksum, sum) == (Some(Checksum::Der), Some(false));
    is_cut.then_some(Rejection::Placeholder(Placeholder::Masked))
}

/// The sample that a body is, by itself, by the text that it is the base64 of, or by its UUID.
fn sample(rule: &Rule, found: &Match, body: &[u8], shown: Option<&[u8]>) -> Option<Placeholder> {
    match placeholder::reason(body) {
        // Among signs that are drawn, some look like those of a template.
        None => {}
        Some(Placeholder::Template) if rule.characters.is_some() => {}
        sample => return sample,
    }
    if rule.is_generic() && has_run(body) {
        return Some(Placeholder::Repeated);
    }
    if rule.is_generic() && nesting(body) == Nesting::Pairs {
        return Some(Placeholder::Template);
    }
    let counts =
        |sample: &Placeholder| matches!(sample, Placeholder::Repeated | Placeholder::Sequence);
    let uuid = || found.uuid.map(|span| &found.secret.expose()[span.range()]);
    let hidden = shown.and_then(placeholder::reason).filter(counts);
    hidden.or_else(|| uuid().and_then(placeholder::uuid_reason))
}

/// How sure the form of a match is.
///
/// # Errors
/// If it has not the documented one, and the rule wants that.
fn form(rule: &Rule, found: &Match, named: bool) -> Result<Confidence, Rejection> {
    Ok(match (&rule.form, found.exact, rule.deviant) {
        (Some(_), true, _) => Confidence::High,
        (None, ..) if rule.exact_end => Confidence::High,
        (None, ..) | (_, _, Deviant::Accept) => Confidence::Medium,
        (_, _, Deviant::Evidence) if named => Confidence::Medium,
        (_, _, Deviant::Evidence) => Confidence::Low,
        (_, _, Deviant::Reject) => return Err(Rejection::Form),
    })
}

/// Whether a value, with which a match ends, says in its letters and digits what stands before it, as
/// texts for a user's eyes do (`"API token": "API-Token"`), or ends with it, as references do.
fn is_name(matched: &[u8], value: &[u8]) -> bool {
    let Some(before) = matched.len().checked_sub(value.len()) else { return false };
    // From the ends, and without a copy of the value.
    let (name, value) = (backwards(&matched[..before]), backwards(value));
    let mut both = name.clone().zip(value.clone());
    name.count().min(value.count()) >= NAME && both.all(|(a, b)| a == b)
}

/// The letters and digits of a text in lower case, the last one first.
fn backwards(text: &[u8]) -> impl Iterator<Item = u8> + Clone + '_ {
    text.iter().rev().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
}

/// Letters and digits of a name that no value ends with by chance.
const NAME: usize = 8;

/// How sure the look of the body is, which is the base64 of the text `shown`, if it is given: it must
/// not read like words, in base64 neither. (Some vendors
/// issue keys that are base64 of a name and a random part; those pass.)
fn chance(
    rule: &Rule,
    found: &Match,
    body: &[u8],
    shown: Option<&[u8]>,
) -> Result<Confidence, Rejection> {
    if !rule.is_anchored() {
        return Ok(Confidence::Medium);
    }
    let bits = match shown {
        // What stands behind a mark may be a user and a password; what is assigned to a name seldom.
        Some(text) if rule.names.is_none() => shown_bits(text),
        Some(text) => randomness::evidence(text).bits,
        None => match rule.characters {
            Some(characters) => randomness::evidence_among(body, characters).bits,
            None => randomness::evidence(body).bits,
        },
    };
    if let Some(decoded) = decode::base64_bytes(body)
        && let text = decoded.trim_ascii_end()
        && is_constant(text)
    {
        let bits = randomness::evidence(text).bits;
        if bits < randomness::LIKELY {
            return Err(Rejection::Wordlike { bits: bits.floor() as i32 });
        }
    }
    let least = match rule.random {
        true if rule.wordlike == Wordlike::Accept => PHRASE,
        true if is_identifier(rule, body) => randomness::CERTAIN,
        true => drawn(body),
        false => PHRASE,
    };
    if bits >= least {
        return Ok(Confidence::High);
    }
    match rule.wordlike {
        Wordlike::Doubt | Wordlike::Chosen if chosen::is_password(found, body, bits) => {
            return Ok(Confidence::Medium);
        }
        Wordlike::Doubt => return Ok(Confidence::Low),
        Wordlike::Chosen => return Err(Rejection::Wordlike { bits: bits.floor() as i32 }),
        Wordlike::Reject | Wordlike::Weak | Wordlike::Accept => {}
    }
    if bits < 0.0 || !rule.random {
        return Err(Rejection::Wordlike { bits: bits.floor() as i32 });
    }
    Ok(Confidence::Low)
}

/// The bits of a text that base64 hides: of a user and a password, as `Basic` and registries have them,
/// those of the password, for a user is a name.
fn shown_bits(text: &[u8]) -> f64 {
    let whole = randomness::evidence(text).bits;
    let Some(at) = memchr::memchr(b':', text) else { return whole };
    let (user, password) = (&text[..at], &text[at + 1..]);
    let is_user = |b: &u8| b.is_ascii_alphanumeric() || b"._@+$-".contains(b);
    match user.iter().all(is_user) && password.len() >= PASSWORD {
        true => whole.max(randomness::evidence(password).bits),
        false => whole,
    }
}

/// A password shorter than this says too little by itself.
const PASSWORD: usize = 12;

/// Whether a text is written like a constant, as what stands in for a secret in a template is:
/// `ACCESS_KEY`, `TESTKEY1`.
fn is_constant(text: &[u8]) -> bool {
    let letters = text.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    letters >= 6
        && letters + 2 >= text.iter().filter(|byte| **byte != b'_').count()
        && text.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

/// The bits from which on a body is taken to be drawn: chance seldom draws letters of one case alone, and
/// words run together are just that.
fn drawn(body: &[u8]) -> f64 {
    if is_one_case(body) { randomness::CERTAIN } else { randomness::LIKELY }
}

/// Whether a body has letters of one case and no digits, but for a capital at its start.
fn is_one_case(body: &[u8]) -> bool {
    let body = match body {
        [first, rest @ ..] if first.is_ascii_uppercase() => rest,
        _ => body,
    };
    let has = |test: fn(&u8) -> bool| body.iter().any(test);
    !has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) != has(u8::is_ascii_uppercase)
}

/// Whether a body is of letters alone, as names of types and variables are: of 20 characters of base62
/// drawn at random, three in a hundred have no digit.
fn is_identifier(rule: &Rule, body: &[u8]) -> bool {
    let is_named = rule.is_generic() && rule.names.is_some();
    is_named && body.iter().all(u8::is_ascii_alphabetic)
}

/// Shannon entropy in bits a byte.
fn shannon(bytes: &[u8]) -> f64 {
    let mut counts = [0usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    let term = |count: usize| {
        let p = count as f64 / total;
        -p * p.log2()
    };
    counts.iter().filter(|c| **c > 0).map(|c| term(*c)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::armed;

    #[test]
    fn a_value_that_says_its_name_is_told() {
        let says =
            |name: &str, value: &str| is_name([name, value].concat().as_bytes(), value.as_bytes());
        assert!(says("OAuth Token URL\": \"", "OAuth-Token-URL"));
        assert!(says("robot_token: ", "Acme-Robot-Token"));
        assert!(says("\"Acme Robot Token\": \"", "Robot-Token"));
        assert!(!says("robot_token: ", "Acme-Robot-Key") && !says("key=", "acme-key"));
    }

    #[test]
    fn the_password_behind_a_user_counts() {
        let drawn = |text: &str| shown_bits(armed(text).as_bytes()) >= randomness::LIKELY;
        assert!(
            drawn("acme-deploy-of-images:{uuid}") && drawn("acme-deploy-of-images:{base62:16}")
        );
        assert!(!drawn("acme-deploy-of-images:the-registry-of-acme"));
        // No user is written so.
        assert!(!drawn("the id of this (in short):{base62:14}") && !drawn("acme:{base62:6}"));
    }
}
