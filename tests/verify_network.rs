//! Live checks over networks that misbehave, over TLS and proxies, and in bulk: what reached whom.
//!
//! Not here: verdict tables and messages, see `verify.rs`. No test contacts anything else than this
//! machine.

mod harness;
mod verify_support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Place, Run, base64};
use keytrawl::rule::drawn;
use verify_support::simulator::Provider;
use verify_support::tls::{Authority, Identity};
use verify_support::{Action, Proxy, REPORT, Server, instead, verdicts};

fn run(place: &Place, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = place.command("", arguments);
    command.envs(environment.iter().copied());
    place.finish(&mut command, b"")
}

/// A key of each provider, each in a file of its own.
fn five_keys() -> Place {
    let place = Place::new();
    for provider in Provider::ALL {
        place.file(format!("{}.env", provider.id()), provider.line(&provider.key(7)));
    }
    place
}

/// Runs over one key of each provider; each must come out `unknown`, for a reason with `said` in it.
fn all_unknown(name: &str, arguments: &[&str], environment: &[(&str, &str)], said: &str) {
    let place = five_keys();
    // Long enough for a busy machine, where a test does not wait for it to pass.
    let time = if said.contains("1.5 s") { "1500ms" } else { "30s" };
    let all = [&REPORT[..], &["--verify-timeout", time], arguments].concat();
    let run = run(&place, &all, environment);
    assert_eq!(run.code, 1, "{name}: {}", run.stderr);
    let told = verdicts(&run.json());
    assert_eq!(told.len(), 5, "{name}");
    for (key, (verdict, reason)) in told {
        assert_eq!(verdict, "unknown", "{name}: {key}: {reason}");
        assert!(reason.contains(said), "{name}: {reason}");
        assert!(!reason.contains(&key[key.len() - 12..]), "{name}: the reason holds the secret");
    }
}

