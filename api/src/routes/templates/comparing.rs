//! What a version of a template would change.

use axum::{Json, extract::State};
use sandglass_contract::{Comparison, Digest, TemplateId};
use sandglass_scheduler::JobsCheck;
use serde::Deserialize;
use utoipa::IntoParams;

use super::versions::VersionPath;
use crate::{
    auth::Caller,
    extract::{Path, Query},
    problem::Problem,
    state::ApiState,
};

/// What a version is compared with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct ComparisonQuery {
    /// The digest of the older version; without it, the version that new jobs use.
    #[serde(default)]
    against: Option<Digest>,
}

/// Compare two versions of a template
///
/// What the newer one can do beside and no longer: its imports in words, the most that a job may be
/// granted, the schema of the parameters place by place, and what it says of itself.
#[utoipa::path(
    get, path = "/api/admin/job-templates/{type}/versions/{digest}/diff", tag = "Templates",
    params(
        ("type" = TemplateId, Path, description = "The template"),
        ("digest" = Digest, Path, description = "The SHA-256 digest of the newer component"),
        ComparisonQuery,
    ),
    responses((status = 200, description = "How they differ", body = Comparison)),
)]
pub(in crate::routes) async fn compare_template_versions(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<VersionPath>,
    Query(query): Query<ComparisonQuery>,
) -> Result<Json<Comparison>, Problem> {
    let catalogue = state.scheduler.catalogue();
    let against = query.against.as_ref();
    let comparison = catalogue
        .compare(&caller.scope, &path.r#type, &path.digest, against)
        .await?;
    Ok(Json(comparison))
}

/// Check the jobs of a template against a version
///
/// The parameters of every job are given to the version's schema, to its `validate` and to its
/// `capabilities`: which jobs would break, and whose grant would become wider or narrower. No job is
/// changed.
#[utoipa::path(
    get, path = "/api/admin/job-templates/{type}/versions/{digest}/check", tag = "Templates",
    params(
        ("type" = TemplateId, Path, description = "The template"),
        ("digest" = Digest, Path, description = "The SHA-256 digest of the component"),
    ),
    responses((status = 200, description = "What it would mean for the jobs", body = JobsCheck)),
)]
pub(in crate::routes) async fn check_template_version(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<VersionPath>,
) -> Result<Json<JobsCheck>, Problem> {
    let catalogue = state.scheduler.catalogue();
    let check = catalogue
        .check_jobs(&caller.scope, &path.r#type, &path.digest)
        .await?;
    Ok(Json(check))
}
