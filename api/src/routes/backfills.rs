//! Backfills: running slots of the past again.

use std::num::NonZeroU32;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use sandglass_contract::{BackfillId, JobId};
use sandglass_registry::{Backfill, BackfillStatus, PageRequest, StoreError};
use sandglass_scheduler::BackfillRequest;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Caller,
    extract::{JsonBody, Path, Query, first_page},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    rates::{self, MANUAL_RUNS},
    state::ApiState,
};

/// A backfill.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackfillAnswer {
    backfill: Backfill,
    message: &'static str,
}

/// A page of backfills, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackfillList {
    backfills: Vec<Backfill>,
    /// How many backfills there are on all pages.
    total: u64,
}

/// Which backfills a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BackfillsQuery {
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    page: NonZeroU32,
    /// How many backfills a page holds; above 200 means 200.
    #[serde(default = "backfills_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 20, required = false)]
    limit: NonZeroU32,
}

fn backfills_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(20).unwrap_or(NonZeroU32::MIN)
}

/// Begin a backfill
///
/// Every slot of the job's schedule from `start` until before `end` runs again, a few at a time. Its
/// executions carry `backfill_id` and `triggered_by: backfill`. At most 10 000 slots.
#[utoipa::path(
    post, path = "/api/admin/scheduler-jobs/{id}/backfill", tag = "Backfills",
    params(("id" = JobId, Path, description = "The job")),
    request_body(content = BackfillRequest, example = json!({
        "start": "2025-10-01T00:00:00Z", "end": "2025-10-08T00:00:00Z",
        "overlap_policy": "buffer_all", "dry_run": true,
    })),
    responses((status = 202, description = "The backfill has begun", body = BackfillAnswer)),
)]
pub(super) async fn start_backfill(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    JsonBody(request): JsonBody<BackfillRequest>,
) -> Result<Response, Problem> {
    let jobs = state.scheduler.jobs();
    let (backfill, rate) = jobs
        .start_backfill(&caller.scope, &caller.actor, &id, request)
        .await?;
    let message = "Backfill started";
    let answer = Json(BackfillAnswer { backfill, message });
    let mut response = (StatusCode::ACCEPTED, answer).into_response();
    rates::add_headers(response.headers_mut(), MANUAL_RUNS, rate);
    Ok(response)
}

/// List the backfills of a job
#[utoipa::path(
    get, path = "/api/admin/scheduler-jobs/{id}/backfills", tag = "Backfills",
    params(("id" = JobId, Path, description = "The job"), BackfillsQuery),
    responses((status = 200, description = "A page of backfills", body = BackfillList)),
)]
pub(super) async fn list_backfills(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    Query(query): Query<BackfillsQuery>,
) -> Result<Json<BackfillList>, Problem> {
    let page = PageRequest::new(query.page, query.limit);
    let store = state.scheduler.store();
    let page = store.backfills(&caller.scope, &id, page).await?;
    if page.total == 0 {
        state.scheduler.jobs().job(&caller.scope, &id).await?;
    }
    Ok(Json(BackfillList {
        backfills: page.items,
        total: page.total,
    }))
}

/// Read a backfill
#[utoipa::path(
    get, path = "/api/admin/backfills/{id}", tag = "Backfills",
    params(("id" = BackfillId, Path, description = "The backfill")),
    responses((status = 200, description = "The backfill", body = Backfill)),
)]
pub(super) async fn get_backfill(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<BackfillId>,
) -> Result<Json<Backfill>, Problem> {
    let store = state.scheduler.store();
    let backfill = store.backfill(&caller.scope, &id).await?;
    let missing = StoreError::NotFound { what: "backfill" };
    Ok(Json(backfill.ok_or(missing)?))
}

/// Pause a backfill
///
/// Its executions that are queued already go on; no more are made.
#[utoipa::path(
    post, path = "/api/admin/backfills/{id}/pause", tag = "Backfills",
    params(("id" = BackfillId, Path, description = "The backfill")),
    responses(
        (status = 200, description = "The backfill is paused", body = BackfillAnswer),
        (status = 409, description = "It has ended already", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn pause_backfill(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<BackfillId>,
) -> Result<Json<BackfillAnswer>, Problem> {
    change(
        &caller,
        &state,
        &id,
        BackfillStatus::Paused,
        "Backfill paused",
    )
    .await
}

/// Resume a backfill
#[utoipa::path(
    post, path = "/api/admin/backfills/{id}/resume", tag = "Backfills",
    params(("id" = BackfillId, Path, description = "The backfill")),
    responses(
        (status = 200, description = "The backfill goes on", body = BackfillAnswer),
        (status = 409, description = "It has ended already", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn resume_backfill(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<BackfillId>,
) -> Result<Json<BackfillAnswer>, Problem> {
    change(
        &caller,
        &state,
        &id,
        BackfillStatus::Running,
        "Backfill resumed",
    )
    .await
}

/// Cancel a backfill
///
/// Its executions that are queued already go on; no more are made.
#[utoipa::path(
    post, path = "/api/admin/backfills/{id}/cancel", tag = "Backfills",
    params(("id" = BackfillId, Path, description = "The backfill")),
    responses(
        (status = 200, description = "The backfill is cancelled", body = BackfillAnswer),
        (status = 409, description = "It has ended already", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn cancel_backfill(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<BackfillId>,
) -> Result<Json<BackfillAnswer>, Problem> {
    let message = "Backfill cancelled";
    change(&caller, &state, &id, BackfillStatus::Cancelled, message).await
}

async fn change(
    caller: &Caller,
    state: &ApiState,
    id: &BackfillId,
    status: BackfillStatus,
    message: &'static str,
) -> Result<Json<BackfillAnswer>, Problem> {
    let jobs = state.scheduler.jobs();
    let backfill = jobs
        .change_backfill(&caller.scope, &caller.actor, id, status)
        .await?;
    if backfill.status != status {
        let detail = format!("the backfill ended as {}", backfill.status.as_str());
        return Err(Problem::new(ProblemKind::AlreadyFinished, detail));
    }
    Ok(Json(BackfillAnswer { backfill, message }))
}
