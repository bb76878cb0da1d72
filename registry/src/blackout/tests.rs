//! What calendars cover, and what is understood of iCalendar files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use serde_json::{Value, json};

use super::*;

fn calendar(zone: &str, entries: Value) -> BlackoutCalendar {
    serde_json::from_value(json!({
        "_id": "cal_1", "org": "default", "name": "Holidays", "description": "",
        "timezone": zone, "entries": entries, "created_by": "ada", "updated_by": "ada",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "version": 1,
    }))
    .unwrap()
}

fn check(zone: &str, entry: Value, covered: &[&str], free: &[&str]) {
    let calendar = calendar(zone, json!([entry]));
    for (moments, expect) in [(covered, true), (free, false)] {
        for at in moments {
            let found = calendar.covering(at.parse().unwrap());
            assert_eq!(found.is_some(), expect, "{zone} {entry} {at}");
        }
    }
}

#[test]
fn a_day_is_covered_from_its_first_to_its_last_moment() {
    let entry = json!({"date": "2026-12-25", "label": "Christmas"});
    check(
        "Europe/Berlin",
        entry,
        &["2026-12-24T23:00:00Z", "2026-12-25T22:59:59.999Z"],
        &["2026-12-24T22:59:59.999Z", "2026-12-25T23:00:00Z"],
    );
    // The clocks of Cuba went from 00:00 to 01:00 on this day, and from 01:00 back to 00:00 on the next.
    check(
        "America/Havana",
        json!({"date": "2024-03-10", "label": "Short"}),
        &["2024-03-10T05:00:00Z", "2024-03-11T03:59:59Z"],
        &["2024-03-10T04:59:59Z", "2024-03-11T04:00:00Z"],
    );
    check(
        "America/Havana",
        json!({"date": "2024-11-03", "label": "Long"}),
        &["2024-11-03T04:00:00Z", "2024-11-04T04:59:59Z"],
        &["2024-11-03T03:59:59Z", "2024-11-04T05:00:00Z"],
    );
}

#[test]
fn a_range_ends_before_its_end() {
    check(
        "Asia/Kolkata",
        json!({"start": "2026-06-01T10:00:00", "end": "2026-06-01T10:30:00", "label": "Local"}),
        &["2026-06-01T04:30:00Z", "2026-06-01T04:59:59Z"],
        &["2026-06-01T04:29:59Z", "2026-06-01T05:00:00Z"],
    );
    check(
        "Asia/Kolkata",
        json!({"start": "2026-06-01T10:00:00Z", "end": "2026-06-01T12:30:00+02:00", "label": "UTC"}),
        &["2026-06-01T10:00:00Z", "2026-06-01T10:29:59Z"],
        &["2026-06-01T10:30:00Z"],
    );
}

#[test]
fn a_local_range_covers_both_passes_of_an_overlap_and_begins_after_a_gap() {
    let zone = "America/New_York";
    check(
        zone,
        json!({"start": "2026-11-01T01:30:00", "end": "2026-11-01T01:45:00", "label": "Overlap"}),
        &["2026-11-01T05:30:00Z", "2026-11-01T06:44:59Z"],
        &["2026-11-01T05:29:59Z", "2026-11-01T06:45:00Z"],
    );
    check(
        zone,
        json!({"start": "2026-03-08T02:30:00", "end": "2026-03-08T04:00:00", "label": "Gap"}),
        &["2026-03-08T07:00:00Z", "2026-03-08T07:59:59Z"],
        &["2026-03-08T06:59:59Z", "2026-03-08T08:00:00Z"],
    );
}

#[test]
fn of_overlapping_entries_the_later_one_is_named_and_a_long_one_is_not_forgotten() {
    let calendar = calendar(
        "UTC",
        json!([
            {"start": "2026-01-01T00:00:00", "end": "2026-12-31T00:00:00", "label": "Year"},
            {"date": "2026-02-01", "label": "First"},
            {"date": "2026-02-02", "label": "Second"},
        ]),
    );
    for (at, label) in [
        ("2026-02-01T12:00:00Z", Some("First")),
        ("2026-02-02T12:00:00Z", Some("Second")),
        ("2026-06-01T12:00:00Z", Some("Year")),
        ("2027-01-01T12:00:00Z", None),
        ("2025-12-31T23:59:59Z", None),
    ] {
        let found = calendar.covering(at.parse().unwrap());
        assert_eq!(found.as_ref().map(|it| it.label.as_str()), label, "{at}");
    }
}

