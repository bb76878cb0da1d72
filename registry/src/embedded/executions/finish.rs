//! What every end of an execution brings with it, however it ends: whether others are to hear of it,
//! and whom it no longer stands in the way of.

use rusqlite::{Connection, OptionalExtension};

use crate::{execution::ExecutionStatus, store::StoreError};

use super::gates;

/// Whether the end of an execution of `job` in this status has consequences beyond itself.
pub(super) fn is_unsettled(
    connection: &Connection,
    job: &str,
    status: ExecutionStatus,
) -> Result<bool, StoreError> {
    let may_pause = matches!(status, ExecutionStatus::Failed | ExecutionStatus::TimedOut);
    Ok(has_children(connection, job)? || (may_pause && pauses_on_failure(connection, job)?))
}

/// Whether other jobs depend on a job.
pub(super) fn has_children(connection: &Connection, job: &str) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM job_parents WHERE parent = ? LIMIT 1")?
        .query_row([job], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

fn pauses_on_failure(connection: &Connection, job: &str) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT pauses_on_failure FROM jobs WHERE id = ?")?
        .query_row([job], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(false))
}

/// Lets those go on that waited for an execution of `job`, now that it has ended.
pub(super) fn make_way(
    connection: &Connection,
    execution: &str,
    job: &str,
) -> Result<(), StoreError> {
    gates::leave_places(connection, execution)?;
    gates::open_for_next_of(connection, job)
}
