//! Live checks on request: `--verify`, and `keytrawl verify` for one secret.
//!
//! Not here: asking; see the module `verify` of the crate.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use zeroize::Zeroizing;

use super::args::{AskingArgs, FailOnArg, LiveArgs, VerdictFormatArg, VerifyArgs};
use super::exit::Exit;
use super::message::Failure;
use super::{progress, rules, scan};
use crate::blob::{Blob, Provenance};
use crate::finding::{
    Clues, Confidence, Finding, Fingerprint, Outcome, Secret, Verdict, Verification,
};
use crate::pipeline::Pipeline;
use crate::report::sanitize::visible;
use crate::rule::{Deviant, Listed, Rule, RuleSet};
use crate::scanner::{self, Scanner};
use crate::source::{Progress, Worker};
use crate::verify::{self, Endpoint, Error, Options, Roots};

/// Set by Ctrl-C: checks end, and what was learned is kept.
pub(super) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long one request may take, if the user does not say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// No secret is longer than this, nor is the text around it.
const MAX_INPUT: u64 = 64 << 10;

/// Whether what the user wants of live checks can be done, before anything is scanned.
pub(super) fn check(args: &LiveArgs, rules: &RuleSet) -> Result<(), Failure> {
    if args.verify {
        return options(&args.asking, &args.verify_as, rules).map(|_| ());
    }
    let asking = &args.asking;
    let idle = [
        (!args.verify_as.is_empty(), "--verify-as"),
        (!asking.verify_endpoint.is_empty(), "--verify-endpoint"),
        (asking.verify_timeout.is_some(), "--verify-timeout"),
        (!asking.ca_file.is_empty(), "--ca-file"),
        (args.fail_on == FailOnArg::Active, "--fail-on active"),
    ];
    match idle.iter().find(|(given, _)| *given) {
        Some((_, option)) => {
            Err(Failure::new(format!("`{option}` is of no use without `--verify`"))
                .hint("add `--verify`: nothing is sent anywhere without it"))
        }
        None => Ok(()),
    }
}

/// The outcome with the verdicts of the providers; none if nobody wants them. `wanted` is a line on
/// a terminal that says what takes so long.
pub(super) fn verified(
    args: &LiveArgs,
    wanted: bool,
    outcome: &Outcome,
    rules: &RuleSet,
) -> Result<Option<Outcome>, Failure> {
    if !args.verify {
        return Ok(None);
    }
    let options = options(&args.asking, &args.verify_as, rules)?;
    let mut outcome = outcome.clone();
    let before = INTERRUPTED.load(Ordering::Relaxed);
    let message = || "asking which keys still work".to_owned();
    let ask = || verify::verify(&mut outcome.findings, rules, &options);
    progress::told(message, wanted, ask).map_err(|e| failure(&e))?;
    if !before && INTERRUPTED.load(Ordering::Relaxed) {
        scan::interrupted(&mut outcome);
    }
    Ok(Some(outcome))
}

fn options(args: &AskingArgs, verify_as: &[String], rules: &RuleSet) -> Result<Options, Failure> {
    let mut endpoints = std::collections::BTreeMap::new();
    for (provider, url) in &args.verify_endpoint {
        verify::check_provider(provider, rules).map_err(|e| failure(&e))?;
        let endpoint = Endpoint::parse(url).map_err(|e| failure(&e))?;
        endpoints.insert(provider.clone(), endpoint);
    }
    for provider in verify_as {
        verify::check_provider(provider, rules).map_err(|e| failure(&e))?;
    }
    verify::check_environment().map_err(|e| failure(&e))?;
    Ok(Options {
        endpoints,
        verify_as: verify_as.to_vec(),
        roots: Roots::load(&args.ca_file).map_err(|e| failure(&e))?,
        timeout: args.verify_timeout.unwrap_or(TIMEOUT),
        cancelled: Arc::new(|| INTERRUPTED.load(Ordering::Relaxed)),
    })
}