#[test]
fn what_is_not_an_entry_is_refused_with_the_reason() {
    let check = |entries: Value, part: &str| {
        let read = serde_json::from_value::<BlackoutEntries>(entries.clone());
        let error = read.unwrap_err().to_string();
        assert!(error.contains(part), "{entries}: {error}");
    };
    check(json!([{"date": "2026-12-25"}]), "label");
    check(json!([{"date": "2026-12-25", "label": ""}]), "1 to 200");
    check(json!([{"date": "2026-02-30", "label": "a"}]), "");
    check(json!([{"label": "a"}]), "an entry is");
    check(
        json!([{"date": "9999-12-31", "label": "a"}]),
        "1900 to 2999",
    );
    check(
        json!([{"date": "2026-12-25", "start": "2026-12-25T00:00:00Z", "label": "a"}]),
        "an entry is",
    );
    let range = |start: &str, end: &str| json!([{"start": start, "end": end, "label": "a"}]);
    check(
        range("2026-12-25T00:00:00", "2026-12-25T00:00:00"),
        "ends after",
    );
    check(
        range("2026-12-25T00:00:00", "2026-12-26T00:00:00Z"),
        "both local",
    );
    check(range("2026-12-25", "2026-12-26"), "neither a local");
    check(range("soon", "2026-12-26"), "neither a local");
    let day = json!({"date": "2026-12-25", "label": "a"});
    check(json!(vec![day; MAX_ENTRIES + 1]), "at most 1000");
}

fn ics(event: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn import(file: &str) -> Result<IcsImport, IcsError> {
    import_ics(file.as_bytes(), "2026-01-01T00:00:00Z".parse().unwrap())
}

fn check_ics(event: &str, expect: Value) {
    let imported = import(&ics(event)).unwrap_or_else(|error| panic!("{event}: {error}"));
    let mut entries = serde_json::to_value(&imported.entries).unwrap();
    if let Value::Array(entries) = &mut entries {
        entries.truncate(6);
        for entry in entries {
            entry.as_object_mut().unwrap().shift_remove("label");
        }
    }
    assert_eq!(entries, expect, "{event}");
}

#[test]
fn events_become_entries() {
    check_ics(
        "DTSTART;VALUE=DATE:20261225",
        json!([{"date": "2026-12-25"}]),
    );
    check_ics(
        "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
        json!([{"start": "2026-12-24T00:00:00", "end": "2026-12-27T00:00:00"}]),
    );
    check_ics(
        "DTSTART;VALUE=DATE:20261224\nDURATION:P1W",
        json!([{"start": "2026-12-24T00:00:00", "end": "2026-12-31T00:00:00"}]),
    );
    check_ics(
        "DTSTART:20261224T180000\nDTEND:20261224T200000",
        json!([{"start": "2026-12-24T18:00:00", "end": "2026-12-24T20:00:00"}]),
    );
    check_ics(
        "DTSTART:20261224T180000Z\nDURATION:P1DT2H30M",
        json!([{"start": "2026-12-24T18:00:00Z", "end": "2026-12-25T20:30:00Z"}]),
    );
    check_ics(
        "DTSTART;TZID=Europe/Berlin:20261224T180000\nDTEND;TZID=\"Asia/Kolkata\":20261225T000000",
        json!([{"start": "2026-12-24T17:00:00Z", "end": "2026-12-24T18:30:00Z"}]),
    );
    // A day by the calendar is 23 hours long where clocks are set on.
    check_ics(
        "DTSTART;TZID=America/New_York:20260307T120000\nDURATION:P1D",
        json!([{"start": "2026-03-07T17:00:00Z", "end": "2026-03-08T16:00:00Z"}]),
    );
}

#[test]
fn recurring_events_are_expanded() {
    let days = |days: &[&str]| Value::from_iter(days.iter().map(|it| json!({"date": it})));
    let check = |start: &str, rule: &str, expect: &[&str]| {
        let event = format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}");
        check_ics(&event, days(expect));
    };
    check(
        "20260101",
        "FREQ=YEARLY;COUNT=3",
        &["2026-01-01", "2027-01-01", "2028-01-01"],
    );
    check(
        "20261126",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL=20281231",
        &["2026-11-26", "2027-11-25", "2028-11-23"],
    );
    check(
        "20200525",
        "FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20270601",
        &["2026-05-25", "2027-05-31"],
    );
    check(
        "20260131",
        "FREQ=MONTHLY;COUNT=3",
        &["2026-01-31", "2026-03-31", "2026-05-31"],
    );
    check(
        "20260131",
        "FREQ=MONTHLY;BYMONTHDAY=-1;INTERVAL=2;COUNT=3",
        &["2026-01-31", "2026-03-31", "2026-05-31"],
    );
    check(
        "20260102",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2;COUNT=2",
        &["2026-01-02", "2026-02-03"],
    );
    check(
        "20260130",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2",
        &["2026-01-30", "2026-02-27"],
    );
    check(
        "20260106",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=4",
        &["2026-01-06", "2026-01-11", "2026-01-20", "2026-01-25"],
    );
    check(
        "20260106",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=4",
        &["2026-01-06", "2026-01-18", "2026-01-20", "2026-02-01"],
    );
    check(
        "20260130",
        "FREQ=DAILY;INTERVAL=3;UNTIL=20260206",
        &["2026-01-30", "2026-02-02", "2026-02-05"],
    );
    check(
        "20260213",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3",
        &["2026-02-13", "2026-03-13", "2026-11-13"],
    );
    check_ics(
        "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20260102,20260103",
        days(&["2026-01-01", "2026-01-04"]),
    );
}

