//! `keytrawl rules` and rule files, through the program.

mod harness;

use harness::Place;
use keytrawl::rule::armed;

#[test]
fn the_list_has_a_line_for_each_rule_with_its_severity() {
    let run = Place::new().run(&["rules", "list"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for id in
        ["mega-api-key", "leadey-api-key", "tg-live-key", "sk-live-key", "meetergo-platform-key"]
    {
        let line = run.stdout.lines().find(|l| l.split(' ').next() == Some(id));
        let words: Vec<&str> = line.expect(id).split_whitespace().collect();
        assert!(["low", "medium", "high", "critical"].contains(&words[1]), "{words:?}");
        assert!(words.len() > 3, "no description: {words:?}");
    }
}

#[test]
fn a_rule_file_of_the_user_is_listed_and_replaces_a_rule_of_the_same_id() {
    let rules =
        "[[rules]]\nid = \"mega-api-key\"\ndescription = \"ours\"\nregex = 'wxyz_[0-9]{8}'\n";
    let run = Place::with(&[("r.toml", rules)]).run(&["rules", "list", "--rules", "r.toml"]);
    let lines: Vec<&str> = run.stdout.lines().filter(|l| l.starts_with("mega-api-key ")).collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with("  ours"), "{lines:?}");
}

#[test]
fn a_rule_is_shown_with_its_expression_and_how_to_revoke() {
    let run = Place::new().run(&["rules", "show", "meetergo-personal-token"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stdout, @r"
    id            meetergo-personal-token
    description   meetergo personal access token
    severity      high
    environment   live
    regex         (rgo-(?P<body>[0-9A-Za-z_-]{20,200}))
    form          [0-9A-Za-z_-]{32}
    keywords      rgo-
    begins with   rgo- (in every encoding)
    issued by     meetergo
      revoke      https://my.meetergo.com revoke a personal token at my.meetergo.com/integrations, a Platform key at my.meetergo.com/admin/api-keys
    live check    meetergo at https://api.meetergo.com/v4/user/me
    examples      3 and 6 of what it is not
    ");
}

#[test]
fn a_rule_that_is_not_there_ends_in_2_with_a_hint() {
    let place = Place::new();
    let near = place.run(&["rules", "show", "mega-api-kye"]);
    assert_eq!((near.code, near.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(near.stderr, @r"
    error: there is no rule `mega-api-kye`
    hint: did you mean `mega-api-key`?
    ");
    let far = place.run(&["rules", "show", "zzzzzzzzzzzz"]);
    assert_eq!(far.code, 2);
    insta::assert_snapshot!(far.stderr, @r"
    error: there is no rule `zzzzzzzzzzzz`
    hint: `keytrawl rules list` lists them
    ");
}

#[test]
fn the_built_in_rules_prove_themselves() {
    let run = Place::new().run(&["rules", "check"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.ends_with(" examples, 0 wrong\n"), "{}", run.stdout);
}

#[test]
fn mistakes_of_a_rule_file_are_told_with_line_and_column() {
    let text = "[[rules]]\nid = \"one\"\nregex = '''abcd(ef'''\nseverity = \"grave\"\n\n\
                [[rules]]\nregex = 'wxyz'\n";
    let place = Place::with(&[("broken.toml", text), ("syntax.toml", "[[rules]]\nid = = 1\n")]);
    let run = place.run(&["rules", "check", "broken.toml"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"
    error: the rule file `broken.toml` is wrong
      broken.toml:3:16: the regular expression is wrong: unclosed group
      broken.toml:6:1: `id` is missing
    hint: the place of each mistake is line:column; `keytrawl rules show ID` shows a rule that works
    ");
    let run = place.run(&["rules", "check", "syntax.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("syntax.toml:2:6: "), "{}", run.stderr);
    let run = place.run(&["rules", "check", "absent.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with("error: the rule file `absent.toml` could not be read: "));
}

#[test]
fn a_broken_rule_file_ends_a_scan_with_2() {
    let place = Place::with(&[("r.toml", "[[rules]]\nid = \"one\"\nregex = 'a('\n")]);
    let run = place.run(&["--rules", "r.toml", "."]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("r.toml:3:"), "{}", run.stderr);
}

#[test]
fn an_example_that_is_not_found_ends_a_check_with_1() {
    let rules = "[[rules]]\nid = \"wxyz-key\"\nregex = 'wxyz_[0-9]{8}'\nentropy = 1.0\n\
                 examples = [\"wxyz_{hex:3}\"]\ncounter_examples = [\"wxyz_58203917\"]\n";
    let run = Place::with(&[("r.toml", rules)]).run(&["rules", "check", "r.toml"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(run.stdout, @r"
    wrong: rule `wxyz-key`: what follows has not the form of a key: wxyz_{hex:3}
    wrong: rule `wxyz-key`: it is reported, but must not be: wxyz_58203917
    1 rule, 2 examples, 2 wrong
    ");
}

const GITLEAKS: &str = r#"
title = "a file for another scanner"
[[rules]]
id = "widget-token"
description = "Widget token"
regex = '''(?i)widget[a-z_ .-]{0,20}(?:=|:|=>)\s*["']?([0-9a-z]{32})\b'''
entropy = 3.0
keywords = ["widget"]
tags = ["key"]
[[rules.allowlists]]
description = "of the tests"
regexes = ['''^0{8}''']
"#;

#[test]
fn a_rule_file_for_gitleaks_loads_and_finds() {
    let token = armed("{base36:32}");
    let place = Place::with(&[
        ("rules.toml", GITLEAKS.to_owned()),
        ("src/a.py", format!("x = 1\nWIDGET_TOKEN = \"{token}\"\n")),
        ("src/other.py", format!("GADGET_TOKEN = \"{token}\"\n")),
        ("src/dull.py", format!("widget = \"{}\"\n", "ab".repeat(16))),
        ("src/nought.py", format!("widget = \"00000000{}\"\n", &token[8..])),
    ]);
    let run = place.run(&["--format", "json", "--rules", "rules.toml", "src"]);
    // The rule of the file tells more than the generic one, which stays for all other names.
    assert_eq!(
        run.places(),
        ["src/a.py:2:17 widget-token - plain", "src/other.py:1:17 generic-api-key - plain"]
    );
    assert_eq!(run.code, 1);
    let check = place.run(&["rules", "check", "rules.toml"]);
    assert_eq!(check.code, 0);
    insta::assert_snapshot!(check.stdout, @r"
    note: rule `widget-token` has no fixed beginning: it is sought in whole contents, and slower
    note: rule `widget-token` has no examples, so that nothing proves it
    1 rule, 0 examples, 0 wrong
    ");
}

/// It matches everywhere, and nothing.
#[test]
fn an_empty_expression_is_none() {
    for key in ["", "severity = \"high\"\n"] {
        let text = format!("[[rules]]\nid = \"x\"\nregex = \"\"\n{key}");
        let place = Place::with(&[("r.toml", text)]);
        let run = place.run(&["rules", "check", "r.toml"]);
        let expected =
            "error: the rule file `r.toml` is wrong\n  r.toml:1:1: rule `x` has no `regex`\n";
        assert!(run.code == 2 && run.stderr.starts_with(expected), "{}", run.stderr);
        assert_eq!(place.run(&["--rules", "r.toml"]).code, 2);
    }
}

#[test]
fn a_rule_about_what_anyone_guesses_is_sought_when_somebody_asks() {
    let place = Place::with(&[("app.yml", "POSTGRES_PASSWORD: postgres\n")]);
    let found = |arguments: &[&str]| {
        let run = place.run(&[arguments, &["--format", "json", "app.yml"]].concat());
        let stats = &run.json()["stats"];
        (run.code, stats["below_confidence"].as_u64().unwrap_or_default())
    };
    assert_eq!(found(&[]), (0, 0));
    assert_eq!(found(&["--confidence", "low"]), (1, 0));
    assert_eq!(found(&["--explain"]), (0, 1));
    assert_eq!(found(&["--only", "generic-weak-password"]), (0, 1));
    place.file("keytrawl.toml", "confidence = \"low\"\n");
    assert_eq!(found(&[]), (1, 0));
    assert_eq!(place.run(&["baseline", "create"]).code, 0);
    assert_eq!(found(&[]), (0, 0));
    // Nobody asks for the entry of the baseline now: it is not gone.
    let usual = place.run(&["--confidence", "medium", "app.yml"]);
    assert_eq!((usual.code, usual.stderr.as_str()), (0, ""));
    place.file("keytrawl.toml", "disabled-rules = [\"generic-weak-password\"]\n");
    let disabled = place.run(&["--only", "generic-weak-password", "app.yml"]);
    assert_eq!(disabled.code, 2);
    assert!(disabled.stderr.contains("which the configuration disables"), "{}", disabled.stderr);
}
