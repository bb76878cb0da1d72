//! API tokens: one's own, and everybody's.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use sandglass_contract::{TokenId, UserId};
use sandglass_registry::{
    AuditAction, Role, StoreError, TokenKind, TokenRecord, TokenScope, User, job::Description,
};
use sandglass_scheduler::Act;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::users::{AccountPage, find, invalid};
use crate::{
    auth::{Caller, SecretToken},
    extract::{JsonBody, Path, Query},
    problem::{PROBLEM_JSON, Problem, ProblemDetails},
    state::ApiState,
};

/// A token; its secret is shown once, when it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenView {
    #[serde(rename = "_id")]
    id: TokenId,
    user: UserId,
    /// What it is for.
    name: String,
    /// The role that the user acts in with it; none means the user's own.
    role: Option<Role>,
    scopes: Vec<TokenScope>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// To the minute.
    last_used_at: Option<Timestamp>,
}

/// A page of tokens, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenList {
    tokens: Vec<TokenView>,
    total: u64,
    page: u32,
    pages: u64,
}

/// A new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenDraft {
    /// Whose it is; without it, the caller's own.
    #[serde(default)]
    user: Option<UserId>,
    /// What it is for.
    #[schema(value_type = String, max_length = 2000)]
    name: Description,
    /// A role with which less may be done than with one's own.
    #[serde(default)]
    role: Option<Role>,
    /// What it is good for; without it, everything that the role allows.
    #[serde(default)]
    scopes: Option<Vec<TokenScope>>,
    /// When it is no longer taken; without it, never.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenMade {
    /// The whole token. It is shown this once.
    secret: String,
    token: TokenView,
}

/// A token that was revoked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenRevoked {
    message: &'static str,
}

impl From<TokenRecord> for TokenView {
    fn from(token: TokenRecord) -> Self {
        Self {
            id: token.id,
            user: token.user,
            name: token.name,
            role: token.role,
            scopes: token.scopes.into_iter().collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// List the own tokens
#[utoipa::path(
    get, path = "/api/auth/tokens", tag = "Accounts", params(AccountPage),
    responses((status = 200, description = "A page of tokens", body = TokenList)),
)]
pub(super) async fn list_own_tokens(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<AccountPage>,
) -> Result<Json<TokenList>, Problem> {
    list(&state, &caller, Some(&caller.actor.user), &query).await
}

/// List the tokens of everybody
#[utoipa::path(
    get, path = "/api/admin/tokens", tag = "Accounts", params(AccountPage),
    responses((status = 200, description = "A page of tokens", body = TokenList)),
)]
pub(super) async fn list_tokens(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<AccountPage>,
) -> Result<Json<TokenList>, Problem> {
    list(&state, &caller, None, &query).await
}

async fn list(
    state: &ApiState,
    caller: &Caller,
    user: Option<&UserId>,
    query: &AccountPage,
) -> Result<Json<TokenList>, Problem> {
    let store = state.scheduler.store();
    let page = store.tokens(&caller.scope, user, query.request()).await?;
    Ok(Json(TokenList {
        tokens: page.items.into_iter().map(TokenView::from).collect(),
        total: page.total,
        page: page.page,
        pages: page.pages,
    }))
}

/// Make a token for oneself
///
/// Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/auth/tokens", tag = "Accounts",
    request_body(content = TokenDraft, example = json!({
        "name": "nightly script", "scopes": ["read", "run"], "expires_at": "2027-01-01T00:00:00Z",
    })),
    responses((status = 201, description = "The token is made", body = TokenMade)),
)]
pub(super) async fn create_own_token(
    caller: Caller,
    State(state): State<ApiState>,
    JsonBody(draft): JsonBody<TokenDraft>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    if draft
        .user
        .as_ref()
        .is_some_and(|it| *it != caller.actor.user)
    {
        let detail = "this makes tokens of one's own; POST /api/admin/tokens makes those of others";
        return Err(invalid("/user", "not_own", detail));
    }
    let user = find(&state, &caller.scope, &caller.actor.user).await?;
    make(&state, &caller, user, draft).await
}

