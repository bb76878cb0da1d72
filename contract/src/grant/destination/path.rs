//! Paths of URLs: one, or all that begin with one.
//!
//! A path that a server might resolve to another is refused: an encoded slash or backslash, an encoded
//! dot segment, however often encoded, a dot segment with parameters (`..;`), an empty segment. Escapes
//! are brought to one form (RFC 3986 §6.2.2): those of unreserved characters are resolved, others have
//! upper-case digits.

use std::fmt;

use super::DestinationError;

/// How often a segment is decoded to see what a careless server would see.
const DECODINGS: usize = 3;

/// One path, or all that begin with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathPattern {
    Exactly(String),
    StartingWith(String),
}

impl PathPattern {
    /// Reads a path as it may be granted.
    pub(super) fn parse(text: &str) -> Result<Self, DestinationError> {
        let (text, is_prefix) = match text.strip_suffix('*') {
            Some(front) => (front, true),
            None => (text, false),
        };
        if text.contains('*') {
            return Err(DestinationError::new(
                "a * in a path stands at its end and only there",
            ));
        }
        if is_prefix && text.is_empty() {
            return Err(DestinationError::new(
                "write the slash after the host, as in https://host/*",
            ));
        }
        let text = match text {
            "" => "/",
            text => text,
        };
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()+,;=:@".contains(&byte));
        if !is_plain {
            return Err(DestinationError::new(
                "write the path in ASCII, with other characters as %XX of their UTF-8 bytes",
            ));
        }
        let path = normal(text)?;
        Ok(match is_prefix {
            true => Self::StartingWith(path),
            false => Self::Exactly(path),
        })
    }

    /// The path of a request, in the form that [`normal`] gives it.
    pub(super) const fn exactly(path: String) -> Self {
        Self::Exactly(path)
    }

    pub(super) fn as_str(&self) -> &str {
        let (Self::Exactly(path) | Self::StartingWith(path)) = self;
        path
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exactly(granted), Self::Exactly(asked)) => granted == asked,
            (Self::Exactly(_), Self::StartingWith(_)) => false,
            (Self::StartingWith(granted), asked) => asked.as_str().starts_with(granted),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(path) => formatter.write_str(path),
            Self::StartingWith(path) => write!(formatter, "{path}*"),
        }
    }
}

/// A path that begins with a slash, with its escapes in one form.
pub(super) fn normal(path: &str) -> Result<String, DestinationError> {
    let mut segments = path.split('/').skip(1).peekable();
    let mut normal = String::with_capacity(path.len());
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return Err(DestinationError::new(
                "a path has no empty segments: servers differ in what // means",
            ));
        }
        normal.push('/');
        normal.push_str(&normal_segment(segment)?);
    }
    Ok(normal)
}

fn normal_segment(segment: &str) -> Result<String, DestinationError> {
    let mut normal = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((plain, escape)) = rest.split_once('%') {
        normal.push_str(plain);
        let byte = escape
            .get(..2)
            .filter(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or(DestinationError::new(
                "a % in a path is followed by two hexadecimal digits",
            ))?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            normal.push(char::from(byte));
        } else {
            normal.push_str(&format!("%{byte:02X}"));
        }
        rest = escape.get(2..).unwrap_or_default();
    }
    normal.push_str(rest);
    judge(&normal)?;
    Ok(normal)
}

/// Refuses a segment that a server which decodes once more than it should would take for another path.
fn judge(segment: &str) -> Result<(), DestinationError> {
    let mut bytes = segment.as_bytes().to_vec();
    for _ in 0..DECODINGS {
        if bytes.iter().any(|it| matches!(it, b'/' | b'\\')) {
            return Err(DestinationError::new(
                "a path has no encoded slashes or backslashes: servers differ in what they mean",
            ));
        }
        if bytes.iter().any(u8::is_ascii_control) {
            return Err(DestinationError::new("a path has no control characters"));
        }
        let name = bytes.split(|it| *it == b';').next().unwrap_or_default();
        if matches!(name, b"." | b"..") {
            return Err(DestinationError::new(
                "a path has no dot segments, encoded or with parameters",
            ));
        }
        bytes = decoded(&bytes);
    }
    Ok(())
}

fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        let escaped = match (first, behind) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high * 16 + low);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
