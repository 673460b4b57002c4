//! A user's rules beside the built-in ones: neither hides what the other one finds, and what rules that
//! are left out would find is masked all the same.

mod harness;

use harness::Place;
use keytrawl::rule::armed;

fn rules(place: &Place, arguments: &[&str]) -> Vec<String> {
    let run = place.run(&[&["--format", "json", "--config", "c.toml"][..], arguments].concat());
    let mut rules: Vec<String> = run
        .places()
        .iter()
        .filter_map(|place| place.split(' ').nth(1))
        .map(str::to_owned)
        .collect();
    rules.sort();
    rules
}

/// One that takes in all of a line, and is for other files, allowed, silent, or of too little entropy.
#[test]
fn what_a_rule_of_the_user_refuses_is_left_to_others() {
    let line = format!("token = AKIA{}\n", armed("{base32:16}"));
    for (form, key) in [
        ("path = '''\\.md$'''", true),
        ("skipReport = true", true),
        ("entropy = 7.9", true),
        ("[[rules.allowlists]]\nregexes = ['''.''']", true),
        ("", false),
    ] {
        let place = Place::with(&[("a.txt", line.clone())]);
        for expression in
            ["(?i)token\\s*=\\s*\\S+", "(?i)token\\s*=\\s*(\\S+)", "tok_x|AK[A-Z0-9]+"]
        {
            let config = format!(
                "[extend]\nuseDefault = true\n[[rules]]\nid = 'company'\nregex = '''{expression}'''\n{form}\n"
            );
            place.file("c.toml", &config);
            let mut expected = vec!["aws-access-token"];
            if !key {
                expected.push("company");
            }
            assert_eq!(rules(&place, &["a.txt"]), expected, "{config}");
        }
    }
}

#[test]
fn rules_of_the_user_hide_nothing_of_one_another() {
    let place = Place::with(&[("a.txt", "BEGIN\ntok_q7xk92zd\nEND\n".to_owned())]);
    for (form, outer) in [("", true), ("path = '''\\.md$'''", false), ("skipReport = true", false)]
    {
        let config = format!(
            "[[rules]]\nid = 'outer'\nregex = '''BEGIN[\\s\\S]*END'''\n{form}\n\
             [[rules]]\nid = 'inner'\nregex = '''tok_[0-9a-z]{{8}}'''\n"
        );
        place.file("c.toml", &config);
        let expected: &[&str] = if outer { &["inner", "outer"] } else { &["inner"] };
        assert_eq!(rules(&place, &["a.txt"]), expected, "{config}");
    }
}

/// What is generic says nothing that a user's rule does not say better, once that reports it.
#[test]
fn a_generic_rule_yields_to_what_a_rule_of_the_user_reports() {
    let place = Place::with(&[("a.txt", format!("acme_token = \"q7{}\"\n", armed("{base36:22}")))]);
    for (form, expected) in [("", "acme"), ("path = '''\\.md$'''", "generic-api-key")] {
        let config = format!(
            "[extend]\nuseDefault = true\n[[rules]]\nid = 'acme'\nregex = '''q7[0-9a-z]{{22}}'''\n{form}\n"
        );
        place.file("c.toml", &config);
        assert_eq!(rules(&place, &["a.txt"]), [expected], "{config}");
    }
}

#[test]
fn an_expression_about_a_line_sees_its_end() {
    let place = Place::with(&[("a.txt", "x = tok_q7xk92zd foo\ny\n".to_owned())]);
    for (list, found) in [
        ("regexes = ['''foo$''']", false),
        ("regexes = ['''^x.*foo\\z''']", false),
        ("regexes = ['''fo$''']", true),
        ("regexes = ['''^y''']", true),
        ("stopwords = ['']", true),
    ] {
        let config = format!(
            "[[rules]]\nid = 'tok'\nregex = '''tok_[0-9a-z]{{8}}'''\n\
             [[allowlists]]\nregexTarget = 'line'\n{list}\n"
        );
        place.file("c.toml", &config);
        assert_eq!(rules(&place, &["a.txt"]).len(), usize::from(found), "{config}");
    }
}

#[test]
fn keys_that_no_rule_of_the_run_is_about_are_masked_beside_a_finding() {
    let other = armed("{base62:24}");
    let line = format!("a = rgo-{} b = sk_live_{other}\n", armed("{hex:32}"));
    let place = Place::with(&[("a.txt", line)]);
    place.file("c.toml", "[[rules]]\nid = 'x'\nregex = '''(rgo-[a-z0-9]{32})'''\n");
    place.file("own.toml", "disabled-rules = ['sk-live-key']\n");
    for format in ["human", "sarif", "gitlab", "junit", "html", "markdown", "github"] {
        for choice in [["--only", "meetergo"], ["--config", "c.toml"], ["--config", "own.toml"]] {
            let run = place.run(&[&["--format", format, "a.txt"][..], &choice].concat());
            assert_eq!(run.code, 1, "{format} {choice:?}: {}", run.stderr);
            assert!(!run.stdout.contains(&other), "{format} {choice:?}: {}", run.stdout);
        }
    }
}

