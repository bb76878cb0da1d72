//! When a job is due, as an admin writes it.
//!
//! Reading it here checks its form. What instants it stands for is the scheduler's business.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

/// The longest cron expression, in bytes.
pub const MAX_EXPRESSION_LENGTH: usize = 256;
/// The longest interval: a year of 366 days, in seconds.
pub const MAX_INTERVAL_SECONDS: u64 = 366 * 86_400;

/// A schedule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The cron expression is not five fields or an alias.
    #[error(
        "a cron expression has five fields (minute hour day-of-month month day-of-week) or is one of @hourly @daily @weekly @monthly @yearly; this is {0}"
    )]
    Expression(&'static str),
    /// The time zone does not exist.
    #[error("there is no time zone {0:?}; give an IANA name such as UTC or Europe/Berlin")]
    TimeZone(String),
    /// The interval is out of range.
    #[error("interval_seconds is from 1 to {MAX_INTERVAL_SECONDS}")]
    Interval,
    /// The members given do not make one kind of schedule.
    #[error(
        "a schedule is {{\"type\": \"cron\", \"expression\": …, \"timezone\": …}}, {{\"type\": \"interval\", \"interval_seconds\": …}}, {{\"type\": \"once\", \"run_at\": …}} or {{\"type\": \"manual\"}}; {0}"
    )]
    Shape(&'static str),
}

/// A cron expression: five fields or an alias, in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CronExpression(String);

impl CronExpression {
    /// Reads an expression; runs of blanks become one.
    ///
    /// # Errors
    /// Where it is too long, holds characters that no expression has, or has not five fields.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        const ALIASES: [&str; 7] = [
            "@hourly",
            "@daily",
            "@midnight",
            "@weekly",
            "@monthly",
            "@yearly",
            "@annually",
        ];
        if text.len() > MAX_EXPRESSION_LENGTH {
            return Err(ScheduleError::Expression("longer than 256 characters"));
        }
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let expression = fields.join(" ");
        if ALIASES.contains(&expression.as_str()) {
            return Ok(Self(expression));
        }
        let is_field_character =
            |byte: u8| byte.is_ascii_alphanumeric() || b" */,-#".contains(&byte);
        match fields.len() {
            _ if !expression.bytes().all(is_field_character) => Err(ScheduleError::Expression(
                "written with characters other than letters, digits and * / , - #",
            )),
            _ if has_long_number(&expression) => Err(ScheduleError::Expression(
                "written with a number of more than two digits, and no field has one",
            )),
            0 => Err(ScheduleError::Expression("empty")),
            5 => Ok(Self(expression)),
            6 => Err(ScheduleError::Expression(
                "six fields, and there is no field for seconds or years",
            )),
            _ => Err(ScheduleError::Expression("another number of fields")),
        }
    }

    /// The expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether digits stand in runs longer than any value a field can have, so that no range is spread out
/// before its ends are known to be small.
fn has_long_number(expression: &str) -> bool {
    expression
        .split(|character: char| !character.is_ascii_digit())
        .any(|digits| digits.len() > 2)
}

/// The IANA name of a time zone that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TimeZoneName(String);

impl TimeZoneName {
    /// Reads a name.
    ///
    /// # Errors
    /// Where the time zone database has no such zone.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let known = text.len() <= 64 && TimeZone::get(text).is_ok();
        match known {
            true => Ok(Self(text.to_owned())),
            false => Err(ScheduleError::TimeZone(text.chars().take(64).collect())),
        }
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl fmt::Display for TimeZoneName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// When a job is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Schedule {
    /// At the times that a cron expression names, in a time zone.
    Cron {
        /// The expression.
        #[schema(value_type = String, example = "0 2 * * 0")]
        expression: CronExpression,
        /// The zone.
        #[schema(value_type = String, example = "UTC", default = "UTC")]
        timezone: TimeZoneName,
    },
    /// Every so many seconds, counted from when the job was saved or last due.
    Interval {
        /// The seconds, 1 to a year.
        #[schema(minimum = 1, maximum = 31622400)]
        interval_seconds: u64,
    },
    /// Once.
    Once {
        /// The moment.
        run_at: Timestamp,
    },
    /// Only when somebody asks.
    Manual,
}

/// A schedule as it may be written, the long form with `type` or the short forms without.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(alias = "cron")]
    expression: Option<String>,
    timezone: Option<String>,
    interval_seconds: Option<u64>,
    run_at: Option<Timestamp>,
}

impl Written {
    fn read(self) -> Result<Schedule, ScheduleError> {
        let kind = self.kind.as_deref();
        match (kind, self.expression, self.interval_seconds, self.run_at) {
            (Some("cron") | None, Some(expression), None, None) => Ok(Schedule::Cron {
                expression: CronExpression::parse(&expression)?,
                timezone: match self.timezone {
                    Some(name) => TimeZoneName::parse(&name)?,
                    None => TimeZoneName::default(),
                },
            }),
            _ if self.timezone.is_some() => {
                Err(ScheduleError::Shape("only a cron schedule has a timezone"))
            }
            (Some("interval") | None, None, Some(interval_seconds), None) => {
                if (1..=MAX_INTERVAL_SECONDS).contains(&interval_seconds) {
                    Ok(Schedule::Interval { interval_seconds })
                } else {
                    Err(ScheduleError::Interval)
                }
            }
            (Some("once") | None, None, None, Some(run_at)) => Ok(Schedule::Once { run_at }),
            (Some("manual"), None, None, None) => Ok(Schedule::Manual),
            (Some("cron" | "interval" | "once" | "manual"), ..) => Err(ScheduleError::Shape(
                "the members given do not belong to its type",
            )),
            (Some(_), ..) => Err(ScheduleError::Shape("there is no other type")),
            (None, ..) => Err(ScheduleError::Shape("this has none of them, or several")),
        }
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer)?
            .read()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

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
        check(json!({"cron": "0 2 * *"}), Err("another number"));
        check(
            json!({"cron": "0 0 1--100000000 * *"}),
            Err("more than two digits"),
        );
        check(json!({"cron": "0 2 * * ü"}), Err("characters other"));
        check(json!({"cron": "* ".repeat(200)}), Err("longer than 256"));
        check(
            json!({"cron": "0 2 * * 0", "timezone": "Mars/Olympus"}),
            Err("Mars/Olympus"),
        );
        check(json!({"run_at": "tomorrow"}), Err(""));
        check(json!({"crontab": "0 2 * * 0"}), Err("unknown field"));
    }
}
