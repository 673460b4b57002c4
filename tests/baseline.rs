//! Baselines through the program: what is known stays known whatever happens around it, and what is
//! not is reported.
//!
//! Files of other scanners are built here in the forms that those scanners write; the keys in them
//! are drawn at run time.

mod harness;

use harness::{Place, Run, array, text};
use keytrawl::rule::armed;
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

const JSON: [&str; 2] = ["--format", "json"];
const NAME: &str = ".keytrawl-baseline";

fn mega() -> String {
    armed("mega_{hex:64}")
}

fn sk() -> String {
    armed("sk_live_{base62:40}")
}

fn tree() -> Place {
    Place::with(&[
        ("app/.env", format!("DEBUG=1\nMEGA_TOKEN={}\n", mega())),
        ("deploy/a b.yaml", format!("key: {}\n", sk())),
    ])
}

fn commit(place: &Place, message: &str) {
    place.git(&["add", "-A"]);
    let author = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example"];
    place.git(&[&author[..], &["commit", "-q", "--allow-empty", "-m", message]].concat());
}

fn repository() -> Place {
    let place = tree();
    place.git(&["init", "-q", "-b", "main"]);
    commit(&place, "start");
    place
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.root().join(name)).expect("a file")
}

/// `path:line` of every place, sorted.
fn places(run: &Run) -> Vec<String> {
    let report = run.json();
    let findings = array(&report["findings"]).iter();
    let all = findings.flat_map(|finding| array(&finding["occurrences"]));
    let mut places: Vec<String> =
        all.map(|place| format!("{}:{}", text(&place["path"]), place["line"])).collect();
    places.sort();
    places
}

fn messages(run: &Run) -> Vec<String> {
    array(&run.json()["warnings"]).iter().map(|w| text(&w["message"]).to_owned()).collect()
}

