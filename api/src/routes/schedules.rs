//! Schedules: what they mean, before they are saved.

use axum::{Json, extract::State};
use jiff::Timestamp;
use sandglass_contract::BlackoutCalendarId;
use sandglass_registry::{BlackoutCalendar, Blackouts, Schedule};
use sandglass_scheduler::{CalendarError, Problem as FieldProblem, SchedulePreview};
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    extract::JsonBody,
    problem::{Problem, ProblemKind},
    state::ApiState,
};

/// The most runs that are previewed.
const MAX_RUNS: u64 = 100;
/// The most blackout calendars that a preview takes into account.
const MAX_CALENDARS: usize = 20;

/// A schedule to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewRequest {
    /// The schedule.
    schedule: Schedule,
    /// The runs after this moment are shown; without it, those after now.
    #[serde(default)]
    from: Option<Timestamp>,
    /// How many runs are shown.
    #[serde(default = "ten", deserialize_with = "run_count")]
    #[schema(minimum = 1, maximum = 100, default = 10)]
    count: usize,
    /// The blackout calendars that a job with this schedule would name.
    #[serde(default)]
    #[schema(max_items = 20)]
    blackout_calendars: Vec<BlackoutCalendarId>,
}

const fn ten() -> usize {
    10
}

fn run_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let count = u64::deserialize(deserializer)?;
    let count = usize::try_from(count)
        .ok()
        .filter(|_| (1..=MAX_RUNS).contains(&count));
    count.ok_or_else(|| D::Error::custom(format!("count is from 1 to {MAX_RUNS}")))
}

/// Preview a schedule
///
/// Says in words what a schedule means and lists its next runs. A run is flagged `shifted` where clocks
/// are set on over its local time, `first_of_two` where they are set back and its local time comes
/// twice, and `blacked_out` where one of the blackout calendars covers it.
#[utoipa::path(
    post, path = "/api/admin/schedules/preview", tag = "Schedules",
    request_body(content = PreviewRequest, example = json!({
        "schedule": {"cron": "30 2 * * *", "timezone": "America/New_York"},
        "from": "2026-03-07T12:00:00Z",
        "count": 3,
    })),
    responses((status = 200, description = "What the schedule means", body = SchedulePreview)),
)]
pub(super) async fn preview_schedule(
    caller: Caller,
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<SchedulePreview>, Problem> {
    let calendars = read_calendars(&caller, &state, &request.blackout_calendars).await?;
    let from = request
        .from
        .unwrap_or_else(|| state.scheduler.clock().now());
    let blackouts = Blackouts::of(&calendars);
    SchedulePreview::of(&request.schedule, from, request.count, &blackouts)
        .map(Json)
        .map_err(of_calendar)
}

async fn read_calendars(
    caller: &Caller,
    state: &ApiState,
    ids: &[BlackoutCalendarId],
) -> Result<Vec<BlackoutCalendar>, Problem> {
    if ids.len() > MAX_CALENDARS {
        let detail = format!("at most {MAX_CALENDARS} blackout calendars are taken into account");
        return Err(invalid("/blackout_calendars", "too_many", detail));
    }
    let mut calendars = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let store = state.scheduler.store();
        let calendar = store.blackout_calendar(&caller.scope, id).await?;
        calendars.push(calendar.ok_or_else(|| {
            let pointer = format!("/blackout_calendars/{index}");
            let detail = format!("there is no blackout calendar {:?}", id.as_str());
            invalid(&pointer, "unknown_calendar", detail)
        })?);
    }
    Ok(calendars)
}

fn of_calendar(error: CalendarError) -> Problem {
    let code = match &error {
        CalendarError::NeverDue => "never_due",
        CalendarError::Schedule(_) => "invalid_schedule",
        CalendarError::Stuck { .. } => return Problem::internal(&error),
    };
    invalid("/schedule", code, error.to_string())
}

fn invalid(pointer: &str, code: &str, detail: String) -> Problem {
    Problem::new(ProblemKind::InvalidBody, detail.clone()).with_errors(vec![FieldProblem {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        detail,
    }])
}
