//! Every term of a schedule against slots that come in time, late and in great numbers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use super::*;
use crate::testing::{at, job};
use serde_json::{Value, json};

fn fire(members: &Value, now: Timestamp) -> Vec<Firing> {
    let job = job(members.clone());
    let calendar = Calendar::compile(&job.schedule).unwrap();
    decide_firings(&job, &calendar, &Blackouts::default(), now)
}

/// A firing as one line: the slot and what becomes of it.
fn line(firing: &Firing) -> String {
    let execution = &firing.execution;
    let slot = execution.scheduled_for.strftime("%H:%M:%S");
    let word = match (execution.status, execution.triggered_by) {
        (ExecutionStatus::Queued, Trigger::Scheduler) => "runs",
        (ExecutionStatus::Queued, Trigger::CatchUp) => "catches up",
        (ExecutionStatus::Missed, Trigger::CatchUp) => "missed",
        other => return format!("{slot} {other:?}"),
    };
    format!("{slot} {word}")
}

fn every_minute(terms: Value) -> Value {
    let mut members = json!({
        "schedule": {"cron": "* * * * *"}, "next_run_at": "2026-01-01T10:00:00Z"
    });
    for (name, value) in terms.as_object().unwrap() {
        members[name] = value.clone();
    }
    members
}

/// What becomes of a job that is due every minute from ten o'clock on.
fn check(terms: Value, now: &str, expect: &[&str]) {
    let firings = fire(&every_minute(terms.clone()), at(now));
    let lines: Vec<String> = firings.iter().map(line).collect();
    assert_eq!(lines, expect, "{terms} at {now}");
}

#[test]
fn a_slot_runs_in_its_time() {
    check(json!({}), "09:59:59.999", &[]);
    check(json!({}), "00:00:00", &[]);
    check(json!({}), "10:00:00", &["10:00:00 runs"]);
    check(json!({}), "10:00:59.999", &["10:00:00 runs"]);
    check(json!({"next_run_at": null}), "10:00:00", &[]);
}

#[test]
fn a_late_slot_is_caught_up_as_the_terms_say() {
    let every_hour =
        |catch_up: &str| json!({"schedule": {"cron": "0 * * * *"}, "catch_up": catch_up});
    check(every_hour("none"), "10:01:00", &["10:00:00 runs"]);
    check(every_hour("none"), "10:01:00.001", &["10:00:00 missed"]);
    check(every_hour("last"), "10:01:00.001", &["10:00:00 catches up"]);
    check(every_hour("all"), "10:01:00.001", &["10:00:00 catches up"]);
}

#[test]
fn many_slots_are_caught_up_as_the_terms_say() {
    let late = |terms: Value, expect: &[&str]| check(terms, "10:03:30", expect);
    late(
        json!({"catch_up": "none"}),
        &[
            "10:00:00 missed",
            "10:01:00 missed",
            "10:02:00 missed",
            "10:03:00 runs",
        ],
    );
    late(
        json!({}),
        &[
            "10:00:00 missed",
            "10:01:00 missed",
            "10:02:00 missed",
            "10:03:00 runs",
        ],
    );
    late(
        json!({"catch_up": "all"}),
        &[
            "10:00:00 catches up",
            "10:01:00 catches up",
            "10:02:00 catches up",
            "10:03:00 runs",
        ],
    );
    late(
        json!({"catch_up": "all", "max_catch_up_runs": 2}),
        &[
            "10:00:00 missed",
            "10:01:00 missed",
            "10:02:00 catches up",
            "10:03:00 runs",
        ],
    );
    late(
        json!({"catch_up": "all", "max_catch_up_runs": 1}),
        &[
            "10:00:00 missed",
            "10:01:00 missed",
            "10:02:00 missed",
            "10:03:00 runs",
        ],
    );
    late(
        json!({"catch_up": "all", "catch_up_window_seconds": 100}),
        &[
            "10:00:00 missed",
            "10:01:00 missed",
            "10:02:00 catches up",
            "10:03:00 runs",
        ],
    );
    late(
        json!({"catch_up": "all", "starting_deadline_seconds": 29}),
        &[
            "10:00:00 missed",
            "10:01:00 missed",
            "10:02:00 missed",
            "10:03:00 missed",
        ],
    );
    late(
        json!({"catch_up": "all", "starting_deadline_seconds": 90}),
        &[
            "10:00:00 missed",
            "10:01:00 missed",
            "10:02:00 catches up",
            "10:03:00 runs",
        ],
    );
}

