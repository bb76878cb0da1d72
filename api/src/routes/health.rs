//! Whether the service lives and whether it takes work, for whoever restarts it or sends it requests.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};

/// How long the store may take to answer whether it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
}

impl Health {
    /// That the process lives.
    pub(crate) const fn alive(version: &'static str) -> Self {
        Self {
            status: "alive",
            version,
        }
    }
}

/// Whether the service lives
///
/// Depends on nothing but the process, so that trouble elsewhere does not restart it.
#[utoipa::path(
    get, path = "/livez", tag = "Health",
    responses((status = 200, description = "It lives", body = Health)),
)]
pub(super) async fn livez(State(state): State<ApiState>) -> Json<Health> {
    Json(Health::alive(state.version))
}

/// Whether the service takes work
///
/// Its store answers, and it is not about to stop.
#[utoipa::path(
    get, path = "/readyz", tag = "Health",
    responses(
        (status = 200, description = "It takes work", body = Health),
        (status = 503, description = "It does not", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn readyz(State(state): State<ApiState>) -> Result<Json<Health>, Problem> {
    if state.scheduler.is_draining() {
        return Err(Problem::new(
            ProblemKind::NotReady,
            "the service is about to stop",
        ));
    }
    let asked = tokio::time::timeout(PATIENCE, state.scheduler.store().has_users());
    let answer = asked.await;
    let why: &dyn std::error::Error = match &answer {
        Ok(Ok(_)) => {
            return Ok(Json(Health {
                status: "ready",
                version: state.version,
            }));
        }
        Ok(Err(error)) => error,
        Err(late) => late,
    };
    tracing::warn!(error = why, "readyz.store");
    Err(Problem::new(
        ProblemKind::NotReady,
        "the store does not answer",
    ))
}
