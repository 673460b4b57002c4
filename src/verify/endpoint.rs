//! Where a provider is asked: the rule's address, or what the user put in place of its host.
//!
//! Not here: connecting to it.

use std::net::IpAddr;

use super::Error;

/// Scheme, host and port of an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    https: bool,
    /// As it stands in an address; an IPv6 address has its brackets.
    host: String,
    port: Option<u16>,
    reach: Reach,
}

/// Which addresses a host name may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Those of the internet: what a rule says.
    Public,
    /// Any: the user has named the host.
    Any,
    /// This machine only: the connection is not encrypted.
    Loopback,
}

impl Endpoint {
    /// Reads what a user puts in place of a rule's host: `https://host`, or `http://` for a host that
    /// is this machine, with or without a port. The path is the rule's.
    ///
    /// # Errors
    /// If it is no such address.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Endpoint { url: url.to_owned(), why };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("write https://HOST"))?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("only https and, to this machine, http")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(wrong("the path of the rule stays; write scheme, host and port only"));
        }
        if authority.contains('@') {
            return Err(wrong("a user or a password has no place in it"));
        }
        let (host, port) = split(authority).ok_or_else(|| wrong("this is no host and port"))?;
        let loopback = is_loopback(&host);
        if !https && !loopback {
            return Err(wrong("secrets are sent over https, except to this machine"));
        }
        let reach = if https { Reach::Any } else { Reach::Loopback };
        Ok(Self { https, host, port, reach })
    }

    /// The host of a rule's address, with the path behind it.
    pub(super) fn of_rule(url: &str) -> Option<(Self, &str)> {
        let rest = url.strip_prefix("https://")?;
        let (authority, path) = rest.split_at(rest.find('/')?);
        let (host, port) = split(authority)?;
        Some((Self { https: true, host, port, reach: Reach::Public }, path))
    }

    /// The address of `path` there.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.https { "https" } else { "http" };
        let port = self.port.map(|p| format!(":{p}")).unwrap_or_default();
        format!("{scheme}://{}{port}{path}", self.host)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether it is this machine, which no proxy stands before.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Host and port; none if it is none.
pub(super) fn split(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?) };
            (format!("[{address}]"), port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (authority.to_owned(), None),
        },
    };
    let bracketed = host.starts_with('[');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if host.is_empty() || (!bracketed && !host.bytes().all(plain)) {
        return None;
    }
    let port = match port {
        None => None,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
            Some(port.parse().ok().filter(|p| *p > 0)?)
        }
        Some(_) => return None,
    };
    Some((host.to_ascii_lowercase(), port))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => bare == "localhost" || bare.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in
            ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1/", "HTTP://127.9.9.9"]
        {
            assert_eq!(Endpoint::parse(url).expect(url).reach(), Reach::Loopback);
        }
        for url in ["https://gateway.example", "https://10.0.0.1:8443/", "https://127.0.0.1"] {
            assert_eq!(Endpoint::parse(url).expect(url).reach(), Reach::Any);
        }
        for url in [
            "http://example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://127.0.0.1@example.org",
            "http://example.org#localhost",
            "http://2130706433",
            "http://0.0.0.0",
            "ftp://127.0.0.1",
            "https://",
            "https://host/path",
            "https://host?x=1",
            "https://user:word@host",
            "https://host:0",
            "https://host:99999",
            "https://host:+1",
            "https://[::1",
            "https://ho st",
            "127.0.0.1:80",
            "",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_path_of_the_rule_stays() {
        let (own, path) = Endpoint::of_rule("https://api.example/v1/me?x=1").expect("an address");
        assert_eq!((own.url(path).as_str(), path), ("https://api.example/v1/me?x=1", "/v1/me?x=1"));
        assert_eq!((own.reach(), own.port()), (Reach::Public, 443));
        let other = Endpoint::parse("http://[::1]:81").expect("an address");
        assert_eq!(other.url(path), "http://[::1]:81/v1/me?x=1");
    }
}
