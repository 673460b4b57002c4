//! Live checks through the program: to whom a key goes, and with what a made-up one is sent before it.
//!
//! Not here: what the answers come to, see `verify.rs`.

mod harness;
mod verify_support;

use std::collections::HashMap;

use harness::{Place, base64};
use keytrawl::rule::{armed, drawn};
use verify_support::simulator::Provider;
use verify_support::{Action, REPORT, Server, instead, verdicts, verify, watched};

const UUID: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn nothing_is_sent_on_a_guess() {
    let sk = |n: u64| drawn("sk_live_{base62:44}", n);
    let tg = |n: u64| drawn("tg_live_{base62:48}", n);
    let far = "\n".repeat(200);
    let files = [
        ("unknown.env", format!("PAYMENT_KEY={}\n", sk(1))),
        ("stripe.env", format!("STRIPE_SECRET_KEY={}\n", drawn("sk_live_{base62:24}", 2))),
        ("clerk.env", format!("CLERK_SECRET_KEY={}\n", sk(3))),
        ("both.md", format!("stripe.com and app.leadterra.co\n\nkey: {}\n", sk(4))),
        ("same.json", format!("{{\"a\": \"clerk.com leadterra.co {}\"}}\n", sk(5))),
        ("url.env", format!("LEADTERRA_URL=https://app.leadterra.co\nPAYMENTS_KEY={}\n", sk(12))),
        ("min.js", format!("u='https://app.leadterra.co';{}k='{}'\n", "x=1;".repeat(2000), sk(11))),
        ("far.md", format!("https://app.leadterra.co{far}key: {}\n", sk(6))),
        ("foreign.env", format!("LEADTERRA_KEY={}\n", drawn("sk_live_51{base62:97}", 7))),
        ("tg.env", format!("KEY={}\n", tg(8))),
        ("tollgate.env", format!("# not nateq\nTOLLGATE_KEY={}\n", drawn("tg_live_{hex:64}", 9))),
        ("rivals.md", format!("nateq.io or tollgate\n\n{}\n", drawn("tg_live_{hex:64}", 10))),
        ("hook.env", armed("MEGA_WEBHOOK_SECRET=mega_whsec_{hex:64}\n")),
        // The server may be one of one's own; no check; nothing but a form that many keys have.
        ("gitlab.env", format!("GITLAB_TOKEN={}\n", drawn("glpat-{base62:20}", 13))),
        ("sentry.env", format!("SENTRY_AUTH_TOKEN={}\n", drawn("sntryu_{hex:64}", 14))),
        ("aws.env", format!("AWS_ACCESS_KEY_ID={}\n", drawn("AKIA{base32:16}", 15))),
        ("hex.env", format!("API_KEY={}\n", drawn("{hex:32}", 16))),
        ("long.env", format!("API_TOKEN={}\n", drawn("{base62:40}", 17))),
        ("omega.env", armed("OMEGA=omega_{hex:64}\n")),
    ];
    let place = Place::with(&files);
    let servers: Vec<_> = Provider::ALL
        .into_iter()
        .map(|provider| (provider, Server::plain(provider.with(HashMap::new()))))
        .collect();
    let urls: Vec<_> = servers.iter().map(|(p, s)| (*p, s.url())).collect();
    // Stands where all the other providers are that can be asked: Stripe, GitHub, OpenAI and so on.
    let witness = Server::plain(|_| Action::json(418, "{}"));
    let ask = |more: &[&str]| {
        let options = watched(&urls, &witness.url());
        place.run(
            &options.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>(),
        )
    };
    let run = ask(&REPORT);
    let told = verdicts(&run.json());
    assert_eq!(told.len(), files.len() - 1, "{}", run.stdout);
    for (key, (verdict, reason)) in &told {
        assert_eq!(verdict, "not-checked", "{key}: {}", run.stdout);
        assert!(!reason.is_empty() && !reason.contains(key.as_str()));
    }
    for (_, server) in &servers {
        assert!(server.received().is_empty(), "somebody was asked");
    }
    assert!(witness.received().is_empty(), "a provider that is not one of the five was asked");
    let reason = |key: String| told[&key].1.clone();
    assert_eq!(reason(sk(1)), "issuer unknown");
    assert_eq!(
        reason(drawn("sk_live_{base62:24}", 2)),
        "no live check for this kind of secret of Stripe"
    );
    assert_eq!(reason(sk(3)), "no live check for Clerk");
    assert_eq!(reason(drawn("glpat-{base62:20}", 13)), "no live check for GitLab");
    assert_eq!(reason(drawn("sntryu_{hex:64}", 14)), "no live check for Sentry");
    assert_eq!(reason(drawn("{hex:32}", 16)), "issuer unknown");
    assert_eq!(reason(drawn("{base62:40}", 17)), "issuer unknown");
    assert!(reason(sk(4)).contains("for Leadterra and for Stripe"), "{}", reason(sk(4)));

    // The user's word counts for keys whose issuer nothing proves, and for no others.
    let word = ask(&[&REPORT[..], &["--verify-as", "leadterra"]].concat());
    let told = verdicts(&word.json());
    let sent: Vec<_> = told.iter().filter(|(_, (v, _))| v == "inactive").map(|(k, _)| k).collect();
    let received = servers[3].1.received();
    let mut seen: Vec<_> =
        received.iter().map(|r| r.key()).filter(|k| told.contains_key(*k)).collect();
    seen.sort_unstable();
    assert_eq!(seen, sent);
    assert!(sent.contains(&&sk(1)) && !sent.contains(&&sk(3)) && sent.len() == 6, "{sent:?}");
    assert!(servers.iter().all(|(p, s)| *p == Provider::Leadterra || s.received().is_empty()));
    assert!(witness.received().is_empty());
}

