//! Users: listing, making and changing them.

use std::num::NonZeroU32;

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use sandglass_contract::UserId;
use sandglass_registry::{
    AuditAction, PageRequest, Role, Scope, StoreError, TokenKind, User, UserStatus,
};
use sandglass_scheduler::{Act, Problem as Fault};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::{Caller, password::NewPassword},
    extract::{JsonBody, Path, Query, first_page},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};

/// A page of a list of accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AccountPage {
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    page: NonZeroU32,
    /// How many records a page holds; above 200 means 200.
    #[serde(default = "records_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 50, required = false)]
    limit: NonZeroU32,
}

fn records_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN)
}

impl AccountPage {
    pub(super) fn request(&self) -> PageRequest {
        PageRequest::new(self.page, self.limit)
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserView {
    #[serde(rename = "_id")]
    id: UserId,
    role: Role,
    status: UserStatus,
    /// Whether the user can sign in with a password.
    has_password: bool,
    /// Whom the user is at the sign-in service, where it was made for one.
    identity: Option<String>,
    created_at: Timestamp,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserList {
    users: Vec<UserView>,
    total: u64,
    page: u32,
    pages: u64,
}

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserDraft {
    /// The id, which records name.
    id: UserId,
    role: Role,
    /// A password to sign in with; without one the user needs tokens.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 15, max_length = 1024)]
    password: Option<NewPassword>,
}

/// A change of a user; what it does not name stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserPatch {
    #[serde(default)]
    role: Option<Role>,
    /// A disabled user's sessions end, and no password, token or session is taken any more.
    #[serde(default)]
    status: Option<UserStatus>,
    /// A new password. Every session of the user ends.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 15, max_length = 1024)]
    password: Option<NewPassword>,
}

/// A user that was read, made or changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserAnswer {
    user: UserView,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            role: user.role,
            status: user.status,
            has_password: user.password.is_some(),
            identity: user.identity,
            created_at: user.created_at,
        }
    }
}

/// List users
///
/// By id.
#[utoipa::path(
    get, path = "/api/admin/users", tag = "Accounts", params(AccountPage),
    responses((status = 200, description = "A page of users", body = UserList)),
)]
pub(super) async fn list_users(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<AccountPage>,
) -> Result<Json<UserList>, Problem> {
    let store = state.scheduler.store();
    let page = store.users(&caller.scope, query.request()).await?;
    Ok(Json(UserList {
        users: page.items.into_iter().map(UserView::from).collect(),
        total: page.total,
        page: page.page,
        pages: page.pages,
    }))
}

/// Make a user
#[utoipa::path(
    post, path = "/api/admin/users", tag = "Accounts",
    request_body(content = UserDraft, example = json!({"id": "grace", "role": "security_reviewer"})),
    responses(
        (status = 201, description = "The user is there", body = UserAnswer),
        (status = 409, description = "There is a user of that id already", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn create_user(
    caller: Caller,
    State(state): State<ApiState>,
    JsonBody(draft): JsonBody<UserDraft>,
) -> Result<(StatusCode, Json<UserAnswer>), Problem> {
    if draft.id.is_reserved() {
        let detail = "the service itself goes by this id in records; choose another";
        return Err(invalid("/id", "reserved", detail));
    }
    let password = match draft.password {
        Some(password) => Some(password.hash().await?),
        None => None,
    };
    let user = User {
        id: draft.id,
        org: caller.scope.organisation().clone(),
        role: draft.role,
        status: UserStatus::Active,
        password,
        identity: None,
        created_at: state.scheduler.clock().now(),
    };
    let act = Act::new(AuditAction::UserCreated, &user.id)
        .with(json!({"role": user.role, "has_password": user.password.is_some()}));
    let saving = state.scheduler.store().insert_user(&user, None);
    state.audited(&caller, act, saving).await?;
    let user = user.into();
    Ok((StatusCode::CREATED, Json(UserAnswer { user })))
}

/// Read a user
#[utoipa::path(
    get, path = "/api/admin/users/{id}", tag = "Accounts",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserAnswer)),
)]
pub(super) async fn get_user(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<UserId>,
) -> Result<Json<UserAnswer>, Problem> {
    let user = find(&state, &caller.scope, &id).await?.into();
    Ok(Json(UserAnswer { user }))
}

/// Change a user
///
/// Users are disabled and not removed, since records name them. Nobody changes the own role or status.
#[utoipa::path(
    put, path = "/api/admin/users/{id}", tag = "Accounts",
    params(("id" = UserId, Path, description = "The user")),
    request_body(content = UserPatch, example = json!({"status": "disabled"})),
    responses((status = 200, description = "The user is changed", body = UserAnswer)),
)]
pub(super) async fn update_user(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<UserId>,
    JsonBody(patch): JsonBody<UserPatch>,
) -> Result<Json<UserAnswer>, Problem> {
    let before = find(&state, &caller.scope, &id).await?;
    let own = id == caller.actor.user;
    if own && (patch.role.is_some() || patch.status.is_some()) {
        let detail = "nobody changes the own role or status, so that somebody can always undo it";
        return Err(invalid("", "own_account", detail));
    }
    let ends_sessions = patch.password.is_some() || patch.status == Some(UserStatus::Disabled);
    let sets_password = patch.password.is_some();
    let password = match patch.password {
        Some(password) => Some(password.hash().await?),
        None => before.password.clone(),
    };
    let after = User {
        role: patch.role.unwrap_or(before.role),
        status: patch.status.unwrap_or(before.status),
        password,
        ..before.clone()
    };
    let store = state.scheduler.store();
    let act = Act::new(AuditAction::UserUpdated, &id).with(json!({
        "before": {"role": before.role, "status": before.status},
        "after": {"role": after.role, "status": after.status},
        "sets_password": sets_password,
    }));
    state
        .audited(&caller, act, store.replace_user(&before, &after))
        .await?;
    if ends_sessions {
        store.remove_tokens(&id, TokenKind::Session, None).await?;
    }
    let user = after.into();
    Ok(Json(UserAnswer { user }))
}

/// A user whom the caller may see.
pub(super) async fn find(state: &ApiState, scope: &Scope, id: &UserId) -> Result<User, Problem> {
    let user = state.scheduler.store().user(id).await?;
    let user = user.filter(|user| user.org == *scope.organisation());
    user.ok_or_else(|| StoreError::NotFound { what: "user" }.into())
}

/// A body that asks for something that cannot be.
pub(super) fn invalid(pointer: &str, code: &str, detail: &str) -> Problem {
    let fault = Fault {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        detail: detail.to_owned(),
    };
    Problem::new(ProblemKind::InvalidBody, detail).with_errors(vec![fault])
}
