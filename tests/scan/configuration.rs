//! The configuration, allowlists, comments that allow, and rules of the user.

use keytrawl::rule::armed;

use crate::harness::Place;
use crate::{JSON, mega, token};

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

/// What is said of one repository's files silences nothing in another one.
#[test]
fn several_paths_have_one_configuration_or_none_of_their_own() {
    let allowing = "[[allowlists]]\nreason = \"x\"\npaths = ['^fixtures/']\n".to_owned();
    let place = Place::with(&[
        ("a/keytrawl.toml", allowing.clone()),
        ("a/x", "x\n".to_owned()),
        ("b/fixtures/f", mega()),
        ("c/.gitleaksignore", "fixtures/f:x:1\n".to_owned()),
    ]);
    for paths in [["a", "b"], ["b", "a"], ["b", "c"], ["c", "b"]] {
        let run = place.run(&paths);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{paths:?}");
        assert!(run.stderr.contains("says nothing about `b`"), "{}", run.stderr);
        assert!(run.stderr.contains("hint: scan them one by one"), "{}", run.stderr);
        assert_eq!(place.run(&[&paths[..], &["--no-config", "--no-baseline"]].concat()).code, 1);
    }
    // What the user names holds for all.
    assert_eq!(place.run(&["--config", "a/keytrawl.toml", "a", "b"]).code, 0);
    // In one repository, what holds for all of the paths counts.
    place.git(&["init", "-q"]);
    assert_eq!(place.run(&["a", "b"]).code, 1);
    assert_eq!(place.run(&["a", "a/x"]).code, 0);
    place.file("keytrawl.toml", allowing.replace("fixtures", "b"));
    for paths in [["a", "b"], ["b", "a"], ["b/fixtures/f", "a/x"], ["b", "b/fixtures/f"]] {
        assert_eq!(place.run(&paths).code, 0, "{paths:?}");
    }
}

/// A link and a repository within another one are parts of it, as they are in a scan of the whole.
#[cfg(unix)]
#[test]
fn links_and_inner_repositories_have_the_configuration_of_what_holds_them() {
    let allowing = "[[allowlists]]\nreason = \"x\"\npaths = ['^f$']\n".to_owned();
    let place = Place::with(&[
        ("a/keytrawl.toml", allowing),
        ("a/src/x", "x\n".to_owned()),
        ("a/inner/f", mega()),
        ("elsewhere", mega()),
    ]);
    place.git(&["init", "-q", "a"]);
    place.git(&["init", "-q", "a/inner"]);
    std::os::unix::fs::symlink("../elsewhere", place.root().join("a/link")).unwrap();
    for paths in [["a/src", "a/inner"], ["a/inner", "a/src"]] {
        assert_eq!(place.run(&paths).code, 0, "{paths:?}");
    }
    assert_eq!(place.run(&["a/src", "a/link"]).code, 1);
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

/// Whoever wrote the configuration of what is scanned may have named a device without an end, or a pipe
/// that nobody writes to.
#[test]
fn what_a_configuration_names_is_a_file_of_some_size() {
    let pipe = |place: &Place| {
        let status = std::process::Command::new("mkfifo").arg(place.root().join("pipe")).status();
        assert!(status.expect("mkfifo is there").success());
    };
    for (named, why) in [
        ("/dev/zero", "it is no regular file"),
        ("pipe", "it is no regular file"),
        ("large", "it is larger than 16 MB"),
    ] {
        let ours = format!("rules = [\"{named}\"]\n");
        let place = Place::with(&[("keytrawl.toml", ours)]);
        pipe(&place);
        place.file("large", vec![b'#'; (16 << 20) + 1]);
        let run = place.run(&["--no-ignore"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.starts_with("error: the rule file `"), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("could not be read: {why}\n")), "{}", run.stderr);
        let place = Place::with(&[(".gitleaks.toml", format!("[extend]\npath = \"{named}\"\n"))]);
        pipe(&place);
        place.file("large", vec![b'#'; (16 << 20) + 1]);
        let run = place.run(&[]);
        let expected = format!("`{named}` could not be read: {why}");
        assert!(run.code == 2 && run.stderr.contains(&expected), "{}", run.stderr);
    }
}
