//! One request to one endpoint, and its answer or the reason why there is none.
//!
//! No redirect is followed, no cookie kept, no body longer than a limit read. A reason is made of our
//! own words only, so that it cannot hold a secret. Not here: what an answer means, and asking again.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::crypto::CryptoProvider;
use ureq::http::{HeaderMap, HeaderValue, Request};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, DefaultConnector};
use ureq::{Agent, Timeout};
use zeroize::Zeroizing;

use super::endpoint::Endpoint;
use super::resolver::{Guard, Refusal};
use super::transport::Wiping;
use super::{Error, Roots, proxy};
use crate::rule::Probe;

/// Bytes of an answer that are read; a longer answer says nothing.
const MAX_BODY: usize = 256 << 10;
/// Bytes of an answer's head.
const MAX_HEAD: usize = 32 << 10;
/// The longest that connecting may take, TLS included.
const MAX_CONNECT: Duration = Duration::from_secs(10);
/// Requests are small, answers may be longer.
const BUFFER: usize = 16 << 10;

/// Asks one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Client {
    agent: Agent,
    timeout: Duration,
}

/// What an endpoint said.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// It may be a person's record, and is wiped.
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) reason: String,
    /// Whether it may be over soon.
    pub(super) passing: bool,
}

impl Client {
    /// A client for `endpoint`, by way of the proxy that the environment names.
    pub(super) fn new(
        endpoint: &Endpoint,
        roots: &Roots,
        crypto: &Arc<CryptoProvider>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let proxy = proxy::before(endpoint)?;
        let guard = Guard {
            reach: endpoint.reach(),
            proxy: proxy.as_ref().map(|p| (p.host().to_owned(), p.port())),
            inner: DefaultResolver::default(),
        };
        let tls = TlsConfig::builder()
            .root_certs(roots.certificates())
            .unversioned_rustls_crypto_provider(Arc::clone(crypto))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("keytrawl/", env!("CARGO_PKG_VERSION")))
            .accept("")
            .accept_encoding("")
            .max_response_header_size(MAX_HEAD)
            .input_buffer_size(MAX_HEAD + BUFFER)
            .output_buffer_size(BUFFER)
            .timeout_global(Some(timeout))
            .timeout_connect(Some(timeout.min(MAX_CONNECT)))
            .build();
        let connector = DefaultConnector::new().chain(Wiping);
        Ok(Self { agent: Agent::with_parts(config, connector, guard), timeout })
    }

    /// Sends one request. `values` are what stands in the headers' braces.
    pub(super) fn ask(
        &self,
        url: &str,
        probe: &Probe,
        values: &[(&str, &[u8])],
    ) -> Result<Reply, Trouble> {
        let mut request = Request::get(url);
        for header in &probe.headers {
            // Once more where it counts, whatever a rule file has got past its reader.
            if probe.never_send.iter().any(|n| n.eq_ignore_ascii_case(&header.name)) {
                continue;
            }
            let mut value = header_value(&header.value, values).ok_or_else(|| Trouble {
                reason: "the key holds what no header may hold".to_owned(),
                passing: false,
            })?;
            value.set_sensitive(true);
            request = request.header(&header.name, value);
        }
        let request = request.body(()).map_err(|_| Trouble {
            reason: "the rule's request is no request".to_owned(),
            passing: false,
        })?;
        let response = self.agent.run(request).map_err(|e| self.trouble(&e))?;
        let (parts, body) = response.into_parts();
        let body = self.read(body)?;
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// Ends the requests that are under way.
    pub(super) fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    fn read(&self, mut body: ureq::Body) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        // Room for all of it, so that no copy is left behind by growing.
        let mut read = Zeroizing::new(Vec::with_capacity(MAX_BODY + 1));
        let mut reader = body.as_reader().take(MAX_BODY as u64 + 1);
        let mut chunk = Zeroizing::new([0; 4 << 10]);
        loop {
            match reader.read(&mut *chunk) {
                Ok(0) => break,
                Ok(n) => read.extend_from_slice(&chunk[..n]),
                Err(error) => return Err(self.trouble(&ureq::Error::from(error))),
            }
        }
        if read.len() > MAX_BODY {
            let reason = format!("the answer is longer than {} kB", MAX_BODY >> 10);
            return Err(Trouble { reason, passing: false });
        }
        Ok(read)
    }

    /// What happened, in words that hold nothing of the request or the answer.
    fn trouble(&self, error: &ureq::Error) -> Trouble {
        let lasting = |reason: &str| Trouble { reason: reason.to_owned(), passing: false };
        let passing = |reason: &str| Trouble { reason: reason.to_owned(), passing: true };
        match error {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                lasting("it could not be reached in time")
            }
            ureq::Error::Timeout(_) => {
                let seconds = self.timeout.as_secs_f32();
                lasting(&format!("there was no whole answer within {seconds} s"))
            }
            ureq::Error::Other(other) => match other.downcast_ref::<Refusal>() {
                Some(refusal @ Refusal::NotFound) => passing(&refusal.to_string()),
                Some(refusal) => lasting(&refusal.to_string()),
                None => lasting("the request failed"),
            },
            ureq::Error::HostNotFound => passing("its host name has no address"),
            ureq::Error::ConnectionFailed => passing("the connection was refused"),
            ureq::Error::ConnectProxyFailed(_) => passing("the proxy did not connect"),
            ureq::Error::Rustls(error) => lasting(tls(error)),
            ureq::Error::Tls(_) => lasting("there was no secure connection"),
            ureq::Error::Io(error) => io(error),
            ureq::Error::LargeResponseHeader(..) => lasting("the head of the answer is too long"),
            ureq::Error::Protocol(_) | ureq::Error::Http(_) => lasting("the answer is no HTTP"),
            ureq::Error::BodyExceedsLimit(_) => lasting("the answer is too long"),
            _ => lasting("the request failed"),
        }
    }
}

