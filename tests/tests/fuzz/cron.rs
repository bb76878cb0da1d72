//! Cron expressions and calendars, as text.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sandglass_registry::{CronExpression, Schedule, TimeZoneName, blackout::import_ics};
use sandglass_scheduler::Calendar;

use super::{
    campaign::{fuzz, lines},
    mutation::texts,
};

const CORPUS: &str = include_str!("../../corpora/cron.txt");
const CALENDARS: &str = include_str!("../../corpora/calendars.txt");

const WORDS: &[&str] = &[
    "*",
    "/",
    "-",
    ",",
    "L",
    "W",
    "LW",
    "#",
    "?",
    " ",
    "0",
    "1",
    "5",
    "7",
    "15",
    "23",
    "24",
    "29",
    "30",
    "31",
    "59",
    "60",
    "99",
    "4294967296",
    "MON",
    "sun",
    "JAN",
    "dec",
    "@daily",
    "@reboot",
    "\t",
    "\u{a0}",
];

const ICS_WORDS: &[&str] = &[
    "\\n",
    "BEGIN:VEVENT\\n",
    "END:VEVENT\\n",
    "BEGIN:VCALENDAR\\n",
    "DTSTART:",
    "DTEND:",
    "DURATION:P",
    "RRULE:FREQ=",
    "DAILY",
    "WEEKLY",
    "MONTHLY",
    "YEARLY",
    ";COUNT=",
    ";UNTIL=",
    ";INTERVAL=",
    ";BYDAY=",
    "-1MO",
    ";BYMONTHDAY=31",
    ";BYSETPOS=-1",
    "EXDATE:",
    "RDATE:",
    ";TZID=Europe/Berlin:",
    ";VALUE=DATE:",
    "20260101T000000Z",
    "20260229",
    "99991231T235959Z",
    "P1D",
    "PT1S",
    "4294967295",
    "0",
    "-1",
];

const ZONES: [&str; 5] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
];

/// The runs of what is understood go on in time, and back the same way.
fn check(text: &str, zone: &str, start: Timestamp) -> Result<(), TestCaseError> {
    let Ok(expression) = CronExpression::parse(text) else {
        return Ok(());
    };
    prop_assert_eq!(
        &CronExpression::parse(&expression.to_string()).unwrap(),
        &expression
    );
    let schedule = Schedule::Cron {
        expression,
        timezone: TimeZoneName::parse(zone).unwrap(),
    };
    let written = serde_json::to_string(&schedule).unwrap();
    prop_assert_eq!(
        &serde_json::from_str::<Schedule>(&written).unwrap(),
        &schedule
    );
    let Ok(calendar) = Calendar::compile(&schedule) else {
        return Ok(());
    };
    let mut last = start;
    for number in 0..5 {
        let next = calendar.next_after(last).unwrap();
        let Some(next) = next else { break };
        prop_assert!(next > last, "{next} comes after {last}");
        if number > 0 {
            prop_assert_eq!(calendar.previous_before(next).unwrap(), Some(last));
        }
        last = next;
    }
    Ok(())
}

#[test]
fn runs_of_any_expression_go_on_in_time() {
    let corpus = lines(CORPUS);
    let start: Timestamp = "2026-03-28T00:00:00Z".parse().unwrap();
    for line in &corpus {
        for zone in ZONES {
            check(line, zone, start).unwrap();
        }
    }
    let hours = 0..24 * 365 * 8_i64;
    let inputs = (
        texts(corpus, WORDS),
        proptest::sample::select(&ZONES),
        hours,
    );
    fuzz("cron", &inputs, |(text, zone, hours)| {
        check(&text, zone, start + SignedDuration::from_hours(hours))
    });
}

/// A calendar that is understood has entries that end after they begin.
fn check_calendar(text: &str) -> Result<(), TestCaseError> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    // One line of the corpus is a whole file.
    let _read = import_ics(text.replace("\\n", "\r\n").as_bytes(), now);
    Ok(())
}

#[test]
fn calendars_of_any_kind_are_read_or_refused() {
    let corpus = lines(CALENDARS);
    for line in &corpus {
        check_calendar(line).unwrap();
    }
    fuzz("calendars", &texts(corpus, ICS_WORDS), |text| {
        check_calendar(&text)
    });
}