#[test]
fn a_secret_that_two_places_assign_to_two_providers_is_sent_to_neither() {
    let sk = |n| drawn("sk_live_{base62:32}", n);
    let both = |key: &str, other: &str| format!("LEADTERRA_API_KEY={key}\n{other}={key}\n");
    let wide = format!("{{\"stripe\": \"{}\", \"key\": \"{}\"}}\n", "x ".repeat(200), sk(3));
    let encoded =
        format!("data: {}\n", base64(format!("STRIPE_API_KEY={}\n", sk(4)).as_bytes(), false));
    let leadterra = |n| Provider::Leadterra.line(&sk(n));
    let tg = drawn("tg_live_{hex:64}", 8);
    let test = drawn("sk_test_{base62:32}", 9);
    let files = [
        ("a1.env", leadterra(1)),
        ("b1.env", format!("STRIPE_API_KEY={}\n", sk(1))),
        ("lines.env", both(&sk(2), "STRIPE_API_KEY")),
        ("a3.env", leadterra(3)),
        ("b3.json", wide),
        ("a4.env", leadterra(4)),
        ("b4.yaml", encoded),
        // Most places speak for Leadterra.
        ("a5.env", format!("{}{}", leadterra(5), both(&sk(5), "CLERK_SECRET_KEY"))),
        ("a6.md", format!("https://app.leadterra.co\n\nkey: {}\n", sk(6))),
        ("b6.md", format!("https://stripe.com\n\n\n\nkey: {}\n", sk(6))),
        ("a8.env", format!("{}TOLLGATE_KEY={tg}\n", Provider::Nateq.line(&tg))),
        ("a9.env", both(&test, "STRIPE_API_KEY")),
        // What is named elsewhere does not outweigh the name of the key's own setting.
        ("a7.env", leadterra(7)),
        ("b7.md", format!("https://stripe.com\n\nkey: {}\n", sk(7))),
    ];
    let place = Place::with(&files);
    let providers = [Provider::Leadterra, Provider::Nateq];
    let servers = providers.map(|p| (p, Server::plain(p.with(HashMap::new()))));
    let urls = servers.each_ref().map(|(p, s)| (*p, s.url()));
    let told = verdicts(&verify(&place, &urls, &REPORT).json());
    let reason = |names: &str| format!("issuer unknown: the evidence speaks for {names}");
    let stripe = reason("Leadterra and for Stripe");
    let unsure = [1, 2, 3, 4, 6].map(|n| (sk(n), stripe.clone())).into_iter().chain([
        (sk(5), reason("Leadterra and for Clerk")),
        (tg, reason("Nateq and for Tollgate")),
        (test, stripe.clone()),
    ]);
    for (key, reason) in unsure {
        assert_eq!(told[&key], ("not-checked".to_owned(), reason));
    }
    assert_eq!(told[&sk(7)].0, "inactive");
    let sent = servers.iter().flat_map(|(_, server)| server.received());
    let sent: Vec<_> = sent.filter(|r| told.contains_key(r.key())).collect();
    assert_eq!(sent.len(), 1, "a key was sent that two providers may have issued");
}