#[test]
fn a_recurring_event_keeps_its_local_time_and_its_length() {
    check_ics(
        "DTSTART;TZID=America/New_York:20261031T220000\nDTEND;TZID=America/New_York:20261101T000000\nRRULE:FREQ=DAILY;UNTIL=20261103T030000Z",
        json!([
            {"start": "2026-11-01T02:00:00Z", "end": "2026-11-01T04:00:00Z"},
            {"start": "2026-11-02T03:00:00Z", "end": "2026-11-02T05:00:00Z"},
            {"start": "2026-11-03T03:00:00Z", "end": "2026-11-03T05:00:00Z"},
        ]),
    );
}

#[test]
fn what_has_passed_is_left_out_of_a_recurring_event_and_ten_years_are_enough() {
    let file = ics("DTSTART;VALUE=DATE:19000101\nRRULE:FREQ=YEARLY");
    let imported = import(&file).unwrap();
    assert_eq!(imported.entries.as_slice().len(), 11);
    assert_eq!(imported.expanded_until, Some("2036-01-01".parse().unwrap()));
}

#[test]
fn a_file_may_be_folded_and_have_what_does_not_matter() {
    let file = "\u{feff}BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nX-WR-TIMEZONE:Europe/Berlin\n\
        X-WR-CALNAME:Our\\, days\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\n\
        DTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYSECOND=1\nEND:STANDARD\nEND:VTIMEZONE\n\
        BEGIN:VEVENT\nUID:1\nSUMMARY;LANGUAGE=de:Weih\n nachten\\nund mehr\nTRANSP:TRANSPARENT\n\
        X-APPLE;A=\"b:c;d\":e\nDTSTART;VALUE=DATE:2026\n\t1225\nBEGIN:VALARM\nTRIGGER:-PT1H\n\
        END:VALARM\nEND:VEVENT\nEND:VCALENDAR";
    let imported = import(file).unwrap();
    assert_eq!(imported.name.as_deref(), Some("Our, days"));
    assert_eq!(imported.timezone.unwrap().as_str(), "Europe/Berlin");
    assert_eq!(imported.expanded_until, None);
    assert_eq!(
        serde_json::to_value(imported.entries).unwrap(),
        json!([{"date": "2026-12-25", "label": "Weihnachten und mehr"}])
    );
}

