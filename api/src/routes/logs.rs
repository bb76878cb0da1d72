//! The log of an execution, part by part.

use axum::{Json, extract::State};
use sandglass_contract::{ExecutionId, LogLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::executions::find;
use crate::{
    auth::Caller,
    extract::{Path, Query},
    problem::Problem,
    state::ApiState,
};

/// The most lines of one part.
const MAX_LINES: u32 = 5000;

/// Which part of a log is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogsQuery {
    /// Only lines whose `seq` is greater.
    #[serde(default)]
    #[param(default = 0)]
    after: u64,
    /// How many lines at the most; above 5000 means 5000.
    #[serde(default = "lines_of_a_part")]
    #[param(minimum = 1, default = 1000)]
    limit: u32,
}

const fn lines_of_a_part() -> u32 {
    1000
}

/// A part of a log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogPart {
    logs: Vec<LogLine>,
    /// The `after` with which to read on.
    next_after: u64,
    /// Whether the execution has ended and this part reaches the end of its log.
    complete: bool,
}

/// Read the log of an execution
#[utoipa::path(
    get, path = "/api/admin/job-executions/{id}/logs", tag = "Executions",
    params(("id" = ExecutionId, Path, description = "The execution"), LogsQuery),
    responses((status = 200, description = "A part of the log", body = LogPart)),
)]
pub(super) async fn list_logs(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<ExecutionId>,
    Query(query): Query<LogsQuery>,
) -> Result<Json<LogPart>, Problem> {
    let execution = find(&state, &caller.scope, &id).await?;
    let limit = query.limit.clamp(1, MAX_LINES);
    let store = state.scheduler.store();
    let logs = store.log(&caller.scope, &id, query.after, limit).await?;
    Ok(Json(LogPart {
        next_after: logs.last().map_or(query.after, |line| line.seq),
        complete: execution.status.is_finished() && logs.len() < limit as usize,
        logs,
    }))
}
