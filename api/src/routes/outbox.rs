//! The mails that were written to files because there is no mail server.

use std::num::NonZeroU32;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Caller,
    extract::Query,
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    sources::{SourceError, WrittenMail},
    state::ApiState,
};

/// The most mails of one answer.
const MAX_MAILS: u32 = 200;

/// Which mails are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OutboxQuery {
    /// How many mails at the most; above 200 means 200.
    #[serde(default = "mails_of_an_answer")]
    #[param(value_type = u32, minimum = 1, default = 50, required = false)]
    limit: NonZeroU32,
}

fn mails_of_an_answer() -> NonZeroU32 {
    NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN)
}

/// Mails, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutboxList {
    mails: Vec<WrittenMail>,
}

/// List mails that were not sent
///
/// Without a mail server in the settings, mails are written to files and listed here.
#[utoipa::path(
    get, path = "/api/admin/outbox", tag = "Mail", params(OutboxQuery),
    responses(
        (status = 200, description = "Mails, newest first", body = OutboxList),
        (status = 404, description = "Mail goes to a mail server", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
pub(super) async fn list_outbox(
    _caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<OutboxQuery>,
) -> Result<Json<OutboxList>, Problem> {
    let Some(outbox) = &state.outbox else {
        let detail = "mail goes to a mail server here, and none is written to files";
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let limit = query.limit.get().min(MAX_MAILS) as usize;
    let mails = outbox.mails(limit).await.map_err(|error| match error {
        SourceError::Gone => Problem::internal(&error),
        SourceError::Unavailable(_) => Problem::unavailable(&error),
    })?;
    Ok(Json(OutboxList { mails }))
}
