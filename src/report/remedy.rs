//! How a leaked key is got rid of, for reports that are no terminal: whom to turn to, and what to do
//! in which order.
//!
//! Not here: the advice of a provider itself, which is part of its rule file.

use crate::finding::Finding;
use crate::rule::{Provider, RuleSet};

/// What to do, whoever issued the key.
pub(super) const REVOKE: &str = "Revoke the key first, unless it never left this machine. Taking it \
    out of the file does not take it back: copies, forks and the git history keep it.";
/// What to do then.
pub(super) const REMOVE: &str =
    "Take it out of the file, and read the new key from the environment or from a secret store.";
/// Where nobody knows who issued the key.
pub(super) const STRANGER: &str = "Nothing proves who issued it. The code that uses the key shows \
    which service it opens: revoke it there.";
/// Where several issue keys of one form.
pub(super) const SOMEBODY: &str =
    "Several vendors issue such keys; the result says which one, where the content proves it.";
/// Where the provider's documents do not say how.
pub(super) const NO_PAGE: &str =
    "Look for the API keys in the settings of the account, and delete this one.";

/// One thing to do, with the command that does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) text: &'static str,
    pub(super) command: Option<&'static str>,
}

/// How a secret is got out of a history, in the order in which it must be done.
pub(super) const HISTORY: [Step; 5] = [
    Step {
        text: "Revoke every key that may still work, and put the new ones in place. A rewritten \
               history does not make a known key unknown.",
        command: None,
    },
    Step {
        text: "Agree with everybody who has a clone, and merge or close what is open: every commit \
               from the first secret on gets another name.",
        command: None,
    },
    Step {
        text: "Write down what is to be replaced. The file holds the secrets in clear: keep it out \
               of the repository, and delete it afterwards.",
        command: Some("keytrawl history --replacements ../replacements.txt"),
    },
    Step {
        text: "Rewrite a fresh clone, look whether anything is left, and push it over the old one.",
        command: Some(
            "git clone --mirror URL rewritten.git\n\
             cd rewritten.git\n\
             git filter-repo --replace-text ../replacements.txt \\\n  \
             --replace-message ../replacements.txt\n\
             keytrawl history .\n\
             git push --mirror --force URL",
        ),
    },
    Step {
        text: "What remains: forks, clones, pull requests and the server's own caches keep the old \
               commits. Delete the forks, have everybody clone anew, and ask the host to remove the \
               cached commits and pull request refs (refs/pull/*, refs/merge-requests/*).",
        command: None,
    },
];

/// How what no ref reaches is got rid of.
pub(super) const LEFTOVERS: &str = "Unreachable objects are in no fresh clone. Here they go with `git \
    reflog expire --expire-unreachable=now --all` and `git gc --prune=now`; ask the host to remove its \
    own.";
/// Where a rewrite does not reach.
pub(super) const BINARY: &str = "Such a rewrite leaves binary files alone. Take these out whole, with git \
    filter-repo --invert-paths --path FILE:";

/// Whom to turn to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remedy<'a> {
    /// The provider, for people.
    pub(super) name: &'a str,
    /// The page to open.
    pub(super) url: Option<&'a str>,
    /// What to do there.
    pub(super) steps: &'a str,
}

impl<'a> Remedy<'a> {
    /// What the rule file of a provider says.
    fn of(provider: &'a Provider) -> Self {
        match &provider.revocation {
            Some(revocation) => Self {
                name: &provider.name,
                url: revocation.url.as_deref(),
                steps: &revocation.steps,
            },
            None => Self { name: &provider.name, url: None, steps: NO_PAGE },
        }
    }

    /// The one for a finding; none if nobody knows who issued it.
    pub(super) fn of_finding(finding: &'a Finding, rules: &'a RuleSet) -> Option<Self> {
        let id = finding.provider.as_deref()?;
        Some(match rules.provider(id) {
            Some(provider) => Self::of(provider),
            None => Self { name: id, url: None, steps: NO_PAGE },
        })
    }

    /// Those for a rule: its provider, or each that may have issued its keys and says how to revoke.
    pub(super) fn of_rule(rule: &str, rules: &'a RuleSet) -> Vec<Self> {
        let Some(rule) = rules.rule(rule) else { return Vec::new() };
        if let Some(provider) = rule.provider.as_ref().and_then(|id| rules.provider(id)) {
            return vec![Self::of(provider)];
        }
        let named = rule.issuers.iter().filter(|issuer| !issuer.rival);
        let known = named.filter_map(|issuer| rules.provider(&issuer.provider));
        known.filter(|p| p.revocation.is_some()).map(Self::of).collect()
    }

    /// The page, if it is one that a browser opens.
    pub(super) fn page(&self) -> Option<&'a str> {
        self.url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
    }

    /// In one sentence.
    pub(super) fn sentence(&self) -> String {
        match self.url {
            Some(url) => format!("{}: {} ({url})", self.name, self.steps),
            None => format!("{}: {}", self.name, self.steps),
        }
    }
}
