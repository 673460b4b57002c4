//! Rules: what a leaked key looks like, who may have issued it, what to do about it.
//!
//! Rules are data (`rules/*.toml`), in the schema that gitleaks made common, with additions of our
//! own. Not here: searching for them.

mod expression;
mod foreign;
mod listed;
mod load;
mod names;
mod pattern;
mod prospect;
mod provider;
mod re2;
mod sample;
mod set;
mod shape;
mod syntax;
mod verify;

pub use expression::{Expression, Fact, Function, Mistake, Need, Node, Operator, Words};
pub use foreign::{Columns, Foreign, Level, Required};
pub use listed::{Listed, ListedProvider, index, is_built_in, is_weak};
pub use load::{LoadError, Notice, RuleFile, parse};
pub use names::{LAST, Name, Names};
pub use pattern::{Lead, MAX_MATCH, Pattern};
pub use provider::{Evidence, EvidenceKind, Provider, Revocation};
pub use sample::{armed, drawn};
pub use set::{RuleSet, builtin};
pub use shape::{SHELTER, weight};
pub use syntax::{Make, allowlists, allowlists_with, mistake_of, pattern};
pub use verify::{Answer, Conclusion, Header, Hint, JsonKind, Probe, Rate, Scalar, Verify};

use std::fmt;

/// One kind of secret.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The name that findings, configuration and fingerprints use.
    pub id: String,
    /// Other ids by which users know it: those that other scanners have for the same secret.
    pub aliases: Vec<String>,
    /// What the secret is, for people.
    pub description: String,
    /// The provider that the documented form alone proves, if any.
    pub provider: Option<String>,
    /// How bad a leak is.
    pub severity: Severity,
    /// Whether the key opens production or a sandbox, where the form tells.
    pub environment: Option<Environment>,
    /// The expression that finds it.
    pub pattern: Pattern,
    /// What the name says that the secret is assigned to, for secrets without a mark of their own:
    /// then the expression matches all of the assigned value.
    pub names: Option<Names>,
    /// The longest match, in bytes.
    pub longest: usize,
    /// Which capture group is the secret; 0 is the first group that took part, else all.
    pub secret_group: usize,
    /// Words of which one must be in the content; empty: always run. Lower case.
    pub keywords: Vec<String>,
    /// Shannon bits a character that the secret must exceed.
    pub entropy: Option<f64>,
    /// The documented form of the body; a body of this form is of high confidence.
    pub form: Option<Pattern>,
    /// What the body is the base64 of, all of it: a body of anything else is no match, and what this
    /// captures is judged in the body's place.
    pub inside: Option<Pattern>,
    /// What leads from one secret to the next one of a list, and takes in that: right behind a match.
    pub more: Option<Pattern>,
    /// What becomes of a body that has not the documented form.
    pub deviant: Deviant,
    /// Whether the body must look drawn at random.
    pub random: bool,
    /// What becomes of a body that reads like words.
    pub wordlike: Wordlike,
    /// Of how many characters a body is drawn that has others than letters, digits and the signs of
    /// base64; none: no key is written so, and such signs speak against chance.
    pub characters: Option<u32>,
    /// Whether the secret must start where no token is under way.
    pub boundary: bool,
    /// Whether nothing that continues a token may follow.
    pub exact_end: bool,
    /// The checksum that is part of the secret, by which chance is told from a real one.
    pub checksum: Option<Checksum>,
    /// In which encodings it is sought by its literal; none: in all, if it is not built in.
    pub encodings: Option<Encodings>,
    /// Providers that evidence may name as the issuer, with the body each issues.
    pub issuers: Vec<Issuer>,
    /// Files that the rule is for, by path.
    pub path: Option<Pattern>,
    /// Labels of the rule's author.
    pub tags: Vec<String>,
    /// What of its matches is no secret.
    pub allowlists: Vec<Allowlist>,
    /// Set for a rule that means what it means to gitleaks, and nothing more.
    pub foreign: Option<Foreign>,
    /// How each provider that can be asked is asked whether a key still works.
    pub verify: Vec<Verify>,
    /// Texts that the rule must report.
    pub examples: Vec<String>,
    /// Texts that it must not report.
    pub counter_examples: Vec<String>,
}

impl Rule {
    /// Whether it is about files by their paths alone.
    pub fn is_about_paths(&self) -> bool {
        self.foreign.as_ref().is_some_and(|foreign| foreign.path_only)
    }

    /// Whether matches are sought by a literal or a name. Other rules run over the whole plain
    /// content when a keyword is in it.
    pub fn is_anchored(&self) -> bool {
        self.pattern.lead().is_some() || self.names.is_some()
    }

    /// Whether its matches give way to those of any other rule.
    pub fn is_generic(&self) -> bool {
        self.id.contains("generic")
    }

    /// Whether all of its findings are of low confidence, for it is about what anyone guesses.
    pub fn is_weak(&self) -> bool {
        self.wordlike == Wordlike::Weak
    }

    /// Whether what a match is judged to be depends on more of it than the secret.
    pub fn asks_for_match(&self) -> bool {
        let by_words = matches!(self.wordlike, Wordlike::Doubt | Wordlike::Chosen | Wordlike::Weak);
        by_words || self.names.is_some()
    }

    /// Whether `id` is its id, or another one under which users may know it.
    pub fn is_called(&self, id: &str) -> bool {
        self.id == id || self.aliases.iter().any(|alias| alias == id)
    }

