//! Versions in headers: `ETag`, `If-Match` and `If-None-Match` (RFC 9110 §8.8.3, §13.1).

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use sandglass_registry::{Job, Version};

use crate::problem::{Problem, ProblemKind};

/// The `ETag` of a record at `version`: `"v3"`.
pub(crate) fn etag(version: Version) -> HeaderValue {
    let text = format!("\"v{}\"", version.0);
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Which versions a change is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// The header is not there, or takes any version.
    Any,
    /// One of these.
    OneOf(Vec<Version>),
}

/// Which versions the caller has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfNoneMatch {
    /// The header is not there.
    Absent,
    /// Any there is.
    Any,
    /// These.
    OneOf(Vec<Version>),
}

impl IfMatch {
    /// The version that the change of `current` must find stored; none where any will do.
    ///
    /// # Errors
    /// [`ProblemKind::VersionMismatch`] where `current` is not at a version that is named.
    pub(crate) fn expected(&self, current: &Job) -> Result<Option<Version>, Problem> {
        self.expected_version(current.version)
    }

    /// The version that the change of a record must find stored, which is at `current`; none where any
    /// will do.
    ///
    /// # Errors
    /// [`ProblemKind::VersionMismatch`] where `current` is not a version that is named.
    pub(crate) fn expected_version(&self, current: Version) -> Result<Option<Version>, Problem> {
        match self {
            Self::Any => Ok(None),
            Self::OneOf(versions) if versions.contains(&current) => Ok(Some(current)),
            Self::OneOf(_) => Err(failed(&format!("it is at version {} now", current.0))),
        }
    }

    /// `problem` as a caller sees it who sent this header: a version that changed in the last moment
    /// is a failed precondition.
    pub(crate) fn judge(&self, problem: Problem) -> Problem {
        match (self, problem.kind()) {
            (Self::OneOf(_), ProblemKind::VersionConflict) => {
                failed("it has just been changed by somebody else")
            }
            _ => problem,
        }
    }
}

impl IfNoneMatch {
    /// Whether the caller has `version`.
    pub(crate) fn has(&self, version: Version) -> bool {
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

fn failed(reason: &str) -> Problem {
    let detail = format!("{reason}; read it again and repeat the change");
    Problem::new(ProblemKind::VersionMismatch, detail)
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(match read(&parts.headers, &header::IF_MATCH)? {
            Tags::Absent | Tags::Any => Self::Any,
            Tags::List(tags) => Self::OneOf(versions(&tags, Comparison::Strong)),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(match read(&parts.headers, &header::IF_NONE_MATCH)? {
            Tags::Absent => Self::Absent,
            Tags::Any => Self::Any,
            Tags::List(tags) => Self::OneOf(versions(&tags, Comparison::Weak)),
        })
    }
}

/// Whether a weak tag can match (RFC 9110 §8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

struct Tag {
    weak: bool,
    text: String,
}

enum Tags {
    Absent,
    Any,
    List(Vec<Tag>),
}

/// The versions that tags name. One that is not of this API matches nothing.
fn versions(tags: &[Tag], comparison: Comparison) -> Vec<Version> {
    tags.iter()
        .filter(|tag| comparison == Comparison::Weak || !tag.weak)
        .filter_map(|tag| tag.text.strip_prefix('v')?.parse().ok().map(Version))
        .collect()
}

fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Tags, Problem> {
    let invalid = || {
        let detail =
            format!("{name} is * or a list of entity tags such as \"v3\", with the quotes");
        Problem::new(ProblemKind::InvalidHeader, detail)
    };
    let mut tags = Vec::new();
    let mut seen = false;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| invalid())?;
        if text.trim() == "*" {
            return Ok(Tags::Any);
        }
        tags.extend(parse(text).ok_or_else(invalid)?);
        seen = true;
    }
    Ok(match seen {
        true => Tags::List(tags),
        false => Tags::Absent,
    })
}

fn parse(text: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut rest = text.trim();
    loop {
        let (weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        tags.push(Tag {
            weak,
            text: tag.to_owned(),
        });
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(tags);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use axum::http::Request;

    use super::*;

    async fn check(header: Option<&str>, expect: Result<(IfMatch, IfNoneMatch), ProblemKind>) {
        let mut request = Request::new(());
        if let Some(value) = header {
            let value = HeaderValue::from_str(value).unwrap();
            request
                .headers_mut()
                .insert(header::IF_MATCH, value.clone());
            request.headers_mut().insert(header::IF_NONE_MATCH, value);
        }
        let (mut parts, ()) = request.into_parts();
        let if_match = IfMatch::from_request_parts(&mut parts, &()).await;
        let if_none_match = IfNoneMatch::from_request_parts(&mut parts, &()).await;
        let found = if_match.and_then(|it| Ok((it, if_none_match?)));
        assert_eq!(found.map_err(|it| it.kind()), expect, "{header:?}");
    }

    fn both(strong: &[u64], weak: &[u64]) -> (IfMatch, IfNoneMatch) {
        let list = |numbers: &[u64]| numbers.iter().map(|it| Version(*it)).collect();
        (IfMatch::OneOf(list(strong)), IfNoneMatch::OneOf(list(weak)))
    }

    #[tokio::test]
    async fn tags_are_read_as_rfc_9110_says() {
        check(None, Ok((IfMatch::Any, IfNoneMatch::Absent))).await;
        check(Some("*"), Ok((IfMatch::Any, IfNoneMatch::Any))).await;
        check(Some("\"v3\""), Ok(both(&[3], &[3]))).await;
        check(Some("\"v3\" , W/\"v4\""), Ok(both(&[3], &[3, 4]))).await;
        check(Some("\"a, b\", \"v1\""), Ok(both(&[1], &[1]))).await;
        check(Some("\"vx\""), Ok(both(&[], &[]))).await;
        for malformed in ["v3", "3", "\"v3", "\"v3\" \"v4\"", "", "\"v3\","] {
            check(Some(malformed), Err(ProblemKind::InvalidHeader)).await;
        }
    }

    #[test]
    fn a_tag_is_the_version_in_quotes() {
        assert_eq!(etag(Version(12)), "\"v12\"");
    }
}
