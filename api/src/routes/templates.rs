//! Templates: the catalogue, uploads, and approvals.

mod sources;
mod views;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sandglass_contract::{Digest, TemplateId};
use sandglass_registry::StoreError;
use serde::Deserialize;

use super::jobs::location_header;
use crate::{
    auth::Caller,
    extract::{ComponentBytes, Path},
    problem::{PROBLEM_JSON, Problem, ProblemDetails},
    state::ApiState,
};
use views::{
    TemplateAnswer, TemplateList, TemplateUploaded, TemplateView, VersionAnswer, VersionView,
};

/// A version of a template.
#[derive(Debug, Deserialize)]
pub(super) struct VersionPath {
    r#type: TemplateId,
    digest: Digest,
}

/// List templates
///
/// By id. Each shows the version that new jobs use; where none is approved yet, the one uploaded last.
#[utoipa::path(
    get, path = "/api/admin/job-templates", tag = "Templates",
    responses((status = 200, description = "Every template", body = TemplateList)),
)]
pub(super) async fn list_templates(
    caller: Caller,
    State(state): State<ApiState>,
) -> Result<Json<TemplateList>, Problem> {
    let templates = state.scheduler.catalogue().list(&caller.scope).await?;
    let templates = templates.into_iter().filter_map(TemplateView::of).collect();
    Ok(Json(TemplateList { templates }))
}

/// Read a template
///
/// `schema` is the JSON Schema of the parameters of a job, with the choices filled in that this service
/// has: a property marked `"x-sandglass-source": "collections"` lists the collections there are, one marked
/// `"secrets"` the names of the secrets.
#[utoipa::path(
    get, path = "/api/admin/job-templates/{type}", tag = "Templates",
    params(("type" = TemplateId, Path, description = "The template")),
    responses((status = 200, description = "The template", body = TemplateAnswer)),
)]
pub(super) async fn get_template(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<TemplateId>,
) -> Result<Json<TemplateAnswer>, Problem> {
    let template = state
        .scheduler
        .catalogue()
        .template(&caller.scope, &id)
        .await?;
    let missing = StoreError::NotFound { what: "template" };
    let template = TemplateView::of(template).ok_or(missing)?;
    let mut schema = template.parameters_schema().clone();
    let collections = state.database.collections().await?;
    let collections: Vec<String> = collections.iter().map(|it| it.as_str().into()).collect();
    sources::fill_in(&mut schema, "collections", &collections);
    let secrets = state.scheduler.secrets().list(&caller.scope).await?;
    let secrets: Vec<String> = secrets
        .iter()
        .map(|it| it.secret.name.to_string())
        .collect();
    sources::fill_in(&mut schema, "secrets", &secrets);
    Ok(Json(TemplateAnswer { template, schema }))
}

/// Upload a template
///
/// The body is a WebAssembly component of the world `sandglass:job/template`. Jobs cannot use it before
/// it is approved.
#[utoipa::path(
    post, path = "/api/admin/job-templates", tag = "Templates",
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component"),
    responses(
        (
            status = 201, description = "The template is in the catalogue", body = TemplateUploaded,
            headers(("Location" = String, description = "The path of the template")),
        ),
        (status = 409, description = "The template has that version already", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn upload_template(
    caller: Caller,
    State(state): State<ApiState>,
    ComponentBytes(component): ComponentBytes,
) -> Result<Response, Problem> {
    let catalogue = state.scheduler.catalogue();
    let version = catalogue
        .upload(&caller.scope, &caller.user, &component)
        .await?;
    let location = format!("/api/admin/job-templates/{}", version.metadata.id);
    let uploaded = TemplateUploaded::of(version);
    Ok((
        StatusCode::CREATED,
        [location_header(&location)],
        Json(uploaded),
    )
        .into_response())
}

/// Approve a version of a template
///
/// New jobs use it from now on. Jobs that there are stay on the version that they have.
#[utoipa::path(
    post, path = "/api/admin/job-templates/{type}/versions/{digest}/approve", tag = "Templates",
    params(
        ("type" = TemplateId, Path, description = "The template"),
        ("digest" = Digest, Path, description = "The SHA-256 digest of the component"),
    ),
    responses((status = 200, description = "The version is approved", body = VersionAnswer)),
)]
pub(super) async fn approve_template_version(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<VersionPath>,
) -> Result<Json<VersionAnswer>, Problem> {
    let catalogue = state.scheduler.catalogue();
    let version = catalogue
        .approve(&caller.scope, &caller.user, &path.r#type, &path.digest)
        .await?;
    Ok(Json(VersionAnswer {
        template_id: path.r#type,
        version: VersionView::of(version),
        message: "Template version approved",
    }))
}
