//! The same slots as the reading minute by minute, both ways, and no others.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::{
    calendar,
    cases::{Forms, Numbers, expression, zone_and_start},
    matcher::Matcher,
    next_slots,
};

/// Every way in which clocks change: by half an hour, by two, at midnight, for the month of fasting, and
/// over the date line.
const ZONES: [&str; 12] = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/Havana",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "America/Scoresbysund",
    "Asia/Pyongyang",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn slots_are_those_of_the_reading_minute_by_minute(seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        let expression = expression(&mut numbers, Forms::All);
        let (name, start) = zone_and_start(&mut numbers, &ZONES);
        let zone = name.zone().unwrap();
        let until = start + SignedDuration::from_hours(5 * 24);
        let expected = Matcher::new(&expression).runs(&zone, start, until);
        let calendar = calendar(&expression, &name);
        let slots = next_slots(&calendar, start, expected.len() + 1);
        let within: Vec<_> = slots.into_iter().take_while(|it| *it <= until).collect();
        prop_assert_eq!(&within, &expected, "{} {} {}", expression, name, start);
        let mut back = Vec::new();
        let mut at = until + SignedDuration::from_nanos(1);
        while back.len() <= expected.len()
            && let Some(previous) = calendar.previous_before(at).unwrap()
            && previous > start
        {
            back.push(previous);
            at = previous;
        }
        back.reverse();
        prop_assert_eq!(&back, &expected, "backwards: {} {} {}", expression, name, start);
    }
}

#[test]
fn the_reading_minute_by_minute_sees_the_known_cases() {
    let check = |expression: &str, zone: &str, from: &str, hours: i64, expect: &[&str]| {
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        let from = from.parse::<jiff::Timestamp>().unwrap();
        let until = from + SignedDuration::from_hours(hours);
        let runs = Matcher::new(expression).runs(&zone, from, until);
        let runs: Vec<String> = runs.iter().map(ToString::to_string).collect();
        assert_eq!(runs, expect, "{expression}");
    };
    let new_york = "America/New_York";
    check(
        "30 2 * * *",
        new_york,
        "2026-03-08T00:00:00Z",
        24,
        &["2026-03-08T07:00:00Z"],
    );
    check(
        "30 1 * * *",
        new_york,
        "2026-11-01T00:00:00Z",
        24,
        &["2026-11-01T05:30:00Z"],
    );
    check(
        "30 * * * *",
        new_york,
        "2026-11-01T05:00:00Z",
        3,
        &[
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-01T07:30:00Z",
        ],
    );
    check(
        "0 0 15W * *",
        "UTC",
        "2026-11-01T00:00:00Z",
        720,
        &["2026-11-16T00:00:00Z"],
    );
    check(
        "0 0 LW * *",
        "UTC",
        "2026-05-01T00:00:00Z",
        744,
        &["2026-05-29T00:00:00Z"],
    );
    check(
        "0 0 * * 5#3",
        "UTC",
        "2026-05-01T00:00:00Z",
        744,
        &["2026-05-15T00:00:00Z"],
    );
}
