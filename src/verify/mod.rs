//! Live checks: whether a key still works, by the word of the provider that issued it.
//!
//! The only module that opens a socket. It is told whom to ask by the evidence of a finding and by
//! the rules' tables, sends a key to nobody else, and believes an acceptance only of an endpoint that
//! has refused a made-up key. Nothing of a secret leaves it except in the request's header. Not here:
//! when to ask (only if the user says so), and how a verdict looks.

mod answer;
mod client;
mod clock;
mod endpoint;
mod gate;
mod plan;
mod proxy;
mod resolver;
mod roots;
mod run;
mod transport;

pub use endpoint::Endpoint;
pub use plan::{Decision, decide};
pub use roots::Roots;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::finding::{Finding, Verdict, Verification};
use crate::rule::RuleSet;

/// How live checks are made.
#[derive(Clone)]
pub struct Options {
    /// What takes the place of scheme, host and port of a provider's address.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Providers to ask about keys whose issuer nothing proves, by the word of the user.
    pub verify_as: Vec<String>,
    /// The authorities whose certificates count.
    pub roots: Roots,
    /// The longest that one request may take, from its name look-up to the end of its answer.
    pub timeout: Duration,
    /// Whether the run should end.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("endpoints", &self.endpoints)
            .field("verify_as", &self.verify_as)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What keeps live checks from being made at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No provider has this id.
    #[error("there is no provider `{id}`")]
    UnknownProvider {
        /// The id.
        id: String,
        /// One that it may be a slip of.
        near: Option<String>,
    },
    /// No rule says how this provider is asked.
    #[error("there is no live check for `{id}`")]
    NoCheck {
        /// The id.
        id: String,
        /// The providers that can be asked.
        known: Vec<String>,
    },
    /// An address that no secret may be sent to.
    #[error("`{url}` is no address for live checks: {why}")]
    Endpoint {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file of certificates that cannot be used.
    #[error("the certificates of `{path}` could not be read: {why}")]
    Certificates {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A proxy that cannot be used. Its address is not told: it may hold a password.
    #[error("the environment variable {variable} is no address of a proxy: {why}")]
    Proxy {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The threads or the TLS library could not be had.
    #[error("live checks could not be started: {why}")]
    Start {
        /// Why.
        why: String,
    },
}

/// Checks what the user says of providers against the rules.
///
/// # Errors
/// If a provider is not known, or cannot be asked.
pub fn check_provider(id: &str, rules: &RuleSet) -> Result<(), Error> {
    let mut known: Vec<String> =
        rules.rules.iter().flat_map(|r| &r.verify).map(|v| v.provider.clone()).collect();
    known.sort();
    known.dedup();
    if known.iter().any(|k| k == id) {
        return Ok(());
    }
    if rules.provider(id).is_some() {
        return Err(Error::NoCheck { id: id.to_owned(), known });
    }
    let ids: Vec<&str> = rules.providers.iter().map(|p| &*p.id).collect();
    let near = crate::document::nearest(id, &ids).map(str::to_owned);
    Err(Error::UnknownProvider { id: id.to_owned(), near })
}

/// Checks what the environment says of proxies, before anything is scanned in vain.
///
/// # Errors
/// If it names a proxy that is none.
pub fn check_environment() -> Result<(), Error> {
    proxy::named().map(|_| ())
}

/// Asks about each finding that there is somebody to ask about, and notes in each what came of it.
///
/// Distinct secrets are sent once. If the run is cancelled, what was learned until then is kept.
///
/// # Errors
/// If nothing could be asked at all; the findings are as they were.
pub fn verify(findings: &mut [Finding], rules: &RuleSet, options: &Options) -> Result<(), Error> {
    let plan = plan::Plan::new(findings, rules, options)?;
    for (index, reason) in &plan.left {
        findings[*index].verification = not_checked(reason.clone());
    }
    let asked: Vec<usize> = plan.asked().collect();
    for index in asked {
        let reason = "the run was interrupted before anybody was asked";
        findings[index].verification = missed(reason.to_owned());
    }
    run::run(plan, options, |indices, verification| {
        for index in indices {
            findings[*index].verification = verification.clone();
        }
    })
}

fn not_checked(reason: String) -> Verification {
    let reason = Some(reason);
    Verification {
        verdict: Verdict::NotChecked,
        reason,
        checked_at: None,
        endpoint: None,
        missed: false,
    }
}

/// Nobody was asked though there is somebody to ask.
fn missed(reason: String) -> Verification {
    Verification { missed: true, ..not_checked(reason) }
}
