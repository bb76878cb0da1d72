//! Slots found backwards are those found forwards, around changes of the clock too.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use super::*;
use serde_json::json;

/// Walks `hours` from `start` and asks at each slot, and between it and the next, for what came before.
fn check(expression: &str, zone: &str, start: &str, hours: i64) {
    let schedule = json!({"cron": expression, "timezone": zone});
    let calendar = Calendar::compile(&serde_json::from_value(schedule).unwrap()).unwrap();
    let start: Timestamp = start.parse().unwrap();
    let end = start + SignedDuration::from_hours(hours);
    let mut slots = Vec::new();
    let mut next = calendar.next_after(start).unwrap();
    while let Some(slot) = next.filter(|slot| *slot < end) {
        slots.push(slot);
        next = calendar.next_after(slot).unwrap();
    }
    assert!(slots.len() > 2, "{expression} in {zone} has {slots:?}");
    let context = format!("{expression} in {zone}");
    for pair in slots.windows(2) {
        let (slot, next) = (pair[0], pair[1]);
        assert_eq!(
            calendar.previous_before(next),
            Ok(Some(slot)),
            "{context} before {next}"
        );
        let just_before = next - SignedDuration::from_millis(1);
        let mut now = slot;
        while now < next {
            let last = calendar.last_until(slots[0], now);
            assert_eq!(last, Ok(slot), "{context} until {now}");
            now += SignedDuration::from_mins(20);
        }
        assert_eq!(
            calendar.last_until(slots[0], just_before),
            Ok(slot),
            "{context} before {next}"
        );
    }
    let back = walk_back(&calendar, slots[slots.len() - 1], slots[0], u32::MAX);
    assert_eq!(back, Ok(slots[0]), "{context}");
}

#[test]
fn slots_found_backwards_are_those_found_forwards() {
    let changes = [
        ("America/New_York", "2026-03-06T12:00:00Z"),
        ("America/New_York", "2026-10-30T12:00:00Z"),
        ("Europe/Berlin", "2026-03-27T12:00:00Z"),
        ("Europe/Berlin", "2026-10-23T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-03T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-02T00:00:00Z"),
        ("Pacific/Apia", "2011-12-28T00:00:00Z"),
        ("UTC", "2026-02-27T00:00:00Z"),
    ];
    let expressions = [
        "30 2 * * *",
        "30 1 * * *",
        "0 2 * * *",
        "15,45 1,2 * * *",
        "0 */2 * * *",
        "*/20 * * * *",
        "0 * * * *",
        "10 0-5 * * *",
        "30 1 * * 1-7",
        "@daily",
        "0 12 * * *",
    ];
    for (zone, start) in changes {
        for expression in expressions {
            check(expression, zone, start, 24 * 5);
        }
    }
}

#[test]
fn walking_back_stops_at_the_least_slot_and_after_its_steps() {
    let schedule = json!({"interval_seconds": 60});
    let calendar = Calendar::compile(&serde_json::from_value(schedule).unwrap()).unwrap();
    let at = crate::testing::at;
    let check = |steps, expect: &str| {
        let back = walk_back(&calendar, at("10:10:00"), at("10:05:00"), steps);
        assert_eq!(back, Ok(at(expect)), "{steps}");
    };
    check(0, "10:10:00");
    check(3, "10:07:00");
    check(5, "10:05:00");
    check(99, "10:05:00");
}