/// A secret may stand on a later line than its match begins on, which is the one that gitleaks tells.
#[test]
fn lines_of_an_ignore_file_are_those_on_which_matches_begin() {
    let text = "kw =\n 'first7hq2kz9w' kw =\n 'second7hq2kz9w'\n\n";
    let place = Place::with(&[("h.txt", text.to_owned())]);
    place.file("c.toml", "[[rules]]\nid = 'six'\nregex = '''kw\\s*=\\s*'([^'\\n]{8,})''''\n");
    for (line, left) in [("1", vec![3]), ("2", vec![2]), ("3", vec![2, 3])] {
        place.file(".gitleaksignore", format!("h.txt:six:{line}\n"));
        let run = place.run(&["--format", "json", "--config", "c.toml", "h.txt"]);
        let lines: Vec<u64> = run.json()["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter_map(|finding| finding["occurrences"][0]["line"].as_u64())
            .collect();
        assert_eq!(lines, left, "line {line}");
    }
}

#[test]
fn configurations_that_gitleaks_loads_are_loaded() {
    let rule = "[[rules]]\nid = 'a'\nregex = 'x1y'\n";
    let place = Place::with(&[("a.txt", "x1y\n".to_owned())]);
    for (config, code) in [
        (
            "[extend]\nuseDefault = true\n[[allowlists]]\nrules = ['a']\npaths = ['x']\n"
                .to_owned(),
            0,
        ),
        ("max-size = '1'\n[extend]\nuseDefault = true\n".to_owned(), 0),
        ("confidence = 'x'\n".to_owned() + rule, 1),
        ("[extend]\nuseDefault = 'true'\n".to_owned(), 0),
        (format!("{rule}[allowlist]\n"), 1),
        (format!("{rule}skipReport = 'true'\n"), 0),
        (format!("{rule}skipReport = 1\n"), 0),
        (format!("{rule}skipReport = 0\n"), 1),
        (format!("{rule}keywords = [1, 'a']\n"), 1),
        (format!("{rule}secretGroup = 0.0\nentropy = true\ndescription = 4\n"), 1),
        (format!("{rule}secretGroup = -1\n"), 1),
        ("[[rules]]\nid = 5\nregex = 'x1y'\n".to_owned(), 1),
        // And these are refused there, too.
        (format!("{rule}[allowlist]\ndescription = 'x'\n"), 2),
        (format!("{rule}[rules.allowlist]\n"), 2),
        (format!("{rule}[[allowlists]]\n"), 2),
        (format!("{rule}skipReport = 'perhaps'\n"), 2),
        (format!("{rule}keywords = {{ a = 1 }}\n"), 2),
    ] {
        place.file("c.toml", &config);
        let run = place.run(&["--config", "c.toml", "a.txt"]);
        assert_eq!(run.code, code, "{config}\n{}{}", run.stdout, run.stderr);
    }
    place.file(".gitleaks.toml", "[[allowlists]]\nrules = ['a']\nreason = 'x'\npaths = ['x']\n");
    let run = place.run(&["a.txt"]);
    assert!(run.stderr.contains("no rule is left"), "{}", run.stderr);
}

/// Neither in a name of a file that holds it nor in what was typed in a wrong place.
#[test]
fn a_secret_in_a_path_or_an_argument_is_masked() {
    let secret = format!("rgo-{}", armed("{hex:32}"));
    let text = format!("TOKEN={secret}\n");
    let place = Place::with(&[
        (&format!("{secret}/f"), text.clone()),
        (&format!("x-{secret}"), text.clone()),
        ("plain", text),
    ]);
    for format in
        ["human", "json", "jsonl", "sarif", "gitlab", "junit", "csv", "html", "markdown", "github"]
    {
        let run = place.run(&["--format", format]);
        assert_eq!(run.code, 1, "{format}");
        assert!(!run.stdout.contains(&secret), "{format}: {}", run.stdout);
        let shown = place.run(&["--format", format, "--show-secrets"]);
        assert!(shown.stdout.contains(&secret), "{format}: {}", shown.stdout);
    }
    let secret = format!("rgo-{}", armed("{hex:32} typed").replace(" typed", ""));
    for words in [
        &["verify", &secret][..],
        &[&secret],
        &["--only", &secret],
        &["scan", "--format", &secret],
        &["history", "--branch", &secret],
    ] {
        let run = place.run(words);
        assert_eq!(run.code, 2, "{}", run.stderr);
        let said = [run.stdout, run.stderr].concat();
        assert!(!said.contains(&secret), "{said}");
    }
}

#[test]
fn keywords_are_asked_for_in_encoded_text_too() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let place = Place::with(&[("a.txt", "")]);
    place.file("c.toml", "[[rules]]\nid = 'a'\nregex = 'kwx5[a-c]'\nkeywords = ['nope']\n");
    for (text, found) in [
        ("z kwx5a".to_owned(), false),
        ("nope kwx5a".to_owned(), true),
        (format!("z {}", hex("some text kwx5a and more")), false),
        (format!("z {}", hex("some text kwx5a and nope")), true),
        (format!("nope {}", hex("some text kwx5a and more")), true),
    ] {
        place.file("a.txt", &text);
        assert_eq!(rules(&place, &["a.txt"]).len(), usize::from(found), "{text}");
    }
}

