//! The instants that a schedule stands for.
//!
//! Cron expressions are evaluated by `croner` with the rules of Vixie cron where it leaves a choice.
//! Around daylight-saving changes a fixed time in a gap comes at the first valid instant, and one in an
//! overlap comes once, at the first pass; wildcards follow real time.

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sandglass_registry::{CronExpression, Schedule};

use crate::jobs::UpcomingRun;

/// A schedule whose instants cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The cron expression has no meaning.
    #[error("the cron expression {expression:?} is not valid: {reason}")]
    Expression {
        /// The expression.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The evaluation stood still or went back in time.
    #[error("the cron expression {expression:?} cannot be followed in this time zone")]
    Stuck {
        /// The expression.
        expression: String,
    },
}

/// A schedule that can be followed.
#[derive(Debug, Clone)]
pub enum Calendar {
    /// The instants of a cron expression in a zone.
    Cron(Box<CronCalendar>),
    /// Every so often.
    Interval(SignedDuration),
    /// One instant.
    Once(Timestamp),
    /// None at all.
    Manual,
}

/// A cron expression in a zone.
#[derive(Debug, Clone)]
pub struct CronCalendar {
    cron: Cron,
    zone: TimeZone,
}

impl Calendar {
    /// Reads a schedule.
    ///
    /// # Errors
    /// [`CalendarError::Expression`].
    pub fn compile(schedule: &Schedule) -> Result<Self, CalendarError> {
        Ok(match schedule {
            Schedule::Cron {
                expression,
                timezone,
            } => Self::Cron(Box::new(CronCalendar {
                cron: compile_cron(expression)?,
                zone: timezone.zone(),
            })),
            Schedule::Interval { interval_seconds } => Self::Interval(SignedDuration::from_secs(
                i64::try_from(*interval_seconds).unwrap_or(i64::MAX),
            )),
            Schedule::Once { run_at } => Self::Once(*run_at),
            Schedule::Manual => Self::Manual,
        })
    }

    /// The first slot of a job that is saved at `now`; none where there will never be one.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn first(&self, now: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        match self {
            Self::Once(at) => Ok((*at > now).then_some(*at)),
            _ => self.next_after(now),
        }
    }

    /// The first slot that is not before `start`. Intervals are counted from it.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn first_from(&self, start: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        match self {
            Self::Cron(calendar) => {
                let before = start.saturating_sub(SignedDuration::from_millis(1));
                calendar.next_after(before.unwrap_or(start))
            }
            Self::Interval(_) => Ok(Some(start)),
            Self::Once(at) => Ok((*at >= start).then_some(*at)),
            Self::Manual => Ok(None),
        }
    }

    /// The slot before the slot `at`. Intervals count back from it.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn previous_before(&self, at: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        match self {
            Self::Cron(calendar) => {
                let before = at.saturating_sub(SignedDuration::from_millis(1));
                calendar.last_until(before.unwrap_or(at))
            }
            Self::Interval(interval) => Ok(at.checked_sub(*interval).ok()),
            Self::Once(_) | Self::Manual => Ok(None),
        }
    }

    /// The slot after the slot `previous`. Intervals count on from it.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn next_after(&self, previous: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        match self {
            Self::Cron(calendar) => calendar.next_after(previous),
            Self::Interval(interval) => Ok(previous.checked_add(*interval).ok()),
            Self::Once(_) | Self::Manual => Ok(None),
        }
    }

    /// The last slot that is not later than `now`, given that `due` is one.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn last_until(&self, due: Timestamp, now: Timestamp) -> Result<Timestamp, CalendarError> {
        let last = match self {
            Self::Cron(calendar) => calendar.last_until(now)?,
            Self::Interval(interval) => {
                let passed = now.duration_since(due).as_secs() / interval.as_secs().max(1);
                let seconds = passed.saturating_mul(interval.as_secs());
                due.checked_add(SignedDuration::from_secs(seconds)).ok()
            }
            Self::Once(_) | Self::Manual => None,
        };
        Ok(last.unwrap_or(due).max(due))
    }

    /// The next `count` slots of a job that is saved at `now`.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn upcoming(
        &self,
        now: Timestamp,
        count: usize,
    ) -> Result<Vec<UpcomingRun>, CalendarError> {
        let mut runs = Vec::new();
        let mut next = self.first(now)?;
        while let Some(at) = next
            && runs.len() < count
        {
            let local = at.to_zoned(self.zone());
            let local = local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            runs.push(UpcomingRun { at, local });
            next = self.next_after(at)?;
        }
        Ok(runs)
    }

    fn zone(&self) -> TimeZone {
        match self {
            Self::Cron(calendar) => calendar.zone.clone(),
            Self::Interval(_) | Self::Once(_) | Self::Manual => TimeZone::UTC,
        }
    }
}

impl CronCalendar {
    fn next_after(&self, previous: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        let previous_here = previous.to_zoned(self.zone.clone());
        let Ok(next) = self.cron.find_next_occurrence(&previous_here, false) else {
            return Ok(None);
        };
        let next = next.timestamp();
        if next <= previous {
            return Err(CalendarError::Stuck {
                expression: self.cron.as_str().to_owned(),
            });
        }
        Ok(Some(next))
    }

    fn last_until(&self, now: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        let now_here = now.to_zoned(self.zone.clone());
        let Ok(last) = self.cron.find_previous_occurrence(&now_here, true) else {
            return Ok(None);
        };
        let last = last.timestamp();
        if last > now {
            return Err(CalendarError::Stuck {
                expression: self.cron.as_str().to_owned(),
            });
        }
        Ok(Some(last))
    }
}

fn compile_cron(expression: &CronExpression) -> Result<Cron, CalendarError> {
    let text = expression.as_str();
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .dom_and_dow(both_days_must_match(text))
        .build()
        .parse(text)
        .map_err(|error| CalendarError::Expression {
            expression: text.to_owned(),
            reason: error.to_string(),
        })
}

/// Vixie cron's rule for the two day fields: a day must match either, unless one of the fields begins
/// with a star, and then it must match both.
fn both_days_must_match(expression: &str) -> bool {
    let fields: Vec<&str> = expression.split(' ').collect();
    let stepped = |field: &str| field.starts_with('*') && field != "*";
    match fields.as_slice() {
        [_, _, day_of_month, _, day_of_week] => stepped(day_of_month) || stepped(day_of_week),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
