//! Jobs: listing, saving, changing, previewing and starting them.

mod shapes;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use sandglass_contract::{JobId, RunMode};
use sandglass_registry::{PageRequest, store::JobQuery};
use sandglass_scheduler::{JobDraft, JobPatch, JobPreview};

use crate::{
    access,
    auth::Caller,
    extract::{IfMatch, IfNoneMatch, JsonBody, OptionalJsonBody, Path, Query, etag},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    rates::{self, MANUAL_RUNS},
    state::ApiState,
};
use shapes::{
    Done, JobAnswer, JobChanged, JobList, JobListQuery, JobSaved, PreviewQuery, RunRequest,
    RunStarted,
};

/// List jobs
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/admin/scheduler-jobs", tag = "Jobs", params(JobListQuery),
    responses((status = 200, description = "A page of jobs", body = JobList)),
)]
pub(super) async fn list_jobs(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<JobListQuery>,
) -> Result<Json<JobList>, Problem> {
    let query = JobQuery {
        template_type: query.template_type,
        enabled: query.enabled,
        search: query.search,
        tag: query.tag,
        page: PageRequest::new(query.page, query.limit),
    };
    let page = state.scheduler.store().jobs(&caller.scope, &query).await?;
    Ok(Json(JobList {
        jobs: page.items,
        total: page.total,
        page: page.page,
        pages: page.pages,
    }))
}

/// Save a new job
///
/// The schedule may also be written in its short forms, `{"cron": "0 19 * * *"}`,
/// `{"interval_seconds": 60}` and `{"run_at": "2026-01-01T00:00:00Z"}`.
#[utoipa::path(
    post, path = "/api/admin/scheduler-jobs", tag = "Jobs",
    request_body(content = JobDraft, example = json!({
        "name": "Weekly User Data Cleanup",
        "description": "Remove inactive users older than 6 months",
        "template_type": "database_cleanup",
        "parameters": {
            "collection": "users",
            "condition": {"lastActive": {"$lt": "6 months ago"}},
            "dryRun": true,
        },
        "schedule": {"type": "cron", "expression": "0 2 * * 0", "timezone": "UTC"},
        "enabled": true,
        "timeout_seconds": 3600,
        "retry_policy": {"max_retries": 3, "retry_delay_seconds": 300},
        "notifications": {"on_success": [], "on_failure": ["ops@example.com"]},
    })),
    responses(
        (
            status = 201, description = "The job is saved", body = JobSaved,
            headers(
                ("Location" = String, description = "The path of the job"),
                ("ETag" = String, description = "The version of the job"),
            ),
        ),
        (status = 409, description = "There are as many jobs as there may be", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn create_job(
    caller: Caller,
    State(state): State<ApiState>,
    JsonBody(draft): JsonBody<JobDraft>,
) -> Result<Response, Problem> {
    let jobs = state.scheduler.jobs();
    let job = jobs.create(&caller.scope, &caller.actor, draft).await?;
    let location = format!("/api/admin/scheduler-jobs/{}", job.id);
    let headers = [
        location_header(&location),
        (header::ETAG, etag(job.version)),
    ];
    let message = "Job created successfully";
    Ok((
        StatusCode::CREATED,
        headers,
        Json(JobSaved { job, message }),
    )
        .into_response())
}

/// Preview a job
///
/// Says what saving this job would give, and saves nothing: what is wrong with it, what a run could
/// touch, and when it would run. With `job_id` it is judged as a change of that job, and
/// `grant_difference` says what a run could touch more and less than now.
#[utoipa::path(
    post, path = "/api/admin/scheduler-jobs/preview", tag = "Jobs", params(PreviewQuery),
    request_body(content = JobDraft, example = json!({
        "name": "Nightly test",
        "template_type": "test_scheduler",
        "schedule": {"cron": "0 19 * * *"},
    })),
    responses((status = 200, description = "What saving it would give", body = JobPreview)),
)]
pub(super) async fn preview_job(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<PreviewQuery>,
    JsonBody(draft): JsonBody<JobDraft>,
) -> Result<Json<JobPreview>, Problem> {
    let jobs = state.scheduler.jobs();
    let of = query.job_id.as_ref();
    if of.is_some() && !access::may(&caller, &Method::GET, "/api/admin/scheduler-jobs/{id}") {
        let detail = "job_id is for those who may see the job; leave it out to try a new one";
        return Err(Problem::new(ProblemKind::Forbidden, detail));
    }
    let preview = jobs
        .preview(&caller.scope, caller.actor.role, draft, of)
        .await?;
    Ok(Json(preview))
}

