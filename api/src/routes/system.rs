//! What the service is, for people who wonder why something happens when it does.

use axum::{Json, extract::State};
use jiff::Timestamp;
use sandglass_registry::schedule::time_zone_database_version;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Caller, problem::Problem, state::ApiState};

/// What the service is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SystemAnswer {
    /// The version of the service.
    version: &'static str,
    /// The version of the IANA time zone database that schedules follow. It is part of the service; that
    /// of the machine does not count.
    #[schema(example = "2026f")]
    time_zone_database: &'static str,
    /// The time, as the host that answers knows it.
    now: Timestamp,
    /// The host that answers, as executions name it.
    host_name: String,
}

/// Read what the service is
#[utoipa::path(
    get, path = "/api/admin/system", tag = "System",
    responses((status = 200, description = "Versions, the time, and the host", body = SystemAnswer)),
)]
pub(super) async fn get_system(
    _caller: Caller,
    State(state): State<ApiState>,
) -> Result<Json<SystemAnswer>, Problem> {
    Ok(Json(SystemAnswer {
        version: state.version,
        time_zone_database: time_zone_database_version(),
        now: state.scheduler.clock().now(),
        host_name: state.scheduler.host_name().to_owned(),
    }))
}
