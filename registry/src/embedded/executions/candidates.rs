//! Executions that a claim looks at.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::{
    embedded::stored::{milliseconds, moment, optional_moment},
    execution::{Execution, ExecutionStatus},
    store::StoreError,
    unclaimed::Lost,
};

use super::rows::{COLUMNS, read_execution};

/// Which executions a claim looks at.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// Those of a priority that may be claimed.
    Waiting { priority: u32 },
    /// Those that were to be cancelled when their worker was lost.
    Cancelled,
    /// Those that have waited too long for their first attempt.
    Overdue,
}

pub(super) struct Candidate {
    pub(super) execution: Execution,
    /// For one that runs: when its lease ran out, and when the attempt began.
    pub(super) lost: Option<Lost>,
}

pub(super) type Found = (i64, Result<Candidate, StoreError>);

pub(super) fn candidates(
    connection: &Connection,
    wanted: Wanted,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Found>, StoreError> {
    let (index, condition, order) = match wanted {
        Wanted::Waiting { .. } => (
            "executions_claimable",
            "claimable_at <= ?1 AND priority = ?3 AND waits_for IS NULL AND cancel_at IS NULL
                 AND (queue_deadline IS NULL OR queue_deadline > ?1)",
            "claimable_at",
        ),
        Wanted::Cancelled => (
            "executions_cancelling",
            "claimable_at <= ?1 AND cancel_at IS NOT NULL AND ?3 IS NULL",
            "claimable_at",
        ),
        Wanted::Overdue => (
            "executions_expiring",
            "queue_deadline <= ?1 AND ?3 IS NULL",
            "queue_deadline",
        ),
    };
    let priority = match wanted {
        Wanted::Waiting { priority } => Some(priority),
        Wanted::Cancelled | Wanted::Overdue => None,
    };
    let sql = format!(
        "SELECT number, claimable_at, attempt_started_at, {COLUMNS}
         FROM executions INDEXED BY {index}
         WHERE {condition} ORDER BY {order}, number LIMIT ?2"
    );
    connection
        .prepare_cached(&sql)?
        .query_and_then(params![milliseconds(now), limit, priority], |row| {
            Ok((row.get("number")?, read_candidate(row)))
        })?
        .collect()
}

fn read_candidate(row: &Row<'_>) -> Result<Candidate, StoreError> {
    let execution = read_execution(row)?;
    let lost = match execution.status {
        ExecutionStatus::Running => {
            let at = moment(row.get("claimable_at")?)?;
            Some(Lost {
                at,
                attempt_started_at: optional_moment(row, "attempt_started_at")?.unwrap_or(at),
            })
        }
        _ => None,
    };
    Ok(Candidate { execution, lost })
}