#[test]
fn the_word_of_the_user_does_not_outweigh_a_proof() {
    let sk = |n| drawn("sk_live_{base62:32}", n);
    let exact = drawn("sk_live_51{base62:97}", 1);
    let test = drawn("sk_test_51{base62:97}", 2);
    let old = drawn("sk_live_{base62:24}", 3);
    let place = Place::with(&[
        ("a.env", format!("KEY={exact}\n")),
        ("b.env", format!("KEY={test}\n")),
        ("c.env", format!("STRIPE_API_KEY={old}\n")),
        ("d.env", format!("STRIPE_API_KEY={}\n", sk(4))),
        ("e.env", format!("# stripe.com\nAPI_KEY={}\n", sk(5))),
        ("f.json", format!("{{\"a\": \"clerk.com stripe.com {}\"}}\n", sk(6))),
        // Nothing is proved of these.
        ("g.env", format!("KEY={}\n", sk(7))),
        ("h.md", format!("stripe.com{}key: {}\n", "\n".repeat(200), sk(8))),
        ("i.json", format!("{{\"a\": \"leadterra.co stripe.com {}\"}}\n", sk(9))),
    ]);
    let server = Server::plain(Provider::Leadterra.with(HashMap::new()));
    let urls = [(Provider::Leadterra, server.url())];
    let run = verify(&place, &urls, &[&REPORT[..], &["--verify-as", "leadterra"]].concat());
    let told = verdicts(&run.json());
    let form = "it has the form of keys that Leadterra does not issue";
    let stripe = "issuer unknown: the evidence speaks for Stripe";
    for (key, reason) in [
        (exact.clone(), form),
        (test, form),
        (old, "no live check for this kind of secret of Stripe"),
        (sk(4), stripe),
        (sk(5), stripe),
        (sk(6), "issuer unknown: the evidence speaks for Clerk and for Stripe"),
    ] {
        assert_eq!(told[&key], ("not-checked".to_owned(), reason.to_owned()));
    }
    for n in [7, 8, 9] {
        assert_eq!(told[&sk(n)].0, "inactive", "{}", told[&sk(n)].1);
    }
    let ask = |input: &str| {
        let options = instead(&urls);
        let options = options.iter().map(String::as_str);
        let arguments = ["verify", "--provider", "leadterra"].into_iter().chain(options);
        place.run_on(input.as_bytes(), &arguments.collect::<Vec<_>>())
    };
    let one = ask(&exact);
    assert_eq!(one.code, 2);
    assert!(one.stdout.contains(form), "{}", one.stdout);
    assert!(server.received().iter().all(|r| r.key() != exact));
}

#[test]
fn each_kind_of_key_is_proved_by_a_made_up_one_of_its_kind() {
    // Takes whatever begins as a personal token, and refuses every other key.
    let provider = Provider::Meetergo;
    let server = Server::plain(move |request| match request.key().starts_with("rgo-") {
        true => provider.accepts(),
        false => provider.refuses(),
    });
    let (personal, platform) = (provider.key(2), provider.key(1));
    let place = Place::with(&[("a.env", provider.line(&personal) + &provider.line(&platform))]);
    let told = verdicts(&verify(&place, &[(provider, server.url())], &REPORT).json());
    let (verdict, reason) = &told[&personal];
    assert_eq!(verdict, "unknown", "{reason}");
    assert!(reason.contains("a made-up one for good"), "{reason}");
    assert_eq!(told[&platform].0, "inactive");
    assert!(server.received().iter().all(|r| r.key() != personal));

    // The kinds that one rule finds.
    let shapes = [
        ("shippo_live_", "{hex:40}"),
        ("shippo_test_", "{hex:40}"),
        ("rk_live_", "51{base62:97}"),
        ("rk_test_", "51{base62:97}"),
        ("polar_oat_", "{base62:43}"),
        ("polar_pat_", "{base62:43}"),
        ("nfc_", "{base62:36}"),
        ("dp.scim.", "{base62:43}"),
        ("snyk_sat.", "{base36:8}.{base64url:120}.{base64url:86}"),
        ("ghu_", "{base62:36}"),
    ];
    let keys = shapes.map(|(prefix, body)| (prefix, prefix.to_owned() + &drawn(body, 1)));
    let text: String = keys.iter().map(|(_, key)| format!("key: {key}\n\n")).collect();
    let place = Place::with(&[("keys.yaml", text)]);
    let witness = Server::plain(|_| Action::json(418, "{}"));
    let options = watched(&[], &witness.url());
    let run = place.run(&options.iter().map(String::as_str).chain(REPORT).collect::<Vec<_>>());
    let told = verdicts(&run.json());
    let sent = witness.received();
    let values: Vec<&String> = sent.iter().flat_map(|r| r.headers.values()).collect();
    for (prefix, key) in &keys {
        let made_up = values.iter().any(|v| v.contains(prefix));
        assert!(made_up, "{prefix}: {:?}", told.get(key).map(|t| &t.0));
        assert!(!values.iter().any(|v| v.contains(key.as_str())), "{prefix}: sent unproved");
    }
}

#[test]
fn a_made_up_key_goes_with_the_customer_of_the_real_one() {
    // Judges the customer and not the key.
    let provider = Provider::Mega;
    let server = Server::plain(move |request| match request.header("x-customer-id") {
        UUID => provider.accepts(),
        _ => provider.refuses(),
    });
    let place = Place::with(&[
        ("a.env", format!("MEGA_CUSTOMER_ID={UUID}\nMEGA_TOKEN={}\n", provider.key(1))),
        ("b.env", format!("MEGA_TOKEN={}\n", provider.key(2))),
    ]);
    let told = verdicts(&verify(&place, &[(provider, server.url())], &REPORT).json());
    let (verdict, reason) = &told[&provider.key(1)];
    assert_eq!(verdict, "unknown", "{reason}");
    assert!(reason.contains("a made-up one for good"), "{reason}");
    assert_eq!(told[&provider.key(2)].0, "unknown");
    let sent = server.received();
    assert!(sent.iter().all(|r| r.key() != provider.key(1)));
    assert!(sent.iter().any(|r| r.key() == provider.key(2)), "it was refused a made-up one first");
}
