//! Slots that have come.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::UserId;

use crate::{
    backfill::BackfillStatus,
    embedded::stored::{count, milliseconds},
    execution::{Execution, ExecutionStatus},
    gate::Gate,
    job::OverlapPolicy,
    overlap::{Meeting, PLACE_TAKEN, meet},
    store::{Advance, Fired, Firing, StoreError},
};

use super::{cancelling, rows::SavedExecution};

/// A slot about to be stored.
pub(super) struct SavedFiring {
    saved: SavedExecution,
    advance: Advance,
    overlap: OverlapPolicy,
}

/// Prepares slots for [`fire`].
pub(super) fn save(firings: Vec<Firing>, now: Timestamp) -> Result<Vec<SavedFiring>, StoreError> {
    let save_one = |mut firing: Firing| {
        let available_at = firing.execution.available_at;
        firing.execution.available_at = available_at.min(now);
        Ok(SavedFiring {
            saved: SavedExecution::of(firing.execution)?,
            advance: firing.advance,
            overlap: firing.overlap,
        })
    };
    firings.into_iter().map(save_one).collect()
}

/// Stores slots and moves on what they are slots of.
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
    let saved = &firing.saved;
    let moved = match &firing.advance {
        Advance::Job { .. } => move_job_on(connection, firing)?,
        Advance::Backfill { .. } => move_backfill_on(connection, firing)?,
    };
    if !moved {
        return Ok(Fired::Outdated);
    }
    place(connection, saved, firing.overlap, now)
}

/// Stores an execution as the overlap policy of its job says.
pub(super) fn place(
    connection: &Connection,
    saved: &SavedExecution,
    overlap: OverlapPolicy,
    now: Timestamp,
) -> Result<Fired, StoreError> {
    let execution = &saved.execution;
    let meeting = match execution.status.is_finished() {
        true => Some(Meeting::Free),
        false => meet_earlier(connection, execution, overlap, now)?,
    };
    let (inserted, status) = match meeting {
        Some(Meeting::Free) => (saved.insert(connection)?, execution.status),
        Some(Meeting::Wait | Meeting::CancelOthers) => {
            let gate = Gate::Job(execution.job_id.clone());
            (saved.insert_behind(connection, &gate)?, execution.status)
        }
        Some(Meeting::Skip(reason)) => {
            let inserted = saved.insert_skipped(connection, &reason, now)?;
            (inserted, ExecutionStatus::Skipped)
        }
        None => (false, execution.status),
    };
    Ok(match inserted {
        true => Fired::Stored(status),
        false => Fired::AlreadyStored,
    })
}

/// Moves the job to its next slot, where it still waits for this one.
fn move_job_on(connection: &Connection, firing: &SavedFiring) -> Result<bool, StoreError> {
    let Advance::Job {
        version,
        from,
        to,
        due_at,
    } = &firing.advance
    else {
        return Ok(false);
    };
    let execution = &firing.saved.execution;
    let moved = connection
        .prepare_cached(
            "UPDATE jobs SET next_run_at = ?1, due_at = ?2
             WHERE id = ?3 AND org = ?4 AND enabled = 1 AND next_run_at = ?5 AND version = ?6",
        )?
        .execute(params![
            to.map(milliseconds),
            due_at.map(milliseconds),
            execution.job_id.as_str(),
            execution.org.as_str(),
            milliseconds(*from),
            count(version.0),
        ])?;
    Ok(moved == 1)
}

/// Moves the backfill to its next slot, where it still waits for this one.
fn move_backfill_on(connection: &Connection, firing: &SavedFiring) -> Result<bool, StoreError> {
    let Advance::Backfill { id, from, to } = &firing.advance else {
        return Ok(false);
    };
    let status = match to {
        Some(_) => BackfillStatus::Running,
        None => BackfillStatus::Done,
    };
    let moved = connection
        .prepare_cached(
            "UPDATE backfills SET next_slot = ?1, made = made + 1, status = ?2
             WHERE id = ?3 AND next_slot = ?4 AND status = 'running'",
        )?
        .execute(params![
            to.map(milliseconds),
            status.as_str(),
            id.as_str(),
            milliseconds(*from),
        ])?;
    Ok(moved == 1)
}

/// What an execution does when its slot comes; none where it was stored before.
fn meet_earlier(
    connection: &Connection,
    execution: &Execution,
    overlap: OverlapPolicy,
    now: Timestamp,
) -> Result<Option<Meeting>, StoreError> {
    if overlap == OverlapPolicy::AllowAll {
        return Ok(Some(Meeting::Free));
    }
    let Some(earlier) = unfinished(connection, execution)? else {
        return Ok(Some(Meeting::Free));
    };
    if is_stored(connection, execution)? {
        return Ok(None);
    }
    let waiting = match overlap {
        OverlapPolicy::BufferOne | OverlapPolicy::BufferAll => waiting(connection, execution)?,
        _ => 0,
    };
    Ok(match meet(overlap, &earlier, waiting) {
        Meeting::CancelOthers => {
            let others = cancelling::Others {
                job: &execution.job_id,
                because: PLACE_TAKEN,
            };
            cancelling::cancel_all(connection, &others, &UserId::system(), now)?;
            match unfinished(connection, execution)? {
                Some(_) => Some(Meeting::Wait),
                None => Some(Meeting::Free),
            }
        }
        meeting => Some(meeting),
    })
}

/// Another execution of the same job that is not finished: the one that has waited longest.
fn unfinished(
    connection: &Connection,
    execution: &Execution,
) -> Result<Option<String>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT id FROM executions INDEXED BY executions_unfinished
             WHERE job_id = ? AND claimable_at IS NOT NULL AND id <> ? ORDER BY queued_at LIMIT 1",
        )?
        .query_row([execution.job_id.as_str(), execution.id.as_str()], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(found)
}

/// How many executions of the same job wait for others.
fn waiting(connection: &Connection, execution: &Execution) -> Result<usize, StoreError> {
    let gate = Gate::job_text(execution.job_id.as_str());
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM executions INDEXED BY executions_waiting WHERE waits_for = ?",
        )?
        .query_row([gate], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn is_stored(connection: &Connection, execution: &Execution) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM executions WHERE id = ?")?
        .query_row([execution.id.as_str()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}
