//! Which executions a due job becomes.

use jiff::Timestamp;
use sandglass_contract::ExecutionId;
use sandglass_registry::{
    Blackout, Blackouts, Execution, ExecutionStatus, Job, OverlapPolicy, Trigger,
    job::CatchUp,
    store::{Advance, Firing},
};

use super::{
    passed::{Passed, Verdict, walk_back},
    queued::{Cause, never_run, queued},
};
use crate::calendar::{Calendar, CalendarError};

/// The most slots of one job that are decided in one go, so that no job holds up the others.
const MOST_AT_ONCE: usize = 250;
/// The most slots of one job that become a missed execution each. What lies before them becomes one,
/// which names its end.
const MOST_SINGLE: u32 = 1000;

/// What becomes of a due job.
pub type Firings = Vec<Firing>;

/// The executions that `job` becomes, given that its `next_run_at` has come: every slot until `now`
/// becomes one, queued or missed. Where there are very many slots it is asked again for the rest,
/// since the job waits for a later slot then.
#[must_use]
pub fn decide_firings(
    job: &Job,
    calendar: &Calendar,
    blackouts: &Blackouts,
    now: Timestamp,
) -> Firings {
    let Some(due) = job.next_run_at.filter(|due| job.due_at(*due) <= now) else {
        return Vec::new();
    };
    follow(job, calendar, blackouts, due, now)
        .unwrap_or_else(|error| decide_unfollowable(job, &error, now))
}

/// What becomes of a due job whose schedule cannot be followed any more: a missed execution that says
/// why, and no slot after it.
#[must_use]
pub fn decide_unfollowable(job: &Job, error: &CalendarError, now: Timestamp) -> Firings {
    let Some(due) = job.next_run_at else {
        return Vec::new();
    };
    let execution = execution(job, due, Trigger::CatchUp, now);
    let execution = never_run(execution, ExecutionStatus::Missed, error.to_string(), now);
    vec![firing(job, execution, due, None)]
}

fn follow(
    job: &Job,
    calendar: &Calendar,
    blackouts: &Blackouts,
    due: Timestamp,
    now: Timestamp,
) -> Result<Firings, CalendarError> {
    let passed = Passed::of(job, calendar, due, now)?;
    let mut firings = Vec::new();
    let mut slot = due;
    if passed.last > due {
        let single = walk_back(calendar, passed.last, due, MOST_SINGLE)?;
        if single > due {
            firings.push(all_missed_until(job, due, single, now));
            slot = single;
        }
    }
    while slot <= passed.last && firings.len() < MOST_AT_ONCE {
        let next = calendar.next_after(slot)?;
        let execution = match blackouts.covering(slot) {
            Some(blackout) => blacked_out(job, slot, &blackout, now),
            None => judged(job, slot, passed.judge(slot), now),
        };
        firings.push(firing(job, execution, slot, next));
        match next {
            Some(next) => slot = next,
            None => break,
        }
    }
    Ok(firings)
}

fn judged(job: &Job, slot: Timestamp, verdict: Verdict, now: Timestamp) -> Execution {
    match verdict {
        Verdict::Run => execution(job, slot, Trigger::Scheduler, now),
        Verdict::CatchUp => execution(job, slot, Trigger::CatchUp, now),
        Verdict::Missed(reason) => {
            let execution = execution(job, slot, Trigger::CatchUp, now);
            never_run(execution, ExecutionStatus::Missed, reason, now)
        }
    }
}

/// A slot within a blackout is skipped, whether it was seen in time or not.
fn blacked_out(job: &Job, slot: Timestamp, blackout: &Blackout, now: Timestamp) -> Execution {
    let execution = execution(job, slot, Trigger::Scheduler, now);
    let reason = format!("its time is blacked out by {blackout}");
    never_run(execution, ExecutionStatus::Skipped, reason, now)
}

/// One missed execution for the slots from `due` until before `single`.
fn all_missed_until(job: &Job, due: Timestamp, single: Timestamp, now: Timestamp) -> Firing {
    let reason = format!(
        "no host was there at its time, nor at any slot of this job before {single}; this stands for all of them"
    );
    let execution = execution(job, due, Trigger::CatchUp, now);
    let execution = never_run(execution, ExecutionStatus::Missed, reason, now);
    firing(job, execution, due, Some(single))
}

fn execution(job: &Job, slot: Timestamp, triggered_by: Trigger, now: Timestamp) -> Execution {
    let cause = Cause {
        id: ExecutionId::of_slot(&job.id, slot),
        scheduled_for: slot,
        triggered_by,
    };
    queued(job, cause, now)
}

fn firing(job: &Job, execution: Execution, slot: Timestamp, next: Option<Timestamp>) -> Firing {
    // Slots that are caught up together come at one moment and must not push each other out, nor the
    // one after them that comes in its time.
    let behind = job.next_run_at.is_some_and(|due| due < slot);
    let caught_up = behind || execution.triggered_by == Trigger::CatchUp;
    let overlap = match job.overlap_policy {
        OverlapPolicy::AllowAll => OverlapPolicy::AllowAll,
        _ if caught_up && job.catch_up == CatchUp::All => OverlapPolicy::BufferAll,
        policy => policy,
    };
    Firing {
        execution,
        advance: Advance::Job {
            version: job.version,
            from: slot,
            to: next,
            due_at: next.map(|next| job.due_at(next)),
        },
        overlap,
    }
}

#[cfg(test)]
mod tests;
