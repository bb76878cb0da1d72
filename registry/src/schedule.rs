//! When a job is due, as an admin writes it.
//!
//! Reading it here checks its form. What instants it stands for is the scheduler's business.

mod cron_expression;
mod cron_field;
mod time_zone;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

pub use cron_expression::{CronError, CronExpression, DayRule, MAX_EXPRESSION_LENGTH, Timing};
pub use cron_field::{CronField, FieldKind, FieldPart, FieldProblem};
pub use time_zone::{TimeZoneName, time_zone_database_version, time_zone_names};

/// The longest interval: a year of 366 days, in seconds.
pub const MAX_INTERVAL_SECONDS: u64 = 366 * 86_400;

/// A schedule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The cron expression is not one.
    #[error(transparent)]
    Expression(#[from] CronError),
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
