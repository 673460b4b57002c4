//! `keytrawl suppressions` and what reports say of allowed secrets: each comment, allowlist and
//! baseline entry, with its reason, and whether it suppresses anything.

mod harness;

use harness::{Place, array, text};
use keytrawl::rule::armed;

fn key(name: &str) -> String {
    let text = armed(&format!("{name} sk_live_{{base62:40}}"));
    text.split_once(' ').expect("a key").1.to_owned()
}

fn place() -> Place {
    let place = Place::with(&[
        ("a.py", format!("K = '{}'  # keytrawl:allow sk-live-key -- of the demo\n", key("a"))),
        ("b.py", "x = 1  # gitleaks:allow\n".to_owned()),
        ("c.py", format!("# pragma: allowlist nextline secret\nK = '{}'\n", key("c"))),
        ("fixtures/d.py", format!("K = '{}'\nL = '{}'\n", key("d"), key("e"))),
        ("e.py", format!("K = '{}'\n", key("f"))),
        (
            "keytrawl.toml",
            "[[allowlists]]\nreason = \"made up\"\npaths = ['^fixtures/']\nrules = []\n\
             [[allowlists]]\npaths = ['^nowhere/']\n"
                .to_owned(),
        ),
    ]);
    let made = place.run(&["baseline", "create", "--reason", "revoked", "--expires", "2999-01-01"]);
    assert_eq!(made.stdout, "wrote .keytrawl-baseline: 1 entry\n");
    place
}

