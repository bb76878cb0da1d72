//! Leases: how long claims hold, and when there is something to claim.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    embedded::stored::{count, later, milliseconds, moment},
    store::{Claim, LeaseAnswer, StoreError},
};

use super::{claiming::PRIORITIES, gates, met_by};

/// When [`claim`](super::claiming::claim) will find something for a host with these labels.
pub(super) fn next_claimable(
    connection: &Connection,
    labels: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT claimable_at FROM executions INDEXED BY executions_claimable
         WHERE priority = ?1 AND claimable_at IS NOT NULL AND waits_for IS NULL AND ",
        met_by!("?2"),
        " ORDER BY claimable_at LIMIT 1"
    ))?;
    let mut earliest: Option<i64> = None;
    let mut note = |found: Option<i64>| {
        earliest = match (earliest, found) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    };
    note(gates::waiting_for_a_free_place(connection, labels)?);
    for priority in PRIORITIES {
        let found = statement.query_row(params![priority, labels], |row| row.get(0));
        note(found.optional()?);
    }
    earliest.map(moment).transpose()
}

/// The earliest moment at which an execution has waited too long for its first attempt.
pub(super) fn next_deadline(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    connection
        .prepare_cached(
            "SELECT queue_deadline FROM executions INDEXED BY executions_expiring
             WHERE queue_deadline IS NOT NULL ORDER BY queue_deadline LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?
        .map(moment)
        .transpose()
}

/// Lengthens leases.
pub(super) fn renew(
    connection: &Connection,
    claims: &[Claim],
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<LeaseAnswer>, StoreError> {
    let until = milliseconds(later(now, lease));
    let mut statement = connection.prepare_cached(
        "UPDATE executions SET claimable_at = ?3
         WHERE id = ?1 AND fence = ?2 AND status = 'running'
         RETURNING cancel_at IS NOT NULL",
    )?;
    let mut renew_one = |claim: &Claim| {
        let key = params![claim.execution.as_str(), count(claim.fence.0), until];
        let found = statement.query_row(key, |row| row.get(0)).optional()?;
        Ok(match found {
            None => LeaseAnswer::Lost,
            Some(true) => LeaseAnswer::CancelRequested,
            Some(false) => LeaseAnswer::Renewed,
        })
    };
    claims.iter().map(&mut renew_one).collect()
}

/// Ends every lease, so that what ran when the file was closed can be claimed at once.
pub(in crate::embedded) fn end_leases(
    connection: &Connection,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE executions SET claimable_at = MIN(claimable_at, ?1)
         WHERE claimable_at IS NOT NULL AND status = 'running'",
        params![milliseconds(now)],
    )?;
    Ok(())
}

/// Lets executions that wait begin earlier by as much as a clock was set back.
pub(in crate::embedded) fn begin_earlier(
    connection: &Connection,
    now: Timestamp,
    by: Duration,
) -> Result<(), StoreError> {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "UPDATE executions SET claimable_at = max(?1, claimable_at - ?2),
                 available_at = max(?1, available_at - ?2), queue_deadline = queue_deadline - ?2
             WHERE claimable_at IS NOT NULL AND status = 'queued' AND claimable_at > ?1",
        )?
        .execute(params![milliseconds(now), by])?;
    Ok(())
}
