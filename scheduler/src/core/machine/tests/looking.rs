//! Looking for slots, ends and backfills.

use std::time::Duration;

use sandglass_registry::Blackouts;
use sandglass_registry::Execution;
use serde_json::json;

use super::driver::Driver;
use crate::{
    calendar::Calendar,
    core::{decide_firings, machine::*},
    testing::{at, execution_of, job},
};

fn firings() -> Vec<sandglass_registry::store::Firing> {
    let job = job(json!({
        "schedule": {"cron": "* * * * *"}, "next_run_at": "2026-01-01T10:00:00Z"
    }));
    let calendar = Calendar::compile(&job.schedule).unwrap();
    decide_firings(&job, &calendar, &Blackouts::default(), at("10:00:00"))
}

fn ended() -> Execution {
    execution_of(&job(json!({})), "e1")
}

#[test]
fn a_host_begins_by_looking_for_everything() {
    let expect = [
        "read unsettled",
        "read due",
        "read backfills",
        "end overdue",
        "claim 4",
    ];
    Driver::new(4).check(Event::Woken, &expect);
}

#[test]
fn one_look_of_a_kind_is_under_way_and_bells_are_kept() {
    let mut host = Driver::idle(1);
    host.check(Event::JobsChanged, &["read due"]);
    host.check(Event::JobsChanged, &[]);
    host.check(Event::JobsChanged, &[]);
    host.check(Event::DueRead(Ok(DueJobs::default())), &["read due"]);
    host.check(Event::DueRead(Ok(DueJobs::default())), &[]);
    host.check(Event::BackfillsChanged, &["read backfills"]);
    host.check(Event::BackfillsChanged, &[]);
    host.check(Event::BackfillsRead(Ok(Vec::new())), &["read backfills"]);
}

#[test]
fn what_is_due_is_fired_and_looked_at_again() {
    let mut host = Driver::idle(1);
    host.check(Event::JobsChanged, &["read due"]);
    let due = DueJobs {
        firings: firings(),
        next: None,
    };
    host.check(Event::DueRead(Ok(due)), &["fire 1"]);
    host.check(Event::JobsChanged, &[]);
    host.check(Event::Fired(Ok(())), &["read due", "claim 1"]);
}

#[test]
fn a_host_wakes_when_the_next_job_is_due() {
    let mut host = Driver::idle(1);
    host.check(Event::JobsChanged, &["read due"]);
    let next = host.wall() + jiff::SignedDuration::from_millis(2345);
    host.check(
        Event::DueRead(Ok(DueJobs {
            firings: Vec::new(),
            next: Some(next),
        })),
        &[],
    );
    assert_eq!(host.sleeps(), 2345);
    host.check_after(2344, &[]);
    host.check_after(1, &["read due"]);
    let past = host.wall() - jiff::SignedDuration::from_secs(9);
    host.check(
        Event::DueRead(Ok(DueJobs {
            firings: Vec::new(),
            next: Some(past),
        })),
        &[],
    );
    assert_eq!(
        host.sleeps(),
        5,
        "what is due by another clock is not asked for in a circle"
    );
}

#[test]
fn everything_is_looked_at_again_after_a_while() {
    let mut host = Driver::idle(1);
    for _ in 0..5 {
        assert_eq!(host.sleeps(), 5000, "the clocks are compared");
        host.check_after(5000, &[]);
    }
    let expect = [
        "read unsettled",
        "read due",
        "read backfills",
        "end overdue",
        "claim 1",
    ];
    host.check_after(5000, &expect);
}

#[test]
fn a_host_that_shares_its_store_looks_more_often() {
    let mut host = Driver::polling(1, Duration::from_secs(2)).rest();
    assert_eq!(host.sleeps(), 2000);
    host.check_after(1999, &[]);
    let expect = [
        "read unsettled",
        "read due",
        "read backfills",
        "end overdue",
        "claim 1",
    ];
    host.check_after(1, &expect);
    let far = host.wall() + jiff::SignedDuration::from_secs(60);
    let due = DueJobs {
        firings: Vec::new(),
        next: Some(far),
    };
    host.check(Event::DueRead(Ok(due)), &[]);
    assert_eq!(
        host.sleeps(),
        2000,
        "somebody may save a job that is due before"
    );
}

#[test]
fn a_look_that_was_not_answered_is_taken_again_after_a_second() {
    let mut host = Driver::idle(1);
    host.check(Event::JobsChanged, &["read due"]);
    host.check(Event::JobsChanged, &[]);
    host.check(Event::DueRead(Err(NoAnswer)), &[]);
    assert_eq!(host.sleeps(), 1000);
    host.check_after(1000, &["read due"]);
    let due = DueJobs {
        firings: firings(),
        next: None,
    };
    host.check(Event::DueRead(Ok(due)), &["fire 1"]);
    host.check(Event::Fired(Err(NoAnswer)), &[]);
    host.check_after(1000, &["read due"]);
}

#[test]
fn ends_are_settled_until_none_is_left() {
    let mut host = Driver::idle(1);
    let looks = ["read unsettled", "read backfills", "claim 1"];
    host.check(Event::ExecutionsEnded, &looks);
    host.check(
        Event::UnsettledRead(Ok(vec![ended(), ended()])),
        &["settle 2"],
    );
    host.check(Event::Settled(Ok(())), &["read unsettled"]);
    host.check(Event::UnsettledRead(Ok(vec![ended()])), &["settle 1"]);
    host.check(Event::Settled(Err(NoAnswer)), &[]);
    host.check_after(1000, &["read unsettled"]);
}

#[test]
fn slots_of_backfills_are_fired() {
    let mut host = Driver::idle(1);
    host.check(Event::BackfillsChanged, &["read backfills"]);
    host.check(Event::BackfillsRead(Ok(firings())), &["fire backfills 1"]);
    host.check(Event::BackfillsFired(Ok(())), &["claim 1"]);
    host.check(Event::BackfillsChanged, &["read backfills"]);
    host.check(Event::BackfillsRead(Err(NoAnswer)), &[]);
    host.check_after(1000, &["read backfills"]);
}

#[test]
fn a_clock_that_was_set_is_noted_and_what_is_due_is_looked_at_again() {
    let check = |by: i64, expect: &[&str]| {
        Driver::idle(1)
            .pass(2000)
            .set_wall(by)
            .check(Event::Woken, expect);
    };
    check(999, &[]);
    check(-999, &[]);
    check(1000, &["note jump 1", "read due", "end overdue", "claim 1"]);
    check(
        3_600_000,
        &["note jump 3600", "read due", "end overdue", "claim 1"],
    );
    check(
        -3_600_000,
        &["note jump -3600", "read due", "end overdue", "claim 1"],
    );
}