/// Make a token for somebody
///
/// Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/admin/tokens", tag = "Accounts",
    request_body(content = TokenDraft, example = json!({"user": "grace", "name": "review"})),
    responses(
        (status = 201, description = "The token is made", body = TokenMade),
        (status = 404, description = "There is no such user", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn create_token(
    caller: Caller,
    State(state): State<ApiState>,
    JsonBody(draft): JsonBody<TokenDraft>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    let user = draft.user.as_ref().unwrap_or(&caller.actor.user);
    let user = find(&state, &caller.scope, user).await?;
    make(&state, &caller, user, draft).await
}

async fn make(
    state: &ApiState,
    caller: &Caller,
    user: User,
    draft: TokenDraft,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    // With a token of a lesser role, the own role is the one acted in.
    let own = match user.id == caller.actor.user {
        true => caller.actor.role,
        false => user.role,
    };
    if let Some(role) = draft.role.filter(|role| !own.may_lend(*role)) {
        let (role, own) = (role.as_str(), own.as_str());
        let detail = format!("a user who is {own} has no token as {role}");
        return Err(invalid("/role", "role_too_wide", &detail));
    }
    let lent = draft.role.or((own != user.role).then_some(own));
    let now = state.scheduler.clock().now();
    if draft.expires_at.is_some_and(|end| end <= now) {
        return Err(invalid("/expires_at", "in_the_past", "this moment is over"));
    }
    let wanted = draft.scopes.unwrap_or_else(|| TokenScope::ALL.into());
    let scopes: BTreeSet<_> = match user.id == caller.actor.user {
        true => wanted
            .into_iter()
            .filter(|it| caller.scopes.contains(it))
            .collect(),
        false => wanted.into_iter().collect(),
    };
    if scopes.is_empty() {
        let detail = "a token is good for at least one scope that the caller has";
        return Err(invalid("/scopes", "no_scope", detail));
    }
    let failed = || Problem::internal(&std::io::Error::other("no token could be made"));
    let secret = SecretToken::fresh().ok_or_else(failed)?;
    let record = TokenRecord {
        name: draft.name.as_str().to_owned(),
        role: lent,
        scopes,
        expires_at: draft.expires_at,
        ..TokenRecord::new(
            secret.id().clone(),
            user.id,
            TokenKind::Api,
            secret.digest(),
            now,
        )
    };
    let act = Act::new(AuditAction::TokenCreated, &record.id).with(json!({
        "user": record.user,
        "name": record.name,
        "role": record.role,
        "scopes": record.scopes,
        "expires_at": record.expires_at,
    }));
    let saving = state.scheduler.store().put_token(&record);
    state.audited(caller, act, saving).await?;
    let made = TokenMade {
        secret: secret.reveal().to_owned(),
        token: record.into(),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revoke a token of one's own
#[utoipa::path(
    delete, path = "/api/auth/tokens/{id}", tag = "Accounts",
    params(("id" = TokenId, Path, description = "The token")),
    responses((status = 200, description = "The token is revoked", body = TokenRevoked)),
)]
pub(super) async fn revoke_own_token(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<TokenId>,
) -> Result<Json<TokenRevoked>, Problem> {
    let user = caller.actor.user.clone();
    revoke(&state, &caller, &id, |it| it.id == user).await
}

/// Revoke a token
#[utoipa::path(
    delete, path = "/api/admin/tokens/{id}", tag = "Accounts",
    params(("id" = TokenId, Path, description = "The token")),
    responses((status = 200, description = "The token is revoked", body = TokenRevoked)),
)]
pub(super) async fn revoke_token(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<TokenId>,
) -> Result<Json<TokenRevoked>, Problem> {
    let organisation = caller.scope.organisation().clone();
    revoke(&state, &caller, &id, |it| it.org == organisation).await
}

async fn revoke(
    state: &ApiState,
    caller: &Caller,
    id: &TokenId,
    may: impl FnOnce(&User) -> bool,
) -> Result<Json<TokenRevoked>, Problem> {
    let store = state.scheduler.store();
    let found = store.token(id).await?;
    let missing = StoreError::NotFound { what: "token" };
    let (token, _) = found.filter(|(_, user)| may(user)).ok_or(missing)?;
    let act = Act::new(AuditAction::TokenRevoked, id)
        .with(json!({"user": token.user, "name": token.name}));
    state.audited(caller, act, store.remove_token(id)).await?;
    Ok(Json(TokenRevoked {
        message: "Token revoked",
    }))
}
