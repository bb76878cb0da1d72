//! Mail addresses, one strict form.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The longest address and the longest part before the `@`, in bytes (RFC 5321 §4.5.3.1).
const MAX_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;
const MAX_LABEL_BYTES: usize = 63;

/// One plain mail address, `name@domain`, in ASCII, its domain in lower case (RFC 5321 §2.3.11 makes
/// only the domain case-insensitive). There are no display names, no quoted names, no comments and no
/// address literals; a domain with other letters is given as IDNA writes it (`xn--…`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailAddress {
    text: String,
    at: usize,
}

/// A text that is not a plain mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a mail address: name@domain, without a display name, in ASCII, of at most \
     {MAX_BYTES} bytes"
)]
pub struct InvalidAddress {
    text: String,
}

impl MailAddress {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }
}

impl FromStr for MailAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidAddress {
            text: text.chars().take(MAX_BYTES).collect(),
        };
        let (local, domain) = text.rsplit_once('@').ok_or_else(invalid)?;
        if text.len() > MAX_BYTES || !is_local(local) || !is_domain(domain) {
            return Err(invalid());
        }
        Ok(Self {
            text: format!("{local}@{}", domain.to_ascii_lowercase()),
            at: local.len(),
        })
    }
}

/// A dot-atom (RFC 5322 §3.2.3) without `*`, which grants use for any name.
fn is_local(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'+-/=?^_`{|}~".contains(&byte))
    };
    local.len() <= MAX_LOCAL_BYTES && local.split('.').all(is_atom)
}

/// A host name (RFC 1123 §2.1).
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL_BYTES
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.split('.').all(is_label)
}

impl fmt::Display for MailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for MailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for MailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn an_address_is_put_in_normal_form() {
        let address: MailAddress = "Ada.Lovelace+jobs@Example.ORG".parse().unwrap();
        assert_eq!(address.as_str(), "Ada.Lovelace+jobs@example.org");
        assert_eq!(address.domain(), "example.org");
    }

    #[test]
    fn whatever_could_be_read_in_two_ways_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example..org",
            "ada@-example.org",
            "ada@example.org.",
            ".ada@example.org",
            "a..b@example.org",
            "ada@evil.org@example.org",
            "Ada <ada@example.org>",
            "ada@example.org, eve@example.org",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada\0@example.org",
            "\"ada\"@example.org",
            "ada@[127.0.0.1]",
            "ada (comment)@example.org",
            "*@example.org",
            "ädä@example.org",
            "ada@exämple.org",
            " ada@example.org",
            long.as_str(),
        ] {
            assert!(text.parse::<MailAddress>().is_err(), "{text:?}");
        }
    }
}
