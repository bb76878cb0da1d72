//! Signing in at another service, by OpenID Connect.

use std::net::IpAddr;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sandglass_contract::{OrganisationId, UserId};
use sandglass_registry::{Actor, AuditAction, Scope, StoreError, User, UserStatus};
use sandglass_scheduler::Act;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::sign_in::begin_session;
use crate::{
    auth::{
        oidc::{Begun, Identity, Oidc, OidcError},
        session,
    },
    extract::{Peer, Query},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};

/// The cookie in which a browser carries a sign-in that has begun.
const COOKIE: &str = "sandglass-sign-in";
/// How long a sign-in may take, in seconds.
const TAKES: u64 = 600;

/// How users can sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignInMethods {
    /// With a password: `POST /api/auth/login`.
    password: bool,
    /// At another service: `GET /api/auth/oidc/login`.
    oidc: bool,
}

/// What the service sends a browser back with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Callback {
    /// What the token is given for.
    #[param(required = false)]
    code: Option<String>,
    /// Which sign-in it is.
    #[param(required = false)]
    state: Option<String>,
    /// Why there is no code.
    #[param(required = false)]
    error: Option<String>,
}

/// List the ways to sign in
#[utoipa::path(
    get, path = "/api/auth/methods", tag = "Accounts",
    responses((status = 200, description = "The ways", body = SignInMethods)),
)]
pub(super) async fn list_methods(State(state): State<ApiState>) -> Json<SignInMethods> {
    Json(SignInMethods {
        password: true,
        oidc: state.oidc.is_some(),
    })
}

