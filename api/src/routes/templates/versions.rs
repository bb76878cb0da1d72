//! Versions of a template: reading them, and deciding what becomes of them.

use axum::{Json, extract::State};
use sandglass_contract::{Digest, TemplateId};
use sandglass_registry::{Reason, Ruling};
use sandglass_scheduler::DecisionRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::{VersionAnswer, VersionDetail, VersionList, VersionView};
use crate::{
    auth::Caller,
    extract::{JsonBody, OptionalJsonBody, Path},
    problem::{PROBLEM_JSON, Problem, ProblemDetails},
    state::ApiState,
};

/// A version of a template.
#[derive(Debug, Deserialize)]
pub(in crate::routes) struct VersionPath {
    pub(super) r#type: TemplateId,
    pub(super) digest: Digest,
}

/// Why a version is approved.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::routes) struct ApprovalRequest {
    /// The reason, for whoever asks later.
    #[schema(value_type = Option<String>, max_length = 2000)]
    reason: Option<Reason>,
}

/// Why a version is rejected or retired.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct RefusalRequest {
    /// The reason, for whoever brought it and whoever asks later.
    #[schema(value_type = String, min_length = 1, max_length = 2000)]
    reason: Reason,
}

/// List the versions of a template
///
/// Oldest first, each with what was decided about it.
#[utoipa::path(
    get, path = "/api/admin/job-templates/{type}/versions", tag = "Templates",
    params(("type" = TemplateId, Path, description = "The template")),
    responses((status = 200, description = "Every version", body = VersionList)),
)]
pub(in crate::routes) async fn list_template_versions(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<TemplateId>,
) -> Result<Json<VersionList>, Problem> {
    let catalogue = state.scheduler.catalogue();
    let template = catalogue.template(&caller.scope, &id).await?;
    let view = |version| VersionView::of(catalogue, version);
    let versions = template.versions.into_iter().map(view).collect();
    Ok(Json(VersionList {
        template_id: id,
        versions,
    }))
}

/// Read a version of a template
#[utoipa::path(
    get, path = "/api/admin/job-templates/{type}/versions/{digest}", tag = "Templates",
    params(
        ("type" = TemplateId, Path, description = "The template"),
        ("digest" = Digest, Path, description = "The SHA-256 digest of the component"),
    ),
    responses((status = 200, description = "The version", body = VersionDetail)),
)]
pub(in crate::routes) async fn get_template_version(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<VersionPath>,
) -> Result<Json<VersionDetail>, Problem> {
    let catalogue = state.scheduler.catalogue();
    let version = catalogue
        .version(&caller.scope, &path.r#type, &path.digest)
        .await?;
    Ok(Json(VersionDetail::of(catalogue, version)))
}

/// Approve a version of a template
///
/// New jobs use it from now on. Jobs that there are stay on the version that they have. Whoever uploaded
/// it cannot approve it.
#[utoipa::path(
    post, path = "/api/admin/job-templates/{type}/versions/{digest}/approve", tag = "Templates",
    params(
        ("type" = TemplateId, Path, description = "The template"),
        ("digest" = Digest, Path, description = "The SHA-256 digest of the component"),
    ),
    request_body(content = Option<ApprovalRequest>, example = json!({"reason": "reads what it says"})),
    responses(
        (status = 200, description = "The version is approved", body = VersionAnswer),
        (status = 403, description = "The caller uploaded it", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 409, description = "It was rejected or retired", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 422, description = "The body does not fit, or no trusted key vouches for the version", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(in crate::routes) async fn approve_template_version(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<VersionPath>,
    OptionalJsonBody(request): OptionalJsonBody<ApprovalRequest>,
) -> Result<Json<VersionAnswer>, Problem> {
    decide(&caller, &state, path, Ruling::Approved, request.reason).await
}

/// Reject a version of a template
///
/// No job ever uses it. Whoever uploaded it cannot reject it.
#[utoipa::path(
    post, path = "/api/admin/job-templates/{type}/versions/{digest}/reject", tag = "Templates",
    params(
        ("type" = TemplateId, Path, description = "The template"),
        ("digest" = Digest, Path, description = "The SHA-256 digest of the component"),
    ),
    request_body(content = RefusalRequest, example = json!({"reason": "it deletes more than it says"})),
    responses(
        (status = 200, description = "The version is rejected", body = VersionAnswer),
        (status = 403, description = "The caller uploaded it", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 409, description = "It was approved or retired", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(in crate::routes) async fn reject_template_version(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<VersionPath>,
    JsonBody(request): JsonBody<RefusalRequest>,
) -> Result<Json<VersionAnswer>, Problem> {
    let reason = Some(request.reason);
    decide(&caller, &state, path, Ruling::Rejected, reason).await
}

/// Retire a version of a template
///
/// Jobs that have it keep it and go on; no other job gets it. Whoever uploaded it cannot retire it.
#[utoipa::path(
    post, path = "/api/admin/job-templates/{type}/versions/{digest}/retire", tag = "Templates",
    params(
        ("type" = TemplateId, Path, description = "The template"),
        ("digest" = Digest, Path, description = "The SHA-256 digest of the component"),
    ),
    request_body(content = RefusalRequest, example = json!({"reason": "1.2.0 replaces it"})),
    responses(
        (status = 200, description = "The version is retired", body = VersionAnswer),
        (status = 403, description = "The caller uploaded it", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 409, description = "It is not approved", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(in crate::routes) async fn retire_template_version(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<VersionPath>,
    JsonBody(request): JsonBody<RefusalRequest>,
) -> Result<Json<VersionAnswer>, Problem> {
    let reason = Some(request.reason);
    decide(&caller, &state, path, Ruling::Retired, reason).await
}

async fn decide(
    caller: &Caller,
    state: &ApiState,
    path: VersionPath,
    ruling: Ruling,
    reason: Option<Reason>,
) -> Result<Json<VersionAnswer>, Problem> {
    let request = DecisionRequest {
        template: path.r#type.clone(),
        digest: path.digest,
        ruling,
        reason,
    };
    let catalogue = state.scheduler.catalogue();
    let version = catalogue
        .decide(&caller.scope, &caller.actor, request)
        .await?;
    Ok(Json(VersionAnswer {
        template_id: path.r#type,
        version: VersionView::of(catalogue, version),
        message: match ruling {
            Ruling::Approved => "Template version approved",
            Ruling::Rejected => "Template version rejected",
            Ruling::Retired => "Template version retired",
        },
    }))
}