fn failure(error: &Error) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        Error::UnknownProvider { near: Some(near), .. } => {
            failure.hint(format!("did you mean `{near}`?"))
        }
        Error::UnknownProvider { .. } => failure.hint("`keytrawl rules show ID` names the issuers"),
        Error::NoCheck { known, .. } => {
            failure.hint(format!("these can be asked: {}", known.join(", ")))
        }
        Error::Endpoint { .. } => {
            failure.hint("write `https://host:port`, or `http://127.0.0.1:port`")
        }
        Error::Certificates { .. } => failure.hint("`--ca-file` wants certificates in PEM"),
        Error::Proxy { .. } => {
            failure.hint("write `http://host:port`, or unset it to do without a proxy")
        }
        Error::Start { .. } => failure,
    }
}

/// Asks about one secret, and says with the exit code whether it works.
pub(super) fn run(args: VerifyArgs) -> Result<Exit, Failure> {
    let mut set = rules::load(std::iter::empty())?;
    rules::add_named(&mut set, &args.rules)?;
    let named: Vec<String> = args.provider.iter().cloned().collect();
    let options = options(&args.asking, &named, &set)?;
    scan::end_on_interrupt(&Arc::new(Progress::default()));
    let mut finding = finding(&read()?, args.provider.as_deref(), &set)?;
    let findings = std::slice::from_mut(&mut finding);
    verify::verify(findings, &set, &options).map_err(|e| failure(&e))?;
    write(&args, &finding)
        .map_err(|e| Failure::new(format!("the verdict could not be written: {e}")))?;
    Ok(match finding.verification.verdict {
        Verdict::Active => Exit::Found,
        Verdict::Inactive => Exit::Clean,
        Verdict::Unknown | Verdict::NotChecked => Exit::Failed,
    })
}

fn read() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_INPUT as usize + 1));
    let mut input = io::stdin().lock().take(MAX_INPUT + 1);
    input
        .read_to_end(&mut text)
        .map_err(|e| Failure::new(format!("standard input could not be read: {e}")))?;
    if text.len() as u64 > MAX_INPUT {
        return Err(Failure::new("standard input is too long for one secret")
            .hint("`keytrawl --verify -` scans what is longer"));
    }
    if text.trim_ascii().is_empty() {
        return Err(Failure::new("standard input holds no secret")
            .hint("write the secret to it: `printf %s \"$KEY\" | keytrawl verify`"));
    }
    Ok(text)
}

/// The secret on standard input: all of it, else the only one that a scan finds in it.
fn finding(text: &[u8], provider: Option<&str>, set: &RuleSet) -> Result<Finding, Failure> {
    let whole = text.trim_ascii();
    let fitting = fitting(whole, provider, set);
    match (fitting.first(), provider) {
        (Some(rule), Some(id)) if rule.verify_with(id).is_none() => return Err(foreign(id)),
        (Some(rule), Some(_)) => return Ok(alone(whole, rule, None)),
        (Some(rule), None) => return Ok(alone(whole, rule, issuer(whole, &fitting))),
        (None, _) => {}
    }
    let mut found = scanned(text, set);
    match (found.len(), provider) {
        (1, None) => Ok(found.remove(0)),
        (1, Some(id)) => {
            let mut finding = found.remove(0);
            finding.provider = None;
            finding.clues.rivals.clear();
            match set.rule(&finding.rule).and_then(|r| r.verify_with(id)) {
                Some(_) => Ok(finding),
                None => Err(foreign(id)),
            }
        }
        (0, Some(id)) => Err(foreign(id)),
        (0, None) => Err(Failure::new("standard input holds no secret that a rule knows")
            .hint("`keytrawl rules list` lists what is known; `--provider` names the issuer")),
        (more, _) => Err(Failure::new(format!("standard input holds {more} secrets"))
            .hint("write one to it, or scan with `keytrawl --verify -`")),
    }
}

fn foreign(provider: &str) -> Failure {
    Failure::new(format!("this has not the form of a secret of `{provider}`"))
        .hint("nothing was sent; check whether all of it was written to standard input")
}

