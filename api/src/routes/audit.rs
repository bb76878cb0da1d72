//! The audit log: reading it, taking it along, and having it checked.

use std::num::NonZeroU32;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures::stream;
use jiff::Timestamp;
use sandglass_contract::{Digest, UserId};
use sandglass_registry::{
    AuditAction, AuditEntry, AuditHead, AuditLine, AuditVerdict, PageRequest, Scope, StoreError,
    store::AuditQuery,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Caller,
    extract::{Query, first_page},
    problem::{Problem, ProblemKind},
    state::ApiState,
};

/// How many lines an export reads at once.
const AT_ONCE: u32 = 500;

/// Which lines of the audit log a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditListQuery {
    /// Only lines of this action.
    #[param(inline, required = false)]
    action: Option<AuditAction>,
    /// Only what this user did.
    #[param(value_type = Option<String>, required = false)]
    by: Option<UserId>,
    /// Only what was done to this, such as a job's id.
    #[param(required = false)]
    target: Option<String>,
    /// Only lines not before this moment.
    #[param(value_type = Option<String>, format = DateTime, required = false)]
    since: Option<Timestamp>,
    /// Only lines before this moment.
    #[param(value_type = Option<String>, format = DateTime, required = false)]
    until: Option<Timestamp>,
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    page: NonZeroU32,
    /// How many lines a page holds; above 200 means 200.
    #[serde(default = "lines_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 50, required = false)]
    limit: NonZeroU32,
}

fn lines_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN)
}

/// A head of the log that is remembered from another time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VerifyQuery {
    /// `NUMBER:DIGEST`, as an earlier check answered it.
    #[param(required = false)]
    head: Option<String>,
}

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineView {
    /// Its place in the log, from 1 without gaps.
    number: u64,
    /// The digest of the line, which the next one carries.
    digest: Digest,
    #[serde(flatten)]
    entry: AuditEntry,
}

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditLog {
    entries: Vec<LineView>,
    /// How many lines there are on all pages.
    total: u64,
    page: u32,
    pages: u64,
}

/// List the audit log
///
/// Newest first: who did what, when, from where and why, with what was there before and after.
#[utoipa::path(
    get, path = "/api/admin/audit-log", tag = "Audit", params(AuditListQuery),
    responses((status = 200, description = "A page of the log", body = AuditLog)),
)]
pub(super) async fn list_audit_log(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<AuditListQuery>,
) -> Result<Json<AuditLog>, Problem> {
    let query = AuditQuery {
        action: query.action,
        by: query.by,
        target: query.target,
        since: query.since,
        until: query.until,
        page: PageRequest::new(query.page, query.limit),
    };
    let store = state.scheduler.store();
    let page = store.audit_log(&caller.scope, &query).await?;
    let view = |line: &AuditLine| {
        Ok(LineView {
            number: line.number,
            digest: line.digest,
            entry: line.read().map_err(|source| StoreError::Corrupt {
                what: "audit entry",
                source: source.into(),
            })?,
        })
    };
    let entries: Result<_, StoreError> = page.items.iter().map(view).collect();
    Ok(Json(AuditLog {
        entries: entries?,
        total: page.total,
        page: page.page,
        pages: page.pages,
    }))
}

/// Export the audit log
///
/// All of it, oldest first, one JSON object on each line. `sandglass audit verify --file` checks such a
/// file without the service.
#[utoipa::path(
    get, path = "/api/admin/audit-log/export", tag = "Audit",
    responses((
        status = 200, description = "The log as JSON lines", body = String,
        content_type = "application/jsonl",
    )),
)]
pub(super) async fn export_audit_log(
    caller: Caller,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let first = read_on(&state, &caller.scope, 0).await?;
    let lines = stream::unfold(Some(first), move |read| {
        let (state, scope) = (state.clone(), caller.scope.clone());
        async move {
            let (text, last) = read?;
            if text.is_empty() {
                return None;
            }
            let next = read_on(&state, &scope, last).await;
            match next {
                Ok(next) => Some((Ok(text), Some(next))),
                Err(error) => Some((Err(std::io::Error::other(error)), None)),
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit-log.jsonl\"",
        ),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// The lines behind the one numbered `after` as text, and the number of the last of them.
async fn read_on(state: &ApiState, scope: &Scope, after: u64) -> Result<(Bytes, u64), StoreError> {
    let store = state.scheduler.store();
    let lines = store.audit_lines(scope, after, AT_ONCE).await?;
    let last = lines.last().map_or(after, |it| it.line.number);
    let mut text = Vec::new();
    for kept in &lines {
        let written = serde_json::to_writer(&mut text, &kept.line);
        written.map_err(|source| StoreError::Corrupt {
            what: "audit entry",
            source: source.into(),
        })?;
        text.push(b'\n');
    }
    Ok((text.into(), last))
}

/// Check the audit log
///
/// Reads all of it and computes every digest anew: any edit, removal or reordering is a fault. Keep the
/// `head` of the answer elsewhere; given back later, it must still be a line of the log.
#[utoipa::path(
    get, path = "/api/admin/audit-log/verify", tag = "Audit", params(VerifyQuery),
    responses((status = 200, description = "What was found", body = AuditVerdict)),
)]
pub(super) async fn verify_audit_log(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<AuditVerdict>, Problem> {
    let head = query.head.map(|it| it.parse::<AuditHead>()).transpose();
    let head = head.map_err(|it| Problem::new(ProblemKind::InvalidQuery, it.to_string()))?;
    let store = state.scheduler.store();
    Ok(Json(store.verify_audit(&caller.scope, head).await?))
}
