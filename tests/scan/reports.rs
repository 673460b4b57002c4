//! What a report says, to people and to programs, and what it must not say.

use keytrawl::rule::armed;

use crate::harness::{Place, array, base64};
use crate::{JSON, mega, sk, small_tree, token};

#[test]
fn the_report_for_people_says_what_where_and_what_to_do() {
    let run = small_tree().run(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(run.stdout, @r"
    HIGH      MEGA API key
      mega_****20f8  live key, confidence high
      issued by MEGA: the documented form
      app/.env:3:12
        | MEGA_TOKEN=mega_****20f8
      fingerprint mega-api-key:app/.env:f1c2adf83ad6d0d3c767

    HIGH      Secret API key (sk_live_), issued by one of many vendors
      sk_live_****UTHM  live key, confidence medium
      issuer unknown
      deploy/secret.yaml:2:8  in base64
        | key: ****Cg==
      fingerprint sk-live-key:deploy/secret.yaml:6ab05b40763a6f0ca116

    What to do

      1. Revoke the key first, unless it never left this machine. Taking it out of the file does not take it back: copies, forks and the git history keep it.
         MEGA  mailto:support@gomega.ai
           ask support@gomega.ai or the account manager for a new key: only they can replace one
         sk-live-key: nothing proves who issued it. The code that uses the key shows which service it opens: revoke it there.
      2. Take it out of the file, and read the new key from the environment or from a secret store.
      3. If it is no secret, say so in a comment on its line, with the reason:
           keytrawl:allow RULE -- REASON
         or list its fingerprint in a baseline (`keytrawl baseline update`) or an allowlist.

    2 secrets found in 2 places: 2 high.
      scanned    3 files, 239 bytes
      left out   1 rejected as placeholders or other forms (--explain lists them)
      complete   yes
    ");
}

#[test]
fn the_json_report_has_the_documented_keys_in_their_order() {
    let run = small_tree().run(&JSON);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let report = run.json();
    assert_eq!(report["schema"], 1);
    assert_eq!(array(&report["findings"]).len(), 2);
    let shown = run.stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(shown, @r#"
    {
      "schema": 1,
      "tool": {
        "name": "keytrawl",
        "version": "VERSION"
      },
      "complete": true,
      "warnings": [],
      "stats": {
        "files": 3,
        "members": 0,
        "bytes": 239,
        "skipped": 0,
        "rejected": 1,
        "suppressed": 0,
        "below_confidence": 0
      },
      "findings": [
        {
          "rule": "mega-api-key",
          "provider": "mega",
          "environment": "live",
          "severity": "high",
          "confidence": "high",
          "secret": "mega_****20f8",
          "fingerprint": "mega-api-key:app/.env:f1c2adf83ad6d0d3c767",
          "verification": {
            "verdict": "not-checked",
            "reason": "live checks were not asked for",
            "checked_at": null
          },
          "evidence": [
            "the documented form"
          ],
          "occurrences": [
            {
              "path": "app/.env",
              "line": 3,
              "column": 12,
              "end_line": 3,
              "end_column": 81,
              "start": 39,
              "end": 108,
              "encoding": "plain",
              "blob": null,
              "commit": null,
              "last_commit": null,
              "in_head": null
            }
          ]
        },
        {
          "rule": "sk-live-key",
          "provider": null,
          "environment": "live",
          "severity": "high",
          "confidence": "medium",
          "secret": "sk_live_****UTHM",
          "fingerprint": "sk-live-key:deploy/secret.yaml:6ab05b40763a6f0ca116",
          "verification": {
            "verdict": "not-checked",
            "reason": "live checks were not asked for",
            "checked_at": null
          },
          "evidence": [],
          "occurrences": [
            {
              "path": "deploy/secret.yaml",
              "line": 2,
              "column": 8,
              "end_line": 2,
              "end_column": 72,
              "start": 13,
              "end": 77,
              "encoding": "base64",
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

#[test]
fn the_jsonl_report_has_a_finding_a_line_and_a_summary() {
    let run = small_tree().run(&["--format", "jsonl"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let shown = run.stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(shown, @r#"
    {"type":"finding","rule":"mega-api-key","provider":"mega","environment":"live","severity":"high","confidence":"high","secret":"mega_****20f8","fingerprint":"mega-api-key:app/.env:f1c2adf83ad6d0d3c767","verification":{"verdict":"not-checked","reason":"live checks were not asked for","checked_at":null},"evidence":["the documented form"],"occurrences":[{"path":"app/.env","line":3,"column":12,"end_line":3,"end_column":81,"start":39,"end":108,"encoding":"plain","blob":null,"commit":null,"last_commit":null,"in_head":null}]}
    {"type":"finding","rule":"sk-live-key","provider":null,"environment":"live","severity":"high","confidence":"medium","secret":"sk_live_****UTHM","fingerprint":"sk-live-key:deploy/secret.yaml:6ab05b40763a6f0ca116","verification":{"verdict":"not-checked","reason":"live checks were not asked for","checked_at":null},"evidence":[],"occurrences":[{"path":"deploy/secret.yaml","line":2,"column":8,"end_line":2,"end_column":72,"start":13,"end":77,"encoding":"base64","blob":null,"commit":null,"last_commit":null,"in_head":null}]}
    {"type":"summary","schema":1,"tool":{"name":"keytrawl","version":"VERSION"},"complete":true,"stats":{"files":3,"members":0,"bytes":239,"skipped":0,"rejected":1,"suppressed":0,"below_confidence":0}}
    "#);
}

/// A report for machines has no place for them.
#[test]
fn what_is_not_reported_is_explained_beside_reports_for_machines_too() {
    let weak = "[[rules]]\nid = \"weak\"\ndescription = \"x\"\nregex = '(weak_[0-9a-f]{20})'\n\
                keywords = [\"weak_\"]\nconfidence = \"low\"\n";
    let place = Place::with(&[
        (".betterleaks.toml", weak.to_owned()),
        ("a.txt", format!("x = {}\n", keytrawl::rule::armed("weak_{hex:20}"))),
    ]);
    let human = place.run(&["--explain"]);
    let told = "of low confidence, and medium is the least that is reported";
    assert!(human.stdout.contains("1 below the confidence asked for"), "{}", human.stdout);
    let flat = human.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("a.txt:1:5") && flat.contains(told), "{}", human.stdout);
    let run = place.run(&["--explain", "--format", "json"]);
    assert!(run.stderr.starts_with("not reported: a.txt:1:5: weak "), "{}", run.stderr);
    assert!(run.stderr.trim_end().ends_with(told), "{}", run.stderr);
}

#[test]
fn explain_says_of_each_candidate_why_it_is_no_finding() {
    let place = Place::with(&[
        ("a.md", "sk_live_your_api_key_here\n".to_owned()),
        ("b.py", format!("k = '{}'  # keytrawl:allow\n", token(1))),
        ("c.py", "rgo-list-test-fixture-dependency-two\nomega_menu = mega_\n".to_owned()),
    ]);
    let run = place.run(&["--explain"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @r"
    Not reported, and why

      a.md:1:1  sk-live-key sk_live_****: what follows has not the form of a key
      b.py:1:6  meetergo-personal-token rgo-****3MGZ: the comment `keytrawl:allow`
      c.py:1:1  meetergo-personal-token rgo-****-two: it reads like words, not like chance (-57 bits)
      c.py:2:14  mega-api-key mega_****: what follows has not the form of a key

    No secrets found.
      scanned    3 files, 143 bytes
      left out   1 suppressed by allow comments or allowlists
                 1 rejected as placeholders or other forms
      complete   yes
    ");
    let usual = place.run(&[]).stdout;
    assert!(usual.contains("--explain lists them") && !usual.contains("a.md"), "{usual}");
}

#[test]
fn quiet_says_nothing_but_findings_and_what_was_not_read() {
    let clean = Place::with(&[("a.txt", "-")]).run(&["--quiet"]);
    assert_eq!((clean.code, clean.stdout.as_str(), clean.stderr.as_str()), (0, "", ""));
    let place = small_tree();
    let found = place.run(&["--quiet", "app", "absent"]);
    // What was not read is no matter of taste.
    let unread = "warning: `absent` could not be read: No such file or directory (os error 2)\n";
    assert_eq!((found.code, found.stderr.as_str()), (1, unread));
    let shown: Vec<&str> = found.stdout.lines().collect();
    assert_eq!(shown[0], "HIGH      MEGA API key");
    assert_eq!(shown[3], "  app/.env:3:12");
    assert!(shown[shown.len() - 1].starts_with("  fingerprint mega-api-key:"), "{shown:?}");
    let place = Place::with(&[("keytrawl.toml", ""), (".gitleaks.toml", ""), ("a.txt", "-")]);
    let noted = place.run(&["--max-size", "0", "--quiet"]);
    assert_eq!((noted.code, noted.stdout.as_str(), noted.stderr.as_str()), (0, "", ""));
}

#[test]
fn confidence_widens_and_narrows_the_report() {
    let place = Place::with(&[
        ("high.env", mega()),
        ("medium.env", armed("tg_live_{base64url:37}")),
        ("low.env", armed("x=mega_{base62:40}")),
    ]);
    let count = |level: &str| {
        let run = place.run(&["--confidence", level, "--format", "json"]);
        (run.places().len(), run.json()["stats"]["below_confidence"].as_u64())
    };
    assert_eq!(count("low"), (3, Some(0)));
    assert_eq!(count("medium"), (2, Some(1)));
    assert_eq!(count("high"), (1, Some(2)));
    assert_eq!(place.run(&JSON).places().len(), 2);
    assert_eq!(place.run(&["low.env"]).code, 0);
}

/// The parts of `key` and of its encoded forms that no output may hold.
fn traces(key: &str) -> Vec<String> {
    let pieces = |text: &str, length: usize| -> Vec<String> {
        let last = text.len().saturating_sub(length);
        (0..=last).filter_map(|i| text.get(i..i + length).map(str::to_owned)).collect()
    };
    let body = &key[8..];
    let mut all = pieces(body, 10);
    for before in 0..3 {
        let text = base64(&[&b"   "[..before], body.as_bytes()].concat(), false);
        let whole = &text[4..text.len() - 8];
        all.extend(pieces(whole, 12));
        all.extend(pieces(&base64(whole.as_bytes(), false)[4..], 20));
    }
    all.extend(pieces(&hex(body.as_bytes()), 20));
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn no_output_holds_a_secret_or_an_encoded_form_of_it() {
    let key = sk();
    let (once, raw) = (base64(format!("k={key}\n").as_bytes(), false), hex(key.as_bytes()));
    let wide: Vec<u8> = format!("k={key}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let dotted = key.replace('_', "%5F");
    let place = Place::with(&[
        ("plain.env", format!("A={key} B={} C={key}\n", token(1))),
        ("base64.yaml", format!("k: {once}\nl: {}\n", base64(once.as_bytes(), false))),
        ("hex.txt", format!("k: {raw}\nk: {}\n", raw.to_uppercase())),
        ("percent.txt", format!("?k={dotted}&x=1\n")),
        ("allowed.py", format!("k = '{key}' # keytrawl:allow\n")),
        ("word.txt", format!("ta{key}\n")),
    ]);
    place.file("wide.reg", wide);
    let forbidden: Vec<String> = [traces(&key), traces(&token(1))].concat();
    for format in ["human", "json", "jsonl"] {
        for more in [&[][..], &["--explain", "--confidence", "low", "--color", "always"]] {
            let run = place.run(&[&["--format", format], more].concat());
            assert_eq!(run.code, 1);
            let said = format!("{}{}", run.stdout, run.stderr);
            let (lower, said) = (said.to_lowercase(), said.as_str());
            for part in &forbidden {
                let shown = said.contains(part) || lower.contains(part) && part.len() == 20;
                assert!(!shown, "{format} {more:?} shows `{part}`:\n{said}");
            }
        }
    }
    assert_eq!(place.run(&JSON).places().len(), 8 + 1);
}

#[test]
fn secrets_are_shown_in_clear_on_request_only() {
    let place = small_tree();
    for format in ["human", "json", "jsonl"] {
        assert!(!place.run(&["--format", format]).stdout.contains(&mega()));
        let clear = place.run(&["--format", format, "--show-secrets"]).stdout;
        assert!(clear.contains(&mega()) && clear.contains(&sk()), "{format}: {clear}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_the_number_of_threads() {
    let place = Place::new();
    for n in 0..60 {
        let text = format!("a={}\nb={}\nc=sk_live_your_key\n", token(n), token(n % 7));
        place.file(format!("d{}/f{n}.env", n % 5), text);
    }
    for format in ["human", "json"] {
        let run = |threads: &str| {
            let run = place.run(&["--format", format, "--explain", "--threads", threads]);
            (run.stdout, run.stderr, run.code)
        };
        let first = run("1");
        for threads in ["1", "2", "2", "2", "3", "4", "4", "8", "8", "16"] {
            assert!(run(threads) == first, "{format} differs with {threads} threads");
        }
    }
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_failure() {
    let place = Place::new();
    let text: String = (0..2000).map(|n| format!("k={}\n", token(n))).collect();
    place.file("many.env", text);
    let mut command = place.command("", &JSON);
    let piped = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = piped.spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_fingerprint_outlives_new_lines_and_a_move_of_the_checkout() {
    let line = format!("key = {}\n", token(1));
    let marks = |files: &[(&str, String)]| {
        let place = Place::with(files);
        place.git(&["init", "-q"]);
        place.run(&JSON).fingerprints()
    };
    let before = marks(&[("src/a.py", line.clone())]);
    assert_eq!(before.len(), 1);
    assert_eq!(before, marks(&[("src/a.py", format!("import os\n\n  {line}"))]));
    assert_ne!(before, marks(&[("src/b.py", line.clone())]));
    let place = Place::with(&[("checkout/src/a.py", line)]);
    std::fs::create_dir(place.root().join("checkout/.git")).expect("a folder");
    let run = place.run(&["checkout", "--format", "json"]);
    let inner = place.run_in("checkout/src", &JSON);
    assert_eq!(run.fingerprints(), before, "{}", run.stderr);
    assert_eq!(inner.fingerprints(), before);
}
