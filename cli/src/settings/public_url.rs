//! The address under which browsers reach the service.

use std::{fmt, str::FromStr};

use sandglass_api::auth::Transport;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A scheme, a host, and perhaps a port, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a public URL is a scheme and a host, such as https://jobs.example.org, without a path")]
pub(crate) struct PublicUrlError;

impl PublicUrl {
    /// Whether browsers come by HTTPS.
    pub(crate) fn transport(&self) -> Transport {
        match self.0.starts_with("https://") {
            true => Transport::Tls,
            false => Transport::Plain,
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .ok_or(PublicUrlError)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        match !host.is_empty() && host.len() <= 260 && host.bytes().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(PublicUrlError),
        }
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, Transport)>) {
        let read = text.parse::<PublicUrl>().ok();
        let read = read.map(|url| (url.to_string(), url.transport()));
        let expect = expect.map(|(url, transport)| (url.to_owned(), transport));
        assert_eq!(read, expect, "{text:?}");
    }

    #[test]
    fn a_public_url_is_a_scheme_and_a_host() {
        check(
            "https://jobs.example.org/",
            Some(("https://jobs.example.org", Transport::Tls)),
        );
        check(
            "http://[::1]:8080",
            Some(("http://[::1]:8080", Transport::Plain)),
        );
        for refused in [
            "",
            "jobs.example.org",
            "https://",
            "https://a/b",
            "ftp://a",
            "https://a b",
        ] {
            check(refused, None);
        }
    }
}
