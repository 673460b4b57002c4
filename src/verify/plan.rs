//! Who is asked about which secret, and who is not and why.
//!
//! A secret goes to the provider that its evidence proves, and to nobody else: where evidence
//! disagrees, is far away, or comes from what is scanned, nobody is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use super::client::Client;
use super::endpoint::Endpoint;
use super::{Error, Options, check_provider};
use crate::finding::{Finding, Secret};
use crate::rule::{Hint, Origin, Probe, RuleSet, Verify};

/// Evidence for a prefix that many vendors use proves nothing of a key that is more lines away.
const NEAR_LINES: usize = 50;

/// Values near a secret, by their names.
type Context = Vec<(String, String)>;

/// Whether somebody is asked about a finding.
#[derive(Debug)]
pub enum Decision<'r> {
    /// This provider is.
    Ask(&'r Verify),
    /// Nobody is, for this reason.
    Leave(String),
}

/// Says who is asked about a finding. `verify_as` are the providers that the user names for keys whose
/// issuer nothing proves.
pub fn decide<'r>(finding: &Finding, rules: &'r RuleSet, verify_as: &[String]) -> Decision<'r> {
    let Some(rule) = rules.rule(&finding.rule) else {
        return Decision::Leave("its rule is not known".to_owned());
    };
    let name = |id: &str| rules.provider(id).map_or(id, |p| p.name.as_str()).to_owned();
    let doubt = match &finding.provider {
        Some(id) => match doubt(finding, id, rule.verify_with(id), &name) {
            None => return decided(id, rule.verify_with(id), rules, &name),
            Some(doubt) => doubt,
        },
        None if finding.clues.rivals.is_empty() => "issuer unknown".to_owned(),
        None => disagreement(&finding.clues.rivals, &name),
    };
    let mut reason = doubt;
    for verify in verify_as.iter().filter_map(|id| rule.verify_with(id)) {
        if verify.is_foreign(finding.secret.expose()) {
            reason = foreign(&verify.provider, &name);
        } else if !is_of_others(finding, &verify.provider) {
            return Decision::Ask(verify);
        }
    }
    Decision::Leave(reason)
}

/// Whether all that proves an issuer speaks for others than `id`, so that the word of the user for `id`
/// does not count.
fn is_of_others(finding: &Finding, id: &str) -> bool {
    let clues = &finding.clues;
    let proves = clues.doubt.is_none() && clues.distance.is_some_and(|d| d <= NEAR_LINES);
    let mut named = finding.provider.iter().chain(&clues.rivals);
    proves && !clues.rivals.is_empty() && !named.any(|named| named == id)
}

/// What keeps evidence for `id` from being proof enough to send a secret.
fn doubt(
    finding: &Finding,
    id: &str,
    verify: Option<&Verify>,
    name: &dyn Fn(&str) -> String,
) -> Option<String> {
    let distance = finding.clues.distance?;
    if !finding.clues.rivals.is_empty() {
        let mut all = vec![id.to_owned()];
        all.extend(finding.clues.rivals.iter().cloned());
        return Some(disagreement(&all, name));
    }
    if verify.is_some_and(|v| v.is_foreign(finding.secret.expose())) {
        return Some(foreign(id, name));
    }
    if let Some(doubt) = finding.clues.doubt {
        return Some(format!("issuer unknown: {doubt}"));
    }
    if distance > NEAR_LINES {
        let name = name(id);
        return Some(format!("issuer unknown: what speaks for {name} is too far away"));
    }
    None
}

fn foreign(id: &str, name: &dyn Fn(&str) -> String) -> String {
    format!("it has the form of keys that {} does not issue", name(id))
}

fn disagreement(ids: &[String], name: &dyn Fn(&str) -> String) -> String {
    let names: Vec<String> = ids.iter().map(|id| name(id)).collect();
    format!("issuer unknown: the evidence speaks for {}", names.join(" and for "))
}

fn decided<'r>(
    id: &str,
    verify: Option<&'r Verify>,
    rules: &RuleSet,
    name: &dyn Fn(&str) -> String,
) -> Decision<'r> {
    let Some(verify) = verify else {
        let other = rules.rules.iter().any(|r| r.verify_with(id).is_some());
        let name = name(id);
        return Decision::Leave(match other {
            true => format!("no live check for this kind of secret of {name}"),
            false => format!("no live check for {name}"),
        });
    };
    if rules.provider(id).is_some_and(|p| p.origin == Origin::Scanned) {
        let reason = "what proves the issuer is said by a rule file of the scanned repository";
        return Decision::Leave(reason.to_owned());
    }
    Decision::Ask(verify)
}

/// One address that is asked, by all keys of one kind that go with the same context: what it makes of a
/// made-up key of another kind, or in another context, proves nothing.
pub(super) struct Target {
    /// The address; no secret is in it.
    pub(super) url: String,
    pub(super) client: Client,
    pub(super) probe: Arc<Probe>,
    pub(super) kind: Kind,
}

/// What requests have in common beside the address.
#[derive(PartialEq, Eq)]
pub(super) struct Kind {
    /// The shape of a made-up key.
    pub(super) control: String,
    /// The values that stood near the keys and that the provider wants to be told.
    pub(super) context: Vec<(String, String)>,
}

