//! What is a schedule and what is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use super::*;
use serde_json::{Value, json};

fn check(written: Value, expect: Result<Value, &str>) {
    let shown = written.to_string();
    let read = serde_json::from_value::<Schedule>(written);
    match (read, expect) {
        (Ok(schedule), Ok(expect)) => {
            assert_eq!(serde_json::to_value(schedule).unwrap(), expect);
        }
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
        (read, expect) => panic!("{shown}: {read:?}, not {expect:?}"),
    }
}

#[test]
fn long_and_short_forms_mean_the_same() {
    let cron = json!({"type": "cron", "expression": "0 19 * * *", "timezone": "UTC"});
    check(json!({"cron": " 0  19 * * *"}), Ok(cron.clone()));
    check(
        json!({"type": "cron", "expression": "0 19 * * *"}),
        Ok(cron.clone()),
    );
    check(cron.clone(), Ok(cron));
    let interval = json!({"type": "interval", "interval_seconds": 60});
    check(json!({"interval_seconds": 60}), Ok(interval.clone()));
    check(interval.clone(), Ok(interval));
    let once = json!({"type": "once", "run_at": "2026-01-01T00:00:00Z"});
    check(json!({"run_at": "2026-01-01T01:00:00+01:00"}), Ok(once));
    check(json!({"type": "manual"}), Ok(json!({"type": "manual"})));
}

#[test]
fn what_is_not_a_schedule_is_refused_with_the_reason() {
    check(json!({}), Err("none of them"));
    check(json!({"type": "weekly"}), Err("no other type"));
    check(
        json!({"type": "manual", "interval_seconds": 5}),
        Err("do not belong"),
    );
    check(
        json!({"cron": "0 2 * * 0", "interval_seconds": 5}),
        Err("several"),
    );
    check(
        json!({"interval_seconds": 5, "timezone": "UTC"}),
        Err("only a cron"),
    );
    check(json!({"interval_seconds": 0}), Err("from 1 to 31622400"));
    check(json!({"interval_seconds": -1}), Err("invalid value"));
    check(json!({"cron": "0 0 2 * * 0"}), Err("six fields"));
    check(json!({"cron": ""}), Err("empty"));
    check(json!({"cron": "0 2 * *"}), Err("4 fields"));
    check(json!({"cron": "0 0 1--100000000 * *"}), Err("day-of-month"));
    check(json!({"cron": "0 2 * * ü"}), Err("only letters, digits"));
    check(json!({"cron": "* ".repeat(200)}), Err("longer than 256"));
    check(
        json!({"cron": "0 2 * * 0", "timezone": "Mars/Olympus"}),
        Err("Mars/Olympus"),
    );
    check(json!({"run_at": "tomorrow"}), Err(""));
    check(json!({"crontab": "0 2 * * 0"}), Err("unknown field"));
}

fn check_expression(text: &str, expect: Result<(), &str>) {
    match (CronExpression::parse(text), expect) {
        (Ok(read), Ok(())) => {
            let blanks_joined = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(read.as_str(), blanks_joined);
        }
        (Err(error), Err(part)) => {
            assert!(error.to_string().contains(part), "{text:?}: {error}");
        }
        (read, expect) => panic!("{text:?}: {read:?}, not {expect:?}"),
    }
}

#[test]
fn every_form_of_the_grammar_is_read() {
    for text in [
        "* * * * *",
        "0 0 1 1 0",
        "59 23 31 12 7",
        "*/15 */2 */10 */3 */2",
        "*/59 */23 */31 */12 */7",
        "0-59 0-23 1-31 1-12 0-7",
        "5-50/15 1-10/3 1-20/5 2-11/3 1-6/2",
        "1,2,3 4,5-7 8,9-12/2 1,dec 1,fri",
        "*/20,7 * * * *",
        "0 0 * jan-dec sun-sat",
        "0 0 * JAN,Feb,mAr Mon-FRI",
        "0 0 L * *",
        "0 0 LW,15 * *",
        "0 0 L-30,l-1,lw * *",
        "0 0 1W,31w * *",
        "0 0 * * 5L",
        "0 0 * * friL,7l,0L",
        "0 0 * * 5#1,sun#5,7#2",
        "0 0 13 * 5",
        "00 09 01 01 05",
        " \t@daily ",
        "@hourly",
        "@midnight",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
    ] {
        check_expression(text, Ok(()));
    }
}

