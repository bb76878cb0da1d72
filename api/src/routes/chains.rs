//! Chains: executions that follow from each other.

use axum::{Json, extract::State};
use sandglass_contract::ExecutionId;
use sandglass_scheduler::ChainNode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Caller, extract::Path, problem::Problem, state::ApiState};

/// A chain as one tree, from the execution that it began with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChainAnswer {
    chain: ChainNode,
}

/// Read the chain of an execution
///
/// The whole tree that the execution belongs to, whichever of its executions is named: what ran, what
/// was skipped and why. At most 1000 executions.
#[utoipa::path(
    get, path = "/api/admin/job-executions/{id}/chain", tag = "Executions",
    params(("id" = ExecutionId, Path, description = "Any execution of the chain")),
    responses((status = 200, description = "The tree", body = ChainAnswer)),
)]
pub(super) async fn get_chain(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<ExecutionId>,
) -> Result<Json<ChainAnswer>, Problem> {
    let chain = state.scheduler.jobs().chain(&caller.scope, &id).await?;
    Ok(Json(ChainAnswer { chain }))
}