#[test]
fn every_suppression_is_listed_with_what_it_does() {
    let run = place().run(&["suppressions"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let hash = key_hash(&run.stdout);
    insta::assert_snapshot!(run.stdout.replace(&hash, "HASH"), @r"
    a.py:1  keytrawl:allow
      rules       sk-live-key
      reason      of the demo
      suppresses  1 place

    b.py:1  gitleaks:allow
      reason      none given
      suppresses  nothing

    c.py:1  pragma: allowlist nextline secret
      reason      none given
      suppresses  1 place

    keytrawl.toml  allowlist 1
      reason      made up
      suppresses  2 places

    keytrawl.toml  allowlist 2
      reason      none given
      suppresses  nothing

    .keytrawl-baseline:5  sk-live-key:e.py:HASH
      reason      revoked
      expires     2999-01-01
      suppresses  1 place

    6 suppressions: 3 comments, 2 allowlists, 1 baseline entry; 2 of them suppress nothing.
    ");
}

/// The hash at the end of the first fingerprint.
fn key_hash(text: &str) -> String {
    let line = text.lines().find(|line| line.contains("sk-live-key:")).expect("a fingerprint");
    line.rsplit(':').next().expect("a hash").to_owned()
}

#[test]
fn the_list_for_machines_says_the_same() {
    let place = place();
    let report = place.run(&["suppressions", "--format", "json"]).json();
    let all = array(&report["suppressions"]);
    let seen: Vec<_> = all
        .iter()
        .map(|one| (text(&one["kind"]), text(&one["reason"]), one["suppresses"].as_u64()))
        .collect();
    assert_eq!(
        seen,
        [
            ("comment", "of the demo", Some(1)),
            ("comment", "-", Some(0)),
            ("comment", "-", Some(1)),
            ("allowlist", "made up", Some(2)),
            ("allowlist", "-", Some(0)),
            ("baseline", "revoked", Some(1)),
        ]
    );
    assert_eq!(all[5]["expires"], "2999-01-01");
    let unused = place.run(&["suppressions", "--unused", "--format", "json"]);
    assert_eq!((unused.code, array(&unused.json()["suppressions"]).len()), (1, 2));
    // What there is, is summed up, however little of it is listed.
    let unused = place.run(&["suppressions", "--unused"]).stdout;
    let summary =
        "6 suppressions: 3 comments, 2 allowlists, 1 baseline entry; 2 of them suppress nothing.";
    assert_eq!(unused.lines().last(), Some(summary));
    for wrong in [["--format", "sarif"], ["--report", "json=x"]] {
        let run = place.run(&[&["suppressions"], &wrong[..]].concat());
        assert_eq!(run.code, 2);
    }
}

/// Allowlists of single rules are listed as well, where somebody wrote them: those that are built in are
/// part of what a rule means.
#[test]
fn allowlists_of_rules_are_listed_with_what_they_do() {
    let rules = "\
[[rules]]
id = \"acme-key\"
description = \"a key of Acme\"
regex = '''acme_[0-9a-f]{16}'''
keywords = [\"acme_\"]

[[rules.allowlists]]
description = \"made up for the tests\"
paths = ['^fixtures/']

[[rules.allowlists]]
stopwords = [\"nowhere\"]
";
    let one = armed("acme_{hex:16}");
    let config = format!("[extend]\nuseDefault = true\n\n{rules}");
    let gitleaks = [
        "[[rules]]\nid = \"sk-live-key\"\n",
        "[[rules.allowlists]]\ndescription = \"of the demo\"\npaths = ['^demo/']\n",
    ];
    let place = Place::with(&[
        ("fixtures/a.env", format!("A={one}\nA={one}\n")),
        ("demo/b.env", format!("K={}\n", key("b"))),
        (".gitleaks.toml", format!("{config}\n{}{}", gitleaks[0], gitleaks[1])),
    ]);
    let run = place.run(&["suppressions"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @r"
    .gitleaks.toml:10  allowlist 1 of the rule acme-key
      rules       acme-key
      reason      made up for the tests
      suppresses  2 places

    .gitleaks.toml:14  allowlist 2 of the rule acme-key
      rules       acme-key
      reason      none given
      suppresses  nothing

    .gitleaks.toml:19  allowlist 1 of the rule sk-live-key
      rules       sk-live-key
      reason      of the demo
      suppresses  1 place

    3 suppressions: 0 comments, 3 allowlists, 0 baseline entries; 1 of them suppress nothing.
    ");
    let unused = place.run(&["suppressions", "--unused", "--format", "json"]);
    let listed = unused.json()["suppressions"].clone();
    assert_eq!((unused.code, array(&listed).len()), (1, 1));
    assert_eq!(
        listed[0],
        serde_json::json!({
            "kind": "allowlist", "path": ".gitleaks.toml", "line": 14,
            "what": "allowlist 2 of the rule acme-key", "rules": ["acme-key"], "reason": null,
            "expires": null, "expired": false, "suppresses": 0,
        })
    );
    // The same in a file of rules; its history counts, too.
    let place = Place::with(&[("fixtures/a.env", format!("A={one}\n"))]);
    std::fs::write(place.home().join("r.toml"), rules).expect("a file");
    place.git(&["init", "-q"]);
    place.git(&["add", "."]);
    place.git(&["-c", "user.name=A", "-c", "user.email=a@a.example", "commit", "-q", "-m", "a"]);
    let named = ["suppressions", "--format", "json", "--rules", "../home/r.toml"];
    let listed = place.run(&named).json()["suppressions"].clone();
    let seen: Vec<_> = array(&listed)
        .iter()
        .map(|one| (text(&one["path"]), one["line"].as_u64(), one["suppresses"].as_u64()))
        .collect();
    let path = "../home/r.toml";
    assert_eq!(seen, [(path, Some(7), Some(1)), (path, Some(11), Some(0))]);
    // A scan takes them for what they are: no matches of the rule.
    let run = place.run(&["--rules", path, "--explain", "--show-suppressed"]);
    let told = "an allowlist of the rule names it: made up for the tests";
    assert!(run.code == 0 && run.stdout.contains(told), "{}", run.stdout);
}

#[test]
fn a_repository_without_any_has_an_empty_list() {
    let run = Place::with(&[("a.txt", "nothing\n")]).run(&["suppressions", "--unused"]);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stdout,
        "0 suppressions: 0 comments, 0 allowlists, 0 baseline entries; 0 of them suppress nothing.\n"
    );
}

#[test]
fn sarif_keeps_what_is_allowed_if_asked() {
    let place = place();
    let usual = place.run(&["--format", "sarif"]);
    assert_eq!((usual.code, array(&usual.json()["runs"][0]["results"]).len()), (0, 0));
    let run = place.run(&["--format", "sarif", "--show-suppressed"]);
    assert_eq!(run.code, 0);
    let report = run.json();
    let mut kinds: Vec<_> = array(&report["runs"][0]["results"])
        .iter()
        .map(|result| {
            let one = &result["suppressions"][0];
            (text(&one["kind"]).to_owned(), text(&one["justification"]).to_owned())
        })
        .collect();
    kinds.sort();
    let shown: Vec<String> = kinds.iter().map(|(kind, why)| format!("{kind}: {why}")).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    external: an allowlist of the configuration: made up
    external: an allowlist of the configuration: made up
    external: the baseline `.keytrawl-baseline`, entry 5: revoked
    inSource: the comment `keytrawl:allow`: of the demo
    inSource: the comment `pragma: allowlist nextline secret`
    ");
    for name in ["a", "c", "d", "e", "f"] {
        assert!(!run.stdout.contains(&key(name)), "{name}");
    }
}
