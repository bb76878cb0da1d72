//! What every request and response has: an id, a line in the log, headers that keep browsers careful,
//! and the body of a problem.

use std::{any::Any, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sandglass_contract::Clock;
use tower_http::csrf::ProtectionError;
use tracing::Instrument as _;

use crate::problem::{Problem, ProblemKind};

/// The header with the id of a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that a caller may give a request.
const MAX_ID_LENGTH: usize = 64;

/// Wraps every request.
pub(crate) async fn envelope(
    State(clock): State<Arc<dyn Clock>>,
    request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let span = tracing::info_span!(
        "request",
        id,
        method = %request.method(),
        path = request.uri().path(),
    );
    async {
        let started = clock.monotonic();
        let mut response = next.run(request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            *response.body_mut() = body_of(&problem, &id);
        }
        add_headers(response.headers_mut(), &id);
        let duration = clock.monotonic().saturating_sub(started);
        tracing::info!(
            status = response.status().as_u16(),
            duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "request.answered"
        );
        response
    }
    .instrument(span)
    .await
}

/// The answer to a panic.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the payload over"
)]
pub(crate) fn answer_panic(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    tracing::error!(message = text.unwrap_or("no message"), "request.panicked");
    let detail = "the service failed; its log says why under the id in `instance`";
    Problem::new(ProblemKind::Internal, detail).into_response()
}

/// The answer to a request that a page of another site made a browser send.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the error over"
)]
pub(crate) fn answer_forgery(error: ProtectionError) -> Response {
    tracing::warn!(%error, "request.forged");
    let detail = "a page of another site has sent this; use the service's own pages or a token";
    Problem::new(ProblemKind::Forbidden, detail).into_response()
}

/// The answer where there is nothing.
pub(crate) async fn nothing_there() -> Problem {
    let detail = "no operation has this path; GET /api/openapi.json lists those there are";
    Problem::new(ProblemKind::NotFound, detail)
}

/// The answer to a method that a path does not take; the router adds the header `Allow`.
pub(crate) async fn method_not_allowed() -> Problem {
    let detail = "the header Allow lists the methods that this path takes";
    Problem::new(ProblemKind::MethodNotAllowed, detail)
}

/// The id that the caller gave where it is harmless, else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(&REQUEST_ID).and_then(|it| it.to_str().ok());
    let harmless = |id: &&str| {
        (1..=MAX_ID_LENGTH).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match given.filter(harmless) {
        Some(id) => id.to_owned(),
        None => hex::encode(rand::random::<[u8; 16]>()),
    }
}

fn body_of(problem: &Problem, id: &str) -> Body {
    serde_json::to_vec(&problem.details(id)).map_or_else(|_| Body::empty(), Body::from)
}

fn add_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    let defaults = [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in defaults {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn check(given: &str, kept: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
        assert_eq!(request_id(&headers) == given, kept, "{given}");
    }

    #[test]
    fn a_panic_is_answered_as_a_failure_of_the_service() {
        for payload in [Box::new("slice") as Box<dyn Any + Send>, Box::new(17)] {
            let response = answer_panic(payload);
            assert_eq!(response.status(), 500);
            let problem = response.extensions().get::<Problem>().unwrap();
            assert_eq!(problem.kind(), ProblemKind::Internal);
        }
    }

    #[test]
    fn an_id_from_outside_is_kept_only_where_it_is_harmless() {
        check("abc-123_4.5", true);
        check("", false);
        check("two words", false);
        check("<script>", false);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        assert_eq!(request_id(&HeaderMap::new()).len(), 32);
    }
}
