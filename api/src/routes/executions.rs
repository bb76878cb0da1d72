//! Executions: what became of jobs, and ending what still runs.

use std::num::NonZeroU32;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sandglass_contract::{BackfillId, ExecutionId, JobId, JournalEntry, LogLine};
use sandglass_registry::{
    Execution, ExecutionStatus, PageRequest, Scope, StoreError,
    store::{CancelAnswer, ExecutionQuery},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Caller,
    extract::{Path, Query, first_page, status_list},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};

/// How many log lines come with an execution; the rest is read from `…/logs`.
pub(super) const LOG_LINES_WITH_EXECUTION: u32 = 1000;

/// Which executions of a job a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct JobExecutionsQuery {
    /// Only in these states, separated by commas.
    #[serde(default, deserialize_with = "status_list")]
    #[param(value_type = Option<String>, example = "failed,timed_out")]
    status: Vec<ExecutionStatus>,
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    page: NonZeroU32,
    /// How many executions a page holds; above 200 means 200.
    #[serde(default = "executions_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 50, required = false)]
    limit: NonZeroU32,
}

/// Which executions a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExecutionsQuery {
    /// Only of this job.
    #[param(value_type = Option<String>)]
    job: Option<JobId>,
    /// Only made by this backfill.
    #[param(value_type = Option<String>)]
    backfill: Option<BackfillId>,
    /// Only in these states, separated by commas.
    #[serde(default, deserialize_with = "status_list")]
    #[param(value_type = Option<String>, example = "queued,running")]
    status: Vec<ExecutionStatus>,
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    page: NonZeroU32,
    /// How many executions a page holds; above 200 means 200.
    #[serde(default = "executions_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 50, required = false)]
    limit: NonZeroU32,
}

/// Which effects a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EffectsQuery {
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    page: NonZeroU32,
    /// How many entries a page holds; above 200 means 200.
    #[serde(default = "effects_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 100, required = false)]
    limit: NonZeroU32,
}

fn executions_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN)
}

fn effects_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(100).unwrap_or(NonZeroU32::MIN)
}

/// A page of executions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionList {
    executions: Vec<Execution>,
    /// How many executions there are on all pages.
    total: u64,
}

/// An execution with the beginning of its log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionAnswer {
    execution: Execution,
    /// The first 1000 lines. Where there are more, the header `Link` says where they are.
    logs: Vec<LogLine>,
}

/// A page of the journal, in the order of the calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EffectList {
    effects: Vec<JournalEntry>,
    /// How many entries there are on all pages.
    total: u64,
}

/// What became of the wish to end an execution.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CancelDone {
    execution_id: ExecutionId,
    message: &'static str,
}

/// List the executions of a job
///
/// Newest first. Executions of a deleted job are still there.
#[utoipa::path(
    get, path = "/api/admin/scheduler-jobs/{id}/executions", tag = "Executions",
    params(("id" = JobId, Path, description = "The job"), JobExecutionsQuery),
    responses((status = 200, description = "A page of executions", body = ExecutionList)),
)]
pub(super) async fn list_job_executions(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<JobId>,
    Query(query): Query<JobExecutionsQuery>,
) -> Result<Json<ExecutionList>, Problem> {
    let query = ExecutionQuery {
        job: Some(id.clone()),
        backfill: None,
        status: query.status,
        page: PageRequest::new(query.page, query.limit),
    };
    let list = list(&state, &caller.scope, &query).await?;
    if list.total == 0 {
        let any = ExecutionQuery {
            status: Vec::new(),
            ..query
        };
        if state
            .scheduler
            .store()
            .executions(&caller.scope, &any)
            .await?
            .total
            == 0
        {
            state.scheduler.jobs().job(&caller.scope, &id).await?;
        }
    }
    Ok(Json(list))
}

/// List executions
///
/// Of all jobs, newest first.
#[utoipa::path(
    get, path = "/api/admin/job-executions", tag = "Executions", params(ExecutionsQuery),
    responses((status = 200, description = "A page of executions", body = ExecutionList)),
)]
pub(super) async fn list_executions(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<ExecutionsQuery>,
) -> Result<Json<ExecutionList>, Problem> {
    let query = ExecutionQuery {
        job: query.job,
        backfill: query.backfill,
        status: query.status,
        page: PageRequest::new(query.page, query.limit),
    };
    Ok(Json(list(&state, &caller.scope, &query).await?))
}

async fn list(
    state: &ApiState,
    scope: &Scope,
    query: &ExecutionQuery,
) -> Result<ExecutionList, Problem> {
    let page = state.scheduler.store().executions(scope, query).await?;
    Ok(ExecutionList {
        executions: page.items,
        total: page.total,
    })
}

