//! Every time zone, every change of its clocks from 2020 to 2037: each search ends, and goes on in time.

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{Clock as _, SystemClock};
use sandglass_registry::schedule::time_zone_names;

use super::calendar;

/// Fixed in the hours that are skipped, starred, and of each day form.
const EXPRESSIONS: [&str; 10] = [
    "30 2 * * *",
    "0 0 * * *",
    "15,45 0,1,2,3 * * *",
    "0-59 1-3 * * *",
    "* * * * *",
    "*/20 * * * *",
    "30 */2 * * *",
    "0 0 L * *",
    "0 3 15W,LW * *",
    "30 1 * * 0#2,0L",
];

#[test]
fn every_search_ends_and_goes_on_in_time_around_every_change_of_every_clock() {
    let clock = SystemClock::default();
    let began = clock.monotonic();
    let first: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let last: Timestamp = "2038-01-01T00:00:00Z".parse().unwrap();
    let (mut zones, mut changes, mut slots) = (0, 0, 0);
    for name in time_zone_names() {
        zones += 1;
        let zone = name.zone().unwrap();
        let calendars = EXPRESSIONS.map(|expression| calendar(expression, &name));
        let begins = zone.following(first).map(|it| it.timestamp());
        for change in begins.take_while(|it| *it < last) {
            changes += 1;
            for calendar in &calendars {
                for start in [-26, -3, -1, 0, 1].map(SignedDuration::from_hours) {
                    let mut at = change + start;
                    for _ in 0..4 {
                        let next = calendar.next_after(at).unwrap().expect("there is one");
                        assert!(next > at, "{name} {at}: {next}");
                        let back = calendar
                            .previous_before(next)
                            .unwrap()
                            .expect("there is one");
                        assert!(back <= at, "{name} {at}: {next} and before it {back}");
                        let again = calendar.next_after(back).unwrap();
                        assert_eq!(again, Some(next), "{name} {at}: after {back}");
                        slots += 1;
                        at = next;
                    }
                }
            }
        }
    }
    let took = clock.monotonic() - began;
    println!("{zones} zones, {changes} changes, {slots} slots in {took:?}");
    assert!(zones > 400 && changes > 5000, "{zones} {changes}");
}

#[test]
fn an_expression_that_never_comes_is_known_at_once() {
    let clock = SystemClock::default();
    let began = clock.monotonic();
    let mut searches = 0_u32;
    let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    for name in time_zone_names() {
        for expression in [
            "0 0 30 2 *",
            "* * 31 2,4,6,9,11 *",
            "*/5 * L-30 2 *",
            "0 0 31W 4 *",
        ] {
            let calendar = calendar(expression, &name);
            assert_eq!(calendar.next_after(start), Ok(None), "{expression} {name}");
            assert_eq!(
                calendar.previous_before(start),
                Ok(None),
                "{expression} {name}"
            );
            searches += 2;
        }
    }
    let took = clock.monotonic() - began;
    println!("{searches} searches in vain in {took:?}");
    assert!(took.as_millis() < u128::from(searches) * 5, "{took:?}");
}
