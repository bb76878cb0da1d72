//! Bodies as bytes, bounded in size and time, and the bodies that are WebAssembly components.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use futures::StreamExt as _;

use crate::{
    problem::{Problem, ProblemKind},
    state::ApiState,
};

/// How long a body may take to arrive.
const ARRIVAL_TIME: Duration = Duration::from_secs(60);
/// How much of a body that is too large is read and thrown away, so that a caller who sends before it
/// listens gets the answer.
const DISCARDED_BYTES: usize = 64 << 20;

/// The bytes of a component that is uploaded.
#[derive(Debug)]
pub(crate) struct ComponentBytes(pub(crate) Vec<u8>);

impl FromRequest<ApiState> for ComponentBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        let typed = media_type(request.headers()).as_deref() == Some("application/wasm");
        let bytes = read(request, state.max_component_bytes).await?;
        match typed {
            true => Ok(Self(bytes)),
            false => Err(Problem::new(
                ProblemKind::UnsupportedMediaType,
                "send the bytes of the component with Content-Type: application/wasm",
            )),
        }
    }
}

/// The media type of a request in lower case, without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split_once(';').map_or(value, |(essence, _)| essence);
    Some(essence.trim().to_ascii_lowercase())
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(request: Request, limit: usize) -> Result<Vec<u8>, Problem> {
    let waits = request.headers().contains_key(header::EXPECT);
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    if waits && announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let arrival = collect(request.into_body(), limit);
    tokio::time::timeout(ARRIVAL_TIME, arrival)
        .await
        .unwrap_or_else(|_| {
            let seconds = ARRIVAL_TIME.as_secs();
            let detail = format!("the body did not arrive within {seconds} seconds");
            Err(Problem::new(ProblemKind::RequestTimeout, detail))
        })
}

async fn collect(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut arriving = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(piece) = arriving.next().await {
        let piece = piece.map_err(|_| {
            let detail = "the connection ended before the body was complete";
            Problem::new(ProblemKind::UnreadableBody, detail)
        })?;
        length = length.saturating_add(piece.len());
        if length <= limit {
            bytes.extend_from_slice(&piece);
        } else {
            bytes = Vec::new();
        }
        if length > limit.saturating_add(DISCARDED_BYTES) {
            break;
        }
    }
    match length <= limit {
        true => Ok(bytes),
        false => Err(too_large(limit)),
    }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("the body may have at most {limit} bytes");
    Problem::new(ProblemKind::BodyTooLarge, detail)
}
