//! Schedules in words.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use serde_json::{Value, json};

#[test]
fn schedules_are_told_in_words() {
    let check = |schedule: Value, expect: &str| {
        let read = serde_json::from_value(schedule.clone()).unwrap();
        assert_eq!(describe(&read), expect, "{schedule}");
    };
    check(json!({"type": "manual"}), "Only when somebody asks");
    check(
        json!({"run_at": "2026-01-01T00:00:00Z"}),
        "Once, at 2026-01-01T00:00:00Z",
    );
    let counted = "counted from when the job was saved or last due";
    for (seconds, words) in [
        (1, "second"),
        (90, "90 seconds"),
        (60, "minute"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (86_400, "day"),
    ] {
        check(
            json!({"interval_seconds": seconds}),
            &format!("Every {words}, {counted}"),
        );
    }
    for (expression, words) in [
        ("* * * * *", "Every minute"),
        ("*/15 * * * *", "Every 15 minutes"),
        (
            "*/7 * * * *",
            "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour",
        ),
        ("5 * * * *", "At minute 5 of every hour"),
        ("@hourly", "At minute 0 of every hour"),
        (
            "*/5 9-17 * * 1-5",
            "Every 5 minutes of the hours from 09:00 to 17:59 on Monday to Friday",
        ),
        ("0 2 * * 0", "At 02:00 on Sunday"),
        ("@daily", "At 00:00 every day"),
        ("30 1,4 * * *", "At 01:30 and 04:30 every day"),
        ("0 */6 * * *", "At 00:00, 06:00, 12:00 and 18:00 every day"),
        (
            "0 0 1 1,6 *",
            "At 00:00 on day 1 of the month in January and June",
        ),
        ("0 0 * 12 *", "At 00:00 on every day in December"),
        ("0 0 13 * 5", "At 00:00 on day 13 of the month or on Friday"),
        (
            "0 0 */2 * 1",
            "At 00:00 on every 2nd day from the 1st of the month and that is Monday",
        ),
        (
            "0 0 1-3,15 * *",
            "At 00:00 on days 1 to 3 and 15 of the month",
        ),
        ("0 0 L * *", "At 00:00 on the last day of the month"),
        (
            "0 0 1,L-2,15W,LW * *",
            "At 00:00 on day 1, the day 2 days before the last, the day from Monday to Friday nearest to the 15th and the last day from Monday to Friday of the month",
        ),
        (
            "0 0 * * 5L,1#3",
            "At 00:00 on the last Friday of the month and the 3rd Monday of the month",
        ),
    ] {
        check(
            json!({"cron": expression, "timezone": "Europe/Berlin"}),
            &format!("{words}, Europe/Berlin time"),
        );
    }
}
