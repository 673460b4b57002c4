//! Host names to addresses, with a guard: a provider's name must not lead into a private network.
//!
//! Somebody who controls a resolver could otherwise have a key delivered to a machine next door, or
//! have this one ask a service that trusts it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::endpoint::Reach;

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// Nobody knows the name.
    #[error("its host name has no address")]
    NotFound,
    /// All its addresses are out of bounds.
    #[error("its host name leads to a private address, which is refused")]
    Private,
    /// The name of this machine leads elsewhere.
    #[error("its host name leads away from this machine, and the connection is not encrypted")]
    Elsewhere,
}

/// A resolver for one endpoint and the proxy before it, if there is one.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) reach: Reach,
    /// Host and port of the proxy, to which no bounds apply: the user has named it.
    pub(super) proxy: Option<(String, u16)>,
    pub(super) inner: DefaultResolver,
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = match self.inner.resolve(uri, config, timeout) {
            Ok(found) => found,
            Err(error @ ureq::Error::Timeout(_)) => return Err(error),
            Err(_) => return Err(refused(Refusal::NotFound)),
        };
        let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16());
        let proxy = self.proxy.as_ref();
        if proxy.is_some_and(|(h, p)| h == host && port.is_none_or(|port| port == *p)) {
            return Ok(found);
        }
        let mut kept = self.empty();
        for address in found.iter().filter(|a| allows(self.reach, a.ip())) {
            kept.push(*address);
        }
        match (kept.is_empty(), self.reach) {
            (false, _) => Ok(kept),
            (true, Reach::Loopback) => Err(refused(Refusal::Elsewhere)),
            (true, _) => Err(refused(Refusal::Private)),
        }
    }
}

fn refused(refusal: Refusal) -> ureq::Error {
    ureq::Error::Other(Box::new(refusal))
}

fn allows(reach: Reach, address: IpAddr) -> bool {
    match reach {
        Reach::Any => true,
        Reach::Loopback => address.is_loopback(),
        Reach::Public => match address {
            IpAddr::V4(v4) => is_public(v4),
            IpAddr::V6(v6) => is_public_v6(v6),
        },
    }
}

/// Whether an address is of the internet: none of those that RFC 6890 and its kin set apart.
fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (18..20).contains(&b);
    let reserved = a == 0 || a >= 240;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || protocol
        || benchmark
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    if let Some(v4) = embedded(parts) {
        return is_public(v4);
    }
    let global = parts[0] & 0xe000 == 0x2000;
    let documentation = parts[0] == 0x2001 && parts[1] == 0x0db8;
    let teredo_and_kin = parts[0] == 0x2001 && parts[1] < 0x0200;
    global && !documentation && !teredo_and_kin
}

/// The IPv4 address within a mapped, a translated or a 6to4 one.
fn embedded(parts: [u16; 8]) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        let public = |text: &str| allows(Reach::Public, text.parse().expect("an address"));
        for text in
            ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"]
        {
            assert!(public(text), "{text}");
        }
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:a00:1::1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!public(text), "{text}");
        }
        assert!(allows(Reach::Loopback, "127.0.0.1".parse().expect("an address")));
        assert!(!allows(Reach::Loopback, "93.184.216.34".parse().expect("an address")));
    }
}
