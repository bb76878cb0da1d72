//! Errors as the API answers them: `application/problem+json` (RFC 9457), for everything that is not a
//! success.
//!
//! What went wrong inside the service goes to the log and never into an answer.

mod convert;
mod kind;

use std::error::Error;

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use sandglass_registry::RateState;
use sandglass_scheduler::Problem as FieldProblem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rates;
pub(crate) use convert::with_causes;
pub use kind::ProblemKind;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// How long a client shall wait before it asks again, in seconds.
const RETRY_AFTER: &str = "2";

/// An error on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldProblem>,
    rate: Option<(&'static str, RateState)>,
}

/// An error as the caller reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDetails {
    /// The kind of error as a URI.
    #[serde(rename = "type")]
    #[schema(example = "urn:sandglass:problem:not-found")]
    pub kind: String,
    /// The kind of error as a sentence.
    #[schema(example = "There is nothing there")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// What is wrong this time, and what to do.
    #[schema(example = "there is no such job")]
    pub detail: String,
    /// The id of the request, which the log of the service has too.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015")]
    pub instance: String,
    /// The kind of error as a stable word.
    #[schema(example = "NOT_FOUND")]
    pub code: String,
    /// Each thing that is wrong with the body, with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

impl Problem {
    /// A problem of that kind; `detail` is for people, outside.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            rate: None,
        }
    }

    /// Something was asked for more often than the limit of that name allows.
    #[must_use]
    pub fn too_many(limit: &'static str, state: RateState, detail: String) -> Self {
        Self {
            rate: Some((limit, state)),
            ..Self::new(ProblemKind::TooManyRequests, detail)
        }
    }

    /// The problem with its places in the body.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.errors = errors;
        self
    }

    /// A failure of the service: `error` is logged with its causes and not told.
    #[must_use]
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error, "request.failed");
        Self::new(
            ProblemKind::Internal,
            "the service failed; its log says why under the id in `instance`",
        )
    }

    /// Something that the service needs does not answer: `error` is logged and not told.
    #[must_use]
    pub fn unavailable(error: &(dyn Error + 'static)) -> Self {
        tracing::warn!(error, "request.unavailable");
        Self::new(
            ProblemKind::Unavailable,
            "something that the service needs does not answer; try again in a moment",
        )
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The problem as the caller of the request `instance` reads it.
    #[must_use]
    pub fn details(&self, instance: &str) -> ProblemDetails {
        ProblemDetails {
            kind: self.kind.type_uri(),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            code: self.kind.code().to_owned(),
            errors: self.errors.clone(),
        }
    }
}

/// The response without its body, which needs the id of the request: `envelope` writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.kind.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        match self.kind {
            ProblemKind::Unauthenticated => {
                let challenge = HeaderValue::from_static("Bearer realm=\"sandglass\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            ProblemKind::Unavailable | ProblemKind::NotReady => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
            }
            _ => {}
        }
        if let Some((limit, state)) = self.rate {
            rates::add_headers(response.headers_mut(), limit, state);
            let wait = HeaderValue::from(state.resets_in.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ProblemKind, name: &str, expect: &str) {
        let response = Problem::new(kind, "why").into_response();
        assert_eq!(response.status(), kind.status());
        let header = response.headers().get(name);
        assert_eq!(header.and_then(|it| it.to_str().ok()), Some(expect));
    }

    #[test]
    fn a_problem_carries_the_headers_that_its_status_needs() {
        check(ProblemKind::NotFound, "content-type", PROBLEM_JSON);
        check(
            ProblemKind::Unauthenticated,
            "www-authenticate",
            "Bearer realm=\"sandglass\"",
        );
        check(ProblemKind::Unavailable, "retry-after", "2");
        check(ProblemKind::NotReady, "retry-after", "2");
    }

    #[test]
    fn a_problem_reads_as_rfc_9457_says() {
        let problem =
            Problem::new(ProblemKind::InvalidJob, "two things are wrong").with_errors(vec![
                FieldProblem {
                    pointer: "/schedule".to_owned(),
                    code: "never_due".to_owned(),
                    detail: "it never comes".to_owned(),
                },
            ]);
        insta::assert_json_snapshot!(problem.details("request-1"), @r#"
        {
          "type": "urn:sandglass:problem:invalid-job",
          "title": "The job is not valid",
          "status": 422,
          "detail": "two things are wrong",
          "instance": "request-1",
          "code": "INVALID_JOB",
          "errors": [
            {
              "pointer": "/schedule",
              "code": "never_due",
              "detail": "it never comes"
            }
          ]
        }
        "#);
    }

    #[test]
    fn what_failed_inside_is_not_told() {
        let secret = std::io::Error::other("password hunter2");
        for problem in [Problem::internal(&secret), Problem::unavailable(&secret)] {
            assert!(!problem.details("x").detail.contains("hunter2"));
        }
    }
}
