//! An outcome for the tests of reports. Its secrets are put together at run time.

use super::{Format, Options, write};
use crate::finding::{
    Clues, Commit, Confidence, Finding, Fingerprint, Occurrence, Outcome, Rejected, Secret, Stats,
    Verification, Warning,
};
use crate::rule::{Environment, RuleSet, Severity, parse};
use crate::span::{Position, Span};

const ACME: &str = r#"
[provider]
id = "acme"
name = "Acme"
[provider.evidence]
hosts = ["acme.example"]
[provider.revoke]
url = "https://app.acme.example/keys"
steps = "Settings, API Keys: revoke the key (it stops working at once)"
[[rules]]
id = "acme-api-key"
description = "Acme API key: opens the whole workspace"
provider = "acme"
severity = "critical"
regex = '''(acme_sk_live_(?P<body>[0-9a-z]{20,60}))'''
secretGroup = 1
keywords = ["acme_sk_live_"]
examples = ["acme_sk_live_{base36:40}"]
"#;

const SHARED: &str = r#"
[[rules]]
id = "sk-test-key"
description = "Secret API key of a sandbox (sk_test_), issued by one of many vendors"
severity = "low"
regex = '''(sk_test_(?P<body>[0-9a-z]{20,60}))'''
secretGroup = 1
keywords = ["sk_test_"]
examples = ["sk_test_{base36:40}"]
[[rules.issuers]]
provider = "acme"
"#;

pub(super) fn rules() -> RuleSet {
    let mut set = RuleSet::default();
    for text in [ACME, SHARED] {
        set.add(parse("sample.toml", text).expect("a rule file"));
    }
    set
}

pub(super) fn render(
    format: Format,
    outcome: &Outcome,
    rules: &RuleSet,
    options: &Options,
) -> String {
    let mut out = Vec::new();
    write(format, &mut out, outcome, rules, options).expect("a vector takes everything");
    String::from_utf8(out).expect("reports are UTF-8")
}

/// An occurrence on one line.
pub(super) fn place(path: &str, line: usize, column: usize, snippet: &str) -> Occurrence {
    Occurrence {
        path: path.to_owned(),
        stable_path: path.to_owned(),
        inner: 0,
        start: Position { line, column },
        end: Position { line, column: column + 53 },
        match_line: None,
        span: Span::new(100 * line, 100 * line + 53),
        encoding: "plain".to_owned(),
        encoded: None,
        blob: None,
        commit: None,
        last_commit: None,
        in_head: None,
        reach: crate::finding::Reach::default(),
        snippet: snippet.to_owned(),
    }
}

pub(super) fn commit(id: &str, date: &str, summary: &str) -> Commit {
    Commit {
        id: id.repeat(40),
        author: "Ann Author".to_owned(),
        email: "ann@acme.example".to_owned(),
        date: date.to_owned(),
        summary: summary.to_owned(),
    }
}

/// A critical key of a known provider in two places, of which one is encoded and known to git.
pub(super) fn acme() -> Finding {
    let prefix = ["acme", "_sk_", "live_"].concat();
    let secret = Secret::new([prefix.as_str(), &"q7".repeat(20)].concat().into_bytes(), 13);
    let plain = place("config/prod.env", 14, 14, "ACME_API_KEY=acme_sk_live_****q7q7");
    let mut encoded = place("deploy/secret.yaml", 7, 11, "  apiKey: YWNtZV****cTc=");
    encoded.encoding = "base64".to_owned();
    encoded.blob = Some("b".repeat(40));
    encoded.commit = Some(commit("c", "2024-03-01T09:30:00+01:00", "Deploy the workers"));
    encoded.last_commit = Some(commit("d", "2024-05-06T10:00:00Z", "Rotate"));
    encoded.in_head = Some(false);
    Finding {
        rule: "acme-api-key".to_owned(),
        description: "Acme API key: opens the whole workspace".to_owned(),
        provider: Some("acme".to_owned()),
        environment: Some(Environment::Live),
        severity: Severity::Critical,
        confidence: Confidence::High,
        fingerprint: Fingerprint::new("acme-api-key", "config/prod.env", &secret),
        secret,
        verification: Verification::not_asked(),
        evidence: vec!["host `app.acme.example` on line 3".to_owned()],
        clues: Clues::default(),
        occurrences: vec![plain, encoded],
    }
}

