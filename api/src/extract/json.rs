//! Bodies that are JSON, with errors that name the place.
//!
//! A body is first read as JSON and then as what the operation takes, so that one that is not JSON (400,
//! with line and column) differs from one that does not fit (422, with a JSON Pointer). The parser
//! bounds the depth at 128, and what no store keeps is refused before it is read further.

use axum::extract::{FromRequest, Request};
use sandglass_contract::json::storable;
use sandglass_scheduler::Problem as FieldProblem;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::body;
use crate::problem::{Problem, ProblemKind};

/// The largest JSON body, in bytes.
const MAX_JSON_BYTES: usize = 1 << 20;

/// A body that is there.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A body that may be missing; then it is the default.
#[derive(Debug)]
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let typed = is_json(&request);
        let bytes = body::read(request, MAX_JSON_BYTES).await?;
        if !typed {
            return Err(not_json());
        }
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let typed = is_json(&request);
        let bytes = body::read(request, MAX_JSON_BYTES).await?;
        match (bytes.is_empty(), typed) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => parse(&bytes).map(Self),
            (false, false) => Err(not_json()),
        }
    }
}

fn is_json(request: &Request) -> bool {
    body::media_type(request.headers()).is_some_and(|it| {
        it == "application/json" || (it.starts_with("application/") && it.ends_with("+json"))
    })
}

fn not_json() -> Problem {
    Problem::new(
        ProblemKind::UnsupportedMediaType,
        "send the body as JSON with Content-Type: application/json",
    )
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            ProblemKind::MalformedJson,
            format!("the body is not JSON: {error}"),
        )
    })?;
    storable(&json)
        .map_err(|error| Problem::new(ProblemKind::InvalidBody, format!("the body: {error}")))?;
    serde_path_to_error::deserialize(json).map_err(|error| {
        let pointer: String = error.path().iter().map(token).collect();
        let detail = error.inner().to_string();
        let place = match pointer.as_str() {
            "" => "the body".to_owned(),
            pointer => pointer.to_owned(),
        };
        Problem::new(ProblemKind::InvalidBody, format!("{place}: {detail}")).with_errors(vec![
            FieldProblem {
                pointer,
                code: "invalid".to_owned(),
                detail,
            },
        ])
    })
}

/// A step of the path as a token of a JSON Pointer (RFC 6901 §3).
fn token(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use axum::body::Body;
    use sandglass_scheduler::JobDraft;

    use super::*;

    async fn check(
        content_type: &str,
        body: impl Into<Body>,
        code: &str,
        pointer: &str,
        part: &str,
    ) {
        let request = Request::post("/").header("content-type", content_type);
        let request = request.body(body.into()).unwrap();
        let answer = JsonBody::<JobDraft>::from_request(request, &()).await;
        let problem = answer.unwrap_err().details("");
        assert_eq!(problem.code, code, "{problem:?}");
        let found = problem.errors.first().map_or("", |it| it.pointer.as_str());
        assert_eq!(found, pointer, "{problem:?}");
        assert!(problem.detail.contains(part), "{problem:?}");
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_body_is_told_with_its_place() {
        let json = "application/json; charset=utf-8";
        check(
            json,
            "{\"name\":\n ?",
            "MALFORMED_JSON",
            "",
            "line 2 column 2",
        )
        .await;
        check(json, "", "MALFORMED_JSON", "", "line 1 column 0").await;
        check(
            json,
            "[".repeat(10_000),
            "MALFORMED_JSON",
            "",
            "recursion limit",
        )
        .await;
        let nul = r#"{"name": "a", "parameters": {"b\u0000": 1}}"#;
        check(json, nul, "INVALID_BODY", "", "NUL").await;
        let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
        check(json, deep, "INVALID_BODY", "", "deeper than 64").await;
        check(
            "text/plain",
            "{}",
            "UNSUPPORTED_MEDIA_TYPE",
            "",
            "application/json",
        )
        .await;
        check(json, "{}", "INVALID_BODY", "", "missing field `name`").await;
        check(
            json,
            r#"{"name": 5}"#,
            "INVALID_BODY",
            "/name",
            "invalid type",
        )
        .await;
        let unknown = r#"{"name": "a", "nmae": "b"}"#;
        check(
            json,
            unknown,
            "INVALID_BODY",
            "/nmae",
            "unknown field `nmae`",
        )
        .await;
        let nested = r#"{"retry_policy": {"max_retries": 500}}"#;
        check(
            json,
            nested,
            "INVALID_BODY",
            "/retry_policy/max_retries",
            "from 0 to 100",
        )
        .await;
        let schedule = r#"{"schedule": {"cron": "0 2 * *"}}"#;
        check(json, schedule, "INVALID_BODY", "/schedule", "five fields").await;
        let large = " ".repeat(MAX_JSON_BYTES + 1);
        check(json, large, "BODY_TOO_LARGE", "", "1048576").await;
    }

    #[tokio::test]
    async fn an_optional_body_may_be_missing_and_not_be_wrong() {
        let empty = Request::post("/").body(Body::empty()).unwrap();
        let OptionalJsonBody(value) = OptionalJsonBody::<Option<bool>>::from_request(empty, &())
            .await
            .unwrap();
        assert_eq!(value, None);
        let untyped = Request::post("/").body(Body::from("true")).unwrap();
        let refused = OptionalJsonBody::<Option<bool>>::from_request(untyped, &()).await;
        assert_eq!(
            refused.unwrap_err().kind(),
            ProblemKind::UnsupportedMediaType
        );
    }
}
