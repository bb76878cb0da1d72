//! Slots of each kind of schedule, around daylight-saving changes too.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use sandglass_registry::Blackouts;
use serde_json::{Value, json};

fn calendar(schedule: Value) -> Calendar {
    Calendar::compile(&serde_json::from_value(schedule).unwrap()).unwrap()
}

fn check(schedule: Value, now: &str, expect: &[&str]) {
    let runs = calendar(schedule.clone())
        .upcoming(
            now.parse().unwrap(),
            expect.len().max(1),
            &Blackouts::default(),
        )
        .unwrap();
    let locals: Vec<&str> = runs.iter().map(|run| run.local.as_str()).collect();
    assert_eq!(locals, expect, "{schedule}");
}

#[test]
fn the_expressions_of_the_requirements_mean_what_they_say() {
    let cron = |expression: &str| json!({"cron": expression});
    let now = "2025-10-16T10:00:00Z";
    check(
        cron("0 2 * * 0"),
        now,
        &["2025-10-19T02:00:00+00:00", "2025-10-26T02:00:00+00:00"],
    );
    check(cron("0 2 * * *"), now, &["2025-10-17T02:00:00+00:00"]);
    check(
        cron("0 */6 * * *"),
        now,
        &["2025-10-16T12:00:00+00:00", "2025-10-16T18:00:00+00:00"],
    );
    check(cron("0 0 1 * *"), now, &["2025-11-01T00:00:00+00:00"]);
    check(cron("*/15 * * * *"), now, &["2025-10-16T10:15:00+00:00"]);
    check(cron("0 19 * * *"), now, &["2025-10-16T19:00:00+00:00"]);
    check(cron("@daily"), now, &["2025-10-17T00:00:00+00:00"]);
    check(cron("0 0 * * 7"), now, &["2025-10-19T00:00:00+00:00"]);
}

#[test]
fn either_day_field_is_enough_unless_one_begins_with_a_star() {
    let now = "2026-03-01T00:00:00Z";
    let either = ["2026-03-06T00:00:00+00:00", "2026-03-13T00:00:00+00:00"];
    check(json!({"cron": "0 0 13 * 5"}), now, &either);
    let both = ["2026-03-09T00:00:00+00:00", "2026-03-23T00:00:00+00:00"];
    check(json!({"cron": "0 0 */2 * 1"}), now, &both);
}

#[test]
fn a_fixed_time_in_a_gap_comes_once_at_the_first_valid_instant() {
    check(
        json!({"cron": "30 2 * * *", "timezone": "America/New_York"}),
        "2026-03-07T12:00:00Z",
        &["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"],
    );
}

#[test]
fn a_fixed_time_in_an_overlap_comes_once_at_the_first_pass() {
    check(
        json!({"cron": "30 1 * * *", "timezone": "America/New_York"}),
        "2026-10-31T12:00:00Z",
        &["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"],
    );
}

#[test]
fn intervals_count_from_the_slot_before() {
    check(
        json!({"interval_seconds": 90}),
        "2026-01-01T00:00:10Z",
        &["2026-01-01T00:01:40+00:00", "2026-01-01T00:03:10+00:00"],
    );
    let calendar = calendar(json!({"interval_seconds": 60}));
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let last = calendar.last_until(at("2026-01-01T00:00:10Z"), at("2026-01-01T01:30:09Z"));
    assert_eq!(last, Ok(at("2026-01-01T01:29:10Z")));
}

#[test]
fn once_comes_once_and_manual_never() {
    let once = json!({"run_at": "2026-01-01T00:00:00Z"});
    check(
        once.clone(),
        "2025-12-31T00:00:00Z",
        &["2026-01-01T00:00:00+00:00"],
    );
    check(once, "2026-01-01T00:00:00Z", &[]);
    check(json!({"type": "manual"}), "2026-01-01T00:00:00Z", &[]);
}

#[test]
fn a_day_that_never_comes_has_no_slots() {
    check(json!({"cron": "0 0 30 2 *"}), "2026-01-01T00:00:00Z", &[]);
}

#[test]
fn the_last_slot_before_now_is_found_without_walking() {
    let calendar = calendar(json!({"cron": "*/5 * * * *"}));
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let check = |due: &str, now: &str, expect: &str| {
        assert_eq!(
            calendar.last_until(at(due), at(now)),
            Ok(at(expect)),
            "{due} {now}"
        );
    };
    check(
        "2026-01-01T00:05:00Z",
        "2026-01-01T00:05:00Z",
        "2026-01-01T00:05:00Z",
    );
    check(
        "2026-01-01T00:05:00Z",
        "2026-01-01T00:09:59Z",
        "2026-01-01T00:05:00Z",
    );
    check(
        "2026-01-01T00:05:00Z",
        "2026-06-01T00:11:00Z",
        "2026-06-01T00:10:00Z",
    );
}
