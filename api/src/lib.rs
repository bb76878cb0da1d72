//! The REST API: jobs, executions, templates, and what else an admin or a program needs, over HTTP.
//!
//! It reads requests into types, asks the scheduler, and answers; it decides nothing about when a job
//! runs or what it may touch, and knows neither the sandbox nor a database. Every answer that is not a
//! success is a problem (RFC 9457), and every operation is in the OpenAPI document.

pub mod access;
pub mod auth;
pub mod openapi;
pub mod problem;
pub mod sources;

mod envelope;
mod extract;
mod patience;
mod rates;
mod routes;
mod serve;
mod starting;
mod state;

use axum::{Router, middleware};
use tower_http::{catch_panic::CatchPanicLayer, csrf::CsrfLayer};

pub use serve::serve;
pub use starting::{Starting, serve_starting};
pub use state::{ApiParts, ApiState};

/// The API as a service.
pub fn router(state: ApiState) -> Router {
    let (public, _) = routes::public().split_for_parts();
    let (admin, _) = routes::admin().split_for_parts();
    let authenticated = middleware::from_fn_with_state(state.clone(), auth::authenticate);
    public
        .merge(
            admin
                .route_layer(middleware::from_fn_with_state(
                    state.clone(),
                    access::authorise,
                ))
                .route_layer(middleware::from_fn_with_state(state.clone(), rates::count))
                .route_layer(authenticated),
        )
        .fallback(envelope::nothing_there)
        .method_not_allowed_fallback(envelope::method_not_allowed)
        .layer(CsrfLayer::new().with_rejection_response(envelope::answer_forgery))
        .layer(CatchPanicLayer::custom(envelope::answer_panic))
        .layer(middleware::from_fn_with_state(
            patience::Patience::default(),
            patience::answer_in_time,
        ))
        .layer(middleware::from_fn_with_state(
            state.scheduler.clock().clone(),
            envelope::envelope,
        ))
        .with_state(state)
}
