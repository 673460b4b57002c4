//! What to do about the findings, said once however many there are.
//!
//! Not here: the advice of a provider itself, which is part of its rule file.

use std::collections::BTreeSet;
use std::io;

use super::page::{PLAIN, Page, STRONG};
use crate::finding::{Finding, Outcome, Verdict};
use crate::report::remedy::{BINARY, HISTORY, LEFTOVERS, REMOVE, REVOKE};
use crate::report::replacements::untouched;
use crate::rule::{Provider, RuleSet};

const ALIVE: &str = "Revoke at once what still works: whoever has read it can use it now. Taking it \
    out of the file does not take it back.";
const REVOKE_TOO: &str = "Revoke the others as well, unless they never left this machine.";
const STRANGER: &str = "nothing proves who issued it. The code that uses the key shows which \
    service it opens: revoke it there.";
const NO_PAGE: &str = "look for the API keys in the settings of the account, and delete this one.";

/// Files that are named one by one.
const MOST: usize = 10;

/// Writes the section.
pub(super) fn write(page: &mut Page<'_>, outcome: &Outcome, rules: &RuleSet) -> io::Result<()> {
    page.heading("What to do")?;
    let mut number = 0;
    let mut step = |page: &mut Page<'_>, text: &str| {
        number += 1;
        page.flow(2, (PLAIN, &format!("{number}.")), 5, text)
    };
    let (alive, issuers) = issuers(&outcome.findings, rules);
    if !alive.is_empty() {
        step(page, ALIVE)?;
        for issuer in &alive {
            revoke(page, issuer)?;
        }
    }
    if !issuers.is_empty() {
        step(page, if alive.is_empty() { REVOKE } else { REVOKE_TOO })?;
        for issuer in &issuers {
            revoke(page, issuer)?;
        }
    }
    step(page, REMOVE)?;
    let places = || outcome.findings.iter().flat_map(|f| &f.occurrences);
    let past = places().any(|place| place.in_head.is_some() && !place.reach.unreachable);
    if past {
        // The first of them is said already.
        for one in &HISTORY[1..] {
            step(page, one.text)?;
            for line in one.command.into_iter().flat_map(str::lines) {
                page.whole(7, STRONG, line, "")?;
            }
        }
        let left: Vec<&str> = untouched(outcome).into_iter().collect();
        if !left.is_empty() {
            page.prose(5, BINARY)?;
            for path in left.iter().take(MOST) {
                page.whole(7, PLAIN, path, "")?;
            }
        }
    }
    if places().any(|place| place.reach.unreachable) {
        step(page, LEFTOVERS)?;
    }
    step(page, "If it is no secret, say so in a comment on its line, with the reason:")?;
    let rule = only_rule(&outcome.findings).unwrap_or("RULE");
    page.whole(7, STRONG, &format!("keytrawl:allow {rule} -- REASON"), "")?;
    page.prose(
        5,
        "or list its fingerprint in a baseline (`keytrawl baseline update`) or an allowlist.",
    )
}

/// Whom to turn to for one kind of key.
enum Issuer<'a> {
    Known(&'a Provider),
    Named(&'a str),
    Unknown(&'a str),
}

/// The issuers of keys that still work, and those of others that may, in the order of the findings,
/// each once.
fn issuers<'a>(findings: &'a [Finding], rules: &'a RuleSet) -> (Vec<Issuer<'a>>, Vec<Issuer<'a>>) {
    let mut seen = BTreeSet::new();
    let mut of = |wanted: &dyn Fn(Verdict) -> bool| {
        let mut issuers = Vec::new();
        for finding in findings.iter().filter(|f| wanted(f.verification.verdict)) {
            let (issuer, key) = match &finding.provider {
                Some(id) => match rules.provider(id) {
                    Some(provider) => (Issuer::Known(provider), (true, id)),
                    None => (Issuer::Named(id), (true, id)),
                },
                None => (Issuer::Unknown(&finding.rule), (false, &finding.rule)),
            };
            if seen.insert(key) {
                issuers.push(issuer);
            }
        }
        issuers
    };
    let alive = of(&|verdict| verdict == Verdict::Active);
    let others = of(&|verdict| !matches!(verdict, Verdict::Active | Verdict::Inactive));
    (alive, others)
}

fn revoke(page: &mut Page<'_>, issuer: &Issuer<'_>) -> io::Result<()> {
    let provider = match issuer {
        Issuer::Known(provider) => provider,
        Issuer::Named(id) => return note(page, id, NO_PAGE),
        Issuer::Unknown(rule) => return note(page, rule, STRANGER),
    };
    let Some(revocation) = &provider.revocation else {
        return note(page, &provider.name, NO_PAGE);
    };
    page.whole(5, STRONG, &provider.name, revocation.url.as_deref().unwrap_or_default())?;
    page.prose(7, &revocation.steps)
}

fn note(page: &mut Page<'_>, name: &str, text: &str) -> io::Result<()> {
    page.flow(5, (STRONG, &format!("{name}:")), 7, text)
}

fn only_rule(findings: &[Finding]) -> Option<&str> {
    let first = findings.first()?;
    findings.iter().all(|f| f.rule == first.rule).then_some(&first.rule)
}
