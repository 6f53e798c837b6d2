//! Which addresses are connected to. The check is made on the addresses that a connection is then made to, so that a
//! name cannot mean one thing when it is looked at and another when it is used.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::Fault;

/// Addresses that have their first bits in common: `10.0.0.0/8`, `fd00::/8`, or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u32,
}

/// Who may be connected to.
#[derive(Debug, Clone)]
pub(in crate::tools) struct Guard {
    allowed: Vec<Network>,
    /// What goes unencrypted goes to allowed addresses alone.
    is_plain: bool,
}

/// An address that is not connected to.
#[derive(Debug, thiserror::Error)]
#[error("the address is not public and not allowed")]
struct Refused;

const WHY: &str = "the endpoint's address is not public: allow it by `allow` in its configuration where it is meant; what is `http://…` needs that always";

impl std::str::FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "it is no network, such as `10.0.0.0/8`, and no address";
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.parse().map_err(|_| wrong)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong)?;
        if bits > most { Err(wrong) } else { Ok(Self { base, bits }) }
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| self.bits == 0 || (a ^ b) >> (width - self.bits) == 0;
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => same(base.to_bits().into(), address.to_bits().into(), 32),
            (IpAddr::V6(base), IpAddr::V6(address)) => same(base.to_bits(), address.to_bits(), 128),
            _ => false,
        }
    }
}

impl Guard {
    pub(in crate::tools) const fn new(allowed: Vec<Network>, is_plain: bool) -> Self {
        Self { allowed, is_plain }
    }

    /// Looks at an address that stands in the URL itself: nobody resolves that.
    pub(in crate::tools) fn check(&self, url: &Url) -> Result<(), &'static str> {
        let host = url.host_str().ok_or("`url` has no host")?;
        match host.trim_matches(['[', ']']).parse() {
            Ok(address) if !self.admits(address) => Err(WHY),
            _ => Ok(()),
        }
    }

    fn admits(&self, address: IpAddr) -> bool {
        let address = embedded(address).unwrap_or(address);
        self.allowed.iter().any(|network| network.holds(address)) || !self.is_plain && is_public(address)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted: Vec<SocketAddr> = found.filter(|address| guard.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

/// The fault where a name led to no address that may be connected to.
pub(super) fn refusal(cause: &reqwest::Error) -> Option<Fault> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(cause);
    while let Some(error) = source {
        if error.is::<Refused>() {
            return Some(Fault::permanent(WHY));
        }
        source = error.source();
    }
    None
}

/// The IPv4 address within an IPv6 one: mapped, compatible (RFC 4291 section 2.5.5), NAT64 (RFC 6052) and 6to4
/// (RFC 3056).
fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let bits = address.to_bits();
    let low = |shift: u32| IpAddr::V4(Ipv4Addr::from_bits((bits >> shift) as u32));
    let begins = |prefix: u128, bits_of: u32| bits >> (128 - bits_of) == prefix;
    if begins(0, 96) && bits > 1 || begins(0xffff, 96) || begins(0x64_ff9b << 64, 96) {
        Some(low(0))
    } else if begins(0x2002, 16) {
        Some(low(80))
    } else {
        None
    }
}

/// Whether an address is anybody's: none of the special ones (IANA's special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_documentation()
                || a == 0
                || a == 100 && (64..128).contains(&b)
                || (a, b, c) == (192, 0, 0)
                || (a, b, c) == (192, 88, 99)
                || a == 198 && (b == 18 || b == 19)
                || a >= 224)
        }
        IpAddr::V6(address) => is_global(address),
    }
}

/// Global unicast is `2000::/3`, and even there some is not anybody's.
fn is_global(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    a & 0xe000 == 0x2000 && !(a == 0x2001 && b < 0x200) && !(a == 0x2001 && b == 0xdb8) && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_connected_to() {
        let guard = Guard::new(Vec::new(), false);
        for address in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "2002:808:808::1"]
        {
            assert!(guard.admits(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "100::1",
        ] {
            assert!(!guard.admits(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_is_allowed_is_connected_to_and_what_is_plain_to_that_alone() {
        let allowed = || vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        for is_plain in [false, true] {
            let guard = Guard::new(allowed(), is_plain);
            for address in ["10.255.0.1", "fdff::1", "127.0.0.1", "::ffff:10.0.0.1"] {
                assert!(guard.admits(address.parse().unwrap()), "{address}");
            }
            for address in ["11.0.0.1", "fe80::1", "127.0.0.2", "169.254.169.254"] {
                assert_eq!(
                    guard.admits(address.parse().unwrap()),
                    !is_plain && address.starts_with("11."),
                    "{address}"
                );
            }
            assert_eq!(guard.admits("8.8.8.8".parse().unwrap()), !is_plain);
        }
        for text in ["10.0.0.0/33", "::/129", "ten", "10.0.0.0/-1", "10.0.0.0/x", ""] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().holds("255.1.2.3".parse().unwrap()));
    }
}
