//! The target of a grant entry: one collection, one mail address or domain, one artifact name, one
//! destination of requests, one secret, or any.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Destination, GrantError, Interface, MAX_DESTINATION_BYTES};
use crate::{ids::SecretName, text::is_misleading};

const MAX_TARGET_LENGTH: usize = 320;

/// What an entry is about, in the normal form that calls are compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(String);

impl Target {
    /// Any target: `*`.
    #[must_use]
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// Reads a target for `interface`, in normal form: the domain of a mail address in lower case.
    ///
    /// # Errors
    /// Where it cannot name anything of that interface.
    pub fn parse(interface: Interface, text: &str) -> Result<Self, GrantError> {
        let invalid = |reason| GrantError::InvalidTarget {
            interface: interface.as_str(),
            target: text.chars().take(MAX_TARGET_LENGTH).collect(),
            reason,
        };
        let longest = match interface {
            Interface::Http => MAX_DESTINATION_BYTES,
            _ => MAX_TARGET_LENGTH,
        };
        if text.is_empty() || text.len() > longest {
            return Err(invalid(
                "a target has 1 to 320 bytes, and a destination of requests at most 2000",
            ));
        }
        if text.chars().any(is_misleading) {
            return Err(invalid(
                "a target has no control characters and none that turn the text around",
            ));
        }
        match interface {
            Interface::Http => Destination::parse(text)
                .map(|it| Self(it.to_string()))
                .map_err(|error| invalid(error.reason())),
            Interface::Secrets => SecretName::parse(text)
                .map(|it| Self(it.as_str().to_owned()))
                .map_err(|_| invalid("a secret is asked for by its name, each by its own")),
            _ if text == "*" => Ok(Self::any()),
            Interface::Database | Interface::Artifacts if text.contains('*') => {
                Err(invalid("a target is a name, or * alone for any name"))
            }
            Interface::Database | Interface::Artifacts => Ok(Self(text.to_owned())),
            Interface::Email => normal_address(text).map(Self).ok_or_else(|| {
                invalid("an address is name@domain, or *@domain for a whole domain")
            }),
        }
    }

    /// The target as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for every target.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// Whether it names requests that only read.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        Destination::parse(&self.0).is_ok_and(|it| it.method().only_reads())
    }

    /// Whether a call on `actual` falls under this target.
    #[must_use]
    pub fn covers(&self, interface: Interface, actual: &str) -> bool {
        if self.is_any() {
            return true;
        }
        match interface {
            Interface::Database | Interface::Artifacts | Interface::Secrets => self.0 == actual,
            Interface::Http => match (Destination::parse(&self.0), Destination::parse(actual)) {
                (Ok(granted), Ok(asked)) => granted.covers(&asked),
                _ => false,
            },
            Interface::Email => {
                normal_address(actual).is_some_and(|actual| match self.0.strip_prefix("*@") {
                    Some(domain) => actual
                        .rsplit_once('@')
                        .is_some_and(|(_, actual_domain)| actual_domain == domain),
                    None => self.0 == actual,
                })
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An address with its domain in lower case (RFC 5321 §2.3.11 makes only the domain
/// case-insensitive); nothing where the text is not one plain address.
pub(super) fn normal_address(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"@,;:<>()[]\\\"".contains(&byte))
    };
    let domain_is_plain = domain
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && !domain.starts_with(['.', '-'])
        && !domain.ends_with(['.', '-'])
        && !domain.contains("..");
    let local_is_plain = plain(local) && (local == "*" || !local.contains('*'));
    (local_is_plain && plain(domain) && domain_is_plain)
        .then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}