#[test]
fn a_baseline_is_sorted_and_holds_no_secret() {
    let place = tree();
    let run = place.run(&["baseline", "create", "--reason", "old", "--expires", "2999-12-31"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout, format!("wrote {NAME}: 2 entries\n"));
    insta::assert_snapshot!(read(&place, NAME), @r"
    # keytrawl baseline 1
    # Secrets that are known and may stay where they are. One entry a line:
    #   FINGERPRINT  [expires=YYYY-MM-DD]  [# REASON]
    # `keytrawl baseline update` adds what is new, `keytrawl baseline prune` drops what is gone.
    mega-api-key:app/.env:f1c2adf83ad6d0d3c767  expires=2999-12-31  # old
    sk-live-key:deploy/a b.yaml:6ab05b40763a6f0ca116  expires=2999-12-31  # old
    ");
    let run = place.run(&JSON);
    assert_eq!((run.code, places(&run), messages(&run)), (0, vec![], vec![]));
    assert_eq!(run.json()["stats"]["suppressed"], 2);
    assert_eq!(place.run(&["--no-baseline"]).code, 1);
    let again = place.run(&["baseline", "create"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    let same = place.run(&["baseline", "update"]);
    assert_eq!(same.stdout, format!("unchanged {NAME}: 2 entries, 0 new\n"));
}

#[test]
fn a_copy_in_another_file_is_news_and_an_update_adds_it() {
    let place = tree();
    place.run(&["baseline", "create", "--reason", "old"]);
    place.file("a.env", format!("T={}\n", mega()));
    let run = place.run(&JSON);
    assert_eq!((run.code, places(&run)), (1, vec!["a.env:1".to_owned()]));
    assert!(run.fingerprints()[0].starts_with("mega-api-key:a.env:"), "{:?}", run.fingerprints());
    let run = place.run(&["baseline", "update", "--reason", "a second one"]);
    assert_eq!(run.stdout, format!("wrote {NAME}: 3 entries, 1 new\n"));
    assert_eq!(place.run(&[]).code, 0);
    let lines = read(&place, NAME);
    let reasons: Vec<&str> = lines.lines().skip(4).filter_map(|l| l.split("# ").nth(1)).collect();
    assert_eq!(reasons, ["a second one", "old", "old"]);
}

#[test]
fn a_baseline_survives_what_happens_to_a_repository() {
    let place = repository();
    assert_eq!(place.run(&["baseline", "create"]).code, 0);
    let quiet = |place: &Place, what: &str| {
        for command in ["scan", "history"] {
            let run = place.run(&[&[command], &JSON[..]].concat());
            assert_eq!((run.code, places(&run)), (0, vec![]), "{what}, {command}");
        }
    };
    quiet(&place, "as it is");
    place.file("app/.env", format!("# a\n# b\nDEBUG=1\n  MEGA_TOKEN = {}\n", mega()));
    commit(&place, "insert lines");
    quiet(&place, "inserted lines");
    place.git(&["checkout", "-q", "--orphan", "squashed"]);
    commit(&place, "all in one");
    place.git(&["branch", "-q", "-D", "main"]);
    quiet(&place, "squashed");
    let text = read(&place, NAME).replace('/', "\\");
    place.file(NAME, text.replace('\n', "\r\n"));
    quiet(&place, "separators of Windows");
    let clone = Place::new();
    let from = place.root().display().to_string();
    clone.git(&["clone", "-q", &from, "elsewhere"]);
    let file = clone.root().join("elsewhere").join(NAME);
    for (folder, arguments) in [
        ("elsewhere", vec!["scan", "."]),
        ("elsewhere", vec!["scan", "app", "deploy/a b.yaml"]),
        ("elsewhere/app", vec!["scan", ".."]),
        ("elsewhere/app", vec!["history"]),
        ("", vec!["history", "elsewhere"]),
        ("", vec!["elsewhere"]),
    ] {
        assert!(file.is_file());
        let run = clone.run_in(folder, &[&arguments, &JSON[..]].concat());
        assert_eq!((run.code, places(&run)), (0, vec![]), "{folder} {arguments:?}");
    }
}

#[test]
fn secrets_that_only_the_history_holds_are_known_too() {
    let place = repository();
    place.git(&["rm", "-q", "app/.env"]);
    commit(&place, "drop it");
    let run = place.run(&["baseline", "create"]);
    assert_eq!(run.stdout, format!("wrote {NAME}: 2 entries\n"));
    assert_eq!(place.run(&["history"]).code, 0);
    let files = place.run(&JSON);
    assert_eq!(files.code, 0);
    assert!(messages(&files)[0].contains("`keytrawl baseline prune` also asks the history"));
    assert_eq!(messages(&place.run(&["history", "--format", "json"])), [""; 0]);
    let run = place.run(&["baseline", "prune"]);
    assert_eq!(run.stdout, format!("unchanged {NAME}: 2 entries, 0 dropped\n"));
    let run = place.run(&["baseline", "prune", "--no-history"]);
    assert_eq!(run.stdout, format!("wrote {NAME}: 1 entry, 1 dropped\n"));
}

#[test]
fn entries_that_match_nothing_are_told_and_pruned_and_comments_stay() {
    let place = tree();
    place.run(&["baseline", "create"]);
    let stale = "mega-api-key:gone.env:0123456789abcdef0123";
    let text = read(&place, NAME) + "# of the demo\n" + stale + "\nnonsense\n";
    place.file(NAME, &text);
    let run = place.run(&JSON);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(messages(&run).join("\n"), @r"
    line 8 matches nothing that was scanned; `keytrawl baseline prune` drops what is gone
    line 9 is neither a fingerprint of keytrawl nor one of gitleaks or betterleaks; it suppresses nothing
    ");
    let run = place.run(&["baseline", "prune"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("line 9, is no fingerprint of ours"), "{}", run.stderr);
    place.file(NAME, text.replace("nonsense\n", "").replace("# of the demo\n", "") + "# the end\n");
    let run = place.run(&["baseline", "prune"]);
    assert_eq!(run.stdout, format!("wrote {NAME}: 2 entries, 1 dropped\n"));
    assert!(read(&place, NAME).ends_with("# the end\n"));
}

#[test]
fn an_expired_entry_reports_again() {
    let place = tree();
    place.run(&["baseline", "create"]);
    let until = |day: &str| {
        let text = read(&place, NAME);
        let lines = text.lines().map(|line| match line.split_once("  expires=") {
            _ if line.starts_with('#') => line.to_owned(),
            Some((entry, _)) => format!("{entry}  expires={day}"),
            None => format!("{line}  expires={day}"),
        });
        place.file(NAME, lines.collect::<Vec<_>>().join("\n") + "\n");
        let mut command = place.command("", &JSON);
        // The first of May 2026.
        let output = command.env("SOURCE_DATE_EPOCH", "1777593600").output().expect("it runs");
        let stdout = String::from_utf8(output.stdout).expect("text");
        Run { stdout, stderr: String::new(), code: output.status.code().expect("a code") }
    };
    assert_eq!(until("2026-05-01").code, 0);
    let run = until("2026-04-30");
    assert_eq!((run.code, places(&run).len()), (1, 2));
    assert!(messages(&run)[0].contains("expired on 2026-04-30"), "{:?}", messages(&run));
    let run = until("2026-02-30");
    assert_eq!((run.code, places(&run).len()), (1, 2));
    assert!(messages(&run)[0].contains("is no day"), "{:?}", messages(&run));
}

#[test]
fn a_baseline_that_cannot_be_used_is_an_error() {
    let place = tree();
    place.file("bad.json", "{\"a\": ");
    place.file("other.json", "{\"a\": 1}");
    place.file("binary", [0xff, 0xfe, 0]);
    for (name, said) in [
        ("missing", "could not be read"),
        ("bad.json", "looks like JSON"),
        ("other.json", "no report of gitleaks"),
        ("binary", "no UTF-8"),
    ] {
        let run = place.run(&["--baseline", name]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}");
        assert!(run.stderr.contains(said) && run.stderr.contains("hint:"), "{}", run.stderr);
    }
}

/// The tree, and the file of another scanner that lists both of its keys; lines are inserted then if
/// that scanner's entries can bear it.
fn foreign(name: &str, content: &str, moves: bool) {
    let place = tree();
    place.file(name, content);
    let arguments = [&["--baseline", name], &JSON[..]].concat();
    let run = place.run(&arguments);
    assert_eq!((run.code, places(&run)), (0, vec![]), "{name}: {}", run.stdout);
    let named = place.run(&["baseline", "import", name]);
    assert_eq!(named.code, 0, "{name}: {}", named.stderr);
    assert!(
        named.stdout.starts_with(&format!("wrote {NAME}: 2 entries, 2 new")),
        "{}",
        named.stdout
    );
    let own = read(&place, NAME);
    assert!(!own.contains(&mega()) && !own.contains(&sk()), "{name}");
    std::fs::remove_file(place.root().join(name)).expect("the file");
    assert_eq!(place.run(&[]).code, 0, "{name}");
    std::fs::remove_file(place.root().join(NAME)).expect("the file");
    place.file(name, content);
    place.file("app/.env", format!("# new\nDEBUG=1\nMEGA_TOKEN={}\n", mega()));
    let moved = if moves { vec![] } else { vec!["app/.env:3".to_owned()] };
    assert_eq!(places(&place.run(&arguments)), moved, "{name}");
    place.file("copy.env", format!("K={}\n", sk()));
    assert_eq!(place.run(&arguments).code, i32::from(name != ".betterleaksignore"), "{name}");
}

/// A report of gitleaks, whose secrets go through `shown`.
fn gitleaks(shown: impl Fn(&str) -> String) -> String {
    let finding = |file: &str, line: usize, secret: &str| {
        json!({ "RuleID": "generic-api-key", "Description": "x", "StartLine": line, "EndLine": line,
            "StartColumn": 2, "EndColumn": 90, "Match": shown(secret), "Secret": shown(secret),
            "File": file, "SymlinkFile": "", "Commit": "", "Entropy": 4.5, "Author": "", "Email": "",
            "Date": "", "Message": "", "Tags": [], "Fingerprint": "x" })
    };
    let all = [finding("./app/.env", 2, &mega()), finding("deploy/a b.yaml", 1, &sk())];
    serde_json::to_string_pretty(&all).expect("JSON")
}

#[test]
fn reports_of_gitleaks_are_baselines() {
    foreign("known.json", &gitleaks(str::to_owned), true);
    foreign("redacted.json", &gitleaks(|_| "REDACTED".to_owned()), false);
    foreign("partly.json", &gitleaks(|secret| format!("{}...", &secret[..20])), false);
}

#[test]
fn ignore_files_of_gitleaks_and_betterleaks_are_found_and_read() {
    let lines = "# known\napp/.env:generic-api-key:2\n\ndeploy\\a b.yaml:stripe-access-token:1\n";
    foreign(".gitleaksignore", lines, false);
    let digest = |secret: String| {
        Sha256::digest(secret).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let lines = format!("sha256:{}\n{}\n", digest(mega()), digest(sk()));
    foreign(".betterleaksignore", &lines, true);
    let place = tree();
    place.file(".gitleaksignore", "app/.env:generic-api-key:2\n");
    assert_eq!(places(&place.run(&JSON)), ["deploy/a b.yaml:1"]);
    assert_eq!(place.run(&["--no-baseline", "--format", "json"]).fingerprints().len(), 2);
}

#[test]
fn entries_of_gitleaks_may_name_the_commit() {
    let place = repository();
    let report = place.run(&["history", "--format", "json"]).json();
    let id = text(&report["findings"][0]["occurrences"][0]["commit"]["id"]).to_owned();
    let lines = |id: &str| format!("{id}:app/.env:x:2\n{id}:deploy/a b.yaml:x:1\n");
    for (id, left) in [(id.as_str(), 0), (&id[..7], 0), ("0123456789", 2)] {
        place.file(".gitleaksignore", lines(id));
        let run = place.run(&["history", "--format", "json"]);
        assert_eq!(run.fingerprints().len(), left, "{id}");
        assert_eq!(run.warnings(), [""; 0]);
    }
}

/// What a history lists is in the files as well: it is ours either way.
#[test]
fn entries_with_a_commit_are_imported_whether_or_not_the_secret_is_still_there() {
    let place = repository();
    let report = place.run(&["history", "--format", "json"]).json();
    let id = text(&report["findings"][0]["occurrences"][0]["commit"]["id"]).to_owned();
    let lines = format!("{id}:app/.env:x:2\n{id}:deploy/a b.yaml:x:1\n");
    let json = gitleaks(|_| "REDACTED".to_owned())
        .replace("\"Commit\": \"\"", &format!("\"Commit\": \"{id}\""));
    for (name, content) in [(".gitleaksignore", &lines), ("redacted.json", &json)] {
        place.file(name, content);
        let run = place.run(&["baseline", "import", name]);
        assert!(run.stdout.contains("2 entries, 2 new"), "{name}: {}{}", run.stdout, run.stderr);
        std::fs::remove_file(place.root().join(name)).expect("the file");
        assert_eq!(place.run(&[]).code, 0, "{name}");
        std::fs::remove_file(place.root().join(NAME)).expect("the file");
    }
}

#[test]
fn baselines_of_detect_secrets_and_kingfisher_are_read() {
    let sha1 =
        |secret: &str| Sha1::digest(secret).iter().map(|b| format!("{b:02x}")).collect::<String>();
    // It hashes the beginning of a long key.
    let results = json!({
        "app/.env": [{ "type": "Secret Keyword", "filename": "app/.env", "line_number": 9,
            "hashed_secret": sha1(&mega()), "is_verified": false }],
        "deploy/a b.yaml": [{ "type": "Stripe Access Key", "filename": "deploy/a b.yaml",
            "line_number": 7, "hashed_secret": sha1(&sk()[..32]), "is_verified": false }],
    });
    let file = json!({ "version": "1.5.0", "plugins_used": [], "results": results });
    foreign(".secrets.baseline", &file.to_string(), true);
    // A new key in the place of the known one is news.
    let place = tree();
    place.file(".secrets.baseline", file.to_string());
    place.file(
        "deploy/a b.yaml",
        format!("\n\n\n\n\n\nkey: {}\n", &armed("x sk_live_{base62:40}")[2..]),
    );
    let run = place.run(&["--baseline", ".secrets.baseline", "--format", "json"]);
    assert_eq!(places(&run), ["deploy/a b.yaml:7"]);
    let first = "ExactFindings:\n  matches:\n  - filepath: work/app/.env\n    fingerprint: '389162583612032034'\n    linenum: 2\n  - filepath: work/deploy/a b.yaml\n    fingerprint: '1'\n    linenum: 1\n";
    foreign("kingfisher.yml", first, false);
    let second = "version: 2\nfingerprint_algorithm: kingfisher-v1\nrepositories:\n- id: local:///x\n  findings:\n  - path: app/.env\n    fingerprint: '1'\n    rule_id: x\n    line: 2\n  - path: deploy/a b.yaml\n    fingerprint: '2'\n    line: 1\n";
    foreign("kingfisher.yml", second, false);
}

#[test]
fn a_baseline_in_clear_hides_its_own_secrets_and_no_others() {
    let place = tree();
    let other =
        armed("{base62:8} sk_live_{base62:40}").split(' ').nth(1).expect("a key").to_owned();
    let known = gitleaks(str::to_owned).replacen("\"x\"", &format!("\"{other}\""), 1);
    place.file("known.json", known);
    let run = place.run(&["--baseline", "known.json", "--format", "json"]);
    assert_eq!(places(&run), ["known.json:6"]);
    let explained = place.run(&["--baseline", "known.json", "--explain"]);
    assert!(
        explained.stdout.contains("the baseline `known.json`, entry 1"),
        "{}",
        explained.stdout
    );
}

#[test]
fn a_baseline_is_of_the_whole_repository_wherever_it_is_made() {
    let place = repository();
    place.file("untracked.env", format!("K={}\n", mega()));
    let run = place.run_in("app", &["baseline", "create"]);
    assert_eq!(run.stdout, format!("wrote [DIR]/{NAME}: 3 entries\n"));
    let run = place.run_in("app", &["baseline", "prune"]);
    assert_eq!(run.stdout, format!("unchanged [DIR]/{NAME}: 3 entries, 0 dropped\n"));
    assert_eq!(place.run_in("app", &["scan", "."]).code, 0);
    assert_eq!(place.run_in("app", &["baseline", "update", "--format", "json"]).code, 2);
}

#[test]
fn paths_of_scanners_that_ran_in_a_folder_are_known_there() {
    let place = repository();
    place.file("app/.gitleaksignore", ".env:x:2\n");
    let run = place.run_in("app", &["--baseline", ".gitleaksignore", "--format", "json", "."]);
    assert_eq!((run.code, places(&run)), (0, vec![]));
}

#[test]
fn fingerprints_may_have_a_key() {
    let place = tree();
    let outside = place.root().join("../home/key");
    std::fs::write(&outside, "a key of thirty-two characters..\n").expect("a file");
    let plain = place.run(&JSON).fingerprints();
    let with = ["--fingerprint-key", "../home/key"];
    let keyed = place.run(&[&with[..], &JSON].concat()).fingerprints();
    assert_eq!(keyed, place.run(&[&with[..], &JSON].concat()).fingerprints());
    assert!(plain.iter().all(|fingerprint| !keyed.contains(fingerprint)));
    assert_eq!(place.run(&[&["baseline", "create"], &with[..]].concat()).code, 0);
    let text = read(&place, NAME);
    assert!(keyed.iter().all(|fingerprint| text.contains(fingerprint.as_str())), "{text}");
    assert_eq!(place.run(&with).code, 0);
    // Without the key, nothing is known: that is reported, not hidden.
    assert_eq!(place.run(&JSON).fingerprints(), plain);
    std::fs::write(&outside, "short\n").expect("a file");
    let run = place.run(&with);
    assert!(run.code == 2 && run.stderr.contains("fewer than 16 bytes"), "{}", run.stderr);
}

/// Without the key that made it, nobody can tell what of a baseline is gone, or new.
#[test]
fn a_baseline_of_a_key_is_changed_with_the_key_alone() {
    let place = tree();
    std::fs::write(place.home().join("key"), "a key of thirty-two characters..\n").expect("a file");
    let key = ["--fingerprint-key", "../home/key"];
    place.file("known", "");
    assert_eq!(place.run(&[&["baseline", "create"], &key[..]].concat()).code, 0);
    let made = read(&place, NAME);
    assert!(made.contains("\n# keyed: "), "{made}");
    for command in [&["prune"][..], &["update"], &["import", "known"]] {
        let run = place.run(&[&["baseline"], command].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command:?}");
        let problem = format!("error: `{NAME}` was made with a key");
        assert!(run.stderr.starts_with(&problem), "{}", run.stderr);
        assert!(run.stderr.contains("hint: name the file of the key"), "{}", run.stderr);
        assert_eq!(read(&place, NAME), made, "{command:?}");
    }
    for command in ["prune", "update"] {
        let run = place.run(&[&["baseline", command], &key[..]].concat());
        assert!(run.code == 0 && run.stdout.starts_with("unchanged"), "{command}: {}", run.stdout);
    }
    // A scan reports, says why, and does not advise to drop anything.
    let run = place.run(&[]);
    let told = format!(
        "warning: `{NAME}` was made with a key: without `--fingerprint-key` none of its fingerprints counts\n"
    );
    assert_eq!((run.code, run.stderr), (1, told));
    assert_eq!(place.run(&key).code, 0);

    // And the other way about.
    assert_eq!(place.run(&["baseline", "create", "--force"]).code, 0);
    let plain = read(&place, NAME);
    assert!(!plain.contains("# keyed"), "{plain}");
    let run = place.run(&[&["baseline", "prune"], &key[..]].concat());
    assert!(run.code == 2 && run.stderr.contains("was made without a key"), "{}", run.stderr);
    assert_eq!(read(&place, NAME), plain);
    // Which the hint makes a file of the key.
    for command in ["update", "prune"] {
        assert_eq!(place.run(&[&["baseline", command], &key[..]].concat()).code, 0);
    }
    assert_eq!(read(&place, NAME), made);
}

#[test]
fn an_option_without_a_use_is_an_error() {
    let place = Place::with(&[("a.txt", "x\n")]);
    let commands = [
        &["baseline", "create"][..],
        &["baseline", "update"],
        &["baseline", "prune"],
        &["baseline", "import", "a.txt"],
        &["suppressions"],
    ];
    let options = [
        &["--verify"][..],
        &["--ca-file", "a.txt"],
        &["--fail-on", "never"],
        &["--replacements", "r.txt"],
        &["--explain"],
        &["--show-secrets"],
    ];
    for command in commands {
        for option in options {
            let run = place.run(&[command, option].concat());
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command:?} {option:?}");
            let expected = format!("has no use for `{}`\n", option[0]);
            assert!(run.stderr.contains(&expected), "{}", run.stderr);
        }
    }
    assert!(!place.root().join(".keytrawl-baseline").exists());
}

/// Reports advise `baseline update`, whether there is one or not.
#[test]
fn an_update_begins_a_baseline_where_there_is_none() {
    let place = repository();
    let run = place.run(&["baseline", "update", "--reason", "old"]);
    let updated = read(&place, NAME);
    assert_eq!((run.code, run.stdout), (0, format!("wrote {NAME}: 2 entries, 2 new\n")));
    std::fs::remove_file(place.root().join(NAME)).expect("a file");
    assert_eq!(place.run(&["baseline", "create", "--reason", "old"]).code, 0);
    assert_eq!(read(&place, NAME), updated);
    // A file that is named is meant to be there.
    let run = place.run(&["baseline", "update", "known.txt"]);
    assert!(
        run.code == 2 && run.stderr.contains("`known.txt` could not be read"),
        "{}",
        run.stderr
    );
}

/// Entries of rules that were not asked for are not gone.
#[test]
fn what_was_not_sought_is_not_dropped() {
    let place = repository();
    assert_eq!(place.run(&["baseline", "create"]).code, 0);
    let before = read(&place, NAME);
    for command in [&["baseline", "prune"][..], &["suppressions", "--unused"]] {
        let run = place.run(&[command, &["--only", "stripe"]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command:?}");
        assert!(run.stderr.contains("has no use for `--only`"), "{}", run.stderr);
    }
    assert_eq!(place.run(&["baseline", "prune", "--confidence", "high"]).code, 0);
    assert_eq!(read(&place, NAME), before);
    let run = place.run(&["history", "--only", "stripe"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

/// What reports for people print of a name with hidden characters is copied from there.
#[test]
fn a_fingerprint_counts_as_it_is_printed() {
    for name in ["\ttab.env", "a\u{202e}vne.b", "c/d\u{2028}e f.env", "it's \"a`b.env"] {
        let place = Place::with(&[(name, armed("mega_{hex:64}"))]);
        let printed = |format: &str, lead: &str, end: &str| {
            let run = place.run(&["--format", format]);
            let at = run.stdout.find(lead).expect("a fingerprint") + lead.len();
            let rest = &run.stdout[at..];
            rest[..rest.find(end).expect("its end")].to_owned()
        };
        let human = printed("human", "  fingerprint ", "\n");
        place.file("known", format!("{human}  # a sample\n"));
        let run = place.run(&["--baseline", "known"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name:?}: {human}");
        let listed = printed("markdown", "fingerprints = [\n", "\n]");
        let config =
            format!("[[allowlists]]\nreason = \"a sample\"\nfingerprints = [\n{listed}\n]\n");
        place.file("keytrawl.toml", config);
        let run = place.run(&[]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name:?}: {listed}");
    }
}

#[test]
fn what_keytrawl_writes_is_no_secret_to_it() {
    let password = armed("DB_PASSWORD={base62:16}\n");
    let place =
        Place::with(&[("app.env", password), ("pgpass.conf", armed("token = '{hex:40}'\n"))]);
    place.git(&["init", "-q", "-b", "main"]);
    assert_eq!(place.run(&["baseline", "create"]).code, 0);
    let written = read(&place, NAME);
    assert_eq!(place.run(&JSON).code, 0);
    assert_eq!(place.run(&["baseline", "update"]).code, 0);
    assert_eq!(read(&place, NAME), written);
    for format in ["human", "json", "jsonl", "sarif", "gitlab", "csv", "html", "markdown", "junit"]
    {
        let report = place.run(&["--no-baseline", "--format", format, "app.env", "pgpass.conf"]);
        assert_eq!(report.code, 1);
        place.file("reports/report", &report.stdout);
        let again = place.run(&["reports", "--format", "json"]);
        assert_eq!(again.json()["findings"], json!([]), "{format}");
    }
}
