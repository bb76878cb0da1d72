//! Sessions of browsers: the cookie they are carried in.
//!
//! A session is a token of its own kind. Over TLS its cookie has the prefix `__Host-` (RFC 6265bis
//! §4.1.3.2), so that no other host can set it; on loopback without TLS browsers would not take that.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use super::token::{Presented, SecretToken};

/// How long a session holds at the most.
pub(crate) const SESSION_HOLDS: Duration = Duration::from_secs(12 * 60 * 60);

/// How the service is reached by browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// By HTTPS, also where something in front of the service ends it.
    Tls,
    /// By plain HTTP, as on one's own machine.
    Plain,
}

impl Transport {
    const fn cookie(self) -> &'static str {
        match self {
            Self::Tls => "__Host-sandglass-session",
            Self::Plain => "sandglass-session",
        }
    }

    /// What keeps a cookie from being sent in the clear.
    pub(crate) const fn secure(self) -> &'static str {
        match self {
            Self::Tls => "; Secure",
            Self::Plain => "",
        }
    }
}

/// The header that gives a browser its session.
pub(crate) fn begin(transport: Transport, token: &SecretToken) -> Option<HeaderValue> {
    let age = SESSION_HOLDS.as_secs();
    set(transport, token.reveal(), age)
}

/// The header that takes a browser's session away.
pub(crate) fn end(transport: Transport) -> Option<HeaderValue> {
    set(transport, "", 0)
}

fn set(transport: Transport, value: &str, age: u64) -> Option<HeaderValue> {
    let (name, secure) = (transport.cookie(), transport.secure());
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// The session that a request carries.
pub(crate) fn presented(transport: Transport, headers: &HeaderMap) -> Option<Presented> {
    cookie(headers, transport.cookie()).and_then(Presented::parse)
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE);
    let mut pairs = cookies
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn check(cookies: &[&str], found: bool) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        let presented = presented(Transport::Plain, &headers);
        assert_eq!(presented.is_some(), found, "{cookies:?}");
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        check(&[], false);
        check(&["sandglass-session=sg_abc_0123456789abcdef"], true);
        check(
            &["a=b; sandglass-session=sg_abc_0123456789abcdef; c=d"],
            true,
        );
        check(&["a=b", "sandglass-session=sg_abc_0123456789abcdef"], true);
        check(&["__Host-sandglass-session=sg_abc_0123456789abcdef"], false);
        check(&["sandglass-session=short"], false);
        check(&["sandglass-session"], false);
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_other_sites() {
        let token = SecretToken::fresh().unwrap();
        let cookie = begin(Transport::Tls, &token).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-sandglass-session=sg_"));
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure"));
        let end = end(Transport::Plain).unwrap();
        let expect = "sandglass-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0";
        assert_eq!(end, expect);
    }
}
