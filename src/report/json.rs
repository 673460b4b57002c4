//! The report as one JSON document, version 1.
//!
//! The keys are in `schema`. Rejected candidates are no part of it.

use std::io;

use super::Options;
use super::sanitize::escape_json;
use super::schema::Report;
use crate::finding::Outcome;

/// Writes the report: indented by two spaces, with a newline at the end.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, outcome: &Outcome, options: &Options) -> io::Result<()> {
    let json = serde_json::to_string_pretty(&Report::new(outcome, options))?;
    out.write_all(escape_json(&json).as_bytes())?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use crate::report::sample::{self, render};
    use crate::report::{Format, Options};

    #[test]
    fn every_key_in_its_order() {
        let mut outcome = sample::outcome();
        outcome.findings[1].occurrences.truncate(1);
        let text = render(Format::Json, &outcome, &sample::rules(), &Options::default());
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(text, @r#"
        {
          "schema": 1,
          "tool": {
            "name": "keytrawl",
            "version": "VERSION"
          },
          "complete": false,
          "warnings": [
            {
              "kind": "unreadable",
              "path": "private/key.pem",
              "message": "cannot be read: permission denied"
            }
          ],
          "stats": {
            "files": 4821,
            "members": 56,
            "bytes": 56349999,
            "skipped": 2,
            "rejected": 120,
            "suppressed": 3,
            "below_confidence": 4
          },
          "findings": [
            {
              "rule": "acme-api-key",
              "provider": "acme",
              "environment": "live",
              "severity": "critical",
              "confidence": "high",
              "secret": "acme_sk_live_****q7q7",
              "fingerprint": "acme-api-key:config/prod.env:8002afc63bb4ad6da6b5",
              "verification": {
                "verdict": "not-checked",
                "reason": "live checks were not asked for",
                "checked_at": null
              },
              "evidence": [
                "host `app.acme.example` on line 3"
              ],
              "occurrences": [
                {
                  "path": "config/prod.env",
                  "line": 14,
                  "column": 14,
                  "end_line": 14,
                  "end_column": 67,
                  "start": 1400,
                  "end": 1453,
                  "encoding": "plain",
                  "blob": null,
                  "commit": null,
                  "last_commit": null,
                  "in_head": null
                },
                {
                  "path": "deploy/secret.yaml",
                  "line": 7,
                  "column": 11,
                  "end_line": 7,
                  "end_column": 64,
                  "start": 700,
                  "end": 753,
                  "encoding": "base64",
                  "blob": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                  "commit": {
                    "id": "cccccccccccccccccccccccccccccccccccccccc",
                    "author": "Ann Author",
                    "email": "ann@acme.example",
                    "date": "2024-03-01T09:30:00+01:00",
                    "summary": "Deploy the workers"
                  },
                  "last_commit": {
                    "id": "dddddddddddddddddddddddddddddddddddddddd",
                    "author": "Ann Author",
                    "email": "ann@acme.example",
                    "date": "2024-05-06T10:00:00Z",
                    "summary": "Rotate"
                  },
                  "in_head": false
                }
              ]
            },
            {
              "rule": "sk-test-key",
              "provider": null,
              "environment": "test",
              "severity": "low",
              "confidence": "medium",
              "secret": "sk_test_****z4z4",
              "fingerprint": "sk-test-key:tests/client_1.rs:f9b25cd2e9de7f703958",
              "verification": {
                "verdict": "not-checked",
                "reason": "live checks were not asked for",
                "checked_at": null
              },
              "evidence": [],
              "occurrences": [
                {
                  "path": "tests/client_1.rs",
                  "line": 11,
                  "column": 41,
                  "end_line": 11,
                  "end_column": 94,
                  "start": 1100,
                  "end": 1153,
                  "encoding": "plain",
                  "blob": null,
                  "commit": null,
                  "last_commit": null,
                  "in_head": null
                }
              ]
            }
          ]
        }
        "#);
    }
}