/// Read an execution
///
/// With the first 1000 lines of its log.
#[utoipa::path(
    get, path = "/api/admin/job-executions/{id}", tag = "Executions",
    params(("id" = ExecutionId, Path, description = "The execution")),
    responses((
        status = 200, description = "The execution", body = ExecutionAnswer,
        headers(("Link" = Option<String>, description = "Where the log goes on (rel=next), if it does")),
    )),
)]
pub(super) async fn get_execution(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<ExecutionId>,
) -> Result<Response, Problem> {
    let execution = find(&state, &caller.scope, &id).await?;
    let store = state.scheduler.store();
    let limit = LOG_LINES_WITH_EXECUTION + 1;
    let mut logs = store.log(&caller.scope, &id, 0, limit).await?;
    let mut headers = HeaderMap::new();
    if logs.len() > LOG_LINES_WITH_EXECUTION as usize {
        logs.truncate(LOG_LINES_WITH_EXECUTION as usize);
        let after = logs.last().map_or(0, |line| line.seq);
        let link = format!("</api/admin/job-executions/{id}/logs?after={after}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.insert(header::LINK, link);
        }
    }
    Ok((headers, Json(ExecutionAnswer { execution, logs })).into_response())
}

/// Cancel an execution
///
/// One that waits is cancelled at once; one that runs is told to stop.
#[utoipa::path(
    post, path = "/api/admin/job-executions/{id}/cancel", tag = "Executions",
    params(("id" = ExecutionId, Path, description = "The execution")),
    responses(
        (status = 200, description = "It waited and is cancelled", body = CancelDone),
        (status = 202, description = "It runs and is told to stop", body = CancelDone),
        (status = 409, description = "It has ended already", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn cancel_execution(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<ExecutionId>,
) -> Result<(StatusCode, Json<CancelDone>), Problem> {
    let answer = state
        .scheduler
        .cancel(&caller.scope, &caller.actor, &id)
        .await?;
    let (status, message) = match answer {
        CancelAnswer::Cancelled => (StatusCode::OK, "Execution cancelled"),
        CancelAnswer::Requested => (StatusCode::ACCEPTED, "Cancellation requested"),
        CancelAnswer::AlreadyFinished(status) => {
            let detail = format!("it ended as {}", status.as_str());
            return Err(Problem::new(ProblemKind::AlreadyFinished, detail));
        }
    };
    let done = CancelDone {
        execution_id: id,
        message,
    };
    Ok((status, Json(done)))
}

/// List the effects of an execution
///
/// Every host call of its attempts, in order: what was touched, whether it was only simulated, and how
/// it ended.
#[utoipa::path(
    get, path = "/api/admin/job-executions/{id}/effects", tag = "Executions",
    params(("id" = ExecutionId, Path, description = "The execution"), EffectsQuery),
    responses((status = 200, description = "A page of the journal", body = EffectList)),
)]
pub(super) async fn list_effects(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<ExecutionId>,
    Query(query): Query<EffectsQuery>,
) -> Result<Json<EffectList>, Problem> {
    find(&state, &caller.scope, &id).await?;
    let page = PageRequest::new(query.page, query.limit);
    let store = state.scheduler.store();
    let (effects, total) = store
        .journal(&caller.scope, &id, page.offset(), page.limit())
        .await?;
    Ok(Json(EffectList { effects, total }))
}

/// The execution `id`.
pub(super) async fn find(
    state: &ApiState,
    scope: &Scope,
    id: &ExecutionId,
) -> Result<Execution, Problem> {
    let execution = state.scheduler.store().execution(scope, id).await?;
    let missing = StoreError::NotFound { what: "execution" };
    execution.ok_or_else(|| missing.into())
}

#[cfg(test)]
mod tests {
    use axum::extract::{FromRequestParts, Request};

    use super::*;

    async fn check(query: &str, expect: Result<&[ExecutionStatus], &str>) {
        let mut request = Request::new(());
        *request.uri_mut() = format!("/?{query}").parse().expect("a URI");
        let (mut parts, ()) = request.into_parts();
        match (
            Query::<ExecutionsQuery>::from_request_parts(&mut parts, &()).await,
            expect,
        ) {
            (Ok(Query(read)), Ok(status)) => assert_eq!(read.status, status, "{query}"),
            (Err(problem), Err(part)) => {
                let detail = problem.details("").detail;
                assert!(detail.contains(part), "{query}: {detail}");
            }
            (read, expect) => panic!("{query}: {read:?}, not {expect:?}"),
        }
    }

    #[tokio::test]
    async fn states_are_separated_by_commas_and_must_exist() {
        check("", Ok(&[])).await;
        check("status=", Ok(&[])).await;
        check("status=failed&limit=50", Ok(&[ExecutionStatus::Failed])).await;
        let both = [ExecutionStatus::Failed, ExecutionStatus::TimedOut];
        check("status=failed,%20timed_out", Ok(&both)).await;
        check("status=broken", Err("of queued, running, success, failed")).await;
        check("job=not%2Fone", Err("job id")).await;
    }
}
