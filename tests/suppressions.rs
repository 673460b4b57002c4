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
