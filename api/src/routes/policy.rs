//! The policy of the system, a setting.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use sandglass_contract::UserId;
use sandglass_registry::{
    Policy, PolicySetting,
    policy::{PolicyDraft, PolicyFault},
};
use sandglass_scheduler::Problem as Fault;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    extract::{IfMatch, JsonBody, etag},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};

/// The policy.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PolicyAnswer {
    policy: Policy,
    /// How often it has been set; 0 is the default, which allows everything.
    version: u64,
    /// Who set it.
    updated_by: Option<UserId>,
    /// When it was set.
    updated_at: Option<Timestamp>,
}

impl PolicyAnswer {
    fn response(setting: PolicySetting) -> Response {
        let headers = [(header::ETAG, etag(setting.version))];
        let answer = Self {
            policy: setting.policy,
            version: setting.version.0,
            updated_by: setting.updated_by,
            updated_at: setting.updated_at,
        };
        (headers, Json(answer)).into_response()
    }
}

/// Read the policy
///
/// What jobs may be granted at all.
#[utoipa::path(
    get, path = "/api/admin/settings/policy", tag = "Capabilities",
    responses((
        status = 200, description = "The policy", body = PolicyAnswer,
        headers(("ETag" = String, description = "The version of the policy")),
    )),
)]
pub(super) async fn get_policy(
    caller: Caller,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let policies = state.scheduler.policies();
    let setting = policies.setting(&caller.scope).await?;
    Ok(PolicyAnswer::response(setting))
}

/// Set the policy
///
/// As a whole. `everybody` binds every job; what a role has narrows that for jobs whose grant somebody of
/// that role saved. Without a list `allow` everything is allowed. Jobs that are there stay as they are;
/// runs whose grant is beyond the new policy do not begin and end as `beyond_policy`.
#[utoipa::path(
    put, path = "/api/admin/settings/policy", tag = "Capabilities",
    params(("If-Match" = Option<String>, Header, description = "The version that the change is meant for")),
    request_body(content = PolicyDraft, example = json!({
        "everybody": {
            "allow": [
                {"interface": "database", "target": "*", "operations": ["count", "find", "aggregate"]},
                {"interface": "database", "target": "log_*", "operations": ["delete"]},
                {"interface": "email", "target": "*@example.com", "operations": ["send"]},
                {"interface": "artifacts", "target": "*", "operations": ["create", "read"]},
            ],
            "limits": {"artifact_bytes": 104_857_600},
        },
        "roles": {},
    })),
    responses(
        (
            status = 200, description = "The policy is set", body = PolicyAnswer,
            headers(("ETag" = String, description = "The version of the policy")),
        ),
        (status = 409, description = "Somebody else changed it meanwhile", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 412, description = "It is not at the version of If-Match", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn set_policy(
    caller: Caller,
    State(state): State<ApiState>,
    if_match: IfMatch,
    JsonBody(draft): JsonBody<PolicyDraft>,
) -> Result<Response, Problem> {
    let policy = draft.read().map_err(refused)?;
    let policies = state.scheduler.policies();
    let current = policies.setting(&caller.scope).await?.version;
    let expected = if_match.expected_version(current)?;
    let setting = policies
        .set(&caller.scope, &caller.actor, policy, expected)
        .await
        .map_err(|error| if_match.judge(error.into()))?;
    Ok(PolicyAnswer::response(setting))
}

fn refused(faults: Vec<PolicyFault>) -> Problem {
    let detail = match faults.as_slice() {
        [one] => one.detail.clone(),
        several => format!("{} things are wrong with the policy", several.len()),
    };
    let fault = |it: PolicyFault| Fault {
        pointer: it.pointer,
        code: "invalid_policy".to_owned(),
        detail: it.detail,
    };
    let faults = faults.into_iter().map(fault).collect();
    Problem::new(ProblemKind::InvalidBody, detail).with_errors(faults)
}
