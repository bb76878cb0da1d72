//! Whatever a file holds, reading it ends with an answer.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use proptest::prelude::*;

use super::*;

const PIECES: [&str; 34] = [
    "BEGIN:VCALENDAR\n",
    "END:VCALENDAR\n",
    "BEGIN:VEVENT\n",
    "END:VEVENT\n",
    "BEGIN:VALARM\n",
    "DTSTART:20260101T000000Z\n",
    "DTSTART;VALUE=DATE:20260101\n",
    "DTSTART;VALUE=DATE:00010101\n",
    "DTSTART;TZID=America/New_York:20260308T023000\n",
    "DTSTART:99991231T235959\n",
    "DTEND;VALUE=DATE:20260103\n",
    "DTEND;VALUE=DATE:99991231\n",
    "DTEND:20260102T000000Z\n",
    "DURATION:P1D\n",
    "DURATION:PT9999999H\n",
    "DURATION:P36600D\n",
    "SUMMARY:a\\nb\n",
    "RRULE:FREQ=DAILY",
    "RRULE:FREQ=WEEKLY;WKST=SU",
    "RRULE:FREQ=MONTHLY",
    "RRULE:FREQ=YEARLY",
    ";INTERVAL=1000",
    ";COUNT=100000",
    ";UNTIL=20300101T000000Z",
    ";BYMONTH=2,12",
    ";BYMONTHDAY=-31,31,1",
    ";BYDAY=MO,-5TU,5SA",
    ";BYSETPOS=-366,1",
    "\n",
    "EXDATE;VALUE=DATE:20260101\n",
    " folded\n",
    "X-A;B=\"c:d\"",
    ":",
    "\u{e9}",
];

proptest! {
    #[test]
    fn reading_any_file_ends(picks in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let middle: String = picks.iter().map(|pick| PIECES[*pick]).collect();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        for file in [
            middle.clone(),
            format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{middle}\nEND:VEVENT\nEND:VCALENDAR"),
        ] {
            if let Ok(imported) = import_ics(file.as_bytes(), now) {
                prop_assert!(imported.entries.as_slice().len() <= MAX_ENTRIES);
            }
        }
    }

    #[test]
    fn reading_any_event_with_a_rule_ends(
        start in 5_usize..10, rule in 17_usize..21, parts in prop::collection::vec(21_usize..28, 0..5),
    ) {
        let parts: String = parts.iter().map(|pick| PIECES[*pick]).collect();
        let file = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}DURATION:P1D\n{}{parts}\nEND:VEVENT\nEND:VCALENDAR",
            PIECES[start], PIECES[rule]
        );
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        if let Ok(imported) = import_ics(file.as_bytes(), now) {
            prop_assert!(imported.entries.as_slice().len() <= MAX_ENTRIES);
        }
    }
}
