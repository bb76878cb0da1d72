//! Where a request may go: `METHOD scheme://host[:port]/path`, with `*` behind the path for everything
//! that begins so, and `*.` before the host for every host below it.
//!
//! Both sides of a comparison, what is granted and what is asked for, are read by the URL parser of the
//! WHATWG and compared in its canonical form: host in lower case and ASCII (UTS #46), IPv4 addresses in
//! dotted decimal however they were written, the default port filled in, dot segments resolved. What a
//! server might read otherwise than we do, such as an encoded slash, is refused and not guessed at.
//! Which addresses a host may have is not judged here.

mod covering;
mod path;
mod url_text;

use std::fmt;

use path::PathPattern;
use url_text::UrlText;

/// The longest destination or URL, in bytes.
pub const MAX_DESTINATION_BYTES: usize = 2_000;

/// A method that a request may have (RFC 9110 §9.3, RFC 5789). `CONNECT` and `TRACE` are not among
/// them: the first makes a tunnel, the second echoes what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`.
    Options,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 7] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Options,
    ];

    /// The method as it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

    /// Reads a method, in whatever case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether a request with it only reads. `OPTIONS` is safe by RFC 9110 §9.2.1 and counts as a
    /// change all the same, since what it does is up to the server.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// Whether the way to a destination is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `http`: everybody on the way can read and change what is sent.
    Http,
    /// `https`.
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where none is named.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why a text is not a destination, and what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DestinationError {
    reason: &'static str,
}

impl DestinationError {
    const fn new(reason: &'static str) -> Self {
        Self { reason }
    }

    /// The reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.reason
    }
}

/// Which hosts a destination has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    /// One: a name, an IPv4 address, or an IPv6 address in brackets.
    One(String),
    /// All below a name; the name itself is not one of them.
    Below(String),
}

/// A destination, in canonical form: one, or all that a pattern stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    method: Method,
    scheme: Scheme,
    host: HostPattern,
    port: u16,
    path: PathPattern,
}

/// One request's destination and what else its URL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTarget {
    /// Where it goes.
    pub destination: Destination,
    /// The query, without its question mark; it is no part of what is granted.
    pub query: Option<String>,
}

impl Destination {
    /// Reads what may be granted: `METHOD scheme://host[:port]/path`, with wildcards.
    ///
    /// # Errors
    /// Where it could be understood in more than one way, or stands for hosts without end.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        let (method, url) = text.split_once(' ').ok_or(DestinationError::new(
            "a destination is written METHOD https://host/path, such as POST https://hooks.example.org/deploy*",
        ))?;
        let url = UrlText::split(url)?;
        if url.has_query() {
            return Err(DestinationError::new(
                "a destination has no query: the path alone is granted, with any query",
            ));
        }
        let (host, port) = match url.authority().strip_prefix("*.") {
            Some(below) => {
                let (name, port) = url.parse_authority(below)?;
                (HostPattern::Below(url_text::domain(name)?), port)
            }
            None => {
                let (host, port) = url.parse_authority(url.authority())?;
                (HostPattern::One(host), port)
            }
        };
        Ok(Self {
            method: method_of(method)?,
            scheme: url.scheme(),
            host,
            port,
            path: PathPattern::parse(url.path())?,
        })
    }

    /// The destination of a request, which is exactly one.
    ///
    /// # Errors
    /// Where the method is none that can be sent, or the URL is not one, has a user or a fragment, or a
    /// server might read it otherwise.
    pub fn of_request(method: &str, url: &str) -> Result<RequestTarget, DestinationError> {
        let url = UrlText::split(url)?;
        let (host, port) = url.parse_authority(url.authority())?;
        let (path, query) = url.parse_path()?;
        Ok(RequestTarget {
            destination: Self {
                method: method_of(method)?,
                scheme: url.scheme(),
                host: HostPattern::One(host),
                port,
                path: PathPattern::exactly(path),
            },
            query,
        })
    }

    /// Whether all that `other` stands for lies within this.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.method == other.method
            && self.scheme == other.scheme
            && self.port == other.port
            && self.host.covers(&other.host)
            && self.path.covers(&other.path)
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host: a name, an IPv4 address, or an IPv6 address without brackets. Nothing where it stands
    /// for several.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match &self.host {
            HostPattern::One(host) => Some(host.trim_matches(['[', ']'])),
            HostPattern::Below(_) => None,
        }
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path, or what it begins with.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_str()
    }

    /// The host with the port where it is not the scheme's own, as the header `Host` has it.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match &self.host {
            HostPattern::One(host) => host.clone(),
            HostPattern::Below(name) => format!("*.{name}"),
        };
        match self.port == self.scheme.default_port() {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }

    /// All of it but the method.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "{}://{}{}",
            self.scheme.as_str(),
            self.authority(),
            self.path
        )
    }
}

impl HostPattern {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(granted), Self::One(asked)) => granted == asked,
            (Self::One(_), Self::Below(_)) => false,
            (Self::Below(name), Self::One(asked)) => is_below(asked, name),
            (Self::Below(name), Self::Below(asked)) => name == asked || is_below(asked, name),
        }
    }
}

/// Whether a host lies below a name. An address lies below none: names end in a letter.
fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name)
        .is_some_and(|front| front.ends_with('.') && front.len() > 1)
}

fn method_of(word: &str) -> Result<Method, DestinationError> {
    Method::parse(word).ok_or(DestinationError::new(
        "the method is one of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS; each needs an entry of its own",
    ))
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method.as_str(), self.url())
    }
}

#[cfg(test)]
mod tests;
