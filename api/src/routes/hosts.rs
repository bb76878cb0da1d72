//! Hosts: who takes part, what each of them holds, and telling one to begin nothing new.

use axum::{Json, extract::State};
use jiff::Timestamp;
use sandglass_contract::{ExecutionId, HostInstanceId, UserId};
use sandglass_registry::{HostOrder, HostRecord, HostState, Labels};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Caller, extract::Path, problem::Problem, state::ApiState};

/// A host.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HostView {
    /// Its name, which `execution_host` of executions names.
    name: String,
    /// The process that goes by the name.
    instance: HostInstanceId,
    /// How it stands.
    state: HostState,
    /// Its labels, for the placement of jobs.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: Labels,
    /// How many executions it runs at once.
    places: u32,
    /// How many it ran when it was seen last.
    running: u32,
    /// The share of its places that is taken, from 0 to 1.
    load: f64,
    /// How many executions it holds leases on.
    leases_held: u64,
    /// At most 100 of them.
    executions: Vec<ExecutionId>,
    /// When it was heard of last, by the store's clock.
    last_seen_at: Timestamp,
    /// When it was started.
    started_at: Timestamp,
    /// The version of the service that it runs.
    version: String,
    /// What it was told to do.
    order: HostOrder,
    /// Who told it, where somebody did.
    ordered_by: Option<UserId>,
    /// When.
    ordered_at: Option<Timestamp>,
}

/// Every host.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HostList {
    hosts: Vec<HostView>,
}

/// A host that was told something.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HostOrdered {
    host: HostView,
    message: &'static str,
}

impl From<HostRecord> for HostView {
    fn from(record: HostRecord) -> Self {
        let report = record.report;
        Self {
            load: (f64::from(report.running) / f64::from(report.places.max(1))).min(1.0),
            name: report.name,
            instance: report.instance,
            state: record.state,
            labels: report.labels,
            places: report.places,
            running: report.running,
            leases_held: record.held.count,
            executions: record.held.named,
            last_seen_at: record.last_seen_at,
            started_at: report.started_at,
            version: report.version,
            order: record.order.order,
            ordered_by: record.order.by,
            ordered_at: record.order.at,
        }
    }
}

/// List hosts
///
/// Every process that takes part, by name. One that has not been heard of for 30 seconds is lost; what it
/// ran is taken over when its leases have run out.
#[utoipa::path(
    get, path = "/api/admin/hosts", tag = "Hosts",
    responses((status = 200, description = "Every host", body = HostList)),
)]
pub(super) async fn list_hosts(
    _caller: Caller,
    State(state): State<ApiState>,
) -> Result<Json<HostList>, Problem> {
    let hosts = state.scheduler.store().hosts().await?;
    let hosts = hosts.into_iter().map(HostView::from).collect();
    Ok(Json(HostList { hosts }))
}

/// Drain a host
///
/// It begins nothing new within a few seconds, and what it runs goes on. It is drained when it holds
/// nothing any more, and takes part again when it is resumed or started anew.
#[utoipa::path(
    post, path = "/api/admin/hosts/{name}/drain", tag = "Hosts",
    params(("name" = String, Path, description = "The name of the host")),
    responses((status = 200, description = "The host will begin nothing new", body = HostOrdered)),
)]
pub(super) async fn drain_host(
    caller: Caller,
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<HostOrdered>, Problem> {
    order(&caller, &state, &name, HostOrder::Drain, "Host drains").await
}

/// Resume a host
///
/// It takes part again.
#[utoipa::path(
    post, path = "/api/admin/hosts/{name}/resume", tag = "Hosts",
    params(("name" = String, Path, description = "The name of the host")),
    responses((status = 200, description = "The host will take part", body = HostOrdered)),
)]
pub(super) async fn resume_host(
    caller: Caller,
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<HostOrdered>, Problem> {
    order(&caller, &state, &name, HostOrder::Work, "Host resumed").await
}

async fn order(
    caller: &Caller,
    state: &ApiState,
    name: &str,
    order: HostOrder,
    message: &'static str,
) -> Result<Json<HostOrdered>, Problem> {
    let ordered = state
        .scheduler
        .order_host(&caller.scope, &caller.actor, name, order)
        .await?;
    let host = ordered.into();
    Ok(Json(HostOrdered { host, message }))
}
