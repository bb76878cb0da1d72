//! What relative dates mean, checked against a calendar library.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use super::*;

fn moment(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[track_caller]
fn check(text: &str, from: &str, expected: &str) {
    let date = RelativeDate::parse(text).unwrap().unwrap();
    assert_eq!(
        date.from_moment(moment(from)),
        Some(moment(expected)),
        "{text}"
    );
}

#[test]
fn dates_are_resolved_by_the_calendar() {
    let from = "2025-10-16T02:03:04.005Z";
    for (text, expected) in [
        ("now", "2025-10-16T02:03:04.005Z"),
        ("today", "2025-10-16T00:00:00Z"),
        ("6 months ago", "2025-04-16T02:03:04.005Z"),
        ("1 month ago", "2025-09-16T02:03:04.005Z"),
        ("30 days ago", "2025-09-16T02:03:04.005Z"),
        ("1 year ago", "2024-10-16T02:03:04.005Z"),
        ("in 2 weeks", "2025-10-30T02:03:04.005Z"),
        ("in 1 hour", "2025-10-16T03:03:04.005Z"),
        ("90 seconds ago", "2025-10-16T02:01:34.005Z"),
        ("5 minutes ago", "2025-10-16T01:58:04.005Z"),
        ("  6  Months   AGO ", "2025-04-16T02:03:04.005Z"),
        ("0 days ago", "2025-10-16T02:03:04.005Z"),
    ] {
        check(text, from, expected);
    }
}

#[test]
fn a_day_that_the_month_lacks_becomes_its_last_one() {
    for (text, from, expected) in [
        (
            "1 month ago",
            "2025-03-31T12:00:00Z",
            "2025-02-28T12:00:00Z",
        ),
        (
            "1 month ago",
            "2024-03-31T12:00:00Z",
            "2024-02-29T12:00:00Z",
        ),
        ("1 year ago", "2024-02-29T12:00:00Z", "2023-02-28T12:00:00Z"),
        (
            "4 years ago",
            "2024-02-29T12:00:00Z",
            "2020-02-29T12:00:00Z",
        ),
        ("in 1 month", "2025-01-31T00:00:00Z", "2025-02-28T00:00:00Z"),
        ("in 1 month", "2025-12-31T00:00:00Z", "2026-01-31T00:00:00Z"),
        (
            "100 years ago",
            "2000-02-29T00:00:00Z",
            "1900-02-28T00:00:00Z",
        ),
        ("1 day ago", "2024-03-01T00:00:00Z", "2024-02-29T00:00:00Z"),
        (
            "6 months ago",
            "2025-08-31T00:00:00Z",
            "2025-02-28T00:00:00Z",
        ),
        ("today", "1969-12-31T23:59:59Z", "1969-12-31T00:00:00Z"),
    ] {
        check(text, from, expected);
    }
}

#[test]
fn what_does_not_look_like_a_relative_date_is_none() {
    for text in [
        "",
        "tomorrow",
        "in progress",
        "2025-01-01",
        "ago",
        "months",
        "in 2 or 3 places",
    ] {
        assert_eq!(RelativeDate::parse(text), Ok(None), "{text}");
    }
}

#[test]
fn what_only_looks_like_a_relative_date_is_refused() {
    use RelativeDateError::{Form, Number, TooFar, Unit};
    for (text, expected) in [
        ("six months ago", Number("six".into())),
        ("-6 months ago", Number("-6".into())),
        ("1.5 years ago", Number("1.5".into())),
        ("6 mnths ago", Unit("mnths".into())),
        ("in 2 fortnights", Unit("fortnights".into())),
        ("a long time ago", Form),
        ("months ago", Form),
        ("in 2", Form),
        ("1001 years ago", TooFar),
        ("99999999999999999999 days ago", TooFar),
        ("9223372036854775807 weeks ago", TooFar),
    ] {
        assert_eq!(RelativeDate::parse(text), Err(expected), "{text}");
    }
}

#[test]
fn only_texts_under_comparison_operators_are_resolved() {
    let filter = json!({
        "lastActive": {"$lt": "6 months ago", "$gte": "in 1 year"},
        "status": "now",
        "label": {"$in": ["today", "1 day ago"], "$regex": "now"},
        "count": {"$gt": 5},
        "name": {"$eq": "in progress"},
        "$or": [
            {"a": {"$not": {"$lte": "now"}}},
            {"b": {"$elemMatch": {"at": {"$ne": "today"}}}},
            {"c": {"$eq": "60 years ago"}},
        ],
    });
    let expected = json!({
        "lastActive": {
            "$lt": {"$date": "2025-04-16T02:00:00Z"},
            "$gte": {"$date": "2026-10-16T02:00:00Z"},
        },
        "status": "now",
        "label": {"$in": ["today", "1 day ago"], "$regex": "now"},
        "count": {"$gt": 5},
        "name": {"$eq": "in progress"},
        "$or": [
            {"a": {"$not": {"$lte": {"$date": "2025-10-16T02:00:00Z"}}}},
            {"b": {"$elemMatch": {"at": {"$ne": {"$date": "2025-10-16T00:00:00Z"}}}}},
            {"c": {"$eq": {"$date": {"$numberLong": moment("1965-10-16T02:00:00Z").to_string()}}}},
        ],
    });
    assert_eq!(resolve(&filter, moment("2025-10-16T02:00:00Z")), expected);
    assert_eq!(issues(&filter, "/condition"), vec![]);
}

#[test]
fn a_bad_date_is_reported_where_it_stands() {
    let filter = json!({"$and": [{"a/b": {"$lt": "6 mnths ago"}}, {"c": {"$in": ["x ago"]}}]});
    let found = issues(&filter, "/condition");
    let places: Vec<_> = found.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(places, ["/condition/$and/0/a~1b/$lt"]);
    assert_eq!(resolve(&filter, 0), filter);
}

#[test]
fn a_moment_outside_the_calendar_leaves_the_text_alone() {
    let filter = json!({"at": {"$lt": "6 months ago"}});
    for scheduled_at in [i64::MIN, i64::MAX] {
        assert_eq!(resolve(&filter, scheduled_at), filter);
    }
}
