//! Live checks through the program: how long a provider is left alone, and when it is asked no more.
//!
//! Not here: other ways in which a network misbehaves, see `verify_network.rs`.

mod harness;
mod verify_support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use harness::{Place, Run};
use verify_support::simulator::Provider;
use verify_support::{Action, REPORT, Server, instead, verdicts};

fn run(place: &Place, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = place.command("", arguments);
    command.envs(environment.iter().copied());
    place.finish(&mut command, b"")
}

#[test]
fn a_provider_that_asks_to_wait_is_left_alone_and_given_up_on() {
    let provider = Provider::Nateq;
    for (header, said) in [
        ("7200", "asks to wait 7200 s"),
        ("Fri, 31 Dec 2100 23:59:59 GMT", "asks to wait "),
        ("99999999999999999999999", "asks to wait "),
    ] {
        let place = Place::with(&[(
            "a.env",
            (0..9).map(|n| provider.line(&provider.key(n))).collect::<String>(),
        )]);
        let server = Server::plain(move |_| Action::json(429, "{}").with("Retry-After", header));
        let options = instead(&[(provider, server.url())]);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let run = run(&place, &[&REPORT[..], &options].concat(), &[]);
        for (verdict, reason) in verdicts(&run.json()).values() {
            assert_eq!(verdict, "unknown");
            assert!(reason.contains(said), "{reason}");
        }
        assert_eq!(server.received().len(), 1, "nothing more is sent to it");
    }
}

#[test]
fn whatever_it_says_beside_a_provider_is_left_alone_for_as_long_as_it_asks() {
    let provider = Provider::Leadey;
    let limit = r#"{"error":{"message":"Rate limit exceeded. Retry in 300s.","details":null}}"#;
    let text: String = (0..14).map(|n| provider.line(&provider.key(n))).collect();
    let place = Place::with(&[("a.env", &text)]);
    let own: BTreeSet<String> = (0..14).map(|n| provider.key(n)).collect();
    // What the made-up key is answered, and what a real one is; so many real ones may be under way at once.
    let refused = provider.refuses();
    let asks = |action: &Action, time| action.clone().with("Retry-After", time);
    for (made_up, real, most, verdict) in [
        (refused.clone(), asks(&Action::json(429, limit), "300"), 4, "active"),
        (refused.clone(), asks(&refused, "300"), 4, "inactive"),
        (refused.clone(), asks(&Action::json(418, "{}"), "300"), 4, "unknown"),
        (asks(&refused, "Fri, 31 Dec 2100 23:59:59 GMT"), refused.clone(), 0, ""),
    ] {
        let own = own.clone();
        let server = Server::plain(move |request| match own.contains(request.key()) {
            true => real.clone(),
            false => made_up.clone(),
        });
        let options = instead(&[(provider, server.url())]);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let arguments = [&REPORT[..], &options, &["--fail-on", "active"]].concat();
        let run = run(&place, &arguments, &[]);
        let told = verdicts(&run.json());
        let sent = server.received().len() - 1;
        assert!(sent <= most, "{verdict}: {sent} were sent");
        let of = |wanted: &str| told.values().filter(|(v, _)| v == wanted).count();
        assert_eq!((of(verdict), of("not-checked")), (sent, 14 - sent));
        let left = told.values().filter(|(verdict, _)| verdict == "not-checked");
        left.for_each(|(_, why)| assert!(why.contains("asks to wait "), "{why}"));
        // A key that nobody was asked about may be a live one.
        assert_eq!(run.code, if verdict == "active" { 1 } else { 2 }, "{verdict}");
    }
}

#[test]
fn a_short_wait_that_a_refusal_asks_for_is_granted() {
    let provider = Provider::Leadey;
    let place = Place::with(&[("a.env", provider.line(&provider.key(1)))]);
    let times = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&times);
    let server = Server::plain(move |_| {
        kept.lock().expect("no panic").push(Instant::now());
        provider.refuses().with("Retry-After", "1")
    });
    let options = instead(&[(provider, server.url())]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let run = run(&place, &[&REPORT[..], &options].concat(), &[]);
    assert_eq!(verdicts(&run.json())[&provider.key(1)].0, "inactive");
    let times = times.lock().expect("no panic");
    assert_eq!(times.len(), 2);
    assert!(times[1] - times[0] >= Duration::from_millis(900), "it was not left alone");
}

#[test]
fn keys_that_are_not_sent_any_more_are_not_checked() {
    let provider = Provider::Leadey;
    let text: String = (0..30).map(|n| provider.line(&provider.key(n))).collect();
    let place = Place::with(&[("a.env", &text)]);
    let own: BTreeSet<String> = (0..30).map(|n| provider.key(n)).collect();
    let server = Server::plain(move |request| match own.contains(request.key()) {
        true => Action::json(503, "{}"),
        false => provider.refuses(),
    });
    let options = instead(&[(provider, server.url())]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let all = [&REPORT[..], &options, &["--fail-on", "active"]].concat();
    let csv = ["--report", "csv=a.csv", "--report", "jsonl=a.jsonl", "--report", "sarif=a.sarif"];
    let run = run(&place, &[&all[..], &csv].concat(), &[]);
    assert_eq!(run.code, 2, "a key that nobody was asked about may be a live one");
    let sent: BTreeSet<String> = server.received().iter().map(|r| r.key().to_owned()).collect();
    let mut left = 0;
    for finding in run.json()["findings"].as_array().expect("findings") {
        let told = &finding["verification"];
        let (verdict, reason) = (text_of(&told["verdict"]), text_of(&told["reason"]));
        if sent.contains(text_of(&finding["secret"])) {
            assert_eq!(verdict, "unknown");
            assert!(told["checked_at"].is_string() && told["endpoint"].is_string());
        } else {
            left += 1;
            assert_eq!(verdict, "not-checked");
            assert!(told["checked_at"].is_null() && told["endpoint"].is_null(), "{told}");
            assert!(reason.contains("5 requests in a row failed"), "{reason}");
        }
    }
    assert!((20..30).contains(&left), "{left}");
    for (name, mark) in [("a.csv", "not-checked"), ("a.jsonl", r#""verdict":"not-checked""#)] {
        let report = std::fs::read_to_string(place.root().join(name)).expect("a report");
        assert_eq!(report.matches(mark).count(), left, "{name}");
    }
}

fn text_of(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