    /// Whether all of `text` is one secret of this rule, as far as its expression tells.
    pub fn is_whole(&self, text: &[u8]) -> bool {
        let Some(captures) = self.pattern.regex().and_then(|r| r.captures(text)) else {
            return false;
        };
        let first = || (1..captures.len()).filter_map(|g| captures.get(g)).find(|m| !m.is_empty());
        let secret = match self.secret_group {
            0 => first().or_else(|| captures.get(0)),
            group => captures.get(group),
        };
        secret.is_some_and(|m| m.start() == 0 && m.end() == text.len())
    }

    /// Whether the body of `secret`, which is one of this rule, has the documented form.
    pub fn is_documented(&self, secret: &[u8]) -> bool {
        let Some(form) = &self.form else { return true };
        let captures = self.pattern.regex().and_then(|regex| regex.captures(secret));
        let body = captures.and_then(|c| c.name("body").map(|body| body.as_bytes()));
        form.is_match(body.unwrap_or(secret))
    }

    /// What stands before the body of `secret`, which is one of this rule.
    fn before_body<'s>(&self, secret: &'s [u8]) -> Option<&'s str> {
        let captures = self.pattern.regex()?.captures(secret)?;
        std::str::from_utf8(&secret[..captures.name("body")?.start()]).ok()
    }

    /// The keyword that `secret` begins with, as it is written there.
    fn keyword_of<'s>(&self, secret: &'s [u8]) -> Option<&'s str> {
        let starts = |word: &&String| {
            secret.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word.as_bytes()))
        };
        let longest = self.keywords.iter().filter(starts).map(String::len).max()?;
        std::str::from_utf8(&secret[..longest]).ok()
    }

    /// How `provider` is asked about keys of this rule, if it can be.
    pub fn verify_with(&self, provider: &str) -> Option<&Verify> {
        self.verify.iter().find(|v| v.provider == provider)
    }
}

/// In which encodings a rule is sought by its literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encodings {
    /// Plain, base64, hexadecimal digits and UTF-16.
    Common,
    /// All that there are, also nested.
    All,
}

/// A checksum within a secret; see `filter::checksum` for how each is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Six characters of base62 at the end: GitHub.
    GitHub,
    /// The same of npm.
    Npm,
    /// The macaroon of a PyPI token.
    Pypi,
    /// Seven digits of base36 at the end: GitLab's routable tokens.
    GitLab,
    /// Eight hexadecimal digits at the end: Grafana.
    Grafana,
    /// Bech32: age.
    Age,
    /// The account number within an access key id of AWS.
    Aws,
    /// The header of a JSON Web Token.
    Jwt,
    /// JSON in base64 within the token: Sentry's organization tokens.
    SentryOrg,
    /// A number in base64 at the start: Discord.
    Discord,
    /// JSON in base64 behind the prefix: 1Password.
    OnePassword,
    /// The length that DER begins with: private keys.
    Der,
}

/// Who wrote a rule file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Origin {
    /// The program, or a file that the user named.
    #[default]
    Trusted,
    /// A file that the configuration of what is scanned names: it has no say in where a secret is
    /// sent.
    Scanned,
}

/// A provider that may have issued a key whose form does not tell.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Id of the provider.
    pub provider: String,
    /// The body that this provider issues; none: any.
    pub body: Option<Pattern>,
    /// Whether it is never named: its evidence only speaks against the others.
    pub rival: bool,
}

/// What becomes of a body that has not the documented form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Deviant {
    /// It is no secret.
    #[default]
    Reject,
    /// It is one, of medium confidence.
    Accept,
    /// It is one, of medium confidence, where the content names the issuer.
    Evidence,
}

/// What becomes of a body that reads like words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Wordlike {
    /// It is no secret.
    #[default]
    Reject,
    /// It is one, of low confidence, unless it is written as people choose passwords from words.
    Doubt,
    /// It is none, unless it is written as people choose passwords from words.
    Chosen,
    /// It is one, of low confidence, if it is a password that anyone guesses; others are for other rules.
    Weak,
    /// It is one, if it is no phrase: mark, length and ends say enough where the body is short, and so
    /// reads like words by chance once in a while.
    Accept,
}

/// How bad a leak is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// A sandbox, or next to no harm.
    Low,
    /// Limited harm.
    Medium,
    /// A live key.
    #[default]
    High,
    /// A live key to everything that a company has there.
    Critical,
}

impl Severity {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Production.
    Live,
    /// A sandbox.
    Test,
}

impl Environment {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Environment::Live => "live",
            Environment::Test => "test",
        }
    }
}

/// What of some matches is no secret after all, by the word of whoever wrote the rule or the
/// configuration.
#[derive(Clone, Debug, Default)]
pub struct Allowlist {
    /// Why.
    pub description: String,
    /// Rules that it is for; empty: all.
    pub rules: Vec<String>,
    /// Whether every kind of check that is present must hold; else one is enough.
    pub all: bool,
    /// Paths that are allowed.
    pub paths: Vec<Pattern>,
    /// Expressions, sought in `target`.
    pub regexes: Vec<Pattern>,
    /// What `regexes` look at.
    pub target: Target,
    /// Lower-case words, one of which the secret holds.
    pub stopwords: Vec<String>,
    /// Fingerprints of findings.
    pub fingerprints: Vec<String>,
    /// Commits whose content is allowed.
    pub commits: Vec<String>,
    /// An expression that is true of what is allowed.
    pub expression: Option<Expression>,
    /// Where somebody wrote it; none of those that are built in.
    pub written: Option<Written>,
}

impl Allowlist {
    /// Why, if somebody said so.
    pub fn reason(&self) -> Option<String> {
        Some(&self.description).filter(|text| !text.is_empty()).cloned()
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file, as its reader called it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// What the expressions of an allowlist look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Target {
    /// The secret.
    #[default]
    Secret,
    /// All that the rule's expression matched.
    Match,
    /// The lines that hold the match.
    Line,
}