#[test]
fn the_last_of_many_old_slots_runs_for_all_of_them() {
    let two_hours = json!({
        "schedule": {"cron": "0 * * * *"}, "next_run_at": "2026-01-01T10:00:00Z"
    });
    let lines: Vec<String> = fire(&two_hours, at("12:30:00")).iter().map(line).collect();
    assert_eq!(
        lines,
        ["10:00:00 missed", "11:00:00 missed", "12:00:00 catches up"]
    );
}

#[test]
fn a_missed_slot_says_why() {
    let check = |terms: Value, expect: &str| {
        let firings = fire(&every_minute(terms.clone()), at("10:03:30"));
        let first = firings[0].execution.clone();
        let reason = first.reason.unwrap_or_default();
        assert!(reason.contains(expect), "{terms}: {reason}");
        assert_eq!(first.completed_at, Some(at("10:03:30")));
    };
    check(json!({"catch_up": "none"}), "catch_up is none");
    check(json!({}), "the slot at 2026-01-01T10:03:00Z runs for it");
    check(
        json!({"catch_up": "all", "max_catch_up_runs": 1}),
        "more than max_catch_up_runs (1) came after it",
    );
    check(
        json!({"catch_up_window_seconds": 60}),
        "older than catch_up_window_seconds (60)",
    );
    check(
        json!({"starting_deadline_seconds": 60}),
        "found 210 s after its time, later than starting_deadline_seconds",
    );
}

#[test]
fn each_slot_moves_the_job_to_the_next_one() {
    let firings = fire(&every_minute(json!({"version": 7})), at("10:02:10"));
    let advances: Vec<Advance> = firings.into_iter().map(|it| it.advance).collect();
    let step = |from: &str, to: &str| Advance::Job {
        version: sandglass_registry::Version(7),
        from: at(from),
        to: Some(at(to)),
        due_at: Some(at(to)),
    };
    assert_eq!(
        advances,
        [
            step("10:00:00", "10:01:00"),
            step("10:01:00", "10:02:00"),
            step("10:02:00", "10:03:00")
        ]
    );
}

#[test]
fn slots_that_are_caught_up_together_wait_for_each_other() {
    let check = |terms: Value, expect: [OverlapPolicy; 2]| {
        let firings = fire(&every_minute(terms.clone()), at("10:01:30"));
        let policies: Vec<OverlapPolicy> = firings.iter().map(|it| it.overlap).collect();
        assert_eq!(policies, expect, "{terms}");
    };
    use OverlapPolicy::{AllowAll, BufferAll, BufferOne, CancelOther, Skip};
    check(json!({"catch_up": "all"}), [BufferAll, BufferAll]);
    check(
        json!({"catch_up": "all", "overlap_policy": "cancel_other"}),
        [BufferAll, BufferAll],
    );
    check(
        json!({"catch_up": "all", "overlap_policy": "allow_all"}),
        [AllowAll, AllowAll],
    );
    check(
        json!({"overlap_policy": "buffer_one"}),
        [BufferOne, BufferOne],
    );
    check(json!({"catch_up": "none"}), [Skip, Skip]);
    check(
        json!({"catch_up": "last", "overlap_policy": "cancel_other"}),
        [CancelOther, CancelOther],
    );
}

