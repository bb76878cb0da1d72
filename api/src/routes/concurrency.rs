//! Limits on how many executions of a template, or of jobs with a tag, run at once over all hosts.

use axum::{Json, extract::State};
use sandglass_contract::TemplateId;
use sandglass_registry::{
    AuditAction, ConcurrencyLimit, LimitedBy, Tag, concurrency::MAX_CONCURRENCY,
};
use sandglass_scheduler::{Act, Problem as Fault};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    extract::{JsonBody, Path},
    problem::{Problem, ProblemKind},
    state::ApiState,
};

/// What a limit counts.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LimitKind {
    /// Executions of a template.
    Template,
    /// Executions of jobs with a tag.
    Tag,
}

/// A limit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitView {
    kind: LimitKind,
    /// The template's id, or the tag.
    name: String,
    /// How many executions may run at once, over all hosts.
    max_running: u32,
}

/// Every limit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitList {
    concurrency_limits: Vec<LimitView>,
}

/// A limit as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitRequest {
    /// How many executions may run at once, over all hosts.
    #[schema(minimum = 1, maximum = 10000)]
    max_running: u32,
}

/// That a limit was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitRemoved {
    message: &'static str,
}

impl From<ConcurrencyLimit> for LimitView {
    fn from(limit: ConcurrencyLimit) -> Self {
        Self {
            kind: match limit.of {
                LimitedBy::Template(_) => LimitKind::Template,
                LimitedBy::Tag(_) => LimitKind::Tag,
            },
            name: limit.of.name().to_owned(),
            max_running: limit.most,
        }
    }
}

/// List concurrency limits
#[utoipa::path(
    get, path = "/api/admin/concurrency-limits", tag = "Concurrency",
    responses((status = 200, description = "Every limit", body = LimitList)),
)]
pub(super) async fn list_concurrency_limits(
    caller: Caller,
    State(state): State<ApiState>,
) -> Result<Json<LimitList>, Problem> {
    let limits = state
        .scheduler
        .store()
        .concurrency_limits(&caller.scope)
        .await?;
    let concurrency_limits = limits.into_iter().map(LimitView::from).collect();
    Ok(Json(LimitList { concurrency_limits }))
}

/// Set a concurrency limit
///
/// Executions beyond it wait; their `waits_for` says so. What runs already goes on.
#[utoipa::path(
    put, path = "/api/admin/concurrency-limits/{kind}/{name}", tag = "Concurrency",
    params(
        ("kind" = LimitKind, Path, description = "What it counts"),
        ("name" = String, Path, description = "The template's id, or the tag"),
    ),
    request_body(content = LimitRequest, example = json!({"max_running": 4})),
    responses((status = 200, description = "The limit is set", body = LimitView)),
)]
pub(super) async fn set_concurrency_limit(
    caller: Caller,
    State(state): State<ApiState>,
    Path((kind, name)): Path<(LimitKind, String)>,
    JsonBody(request): JsonBody<LimitRequest>,
) -> Result<Json<LimitView>, Problem> {
    let of = limited_by(kind, &name)?;
    if !(1..=MAX_CONCURRENCY).contains(&request.max_running) {
        let detail = format!("max_running is from 1 to {MAX_CONCURRENCY}");
        return Err(invalid("/max_running", &detail));
    }
    let most = request.max_running;
    let limit = ConcurrencyLimit { of, most };
    let scheduler = &state.scheduler;
    let act = act(&limit.of, json!({"max_running": most}));
    let setting = scheduler
        .store()
        .set_concurrency_limit(&caller.scope, &limit);
    state.audited(&caller, act, setting).await?;
    scheduler.look_for_work();
    Ok(Json(limit.into()))
}

/// Remove a concurrency limit
#[utoipa::path(
    delete, path = "/api/admin/concurrency-limits/{kind}/{name}", tag = "Concurrency",
    params(
        ("kind" = LimitKind, Path, description = "What it counts"),
        ("name" = String, Path, description = "The template's id, or the tag"),
    ),
    responses((status = 200, description = "The limit is removed", body = LimitRemoved)),
)]
pub(super) async fn remove_concurrency_limit(
    caller: Caller,
    State(state): State<ApiState>,
    Path((kind, name)): Path<(LimitKind, String)>,
) -> Result<Json<LimitRemoved>, Problem> {
    let of = limited_by(kind, &name)?;
    let scheduler = &state.scheduler;
    let act = act(&of, json!({"max_running": null}));
    let removing = scheduler
        .store()
        .remove_concurrency_limit(&caller.scope, &of);
    state.audited(&caller, act, removing).await?;
    scheduler.look_for_work();
    Ok(Json(LimitRemoved {
        message: "Limit removed",
    }))
}

fn limited_by(kind: LimitKind, name: &str) -> Result<LimitedBy, Problem> {
    let refused = |detail: String| Problem::new(ProblemKind::NotFound, detail);
    match kind {
        LimitKind::Template => TemplateId::parse(name)
            .map(LimitedBy::Template)
            .map_err(|error| refused(error.to_string())),
        LimitKind::Tag => Tag::parse(name)
            .map(LimitedBy::Tag)
            .map_err(|error| refused(error.to_string())),
    }
}

fn invalid(pointer: &str, detail: &str) -> Problem {
    let fault = Fault {
        pointer: pointer.to_owned(),
        code: "out_of_bounds".to_owned(),
        detail: detail.to_owned(),
    };
    Problem::new(ProblemKind::InvalidBody, detail).with_errors(vec![fault])
}

fn act(of: &LimitedBy, detail: Value) -> Act {
    Act::new(AuditAction::ConcurrencyLimitChanged, of.gate()).with(detail)
}