/// A sandbox key of nobody knows whom, in seven places.
pub(super) fn unknown() -> Finding {
    let prefix = ["sk", "_test_"].concat();
    let secret = Secret::new([prefix.as_str(), &"z4".repeat(12)].concat().into_bytes(), 8);
    let snippet =
        "\tlet client = Client::builder().key(\"sk_test_****z4z4\").timeout(30).build()?;";
    Finding {
        rule: "sk-test-key".to_owned(),
        description: "Secret API key of a sandbox (sk_test_), issued by one of many vendors"
            .to_owned(),
        provider: None,
        environment: Some(Environment::Test),
        severity: Severity::Low,
        confidence: Confidence::Medium,
        fingerprint: Fingerprint::new("sk-test-key", "tests/client_1.rs", &secret),
        secret,
        verification: Verification::not_asked(),
        evidence: Vec::new(),
        clues: Clues::default(),
        occurrences: (1..=7)
            .map(|i| place(&format!("tests/client_{i}.rs"), 10 + i, 41, snippet))
            .collect(),
    }
}

pub(super) fn outcome() -> Outcome {
    Outcome {
        findings: vec![acme(), unknown()],
        rejections: Vec::new(),
        suppressed: Vec::new(),
        comments: Vec::new(),
        warnings: vec![Warning {
            kind: "unreadable",
            path: Some("private/key.pem".to_owned()),
            message: "cannot be read: permission denied".to_owned(),
            incomplete: true,
        }],
        complete: false,
        stats: Stats {
            files: 4_821,
            members: 56,
            bytes: 56_349_999,
            skipped: 2,
            rejected: 120,
            suppressed: 3,
            below_confidence: 4,
            baselined: 0,
        },
    }
}

/// An outcome in which every text that may come from scanned content is `name`.
pub(super) fn hostile(name: &str) -> Outcome {
    let mut finding = acme();
    finding.secret = Secret::new(name.as_bytes(), 2);
    finding.fingerprint = Fingerprint::new("acme-api-key", name, &finding.secret);
    finding.evidence = vec![name.to_owned()];
    finding.description = name.to_owned();
    finding.verification.reason = Some(name.to_owned());
    for occurrence in &mut finding.occurrences {
        occurrence.path = name.to_owned();
        occurrence.stable_path = name.to_owned();
        occurrence.encoding = name.to_owned();
        occurrence.snippet = format!("{name}****{name}");
        let mut commit = commit("e", name, name);
        commit.author = name.to_owned();
        commit.email = name.to_owned();
        occurrence.commit = Some(commit.clone());
        commit.id = name.to_owned();
        occurrence.last_commit = Some(commit);
    }
    let mut stranger = finding.clone();
    stranger.provider = Some(name.to_owned());
    let mut nobody = finding.clone();
    nobody.provider = None;
    nobody.rule = name.to_owned();
    let (path, message) = (Some(name.to_owned()), name.to_owned());
    Outcome {
        findings: vec![finding, stranger, nobody],
        rejections: vec![Rejected {
            path: name.to_owned(),
            line: 1,
            column: 1,
            rule: name.to_owned(),
            text: name.to_owned(),
            reason: name.to_owned(),
        }],
        suppressed: Vec::new(),
        comments: Vec::new(),
        warnings: vec![
            Warning { kind: "odd", path, message: message.clone(), incomplete: false },
            Warning { kind: "odd", path: None, message, incomplete: false },
        ],
        complete: true,
        stats: Stats::default(),
    }
}
