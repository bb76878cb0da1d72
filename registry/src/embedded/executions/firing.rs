//! Slots that have come.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    embedded::stored::milliseconds,
    execution::{Execution, ExecutionStatus},
    store::{Fired, Firing, Overlap, StoreError},
};

use super::rows::SavedExecution;

/// A slot about to be stored.
pub(super) struct SavedFiring {
    saved: SavedExecution,
    due_at: Timestamp,
    next_run_at: Option<Timestamp>,
    overlap: Overlap,
}

/// Prepares slots for [`fire`].
pub(super) fn save(firings: Vec<Firing>) -> Result<Vec<SavedFiring>, StoreError> {
    let save_one = |firing: Firing| {
        Ok(SavedFiring {
            saved: SavedExecution::of(firing.execution)?,
            due_at: firing.due_at,
            next_run_at: firing.next_run_at,
            overlap: firing.overlap,
        })
    };
    firings.into_iter().map(save_one).collect()
}

/// Stores slots and moves their jobs on.
pub(super) fn fire(
    connection: &Connection,
    firings: &[SavedFiring],
    now: Timestamp,
) -> Result<Vec<Fired>, StoreError> {
    firings
        .iter()
        .map(|firing| fire_one(connection, firing, now))
        .collect()
}

fn fire_one(
    connection: &Connection,
    firing: &SavedFiring,
    now: Timestamp,
) -> Result<Fired, StoreError> {
    if !move_job_on(connection, firing)? {
        return Ok(Fired::Outdated);
    }
    let execution = &firing.saved.execution;
    let in_the_way = match (firing.overlap, execution.status.is_finished()) {
        (Overlap::Skip, false) => unfinished(connection, execution)?,
        (Overlap::Skip, true) => None,
    };
    let (inserted, status) = match in_the_way {
        Some(other) => {
            let reason = format!("the execution {other} of this job was not finished yet");
            let inserted = firing.saved.insert_skipped(connection, &reason, now)?;
            (inserted, ExecutionStatus::Skipped)
        }
        None => (firing.saved.insert(connection)?, execution.status),
    };
    Ok(match inserted {
        true => Fired::Stored(status),
        false => Fired::AlreadyStored,
    })
}

/// Moves the job to its next slot, where it still waits for this one.
fn move_job_on(connection: &Connection, firing: &SavedFiring) -> Result<bool, StoreError> {
    let execution = &firing.saved.execution;
    let moved = connection
        .prepare_cached(
            "UPDATE jobs SET next_run_at = ?1
             WHERE id = ?2 AND org = ?3 AND enabled = 1 AND next_run_at = ?4",
        )?
        .execute(params![
            firing.next_run_at.map(milliseconds),
            execution.job_id.as_str(),
            execution.org.as_str(),
            milliseconds(firing.due_at),
        ])?;
    Ok(moved == 1)
}

/// Another execution of the same job that is not finished.
fn unfinished(
    connection: &Connection,
    execution: &Execution,
) -> Result<Option<String>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT id FROM executions INDEXED BY executions_unfinished
             WHERE job_id = ? AND claimable_at IS NOT NULL AND id <> ? LIMIT 1",
        )?
        .query_row([execution.job_id.as_str(), execution.id.as_str()], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(found)
}