fn io(error: &std::io::Error) -> Trouble {
    use std::io::ErrorKind;
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return Trouble { reason: tls(error).to_owned(), passing: false };
    }
    let (reason, passing) = match error.kind() {
        ErrorKind::ConnectionRefused => ("the connection was refused", true),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => ("the connection broke off", true),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ("there was no answer in time", false),
        ErrorKind::NotConnected => ("the request was ended", false),
        ErrorKind::InvalidData => ("the answer is no HTTP", false),
        _ => ("the connection failed", true),
    };
    Trouble { reason: reason.to_owned(), passing }
}

fn tls(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(wrong) => match wrong {
            Certificate::UnknownIssuer => "its certificate is of an authority that is not trusted",
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                "its certificate has expired"
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            Certificate::Revoked => "its certificate was revoked",
            _ => "its certificate is not valid",
        },
        rustls::Error::NoCertificatesPresented => "it showed no certificate",
        _ => "there was no secure connection",
    }
}

/// Fills in a header; none if that is no value of a header. The memory is wiped when the last copy
/// of the header is dropped.
fn header_value(template: &str, values: &[(&str, &[u8])]) -> Option<HeaderValue> {
    let longest = values.iter().map(|(_, v)| v.len()).max().unwrap_or(0);
    let room = template.len() + longest * template.matches('{').count();
    // Room for all of it, so that no copy is left behind by growing.
    let mut filled = Zeroizing::new(Vec::with_capacity(room));
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.extend_from_slice(before.as_bytes());
        let (name, behind) = after.split_once('}')?;
        let (_, value) = values.iter().find(|(n, _)| *n == name)?;
        filled.extend_from_slice(value);
        rest = behind;
    }
    filled.extend_from_slice(rest.as_bytes());
    HeaderValue::from_maybe_shared(Bytes::from_owner(filled)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_filled_in_and_never_broken() {
        let fill = |template, value: &str| {
            let filled = header_value(template, &[("secret", value.as_bytes()), ("id", b"7")]);
            filled.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
        };
        assert_eq!(fill("Bearer {secret}", "abc").as_deref(), Some("Bearer abc"));
        assert_eq!(fill("{id}-{secret}-{id}", "{id}").as_deref(), Some("7-{id}-7"));
        assert_eq!(fill("Bearer {secret}", "a\r\nx: y"), None);
        assert_eq!(fill("Bearer {secret}", "a\0"), None);
        assert_eq!(fill("{other}", "abc"), None);
    }
}