#[test]
fn what_the_grammar_has_not_is_refused_with_the_field_and_the_reason() {
    for (text, reason) in [
        ("", "this is empty"),
        ("* * * *", "this is 4 fields"),
        ("* * * * * *", "no field for seconds or years"),
        ("* * * * * * *", "this is 7 fields"),
        ("@reboot", "\"@reboot\""),
        ("@every 5m", "\"@every 5m\""),
        ("@Daily", "@daily"),
        ("CRON_TZ=UTC 0 0 * * *", "only letters"),
        ("0 0 ? * *", "write * for any day"),
        ("0 0 * * 1+", "there is no +"),
        ("0 0 * * 1;2", "only letters"),
        ("0 0\n* * *", "only letters"),
        ("60 * * * *", "minute field holds * or a list of 0-59"),
        ("0 24 * * *", "hour field holds * or a list of 0-23"),
        ("0 0 0 * *", "day-of-month field"),
        ("0 0 32 * *", "\"32\" is out of range"),
        ("0 0 * 0 *", "month field"),
        ("0 0 * 13 *", "\"13\" is out of range"),
        ("0 0 * * 8", "day-of-week field"),
        ("000 * * * *", "out of range"),
        ("0 0 99999999999999999999 * *", "out of range"),
        ("0 0 1--100000000 * *", "day-of-month"),
        ("0 0 1-100000000 * *", "\"1-100000000\" is out of range"),
        ("-1 * * * *", "minute"),
        ("1- * * * *", "minute"),
        ("1-2-3 * * * *", "minute"),
        ("1,,2 * * * *", "a comma too many"),
        (",1 * * * *", "a comma too many"),
        ("1, * * * *", "a comma too many"),
        ("*,5 * * * *", "cannot be one of a list"),
        ("30-10 * * * *", "ranges do not wrap around"),
        ("0 22-6 * * *", "write two of them with a comma"),
        ("0 0 * nov-feb *", "ranges do not wrap around"),
        ("0 0 * * fri-mon", "ranges do not wrap around"),
        ("0 0 * * fri-sun", "end the range with 7"),
        ("*/0 * * * *", "from 1 to 59"),
        ("*/60 * * * *", "from 1 to 59"),
        ("0 */24 * * *", "from 1 to 23"),
        ("0 */999999999999 * * *", "from 1 to 23"),
        ("*/ * * * *", "from 1 to 59"),
        ("*/5/5 * * * *", "from 1 to 59"),
        ("*/-5 * * * *", "from 1 to 59"),
        ("5/15 * * * *", "5-59/15"),
        ("x/15 * * * *", "none of these"),
        ("*5 * * * *", "none of these"),
        ("** * * * *", "none of these"),
        ("H * * * *", "none of these"),
        ("jan * * * *", "minute field"),
        ("0 0 * january *", "month field"),
        ("0 0 * * monday", "day-of-week field"),
        ("0 0 * mon *", "month field"),
        ("L * * * *", "minute field"),
        ("0 0 L-0 * *", "not from 1 to 30"),
        ("0 0 L-31 * *", "not from 1 to 30"),
        ("0 0 0W * *", "out of range"),
        ("0 0 32W * *", "out of range"),
        ("0 0 W * *", "none of these"),
        ("0 0 1-5W * *", "none of these"),
        ("0 0 5L * *", "none of these"),
        ("0 0 * * L", "5L is the last Friday"),
        ("0 0 * * 8L", "out of range"),
        ("0 0 * * 5#0", "not from 1 to 5"),
        ("0 0 * * 5#6", "not from 1 to 5"),
        ("0 0 * * 5#", "not from 1 to 5"),
        ("0 0 * * #3", "none of these"),
        ("0 0 * * 5#1#2", "not from 1 to 5"),
        ("0 0 * * 1-5#2", "none of these"),
        ("0 0 5#3 * *", "day-of-month field"),
    ] {
        check_expression(text, Err(reason));
    }
    check_expression(&"1,".repeat(127), Err("this is one field"));
    check_expression(&"* ".repeat(129), Err("longer than 256 bytes"));
    check_expression("０ 0 * * *", Err("only letters"));
}

#[test]
fn an_expression_says_how_it_meets_clock_changes_and_how_its_days_go_together() {
    use {DayRule::*, Timing::*};
    for (text, timing, days) in [
        ("0 2 * * *", Fixed, Both),
        ("0 1,4 1 * 1", Fixed, Either),
        ("0-30/10 2 1 * 1", Fixed, Either),
        ("*/10 2 1 * *", Wildcard, Both),
        ("0 */2 */2 * 1", Wildcard, Both),
        ("7,*/10 2,*/3 1 * */2", Fixed, Both),
        ("0 0 L * 5#1", Fixed, Either),
        ("@hourly", Wildcard, Both),
        ("@daily", Fixed, Both),
    ] {
        let read = CronExpression::parse(text).unwrap();
        assert_eq!((read.timing(), read.day_rule()), (timing, days), "{text}");
    }
}

#[test]
fn values_are_bits() {
    let read = CronExpression::parse("*/25 1-7/3 1,31,L * 5-7").unwrap();
    assert_eq!(read.minute().values(), 1 | 1 << 25 | 1 << 50);
    assert_eq!(read.hour().values(), 1 << 1 | 1 << 4 | 1 << 7);
    assert_eq!(read.day_of_month().values(), 1 << 1 | 1 << 31);
    assert_eq!(read.month().values(), 0b1_1111_1111_1110);
    assert_eq!(read.day_of_week().values(), 1 << 5 | 1 << 6 | 1 << 7);
}

proptest::proptest! {
    #[test]
    fn reading_any_text_ends_with_an_expression_or_a_reason(
        text in "[-0-9*/,#LWlw a-f@?]{0,60}", other in ".{0,300}"
    ) {
        for text in [text, other] {
            match CronExpression::parse(&text) {
                Ok(read) => assert_eq!(CronExpression::parse(read.as_str()), Ok(read)),
                Err(error) => assert!(error.to_string().len() < 2000),
            }
        }
    }
}
