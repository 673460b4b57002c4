//! The whole SARIF report, held against the published schema.

use std::io::Write;

use serde_json::Value;

use crate::finding::{Outcome, Verdict};
use crate::report::sample::{self, render};
use crate::report::{Format, Options};

const SCHEMA: &str = include_str!("../../../tests/schemas/sarif-2.1.0.json");

fn sarif(outcome: &Outcome) -> String {
    render(Format::Sarif, outcome, &sample::rules(), &Options::default())
}

/// What the schema has against a report.
fn wrongs(text: &str) -> Vec<String> {
    // Two expressions of this edition are no regular expressions; the standard mends them.
    let mended = SCHEMA.replace("{2}]?$", "{2}$");
    let schema = serde_json::from_str(&mended).expect("a schema");
    let report: Value = serde_json::from_str(text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn the_whole_report() {
    let mut outcome = sample::outcome();
    outcome.findings[1].occurrences.truncate(1);
    let text = sarif(&outcome).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(text);
}

#[test]
fn reports_are_valid_by_the_schema() {
    let mut inactive = sample::outcome();
    inactive.findings[0].verification.verdict = Verdict::Inactive;
    let odd = sample::hostile("a [b](c) {0}\x1b\u{202e} \u{fffd}\\ //x:?#");
    for outcome in [sample::outcome(), Outcome::default(), inactive, odd] {
        assert_eq!(wrongs(&sarif(&outcome)), [""; 0]);
    }
    assert_ne!(wrongs(r#"{"version": "2.1.0"}"#), [""; 0]);
}

#[test]
fn places_are_relative_and_encoded() {
    let mut outcome = sample::outcome();
    outcome.findings.truncate(1);
    outcome.findings[0].occurrences[0].stable_path = "a b/c#d.env".to_owned();
    let report: Value = serde_json::from_str(&sarif(&outcome)).expect("JSON");
    let result = &report["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place["uri"], "a%20b/c%23d.env");
    assert_eq!(place["uriBaseId"], "SRCROOT");
    let fingerprint = result["partialFingerprints"]["keytrawl/v1"].as_str();
    assert!(fingerprint.is_some_and(|f| f.starts_with("acme-api-key:a b/c#d.env:")));
}

#[test]
fn thousands_of_findings_fit_into_ten_megabytes() {
    let one = sample::acme();
    let mut outcome = Outcome { complete: true, ..Outcome::default() };
    for number in 0..5_000 {
        let mut finding = one.clone();
        for place in &mut finding.occurrences {
            place.stable_path = format!("src/module-{number}/{}", place.path);
            place.start.line = number + 1;
            place.end.line = number + 1;
            // As much of a line as a snippet may have.
            place.snippet = format!("{number} {}", place.snippet.repeat(5));
        }
        outcome.findings.push(finding);
    }
    let text = sarif(&outcome);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).expect("memory");
    let packed = packed.finish().expect("memory").len();
    assert!(packed < 10_000_000, "{packed} bytes");
    assert_eq!(text.matches("\"ruleIndex\": 0").count(), 10_000);
    assert_eq!(text.matches("\"shortDescription\"").count(), 2);
}