#[test]
fn whatever_a_network_does_proves_nothing() {
    let stranger = Server::plain(|_| Action::json(200, r#"{"success":true,"data":{"id":"x"}}"#));
    let to_stranger = format!("{}/v1/me", stranger.url());
    let portal = r#"{"success":true,"data":{"id":"x"},"statusCode":200}"#;
    let kinds: Vec<(&str, Action, &str)> = vec![
        ("portal", Action::html(200, "<html>Please log in</html>"), "(HTTP 200)"),
        ("redirect", Action::html(302, "").with("Location", &to_stranger), "a redirect"),
        ("moved", Action::json(308, "{}").with("Location", &to_stranger), "a redirect"),
        ("hang", Action::Hang, "no whole answer within 1.5 s"),
        ("trickle", Action::Trickle, "no whole answer within 1.5 s"),
        ("breaks off", Action::BreakOff, "broke off"),
        ("endless", Action::Endless, "longer than 256 kB"),
        ("garbage", Action::Garbage, ""),
        ("close", Action::Close, "broke off"),
        ("bad gateway", Action::html(502, "Bad Gateway"), "(HTTP 502)"),
        ("impossible", Action::json(200, portal).with("Content-Encoding", "gzip"), ""),
    ];
    thread::scope(|scope| {
        for (name, action, said) in kinds {
            // For every request; and only once the endpoint has refused a made-up key as it should.
            for late in [false, true] {
                if name == "impossible" && late {
                    continue;
                }
                let action = action.clone();
                scope.spawn(move || {
                    let servers: Vec<_> = Provider::ALL
                        .into_iter()
                        .map(|provider| {
                            let action = action.clone();
                            let own = provider.key(7);
                            let server = Server::plain(move |request| {
                                let refuse = late && request.key() != own;
                                if refuse { provider.refuses() } else { action.clone() }
                            });
                            (provider, server.url())
                        })
                        .collect();
                    let options = instead(&servers);
                    let options: Vec<&str> = options.iter().map(String::as_str).collect();
                    all_unknown(&format!("{name}, late: {late}"), &options, &[], said);
                });
            }
        }
    });
    assert!(stranger.received().is_empty(), "a redirect was followed");
}

#[test]
fn certificates_names_and_proxies_are_not_taken_on_trust() {
    let authority = Authority::new();
    let names = ["localhost"];
    let good = authority.identity(&names);
    let identities: [(&str, &Identity, bool, &str); 4] = [
        ("stranger", &good, false, "an authority that is not trusted"),
        ("other name", &authority.identity(&["other.example"]), true, "for another name"),
        ("expired", &authority.expired("localhost"), true, "has expired"),
        ("no tls", &good, true, "the connection broke off"),
    ];
    for (name, identity, trusted, said) in identities {
        let port = match name {
            "no tls" => Server::plain(|_| Action::json(200, "{}")).port,
            _ => Server::secure(identity, |_| Action::json(200, "{}")).port,
        };
        let place = Place::with(&[("ca.pem", authority.pem())]);
        let pem = place.root().join("ca.pem").display().to_string();
        let mut arguments =
            instead(&Provider::ALL.map(|p| (p, format!("https://localhost:{port}"))));
        if trusted {
            arguments.extend(["--ca-file".to_owned(), pem]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        all_unknown(name, &arguments, &[], said);
    }
    // No resolver is asked about a name with so long a part.
    let nowhere = format!("https://{}.example", "n".repeat(70));
    let options = instead(&Provider::ALL.map(|p| (p, nowhere.clone())));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    all_unknown("no such name", &options, &[], "its host name has no address");
    let closed = instead(&Provider::ALL.map(|p| (p, "http://127.0.0.1:1".to_owned())));
    let closed: Vec<&str> = closed.iter().map(String::as_str).collect();
    all_unknown("closed", &closed, &[], "the connection was refused");
    let proxy = Proxy::start(HashMap::new());
    all_unknown("proxy", &[], &[("HTTPS_PROXY", &proxy.url())], "the proxy did not connect");
    assert!(proxy.asked().iter().all(|line| line.starts_with("CONNECT ")));
    let place = five_keys();
    let wrong = run(&place, &["--verify"], &[("https_proxy", "http://user:word@:x")]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    assert!(wrong.stderr.contains("https_proxy is no address of a proxy"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("word@"));
}

/// What reached one provider.
struct Recorder {
    provider: Provider,
    server: Server,
}

/// A server of its own for each provider, under its real name, behind a proxy that knows the way.
fn recorders(authority: &Authority, alive: &Alive) -> (Vec<Recorder>, Proxy) {
    let mut routes = HashMap::new();
    let mut all = Vec::new();
    for provider in Provider::ALL {
        let accept = |key: &String| (key.clone(), provider.accepts());
        let answers: HashMap<String, Action> = alive[&provider].iter().map(accept).collect();
        let identity = authority.identity(&[provider.host()]);
        let server = Server::secure(&identity, provider.with(answers));
        routes.insert(format!("{}:443", provider.host()), server.port);
        all.push(Recorder { provider, server });
    }
    (all, Proxy::start(routes))
}

/// How many keys of each provider a mixed tree holds. More than the rates of a minute would wait.
fn share(provider: Provider) -> u64 {
    match provider {
        Provider::Mega => 50,
        Provider::Leadey => 110,
        Provider::Nateq => 170,
        Provider::Leadterra => 170,
        Provider::Meetergo => 90,
    }
}

/// The keys of a tree, and whose each is.
type Owners = BTreeMap<String, Option<Provider>>;
/// The keys that still work.
type Alive = BTreeMap<Provider, BTreeSet<String>>;

/// A thousand keys of the five providers and of others, some of them in several places.
fn mixed_tree(place: &Place) -> (Owners, Alive) {
    let mut owners = Owners::new();
    let mut alive = Alive::new();
    for provider in Provider::ALL {
        let mut text = String::new();
        for n in 0..share(provider) {
            let key = provider.key(n);
            text += &provider.line(&key);
            if n % 3 == 0 {
                alive.entry(provider).or_default().insert(key.clone());
            }
            if n % 5 == 0 {
                // Again elsewhere, plain and encoded.
                place.file(format!("copies/{}-{n}.env", provider.id()), provider.line(&key));
                let encoded = base64(provider.line(&key).as_bytes(), false);
                place.file(format!("copies/{}-{n}.b64", provider.id()), encoded);
            }
            owners.insert(key, Some(provider));
        }
        place.file(format!("{}.env", provider.id()), text);
    }
    let strangers = [
        ("stripe.env", "STRIPE_SECRET_KEY=", "sk_live_51{base62:97}"),
        ("clerk.env", "CLERK_SECRET_KEY=", "sk_live_{base62:40}"),
        ("paystack.env", "PAYSTACK_KEY=", "sk_live_{base36:40}"),
        ("home.env", "PAYMENT_KEY=", "sk_live_{hex:48}"),
        ("tollgate.env", "TOLLGATE_KEY=", "tg_live_{hex:64}"),
        ("tg.env", "TELEMETRY_KEY=", "tg_live_{base62:50}"),
    ];
    for (index, (file, name, shape)) in strangers.into_iter().enumerate() {
        let mut text = String::new();
        for n in 0..70 {
            let key = drawn(shape, 1000 * index as u64 + n);
            text += &format!("{name}{key}\n");
            owners.insert(key, None);
        }
        place.file(file, text);
    }
    (owners, alive)
}

/// Checks that a provider was sent each of its keys once, a made-up key of each kind, and nothing else.
fn check_record(recorder: &Recorder, owners: &Owners) {
    let Recorder { provider, server } = recorder;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in server.received() {
        *counts.entry(request.key().to_owned()).or_default() += 1;
        let mut names: Vec<&str> = request.headers.keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut documented = vec!["authorization", "host", "user-agent"];
        documented.extend((*provider == Provider::Mega).then_some("x-customer-id"));
        assert_eq!(names, documented, "{provider:?}");
        assert_eq!(request.header("host"), provider.host());
        assert_eq!(request.target, provider.path());
    }
    let own: BTreeSet<&String> =
        owners.iter().filter(|(_, o)| **o == Some(*provider)).map(|(k, _)| k).collect();
    let sent: BTreeSet<&String> = counts.keys().collect();
    let others: Vec<&&String> = sent.difference(&own).collect();
    assert!(own.is_subset(&sent), "{provider:?}: a key was not asked about");
    let kinds = if *provider == Provider::Meetergo { 2 } else { 1 };
    assert_eq!(others.len(), kinds, "{provider:?}: made-up keys, and nothing else");
    assert!(
        !others.iter().any(|o| owners.contains_key(**o)),
        "a made-up key is one that was found"
    );
    assert!(counts.values().all(|n| *n == 1), "{provider:?}: a key was sent twice");
}

#[test]
fn each_key_of_a_mixed_tree_reaches_its_provider_once_and_nobody_else() {
    let place = Place::new();
    let (owners, alive) = mixed_tree(&place);
    assert!(owners.len() > 1000, "{}", owners.len());
    let authority = Authority::new();
    let (recorders, proxy) = recorders(&authority, &alive);
    let home = place.root().with_file_name("home").join("ca.pem");
    std::fs::write(&home, authority.pem()).expect("a file");
    let ca = home.display().to_string();
    let all = [&REPORT[..], &["--ca-file", &ca]].concat();
    let environment = [("HTTPS_PROXY", proxy.url()), ("HTTP_PROXY", proxy.url())];
    let run = run(&place, &all, &environment.each_ref().map(|(n, v)| (*n, v.as_str())));
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let told = verdicts(&run.json());
    for (key, owner) in &owners {
        let (verdict, reason) = &told[key];
        let expected = match owner {
            None => "not-checked",
            Some(provider) if alive[provider].contains(key) => "active",
            // Without the id of a customer, a refusal tells nothing.
            Some(Provider::Mega) => "unknown",
            Some(_) => "inactive",
        };
        assert_eq!(verdict, expected, "{owner:?}: {reason}");
    }
    recorders.iter().for_each(|recorder| check_record(recorder, &owners));
    let known: BTreeSet<String> =
        Provider::ALL.map(|p| format!("CONNECT {}:443", p.host())).into_iter().collect();
    assert_eq!(proxy.asked().into_iter().collect::<BTreeSet<_>>(), known);
}

/// How far requests of a server overlap, and which limit was broken.
#[derive(Default)]
struct Load {
    now: AtomicUsize,
    most: AtomicUsize,
    refused: AtomicUsize,
    window: Mutex<(Option<Instant>, usize)>,
}

#[test]
fn a_thousand_keys_take_a_bounded_time_and_limits_are_respected() {
    const LIMIT: usize = 60;
    let counts = [
        (Provider::Mega, 45),
        (Provider::Leadey, 115),
        (Provider::Nateq, 240),
        (Provider::Leadterra, 505),
        (Provider::Meetergo, 95),
    ];
    let place = Place::new();
    let mut servers = Vec::new();
    let mut loads = Vec::new();
    for (provider, count) in counts {
        let keys: Vec<String> = (0..count).map(|n| provider.key(n)).collect();
        place.file(provider.id(), keys.iter().map(|k| provider.line(k)).collect::<String>());
        let alive = keys.iter().step_by(2).map(|k| (k.clone(), provider.accepts())).collect();
        let answer = provider.with(alive);
        let load = Arc::new(Load::default());
        loads.push((provider, Arc::clone(&load)));
        let server = Server::plain(move |request| {
            let now = load.now.fetch_add(1, Ordering::SeqCst) + 1;
            load.most.fetch_max(now, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(50));
            load.now.fetch_sub(1, Ordering::SeqCst);
            let mut window = load.window.lock().expect("no panic");
            let fresh = window.0.is_none_or(|start| start.elapsed() >= Duration::from_secs(1));
            if provider == Provider::Nateq && fresh {
                *window = (Some(Instant::now()), 0);
            }
            window.1 += 1;
            if provider == Provider::Nateq && window.1 > LIMIT {
                load.refused.fetch_add(1, Ordering::SeqCst);
                return Action::json(429, "{}").with("Retry-After", "1");
            }
            answer(request)
        });
        servers.push((provider, server.url()));
    }
    let options = instead(&servers);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let run = run(&place, &[&REPORT[..], &options].concat(), &[]);
    let told = verdicts(&run.json());
    assert_eq!(told.len(), 1000);
    for (provider, count) in counts {
        for n in 0..count {
            let (verdict, reason) = &told[&provider.key(n)];
            let expected = match (n % 2, provider) {
                (0, _) => "active",
                (_, Provider::Mega) => "unknown",
                _ => "inactive",
            };
            assert_eq!(verdict, expected, "{provider:?} {n}: {reason}");
        }
    }
    for (provider, load) in loads {
        let most = load.most.load(Ordering::SeqCst);
        assert!(most <= 4, "{provider:?}: {most} at once");
        assert!(load.refused.load(Ordering::SeqCst) <= 12, "the limit was run against on and on");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_it_has_learned() {
    let (quick, stuck) = (Provider::Leadey, Provider::Meetergo);
    let place = Place::new();
    place.file("a.env", quick.line(&quick.key(1)));
    place.file("b.env", (0..20).map(|n| stuck.line(&stuck.key(n))).collect::<String>());
    let answers = HashMap::from([(quick.key(1), quick.accepts())]);
    let own: BTreeSet<String> = (0..20).map(|n| stuck.key(n)).collect();
    let hanging =
        Server::plain(
            move |request| {
                if own.contains(request.key()) { Action::Hang } else { stuck.refuses() }
            },
        );
    let answering = Server::plain(quick.with(answers));
    let servers = [(quick, answering.url()), (stuck, hanging.url())];
    let options = instead(&servers);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut command = place.command("", &[&REPORT[..], &options].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    while hanging.received().len() < 5 || answering.received().len() < 2 {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(300));
    let id = child.id().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status().expect("kill is installed");
    assert!(kill.success());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["complete"], false);
    let told = verdicts(&report);
    assert_eq!(told[&quick.key(1)].0, "active");
    let (mut begun, mut left) = (0, 0);
    for n in 0..20 {
        let (verdict, reason) = &told[&stuck.key(n)];
        assert!(reason.contains("interrupted"), "{reason}");
        begun += usize::from(verdict == "unknown");
        left += usize::from(verdict == "not-checked");
    }
    assert!(begun <= 4 && left >= 16, "{begun} {left}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!((0..20).all(|n| !said.contains(&stuck.key(n)[10..])), "stderr holds a secret");
}

#[test]
fn a_proxy_that_is_none_is_an_error_before_anything_is_sent() {
    let place = five_keys();
    for (address, why) in [
        ("http://127.0.0.1:99999", "its port is no number from 1 to 65535"),
        ("http://ann:hunter2@127.0.0.1:0", "its port is no number from 1 to 65535"),
        ("http://ann:hunter2@127.0.0.1:80a", "its port is no number from 1 to 65535"),
        ("http://127.0.0.1:-1", "its port is no number from 1 to 65535"),
        ("http://[::1:80", "no host can be read in it"),
        ("http://:8080", "no host can be read in it"),
        ("http://ann:hunter2@", "no host can be read in it"),
        ("http://a host:1", "no host can be read in it"),
        ("ftp://ann:hunter2@127.0.0.1:21", "none of http, https, socks4 and socks5"),
        ("http://127.0.0.1:80/path", "`/`, `?` or `#` stands in it"),
        ("http://ann:hun/ter2@127.0.0.1:1", "in a password write `%2F`"),
    ] {
        for variable in ["https_proxy", "ALL_PROXY"] {
            let options = instead(&[]);
            let options = options.iter().map(String::as_str).chain(["--verify"]);
            let run = run(&place, &options.collect::<Vec<_>>(), &[(variable, address)]);
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{address}");
            let said =
                format!("error: the environment variable {variable} is no address of a proxy: ");
            assert!(run.stderr.starts_with(&said) && run.stderr.contains(why), "{}", run.stderr);
            assert!(run.stderr.contains("hint: write `http://host:port`"), "{}", run.stderr);
            assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("ann"));
        }
    }
    // Without live checks nobody asks for a proxy.
    assert_eq!(run(&place, &[], &[("https_proxy", "http://127.0.0.1:99999")]).code, 1);
}

#[cfg(unix)]
#[test]
fn secrets_of_a_killed_process_stay_in_it() {
    let provider = Provider::Leadey;
    let place = Place::with(&[("a.env", provider.line(&provider.key(1)))]);
    let server = Server::plain(|_| Action::Hang);
    let options = instead(&[(provider, server.url())]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut command = place.command("", &[&["--verify"], &options[..]].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    while server.received().is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    let id = child.id().to_string();
    let arguments = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let kill = Command::new("kill").args(["-ABRT", &id]).status().expect("kill is installed");
    assert!(kill.success());
    let output = child.wait_with_output().expect("the program ends");
    let said = [arguments, output.stdout, output.stderr].concat();
    let key = provider.key(1);
    assert!(!String::from_utf8_lossy(&said).contains(&key[20..40]));
}

/// A rule file of the user's own, asking `url`.
fn own_rule(url: &str) -> String {
    format!(
        "[provider]\nid = \"acme\"\n[[rules]]\nid = \"acme-key\"\nprovider = \"acme\"\n\
         regex = '(acme_[0-9a-z]{{40}})'\nkeywords = [\"acme_\"]\n[rules.verify]\nurl = \"{url}\"\n\
         headers = {{ X-Key = \"{{secret}}\", X-Kind = \"a b\" }}\ncontrol = \"acme_{{base36:40}}\"\n\
         answers = [{{ status = 200, verdict = \"active\" }}, {{ status = 401, verdict = \"inactive\" }}]\n"
    )
}

#[test]
fn rules_that_the_user_names_are_asked_by_and_private_addresses_are_not_asked() {
    let key = drawn("acme_{base36:40}", 1);
    let place = Place::with(&[("a.env", format!("KEY={key}\n"))]);
    place.file("own.toml", own_rule("https://api.acme.example/v1/me?full=1"));
    let own = key.clone();
    let server = Server::plain(move |request| {
        Action::json(if request.header("x-key") == own { 200 } else { 401 }, "")
    });
    let at = format!("--verify-endpoint=acme={}", server.url());
    let named = run(&place, &[&REPORT[..], &["--rules", "own.toml", &at]].concat(), &[]);
    assert_eq!(verdicts(&named.json())[&key].0, "active", "{}", named.stderr);
    for request in server.received() {
        assert_eq!((request.target.as_str(), request.header("x-kind")), ("/v1/me?full=1", "a b"));
    }
    let port = server.port;
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"] {
        place.file("own.toml", own_rule(&format!("https://{host}:{port}/v1/me")));
        let private = run(&place, &[&REPORT[..], &["--rules", "own.toml"]].concat(), &[]);
        let (verdict, reason) = &verdicts(&private.json())[&key];
        assert_eq!(verdict, "unknown", "{host}");
        assert!(reason.contains("leads to a private address"), "{host}: {reason}");
    }
    assert_eq!(server.received().len(), 2);
}
