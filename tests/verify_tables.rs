//! Every row of every `[rules.verify]` table that is built in, against servers on loopback that answer
//! as the row says: a row that another one hides, or that nothing can fit, is found here.
//!
//! Not here: what the five providers really answer, see `verify.rs`. The answers are made from the
//! tables, so that they prove the tables to be of one piece, and not to be true.

mod harness;
mod verify_support;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use keytrawl::finding::{Clues, Confidence, Finding, Fingerprint, Secret, Verdict, Verification};
use keytrawl::rule::{
    Answer, Conclusion, JsonKind, Listed, Probe, Rule, RuleSet, Scalar, Verify, builtin, drawn,
};
use keytrawl::verify::{Endpoint, Options, Roots, verify};
use serde_json::{Value, json};
use verify_support::{Action, Received, Server};

/// The built-in rules without their limits on requests, which would make the test wait.
fn rules() -> RuleSet {
    let mut set = builtin();
    let unlimited = |listed: Listed| {
        let mut rule: Rule = listed.into_rule();
        for verify in &mut rule.verify {
            verify.probe = Arc::new(without_rate(&verify.probe));
        }
        rule.into()
    };
    set.rules = set.rules.into_iter().map(unlimited).collect();
    set
}

fn without_rate(probe: &Probe) -> Probe {
    Probe {
        url: probe.url.clone(),
        headers: probe.headers.clone(),
        never_send: probe.never_send.clone(),
        context: probe.context.clone(),
        rate: None,
        answers: probe.answers.clone(),
    }
}

/// The value number `n` of a list of alternatives, or the last.
fn nth<T>(all: &[T], n: usize) -> Option<&T> {
    all.get(n).or(all.last())
}

/// Puts `value` where a JSON pointer leads, and makes what is on the way there.
fn put(place: &mut Value, pointer: &str, value: Value) {
    let Some(rest) = pointer.strip_prefix('/') else {
        *place = value;
        return;
    };
    let (name, inner) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if name.parse::<usize>().is_ok() {
        if !place.is_array() {
            *place = json!([null]);
        }
        put(&mut place[0], inner, value);
    } else {
        if !place.is_object() {
            *place = json!({});
        }
        put(&mut place[name], inner, value);
    }
}

/// An answer that fits a row, with the alternatives number `n` of what it asks for.
fn fitting(row: &Answer, status: u16, n: usize) -> Action {
    let mut body = json!({});
    for (at, kind) in &row.kinds {
        let value = match kind {
            JsonKind::String => json!("text"),
            JsonKind::Number => json!(7),
            JsonKind::Boolean => json!(true),
            JsonKind::Object => json!({ "a": 1 }),
            JsonKind::Array => json!([1]),
        };
        put(&mut body, at, value);
    }
    row.exists.iter().for_each(|at| put(&mut body, at, json!("there")));
    for (at, texts) in &row.contains {
        let text = nth(texts, n).map_or("", String::as_str);
        put(&mut body, at, json!(format!("It says: {text}.")));
    }
    for (at, values) in &row.equals {
        let value = match nth(values, n) {
            Some(Scalar::Text(text)) => json!(text),
            Some(Scalar::Number(number)) => json!(number),
            Some(Scalar::Flag(flag)) => json!(flag),
            None => Value::Null,
        };
        put(&mut body, at, value);
    }
    let mut text = body.to_string();
    if let Some(wanted) = nth(&row.text, n) {
        text = match row.needs_json() {
            true => text.replacen('{', &format!("{{\"note\":{},", json!(wanted)), 1),
            false => wanted.clone(),
        };
    }
    let mut headers: BTreeMap<String, String> =
        row.headers.iter().map(|(name, text)| (name.clone(), text.clone())).collect();
    let kind = headers.entry("content-type".to_owned()).or_insert("application/json".to_owned());
    if kind == "json" {
        *kind = "application/json; charset=utf-8".to_owned();
    }
    Action::Reply { status, headers: headers.into_iter().collect(), body: text.into_bytes() }
}

/// How many alternatives a row has.
fn alternatives(row: &Answer) -> usize {
    let equals = row.equals.iter().map(|(_, values)| values.len());
    let contains = row.contains.iter().map(|(_, texts)| texts.len());
    equals.chain(contains).chain([row.text.len(), 1]).max().unwrap_or(1)
}

/// What a provider answers: to each key what is set down for it, to all others, at each address, a
/// refusal.
#[derive(Clone, Default)]
struct Answers {
    keys: HashMap<String, Action>,
    refusals: HashMap<String, Action>,
}

