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

fn flags(expression: &str, zone: &str, now: &str, count: usize) -> Vec<(String, Vec<RunFlag>)> {
    calendar(json!({"cron": expression, "timezone": zone}))
        .upcoming(now.parse().unwrap(), count, &Blackouts::default())
        .unwrap()
        .into_iter()
        .map(|run| (run.local, run.flags))
        .collect()
}

#[test]
fn listed_hours_are_fixed_times_too() {
    check(
        json!({"cron": "30 1,4 * * *", "timezone": "America/New_York"}),
        "2026-11-01T00:00:00Z",
        &[
            "2026-11-01T01:30:00-04:00",
            "2026-11-01T04:30:00-05:00",
            "2026-11-02T01:30:00-05:00",
        ],
    );
    check(
        json!({"cron": "30 2-3 * * *", "timezone": "America/New_York"}),
        "2026-03-08T00:00:00Z",
        &["2026-03-08T03:00:00-04:00", "2026-03-08T03:30:00-04:00"],
    );
}

#[test]
fn several_times_in_a_gap_come_as_one_together_with_one_at_its_end() {
    check(
        json!({"cron": "0,15,30,45 2,3 * * *", "timezone": "America/New_York"}),
        "2026-03-08T00:00:00Z",
        &["2026-03-08T03:00:00-04:00", "2026-03-08T03:15:00-04:00"],
    );
}

#[test]
fn stars_follow_real_time() {
    let zone = "America/New_York";
    check(
        json!({"cron": "*/30 1-2 * * *", "timezone": zone}),
        "2026-03-08T00:00:00Z",
        &[
            "2026-03-08T01:00:00-05:00",
            "2026-03-08T01:30:00-05:00",
            "2026-03-09T01:00:00-04:00",
        ],
    );
    check(
        json!({"cron": "30 * * * *", "timezone": zone}),
        "2026-11-01T05:00:00Z",
        &[
            "2026-11-01T01:30:00-04:00",
            "2026-11-01T01:30:00-05:00",
            "2026-11-01T02:30:00-05:00",
        ],
    );
}

#[test]
fn a_start_in_the_second_pass_goes_on_to_the_next_day() {
    check(
        json!({"cron": "30 1 * * *", "timezone": "America/New_York"}),
        "2026-11-01T06:10:00Z",
        &["2026-11-02T01:30:00-05:00"],
    );
}

#[test]
fn a_day_that_a_zone_leaves_out_comes_at_its_end() {
    check(
        json!({"cron": "0 9 30 12 *", "timezone": "Pacific/Apia"}),
        "2011-12-01T00:00:00Z",
        &["2011-12-31T00:00:00+14:00", "2012-12-30T09:00:00+14:00"],
    );
}

#[test]
fn a_run_that_a_clock_change_moved_is_flagged() {
    let zone = "America/New_York";
    let found = flags("30 2 * * *", zone, "2026-03-07T12:00:00Z", 2);
    assert_eq!(found.first().unwrap().1, [RunFlag::Shifted]);
    assert_eq!(found.last().unwrap().1, []);
    let found = flags("30 1 * * *", zone, "2026-10-31T12:00:00Z", 2);
    assert_eq!(found.first().unwrap().1, [RunFlag::FirstOfTwo]);
    assert_eq!(found.last().unwrap().1, []);
    for (local, flags) in flags("*/30 * * * *", zone, "2026-11-01T04:00:00Z", 10) {
        assert_eq!(flags, [], "{local}");
    }
    // A run that falls on the end of the gap by itself is not moved.
    let found = flags("0 3 * * *", zone, "2026-03-07T12:00:00Z", 1);
    assert_eq!(
        found,
        [("2026-03-08T03:00:00-04:00".to_owned(), Vec::new())]
    );
}

#[test]
fn the_forms_of_days_mean_what_they_say() {
    let days = |expression: &str, expect: &[&str]| {
        let found = flags(expression, "UTC", "2026-01-01T00:00:00Z", expect.len());
        let found: Vec<&str> = found.iter().filter_map(|(at, _)| at.get(..10)).collect();
        assert_eq!(found, expect, "{expression}");
    };
    days("0 9 L * *", &["2026-01-31", "2026-02-28", "2026-03-31"]);
    days("0 9 L 2 *", &["2026-02-28", "2027-02-28", "2028-02-29"]);
    days("0 9 L-3 * *", &["2026-01-28", "2026-02-25"]);
    days("0 9 L-30 * *", &["2026-01-01", "2026-03-01"]);
    days("0 9 LW * *", &["2026-01-30", "2026-02-27", "2026-03-31"]);
    days("0 9 1W * *", &["2026-01-01", "2026-02-02", "2026-03-02"]);
    days("0 9 1W 8 *", &["2026-08-03"]);
    days("0 9 31W * *", &["2026-01-30", "2026-03-31", "2026-05-29"]);
    days(
        "0 9 30W 4,5,8 *",
        &["2026-04-30", "2026-05-29", "2026-08-31"],
    );
    days("0 9 * * 5L", &["2026-01-30", "2026-02-27"]);
    days(
        "0 9 * * 0L,7#1",
        &["2026-01-04", "2026-01-25", "2026-02-01"],
    );
    days("0 9 * * 5#5", &["2026-01-30", "2026-05-29"]);
    days("0 9 13 * 5", &["2026-01-02", "2026-01-09", "2026-01-13"]);
    days("0 9 */2 * 1", &["2026-01-05", "2026-01-19"]);
    days("0 9 29 2 *", &["2028-02-29", "2032-02-29"]);
    days("0 9 29 2 1", &["2026-02-02", "2026-02-09", "2026-02-16"]);
    days("0 9 1-7 * */7", &["2026-01-04", "2026-02-01"]);
}

