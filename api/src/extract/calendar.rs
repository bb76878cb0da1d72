//! Bodies that are JSON or an iCalendar file.

use axum::extract::{FromRequest, Request};
use sandglass_registry::blackout::MAX_ICS_BYTES;
use serde::de::DeserializeOwned;

use super::{JsonBody, body};
use crate::problem::{Problem, ProblemKind};

/// A body that is written in JSON, or an iCalendar file.
#[derive(Debug)]
pub(crate) enum CalendarBody<T> {
    /// JSON.
    Json(T),
    /// The bytes of a file, `text/calendar`.
    Ics(Vec<u8>),
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for CalendarBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if body::media_type(request.headers()).as_deref() == Some("text/calendar") {
            return body::read(request, MAX_ICS_BYTES).await.map(Self::Ics);
        }
        let json = JsonBody::<T>::from_request(request, state).await;
        json.map(|JsonBody(value)| Self::Json(value))
            .map_err(|problem| match problem.kind() {
                ProblemKind::UnsupportedMediaType => Problem::new(
                    ProblemKind::UnsupportedMediaType,
                    "send the body as JSON with Content-Type: application/json, or an iCalendar file with Content-Type: text/calendar",
                ),
                _ => problem,
            })
    }
}
