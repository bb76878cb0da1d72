//! Who may call what: one row for each operation that needs a caller.
//!
//! The rows are the single source. The middleware looks every request up here, and an operation without
//! a row is refused to everybody; a test holds the rows and the OpenAPI document to each other, and
//! another sends every request as every role. Whether what a *job* does is destructive is no matter of
//! its route: it is computed from the job's grant where a run is asked for.

mod rows;

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use sandglass_registry::{AuditAction, Role, TokenScope};
use sandglass_scheduler::Act;
use serde_json::json;

use crate::{
    auth::Caller,
    problem::{Problem, ProblemKind},
    state::ApiState,
};

/// Roles as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(&'static [Role]);

impl Roles {
    /// Whether the role is one of them.
    #[must_use]
    pub fn contain(self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// The roles as words, for people.
    #[must_use]
    pub fn words(self) -> String {
        let words: Vec<_> = self.0.iter().map(|role| role.as_str()).collect();
        words.join(", ")
    }
}

/// Who may call one operation.
#[derive(Debug, Clone)]
pub struct Row {
    /// The method.
    pub method: Method,
    /// The path as it is routed.
    pub path: &'static str,
    /// The roles that may.
    pub roles: Roles,
    /// What a token must be good for.
    pub scope: TokenScope,
}

impl Row {
    /// Whether the caller may call it.
    #[must_use]
    pub fn admits(&self, caller: &Caller) -> bool {
        refusal(self, caller).is_none()
    }
}

const EVERYBODY: Roles = Roles(&Role::ALL);
const OWNER: Roles = Roles(&[Role::SuperAdmin]);
/// Whoever may see what jobs do.
const VIEWERS: Roles = Roles(&[Role::SuperAdmin, Role::Admin, Role::SecurityReviewer]);
/// Whoever may see templates and try parameters.
const TRYING: Roles = Roles(&[
    Role::SuperAdmin,
    Role::Admin,
    Role::SecurityReviewer,
    Role::TemplateAuthor,
]);
/// Whoever may run what destroys nothing; see [`Role::may_destroy`].
const RUNNERS: Roles = Roles(&[Role::SuperAdmin, Role::Admin]);
const REVIEWERS: Roles = Roles(&[Role::SuperAdmin, Role::SecurityReviewer]);
const AUTHORS: Roles = Roles(&[Role::SuperAdmin, Role::TemplateAuthor]);

/// Every operation that needs a caller.
pub static TABLE: &[Row] = rows::ROWS;

/// Lets a request through whose caller may make it.
pub(crate) async fn authorise(
    State(state): State<ApiState>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map(|it| it.as_str().to_owned()).unwrap_or_default();
    // HEAD is answered by what answers GET.
    let method = match *request.method() {
        Method::HEAD => Method::GET,
        ref method => method.clone(),
    };
    let row = find(&method, &path);
    let refusal = match row {
        // A method that the path does not take is told so by the router.
        None if TABLE.iter().any(|row| row.path == path) => None,
        None => Some("nobody may call it, since the table of roles has no row for it".to_owned()),
        Some(row) => refusal(row, &caller),
    };
    let Some(reason) = refusal else {
        return Ok(next.run(request).await);
    };
    Err(denied(&state, &caller, &format!("{method} {path}"), reason).await)
}

/// Notes that something was refused to a caller, and says so.
async fn denied(state: &ApiState, caller: &Caller, what: &str, reason: String) -> Problem {
    let act = Act::new(AuditAction::AccessDenied, what)
        .with(json!({"role": caller.actor.role, "reason": reason}));
    let auditor = state.scheduler.auditor();
    if let Err(error) = auditor.note(&caller.scope, &caller.actor, act).await {
        return error.into();
    }
    Problem::new(ProblemKind::Forbidden, reason)
}

/// Whether the caller may call an operation.
pub(crate) fn may(caller: &Caller, method: &Method, path: &str) -> bool {
    find(method, path).is_some_and(|row| row.admits(caller))
}

fn find(method: &Method, path: &str) -> Option<&'static Row> {
    TABLE
        .iter()
        .find(|row| row.path == path && row.method == *method)
}

fn refusal(row: &Row, caller: &Caller) -> Option<String> {
    let role = caller.actor.role;
    if !row.roles.contain(role) {
        return Some(format!(
            "your role is {}; this takes one of {}",
            role.as_str(),
            row.roles.words()
        ));
    }
    (!caller.scopes.contains(&row.scope)).then(|| {
        format!(
            "your token is not good for {}; make one that has this scope",
            row.scope.as_str()
        )
    })
}

#[cfg(test)]
mod tests;