impl Kind {
    fn new(verify: &Verify, finding: &Finding, rules: &RuleSet, context: &Context) -> Self {
        let rule = rules.rule(&finding.rule);
        let control = rule.map(|rule| verify.control_like(rule, finding.secret.expose()));
        let told = |hint: &Hint| {
            let near = context.iter().find(|(name, _)| *name == hint.name);
            near.filter(|(_, value)| hint.fallback != *value).cloned()
        };
        Self {
            control: control.unwrap_or_else(|| verify.control.clone()),
            context: verify.probe.context.iter().filter_map(told).collect(),
        }
    }
}

/// One secret to ask about.
pub(super) struct Job {
    /// The number of its target.
    pub(super) target: usize,
    pub(super) secret: Secret,
    /// The findings that it is of.
    pub(super) findings: Vec<usize>,
}

/// All requests to one provider at one host.
pub(super) struct Lane {
    pub(super) targets: Vec<Target>,
    pub(super) jobs: Vec<Job>,
}

/// Who is asked about what.
pub(super) struct Plan {
    pub(super) lanes: Vec<Lane>,
    /// Findings about which nobody is asked, with the reason.
    pub(super) left: Vec<(usize, String)>,
}

impl Plan {
    pub(super) fn new(
        findings: &[Finding],
        rules: &RuleSet,
        options: &Options,
    ) -> Result<Self, Error> {
        for id in options.verify_as.iter().chain(options.endpoints.keys()) {
            check_provider(id, rules)?;
        }
        let mut left = Vec::new();
        let mut wanted: BTreeMap<&[u8], Vec<(usize, &Verify)>> = BTreeMap::new();
        for (index, finding) in findings.iter().enumerate() {
            match decide(finding, rules, &options.verify_as) {
                Decision::Ask(verify) => {
                    wanted.entry(finding.secret.expose()).or_default().push((index, verify));
                }
                Decision::Leave(reason) => left.push((index, reason)),
            }
        }
        let mut lanes = Lanes { options, crypto: Lanes::crypto(), lanes: Vec::new() };
        let none = Context::new();
        for asked in wanted.into_values() {
            let (first, verify) = asked[0];
            let contexts = asked.iter().map(|(index, _)| &findings[*index].clues.context);
            let context = contexts.clone().find(|c| !c.is_empty()).unwrap_or(&none);
            if asked.iter().any(|(_, other)| other.provider != verify.provider) {
                let reason = "issuer unknown: two rules name two providers";
                left.extend(asked.iter().map(|(index, _)| (*index, reason.to_owned())));
                continue;
            }
            let job = Job {
                target: 0,
                secret: findings[first].secret.clone(),
                findings: asked.iter().map(|(index, _)| *index).collect(),
            };
            lanes.add(verify, Kind::new(verify, &findings[first], rules, context), job)?;
        }
        Ok(Self { lanes: lanes.lanes.into_iter().map(|(_, lane)| lane).collect(), left })
    }

    /// The findings about which somebody is asked.
    pub(super) fn asked(&self) -> impl Iterator<Item = usize> {
        let jobs = self.lanes.iter().flat_map(|lane| &lane.jobs);
        jobs.flat_map(|job| job.findings.iter().copied())
    }
}

/// Lanes being filled, each for a provider at a host.
struct Lanes<'o> {
    options: &'o Options,
    crypto: Arc<CryptoProvider>,
    lanes: Vec<((String, Endpoint), Lane)>,
}

impl Lanes<'_> {
    fn crypto() -> Arc<CryptoProvider> {
        Arc::new(rustls::crypto::ring::default_provider())
    }

    fn add(&mut self, verify: &Verify, kind: Kind, mut job: Job) -> Result<(), Error> {
        let wrong = || Error::Endpoint { url: verify.probe.url.clone(), why: "it has no path" };
        let (own, path) = Endpoint::of_rule(&verify.probe.url).ok_or_else(wrong)?;
        let named = self.options.endpoints.get(&verify.provider).cloned();
        let key = (verify.provider.clone(), named.unwrap_or(own));
        let url = key.1.url(path);
        let at = match self.lanes.iter().position(|(k, _)| *k == key) {
            Some(at) => at,
            None => {
                self.lanes.push((key, Lane { targets: Vec::new(), jobs: Vec::new() }));
                self.lanes.len() - 1
            }
        };
        let ((_, endpoint), lane) = &mut self.lanes[at];
        let same = |t: &Target| t.url == url && t.probe == verify.probe && t.kind == kind;
        job.target = match lane.targets.iter().position(same) {
            Some(target) => target,
            None => {
                let client = match lane.targets.first() {
                    Some(other) => other.client.clone(),
                    None => {
                        let Options { roots, timeout, .. } = self.options;
                        Client::new(endpoint, roots, &self.crypto, *timeout)?
                    }
                };
                let probe = Arc::clone(&verify.probe);
                lane.targets.push(Target { url, client, probe, kind });
                lane.targets.len() - 1
            }
        };
        lane.jobs.push(job);
        Ok(())
    }
}
