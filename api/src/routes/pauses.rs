//! Pausing the schedules of jobs, and letting them go on.

use axum::{Json, extract::State};
use sandglass_contract::JobId;
use sandglass_registry::{
    Job,
    job::{Description, ResumeFrom},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    extract::{OptionalJsonBody, Path},
    problem::Problem,
    state::ApiState,
};

/// Why a schedule is paused.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PauseRequest {
    /// The reason, for whoever finds the job paused.
    #[schema(value_type = Option<String>, max_length = 2000)]
    reason: Description,
}

/// Where a schedule goes on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ResumeRequest {
    /// From now, or from when it was paused.
    resume_from: ResumeFrom,
}

/// A job whose schedule was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleChanged {
    job: Job,
    message: &'static str,
}

/// Pause a job's schedule
///
/// No slot of it comes until it is resumed. It can still be run by hand.
#[utoipa::path(
    post, path = "/api/admin/scheduler-jobs/{id}/pause", tag = "Jobs",
    params(("id" = JobId, Path, description = "The job")),
    request_body(content = Option<PauseRequest>, example = json!({"reason": "the database is moving"})),
    responses((status = 200, description = "The schedule is paused", body = ScheduleChanged)),
)]
pub(super) async fn pause_job(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    OptionalJsonBody(request): OptionalJsonBody<PauseRequest>,
) -> Result<Json<ScheduleChanged>, Problem> {
    let reason = request.reason.as_str().to_owned();
    let jobs = state.scheduler.jobs();
    let job = jobs
        .pause(&caller.scope, &caller.actor, &id, reason)
        .await?;
    let message = "Job paused";
    Ok(Json(ScheduleChanged { job, message }))
}

/// Resume a job's schedule
///
/// From now on, or from the moment at which it was paused: then the job's terms for catching up say
/// which of the slots run that passed meanwhile.
#[utoipa::path(
    post, path = "/api/admin/scheduler-jobs/{id}/resume", tag = "Jobs",
    params(("id" = JobId, Path, description = "The job")),
    request_body(content = Option<ResumeRequest>, example = json!({"resume_from": "now"})),
    responses((status = 200, description = "The schedule is followed", body = ScheduleChanged)),
)]
pub(super) async fn resume_job(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    OptionalJsonBody(request): OptionalJsonBody<ResumeRequest>,
) -> Result<Json<ScheduleChanged>, Problem> {
    let jobs = state.scheduler.jobs();
    let from = request.resume_from;
    let job = jobs.resume(&caller.scope, &caller.actor, &id, from).await?;
    let message = "Job resumed";
    Ok(Json(ScheduleChanged { job, message }))
}
