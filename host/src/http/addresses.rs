//! Which addresses a request may be sent to: public ones, and those that the operator allows.
//!
//! Judged is the address that is connected to, whatever name led there. What is not public is named by
//! IANA's registries of special-purpose addresses (RFC 6890) and by the addresses at which clouds answer
//! questions about the machine. An IPv4 address inside an IPv6 one is taken out where the system would
//! do so too (`::ffff:0:0/96`); all other ways of carrying one (NAT64, 6to4, Teredo, IPv4-compatible)
//! are refused, since a translator on the way decides where they lead.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

/// IPv4 that is not public: the first address, the length of the prefix, and what it is.
const NOT_PUBLIC_V4: [([u8; 4], u8, &str); 19] = [
    ([0, 0, 0, 0], 8, "of this network"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "shared by a provider's customers"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([168, 63, 129, 16], 32, "a cloud's metadata service"),
    (
        [169, 254, 0, 0],
        16,
        "link-local, where metadata services answer",
    ),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "reserved for protocols"),
    ([192, 0, 2, 0], 24, "for documentation"),
    ([192, 31, 196, 0], 24, "reserved for AS112"),
    ([192, 52, 193, 0], 24, "reserved for AMT"),
    ([192, 88, 99, 0], 24, "a 6to4 relay"),
    ([192, 168, 0, 0], 16, "private"),
    ([192, 175, 48, 0], 24, "reserved for AS112"),
    ([198, 18, 0, 0], 15, "for benchmarks"),
    ([198, 51, 100, 0], 24, "for documentation"),
    ([203, 0, 113, 0], 24, "for documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved or broadcast"),
];

/// IPv6 that is not public. What lies outside `2000::/3` is not either, and is named here only to say
/// what it is.
const NOT_PUBLIC_V6: [([u16; 8], u8, &str); 22] = [
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified"),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback"),
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, "IPv4-compatible"),
    ([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, "IPv4-translated"),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "translated by NAT64"),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "translated by NAT64"),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discarded"),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "tunnelled by Teredo"),
    ([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "for benchmarks"),
    ([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, "an ORCHID"),
    ([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "an ORCHID"),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "reserved for protocols"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "for documentation"),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "tunnelled by 6to4"),
    (
        [0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0],
        48,
        "reserved for AS112",
    ),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "for documentation"),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "a segment's identifier"),
    (
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
        128,
        "a cloud's metadata service",
    ),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "private"),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link-local"),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "private to a site"),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast"),
];

/// Where all public IPv6 addresses lie (RFC 4291 §2.4).
const GLOBAL_UNICAST_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// An address that nothing is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotPublic {
    /// The address, in canonical form.
    pub(crate) address: IpAddr,
    /// What it is.
    kind: &'static str,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.address, self.kind)
    }
}

/// The address to connect to, where a request may go there.
///
/// # Errors
/// Where it is neither public nor in one of the networks that are allowed nonetheless.
pub(crate) fn judge(address: IpAddr, allowed: &[IpNet]) -> Result<IpAddr, NotPublic> {
    let address = address.to_canonical();
    if allowed.iter().any(|network| network.contains(&address)) {
        return Ok(address);
    }
    let kind = match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    };
    match kind {
        None => Ok(address),
        Some(kind) => Err(NotPublic { address, kind }),
    }
}

fn kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    let lies_in = |network: &[u8; 4], length: u8| {
        let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        address.to_bits() & mask == Ipv4Addr::from(*network).to_bits()
    };
    let found = NOT_PUBLIC_V4
        .iter()
        .find(|(network, length, _)| lies_in(network, *length));
    found.map(|(_, _, kind)| *kind)
}

fn kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    let lies_in = |network: &[u16; 8], length: u8| {
        let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
        address.to_bits() & mask == Ipv6Addr::from(*network).to_bits()
    };
    let found = NOT_PUBLIC_V6
        .iter()
        .find(|(network, length, _)| lies_in(network, *length));
    let (global, length) = GLOBAL_UNICAST_V6;
    match found {
        Some((_, _, kind)) => Some(kind),
        None if lies_in(&global, length) => None,
        None => Some("not global unicast"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[track_caller]
    fn check(address: &str, expect: Option<&str>) {
        let judged = judge(address.parse().unwrap(), &[]);
        match expect {
            None => assert_eq!(judged.map(|it| it.to_string()), Ok(address.to_owned())),
            Some(kind) => {
                let refused = judged.unwrap_err().to_string();
                assert!(refused.contains(kind), "{refused}");
            }
        }
    }

    #[test]
    fn public_addresses_pass() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "2003::1",
        ] {
            check(address, None);
        }
    }

    #[test]
    fn what_is_not_public_is_refused_and_named() {
        for (address, kind) in [
            ("0.0.0.0", "this network"),
            ("0.1.2.3", "this network"),
            ("10.0.0.1", "private"),
            ("100.64.0.1", "shared"),
            ("100.100.100.200", "shared"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("168.63.129.16", "metadata"),
            ("169.254.169.254", "metadata"),
            ("169.254.170.2", "metadata"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.0.0.192", "protocols"),
            ("192.0.2.1", "documentation"),
            ("192.88.99.1", "6to4"),
            ("192.168.1.1", "private"),
            ("198.18.0.1", "benchmarks"),
            ("198.19.255.255", "benchmarks"),
            ("198.51.100.1", "documentation"),
            ("203.0.113.1", "documentation"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::7f00:1", "IPv4-compatible"),
            ("::ffff:127.0.0.1", "127.0.0.1 (loopback"),
            ("::ffff:169.254.169.254", "169.254.169.254 (link-local"),
            ("::ffff:0:7f00:1", "IPv4-translated"),
            ("64:ff9b::7f00:1", "NAT64"),
            ("64:ff9b::808:808", "NAT64"),
            ("64:ff9b:1::a00:1", "NAT64"),
            ("100::1", "discarded"),
            ("2001::7f00:1", "Teredo"),
            ("2001:0:4136:e378:8000:63bf:80ff:fffe", "Teredo"),
            ("2001:2::1", "benchmarks"),
            ("2001:10::1", "ORCHID"),
            ("2001:2f::1", "ORCHID"),
            ("2001:1::1", "protocols"),
            ("2001:db8::1", "documentation"),
            ("2002:7f00:1::", "6to4"),
            ("2002:a9fe:a9fe::1", "6to4"),
            ("3fff::1", "documentation"),
            ("5f00::1", "segment"),
            ("fd00:ec2::254", "metadata"),
            ("fc00::1", "private"),
            ("fdff::1", "private"),
            ("fe80::1", "link-local"),
            ("febf::1", "link-local"),
            ("fec0::1", "site"),
            ("ff02::1", "multicast"),
            ("4000::1", "not global"),
            ("200::1", "not global"),
        ] {
            check(address, Some(kind));
        }
    }

    #[test]
    fn a_network_that_is_allowed_passes_and_its_neighbours_do_not() {
        let allowed: Vec<IpNet> = ["10.1.0.0/16", "fd00:1::/32"]
            .map(|it| it.parse().unwrap())
            .into();
        let check = |address: &str, expect: bool| {
            let judged = judge(address.parse().unwrap(), &allowed);
            assert_eq!(judged.is_ok(), expect, "{address}");
        };
        check("10.1.2.3", true);
        check("::ffff:10.1.2.3", true);
        check("10.2.0.1", false);
        check("fd00:1::5", true);
        check("fd00:2::5", false);
        check("64:ff9b::a01:203", false);
    }
}
