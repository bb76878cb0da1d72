//! Executions as an archive moves them: with what the row holds beside the record.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use sandglass_contract::ExecutionId;

use crate::{
    archive::ArchivedExecution,
    embedded::stored::{milliseconds, optional_moment},
    execution::ExecutionStatus,
    store::{Records, StoreError},
};

use super::{
    EXECUTION,
    recording::SavedRecords,
    rows::{SavedExecution, read_execution},
};

/// The columns that [`read_archived`] needs.
pub(in crate::embedded) const COLUMNS: &str = "*";

/// Reads an execution from a row.
pub(in crate::embedded) fn read_archived(row: &Row<'_>) -> Result<ArchivedExecution, StoreError> {
    let execution = read_execution(row)?;
    let attempt_started_at = match execution.status {
        ExecutionStatus::Running => optional_moment(row, "attempt_started_at")?,
        _ => None,
    };
    Ok(ArchivedExecution {
        execution,
        attempt_started_at,
        missed_at: optional_moment(row, "queue_deadline")?,
        unsettled: row.get("unsettled")?,
    })
}

/// Adds an execution that another store kept. The lease of one that runs ends now.
pub(in crate::embedded) fn insert_archived(
    connection: &Connection,
    archived: ArchivedExecution,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ArchivedExecution {
        execution,
        attempt_started_at,
        missed_at,
        unsettled,
    } = archived;
    let lease_end = match execution.status {
        ExecutionStatus::Running => Some(milliseconds(now)),
        _ => None,
    };
    let waits_for = execution.waits_for.as_ref().map(ToString::to_string);
    let saved = SavedExecution::of(execution)?;
    if !saved.insert(connection)? {
        return Err(StoreError::Exists { what: EXECUTION });
    }
    connection
        .prepare_cached(
            "UPDATE executions SET claimable_at = coalesce(?2, claimable_at),
                 attempt_started_at = ?3, queue_deadline = ?4, unsettled = ?5, waits_for = ?6
             WHERE id = ?1",
        )?
        .execute(params![
            saved.execution.id.as_str(),
            lease_end,
            attempt_started_at.map(milliseconds),
            missed_at.map(milliseconds),
            unsettled,
            waits_for,
        ])?;
    Ok(())
}

/// Adds log lines and journal entries of an execution.
pub(in crate::embedded) fn insert_records(
    connection: &Connection,
    execution: &ExecutionId,
    records: &Records,
) -> Result<(), StoreError> {
    SavedRecords::of(records)?.store(connection, execution)
}
