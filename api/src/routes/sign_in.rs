//! Signing in with a password, and what a user may see and change of the own account.

use std::net::IpAddr;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{AppendHeaders, IntoResponse, Response},
};
use sandglass_contract::{OrganisationId, UserId};
use sandglass_registry::{
    Actor, AuditAction, Role, Scope, TokenKind, TokenRecord, TokenScope, User, UserStatus,
};
use sandglass_scheduler::Act;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    access::TABLE,
    auth::{
        Caller, SecretToken,
        attempts::Attempts,
        password::{NewPassword, Password},
        session::{self, SESSION_HOLDS},
    },
    extract::{JsonBody, Peer},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The user's id.
    #[schema(max_length = 128)]
    user: String,
    /// The user's password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Password,
}

/// A changed password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The password so far.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    current: Password,
    /// The password from now on.
    #[schema(value_type = String, format = Password, min_length = 15, max_length = 1024)]
    new: NewPassword,
}

/// Who calls, and what the caller may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    user: UserId,
    /// The role that the caller acts in.
    role: Role,
    /// What the token or session is good for.
    scopes: Vec<TokenScope>,
    kind: TokenKind,
    /// Every operation that the caller may call, as `METHOD path`.
    operations: Vec<String>,
}

/// Something was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountDone {
    message: &'static str,
}

/// Sign in
///
/// With a password. The answer sets the session's cookie, which ends after 12 hours, or after an hour in
/// which nothing was asked.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "Accounts",
    request_body(content = SignIn, example = json!({"user": "ada", "password": "several good words"})),
    responses(
        (
            status = 200, description = "The caller is signed in", body = Me,
            headers(("Set-Cookie" = String, description = "The session")),
        ),
        (status = 401, description = "The user or the password is wrong", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 429, description = "There were too many attempts", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 503, description = "Something does not answer", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn sign_in(
    State(state): State<ApiState>,
    Peer(from): Peer,
    JsonBody(request): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let store = state.scheduler.store();
    let id = UserId::parse(request.user).ok();
    let tried = id.as_ref().map_or("", UserId::as_str);
    let attempts = Attempts::of(tried, from);
    attempts.count(store.as_ref()).await?;
    let found = match &id {
        Some(id) => store.user(id).await?,
        None => None,
    };
    let may = found.filter(|user| user.status == UserStatus::Active);
    let hash = may.as_ref().and_then(|user| user.password.clone());
    let knows = request.password.is(hash).await?;
    match may.filter(|_| knows) {
        Some(user) => {
            attempts.forget(store.as_ref()).await?;
            begin_session(&state, user, from, "password").await
        }
        None => Err(refuse(&state, id, from).await),
    }
}

/// Notes that somebody could not sign in, and says so without telling why.
async fn refuse(state: &ApiState, tried: Option<UserId>, from: Option<IpAddr>) -> Problem {
    let tried = tried.map_or_else(|| "no user's id".to_owned(), |id| id.to_string());
    let actor = Actor {
        from,
        ..Actor::nobody()
    };
    let act = Act::new(AuditAction::LoginFailed, tried).with(json!({"with": "password"}));
    let auditor = state.scheduler.auditor();
    let scope = Scope::of(OrganisationId::default());
    if let Err(error) = auditor.note(&scope, &actor, act).await {
        return error.into();
    }
    let detail = "the user or the password is wrong, or the user is disabled";
    Problem::new(ProblemKind::Unauthenticated, detail)
}

/// Gives the browser of a user a session.
pub(super) async fn begin_session(
    state: &ApiState,
    user: User,
    from: Option<IpAddr>,
    with: &'static str,
) -> Result<Response, Problem> {
    let (store, now) = (state.scheduler.store(), state.scheduler.clock().now());
    let failed = || Problem::internal(&std::io::Error::other("no session could be made"));
    let token = SecretToken::fresh().ok_or_else(failed)?;
    let record = TokenRecord {
        expires_at: now.checked_add(SESSION_HOLDS).ok(),
        ..TokenRecord::new(
            token.id().clone(),
            user.id.clone(),
            TokenKind::Session,
            token.digest(),
            now,
        )
    };
    let caller = Caller {
        actor: Actor {
            user: user.id.clone(),
            role: user.role,
            token: Some(record.id.clone()),
            from,
            reason: None,
        },
        scope: Scope::of(user.org),
        scopes: record.scopes.clone(),
        kind: TokenKind::Session,
    };
    store
        .remove_tokens(&user.id, TokenKind::Session, Some(now))
        .await?;
    let act = Act::new(AuditAction::LoginSucceeded, &user.id).with(json!({"with": with}));
    state
        .audited(&caller, act, store.put_token(&record))
        .await?;
    let cookie = session::begin(state.transport, &token).ok_or_else(failed)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(me(caller))).into_response())
}

/// Sign out
///
/// Ends the session, or revokes the token that the request was made with.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "Accounts",
    responses((
        status = 200, description = "The session is over", body = AccountDone,
        headers(("Set-Cookie" = String, description = "Takes the session away")),
    )),
)]
pub(super) async fn sign_out(
    caller: Caller,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    if let Some(token) = &caller.actor.token {
        let store = state.scheduler.store();
        let act = Act::new(AuditAction::LoggedOut, &caller.actor.user);
        state
            .audited(&caller, act, store.remove_token(token))
            .await?;
    }
    let cookie = session::end(state.transport).map(|cookie| (header::SET_COOKIE, cookie));
    let done = Json(AccountDone {
        message: "Signed out",
    });
    Ok((AppendHeaders(cookie), done).into_response())
}

/// Read the own account
#[utoipa::path(
    get, path = "/api/auth/me", tag = "Accounts",
    responses((status = 200, description = "Who calls, and what the caller may do", body = Me)),
)]
pub(super) async fn get_me(caller: Caller) -> Json<Me> {
    Json(me(caller))
}

fn me(caller: Caller) -> Me {
    let may = TABLE.iter().filter(|row| row.admits(&caller));
    Me {
        operations: may
            .map(|row| format!("{} {}", row.method, row.path))
            .collect(),
        user: caller.actor.user,
        role: caller.actor.role,
        scopes: caller.scopes.into_iter().collect(),
        kind: caller.kind,
    }
}

/// Change the own password
///
/// Every session of the user ends, this one too.
#[utoipa::path(
    post, path = "/api/auth/password", tag = "Accounts",
    request_body(content = PasswordChange, example = json!({
        "current": "several good words", "new": "other words, and more of them",
    })),
    responses(
        (status = 200, description = "The password is changed", body = AccountDone),
        (status = 403, description = "The password so far is another", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn change_password(
    caller: Caller,
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<PasswordChange>,
) -> Result<Json<AccountDone>, Problem> {
    let store = state.scheduler.store();
    let id = &caller.actor.user;
    let user = store.user(id).await?;
    let hash = user.as_ref().and_then(|user| user.password.clone());
    let knows = request.current.is(hash).await?;
    let Some(before) = user.filter(|_| knows) else {
        let detail = "the password so far is another, or there is none";
        return Err(Problem::new(ProblemKind::Forbidden, detail));
    };
    let after = User {
        password: Some(request.new.hash().await?),
        ..before.clone()
    };
    let act = Act::new(AuditAction::PasswordChanged, id);
    state
        .audited(&caller, act, store.replace_user(&before, &after))
        .await?;
    store.remove_tokens(id, TokenKind::Session, None).await?;
    Ok(Json(AccountDone {
        message: "Password changed; sign in again",
    }))
}
