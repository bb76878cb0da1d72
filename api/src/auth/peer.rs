//! Where a request came from, also where a proxy stands in front of the service.
//!
//! Anybody can write `X-Forwarded-For`, so that it is believed only from the end, and only as far as it was
//! written by proxies that the operator names.

use std::net::{IpAddr, SocketAddr};

use axum::{extract::ConnectInfo, http::HeaderMap};
use ipnet::IpNet;

/// The header to which each proxy adds whom it serves.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// The longest way through proxies that is followed.
const MOST_PROXIES: usize = 16;

/// The address that a request came from: the one that is connected, or, behind proxies that are trusted,
/// the last one that is none of them.
pub(crate) fn origin(
    connected: Option<&ConnectInfo<SocketAddr>>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let ConnectInfo(connected) = connected?;
    let mut origin = connected.ip().to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let told: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for text in told.into_iter().rev().take(MOST_PROXIES) {
        if !is_trusted(&origin) {
            break;
        }
        match text.trim().parse::<IpAddr>() {
            Ok(address) => origin = address.to_canonical(),
            Err(_) => break,
        }
    }
    Some(origin)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use axum::http::HeaderValue;

    use super::*;

    fn check(connected: &str, told: &[&str], expect: &str) {
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        let connected = ConnectInfo(SocketAddr::new(connected.parse().unwrap(), 1));
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let found = origin(Some(&connected), &headers, &trusted).unwrap();
        assert_eq!(found.to_string(), expect, "{told:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.1", &[], "192.0.2.1");
        check("192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check("10.0.0.1", &["1.2.3.4, 198.51.100.7"], "198.51.100.7");
        check(
            "10.0.0.1",
            &["1.2.3.4", "198.51.100.7, 10.0.0.2"],
            "198.51.100.7",
        );
        check("10.0.0.1", &["made up"], "10.0.0.1");
        check("::ffff:10.0.0.1", &["2001:db8::7"], "2001:db8::7");
    }
}
