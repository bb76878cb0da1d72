//! What the API answers before the service can be asked anything: that it lives, and that it is not
//! ready and why.

use std::{io, sync::Arc};

use axum::{Json, Router, extract::State, middleware, routing::get};
use sandglass_contract::Clock;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

use crate::{
    envelope,
    problem::{Problem, ProblemKind},
    routes::Health,
};

/// A service that is about to start.
#[derive(Clone)]
pub struct Starting {
    /// What it waits for, as a sentence.
    pub waits_for: watch::Receiver<&'static str>,
    /// The version of the service.
    pub version: &'static str,
    /// The clock of the log.
    pub clock: Arc<dyn Clock>,
    /// Cancelled once the service has started.
    pub started: CancellationToken,
}

/// Answers on a socket until the service has started. Requests that come later wait in the queue of the
/// socket for whoever listens on it next.
///
/// # Errors
/// Where the socket cannot be used.
pub async fn serve_starting(listener: TcpListener, starting: Starting) -> io::Result<()> {
    let started = starting.started.clone().cancelled_owned();
    axum::serve(listener, router(starting))
        .with_graceful_shutdown(started)
        .await
}

fn router(starting: Starting) -> Router {
    let clock = starting.clock.clone();
    Router::new()
        .route("/livez", get(livez))
        .fallback(not_ready)
        .layer(middleware::from_fn_with_state(clock, envelope::envelope))
        .with_state(starting)
}

async fn livez(State(starting): State<Starting>) -> Json<Health> {
    Json(Health::alive(starting.version))
}

async fn not_ready(State(starting): State<Starting>) -> Problem {
    let waits_for = *starting.waits_for.borrow();
    Problem::new(ProblemKind::NotReady, waits_for)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use sandglass_contract::SystemClock;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(method: &str, path: &str) -> (u16, bool, Value) {
        let (_sender, waits_for) = watch::channel("the store does not answer yet");
        let router = router(Starting {
            waits_for,
            version: "1",
            clock: Arc::new(SystemClock::default()),
            started: CancellationToken::new(),
        });
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let retries = answer.headers().contains_key("retry-after");
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, retries, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_service_that_starts_lives_and_is_not_ready() {
        let (status, _, body) = ask("GET", "/livez").await;
        assert_eq!((status, &body["status"]), (200, &Value::from("alive")));
        for (method, path) in [("GET", "/readyz"), ("POST", "/api/admin/jobs")] {
            let (status, retries, body) = ask(method, path).await;
            assert_eq!((status, retries), (503, true), "{path}");
            assert_eq!(body["code"], "NOT_READY");
            assert_eq!(body["detail"], "the store does not answer yet");
        }
    }
}