/// The rules of which `whole` is a secret, the most telling first: those that can ask whom the user
/// named, then those that name an issuer, then those with the longest beginning.
fn fitting<'s>(whole: &[u8], provider: Option<&str>, set: &'s RuleSet) -> Vec<&'s Rule> {
    let asks = |rule: &Rule| provider.is_some_and(|id| rule.verify_with(id).is_some());
    // A rule that goes by names takes any text for its own; only the user's word is in their place.
    let told = |listed: &&Listed| listed.names().is_none() || asks(listed);
    let fits = |rule: &&Rule| rule.is_whole(whole);
    let mut fitting: Vec<&Rule> =
        set.rules.iter().filter(told).map(|listed| &**listed).filter(fits).collect();
    let beginning = |rule: &Rule| std::cmp::Reverse(beginning(rule, whole));
    fitting.sort_by_key(|rule| (!asks(rule), rule.provider.is_none(), beginning(rule)));
    fitting
}

/// How long the beginning is that a rule knows of a secret.
fn beginning(rule: &Rule, secret: &[u8]) -> usize {
    let prefixes = rule.pattern.prefixes().into_iter().flatten();
    prefixes.filter(|p| secret.starts_with(p)).map(Vec::len).max().unwrap_or(0)
}

/// The provider that the form of a secret proves: all rules that tell as much must agree on it.
fn issuer(secret: &[u8], fitting: &[&Rule]) -> Option<String> {
    let first = fitting.first()?;
    let own = first.provider.as_ref()?;
    let same = |rule: &&&Rule| beginning(rule, secret) == beginning(first, secret);
    let agree = |rule: &Rule| rule.provider.as_ref().is_none_or(|other| other == own);
    let doubtful = first.deviant == Deviant::Evidence && !first.is_documented(secret);
    let agreed = fitting.iter().filter(same).all(|rule| agree(rule));
    (agreed && !doubtful).then(|| own.clone())
}

/// A secret without anything around it, and who issued it.
fn alone(secret: &[u8], rule: &Rule, provider: Option<String>) -> Finding {
    let secret = Secret::new(secret, beginning(rule, secret));
    Finding {
        rule: rule.id.clone(),
        description: rule.description.clone(),
        provider,
        environment: rule.environment,
        severity: rule.severity,
        confidence: Confidence::Medium,
        fingerprint: Fingerprint::new(&rule.id, "-", &secret),
        secret,
        verification: Verification::not_asked(),
        evidence: Vec::new(),
        clues: Clues::default(),
        occurrences: Vec::new(),
    }
}

fn scanned(text: &[u8], set: &RuleSet) -> Vec<Finding> {
    let scanner = Scanner::new(set, scanner::Options::default());
    let pipeline = Pipeline::new(&scanner);
    let provenance = Provenance::named("-");
    pipeline.worker().blob(&Blob::whole(text, &provenance));
    pipeline.finish(Confidence::Medium).findings
}

fn write(args: &VerifyArgs, finding: &Finding) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let Verification { verdict, reason, checked_at, endpoint, .. } = &finding.verification;
    let written = match args.format {
        VerdictFormatArg::Json => writeln!(
            out,
            "{}",
            json!({
                "schema": 1,
                "rule": finding.rule,
                "provider": finding.provider.as_ref().or(args.provider.as_ref()),
                "secret": finding.secret.redacted(),
                "verdict": verdict.as_str(),
                "reason": reason,
                "checked_at": checked_at,
                "endpoint": endpoint,
            })
        ),
        VerdictFormatArg::Human => {
            let mut line = |name: &str, value: Option<&str>| match value {
                Some(value) => writeln!(out, "{name:8}  {}", visible(value)),
                None => Ok(()),
            };
            line("secret", Some(&finding.secret.redacted()))
                .and_then(|()| line("verdict", Some(verdict.as_str())))
                .and_then(|()| line("reason", reason.as_deref()))
                .and_then(|()| line("endpoint", endpoint.as_deref()))
                .and_then(|()| line("asked", checked_at.as_deref()))
        }
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
