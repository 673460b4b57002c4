//! Servers on loopback that play providers, strangers and proxies, and remember what they were sent.
//!
//! Real sockets, and TLS of a made-up authority where it is asked for. Not here: what a provider
//! answers (`simulator.rs`), and what the program should make of it.
#![allow(dead_code, reason = "each test uses its own part")]

pub(crate) mod simulator;
pub(crate) mod tls;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use crate::harness::{Place, Run};
use keytrawl::rule::Listed;
use simulator::Provider;

/// A scan that asks, and shows all that tests look at.
pub(crate) const REPORT: [&str; 4] = ["--verify", "--show-secrets", "--format", "json"];

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// What follows `Bearer `.
    pub(crate) fn key(&self) -> &str {
        self.header("authorization").strip_prefix("Bearer ").unwrap_or("")
    }
}

/// What a server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Says nothing.
    Hang,
    /// A byte now and then.
    Trickle,
    /// Promises more than it sends.
    BreakOff,
    /// A body without an end.
    Endless,
    /// Something that is no HTTP.
    Garbage,
    /// Closes at once.
    Close,
}

impl Action {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        let headers =
            vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
        Action::Reply { status, headers, body: body.as_bytes().to_vec() }
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
        Action::Reply { status, headers, body: body.as_bytes().to_vec() }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Action::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

type Handler = dyn Fn(&Received) -> Action + Send + Sync;

/// A server that runs until the test ends.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(crate) fn plain(handler: impl Fn(&Received) -> Action + Send + Sync + 'static) -> Self {
        Self::start(handler, None)
    }

    /// A server that shows a certificate.
    pub(crate) fn secure(
        identity: &tls::Identity,
        handler: impl Fn(&Received) -> Action + Send + Sync + 'static,
    ) -> Self {
        Self::start(handler, Some(identity.server()))
    }

    fn start(
        handler: impl Fn(&Received) -> Action + Send + Sync + 'static,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (handler, kept): (Arc<Handler>, _) = (Arc::new(handler), Arc::clone(&received));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, kept, tls) = (Arc::clone(&handler), Arc::clone(&kept), tls.clone());
                thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    match tls {
                        None => serve(stream, &*handler, &kept),
                        Some(config) => {
                            let connection =
                                rustls::ServerConnection::new(config).expect("a connection");
                            serve(rustls::StreamOwned::new(connection, stream), &*handler, &kept);
                        }
                    }
                });
            }
        });
        Self { port, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no panic").clone()
    }
}

/// Answers the requests of one connection.
fn serve(stream: impl Read + Write, handler: &Handler, kept: &Mutex<Vec<Received>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream) {
        let action = handler(&request);
        kept.lock().expect("no panic").push(request);
        if act(stream.get_mut(), &action).is_none() {
            return;
        }
    }
}

pub(crate) fn read_request(stream: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let double = headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        assert!(double.is_none(), "a header was sent twice: {name}");
    }
    Some(Received { method, target, headers })
}

/// None if the connection is over.
fn act(stream: &mut impl Write, action: &Action) -> Option<()> {
    const LONG: Duration = Duration::from_secs(20);
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    match action {
        Action::Reply { status, headers, body } => {
            let mut head =
                format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n", body.len());
            headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
            stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
            stream.write_all(body).ok()?;
            stream.flush().ok()
        }
        Action::Hang => {
            thread::sleep(LONG);
            None
        }
        Action::Trickle => {
            stream.write_all(format!("{json}Content-Length: 100000\r\n\r\n{{").as_bytes()).ok()?;
            for _ in 0..200 {
                stream.write_all(b" ").and_then(|()| stream.flush()).ok()?;
                thread::sleep(Duration::from_millis(50));
            }
            None
        }
        Action::BreakOff => {
            let body = r#"{"success":true,"data":{"id":"#;
            stream.write_all(format!("{json}Content-Length: 900\r\n\r\n{body}").as_bytes()).ok()?;
            stream.flush().ok()?;
            None
        }
        Action::Endless => {
            stream
                .write_all(format!("{json}Content-Length: 2147483648\r\n\r\n").as_bytes())
                .ok()?;
            let chunk = [b' '; 64 << 10];
            for _ in 0..32 << 10 {
                stream.write_all(&chunk).ok()?;
            }
            None
        }
        Action::Garbage => {
            stream
                .write_all(b"220 mail.example ESMTP\r\n\r\n")
                .and_then(|()| stream.flush())
                .ok()?;
            None
        }
        Action::Close => None,
    }
}

/// A proxy that opens tunnels to servers on this machine, by the names that are asked for.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `routes` leads from `host:port` to a port here; anything else is answered with 502.
    pub(crate) fn start(routes: HashMap<String, u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let routes = Arc::new(routes);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (routes, kept) = (Arc::clone(&routes), Arc::clone(&kept));
                thread::spawn(move || tunnel(stream, &routes, &kept));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The names that tunnels were asked for to.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn tunnel(
    stream: TcpStream,
    routes: &HashMap<String, u16>,
    kept: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let request = read_request(&mut reader)?;
    kept.lock().expect("no panic").push(format!("{} {}", request.method, request.target));
    assert_eq!(request.header("authorization"), "", "a proxy must not see a key");
    let mut client = stream;
    let Some(port) = routes.get(&request.target).filter(|_| request.method == "CONNECT") else {
        client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").ok()?;
        return None;
    };
    let mut server = TcpStream::connect(("127.0.0.1", *port)).ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut from, mut to) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut reader, &mut server).ok()?;
    Some(())
}

/// The verdict and its reason for each secret of a JSON report with `--show-secrets`.
pub(crate) fn verdicts(report: &serde_json::Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("findings");
    let of = |finding: &serde_json::Value| {
        let verification = &finding["verification"];
        let told = (text(&verification["verdict"]), text(&verification["reason"]));
        (text(&finding["secret"]), told)
    };
    findings.iter().map(of).collect()
}

/// A port of this machine on which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// The options that put servers in the place of providers, and nobody in the place of all others: no
/// test asks anything of another machine, whatever the program thinks of a key.
pub(crate) fn instead(servers: &[(Provider, String)]) -> Vec<String> {
    watched(servers, NOBODY)
}

/// The same with `witness` in the place of all other providers that can be asked.
pub(crate) fn watched(servers: &[(Provider, String)], witness: &str) -> Vec<String> {
    let known = |id: &str| servers.iter().find(|(p, _)| p.id() == id).map(|(_, url)| url.as_str());
    let option = |id: &String| format!("--verify-endpoint={id}={}", known(id).unwrap_or(witness));
    askable().iter().map(option).collect()
}

/// Scans `place`, with `servers` in the place of providers.
pub(crate) fn verify(place: &Place, servers: &[(Provider, String)], more: &[&str]) -> Run {
    let options = instead(servers);
    let mut arguments: Vec<&str> = options.iter().map(String::as_str).collect();
    arguments.extend(more);
    place.run(&arguments)
}

/// The providers that some built-in rule can ask.
fn askable() -> &'static BTreeSet<String> {
    static ALL: OnceLock<BTreeSet<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let rules = keytrawl::rule::builtin().rules;
        let asked = |rule: &Listed| rule.verify.iter().map(|v| v.provider.clone()).collect();
        rules.iter().flat_map(|rule| -> Vec<String> { asked(rule) }).collect()
    })
}
