//! The log and the state of an execution, live, as server-sent events (WHATWG HTML §9.2).
//!
//! What is sent is read from the store; the scheduler's hints only make it come sooner. So a watcher of
//! an execution that runs on another host sees it too, and one that comes back with `Last-Event-ID`
//! goes on where it was.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, stream};
use jiff::Timestamp;
use sandglass_contract::{ExecutionId, OutcomeCode, Progress};
use sandglass_registry::{Execution, ExecutionStatus, Scope, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::{
    OwnedSemaphorePermit,
    broadcast::{Receiver, error::RecvError},
};
use utoipa::{IntoParams, ToSchema};

use super::executions::find;
use crate::{
    auth::Caller,
    extract::{Path, Query},
    problem::{Problem, ProblemKind},
    state::ApiState,
};

/// How many lines are read at once.
const LINES_AT_ONCE: u32 = 500;
/// How long to wait for a hint before looking again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a client waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);
/// Tells proxies such as nginx to pass events on at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// Only lines whose `seq` is greater. The header `Last-Event-ID` goes before it.
    #[serde(default)]
    #[param(default = 0)]
    after: u64,
}

/// The data of an event `state` or `end`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct StateEvent {
    execution_id: ExecutionId,
    status: ExecutionStatus,
    attempt: u32,
    progress: Option<Progress>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    outcome: Option<OutcomeCode>,
    message: Option<String>,
    error: Option<String>,
}

impl From<Execution> for StateEvent {
    fn from(execution: Execution) -> Self {
        Self {
            execution_id: execution.id,
            status: execution.status,
            attempt: execution.attempt,
            progress: execution.progress,
            started_at: execution.started_at,
            completed_at: execution.completed_at,
            outcome: execution.outcome,
            message: execution.message,
            error: execution.error,
        }
    }
}

/// Watch an execution
///
/// Server-sent events: `log` (data: a line; id: its `seq`), `state` (data: status, attempt and progress,
/// at first and whenever they change) and `end` (data: as `state`), after which the stream ends. A
/// comment comes every 15 seconds where nothing else does. The stream also ends when the service stops;
/// connect again with `Last-Event-ID`.
#[utoipa::path(
    get, path = "/api/admin/job-executions/{id}/logs/stream", tag = "Executions",
    params(
        ("id" = ExecutionId, Path, description = "The execution"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The `id` of the last event that arrived"),
        StreamQuery,
    ),
    responses((
        status = 200, description = "Events", body = StateEvent, content_type = "text/event-stream",
    )),
)]
pub(super) async fn stream_logs(
    caller: Caller,
    State(state): State<ApiState>,
    Path(id): Path<ExecutionId>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let hints = state.scheduler.changes().subscribe();
    find(&state, &caller.scope, &id).await?;
    let place = state.streams().try_acquire_owned().map_err(|_| {
        let detail = "too many executions are being watched; read …/logs instead, or try again";
        Problem::new(ProblemKind::Unavailable, detail)
    })?;
    let watch = Watch {
        after: last_event_id(&headers)?.unwrap_or(query.after),
        scope: caller.scope,
        hints,
        last_state: None,
        pause: Pause::None,
        waiting: VecDeque::from([Event::default().retry(RECONNECT)]),
        state,
        id,
        _place: place,
    };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    let events = Sse::new(events(watch)).keep_alive(KeepAlive::default());
    Ok((headers, events).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    number.map(Some).ok_or_else(|| {
        let detail = "Last-Event-ID is the id of an event of this stream, a number";
        Problem::new(ProblemKind::InvalidHeader, detail)
    })
}

/// What comes before the next look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// There may be more already.
    None,
    /// Wait for a hint.
    Hint,
    /// Nothing follows.
    End,
}

/// Somebody who watches an execution.
struct Watch {
    state: ApiState,
    scope: Scope,
    id: ExecutionId,
    after: u64,
    hints: Receiver<ExecutionId>,
    last_state: Option<StateEvent>,
    pause: Pause,
    waiting: VecDeque<Event>,
    _place: OwnedSemaphorePermit,
}

fn events(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(watch, |mut watch| async move {
        loop {
            if let Some(event) = watch.waiting.pop_front() {
                return Some((Ok(event), watch));
            }
            match watch.pause {
                Pause::None => {}
                Pause::Hint => watch.wait().await,
                Pause::End => return None,
            }
            if watch.state.shutdown.is_cancelled() {
                return None;
            }
            watch.pause = match watch.look().await {
                Ok(pause) => pause,
                Err(StoreError::Unavailable(_)) => Pause::Hint,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "stream.failed");
                    Pause::End
                }
            };
        }
    })
}

impl Watch {
    /// Reads what is new. The execution is read before its log: where it has ended, its whole log is
    /// stored already.
    async fn look(&mut self) -> Result<Pause, StoreError> {
        let store = self.state.scheduler.store();
        let Some(execution) = store.execution(&self.scope, &self.id).await? else {
            return Ok(Pause::End);
        };
        let lines = store
            .log(&self.scope, &self.id, self.after, LINES_AT_ONCE)
            .await?;
        let more = lines.len() >= LINES_AT_ONCE as usize;
        for line in lines {
            self.after = line.seq;
            let event = Event::default().event("log").id(line.seq.to_string());
            self.waiting.extend(event.json_data(&line).ok());
        }
        if more {
            return Ok(Pause::None);
        }
        let finished = execution.status.is_finished();
        let state = StateEvent::from(execution);
        if self.last_state.as_ref() != Some(&state) {
            self.waiting
                .extend(Event::default().event("state").json_data(&state).ok());
        }
        if finished {
            self.waiting
                .extend(Event::default().event("end").json_data(&state).ok());
            return Ok(Pause::End);
        }
        self.last_state = Some(state);
        Ok(Pause::Hint)
    }

    async fn wait(&mut self) {
        let mut look_again = self.state.scheduler.clock().sleep(LOOK_EVERY);
        loop {
            tokio::select! {
                () = self.state.shutdown.cancelled() => return,
                () = &mut look_again => return,
                hint = self.hints.recv() => match hint {
                    Ok(id) if id != self.id => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => {
                        look_again.await;
                        return;
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn check(header: Option<&str>, expect: Result<Option<u64>, ProblemKind>) {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert("last-event-id", HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(
            last_event_id(&headers).map_err(|it| it.kind()),
            expect,
            "{header:?}"
        );
    }

    #[test]
    fn a_stream_goes_on_after_the_last_event() {
        check(None, Ok(None));
        check(Some("17"), Ok(Some(17)));
        check(Some(" 17 "), Ok(Some(17)));
        check(Some(""), Err(ProblemKind::InvalidHeader));
        check(Some("-1"), Err(ProblemKind::InvalidHeader));
        check(Some("seventeen"), Err(ProblemKind::InvalidHeader));
    }
}
