//! The text of a URL, taken apart before the parser of the WHATWG sees it.
//!
//! That parser is forgiving: it drops tabs and line breaks, reads `\` as `/`, and lets a user stand
//! before the host. What it would forgive is refused here; what is left it brings to canonical form.

use url::{Host, Url};

use super::{DestinationError, MAX_DESTINATION_BYTES, Scheme, path};

/// The longest host name and the longest part of one, in bytes (RFC 1035 §2.3.4).
const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// A URL of a known scheme, in its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct UrlText<'a> {
    scheme: Scheme,
    authority: &'a str,
    /// From the slash behind the host to the query.
    path: &'a str,
    /// What stands behind the question mark.
    query: Option<&'a str>,
}

impl<'a> UrlText<'a> {
    /// Takes a text apart.
    pub(super) fn split(text: &'a str) -> Result<Self, DestinationError> {
        if text.len() > MAX_DESTINATION_BYTES {
            return Err(DestinationError::new("a URL has at most 2000 bytes"));
        }
        let is_odd = |it: char| it.is_control() || it.is_whitespace() || it == '\\';
        if text.contains(is_odd) {
            return Err(DestinationError::new(
                "a URL has no spaces, control characters or backslashes",
            ));
        }
        if text.contains('#') {
            return Err(DestinationError::new(
                "a URL has no fragment here: it would never be sent",
            ));
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((word, rest)) if word.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some((word, rest)) if word.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            _ => {
                return Err(DestinationError::new(
                    "a URL begins with https:// or, where it is meant to be readable by all, http://",
                ));
            }
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        if authority.contains('@') {
            return Err(DestinationError::new(
                "a URL has no user or password: name a secret in a header instead",
            ));
        }
        Ok(Self {
            scheme,
            authority,
            path,
            query,
        })
    }

    pub(super) const fn scheme(self) -> Scheme {
        self.scheme
    }

    pub(super) const fn authority(self) -> &'a str {
        self.authority
    }

    pub(super) const fn path(self) -> &'a str {
        self.path
    }

    pub(super) const fn has_query(self) -> bool {
        self.query.is_some()
    }

    /// The host, an IPv6 address in brackets, and the port of an authority in canonical form.
    pub(super) fn parse_authority(self, text: &str) -> Result<(String, u16), DestinationError> {
        if text.contains('*') {
            return Err(DestinationError::new(
                "a * is no host: name the host, or write *.example.org for all hosts below example.org",
            ));
        }
        let url = self.parse(&format!("{}://{text}/", self.scheme.as_str()))?;
        let host = match url.host() {
            Some(Host::Domain(name)) => plain_name(name)?,
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => format!("[{address}]"),
            None => return Err(not_a_url()),
        };
        match url.port_or_known_default() {
            Some(port) if port > 0 => Ok((host, port)),
            _ => Err(DestinationError::new("a port is from 1 to 65535")),
        }
    }

    /// The path and the query in canonical form.
    pub(super) fn parse_path(self) -> Result<(String, Option<String>), DestinationError> {
        let query = self.query.map(|query| format!("?{query}"));
        let text = format!(
            "{}://host{}{}",
            self.scheme.as_str(),
            self.path,
            query.unwrap_or_default()
        );
        let url = self.parse(&text)?;
        let path = path::normal(url.path())?;
        Ok((path, url.query().map(str::to_owned)))
    }

    fn parse(self, text: &str) -> Result<Url, DestinationError> {
        Url::parse(text).map_err(|_| not_a_url())
    }
}

/// A name that hosts can lie below: not an address, and not a top-level domain alone.
pub(super) fn domain(host: String) -> Result<String, DestinationError> {
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    match is_address || !host.contains('.') {
        true => Err(DestinationError::new(
            "behind *. stands a domain of two parts or more, as in *.example.org",
        )),
        false => Ok(host),
    }
}

/// A host name in the form that is compared: the dot that marks it as absolute is left out.
fn plain_name(name: &str) -> Result<String, DestinationError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_plain = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match name.len() <= MAX_HOST_BYTES && name.split('.').all(is_plain) {
        true => Ok(name.to_owned()),
        false => Err(DestinationError::new(
            "a host is a name of letters, digits and hyphens, or an address",
        )),
    }
}

const fn not_a_url() -> DestinationError {
    DestinationError::new(
        "the URL is not valid: it reads https://host/path or https://host:port/path",
    )
}
