//! Blackout calendars: listing, writing, importing and changing them.

mod shapes;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, civil::Date};
use sandglass_contract::BlackoutCalendarId;
use sandglass_registry::{
    AuditAction, BlackoutCalendar, PageRequest, Scope, StoreError, Version,
    blackout::{BlackoutName, IcsError, import_ics},
};
use sandglass_scheduler::{Act, Problem as FieldProblem, difference};
use serde_json::{Value, json};

use super::jobs::location_header;
use crate::{
    auth::Caller,
    extract::{CalendarBody, IfMatch, IfNoneMatch, JsonBody, Path, Query, etag},
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    state::ApiState,
};
use shapes::{
    BlackoutCalendarAnswer, BlackoutCalendarDeleted, BlackoutCalendarDraft, BlackoutCalendarList,
    BlackoutCalendarListQuery, BlackoutCalendarPatch, BlackoutCalendarSaved,
    BlackoutCalendarSummary, ImportQuery,
};

/// List blackout calendars
///
/// By name, without their entries.
#[utoipa::path(
    get, path = "/api/admin/blackout-calendars", tag = "Blackout calendars",
    params(BlackoutCalendarListQuery),
    responses((status = 200, description = "A page of calendars", body = BlackoutCalendarList)),
)]
pub(super) async fn list_blackout_calendars(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<BlackoutCalendarListQuery>,
) -> Result<Json<BlackoutCalendarList>, Problem> {
    let request = PageRequest::new(query.page, query.limit);
    let store = state.scheduler.store();
    let page = store.blackout_calendars(&caller.scope, request).await?;
    Ok(Json(BlackoutCalendarList {
        blackout_calendars: page.items.iter().map(BlackoutCalendarSummary::of).collect(),
        total: page.total,
        page: page.page,
        pages: page.pages,
    }))
}

/// Save a new blackout calendar
///
/// Either as JSON, or imported from an iCalendar file (RFC 5545). Events become entries, and recurring
/// events are expanded for ten years; what is not understood refuses the file with its line.
#[utoipa::path(
    post, path = "/api/admin/blackout-calendars", tag = "Blackout calendars", params(ImportQuery),
    request_body(
        description = "The calendar, or an iCalendar file",
        content(
            (BlackoutCalendarDraft = "application/json", example = json!({
                "name": "Holidays",
                "timezone": "Europe/Berlin",
                "entries": [
                    {"date": "2026-12-25", "label": "Christmas Day"},
                    {"start": "2026-12-31T18:00:00", "end": "2027-01-01T06:00:00", "label": "New Year's Eve"},
                ],
            })),
            (String = "text/calendar"),
        ),
    ),
    responses((
        status = 201, description = "The calendar is saved", body = BlackoutCalendarSaved,
        headers(
            ("Location" = String, description = "The path of the calendar"),
            ("ETag" = String, description = "The version of the calendar"),
        ),
    )),
)]
pub(super) async fn create_blackout_calendar(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<ImportQuery>,
    body: CalendarBody<BlackoutCalendarDraft>,
) -> Result<Response, Problem> {
    let now = state.scheduler.clock().now();
    let (draft, expanded_until) = match body {
        CalendarBody::Json(_) if !query.is_empty() => {
            return Err(Problem::new(
                ProblemKind::InvalidQuery,
                "name, description and timezone are members of the body; as query parameters they are for an iCalendar file",
            ));
        }
        CalendarBody::Json(draft) => (draft, None),
        CalendarBody::Ics(bytes) => import(bytes, query, now).await?,
    };
    let calendar = BlackoutCalendar {
        id: BlackoutCalendarId::fresh(now),
        org: caller.scope.organisation().clone(),
        name: draft.name,
        description: draft.description,
        timezone: draft.timezone,
        entries: draft.entries,
        created_by: caller.actor.user.clone(),
        updated_by: caller.actor.user.clone(),
        created_at: now,
        updated_at: now,
        version: Version::FIRST,
    };
    let store = state.scheduler.store();
    let act = Act::new(AuditAction::BlackoutCalendarChanged, &calendar.id)
        .with(json!({"changes": difference(&Value::Null, &calendar, &[])}));
    let saving = store.insert_blackout_calendar(&caller.scope, &calendar);
    state.audited(&caller, act, saving).await?;
    let location = format!("/api/admin/blackout-calendars/{}", calendar.id);
    let headers = [
        location_header(&location),
        (header::ETAG, etag(calendar.version)),
    ];
    let saved = BlackoutCalendarSaved {
        blackout_calendar: calendar,
        expanded_until,
        message: "Blackout calendar created",
    };
    Ok((StatusCode::CREATED, headers, Json(saved)).into_response())
}