/// What is masked is what is shown: baselines and allowlists know the files by their names.
#[test]
fn a_secret_in_a_path_does_not_keep_it_from_being_known() {
    let secret = format!("rgo-{}", armed("{hex:32}"));
    let place = Place::with(&[(&format!("{secret}/f"), format!("TOKEN={secret}\n"))]);
    let run = place.run(&["baseline", "create"]);
    assert_eq!((run.code, run.stdout.contains(&secret)), (0, false), "{}", run.stderr);
    let run = place.run(&["--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    let run = place.run(&["--format", "json", "--no-baseline"]);
    let shown = run.json()["findings"][0]["fingerprint"].as_str().expect("a text").to_owned();
    assert!(!shown.contains(&secret) && run.code == 1, "{shown}");
    place.file("keytrawl.toml", format!("[[allowlists]]\nfingerprints = [\"{shown}\"]\n"));
    assert_eq!(place.run(&["--no-baseline"]).code, 0, "{shown}");
}

/// Folders are named as they are, though somebody has taken such a name for a password.
#[test]
fn names_of_folders_that_are_passwords_are_no_secrets() {
    let name = "config-service-Pr0d1Xz";
    let place = Place::with(&[(&format!("{name}/app.yml"), format!("password: '{name}'\n"))]);
    let run = place.run(&["--format", "json", "--confidence", "low"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.json()["findings"][0]["occurrences"][0]["path"], format!("{name}/app.yml"));
}

/// A short match of a user's rule may lie within a key that other rules know.
#[test]
fn a_key_is_masked_though_matches_lie_within_it() {
    let token = format!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOi{}XYZQ1zz{}XYZQ2zz{}.{}",
        armed("{base64url:100}"),
        armed("{base64url:150} b").replace(" b", ""),
        armed("{base64url:150} c").replace(" c", ""),
        armed("{base64url:43}")
    );
    let key = format!("rgo-{}", armed("{hex:32}"));
    let place = Place::with(&[("a.txt", format!("t {token} \" {key}\n"))]);
    place.file("u.toml", "[[rules]]\nid = 'x'\nregex = '''XYZQ[0-9]zz'''\n");
    place.file("c.toml", "[[rules]]\nid = 'x'\nregex = '''XYZQ[0-9]zz|rgo-[0-9a-f]{32}'''\n");
    let tail = &token[token.len() - 30..];
    for choice in [["--rules", "u.toml"], ["--config", "c.toml"], ["--only", "meetergo"]] {
        let run = place.run(&[&["a.txt"][..], &choice].concat());
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(!run.stdout.contains(tail), "{choice:?} {}", run.stdout);
    }
}

/// Not only the first one, and nothing of the metadata below them.
#[test]
fn each_value_of_a_secret_of_kubernetes_is_found() {
    let values = |indent: &str| {
        let line = |name: &str| armed(&format!("{indent}{name}: {{base64:30}}\n"));
        [
            line("first"),
            format!("{indent}user: YWRtaW4=\n{indent}# x\n"),
            line("second"),
            line("tls"),
        ]
        .concat()
    };
    let metadata = |indent: &str| format!("{indent}name: averylongsecretname\n");
    let texts = [
        format!("kind: Secret\ntype: Opaque\ndata:\n{}metadata:\n{}", values("  "), metadata("  ")),
        format!(
            "apiVersion: v1\ndata:\n{}kind: Secret\nmetadata:\n{}",
            values("  "),
            metadata("  ")
        ),
        format!(
            "items:\n- kind: Secret\n  data:\n{}  metadata:\n{}",
            values("    "),
            metadata("    ")
        ),
    ];
    for text in texts {
        let place = Place::with(&[("s.yaml", text.clone())]);
        let lines: Vec<String> = place
            .run(&["--format", "json"])
            .places()
            .iter()
            .filter_map(|place| place.split(':').nth(1))
            .map(str::to_owned)
            .collect();
        let all = text.lines().zip(1..).filter(|(line, _)| line.contains("first: "));
        let first = all.map(|(_, number)| number).next().expect("a first one");
        let expected: Vec<String> =
            [first, first + 3, first + 4].iter().map(ToString::to_string).collect();
        assert_eq!(lines, expected, "{}", text.lines().count());
    }
}
