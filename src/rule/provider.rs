//! Who issues keys: the names they go by, and how a leaked key is revoked.
//!
//! Not here: looking for the names; see `attribution`.

use super::Origin;

/// An issuer of keys.
#[derive(Clone, Debug, Default)]
pub struct Provider {
    /// The name in reports and options, such as `leadey`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Texts that prove this issuer when they stand near a key.
    pub evidence: Vec<Evidence>,
    /// How to get rid of a leaked key.
    pub revocation: Option<Revocation>,
    /// Whether what is scanned had no say in it: see [`super::Origin`].
    pub origin: Origin,
}

/// Where and how a leaked key is revoked.
#[derive(Clone, Debug, Default)]
pub struct Revocation {
    /// The page to open.
    pub url: Option<String>,
    /// What to do there.
    pub steps: String,
}

/// A text that proves an issuer.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What surrounds it.
    pub kind: EvidenceKind,
    /// The text; matched without regard to case.
    pub text: String,
}

/// What may surround a text for it to be evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    /// A host name: subdomains count, longer names do not.
    Host,
    /// An environment variable or setting; a text that ends in `_` is the start of a name.
    Env,
    /// A package name or a piece of a URL: what surrounds it does not matter.
    Text,
    /// A word of its own, camel humps and underscores being word ends.
    Word,
}

impl EvidenceKind {
    /// The word for the report.
    pub fn as_str(self) -> &'static str {
        match self {
            EvidenceKind::Host => "host",
            EvidenceKind::Env => "name",
            EvidenceKind::Text => "text",
            EvidenceKind::Word => "word",
        }
    }
}