/// Read a blackout calendar
#[utoipa::path(
    get, path = "/api/admin/blackout-calendars/{id}", tag = "Blackout calendars",
    params(
        ("id" = BlackoutCalendarId, Path, description = "The calendar"),
        ("If-None-Match" = Option<String>, Header, description = "Versions that the caller has"),
    ),
    responses(
        (
            status = 200, description = "The calendar", body = BlackoutCalendarAnswer,
            headers(("ETag" = String, description = "The version of the calendar")),
        ),
        (status = 304, description = "The caller has this version of the calendar"),
    ),
)]
pub(super) async fn get_blackout_calendar(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<BlackoutCalendarId>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let calendar = find(&state, &caller.scope, &id).await?;
    let headers = [
        (header::ETAG, etag(calendar.version)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
    ];
    if if_none_match.has(calendar.version) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let answer = BlackoutCalendarAnswer {
        blackout_calendar: calendar,
    };
    Ok((headers, Json(answer)).into_response())
}

/// Change a blackout calendar
///
/// What the body does not name stays as it is; entries are changed as a whole.
#[utoipa::path(
    put, path = "/api/admin/blackout-calendars/{id}", tag = "Blackout calendars",
    params(
        ("id" = BlackoutCalendarId, Path, description = "The calendar"),
        ("If-Match" = Option<String>, Header, description = "The version that the change is meant for"),
    ),
    request_body(content = BlackoutCalendarPatch, example = json!({
        "entries": [{"date": "2026-12-26", "label": "Boxing Day"}],
    })),
    responses(
        (
            status = 200, description = "The calendar is changed", body = BlackoutCalendarSaved,
            headers(("ETag" = String, description = "The version of the calendar")),
        ),
        (status = 409, description = "Somebody else changed it meanwhile", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 412, description = "It is not at the version of If-Match", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn update_blackout_calendar(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<BlackoutCalendarId>,
    if_match: IfMatch,
    JsonBody(patch): JsonBody<BlackoutCalendarPatch>,
) -> Result<Response, Problem> {
    let stored = find(&state, &caller.scope, &id).await?;
    let before = stored.clone();
    let _ = if_match.expected_version(stored.version)?;
    let calendar = BlackoutCalendar {
        name: patch.name.unwrap_or(stored.name),
        description: patch.description.unwrap_or(stored.description),
        timezone: patch.timezone.unwrap_or(stored.timezone),
        entries: patch.entries.unwrap_or(stored.entries),
        updated_by: caller.actor.user.clone(),
        updated_at: state.scheduler.clock().now(),
        version: stored.version.next(),
        ..stored
    };
    let passed_over = ["/version", "/updated_at", "/updated_by"];
    let act = Act::new(AuditAction::BlackoutCalendarChanged, &id)
        .with(json!({"changes": difference(&before, &calendar, &passed_over)}));
    let store = state.scheduler.store();
    let replacing = store.replace_blackout_calendar(&caller.scope, &calendar, stored.version);
    state
        .audited(&caller, act, replacing)
        .await
        .map_err(|error| if_match.judge(error.into()))?;
    let headers = [(header::ETAG, etag(calendar.version))];
    let saved = BlackoutCalendarSaved {
        blackout_calendar: calendar,
        expanded_until: None,
        message: "Blackout calendar updated",
    };
    Ok((headers, Json(saved)).into_response())
}

/// Delete a blackout calendar
#[utoipa::path(
    delete, path = "/api/admin/blackout-calendars/{id}", tag = "Blackout calendars",
    params(
        ("id" = BlackoutCalendarId, Path, description = "The calendar"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be deleted"),
    ),
    responses(
        (status = 200, description = "The calendar is deleted", body = BlackoutCalendarDeleted),
        (status = 412, description = "It is not at the version of If-Match", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn delete_blackout_calendar(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<BlackoutCalendarId>,
    if_match: IfMatch,
) -> Result<Json<BlackoutCalendarDeleted>, Problem> {
    let stored = find(&state, &caller.scope, &id).await?;
    let expected = if_match.expected_version(stored.version)?;
    let act = Act::new(AuditAction::BlackoutCalendarChanged, &id)
        .with(json!({"changes": difference(&stored, &Value::Null, &[])}));
    let store = state.scheduler.store();
    let deleting = store.delete_blackout_calendar(&caller.scope, &id, expected);
    state
        .audited(&caller, act, deleting)
        .await
        .map_err(|error| if_match.judge(error.into()))?;
    Ok(Json(BlackoutCalendarDeleted {
        message: "Blackout calendar deleted",
    }))
}

async fn find(
    state: &ApiState,
    scope: &Scope,
    id: &BlackoutCalendarId,
) -> Result<BlackoutCalendar, Problem> {
    let calendar = state.scheduler.store().blackout_calendar(scope, id).await?;
    let missing = StoreError::NotFound {
        what: "blackout calendar",
    };
    calendar.ok_or_else(|| missing.into())
}

/// Reads a file on a thread that may take its time over it.
async fn import(
    bytes: Vec<u8>,
    query: ImportQuery,
    now: Timestamp,
) -> Result<(BlackoutCalendarDraft, Option<Date>), Problem> {
    let reading = tokio::task::spawn_blocking(move || import_ics(&bytes, now));
    let imported = reading.await.map_err(|error| Problem::internal(&error))?;
    let imported = imported.map_err(|error| of_file(&error))?;
    let name = match (query.name, imported.name) {
        (Some(name), _) => Ok(name),
        (None, Some(name)) => BlackoutName::parse(&name).map_err(|error| error.to_string()),
        (None, None) => Err("the file has no X-WR-CALNAME; say ?name=…".to_owned()),
    };
    let name = name.map_err(|reason| Problem::new(ProblemKind::InvalidQuery, reason))?;
    let draft = BlackoutCalendarDraft {
        name,
        description: query.description.unwrap_or_default(),
        timezone: query.timezone.or(imported.timezone).unwrap_or_default(),
        entries: imported.entries,
    };
    Ok((draft, imported.expanded_until))
}

fn of_file(error: &IcsError) -> Problem {
    let detail = error.to_string();
    Problem::new(ProblemKind::InvalidBody, detail.clone()).with_errors(vec![FieldProblem {
        pointer: String::new(),
        code: "invalid_calendar".to_owned(),
        detail,
    }])
}