#[test]
fn the_29th_of_february_is_found_across_1900_and_2100_and_rarer_days_never_come() {
    let next = |expression: &str, from: &str| {
        let calendar = calendar(json!({"cron": expression}));
        let next = calendar.next_after(from.parse().unwrap()).unwrap();
        next.map(|it| it.to_string())
    };
    let leap = Some("2104-02-29T00:00:00Z".to_owned());
    assert_eq!(next("0 0 29 2 *", "2096-03-01T00:00:00Z"), leap);
    // 29 February on a Sunday: in 2032, and then not for 28 years.
    let sunday = Some("2032-02-29T00:00:00Z".to_owned());
    assert_eq!(next("0 0 29 2 */7", "2028-03-01T00:00:00Z"), sunday);
    assert_eq!(next("0 0 29 2 */7", "2032-03-01T00:00:00Z"), None);
    assert_eq!(next("0 0 31 4 *", "2026-01-01T00:00:00Z"), None);
    assert_eq!(next("0 0 30 2 *", "2026-01-01T00:00:00Z"), None);
}

#[test]
fn intervals_count_back_and_slots_come_before_slots() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let before =
        |schedule: Value, slot: &str| calendar(schedule).previous_before(at(slot)).unwrap();
    let slot = "2026-01-01T00:01:40Z";
    let interval = before(json!({"interval_seconds": 90}), slot);
    assert_eq!(interval, Some(at("2026-01-01T00:00:10Z")));
    assert_eq!(before(json!({"type": "manual"}), slot), None);
    assert_eq!(
        before(json!({"run_at": "2025-01-01T00:00:00Z"}), slot),
        None
    );
    let cron = json!({"cron": "30 1 * * *", "timezone": "America/New_York"});
    let first_pass = Some(at("2026-11-01T05:30:00Z"));
    assert_eq!(before(cron.clone(), "2026-11-02T06:30:00Z"), first_pass);
    assert_eq!(before(cron, "2026-11-01T06:00:00Z"), first_pass);
    let gap = json!({"cron": "30 2 * * *", "timezone": "America/New_York"});
    let shifted = Some(at("2026-03-08T07:00:00Z"));
    assert_eq!(before(gap, "2026-03-09T06:30:00Z"), shifted);
}

#[test]
fn blackouts_are_flagged_with_their_reason() {
    let calendar: sandglass_registry::BlackoutCalendar = serde_json::from_value(json!({
        "_id": "cal_1", "org": "default", "name": "Holidays", "description": "",
        "timezone": "Europe/Berlin", "created_by": "ada", "updated_by": "ada",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "version": 1,
        "entries": [{"date": "2026-12-25", "label": "Christmas"}],
    }))
    .unwrap();
    let schedule = json!({"cron": "0 9 * * *", "timezone": "Europe/Berlin"});
    let schedule = serde_json::from_value(schedule).unwrap();
    let from = "2026-12-24T00:00:00Z".parse().unwrap();
    let blackouts = Blackouts::of([&calendar]);
    let preview = SchedulePreview::of(&schedule, from, 3, &blackouts).unwrap();
    let found: Vec<_> = preview
        .runs
        .iter()
        .map(|it| it.blackout.as_deref())
        .collect();
    assert_eq!(found, [None, Some("Holidays: Christmas"), None]);
    let flags: Vec<_> = preview.runs.iter().map(|it| it.flags.as_slice()).collect();
    assert_eq!(flags, [&[] as &[_], &[RunFlag::BlackedOut], &[]]);
    assert_eq!(preview.notes, [RunFlag::BlackedOut.rule()]);
}

#[test]
fn a_cron_expression_that_never_comes_has_no_preview() {
    let preview = |schedule: Value| {
        let schedule = serde_json::from_value(schedule).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        SchedulePreview::of(&schedule, now, 3, &Blackouts::default()).map(|it| it.runs.len())
    };
    assert_eq!(
        preview(json!({"cron": "0 0 30 2 *"})),
        Err(CalendarError::NeverDue)
    );
    assert_eq!(preview(json!({"type": "manual"})), Ok(0));
    assert_eq!(preview(json!({"run_at": "2025-01-01T00:00:00Z"})), Ok(0));
}
