//! `keytrawl scan` through the program: what is read, what is said, and the exit codes.
//!
//! Not here: rules (`rules.rs`), encodings (`properties.rs`), the trees of `testdata/`.

mod harness;

use std::io::Write;

use harness::{Place, array, base64, text};
use keytrawl::rule::armed;

/// Keys that are no key in this file.
fn mega() -> String {
    armed("mega_{hex:64}")
}

fn sk() -> String {
    armed("sk_live_{base62:40}")
}

/// Some key of number `n`.
fn token(n: usize) -> String {
    armed(&format!("rgo-{{base62:32}}#{n}"))[..36].to_owned()
}

const JSON: [&str; 2] = ["--format", "json"];

/// A key in plain, one in base64 and a sample of one.
fn small_tree() -> Place {
    let encoded = base64(format!("{}\n", sk()).as_bytes(), false);
    Place::with(&[
        ("app/.env", format!("# https://gomega.ai\nDEBUG=1\nMEGA_TOKEN={}\n", mega())),
        ("deploy/secret.yaml", format!("data:\n  key: {encoded}\n")),
        ("docs/use.md", "Put `sk_live_your_secret_api_key_here` into it.\n".to_owned()),
    ])
}

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

#[test]
fn the_exit_code_is_0_if_all_was_read_and_nothing_found() {
    let run = Place::with(&[("a.txt", "nothing\n")]).run(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @r"
    No secrets found.
      scanned    1 file, 8 bytes
      complete   yes
    ");
}

#[test]
fn the_exit_code_is_2_for_arguments_that_are_wrong() {
    let run = Place::new().run(&["--format", "yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("invalid value 'yaml'"), "{}", run.stderr);
    assert_eq!(Place::new().run(&["--help"]).code, 0);
}

#[test]
fn a_path_that_is_not_there_ends_in_2_with_a_hint() {
    let run = Place::new().run(&["absent"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"
    error: `absent` could not be read: No such file or directory (os error 2)
    hint: check the path; `keytrawl --help` lists the commands
    ");
}

#[test]
fn a_path_that_is_not_there_beside_a_good_one_is_a_warning() {
    let place = Place::with(&[("good.txt", "nothing\n".to_owned()), ("bad.env", mega())]);
    let clean = place.run(&["good.txt", "absent"]);
    assert_eq!(clean.code, 2);
    assert!(clean.stderr.starts_with("warning: `absent` could not be read: "), "{}", clean.stderr);
    let found = place.run(&["bad.env", "absent", "--format", "json"]);
    assert_eq!(found.code, 1, "a finding wins");
    assert_eq!(found.json()["complete"], false);
    assert_eq!(found.places(), ["bad.env:1:1 mega-api-key mega plain"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_said_and_never_ends_in_0() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with(&[("a.txt", "nothing\n"), ("locked.txt", "?\n")]);
    let locked = place.root().join("locked.txt");
    let mode = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(&locked, mode).expect("permissions");
    if std::fs::read(&locked).is_ok() {
        return; // The superuser can read everything.
    }
    let run = place.run(&JSON);
    assert_eq!(run.code, 2);
    assert_eq!(run.warnings(), ["unreadable"]);
    assert!(run.stderr.starts_with("warning: `locked.txt` could not be read: "), "{}", run.stderr);
}

#[test]
fn standard_input_is_called_dash() {
    let place = Place::new();
    let run = place.run_on(format!("\r\nkey={}", mega()).as_bytes(), &["-", "--format", "json"]);
    assert_eq!(run.places(), ["-:2:5 mega-api-key mega plain"]);
    assert_eq!(run.code, 1);
    assert_eq!(place.run_on(b"nothing", &["-"]).code, 0);
    assert_eq!(place.run_on(b"", &["-"]).code, 0);
}

#[test]
fn ignore_rules_hide_files_but_never_those_that_git_tracks() {
    let place = Place::with(&[
        (".gitignore", "*.env\nbuild/\n".to_owned()),
        ("kept.env", mega()),
        ("build/out.txt", token(1)),
        ("build/tracked.txt", token(2)),
        ("sub/plain.txt", token(3)),
    ]);
    place.git(&["init", "-q"]);
    place.git(&["add", "-f", "kept.env", "build/tracked.txt"]);
    let usual = place.run(&JSON).places();
    let token = "meetergo-personal-token meetergo plain";
    assert_eq!(
        usual,
        [
            format!("build/tracked.txt:1:1 {token}"),
            "kept.env:1:1 mega-api-key mega plain".to_owned(),
            format!("sub/plain.txt:1:1 {token}"),
        ]
    );
    let all = place.run(&["--no-ignore", "--format", "json"]).places();
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all.contains(&format!("build/out.txt:1:1 {token}")));
    let named = place.run(&["build", "--format", "json"]).places();
    assert_eq!(named.len(), 2, "a folder that is named is read itself: {named:?}");
}

#[test]
fn a_file_named_on_the_command_line_is_read_whatever_hides_it() {
    let place = Place::with(&[(".gitignore", "*.env\n".to_owned()), ("a.env", mega())]);
    place.git(&["init", "-q"]);
    assert_eq!(place.run(&[]).code, 0);
    assert_eq!(place.run(&["a.env"]).code, 1);
}

#[test]
fn hidden_files_are_read_and_the_folder_of_git_is_not() {
    let place = Place::with(&[(".hidden/.npmrc", token(1)), (".git/stray.txt", token(2))]);
    let found = place.run(&JSON).places();
    assert_eq!(found, [".hidden/.npmrc:1:1 meetergo-personal-token meetergo plain"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_on_request_only_and_loops_end() {
    use std::os::unix::fs::symlink;
    let place = Place::with(&[("elsewhere/key.txt", token(1)), ("tree/a.txt", "-".to_owned())]);
    let root = place.root();
    symlink("../elsewhere", root.join("tree/link")).expect("a link");
    let run = place.run(&["tree", "--format", "json"]);
    assert_eq!((run.code, run.places()), (0, Vec::new()));
    assert_eq!(run.json()["stats"]["skipped"], 1);
    symlink("..", root.join("tree/loop")).expect("a link");
    let run = place.run(&["tree", "--follow", "--format", "json"]);
    assert!(run.warnings().contains(&"loop".to_owned()), "{}", run.stdout);
    assert!(run.places().iter().any(|p| p.starts_with("tree/link/key.txt:1:1 ")));
    assert_eq!(run.code, 1);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_failure() {
    let place = Place::with(&[("a.txt", "-")]);
    std::os::unix::fs::symlink("absent", place.root().join("dangling")).expect("a link");
    assert_eq!(place.run(&[]).code, 0);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_left_out_with_a_warning() {
    let place = Place::with(&[("a.txt", "-")]);
    let made = std::process::Command::new("mkfifo").arg(place.root().join("pipe")).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let run = place.run(&JSON);
    assert_eq!((run.code, run.warnings()), (0, vec!["special-file".to_owned()]));
    assert_eq!(run.stderr, "warning: `pipe` is no regular file and was left out\n");
    let named = place.run(&["pipe"]);
    assert_eq!(named.code, 2, "nobody writes to it");
    assert_eq!(named.stderr, "warning: `pipe` could not be read: nobody writes to this pipe\n");
}

#[cfg(unix)]
#[test]
fn a_pipe_that_is_named_is_read_as_standard_input_is() {
    let place = Place::with(&[("a.env", token(1))]);
    let shell = |script: &str| {
        let mut command = place.command("", &[]);
        let program = command.get_program().to_owned();
        command = std::process::Command::new("sh");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(place.root()).arg("-c").arg(script).arg("sh").arg(program);
        place.finish(&mut command, b"")
    };
    let rule = "meetergo-personal-token meetergo plain";
    let stdin = shell("cat a.env | \"$1\" --format json /dev/stdin");
    assert_eq!(stdin.places(), [format!("/dev/stdin:1:1 {rule}")], "{}", stdin.stderr);
    let by_dash = shell("cat a.env | \"$1\" --format json -");
    assert_eq!(stdin.fingerprints(), by_dash.fingerprints());
    // The writer comes after the reader.
    let made = shell(
        "mkfifo pipe; { sleep 0.2; cat a.env; } | { sleep 0.2; cat > pipe; } & \"$1\" --format json pipe",
    );
    assert_eq!(made.places(), [format!("pipe:1:1 {rule}")], "{}", made.stderr);
    let empty = shell(": | \"$1\" /dev/stdin");
    assert_eq!((empty.code, empty.stderr.as_str()), (0, ""), "{}", empty.stdout);
    assert_eq!(place.run(&["/dev/null"]).code, 0);
}

#[test]
fn what_is_named_twice_is_read_once() {
    let place = Place::with(&[
        (".gitignore", "*.env\n".to_owned()),
        ("d/a.txt", token(1)),
        ("d/hidden.env", token(2)),
    ]);
    place.git(&["init", "-q"]);
    let told = |paths: &[&str]| {
        let run = place.run(&[paths, &JSON].concat());
        let stats = run.json()["stats"].clone();
        let names =
            run.places().into_iter().map(|place| place.split(':').next().map(str::to_owned));
        (names.flatten().collect::<Vec<_>>(), stats["files"].clone(), stats["bytes"].clone())
    };
    let once = told(&["d/a.txt"]);
    assert_eq!(once, (vec!["d/a.txt".to_owned()], 1.into(), 36.into()));
    for more in [["d/a.txt", "d/a.txt"], ["d/a.txt", "./d//a.txt"], ["d/a.txt", "d"]] {
        assert_eq!(told(&more), once, "{more:?}");
    }
    assert_eq!(told(&["./d/a.txt", "d/a.txt"]).0, ["./d/a.txt"], "the first name is shown");
    assert_eq!(told(&["./d", "d/a.txt", "d/"]).0, ["./d/a.txt"]);
    // What a folder hides is read if it is named, before or after the folder.
    for both in [["d", "d/hidden.env"], ["d/hidden.env", "d"]] {
        assert_eq!(told(&both).0, ["d/a.txt", "d/hidden.env"], "{both:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_utf8_is_read_and_shown_with_escapes() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    place.file(std::ffi::OsStr::from_bytes(b"caf\xe9.env"), mega());
    let run = place.run(&JSON);
    assert_eq!(run.places(), ["caf\\xe9.env:1:1 mega-api-key mega plain"]);
    assert_eq!(run.warnings(), ["name"]);
    assert_eq!(run.code, 1);
}

#[test]
fn the_configuration_is_found_upwards_to_the_root_of_the_repository() {
    let place = Place::with(&[
        ("keytrawl.toml", "disabled-rules = [\"mega-api-key\"]\n".to_owned()),
        ("sub/deep/a.env", mega()),
    ]);
    assert_eq!(place.run_in("sub", &[]).code, 1, "outside of a repository it is not looked for");
    assert_eq!(place.run(&[]).code, 0);
    place.git(&["init", "-q"]);
    assert_eq!(place.run_in("sub/deep", &[]).code, 0);
    assert_eq!(place.run(&["sub/deep/a.env"]).code, 0);
    assert_eq!(place.run(&["--no-config", "sub"]).code, 1);
    place.file("sub/.keytrawl.toml", "confidence = \"high\"\n");
    assert_eq!(place.run_in("sub/deep", &[]).code, 1, "the nearest one counts");
}

#[test]
fn an_unknown_key_of_the_configuration_ends_in_2_with_a_suggestion() {
    let place = Place::with(&[("keytrawl.toml", "folow = true\n[archives]\ndeep = 3\n")]);
    let run = place.run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"
    error: the configuration `[DIR]/keytrawl.toml` is wrong
      [DIR]/keytrawl.toml:1:1: unknown key `folow` (did you mean `follow`?)
      [DIR]/keytrawl.toml:3:1: unknown key `deep` (did you mean `depth`?)
    hint: mend the file, or scan with `--no-config`
    ");
}

#[test]
fn the_configuration_has_no_word_for_where_a_secret_is_sent() {
    for key in ["verify = true", "endpoint = \"x\"", "[verify]\nurl = \"x\""] {
        let run = Place::with(&[("keytrawl.toml", key)]).run(&[]);
        assert_eq!(run.code, 2, "{key}");
        let refused = ["unknown key", "what is scanned must not say where secrets go"];
        assert!(refused.iter().any(|r| run.stderr.contains(r)), "{}", run.stderr);
    }
}

/// Findings and suppressed matches under a configuration.
fn under(place: &Place, configuration: &str) -> (usize, u64) {
    place.file("keytrawl.toml", configuration);
    let run = place.run(&JSON);
    let suppressed = run.json()["stats"]["suppressed"].as_u64().expect("a count");
    (run.places().len(), suppressed)
}

#[test]
fn allowlists_name_paths_rules_expressions_words_and_fingerprints() {
    let place = Place::with(&[
        ("vendor/a.env", mega()),
        ("src/b.env", format!("key={}\n", token(1))),
        ("src/c.env", format!("key={} # of the tests\n", token(2))),
    ]);
    assert_eq!(under(&place, ""), (3, 0));
    assert_eq!(under(&place, "[[allowlists]]\npaths = ['^vendor/']\n").0, 2);
    let of_rule = "[[allowlists]]\nrules = ['mega-api-key']\nregexes = ['.']\n";
    assert_eq!(under(&place, of_rule), (2, 1));
    let secret = format!("[[allowlists]]\nregexes = ['{}$']\n", &token(1)[30..]);
    assert_eq!(under(&place, &secret), (2, 1));
    let line = "[[allowlists]]\nregexes = ['of the tests']\nregexTarget = 'line'\n";
    assert_eq!(under(&place, line), (2, 1));
    let word = format!("[[allowlists]]\nstopwords = ['{}']\n", token(2)[10..20].to_uppercase());
    assert_eq!(under(&place, &word), (2, 1));
    let marks = place.run(&["src/b.env", "--no-config", "--format", "json"]).fingerprints();
    assert_eq!(marks.len(), 1);
    let known = place.run(&["--no-config", "--format", "json"]).fingerprints();
    let mark = known.iter().find(|m| m.contains("src/b.env")).expect("of the tree");
    let listed = format!("[[allowlists]]\nreason = 'r'\nfingerprints = ['{mark}']\n");
    assert_eq!(under(&place, &listed), (2, 1));
}

#[test]
fn allow_comments_suppress_their_line_and_nothing_else() {
    let line = |n: usize, comment: &str| format!("key = \"{}\" {comment}\n", token(n));
    let cases = [
        line(1, "# keytrawl:allow"),
        line(2, "# keytrawl:allow meetergo-personal-token -- of the tests"),
        line(3, "# keytrawl:allow mega-api-key"),
        format!("# keytrawl:allow-next-line\n{}", line(4, "")),
        line(5, "# gitleaks:allow"),
        line(6, "# pragma: allowlist secret"),
        line(7, ""),
    ];
    let place = Place::with(&[("a.py", cases.concat())]);
    let run = place.run(&JSON);
    let found = run.places();
    let lines: Vec<_> = found.iter().filter_map(|p| p.split(':').nth(1)).collect();
    assert_eq!(lines, ["3", "8"], "{found:?}");
    assert_eq!(run.json()["stats"]["suppressed"], 5);
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
fn quiet_says_nothing_but_findings() {
    let clean = Place::with(&[("a.txt", "-")]).run(&["--quiet"]);
    assert_eq!((clean.code, clean.stdout.as_str(), clean.stderr.as_str()), (0, "", ""));
    let place = small_tree();
    let found = place.run(&["--quiet", "app", "absent"]);
    assert_eq!((found.code, found.stderr.as_str()), (1, ""));
    assert!(found.stdout.contains("app/.env:3:12"));
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

#[test]
fn rules_of_the_user_join_the_built_in_ones() {
    let rules = "[[rules]]\nid = \"acme\"\nregex = '''acme_[0-9a-f]{32}'''\n";
    let place = Place::with(&[
        ("acme.toml", rules.to_owned()),
        ("a.env", armed("A=acme_{hex:32}\n")),
        ("b.env", mega()),
    ]);
    assert_eq!(place.run(&JSON).places().len(), 1);
    let both = place.run(&["--rules", "acme.toml", "--format", "json"]);
    assert_eq!(both.places(), ["a.env:1:3 acme - plain", "b.env:1:1 mega-api-key mega plain"]);
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

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).expect("a member");
        writer.write_all(bytes).expect("its bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

fn tar_gz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut writer = tar::Builder::new(gzip);
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        writer.append_data(&mut header, name, *bytes).expect("a member");
    }
    writer.into_inner().and_then(|gzip| gzip.finish()).expect("an archive")
}

#[test]
fn keys_in_archives_and_in_archives_within_them_are_found() {
    let (first, second) = (format!("\nk={}", token(1)), format!("k={}", token(2)));
    let inner = zip(&[("conf/.env", first.as_bytes())]);
    let place = Place::with(&[
        ("app.jar", inner.clone()),
        ("dist.tar.gz", tar_gz(&[("pkg/inner.zip", &inner), ("pkg/b.txt", second.as_bytes())])),
    ]);
    let run = place.run(&JSON);
    let rule = "meetergo-personal-token meetergo plain";
    assert_eq!(
        run.places(),
        [
            format!("app.jar!conf/.env:2:3 {rule}"),
            format!("dist.tar.gz!pkg/b.txt:1:3 {rule}"),
            format!("dist.tar.gz!pkg/inner.zip!conf/.env:2:3 {rule}"),
        ]
    );
    assert_eq!(place.run(&["--no-archives"]).code, 0);
    let shallow = place.run(&["--max-archive-depth", "1", "--format", "json"]);
    assert_eq!(shallow.places().len(), 2, "{}", shallow.stdout);
    assert_eq!(shallow.json()["complete"], false);
}

/// A gzip with a key in its comment.
fn noted_gzip(key: &str) -> Vec<u8> {
    let gzip = flate2::GzBuilder::new().comment(key);
    let mut writer = gzip.write(Vec::new(), flate2::Compression::default());
    writer.write_all(b"nothing\n").expect("its bytes");
    writer.finish().expect("a gzip")
}

#[test]
fn keys_in_archives_beside_their_members_are_found_where_they_stand() {
    let plain = [("a.txt", &b"nothing\n"[..])];
    let mut writer = zip::ZipWriter::new_append(std::io::Cursor::new(zip(&plain))).expect("a zip");
    writer.set_comment(token(1)).expect("a comment");
    let commented = writer.finish().expect("an archive").into_inner();
    let behind = [&zip(&plain)[..], b"\n", token(2).as_bytes()].concat();
    let named = zip(&[(&format!("d/{}", token(3)), b"nothing\n")]);
    let mut link = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    link.append_link(&mut header, "a link", token(4)).expect("a link");
    let place = Place::new();
    place.file("behind.zip", &behind);
    place.file("commented.zip", &commented);
    place.file("link.tar", link.into_inner().expect("an archive"));
    place.file("named.zip", &named);
    place.file("noted.gz", noted_gzip(&token(5)));
    let run = place.run(&JSON);
    assert_eq!((run.code, &run.json()["complete"]), (1, &true.into()));
    let findings = run.json();
    let mut places: Vec<_> = array(&findings["findings"])
        .iter()
        .flat_map(|finding| array(&finding["occurrences"]))
        .map(|place| (text(&place["path"]), place["start"].as_u64().unwrap_or(0)))
        .collect();
    places.sort_unstable();
    let within = |bytes: &[u8], n: usize| {
        let key = token(n);
        let at = bytes.windows(key.len()).rposition(|window| window == key.as_bytes());
        at.expect("the key") as u64
    };
    let expected = [
        ("behind.zip", within(&behind, 2)),
        ("commented.zip", within(&commented, 1)),
        ("link.tar", 157),
        ("named.zip", within(&named, 3)),
        ("noted.gz", 10),
    ];
    assert_eq!(places, expected);
    assert_eq!(findings["stats"]["members"], 4, "what is no member is not counted as one");
}

#[test]
fn a_wrong_checksum_ends_in_2_whatever_the_format() {
    let mut gzip = noted_gzip("-");
    let sum = gzip.len() - 8;
    gzip[sum] ^= 1;
    let mut zip = zip(&[("a.txt", b"nothing\n")]);
    let record = zip.windows(4).rposition(|w| w == b"PK\x01\x02").expect("a record");
    zip[record + 16] ^= 1;
    for (name, bytes) in [("a.gz", &gzip), ("a.zip", &zip)] {
        let run = Place::with(&[(name, bytes)]).run(&JSON);
        assert_eq!((run.code, run.warnings()), (2, vec!["archive".to_owned()]), "{name}");
        assert!(run.stderr.contains("does not match its checksum"), "{}", run.stderr);
    }
}

#[test]
fn a_key_in_a_line_of_megabytes_is_found_and_its_snippet_is_short() {
    let filler = "var a=function(b){return b+1};".repeat(50_000);
    let place = Place::with(&[("min.js", format!("{filler}k='{}';{filler}", token(1)))]);
    let run = place.run(&[]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains(&format!("min.js:1:{}\n", filler.len() + 4)), "{}", run.stdout);
    assert!(run.stdout.len() < 4000, "{} bytes", run.stdout.len());
}

#[test]
fn five_thousand_keys_on_one_line_are_found_in_linear_time() {
    let place = Place::with(&[("line.txt", armed(&"rgo-{base62:32},".repeat(5000)))]);
    let run = place.run(&JSON);
    let found = run.places();
    assert_eq!((run.code, found.len()), (1, 5000));
    assert!(text(&run.json()["findings"][4999]["occurrences"][0]["path"]) == "line.txt");
}

#[test]
fn a_file_larger_than_asked_for_is_left_out_and_said() {
    let place = Place::with(&[("a.txt", "x".repeat(3000))]);
    let run = place.run(&["--max-size", "2k", "--format", "json"]);
    assert_eq!(run.json()["stats"]["skipped"], 1);
    assert_eq!(run.warnings().len(), 1);
}

#[test]
fn content_without_a_last_newline_with_crlf_or_a_nul_is_read_to_its_end() {
    let key = token(1);
    let place = Place::with(&[
        ("crlf.ini", format!("[a]\r\nk = {key}\r\nx = 1\r\n").into_bytes()),
        ("end.txt", format!("a\nb {key}").into_bytes()),
        ("image.bin", [b"\x00\x01\xff\xfe\n\x00", key.as_bytes(), b"\x00\xff"].concat()),
    ]);
    let found = place.run(&JSON).places();
    let rule = "meetergo-personal-token meetergo plain";
    assert_eq!(
        found,
        [
            format!("crlf.ini:2:5 {rule}"),
            format!("end.txt:2:3 {rule}"),
            format!("image.bin:2:2 {rule}"),
        ]
    );
}
