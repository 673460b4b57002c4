//! No report shows more of a secret than its mask, wherever beside the finding it stands as well: glued
//! to other words, in names, in commits, in what speaks for its issuer, in an encoding.

mod harness;

use harness::{Place, array, base64, text};
use keytrawl::rule::{armed, drawn};

const FORMATS: [&str; 9] =
    ["human", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html"];

/// Runs in each format, and looks for each secret in all that is written.
fn nothing_is_shown(place: &Place, arguments: &[&str], secrets: &[&str]) {
    for format in FORMATS.into_iter().chain(["csv"]) {
        let run = place.run(&[arguments, &["--format", format]].concat());
        assert_eq!(run.code, 1, "{format}: {}", run.stderr);
        for (number, secret) in secrets.iter().enumerate() {
            let shown = run.stdout.contains(secret) || run.stderr.contains(secret);
            assert!(!shown, "{format} shows secret {number}");
        }
    }
}

fn key() -> (String, String) {
    let body = armed("{base62:36}");
    (format!("leadey_sk_live_{body}"), body)
}

#[test]
fn a_key_that_stands_glued_to_a_word_is_masked_beside_the_finding() {
    let (key, body) = key();
    let place = Place::with(&[("a.txt", format!("K={key} x_{key} y-{key} abc{key}\n"))]);
    nothing_is_shown(&place, &[], &[&body]);
    place.file(format!("x_{key}/b.txt"), format!("K={key}\n"));
    nothing_is_shown(&place, &[], &[&body]);
}

#[test]
fn a_key_in_a_name_alone_is_masked_where_the_name_is_shown() {
    let (other, body) = key();
    let place = Place::new();
    place.file(format!("{other}/b.txt"), format!("token={}\n", armed("ghp_{base62:36}")));
    nothing_is_shown(&place, &[], &[&body]);
    let run = place.run(&["baseline", "create"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let listed = std::fs::read_to_string(place.root().join(".keytrawl-baseline"));
    assert!(!listed.unwrap_or_default().contains(&body));
}

#[test]
fn what_speaks_for_an_issuer_is_shown_without_what_it_holds() {
    let (token, key) = (armed("{base62:32}"), armed("{base62:34}"));
    let place = Place::with(&[(
        "a.env",
        format!("A_URL=https://bot:{token}@app.leadterra.co/v1\nLEADTERRA_KEY=sk_live_{key}\n"),
    )]);
    nothing_is_shown(&place, &[], &[&token, &token[4..], &key]);
    let long = format!("https://{key}.app.leadterra.co/ LEADTERRA_{key}=sk_live_{key}\n");
    nothing_is_shown(&Place::with(&[("b.env", long)]), &[], &[&key]);
    let run = place.run(&["--format", "json"]);
    let evidence: Vec<String> = array(&run.json()["findings"])
        .iter()
        .flat_map(|finding| array(&finding["evidence"]).to_vec())
        .map(|one| text(&one).to_owned())
        .collect();
    assert!(evidence.contains(&"name `LEADTERRA_KEY` on the same line".to_owned()), "{evidence:?}");
}

#[test]
fn a_key_in_what_git_says_of_a_commit_is_masked() {
    let (key, body) = key();
    let place = Place::with(&[("a.txt", format!("K={key}\n"))]);
    place.git(&["init", "-q", "-b", "main"]);
    place.git(&["checkout", "-q", "-b", &format!("fix-{key}")]);
    place.git(&["add", "."]);
    let email = format!("user.email=x{key}@a.example");
    place.git(&["-c", "user.name=A", "-c", &email, "commit", "-q", "-m", &format!("undo x_{key}")]);
    nothing_is_shown(&place, &["history", "--no-cache"], &[&body]);
}

#[test]
fn a_long_secret_in_an_encoding_is_one_and_masked_to_its_end() {
    let body: Vec<String> = (0..25).map(|line| drawn("{base64:64}", line)).collect();
    let pem = format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
        body.join("\n")
    );
    let head = base64(br#"{"alg":"HS256","typ":"JWT"}"#, true).replace('=', "");
    let claims = base64(armed("{\"sub\":\"{base62:1100}\"}").as_bytes(), true).replace('=', "");
    let jwt = format!("{head}.{claims}.{}", armed("{base64url:43}"));
    for (name, secret) in [("key", pem), ("token", jwt)] {
        let plain = Place::with(&[("a.txt", format!("{name}: {secret}\n"))]);
        let expected = plain.run(&["--format", "json", "--show-secrets"]);
        let secrets = |run: &harness::Run| -> Vec<String> {
            array(&run.json()["findings"]).iter().map(|f| text(&f["secret"]).to_owned()).collect()
        };
        let expected = secrets(&expected);
        assert_eq!(expected.len(), 1, "{name}");
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let wide: Vec<u8> = format!("{name}: {secret}\n").bytes().flat_map(|b| [b, 0]).collect();
        for (kind, content) in [
            ("base64", format!("{name}: {}\n", base64(secret.as_bytes(), false)).into_bytes()),
            ("hex", format!("{name}: {hex}\n").into_bytes()),
            ("utf-16le", [&[0xff, 0xfe][..], &wide].concat()),
        ] {
            let place = Place::with(&[("a.txt", content.clone())]);
            let found = place.run(&["--format", "json", "--show-secrets"]);
            assert!(secrets(&found) == expected, "{kind} of a {name} is another secret");
            let middle = String::from_utf8_lossy(&content[content.len() / 2..][..24]).into_owned();
            nothing_is_shown(&place, &[], &[&middle]);
        }
    }
}

/// A place whose names, reasons and comments hold a key.
fn remarked(key: &str) -> Place {
    let found = armed("ghp_{base62:36}");
    let other = armed("ghp_{base62:36} x").replace(" x", "");
    Place::with(&[
        (&*format!("{key}/a.py"), format!("K = '{found}' # keytrawl:allow -- not {key}\n")),
        ("b/c.py", format!("K = '{other}'\n")),
        (
            "keytrawl.toml",
            format!("[[allowlists]]\nreason = \"as {key}\"\npaths = ['^b/']\nregexes = ['ghp']\n"),
        ),
    ])
}

#[test]
fn lists_of_what_is_allowed_show_no_key() {
    let (key, body) = key();
    let place = remarked(&key);
    for arguments in [
        &["suppressions"][..],
        &["suppressions", "--format", "json"],
        &["--explain", "--show-suppressed"],
        &["--explain", "--show-suppressed", "--format", "sarif"],
    ] {
        let run = place.run(arguments);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(shown.contains("****") && !shown.contains(&body), "{arguments:?}: {shown}");
    }
}

#[test]
fn what_was_typed_is_repeated_without_a_key() {
    let (key, body) = key();
    let place = Place::new();
    place.file(format!("{key}.d/x"), "x\n");
    let rules = format!("[[rules]]\nid = \"a\"\nregex = \"abcd[0-9]{{9}}\"\n{key} = 1\n");
    place.file("rules.toml", &rules);
    place.file("gitleaks.toml", &rules);
    for arguments in [
        ["baseline", "create", &format!("{key}.d/bl")],
        ["rules", "check", "rules.toml"],
        ["rules", "check", "gitleaks.toml"],
    ] {
        let run = place.run(&arguments);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(!shown.is_empty() && !shown.contains(&body), "{arguments:?}: {shown}");
    }
}

/// Whatever is said goes the same way, and there a key may stand in the middle of a word.
#[test]
fn a_key_that_is_glued_to_a_word_reaches_no_message() {
    let place = Place::with(&[("r/a.txt", "x\n")]);
    place.git(&["init", "-q", "r"]);
    let (leadey, tg) = (armed("{base62:36}"), armed("{base62:43}"));
    let github = armed("{base62:36}");
    let words = [
        (format!("x_leadey_sk_live_{leadey}"), leadey),
        (format!("oldtg_live_{tg}"), tg),
        (format!("A-ghp_{github}_b"), github),
    ];
    for (word, body) in &words {
        let broken = format!("t/{word}.gz");
        place.file(&broken, b"\x1f\x8b\x08\x00\x00");
        let range = format!("{word}..HEAD");
        let (json, option) = (format!("json={word}/a/b"), format!("--{word}"));
        for (folder, arguments) in [
            ("", &[word.as_str()][..]),
            ("", &["--max-size", word]),
            ("", &["--format", word]),
            ("", &["--config", word]),
            ("", &["--baseline", word]),
            ("", &["--only", word]),
            ("", &["--report", &json, "r"]),
            ("", &[&option]),
            ("", &["rules", "show", word]),
            ("", &["baseline", "import", word]),
            ("r", &["range", &range]),
            ("r", &["history", "--branch", word]),
            ("r", &["staged", word]),
            ("", &["t"]),
            ("", &["t", "--format", "json"]),
            ("", &["t", "--show-secrets", "--format", "sarif", "--report", "html=h"]),
        ] {
            let run = place.run_in(folder, arguments);
            let command = arguments[0];
            assert_eq!(run.code, 2, "{command}");
            assert!(!run.stderr.contains(body.as_str()), "{command}: {}", run.stderr);
            let shows = arguments.contains(&"--show-secrets");
            assert!(shows || !run.stdout.contains(body.as_str()), "{command}: {}", run.stdout);
        }
        std::fs::remove_file(place.root().join(broken)).expect("a file");
    }
}

/// A message that hides what is no secret is of no use.
#[test]
fn words_that_look_like_a_key_are_said() {
    let place = Place::new();
    for word in [
        "task_live_configuration_of_the_second_server",
        "disk_live_migration_test_of_all_volumes",
        "libcargo-0b5e8f27c8d1a4f3",
        "highp_precision_float_in_a_fragment_shader",
        "x_sk_live_your_key_goes_here_and_nowhere_else",
    ] {
        let run = place.run(&[word]);
        let told = format!("`{word}`");
        assert!(run.code == 2 && run.stderr.contains(&told), "{}", run.stderr);
    }
}
