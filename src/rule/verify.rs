//! `[rules.verify]`: how a provider is asked whether a key still works, as data.
//!
//! One GET request with headers, and rows that turn an answer into a conclusion. Not here: asking;
//! see the module `verify` of the crate.

mod syntax;

use std::sync::Arc;
use std::time::Duration;

pub(super) use syntax::{read, settle};

use super::{Pattern, Rule, drawn};

/// How one provider is asked about the keys of one rule.
#[derive(Clone, Debug)]
pub struct Verify {
    /// Id of the provider, the only one to whom such a key is sent.
    pub provider: String,
    /// The shape of a made-up key, with the placeholders of [`armed`](super::armed).
    pub control: String,
    /// Secrets of these forms are documented to be of others.
    pub foreign: Option<Pattern>,
    /// The request and its answers.
    pub probe: Arc<Probe>,
    /// The rule whose probe is to be taken, until the whole file is read.
    like: Option<Like>,
}

/// A reference to another rule of the file.
#[derive(Clone, Debug)]
struct Like {
    rule: String,
    at: std::ops::Range<usize>,
}

/// A request, and what its answers mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// `https://host/path`; no part of it is secret.
    pub url: String,
    /// The headers, beside those that HTTP itself needs.
    pub headers: Vec<Header>,
    /// Headers that must not be sent, in lower case.
    pub never_send: Vec<String>,
    /// Values that stand near a key and that the provider wants to be told.
    pub context: Vec<Hint>,
    /// How many requests the provider takes.
    pub rate: Option<Rate>,
    /// Tried in their order; an answer that none of them fits proves nothing.
    pub answers: Vec<Answer>,
}

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value, in which `{secret}` and the names of context values in braces are replaced.
    pub value: String,
}

/// A UUID that stands near a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The name that headers use.
    pub name: String,
    /// The names before the value in content, without regard to case.
    pub near: Vec<String>,
    /// What is sent if there is none.
    pub fallback: String,
}

/// So many requests in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number of requests.
    pub requests: usize,
    /// In this time.
    pub per: Duration,
}

/// A row: if an answer fits all of it, the key is as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status codes.
    pub status: Vec<u16>,
    /// Headers and a text that each must contain, without regard to case.
    pub headers: Vec<(String, String)>,
    /// JSON pointers and the values of which one must stand there.
    pub equals: Vec<(String, Vec<Scalar>)>,
    /// JSON pointers and the texts of which one must be in the text there.
    pub contains: Vec<(String, Vec<String>)>,
    /// JSON pointers and the kind of value there.
    pub kinds: Vec<(String, JsonKind)>,
    /// JSON pointers where something must stand.
    pub exists: Vec<String>,
    /// Texts of which one must be in the body.
    pub text: Vec<String>,
    /// Context values that must have been found.
    pub with: Vec<String>,
    /// Context values that must not have been found.
    pub without: Vec<String>,
    /// What it means.
    pub conclusion: Conclusion,
    /// Why, for people.
    pub reason: Option<String>,
    /// Whether this is how a made-up key is refused.
    pub refuses: bool,
}

/// What an answer says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conclusion {
    /// It works.
    Active,
    /// It does not.
    Inactive,
    /// Nothing.
    Unknown,
}

/// A value in JSON without parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
}

/// A kind of value in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonKind {
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `{…}`.
    Object,
    /// `[…]`.
    Array,
}

impl Verify {
    /// The shape of a made-up key of the kind of `secret`, which is one of `rule`: where a rule finds
    /// keys of several prefixes, it begins as the secret does.
    pub fn control_like(&self, rule: &Rule, secret: &[u8]) -> String {
        let sample = drawn(&self.control, 1);
        let prefixes = [
            (rule.before_body(secret), rule.before_body(sample.as_bytes())),
            (rule.keyword_of(secret), rule.keyword_of(sample.as_bytes())),
        ];
        // Only where all of it is a prefix: what is drawn in a made-up key is secret in a real one.
        let like = |(own, made): (Option<&str>, Option<&str>)| {
            Some(format!("{}{}", own?, self.control.strip_prefix(made?)?))
        };
        let is_one = |control: &String| rule.is_whole(drawn(control, 1).as_bytes());
        let found = prefixes.into_iter().find_map(like).filter(is_one);
        found.unwrap_or_else(|| self.control.clone())
    }

    /// Whether a secret has a form that others than the provider document.
    pub fn is_foreign(&self, secret: &[u8]) -> bool {
        self.foreign.as_ref().is_some_and(|f| f.is_match(secret))
    }
}

impl Answer {
    /// Whether it needs the body to be JSON.
    pub fn needs_json(&self) -> bool {
        let pointers = self.equals.len() + self.contains.len() + self.kinds.len();
        pointers + self.exists.len() > 0
    }
}
