//! Live checks through the program, against simulators on loopback: verdicts, who is asked, and what
//! is said.
//!
//! Not here: networks that misbehave, see `verify_network.rs`; the tables of other providers than the
//! five, see `verify_tables.rs`. No test contacts anything else than
//! this machine.

mod harness;
mod verify_support;

use std::collections::{BTreeMap, HashMap};

use harness::Place;
use keytrawl::rule::drawn;
use verify_support::simulator::Provider;
use verify_support::{Action, REPORT, Server, instead, verdicts, verify, watched};

const UUID: &str = "11111111-2222-4333-8444-555555555555";
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// A row of a table of verdicts: what the provider answers, and what must come of it.
type Row = (Action, &'static str);

fn envelope(kind: &str) -> String {
    format!(r#"{{"error":{{"type":"{kind}","code":"x","message":"m"}}}}"#)
}

/// Answers that tell nothing, whoever gives them.
fn silent() -> Vec<Row> {
    [301, 302, 307, 400, 404, 408, 409, 418, 422, 429, 500, 502, 503]
        .into_iter()
        .map(|status| {
            let reply = Action::json(status, "{}").with("Location", "http://127.0.0.1:9/");
            (reply.with("Retry-After", "0"), "unknown")
        })
        .chain([
            (Action::html(200, "<html>Welcome</html>"), "unknown"),
            (Action::html(401, "<html>Log in</html>"), "unknown"),
            (Action::html(403, "<html>authentication_failed</html>"), "unknown"),
            (Action::json(401, "{}"), "unknown"),
            (Action::json(401, "{\"error\":"), "unknown"),
        ])
        .collect()
}

fn table(provider: Provider) -> Vec<Row> {
    let json = Action::json;
    let bare = |body: &str| Action::Reply { status: 200, headers: Vec::new(), body: body.into() };
    let leadey = |text: &str| format!(r#"{{"error":{{"message":"{text}","details":null}}}}"#);
    let nateq = |code: &str| format!(r#"{{"success":false,"error":{{"code":"{code}"}}}}"#);
    let mut rows = match provider {
        // With the nil UUID; the column with another one has a test of its own.
        Provider::Mega => vec![
            (json(200, "{}"), "active"),
            (bare(""), "active"),
            (bare("<!DOCTYPE html><title>Log in</title>"), "unknown"),
            (json(403, &envelope("authorization_error")), "active"),
            (json(401, &envelope("authentication_error")), "unknown"),
            (json(403, &envelope("invalid_request_error")), "unknown"),
            (json(404, &envelope("not_found_error")), "unknown"),
            (json(403, "{}"), "unknown"),
        ],
        Provider::Leadey => vec![
            (json(200, r#"{"data":{"id":"org_1"}}"#), "active"),
            (json(200, r#"{"data":{}}"#), "unknown"),
            (json(200, "{}"), "unknown"),
            (json(401, &leadey("Invalid or revoked API key.")), "inactive"),
            (json(401, &leadey("Invalid API key.")), "inactive"),
            (json(401, &leadey("Missing API key. Use a header.")), "unknown"),
            (json(402, &leadey("No credits")), "active"),
            (json(403, &leadey("Forbidden")), "active"),
            (json(403, "{}"), "unknown"),
            (json(404, &leadey("Organization not found")), "active"),
            (json(404, &leadey("Route not found")), "unknown"),
            (json(429, &leadey("Rate limit exceeded. Retry in 12s.")), "active"),
        ],
        Provider::Nateq => vec![
            (json(200, r#"{"success":true,"data":[]}"#), "active"),
            (json(200, r#"{"success":false}"#), "unknown"),
            (json(200, r#"{"success":"true"}"#), "unknown"),
            (json(403, &nateq("INSUFFICIENT_SCOPE")), "active"),
            (json(403, &nateq("INSUFFICIENT_PERMISSION")), "active"),
            (json(403, r#"{"error":"IP_NOT_ALLOWED","details":"x"}"#), "active"),
            (json(403, &nateq("ENDPOINT_NOT_PUBLIC")), "unknown"),
            (json(403, &nateq("ELSE")), "unknown"),
            (json(401, &nateq("INVALID_API_KEY")), "inactive"),
            (json(401, &nateq("INVALID_API_KEY_FORMAT")), "inactive"),
            (json(401, r#"{"error":"INVALID_API_KEY","details":"x"}"#), "inactive"),
            (json(401, &nateq("AUTHENTICATION_FAILED")), "unknown"),
            (json(401, &nateq("MISSING_API_KEY")), "unknown"),
            (json(401, &nateq("INVALID_AUTH_FORMAT")), "unknown"),
        ],
        Provider::Leadterra => vec![
            (json(200, "[]"), "active"),
            (bare("[]"), "unknown"),
            (json(200, r#"{"pools":[]}"#), "active"),
            (json(403, r#"{"error":"forbidden"}"#), "active"),
            (json(401, r#"{"error":"authentication_failed"}"#), "inactive"),
            (json(404, r#"{"error":"workspace_not_found"}"#), "unknown"),
        ],
        Provider::Meetergo => meetergo(),
    };
    rows.extend(silent());
    rows
}

fn meetergo() -> Vec<Row> {
    let json = Action::json;
    let nest = |status: u16, text: &str| format!(r#"{{"statusCode":{status},"message":"{text}"}}"#);
    vec![
        (json(200, r#"{"id":"u"}"#), "active"),
        (json(401, &nest(401, "Invalid API key")), "inactive"),
        (json(401, &nest(401, "API key has expired")), "inactive"),
        (json(401, &nest(401, "Something else")), "inactive"),
        (json(401, &nest(401, "Missing authorization header")), "unknown"),
        (json(403, &nest(403, "Forbidden resource")), "active"),
        (json(403, "{}"), "unknown"),
        (
            json(400, &nest(400, "Missing required header 'x-meetergo-api-user-id' for it")),
            "active",
        ),
        (json(400, &nest(400, "Bad")), "unknown"),
        (json(500, &nest(500, "API user does not belong to company")), "active"),
    ]
}

#[test]
fn every_row_of_every_table_gives_its_verdict() {
    let place = Place::new();
    let mut expected = BTreeMap::new();
    let mut servers = Vec::new();
    for provider in Provider::ALL {
        let mut answers = HashMap::new();
        let mut text = String::new();
        for (n, (action, verdict)) in table(provider).into_iter().enumerate() {
            let key = provider.key(n as u64);
            expected.insert(key.clone(), (provider, n, verdict));
            text += &provider.line(&key);
            answers.insert(key, action);
        }
        place.file(format!("{}.env", provider.id()), text);
        servers.push((provider, Server::plain(provider.with(answers)).url()));
    }
    let run = verify(&place, &servers, &REPORT);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let told = verdicts(&run.json());
    for (key, (provider, row, verdict)) in &expected {
        let (found, reason) = &told[key];
        assert_eq!(found, verdict, "{provider:?} row {row}: {reason}");
        assert!(!reason.is_empty());
    }
    assert_eq!(told.len(), expected.len());
    let expired = told.values().filter(|(_, reason)| reason.contains("expired")).count();
    assert_eq!(expired, 1, "an expired key is called so");
}

#[test]
fn a_mega_key_is_asked_about_with_the_customer_near_it_or_the_nil_uuid() {
    let place = Place::new();
    let kinds = ["authorization_error", "authentication_error"];
    let mut answers = HashMap::new();
    let mut expected = BTreeMap::new();
    let wanted = [(200, "{}".to_owned(), "active", "active")]
        .into_iter()
        .chain([(403, envelope(kinds[0]), "active", "active")])
        .chain([(401, envelope(kinds[1]), "inactive", "unknown")])
        .chain([(404, envelope("not_found_error"), "unknown", "unknown")]);
    let near = [
        (format!("MEGA_CUSTOMER_ID={UUID}\n"), Some(UUID)),
        (format!("headers: {{\"x-customer-id\": \"{UUID}\"}}\n"), Some(UUID)),
        (String::new(), None),
        (format!("REQUEST_ID={UUID}\n"), None),
        (format!("MEGA_CUSTOMER_ID={NIL}\n"), None),
    ];
    let mut n = 0;
    for (status, body, with, without) in wanted {
        for (text, uuid) in &near {
            n += 1;
            let key = Provider::Mega.key(n);
            place.file(format!("{n}.env"), format!("{text}MEGA_TOKEN={key}\n"));
            answers.insert(key.clone(), Action::json(status, &body));
            let verdict = if uuid.is_some() { with } else { without };
            expected.insert(key, (verdict, uuid.unwrap_or(NIL)));
        }
    }
    let server = Server::plain(Provider::Mega.with(answers));
    let run = verify(&place, &[(Provider::Mega, server.url())], &REPORT);
    let told = verdicts(&run.json());
    for (key, (verdict, _)) in &expected {
        assert_eq!(told[key].0, *verdict, "{}", told[key].1);
    }
    // The made-up keys, one for each customer, go with those that the real ones go with.
    let mut made_up = Vec::new();
    for request in server.received() {
        let id = request.header("x-customer-id").to_owned();
        match expected.get(request.key()) {
            Some((_, uuid)) => assert_eq!(id, *uuid),
            None => made_up.push(id),
        }
    }
    made_up.sort();
    assert_eq!(made_up, [NIL, UUID]);
}

#[test]
fn an_acceptance_counts_only_after_a_made_up_key_was_refused() {
    let place = Place::new();
    for provider in Provider::ALL {
        place.file(provider.id(), provider.line(&provider.key(1)));
    }
    let open: Vec<_> = Provider::ALL
        .into_iter()
        .map(|provider| (provider, Server::plain(move |_| provider.accepts())))
        .collect();
    let urls: Vec<_> = open.iter().map(|(p, s)| (*p, s.url())).collect();
    let run = verify(&place, &urls, &REPORT);
    for (provider, server) in &open {
        let (verdict, reason) = &verdicts(&run.json())[&provider.key(1)];
        assert_eq!(verdict, "unknown", "{provider:?}");
        assert!(reason.contains("a made-up one for good"), "{reason}");
        let received = server.received();
        assert_eq!(received.len(), 1, "the key itself is not sent any more");
        assert_ne!(received[0].key(), provider.key(1));
        assert_eq!(received[0].key().len(), provider.key(1).len());
    }
    // Another run makes up another key.
    verify(&place, &urls, &REPORT);
    for (_, server) in &open {
        let keys: Vec<_> = server.received().iter().map(|r| r.key().to_owned()).collect();
        assert_ne!(keys[0], keys[1]);
    }
}

#[test]
fn reports_say_verdict_reason_time_and_place_and_nothing_secret() {
    let provider = Provider::Leadey;
    let (alive, dead) = (provider.key(1), provider.key(2));
    let place = Place::with(&[("a.env", provider.line(&alive)), ("b.env", provider.line(&dead))]);
    let stripe = drawn("sk_live_{base62:24}", 3);
    place.file("c.env", format!("STRIPE_KEY={stripe}\n"));
    let server = Server::plain(provider.with(HashMap::from([(alive.clone(), provider.accepts())])));
    let servers = [(provider, server.url())];
    let human = verify(&place, &servers, &["--verify"]);
    let masked = |text: &str| {
        let text = text.replace(&server.url(), "[SERVER]");
        let at = text.find("T").map_or(0, |_| 0);
        let mut out = String::new();
        for word in text[at..].split_inclusive(['"', ' ', ')']) {
            let bare = word.trim_end_matches(['"', ' ', ')']);
            let time = bare.len() == 20 && bare.ends_with('Z') && bare.starts_with("20");
            out += &if time { word.replace(bare, "[TIME]") } else { word.to_owned() };
        }
        out
    };
    let shown = masked(&human.stdout);
    for line in [
        "  still active: the provider accepted it (HTTP 200) (asked [SERVER]/v1/me [TIME])\n",
        "  no longer active: the provider refused it (HTTP 401) (asked [SERVER]/v1/me [TIME])\n",
        "  not checked: no live check for this kind of secret of Stripe\n",
        "  1. Revoke at once what still works",
        "; 1 still active.\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let advice = &shown[shown.find("What to do").expect("advice")..];
    assert!(advice.find("Leadey") < advice.find("Stripe"), "{advice}");
    let json = verify(&place, &servers, &["--verify", "--format", "json"]);
    let first = &json.json()["findings"][0]["verification"];
    assert_eq!(first["verdict"], "active");
    assert_eq!(first["endpoint"], format!("{}/v1/me", server.url()));
    assert!(masked(&first.to_string()).contains("[TIME]"), "{first}");
    let lines = verify(&place, &servers, &["--verify", "--format", "jsonl", "--explain"]);
    for text in [&human, &json, &lines].map(|run| format!("{}{}", run.stdout, run.stderr)) {
        for key in [&alive, &dead, &stripe] {
            let body = &key[key.len() - 24..key.len() - 4];
            assert!(!text.contains(body), "a secret was told");
        }
    }
}

#[test]
fn exit_codes_follow_what_a_run_is_to_fail_on() {
    let provider = Provider::Leadey;
    let place = |n| Place::with(&[("a.env", provider.line(&provider.key(n)))]);
    let answers = HashMap::from([
        (provider.key(1), provider.accepts()),
        (provider.key(2), provider.refuses()),
        (provider.key(3), Action::json(418, "{}")),
    ]);
    let server = Server::plain(provider.with(answers));
    let code = |n, more: &[&str]| verify(&place(n), &[(provider, server.url())], more).code;
    for (n, findings, active, never) in [(1, 1, 1, 0), (2, 1, 0, 0), (3, 1, 2, 0)] {
        assert_eq!(code(n, &["--verify"]), findings, "key {n}");
        assert_eq!(code(n, &["--verify", "--fail-on", "findings"]), findings, "key {n}");
        assert_eq!(code(n, &["--verify", "--fail-on", "active"]), active, "key {n}");
        assert_eq!(code(n, &["--verify", "--fail-on", "never"]), never, "key {n}");
    }
    let run = place(1).run(&["--fail-on", "active"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("add `--verify`"), "{}", run.stderr);
    assert_eq!(place(1).run(&["--fail-on", "never"]).code, 0);
}

#[test]
fn keys_of_a_history_are_asked_about_too() {
    let provider = Provider::Leadey;
    let place = Place::with(&[("a.env", provider.line(&provider.key(1)))]);
    let commit = |message| {
        place.git(&["add", "-A"]);
        let name = ["-c", "user.name=A", "-c", "user.email=a@b.example"];
        place.git(&[&name[..], &["commit", "-qm", message]].concat());
    };
    place.git(&["init", "-q", "."]);
    commit("Add it");
    place.git(&["rm", "-q", "a.env"]);
    commit("Take it out");
    let server = Server::plain(move |request| match request.key() == provider.key(1) {
        true => provider.accepts(),
        false => provider.refuses(),
    });
    let options = instead(&[(provider, server.url())]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let run = place.run(&[&["history"], &options[..], &REPORT].concat());
    assert_eq!(verdicts(&run.json())[&provider.key(1)].0, "active", "{}", run.stderr);
    assert_eq!(server.received().len(), 2);
}

#[test]
fn one_secret_is_asked_about_from_standard_input() {
    let (leadey, nateq) = (Provider::Leadey, Provider::Nateq);
    let answers = |p: Provider| HashMap::from([(p.key(1), p.accepts())]);
    let servers = [leadey, nateq].map(|p| (p, Server::plain(p.with(answers(p)))));
    let place = Place::new();
    let witness = Server::plain(|_| Action::json(418, "{}"));
    let ask = |input: &str, more: &[&str]| {
        let options = watched(&servers.each_ref().map(|(p, s)| (*p, s.url())), &witness.url());
        let mut arguments = vec!["verify"];
        arguments.extend(options.iter().map(String::as_str));
        arguments.extend(more);
        place.run_on(input.as_bytes(), &arguments)
    };
    let alive = ask(&format!("{}\n", leadey.key(1)), &[]);
    assert_eq!(alive.code, 1, "{}", alive.stderr);
    let time = alive.stdout.lines().last().expect("lines").to_owned();
    let shown = alive.stdout.replace(&time, "asked     [TIME]");
    let shown = shown.replace(&servers[0].1.url(), "[SERVER]");
    let shown = shown.replace(&leadey.key(1)[leadey.key(1).len() - 4..], "TAIL");
    insta::assert_snapshot!(shown, @r"
    secret    leadey_sk_live_****TAIL
    verdict   active
    reason    the provider accepted it (HTTP 200)
    endpoint  [SERVER]/v1/me
    asked     [TIME]
    ");
    assert_eq!(ask(&leadey.key(2), &[]).code, 0);
    assert_eq!(ask(&nateq.key(1), &[]).code, 2, "nothing proves its issuer");
    assert!(servers[1].1.received().is_empty());
    assert_eq!(ask(&nateq.key(1), &["--provider", "nateq"]).code, 1);
    assert_eq!(ask(&nateq.line(&nateq.key(1)), &[]).code, 1, "the text around it does");
    let json = ask(&nateq.key(2), &["--provider", "nateq", "--format", "json"]);
    assert_eq!((json.code, json.json()["verdict"].as_str()), (0, Some("inactive")));
    let before = servers.each_ref().map(|(_, s)| s.received().len());
    for (input, more, said) in [
        ("", &[][..], "holds no secret"),
        ("hello", &[], "no secret that a rule knows"),
        // The form of keys of many vendors: who issued it is told by a name, and there is none.
        (&drawn("{hex:32}", 1), &[], "no secret that a rule knows"),
        (&drawn("{base62:40}", 2), &[], "no secret that a rule knows"),
        (&format!("{}\n{}", leadey.key(1), leadey.key(2)), &[], "holds 2 secrets"),
        (&leadey.key(1), &["--provider", "nateq"], "has not the form of a secret of `nateq`"),
        (&leadey.key(1), &["--provider", "stripe"], "has not the form of a secret of `stripe`"),
        (&leadey.key(1), &["--provider", "clerk"], "no live check for `clerk`"),
        (&leadey.key(1), &["--provider", "leady"], "did you mean `leadey`?"),
    ] {
        let run = ask(input, more);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        assert!(!run.stderr.contains(&leadey.key(1)));
    }
    assert_eq!(servers.each_ref().map(|(_, s)| s.received().len()), before);
    assert!(witness.received().is_empty());
}

#[test]
fn what_is_scanned_has_no_say_in_where_a_secret_goes() {
    let provider = Provider::Leadey;
    let stranger = Server::plain(move |_| provider.accepts());
    let rule = |verify: &str| {
        format!(
            "[[rules]]\nid = \"mine\"\nprovider = \"leadey\"\nregex = '(leadey_sk_live_[a-z]+)'\n{verify}"
        )
    };
    let asks = rule(
        "[rules.verify]\nurl = \"https://stranger.example/x\"\nheaders = { A = \"{secret}\" }\n\
         control = \"leadey_sk_live_{base36:40}\"\nanswers = [{ status = 401, verdict = \"inactive\" }]\n",
    );
    let evidence = "[provider]\nid = \"leadterra\"\n[provider.evidence]\nnames = [\"STRIPE_\"]\n";
    for (name, config, file, verify, said) in [
        ("verify", "[verify]\nx = 1\n", "", false, "must not say where secrets go"),
        ("ca-file", "ca-file = \"x\"\n", "", false, "must not say where secrets go"),
        ("rule", "rules = [\"r.toml\"]\n", asks.as_str(), false, "where secrets are sent"),
        (
            "evidence",
            "rules = [\"r.toml\"]\n",
            evidence,
            true,
            "what proves the issuer `leadterra`",
        ),
    ] {
        let place = Place::with(&[("keytrawl.toml", config), ("r.toml", file)]);
        place.file("a.env", provider.line(&provider.key(1)));
        let run = match verify {
            true => self::verify(&place, &[(provider, stranger.url())], &["--verify"]),
            false => place.run(&[]),
        };
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}");
        assert!(
            run.stderr.contains(said) && run.stderr.contains("hint:"),
            "{name}: {}",
            run.stderr
        );
    }
    assert!(stranger.received().is_empty());
    // What the user names as well is the user's word.
    let place = Place::with(&[("keytrawl.toml", "rules = [\"r.toml\"]\n"), ("r.toml", &asks)]);
    assert_eq!(place.run(&["--rules", "r.toml"]).code, 0);
    // A rule that takes the place of a built-in one takes its live check away, and gives none.
    let place = Place::with(&[
        ("keytrawl.toml", "rules = [\"r.toml\"]\n".to_owned()),
        ("r.toml", rule("").replace("mine", "leadey-api-key").replace("[a-z]", "[0-9A-Za-z_-]")),
        ("a.env", provider.line(&provider.key(1))),
    ]);
    let run = place.run(&REPORT);
    let (verdict, reason) = &verdicts(&run.json())[&provider.key(1)];
    assert_eq!((verdict.as_str(), reason.as_str()), ("not-checked", "no live check for Leadey"));
}

#[test]
fn mistakes_on_the_command_line_are_told_before_anything_is_scanned() {
    let place = Place::with(&[("bad.pem", "no certificate\n")]);
    for (arguments, said) in [
        (&["--verify", "--verify-as", "leadtera"][..], "did you mean `leadterra`?"),
        (&["--verify", "--verify-as", "clerk"], "there is no live check for `clerk`"),
        (&["--verify-as", "leadterra"], "of no use without `--verify`"),
        (&["--verify-endpoint", "mega=https://x.example"], "of no use without `--verify`"),
        (&["--verify-timeout", "5s"], "`--verify-timeout` is of no use without `--verify`"),
        (&["--ca-file", "bad.pem"], "`--ca-file` is of no use without `--verify`"),
        (&["--verify", "--verify-endpoint", "mega=http://x.example"], "over https"),
        (
            &["--verify", "--verify-endpoint", "mega=https://x.example/y"],
            "the path of the rule stays",
        ),
        (&["--verify", "--verify-endpoint", "mega"], "write PROVIDER=URL"),
        (&["--verify", "--verify-timeout", "0"], "is no time"),
        (&["--verify", "--ca-file", "bad.pem"], "no certificate in PEM"),
        (&["--verify", "--ca-file", "none.pem"], "could not be read"),
    ] {
        let run = place.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
}