/// Sign in at the sign-in service
///
/// Sends the browser there. It comes back to `/api/auth/oidc/callback`.
#[utoipa::path(
    get, path = "/api/auth/oidc/login", tag = "Accounts",
    responses(
        (
            status = 303, description = "The way to the service",
            headers(("Location" = String, description = "Where the browser goes")),
        ),
        (status = 404, description = "No sign-in service is set", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 503, description = "The sign-in service does not answer", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn begin_oidc(State(state): State<ApiState>) -> Result<Response, Problem> {
    let oidc = oidc(&state)?;
    let now = state.scheduler.clock().monotonic();
    let (url, begun) = on_a_thread(move || oidc.begin(now)).await?;
    let carried = serde_json::to_vec(&begun).map_err(|error| Problem::internal(&error))?;
    let carried = URL_SAFE_NO_PAD.encode(carried);
    redirect(&url, &cookie(&state, &carried, TAKES))
}

/// Come back from the sign-in service
///
/// Signs the browser in and sends it to the start page.
#[utoipa::path(
    get, path = "/api/auth/oidc/callback", tag = "Accounts", params(Callback),
    responses(
        (
            status = 303, description = "The browser is signed in",
            headers(
                ("Location" = String, description = "The start page"),
                ("Set-Cookie" = String, description = "The session"),
            ),
        ),
        (status = 401, description = "The sign-in is not valid", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 403, description = "The user has no role here", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 404, description = "No sign-in service is set", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 503, description = "The sign-in service does not answer", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn finish_oidc(
    State(state): State<ApiState>,
    Peer(from): Peer,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Result<Response, Problem> {
    let oidc = oidc(&state)?;
    let (begun, code) = match returned(&headers, callback) {
        Ok(returned) => returned,
        Err(error) => return Err(refuse(&state, from, &error).await),
    };
    let now = state.scheduler.clock().monotonic();
    let found = tokio::task::spawn_blocking(move || oidc.finish(begun, code, now)).await;
    let identity = match found.map_err(|error| Problem::internal(&error))? {
        Ok(identity) => identity,
        Err(error) => return Err(refuse(&state, from, &error).await),
    };
    let user = user_of(&state, identity).await?;
    let session = begin_session(&state, user, from, "oidc").await?;
    let mut response = redirect("/", &cookie(&state, "", 0))?;
    let cookies = session.headers().get_all(header::SET_COOKIE);
    for cookie in cookies {
        response
            .headers_mut()
            .append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

/// What a browser came back with, where it is the one that left.
fn returned(headers: &HeaderMap, callback: Callback) -> Result<(Begun, String), OidcError> {
    let invalid = |text: &str| OidcError::Invalid(text.to_owned());
    if let Some(error) = callback.error {
        let error: String = error
            .chars()
            .filter(|it| !it.is_control())
            .take(200)
            .collect();
        return Err(OidcError::Invalid(format!("the service says {error:?}")));
    }
    let carried = session::cookie(headers, COOKIE)
        .ok_or_else(|| invalid("this browser has not begun it, or ten minutes ago"))?;
    let carried = URL_SAFE_NO_PAD.decode(carried).ok();
    let begun: Option<Begun> = carried.and_then(|it| serde_json::from_slice(&it).ok());
    let begun = begun.ok_or_else(|| invalid("the cookie is damaged"))?;
    if callback.state.as_deref() != Some(begun.state.as_str()) {
        return Err(invalid("it is not the one that this browser has begun"));
    }
    let code = callback.code.ok_or_else(|| invalid("there is no code"))?;
    Ok((begun, code))
}

/// The user of an identity, made where there is none, in the role that the service gives now.
async fn user_of(state: &ApiState, found: Identity) -> Result<User, Problem> {
    let store = state.scheduler.store();
    let scope = Scope::of(OrganisationId::default());
    let auditor = state.scheduler.auditor();
    let actor = Actor::system();
    let forbidden = |detail: String| Problem::new(ProblemKind::Forbidden, detail);
    if let Some(before) = store.user_of_identity(&found.identity).await? {
        if before.status == UserStatus::Disabled {
            return Err(forbidden("the user is disabled".to_owned()));
        }
        let after = User {
            role: found.role,
            ..before.clone()
        };
        if after != before {
            let act = Act::new(AuditAction::UserUpdated, &before.id)
                .with(json!({"before": {"role": before.role}, "after": {"role": after.role}}));
            let replacing = store.replace_user(&before, &after);
            auditor.around(&scope, &actor, act, replacing).await?;
        }
        return Ok(after);
    }
    let id = UserId::parse(found.id.as_str());
    let id =
        id.map_err(|error| forbidden(format!("{error}; the sign-in service gives another")))?;
    let user = User {
        org: scope.organisation().clone(),
        role: found.role,
        status: UserStatus::Active,
        password: None,
        identity: Some(found.identity),
        created_at: state.scheduler.clock().now(),
        id,
    };
    let taken = || {
        forbidden(format!(
            "the user {} is somebody else here; ask a super_admin",
            user.id
        ))
    };
    if user.id.is_reserved() || store.user(&user.id).await?.is_some() {
        return Err(taken());
    }
    let act = Act::new(AuditAction::UserCreated, &user.id)
        .with(json!({"role": user.role, "identity": user.identity}));
    let saving = store.insert_user(&user, None);
    match auditor.around(&scope, &actor, act, saving).await {
        Ok(()) => Ok(user),
        Err(StoreError::Exists { .. }) => Err(taken()),
        Err(error) => Err(error.into()),
    }
}

async fn refuse(state: &ApiState, from: Option<IpAddr>, error: &OidcError) -> Problem {
    let actor = Actor {
        from,
        ..Actor::nobody()
    };
    let act = Act::new(AuditAction::LoginFailed, "no user's id")
        .with(json!({"with": "oidc", "error": error.to_string()}));
    let scope = Scope::of(OrganisationId::default());
    let noted = state.scheduler.auditor().note(&scope, &actor, act).await;
    match noted {
        Ok(_) => of(error),
        Err(error) => error.into(),
    }
}

fn of(error: &OidcError) -> Problem {
    let kind = match error {
        OidcError::Unavailable(_) => {
            tracing::warn!(%error, "oidc.unavailable");
            let detail = "the sign-in service does not answer as it should; try again in a moment";
            return Problem::new(ProblemKind::Unavailable, detail);
        }
        OidcError::Invalid(_) => ProblemKind::Unauthenticated,
        OidcError::NoRole | OidcError::NoId { .. } => ProblemKind::Forbidden,
    };
    Problem::new(kind, error.to_string())
}

fn oidc(state: &ApiState) -> Result<Oidc, Problem> {
    let detail = "no sign-in service is set; sign in with a password";
    let missing = || Problem::new(ProblemKind::NotFound, detail);
    state.oidc.clone().ok_or_else(missing)
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OidcError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Problem::internal(&error))?
        .map_err(|error| of(&error))
}

fn cookie(state: &ApiState, value: &str, seconds: u64) -> String {
    let secure = state.transport.secure();
    format!(
        "{COOKIE}={value}; Path=/api/auth/oidc; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
    )
}

fn redirect(to: &str, cookie: &str) -> Result<Response, Problem> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|it| Problem::internal(&it));
    let headers = AppendHeaders([
        (header::LOCATION, value(to)?),
        (header::SET_COOKIE, value(cookie)?),
    ]);
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
