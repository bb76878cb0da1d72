//! The audit log.

use std::num::NonZeroU32;

use axum::{Json, extract::State};
use sandglass_registry::{AuditEntry, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Caller,
    extract::{Query, first_page},
    problem::Problem,
    state::ApiState,
};

/// Which lines of the audit log a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
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

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditLog {
    entries: Vec<AuditEntry>,
    /// How many lines there are on all pages.
    total: u64,
}

/// Read the audit log
///
/// Newest first: schedules that were paused and resumed, backfills, concurrency limits, and clocks
/// that jumped.
#[utoipa::path(
    get, path = "/api/admin/audit-log", tag = "Audit", params(AuditQuery),
    responses((status = 200, description = "A page of the log", body = AuditLog)),
)]
pub(super) async fn list_audit_log(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditLog>, Problem> {
    let page = PageRequest::new(query.page, query.limit);
    let page = state
        .scheduler
        .store()
        .audit_log(&caller.scope, page)
        .await?;
    Ok(Json(AuditLog {
        entries: page.items,
        total: page.total,
    }))
}
