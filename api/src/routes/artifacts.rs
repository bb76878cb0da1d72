//! Downloading the files that executions left behind.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use sandglass_contract::ExecutionId;
use serde::Deserialize;

use super::executions::find;
use crate::{
    auth::Caller,
    extract::Path,
    problem::{Problem, ProblemKind},
    sources::SourceError,
    state::ApiState,
};

/// The longest file name that a download gets, in characters.
const MAX_NAME_CHARACTERS: usize = 120;

/// Which file.
#[derive(Debug, Deserialize)]
pub(super) struct ArtifactPath {
    id: ExecutionId,
    artifact_id: String,
}

/// Download a file of an execution
///
/// The answer is always a download and never shown in place, whatever the file holds.
#[utoipa::path(
    get, path = "/api/admin/job-executions/{id}/artifacts/{artifact_id}", tag = "Executions",
    params(
        ("id" = ExecutionId, Path, description = "The execution"),
        ("artifact_id" = String, Path, description = "The `id` of one of its `artifacts`"),
    ),
    responses((
        status = 200, description = "The bytes of the file", body = Vec<u8>,
        content_type = "application/octet-stream",
        headers(
            ("Content-Disposition" = String, description = "Its name"),
            ("ETag" = String, description = "The SHA-256 digest of its bytes"),
        ),
    )),
)]
pub(super) async fn get_artifact(
    caller: Caller,
    State(state): State<ApiState>,
    Path(path): Path<ArtifactPath>,
) -> Result<Response, Problem> {
    let execution = find(&state, &caller.scope, &path.id).await?;
    let artifact = execution
        .artifacts
        .iter()
        .find(|artifact| artifact.id == path.artifact_id)
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, "the execution has no such file"))?;
    let bytes = state
        .artifacts
        .open(&path.id, artifact)
        .await
        .map_err(|error| match error {
            SourceError::Gone => Problem::new(ProblemKind::NotFound, error.to_string()),
            SourceError::Unavailable(_) => Problem::unavailable(&error),
        })?;
    let mut headers = HeaderMap::new();
    let own_type = HeaderValue::from_str(&artifact.content_type);
    let any_type = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, own_type.unwrap_or(any_type));
    headers.insert(header::CONTENT_LENGTH, artifact.size.into());
    headers.insert(header::CONTENT_DISPOSITION, disposition(&artifact.name));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", artifact.sha256)) {
        headers.insert(header::ETAG, tag);
    }
    Ok((headers, Body::from_stream(bytes)).into_response())
}

/// A download under a name that is safe in every file system (RFC 6266): letters, digits and `._-`, not
/// beginning with a dot.
fn disposition(name: &str) -> HeaderValue {
    let safe: String = name
        .chars()
        .map(|it| {
            if it.is_ascii_alphanumeric() || "._-".contains(it) {
                it
            } else {
                '_'
            }
        })
        .skip_while(|it| *it == '.')
        .take(MAX_NAME_CHARACTERS)
        .collect();
    let safe = if safe.is_empty() { "artifact" } else { &safe };
    let text = format!("attachment; filename=\"{safe}\"");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: &str) {
        let expect = format!("attachment; filename=\"{expect}\"");
        assert_eq!(disposition(name), expect, "{name}");
    }

    #[test]
    fn a_file_name_cannot_leave_its_folder_or_its_header() {
        check("users-2026.csv", "users-2026.csv");
        check("../../etc/passwd", "_.._etc_passwd");
        check(".bashrc", "bashrc");
        check("a\"; filename=\"b\r\nX: y", "a___filename__b__X__y");
        check("Übersicht.csv", "_bersicht.csv");
        check("", "artifact");
        check("...", "artifact");
        check(&"a".repeat(500), &"a".repeat(MAX_NAME_CHARACTERS));
    }
}
