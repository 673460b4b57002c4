//! The whole report, held against what GitLab's schema asks of it.

use serde_json::{Value, json};

use crate::finding::Outcome;
use crate::report::sample::{self, render};
use crate::report::{Format, Options};

const OPTIONS: Options = Options {
    show_secrets: false,
    show_suppressed: false,
    color: false,
    width: None,
    warnings_elsewhere: false,
    brief: false,
    started: 1_700_000_000,
    finished: 1_700_000_001,
};

fn gitlab(outcome: &Outcome) -> String {
    render(Format::Gitlab, outcome, &sample::rules(), &OPTIONS)
}

/// What the published schema asks of the parts that are written; other parts are refused.
fn schema() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let time = json!({ "type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$" });
    let link = json!({ "type": "string", "pattern": "^https?://.+" });
    let object = |required: &[&str], optional: &[(&str, Value)], properties: &[(&str, Value)]| {
        let all: serde_json::Map<String, Value> =
            properties.iter().chain(optional).map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        json!({ "type": "object", "additionalProperties": false, "required": required, "properties": all })
    };
    let list = |item: Value| json!({ "type": "array", "items": item });
    let vendor = object(&["name"], &[], &[("name", text.clone())]);
    let program = object(
        &["id", "name", "version", "vendor"],
        &[],
        &[
            ("id", text.clone()),
            ("name", text.clone()),
            ("version", text.clone()),
            ("vendor", vendor),
        ],
    );
    let message = object(
        &["level", "value"],
        &[],
        &[("level", json!({ "enum": ["info", "warn", "fatal"] })), ("value", text.clone())],
    );
    let scan = object(
        &["analyzer", "scanner", "type", "start_time", "end_time", "status"],
        &[("messages", list(message))],
        &[
            ("analyzer", program.clone()),
            ("scanner", program),
            ("type", json!({ "const": "secret_detection" })),
            ("start_time", time.clone()),
            ("end_time", time),
            ("status", json!({ "enum": ["success", "failure"] })),
        ],
    );
    let identifier = object(
        &["type", "name", "value"],
        &[("url", link.clone())],
        &[("type", text.clone()), ("name", text.clone()), ("value", text.clone())],
    );
    let commit = object(
        &["sha"],
        &[
            ("author", json!({ "type": "string" })),
            ("date", json!({ "type": "string" })),
            ("message", json!({ "type": "string" })),
        ],
        &[("sha", text.clone())],
    );
    let number = json!({ "type": "number" });
    let location = object(
        &["commit"],
        &[
            ("file", json!({ "type": "string" })),
            ("start_line", number.clone()),
            ("end_line", number),
        ],
        &[("commit", commit)],
    );
    let detail = object(
        &["name", "type", "value"],
        &[],
        &[
            ("name", text.clone()),
            ("type", json!({ "enum": ["text", "commit"] })),
            ("value", json!({ "type": "string" })),
        ],
    );
    let vulnerability = object(
        &["id", "identifiers", "location"],
        &[
            ("category", text.clone()),
            ("name", json!({ "type": "string", "maxLength": 255 })),
            ("description", json!({ "type": "string", "maxLength": 1_048_576 })),
            (
                "severity",
                json!({ "enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"] }),
            ),
            ("solution", json!({ "type": "string", "maxLength": 7000 })),
            ("links", list(object(&["url"], &[("name", text.clone())], &[("url", link.clone())]))),
            ("details", json!({ "type": "object", "additionalProperties": detail })),
            ("raw_source_code_extract", json!({ "type": "string" })),
        ],
        &[
            (
                "id",
                json!({ "type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" }),
            ),
            ("identifiers", json!({ "type": "array", "minItems": 1, "items": identifier })),
            ("location", location),
        ],
    );
    object(
        &["scan", "version", "vulnerabilities"],
        &[("schema", link)],
        &[
            ("scan", scan),
            ("version", json!({ "type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$" })),
            ("vulnerabilities", list(vulnerability)),
        ],
    )
}

#[test]
fn the_whole_report() {
    let mut outcome = sample::outcome();
    outcome.findings.truncate(1);
    insta::assert_snapshot!(gitlab(&outcome).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn reports_are_as_the_schema_asks() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let odd = sample::hostile(&"a\x1b\u{202e}<>".repeat(100));
    for outcome in [sample::outcome(), Outcome::default(), odd] {
        let report: Value = serde_json::from_str(&gitlab(&outcome)).expect("JSON");
        let wrongs: Vec<String> =
            validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(wrongs, [""; 0]);
        let places: usize = outcome.findings.iter().map(|f| f.occurrences.len()).sum();
        assert_eq!(report["vulnerabilities"].as_array().map(Vec::len), Some(places));
    }
}