#[test]
fn jitter_puts_slots_off_and_leaves_them_their_names() {
    let members = every_minute(json!({"jitter_seconds": 3600}));
    let slot = at("10:00:00");
    let job = job(members.clone());
    let due = job.due_at(slot);
    assert!(due > slot, "this job's share of the jitter is {due}");
    let before = due
        .saturating_sub(jiff::SignedDuration::from_millis(1))
        .unwrap();
    assert!(fire(&members, before).is_empty());
    let firings = fire(&members, due);
    let [firing] = firings.as_slice() else {
        panic!("{firings:?}")
    };
    assert_eq!(line(firing), "10:00:00 runs");
    assert_eq!(firing.execution.id, ExecutionId::of_slot(&job.id, slot));
    let Advance::Job { to, due_at, .. } = &firing.advance else {
        panic!("{firing:?}")
    };
    assert_eq!(*to, Some(at("10:01:00")));
    assert_eq!(*due_at, to.map(|to| job.due_at(to)));
}

#[test]
fn very_many_slots_become_one_row_and_then_single_ones_in_parts() {
    let mut members = every_minute(json!({"catch_up": "all", "max_catch_up_runs": 3}));
    let now = at("10:00:30") + jiff::SignedDuration::from_hours(24 * 7);
    let job = job(members.clone());
    let slots = 7 * 24 * 60 + 1;
    let mut fired: Vec<Firing> = Vec::new();
    let mut parts = Vec::new();
    loop {
        let part = fire(&members, now);
        let Some(last) = part.last() else { break };
        let Advance::Job { to: Some(to), .. } = last.advance else {
            panic!("{last:?}")
        };
        members["next_run_at"] = json!(to);
        parts.push(part.len());
        fired.extend(part);
    }
    assert_eq!(parts, [250, 250, 250, 250, 2]);
    let first = &fired[0];
    assert_eq!(first.execution.status, ExecutionStatus::Missed);
    assert!(
        first
            .execution
            .reason
            .as_ref()
            .unwrap()
            .contains("stands for all of them")
    );
    let mut expected = at("10:00:00");
    for firing in &fired {
        let Advance::Job { from, to, .. } = firing.advance else {
            panic!("{firing:?}")
        };
        assert_eq!(from, expected);
        assert_eq!(firing.execution.id, ExecutionId::of_slot(&job.id, from));
        expected = to.unwrap();
    }
    assert!(expected > now);
    let second = fired[1].execution.scheduled_for;
    let stands_for = second.duration_since(at("10:00:00")).as_secs() / 60;
    assert_eq!(stands_for + 1001, slots);
    let run = |it: &&Firing| it.execution.status == ExecutionStatus::Queued;
    let run: Vec<String> = fired.iter().filter(run).map(line).collect();
    assert_eq!(
        run,
        [
            "09:58:00 catches up",
            "09:59:00 catches up",
            "10:00:00 runs"
        ]
    );
}

#[test]
fn once_runs_once() {
    let members = json!({
        "schedule": {"run_at": "2026-01-01T10:00:00Z"}, "next_run_at": "2026-01-01T10:00:00Z"
    });
    for (now, expect) in [
        ("10:00:01", "10:00:00 runs"),
        ("11:00:00", "10:00:00 catches up"),
    ] {
        let firings = fire(&members, at(now));
        let [firing] = firings.as_slice() else {
            panic!("{firings:?}")
        };
        assert_eq!(line(firing), expect);
        assert!(matches!(
            firing.advance,
            Advance::Job {
                to: None,
                due_at: None,
                ..
            }
        ));
    }
}

#[test]
fn a_schedule_that_cannot_be_followed_ends_with_a_missed_slot_that_says_so() {
    let error = CalendarError::Stuck {
        expression: "* * * * *".to_owned(),
    };
    let job = job(every_minute(json!({})));
    let firings = decide_unfollowable(&job, &error, at("10:00:10"));
    let [firing] = firings.as_slice() else {
        panic!("{firings:?}")
    };
    assert_eq!(line(firing), "10:00:00 missed");
    assert_eq!(firing.execution.reason, Some(error.to_string()));
    assert!(matches!(firing.advance, Advance::Job { to: None, .. }));
    let idle = crate::testing::job(json!({}));
    assert!(decide_unfollowable(&idle, &error, at("10:00:10")).is_empty());
}
