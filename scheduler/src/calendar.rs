//! The instants that a schedule stands for.
//!
//! Cron expressions are evaluated here, over the time zone database of jiff, because no crate that we
//! measured keeps the rules of Debian's cron for every expression (`docs/SCHEDULES.md`). Intervals count
//! on from the slot before. Whether a slot becomes an execution is decided elsewhere.

mod cron;
mod days;
mod describe;
mod local_times;
mod upcoming;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sandglass_registry::{Schedule, ScheduleError};

pub use cron::CronCalendar;
pub use describe::describe;
pub use upcoming::{RunFlag, SchedulePreview, UpcomingRun};

/// How far ahead a cron expression is followed before it counts as never due, in years. It is longer
/// than the eight years from one 29 February to the next around 2100.
pub const HORIZON_YEARS: u8 = 10;

/// A schedule whose instants cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The schedule names what there is not any more.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The evaluation stood still or went back in time.
    #[error("the cron expression {expression:?} cannot be followed in this time zone")]
    Stuck {
        /// The expression.
        expression: String,
    },
    /// There is no run within the years that are searched.
    #[error("this schedule never comes: it has no run in the next {HORIZON_YEARS} years")]
    NeverDue,
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

impl Calendar {
    /// Makes a schedule ready to be followed.
    ///
    /// # Errors
    /// [`CalendarError::Schedule`] where its time zone is not in the database any more.
    pub fn compile(schedule: &Schedule) -> Result<Self, CalendarError> {
        Ok(match schedule {
            Schedule::Cron {
                expression,
                timezone,
            } => Self::Cron(Box::new(CronCalendar::new(expression, timezone.zone()?))),
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
            Self::Cron(calendar) => match now.checked_add(SignedDuration::from_nanos(1)) {
                Ok(after) => calendar.previous_before(after)?,
                Err(_) => None,
            },
            Self::Interval(interval) => {
                let passed = now.duration_since(due).as_secs() / interval.as_secs().max(1);
                let seconds = passed.saturating_mul(interval.as_secs());
                due.checked_add(SignedDuration::from_secs(seconds)).ok()
            }
            Self::Once(_) | Self::Manual => None,
        };
        Ok(last.unwrap_or(due).max(due))
    }

    /// The slot before the slot `at`. Intervals count back from it.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn previous_before(&self, at: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        match self {
            Self::Cron(calendar) => calendar.previous_before(at),
            Self::Interval(interval) => Ok(at.checked_sub(*interval).ok()),
            Self::Once(_) | Self::Manual => Ok(None),
        }
    }

    /// The zone that its times are meant in; UTC where it has none.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        match self {
            Self::Cron(calendar) => calendar.zone().clone(),
            Self::Interval(_) | Self::Once(_) | Self::Manual => TimeZone::UTC,
        }
    }

    /// What changes of the clock do to the slot at `at`.
    #[must_use]
    pub fn flags(&self, at: Timestamp) -> Vec<RunFlag> {
        match self {
            Self::Cron(calendar) => calendar.flags(at),
            Self::Interval(_) | Self::Once(_) | Self::Manual => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
