//! The proxy that the environment names for an endpoint, by the customs of curl.
//!
//! `https_proxy`, else `all_proxy`, in either case; not for hosts that `no_proxy` lists, and never
//! for this machine: a key to a local simulator must not leave through a proxy.

use ureq::Proxy;

use super::Error;
use super::endpoint::{self, Endpoint};

const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const SCHEMES: [&str; 7] = ["http", "https", "socks4", "socks4a", "socks", "socks5", "socks5h"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The proxy before `endpoint`.
///
/// # Errors
/// If the environment names one that is none: to go without it would be against the user's will.
pub(super) fn before(endpoint: &Endpoint) -> Result<Option<Proxy>, Error> {
    let exceptions = EXCEPTIONS.into_iter().find_map(set).unwrap_or_default();
    let excepted = is_excepted(endpoint.host(), endpoint.port(), &exceptions);
    if endpoint.is_loopback() || excepted { Ok(None) } else { named() }
}

/// The proxy that the environment names.
///
/// # Errors
/// If it is none.
pub(super) fn named() -> Result<Option<Proxy>, Error> {
    let Some((variable, address)) = VARIABLES.into_iter().find_map(|n| Some((n, set(n)?))) else {
        return Ok(None);
    };
    let address = address.trim();
    if let Some(why) = fault(address) {
        return Err(Error::Proxy { variable, why });
    }
    let proxy = Proxy::new(address);
    proxy.map(Some).map_err(|_| Error::Proxy { variable, why: "it cannot be read" })
}

/// What is wrong with an address, in words that hold nothing of it: the HTTP library takes the usual
/// port where it cannot read the one that is there.
fn fault(address: &str) -> Option<&'static str> {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    if !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return Some("it begins with none of http, https, socks4 and socks5");
    }
    let whole = rest.strip_suffix('/').unwrap_or(rest);
    // In front of the host as well: there the HTTP library would take it for the end of the address.
    if whole.contains(['/', '?', '#']) {
        return Some("`/`, `?` or `#` stands in it; in a password write `%2F`, `%3F` and `%23`");
    }
    let authority = whole.rsplit_once('@').map_or(whole, |(_, behind)| behind);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    };
    match (endpoint::split(authority), endpoint::split(host)) {
        (Some(_), _) => None,
        (None, Some(_)) => Some("its port is no number from 1 to 65535"),
        (None, None) => Some("no host can be read in it"),
    }
}

/// What a variable says. What is no text is kept for what it is: to go without it would be against the
/// user's will.
fn set(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|v| !v.trim().is_empty())
}

/// Whether a list such as `example.org, .local, 10.0.0.1:8080, *` holds a host.
fn is_excepted(host: &str, port: u16, list: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let entries = list.split([',', ' ']).map(str::trim).filter(|e| !e.is_empty());
    entries.into_iter().any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let (name, only) = match entry.rsplit_once(':') {
            Some((name, only)) if !name.contains(':') || name.ends_with(']') => {
                (name.to_owned(), Some(only.to_owned()))
            }
            _ => (entry, None),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let name = name.strip_prefix("*.").or(name.strip_prefix('.')).unwrap_or(name);
        let here = only.is_none_or(|only| only == port.to_string());
        let within = |suffix: &str| bare.strip_suffix(suffix).is_some_and(|h| h.ends_with('.'));
        here && (name == "*" || bare == name || (!name.is_empty() && within(name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_for_a_proxy_has_a_host_and_a_port_that_can_be() {
        for address in [
            "proxy",
            "proxy.example:3128",
            "http://127.0.0.1:8080/",
            "HTTP://ann:p%40ss@proxy.example:65535",
            "https://[fd00::1]:443",
            "socks5h://[::1]",
        ] {
            assert_eq!(fault(address), None, "{address}");
            assert!(Proxy::new(address).is_ok(), "{address}");
        }
        for address in [
            "http://",
            "http://host:",
            "http://host:65536",
            "http://[::1]:x",
            "x y",
            "http://a:p/w@b:1",
        ] {
            assert!(fault(address).is_some(), "{address}");
        }
    }

    #[test]
    fn exceptions_are_hosts_and_their_subdomains() {
        let excepted = |list| is_excepted("api.example.org", 443, list);
        for list in [
            "example.org",
            ".example.org",
            "*.example.org",
            "x.y, API.example.org",
            "*",
            "example.org:443",
        ] {
            assert!(excepted(list), "{list}");
        }
        for list in ["", "ample.org", "example.com", "org.example", "example.org:80", "."] {
            assert!(!excepted(list), "{list}");
        }
        assert!(is_excepted("[fd00::1]", 443, "fd00::1"));
        assert!(is_excepted("10.0.0.1", 8443, "10.0.0.1:8443"));
    }
}
