//! The rows, in the order of the routes.

use axum::http::Method;
use sandglass_registry::TokenScope::{self, Administer, Manage, Read, Run, Templates};

use super::{AUTHORS, EVERYBODY, OWNER, REVIEWERS, RUNNERS, Roles, Row, TRYING, VIEWERS};

const fn get(path: &'static str, roles: Roles) -> Row {
    row(Method::GET, path, roles, Read)
}

const fn post(path: &'static str, roles: Roles, scope: TokenScope) -> Row {
    row(Method::POST, path, roles, scope)
}

const fn put(path: &'static str, roles: Roles, scope: TokenScope) -> Row {
    row(Method::PUT, path, roles, scope)
}

const fn delete(path: &'static str, roles: Roles, scope: TokenScope) -> Row {
    row(Method::DELETE, path, roles, scope)
}

const fn row(method: Method, path: &'static str, roles: Roles, scope: TokenScope) -> Row {
    Row {
        method,
        path,
        roles,
        scope,
    }
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    get("/api/auth/me", EVERYBODY),
    post("/api/auth/logout", EVERYBODY, Read),
    post("/api/auth/password", EVERYBODY, Read),
    get("/api/auth/tokens", EVERYBODY),
    post("/api/auth/tokens", EVERYBODY, Administer),
    delete("/api/auth/tokens/{id}", EVERYBODY, Administer),
    get("/api/admin/scheduler-jobs", VIEWERS),
    post("/api/admin/scheduler-jobs", OWNER, Manage),
    post("/api/admin/scheduler-jobs/preview", TRYING, Read),
    get("/api/admin/scheduler-jobs/{id}", VIEWERS),
    put("/api/admin/scheduler-jobs/{id}", OWNER, Manage),
    delete("/api/admin/scheduler-jobs/{id}", OWNER, Manage),
    post("/api/admin/scheduler-jobs/{id}/run", RUNNERS, Run),
    post("/api/admin/scheduler-jobs/{id}/pause", OWNER, Manage),
    post("/api/admin/scheduler-jobs/{id}/resume", OWNER, Manage),
    post("/api/admin/scheduler-jobs/{id}/backfill", RUNNERS, Run),
    get("/api/admin/scheduler-jobs/{id}/backfills", VIEWERS),
    get("/api/admin/scheduler-jobs/{id}/executions", VIEWERS),
    get("/api/admin/backfills/{id}", VIEWERS),
    post("/api/admin/backfills/{id}/pause", OWNER, Run),
    post("/api/admin/backfills/{id}/resume", OWNER, Run),
    post("/api/admin/backfills/{id}/cancel", OWNER, Run),
    get("/api/admin/concurrency-limits", VIEWERS),
    put("/api/admin/concurrency-limits/{kind}/{name}", OWNER, Manage),
    delete("/api/admin/concurrency-limits/{kind}/{name}", OWNER, Manage),
    get("/api/admin/hosts", VIEWERS),
    post("/api/admin/hosts/{name}/drain", OWNER, Administer),
    post("/api/admin/hosts/{name}/resume", OWNER, Administer),
    get("/api/admin/audit-log", REVIEWERS),
    get("/api/admin/audit-log/export", REVIEWERS),
    get("/api/admin/audit-log/verify", REVIEWERS),
    get("/api/admin/job-executions", VIEWERS),
    get("/api/admin/job-executions/{id}", VIEWERS),
    post("/api/admin/job-executions/{id}/cancel", RUNNERS, Run),
    get("/api/admin/job-executions/{id}/effects", VIEWERS),
    get("/api/admin/job-executions/{id}/chain", VIEWERS),
    get("/api/admin/job-executions/{id}/logs", VIEWERS),
    get("/api/admin/job-executions/{id}/logs/stream", VIEWERS),
    get("/api/admin/job-executions/{id}/artifacts/{artifact_id}", VIEWERS),
    get("/api/admin/job-templates", TRYING),
    post("/api/admin/job-templates", AUTHORS, Templates),
    get("/api/admin/job-templates/{type}", TRYING),
    get("/api/admin/job-templates/{type}/versions", TRYING),
    get("/api/admin/job-templates/{type}/versions/{digest}", TRYING),
    get("/api/admin/job-templates/{type}/versions/{digest}/diff", TRYING),
    get("/api/admin/job-templates/{type}/versions/{digest}/check", VIEWERS),
    post("/api/admin/job-templates/{type}/versions/{digest}/approve", REVIEWERS, Templates),
    post("/api/admin/job-templates/{type}/versions/{digest}/reject", REVIEWERS, Templates),
    post("/api/admin/job-templates/{type}/versions/{digest}/retire", REVIEWERS, Templates),
    get("/api/admin/capabilities", VIEWERS),
    get("/api/admin/settings/policy", VIEWERS),
    put("/api/admin/settings/policy", OWNER, Administer),
    get("/api/admin/outbox", VIEWERS),
    post("/api/admin/schedules/preview", TRYING, Read),
    get("/api/admin/blackout-calendars", VIEWERS),
    post("/api/admin/blackout-calendars", OWNER, Manage),
    get("/api/admin/blackout-calendars/{id}", VIEWERS),
    put("/api/admin/blackout-calendars/{id}", OWNER, Manage),
    delete("/api/admin/blackout-calendars/{id}", OWNER, Manage),
    get("/api/admin/secrets", VIEWERS),
    put("/api/admin/secrets/{name}", OWNER, Administer),
    delete("/api/admin/secrets/{name}", OWNER, Administer),
    get("/api/admin/system", VIEWERS),
    get("/api/admin/users", REVIEWERS),
    post("/api/admin/users", OWNER, Administer),
    get("/api/admin/users/{id}", REVIEWERS),
    put("/api/admin/users/{id}", OWNER, Administer),
    get("/api/admin/tokens", REVIEWERS),
    post("/api/admin/tokens", OWNER, Administer),
    delete("/api/admin/tokens/{id}", OWNER, Administer),
];
