//! Which executions a due job becomes.

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::ExecutionId;
use sandglass_registry::{
    Execution, ExecutionStatus, Job, Trigger,
    store::{Firing, Overlap},
};

use crate::{
    calendar::{Calendar, CalendarError},
    jobs::queued,
};

/// A slot that is found due later than this after its moment was missed by every host.
const LATE_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// The executions that `job` becomes, given that its `next_run_at` has come.
///
/// Where several slots have passed, the last of them runs and the first becomes a missed execution that
/// says so. A job whose schedule cannot be followed becomes a missed execution too, its last.
#[must_use]
pub fn decide_firings(job: &Job, now: Timestamp) -> Vec<Firing> {
    let Some(due) = job.next_run_at.filter(|due| *due <= now) else {
        return Vec::new();
    };
    follow(job, due, now).unwrap_or_else(|error| {
        vec![Firing {
            execution: missed(job, due, now, error.to_string()),
            due_at: due,
            next_run_at: None,
            overlap: Overlap::Skip,
        }]
    })
}

fn follow(job: &Job, due: Timestamp, now: Timestamp) -> Result<Vec<Firing>, CalendarError> {
    let calendar = Calendar::compile(&job.schedule)?;
    let last = calendar.last_until(due, now)?;
    let next_run_at = calendar.next_after(last)?;
    let triggered_by = match now.duration_since(last) > LATE_AFTER || last > due {
        true => Trigger::CatchUp,
        false => Trigger::Scheduler,
    };
    let slot = ExecutionId::of_slot(&job.id, last);
    let firing = Firing {
        execution: queued(job, slot, last, now, triggered_by),
        due_at: last,
        next_run_at,
        overlap: Overlap::Skip,
    };
    if last == due {
        return Ok(vec![firing]);
    }
    let reason = format!(
        "no host was there at this slot nor at those up to {last}, which runs for all of them"
    );
    let missed = Firing {
        execution: missed(job, due, now, reason),
        due_at: due,
        next_run_at: Some(last),
        overlap: Overlap::Skip,
    };
    Ok(vec![missed, firing])
}

fn missed(job: &Job, due: Timestamp, now: Timestamp, reason: String) -> Execution {
    let slot = ExecutionId::of_slot(&job.id, due);
    Execution {
        status: ExecutionStatus::Missed,
        reason: Some(reason),
        completed_at: Some(now),
        ..queued(job, slot, due, now, Trigger::CatchUp)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use crate::testing::job_with_schedule;
    use serde_json::json;

    fn check(due: &str, now: &str, expect: &[&str], expect_next: &str) {
        let mut job = job_with_schedule(json!({"cron": "*/10 * * * *"}));
        job.next_run_at = Some(due.parse().unwrap());
        let firings = decide_firings(&job, now.parse().unwrap());
        let rows: Vec<String> = firings
            .iter()
            .map(|it| {
                let execution = &it.execution;
                assert_eq!(
                    execution.id,
                    ExecutionId::of_slot(&job.id, execution.scheduled_for)
                );
                format!(
                    "{} {:?} {:?}",
                    execution.scheduled_for, execution.status, execution.triggered_by
                )
            })
            .collect();
        assert_eq!(rows, expect);
        let next = firings.last().and_then(|it| it.next_run_at);
        assert_eq!(
            next.map(|it| it.to_string()).unwrap_or_default(),
            expect_next
        );
    }

    #[test]
    fn a_slot_found_in_time_is_queued() {
        check(
            "2026-01-01T00:10:00Z",
            "2026-01-01T00:10:00.004Z",
            &["2026-01-01T00:10:00Z Queued Scheduler"],
            "2026-01-01T00:20:00Z",
        );
    }

    #[test]
    fn a_slot_found_late_is_queued_as_catch_up() {
        check(
            "2026-01-01T00:10:00Z",
            "2026-01-01T00:12:00Z",
            &["2026-01-01T00:10:00Z Queued CatchUp"],
            "2026-01-01T00:20:00Z",
        );
    }

    #[test]
    fn of_many_passed_slots_the_last_runs_and_the_record_says_so() {
        check(
            "2026-01-01T00:10:00Z",
            "2026-01-02T00:05:00Z",
            &[
                "2026-01-01T00:10:00Z Missed CatchUp",
                "2026-01-02T00:00:00Z Queued CatchUp",
            ],
            "2026-01-02T00:10:00Z",
        );
    }

    #[test]
    fn a_slot_that_has_not_come_is_left_alone() {
        check("2026-01-01T00:10:00Z", "2026-01-01T00:09:59Z", &[], "");
    }
}
