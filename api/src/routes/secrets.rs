//! Secrets that templates may use without seeing them: their names, and never their values.

use axum::{Json, extract::State};
use jiff::Timestamp;
use sandglass_contract::{SecretName, SecretValue, UserId};
use sandglass_scheduler::{KnownSecret, Problem as Fault, SecretsError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    extract::{JsonBody, Path},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};

/// A secret, without its value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretView {
    /// Its name, as jobs name it.
    #[schema(value_type = String)]
    name: SecretName,
    /// When it was first set.
    created_at: Timestamp,
    /// When it was set last.
    updated_at: Timestamp,
    /// Who set it last.
    updated_by: UserId,
    /// Whether the service can read it: it has the key that the secret was sealed under.
    readable: bool,
}

/// Every secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretList {
    secrets: Vec<SecretView>,
}

/// A secret as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretRequest {
    /// The value. It cannot be read again.
    #[schema(min_length = 8, max_length = 8192)]
    value: String,
}

/// That a secret was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretRemoved {
    message: &'static str,
}

impl From<KnownSecret> for SecretView {
    fn from(known: KnownSecret) -> Self {
        Self {
            name: known.secret.name,
            created_at: known.secret.created_at,
            updated_at: known.secret.updated_at,
            updated_by: known.secret.updated_by,
            readable: known.is_readable,
        }
    }
}

impl From<SecretsError> for Problem {
    fn from(error: SecretsError) -> Self {
        match error {
            SecretsError::Store(error) => error.into(),
            SecretsError::NoKey => Self::new(ProblemKind::NoSecretsKey, error.to_string()),
            SecretsError::TooMany => Self::new(ProblemKind::LimitReached, error.to_string()),
            SecretsError::Vault(error) => Self::internal(&error),
        }
    }
}

/// List secrets
///
/// By name. Values are never shown.
#[utoipa::path(
    get, path = "/api/admin/secrets", tag = "Secrets",
    responses((status = 200, description = "Every secret, without its value", body = SecretList)),
)]
pub(super) async fn list_secrets(
    caller: Caller,
    State(state): State<ApiState>,
) -> Result<Json<SecretList>, Problem> {
    let secrets = state.scheduler.secrets().list(&caller.scope).await?;
    let secrets = secrets.into_iter().map(SecretView::from).collect();
    Ok(Json(SecretList { secrets }))
}

/// Set a secret
///
/// In the place of the one of that name, where there is one. Runs that have begun keep the value that
/// they have.
#[utoipa::path(
    put, path = "/api/admin/secrets/{name}", tag = "Secrets",
    params(("name" = String, Path, description = "The secret's name")),
    request_body(content = SecretRequest, example = json!({"value": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})),
    responses(
        (status = 200, description = "The secret is set", body = SecretView),
        (status = 409, description = "There is no key to seal it with, or there are too many secrets", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn set_secret(
    caller: Caller,
    State(state): State<ApiState>,
    Path(name): Path<String>,
    JsonBody(request): JsonBody<SecretRequest>,
) -> Result<Json<SecretView>, Problem> {
    let name = SecretName::parse(name).map_err(|error| invalid("", &error.to_string()))?;
    let value = SecretValue::new(request.value);
    let value = value.map_err(|error| invalid("/value", &error.to_string()))?;
    let secrets = state.scheduler.secrets();
    let set = secrets
        .put(&caller.scope, &caller.actor, &name, &value)
        .await?;
    Ok(Json(set.into()))
}

/// Remove a secret
///
/// Jobs that use it fail from now on.
#[utoipa::path(
    delete, path = "/api/admin/secrets/{name}", tag = "Secrets",
    params(("name" = String, Path, description = "The secret's name")),
    responses((status = 200, description = "The secret is removed", body = SecretRemoved)),
)]
pub(super) async fn remove_secret(
    caller: Caller,
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<SecretRemoved>, Problem> {
    let refused =
        |error: sandglass_contract::IdError| Problem::new(ProblemKind::NotFound, error.to_string());
    let name = SecretName::parse(name).map_err(refused)?;
    let secrets = state.scheduler.secrets();
    secrets.delete(&caller.scope, &caller.actor, &name).await?;
    Ok(Json(SecretRemoved {
        message: "Secret removed",
    }))
}

fn invalid(pointer: &str, detail: &str) -> Problem {
    let fault = Fault {
        pointer: pointer.to_owned(),
        code: "invalid_secret".to_owned(),
        detail: detail.to_owned(),
    };
    Problem::new(ProblemKind::InvalidBody, detail).with_errors(vec![fault])
}