/// Read a job
#[utoipa::path(
    get, path = "/api/admin/scheduler-jobs/{id}", tag = "Jobs",
    params(
        ("id" = JobId, Path, description = "The job"),
        ("If-None-Match" = Option<String>, Header, description = "Versions that the caller has"),
    ),
    responses(
        (
            status = 200, description = "The job", body = JobAnswer,
            headers(("ETag" = String, description = "The version of the job")),
        ),
        (status = 304, description = "The caller has this version of the job"),
        (status = 400, description = "If-None-Match is malformed", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn get_job(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let job = state.scheduler.jobs().job(&caller.scope, &id).await?;
    let headers = [
        (header::ETAG, etag(job.version)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
    ];
    if if_none_match.has(job.version) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, Json(JobAnswer { job })).into_response())
}

/// Change a job
///
/// What the body does not name stays as it is. What a run may touch is computed anew; `grant_difference`
/// says what was added and removed.
#[utoipa::path(
    put, path = "/api/admin/scheduler-jobs/{id}", tag = "Jobs",
    params(
        ("id" = JobId, Path, description = "The job"),
        ("If-Match" = Option<String>, Header, description = "The version that the change is meant for"),
    ),
    request_body(content = JobPatch, example = json!({
        "enabled": true,
        "schedule": {"type": "interval", "interval_seconds": 3600},
    })),
    responses(
        (
            status = 200, description = "The job is changed", body = JobChanged,
            headers(("ETag" = String, description = "The version of the job")),
        ),
        (status = 403, description = "A run could touch more, and the caller may not allow that", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 409, description = "Somebody else changed it meanwhile", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 412, description = "It is not at the version of If-Match", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn update_job(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    if_match: IfMatch,
    JsonBody(patch): JsonBody<JobPatch>,
) -> Result<Response, Problem> {
    let jobs = state.scheduler.jobs();
    let current = jobs.job(&caller.scope, &id).await?;
    let expected = if_match.expected(&current)?;
    let changed = jobs
        .update(&caller.scope, &caller.actor, &id, patch, expected)
        .await
        .map_err(|error| if_match.judge(error.into()))?;
    let headers = [(header::ETAG, etag(changed.job.version))];
    let answer = JobChanged {
        job: changed.job,
        grant_difference: changed.difference,
        message: "Job updated",
    };
    Ok((headers, Json(answer)).into_response())
}

/// Delete a job
///
/// What it did stays on record. Executions that wait are cancelled, and running ones are asked to stop.
#[utoipa::path(
    delete, path = "/api/admin/scheduler-jobs/{id}", tag = "Jobs",
    params(
        ("id" = JobId, Path, description = "The job"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be deleted"),
    ),
    responses(
        (status = 200, description = "The job is deleted", body = Done),
        (status = 400, description = "If-Match is malformed", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 409, description = "Other jobs depend on it", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 412, description = "It is not at the version of If-Match", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn delete_job(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    if_match: IfMatch,
) -> Result<Json<Done>, Problem> {
    let jobs = state.scheduler.jobs();
    let current = jobs.job(&caller.scope, &id).await?;
    let expected = if_match.expected(&current)?;
    jobs.delete(&caller.scope, &caller.actor, &id, expected)
        .await
        .map_err(|error| if_match.judge(error.into()))?;
    Ok(Json(Done {
        message: "Job deleted",
    }))
}

/// Run a job now
///
/// Whether it is enabled or not. The answer comes at once; the execution is queued.
#[utoipa::path(
    post, path = "/api/admin/scheduler-jobs/{id}/run", tag = "Jobs",
    params(("id" = JobId, Path, description = "The job")),
    request_body(content = Option<RunRequest>, example = json!({"dry_run": true})),
    responses((
        status = 202, description = "An execution is queued", body = RunStarted,
        headers(("Location" = String, description = "The path of the execution")),
    )),
)]
pub(super) async fn run_job(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    OptionalJsonBody(request): OptionalJsonBody<RunRequest>,
) -> Result<Response, Problem> {
    let mode = RunMode::from_dry_run(request.dry_run);
    let jobs = state.scheduler.jobs();
    let started = jobs.run(&caller.scope, &caller.actor, &id, mode).await?;
    let execution_id = started.execution;
    let location = format!("/api/admin/job-executions/{execution_id}");
    let answer = RunStarted {
        execution_id,
        message: "Job started",
    };
    let location = [location_header(&location)];
    let mut response = (StatusCode::ACCEPTED, location, Json(answer)).into_response();
    rates::add_headers(response.headers_mut(), MANUAL_RUNS, started.rate);
    Ok(response)
}

/// The header `Location`; ids are plain ASCII, so that a path of them is a header value.
pub(super) fn location_header(path: &str) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (header::LOCATION, value)
}
