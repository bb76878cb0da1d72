//! How long a caller waits for an answer while something that the service needs is silent.
//!
//! A store that is gone says so within seconds; a connection that has died without a word may take
//! minutes to be noticed. Nobody waits for that.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::problem::Problem;

/// How long an answer may take to begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// To a request that only reads.
    pub(crate) to_read: Duration,
    /// To any other: a body may take its time to arrive, and a component to be compiled.
    pub(crate) to_change: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            to_read: Duration::from_secs(15),
            to_change: Duration::from_secs(90),
        }
    }
}

/// Answers a request that takes too long with a problem. What it was doing is given up half-way, as if
/// the caller had gone.
pub(crate) async fn answer_in_time(
    State(patience): State<Patience>,
    request: Request,
    next: Next,
) -> Response {
    let longest = match request.method().is_safe() {
        true => patience.to_read,
        false => patience.to_change,
    };
    match tokio::time::timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(late) => Problem::unavailable(&late).into_response(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use axum::{Router, body::Body, middleware, routing::get};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn whoever_gets_no_answer_in_time_is_told_to_ask_again() {
        let none = Patience {
            to_read: Duration::ZERO,
            to_change: Duration::MAX,
        };
        let router = Router::new()
            .route("/", get(std::future::pending::<()>))
            .layer(middleware::from_fn_with_state(none, answer_in_time));
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
    }
}