impl Answers {
    fn of(&self, request: &Received) -> Action {
        assert_eq!(request.method, "GET");
        let sent = |key: &&String| request.headers.values().any(|value| value.contains(*key));
        let known = self.keys.keys().find(sent).map(|key| self.keys[key].clone());
        known.unwrap_or_else(|| self.refusals[&request.target].clone())
    }
}

fn path(url: &str) -> &str {
    let rest = url.strip_prefix("https://").expect("a secure address");
    &rest[rest.find('/').expect("a path")..]
}

fn finding(rule: &Rule, verify: &Verify, key: &str, row: &Answer) -> Finding {
    let secret = Secret::new(key.as_bytes(), 0);
    let value = |name: &String| (name.clone(), "11111111-2222-4333-8444-555555555555".to_owned());
    Finding {
        rule: rule.id.clone(),
        description: rule.description.clone(),
        provider: Some(verify.provider.clone()),
        environment: rule.environment,
        severity: rule.severity,
        confidence: Confidence::High,
        fingerprint: Fingerprint::new(&rule.id, "-", &secret),
        secret,
        verification: Verification::not_asked(),
        evidence: Vec::new(),
        clues: Clues { context: row.with.iter().map(value).collect(), ..Clues::default() },
        occurrences: Vec::new(),
    }
}

/// What is expected of one key.
struct Wanted {
    row: String,
    verdict: Verdict,
    reason: String,
}

fn wanted(rule: &Rule, number: usize, row: &Answer, status: u16) -> Wanted {
    let (verdict, usual) = match row.conclusion {
        Conclusion::Active => (Verdict::Active, "the provider accepted it"),
        Conclusion::Inactive => (Verdict::Inactive, "the provider refused it"),
        Conclusion::Unknown => (Verdict::Unknown, "the answer tells nothing of the key"),
    };
    let reason = row.reason.as_deref().unwrap_or(usual);
    Wanted {
        row: format!("{}, row {number}, HTTP {status}", rule.id),
        verdict,
        reason: format!("{reason} (HTTP {status})"),
    }
}

#[test]
fn every_row_of_every_built_in_table_gives_its_verdict() {
    let rules = rules();
    let mut providers: BTreeMap<String, Answers> = BTreeMap::new();
    let (mut findings, mut expected) = (Vec::new(), Vec::new());
    for rule in &rules.rules {
        for verify in &rule.verify {
            let answers = providers.entry(verify.provider.clone()).or_default();
            let refusing =
                verify.probe.answers.iter().find(|row| row.refuses && row.with.is_empty());
            let refusing = refusing.expect("a row that refuses");
            let refusal = fitting(refusing, refusing.status[0], 0);
            answers.refusals.insert(path(&verify.probe.url).to_owned(), refusal);
            for (number, row) in (1..).zip(&verify.probe.answers) {
                let every = |status: &u16| (0..alternatives(row)).map(|n| (*status, n)).collect();
                for (status, n) in row.status.iter().flat_map(|s| -> Vec<_> { every(s) }) {
                    let key = drawn(&verify.control, 1000 + findings.len() as u64);
                    answers.keys.insert(key.clone(), fitting(row, status, n));
                    findings.push(finding(rule, verify, &key, row));
                    expected.push(wanted(rule, number, row, status));
                }
            }
        }
    }
    let endpoint = |answers: Answers| {
        Endpoint::parse(&Server::plain(move |request| answers.of(request)).url())
            .expect("an address")
    };
    let options = Options {
        endpoints: providers.into_iter().map(|(id, answers)| (id, endpoint(answers))).collect(),
        verify_as: Vec::new(),
        roots: Roots::load::<&str>(&[]).expect("authorities"),
        timeout: Duration::from_secs(20),
        cancelled: Arc::new(|| false),
    };
    assert!(options.endpoints.len() > 5 && findings.len() > options.endpoints.len());
    verify(&mut findings, &rules, &options).expect("it can be asked");
    let wrong: Vec<String> = (findings.iter().zip(&expected))
        .filter_map(|(finding, wanted)| {
            let Verification { verdict, reason, .. } = &finding.verification;
            let fits = *verdict == wanted.verdict && reason.as_ref() == Some(&wanted.reason);
            let told = reason.as_deref().unwrap_or_default();
            (!fits).then(|| format!("{}: {}, {told}", wanted.row, verdict.as_str()))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
