//! Backfills: which slots they have, and which of them become executions next.

use jiff::Timestamp;
use sandglass_contract::ExecutionId;
use sandglass_registry::{
    Backfill, Blackouts, Execution, ExecutionStatus, Job, Trigger,
    backfill::MAX_BACKFILL_RUNS,
    store::{Advance, Firing},
};

use super::queued::{Cause, never_run, queued};
use crate::calendar::{Calendar, CalendarError};

/// How many executions of one backfill may be unfinished at once, so that it can be paused and does
/// not crowd the queue.
const UNFINISHED_AT_ONCE: u32 = 10;

/// The slots of a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackfillPlan {
    /// The first.
    pub first: Timestamp,
    /// How many they are.
    pub total: u32,
}

/// The slots from `start` until before `end`; none where there are none. They are counted to one more
/// than [`MAX_BACKFILL_RUNS`] and no further.
///
/// # Errors
/// Where the schedule cannot be followed.
pub fn plan_backfill(
    calendar: &Calendar,
    start: Timestamp,
    end: Timestamp,
) -> Result<Option<BackfillPlan>, CalendarError> {
    let mut slot = calendar.first_from(start)?.filter(|slot| *slot < end);
    let Some(first) = slot else { return Ok(None) };
    let mut total = 0;
    while let Some(at) = slot {
        total += 1;
        if total > MAX_BACKFILL_RUNS {
            break;
        }
        slot = calendar.next_after(at)?.filter(|next| *next < end);
    }
    Ok(Some(BackfillPlan { first, total }))
}

/// The next executions of a backfill that is running and has `unfinished` executions already.
///
/// # Errors
/// Where the schedule cannot be followed any more.
pub fn decide_backfill(
    backfill: &Backfill,
    unfinished: u32,
    job: &Job,
    calendar: &Calendar,
    blackouts: &Blackouts,
    now: Timestamp,
) -> Result<Vec<Firing>, CalendarError> {
    let mut firings = Vec::new();
    let mut next_slot = backfill.next_slot;
    for _ in unfinished..UNFINISHED_AT_ONCE {
        let Some(slot) = next_slot else { break };
        next_slot = calendar
            .next_after(slot)?
            .filter(|next| *next < backfill.end);
        let cause = Cause {
            id: ExecutionId::of_backfill(&backfill.id, slot),
            scheduled_for: slot,
            triggered_by: Trigger::Backfill,
        };
        let execution = Execution {
            dry_run: backfill.dry_run,
            triggered_by_user: Some(backfill.created_by.clone()),
            backfill_id: Some(backfill.id.clone()),
            ..queued(job, cause, now)
        };
        let execution = match blackouts.covering(slot) {
            Some(blackout) => {
                let reason = format!("its time is blacked out by {blackout}");
                never_run(execution, ExecutionStatus::Skipped, reason, now)
            }
            None => execution,
        };
        firings.push(Firing {
            execution,
            advance: Advance::Backfill {
                id: backfill.id.clone(),
                from: slot,
                to: next_slot,
            },
            overlap: backfill.overlap_policy,
        });
    }
    Ok(firings)
}

#[cfg(test)]
mod tests;