#[test]
fn what_is_not_understood_refuses_the_file_with_its_line() {
    let check = |event: &str, expect: &str| {
        let error = import(&ics(event)).unwrap_err().to_string();
        assert!(error.contains(expect), "{event}: {error}");
    };
    let day = "DTSTART;VALUE=DATE:20260101";
    check("SUMMARY:a", "line 3: this event has no DTSTART");
    check("nonsense", "line 4: this is not NAME:value");
    check("DTSTART:20260101", "line 4: \"20260101\" is not a date");
    check("DTSTART;VALUE=DATE:20260230", "line 4");
    check("DTSTART:20260101T250000", "line 4");
    check("DTSTART:20260101T100000", "no DTEND and no DURATION");
    check(
        "DTSTART;TZID=W. Europe Standard Time:20260101T100000",
        "there is no time zone",
    );
    check("DTSTART;VALUE=PERIOD:20260101T000000Z/P1D", "VALUE=PERIOD");
    check(
        &format!("{day}\n{day}"),
        "line 5: this event has DTSTART twice",
    );
    check(&format!("{day}\nDTEND:20260102T000000"), "not of the kind");
    check(
        &format!("{day}\nDTEND;VALUE=DATE:20260101"),
        "covers nothing",
    );
    check(&format!("{day}\nDURATION:PT1H"), "whole days");
    check(&format!("{day}\nDURATION:-P1D"), "not a duration");
    check(
        &format!("{day}\nDURATION:P1D\nDTEND;VALUE=DATE:20260102"),
        "not both",
    );
    check(
        &format!("{day}\nRDATE;VALUE=DATE:20260102"),
        "RDATE is not understood",
    );
    check(
        &format!("{day}\nRECURRENCE-ID;VALUE=DATE:20260102"),
        "RECURRENCE-ID",
    );
    check(&format!("{day}\nSTATUS:CANCELLED"), "cancelled");
    check(&format!("{day}\nNOVELTY:1"), "NOVELTY is not understood");
    check(&format!("{day}\nEXDATE;VALUE=DATE:20260101"), "no RRULE");
    check(&format!("{day}\nBEGIN:VTODO"), "line 5");
    let rule = |rule: &str, expect: &str| check(&format!("{day}\nRRULE:{rule}"), expect);
    rule("COUNT=3", "line 5: RRULE has no FREQ");
    rule("FREQ=HOURLY", "\"FREQ=HOURLY\" in RRULE is not understood");
    rule("FREQ=DAILY;BYHOUR=3", "BYHOUR");
    rule("FREQ=YEARLY;BYWEEKNO=3", "BYWEEKNO");
    rule("FREQ=YEARLY;BYYEARDAY=3", "BYYEARDAY");
    rule("FREQ=YEARLY;BYDAY=1MO", "together with BYMONTH");
    rule("FREQ=WEEKLY;BYDAY=1TH", "monthly and yearly");
    rule("FREQ=DAILY;COUNT=0", "COUNT=0");
    rule("FREQ=DAILY;INTERVAL=0", "INTERVAL=0");
    rule("FREQ=DAILY;COUNT=2;UNTIL=20260105", "not both");
    rule("FREQ=DAILY;FREQ=DAILY", "twice");
    rule("FREQ=WEEKLY;BYDAY=FR", "does not begin on a day of its own");
    rule("FREQ=DAILY", "more than 1000 entries");
    let long = "DTSTART;VALUE=DATE:00010101\nRRULE:FREQ=DAILY;BYMONTH=1;BYMONTHDAY=1";
    let five = [long; 5].join("\nEND:VEVENT\nBEGIN:VEVENT\n");
    check(&five, "too many occurrences");
    let whole = |file: &str, expect: &str| {
        let error = import(file).unwrap_err().to_string();
        assert!(error.contains(expect), "{file}: {error}");
    };
    whole("", "the file ends before");
    whole("BEGIN:VEVENT", "line 1: a file begins with BEGIN:VCALENDAR");
    whole("BEGIN:VCALENDAR\nVERSION:1.0", "line 2: only version 2.0");
    whole(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n",
        "line 2: the file ends before",
    );
    whole("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR", "line 3");
    let large = vec![b'\n'; MAX_ICS_BYTES + 1];
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(import_ics(&large, now).is_err());
    assert!(import_ics(b"BEGIN:VCALENDAR\n\xff:1", now).is_err());
}
