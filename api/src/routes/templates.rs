//! Templates: the catalogue and uploads. What becomes of a version is in `versions`.

pub(in crate::routes) mod comparing;
mod sources;
pub(in crate::routes) mod versions;
mod views;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sandglass_contract::TemplateId;
use sandglass_registry::StoreError;

use super::jobs::location_header;
use crate::{
    auth::Caller,
    extract::{ComponentBytes, Path, SignatureHeader},
    problem::{PROBLEM_JSON, Problem, ProblemDetails},
    state::ApiState,
};
use views::{TemplateAnswer, TemplateList, TemplateUploaded, TemplateView};

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
    let catalogue = state.scheduler.catalogue();
    let templates = catalogue.list(&caller.scope).await?;
    let view = |template| TemplateView::of(catalogue, template);
    let templates = templates.into_iter().filter_map(view).collect();
    Ok(Json(TemplateList { templates }))
}

/// Read a template
///
/// `schema` is the JSON Schema of the parameters of a job, with the choices filled in that this service
/// has: a property marked `"x-sandglass-source": "collections"` lists those collections that the policy lets
/// the caller's jobs touch, one marked `"secrets"` the names of the secrets.
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
    let catalogue = state.scheduler.catalogue();
    let template = catalogue.template(&caller.scope, &id).await?;
    let missing = StoreError::NotFound { what: "template" };
    let template = TemplateView::of(catalogue, template).ok_or(missing)?;
    let mut schema = template.parameters_schema().clone();
    let collections = state.database.collections().await?;
    let policy = state.scheduler.policies().setting(&caller.scope).await?;
    let names = sources::allowed(&policy.policy, caller.actor.role, &collections);
    sources::fill_in(&mut schema, "collections", &names);
    let secrets = state.scheduler.secrets().list(&caller.scope).await?;
    let secrets = secrets
        .iter()
        .map(|it| it.secret.name.to_string())
        .collect();
    sources::fill_in(&mut schema, "secrets", &secrets);
    Ok(Json(TemplateAnswer { template, schema }))
}

/// Upload a template
///
/// The body is a WebAssembly component of the world `sandglass:job/template`. Jobs cannot use it before
/// it is approved, by somebody else than who uploaded it. It may come with a signature.
#[utoipa::path(
    post, path = "/api/admin/job-templates", tag = "Templates",
    params(
        ("Sandglass-Signature" = Option<String>, Header, description = "An Ed25519 signature: the name of its key, `=`, and 64 bytes in Base64"),
    ),
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
    SignatureHeader(signature): SignatureHeader,
    ComponentBytes(component): ComponentBytes,
) -> Result<Response, Problem> {
    let catalogue = state.scheduler.catalogue();
    let version = catalogue
        .upload(&caller.scope, &caller.actor, &component, signature)
        .await?;
    let location = format!("/api/admin/job-templates/{}", version.metadata.id);
    let uploaded = TemplateUploaded::of(catalogue, version);
    Ok((
        StatusCode::CREATED,
        [location_header(&location)],
        Json(uploaded),
    )
        .into_response())
}
