//! Planning and pacing of backfills.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use super::*;
use crate::testing::{at, job};
use sandglass_registry::{BackfillStatus, OverlapPolicy};
use serde_json::{Value, json};

fn calendar(schedule: Value) -> Calendar {
    Calendar::compile(&serde_json::from_value(schedule).unwrap()).unwrap()
}

#[test]
fn a_plan_counts_the_slots_from_start_until_before_end() {
    let check = |schedule: Value, start: &str, end: &str, expect: Option<(&str, u32)>| {
        let plan = plan_backfill(&calendar(schedule.clone()), at(start), at(end));
        let expect = expect.map(|(first, total)| BackfillPlan {
            first: at(first),
            total,
        });
        assert_eq!(plan, Ok(expect), "{schedule} {start} {end}");
    };
    let hourly = || json!({"cron": "0 * * * *"});
    check(hourly(), "10:00:00", "10:00:01", Some(("10:00:00", 1)));
    check(hourly(), "10:00:00", "13:00:00", Some(("10:00:00", 3)));
    check(
        hourly(),
        "10:00:00.001",
        "13:00:00.001",
        Some(("11:00:00", 3)),
    );
    check(hourly(), "10:00:01", "11:00:00", None);
    let every_ten_seconds = || json!({"interval_seconds": 10});
    check(
        every_ten_seconds(),
        "10:00:03",
        "10:00:33",
        Some(("10:00:03", 3)),
    );
    check(
        every_ten_seconds(),
        "10:00:03",
        "10:00:33.001",
        Some(("10:00:03", 4)),
    );
    let once = || json!({"run_at": "2026-01-01T10:00:00Z"});
    check(once(), "10:00:00", "11:00:00", Some(("10:00:00", 1)));
    check(once(), "10:00:01", "11:00:00", None);
    check(json!({"type": "manual"}), "10:00:00", "11:00:00", None);
    let most = MAX_BACKFILL_RUNS;
    let every_second = || json!({"interval_seconds": 1});
    check(
        every_second(),
        "00:00:00",
        "02:46:40",
        Some(("00:00:00", most)),
    );
    check(
        every_second(),
        "00:00:00",
        "02:46:41",
        Some(("00:00:00", most + 1)),
    );
    check(
        every_second(),
        "00:00:00",
        "20:00:00",
        Some(("00:00:00", most + 1)),
    );
}

fn backfill(next: Option<&str>) -> Backfill {
    let job = job(json!({}));
    Backfill {
        id: sandglass_contract::BackfillId::parse("bf_1").unwrap(),
        org: job.org,
        job_id: job.id,
        start: at("10:00:00"),
        end: at("10:20:00"),
        overlap_policy: OverlapPolicy::BufferAll,
        dry_run: true,
        total: 20,
        made: 0,
        next_slot: next.map(at),
        status: BackfillStatus::Running,
        created_by: job.created_by,
        created_at: at("11:00:00"),
    }
}

fn next_slots(next: Option<&str>, unfinished: u32) -> Vec<Firing> {
    let job = job(json!({"schedule": {"interval_seconds": 60}, "overlap_policy": "skip"}));
    let calendar = calendar(json!({"interval_seconds": 60}));
    let blackouts = Blackouts::default();
    let now = at("11:00:00");
    decide_backfill(
        &backfill(next),
        unfinished,
        &job,
        &calendar,
        &blackouts,
        now,
    )
    .unwrap()
}

#[test]
fn at_most_ten_slots_of_a_backfill_are_unfinished_at_once() {
    let check = |next: Option<&str>, unfinished, expect: usize| {
        let firings = next_slots(next, unfinished);
        assert_eq!(firings.len(), expect, "{next:?} {unfinished}");
    };
    check(Some("10:00:00"), 0, 10);
    check(Some("10:00:00"), 9, 1);
    check(Some("10:00:00"), 10, 0);
    check(Some("10:00:00"), 11, 0);
    check(Some("10:18:00"), 0, 2);
    check(None, 0, 0);
}

#[test]
fn a_slot_of_a_backfill_is_an_execution_of_its_own_and_moves_the_backfill_on() {
    let firings = next_slots(Some("10:18:00"), 0);
    let backfill = backfill(None);
    let ends = [
        (at("10:18:00"), Some(at("10:19:00"))),
        (at("10:19:00"), None),
    ];
    for (firing, (slot, next)) in firings.iter().zip(ends) {
        let execution = &firing.execution;
        assert_eq!(execution.id, ExecutionId::of_backfill(&backfill.id, slot));
        assert_eq!(execution.scheduled_for, slot);
        assert_eq!(execution.triggered_by, Trigger::Backfill);
        assert_eq!(
            execution.triggered_by_user.as_ref(),
            Some(&backfill.created_by)
        );
        assert_eq!(execution.backfill_id.as_ref(), Some(&backfill.id));
        assert!(execution.dry_run);
        assert_eq!(firing.overlap, OverlapPolicy::BufferAll);
        let advance = Advance::Backfill {
            id: backfill.id.clone(),
            from: slot,
            to: next,
        };
        assert_eq!(firing.advance, advance);
    }
}
