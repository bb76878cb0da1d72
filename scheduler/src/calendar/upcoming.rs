//! The runs that a schedule will bring, for people who look before they save.

use jiff::Timestamp;
use sandglass_registry::{Blackouts, Schedule};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Calendar, CalendarError, describe};

/// What is special about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunFlag {
    /// Its local time is skipped because clocks are set on; it comes at the first moment after.
    Shifted,
    /// Its local time comes twice because clocks are set back; it comes the first time only.
    FirstOfTwo,
    /// A blackout calendar keeps it from running.
    BlackedOut,
}

impl RunFlag {
    /// The rule behind it, as a sentence.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Shifted => {
                "shifted: clocks are set on over this local time, so the run comes once, at the first moment after the gap."
            }
            Self::FirstOfTwo => {
                "first_of_two: clocks are set back and this local time comes twice; the run comes once, the first time."
            }
            Self::BlackedOut => {
                "blacked_out: a blackout calendar covers this moment, so nothing runs then."
            }
        }
    }
}

/// A moment at which a job is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UpcomingRun {
    /// In UTC.
    pub at: Timestamp,
    /// In the zone of the schedule, RFC 3339 with its offset.
    #[schema(format = DateTime)]
    pub local: String,
    /// What is special about it.
    pub flags: Vec<RunFlag>,
    /// The calendar and the entry that keep it from running, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blackout: Option<String>,
}

/// What a schedule means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchedulePreview {
    /// The next runs, the first of them first.
    pub runs: Vec<UpcomingRun>,
    /// The schedule in words.
    pub description: String,
    /// The rule behind each flag that a run has.
    pub notes: Vec<&'static str>,
}

impl SchedulePreview {
    /// The `count` runs of `schedule` after `from`, where `blackouts` hold.
    ///
    /// # Errors
    /// [`CalendarError`]; [`CalendarError::NeverDue`] where a cron expression has no run within the
    /// years that are searched.
    pub fn of(
        schedule: &Schedule,
        from: Timestamp,
        count: usize,
        blackouts: &Blackouts,
    ) -> Result<Self, CalendarError> {
        let calendar = Calendar::compile(schedule)?;
        let runs = calendar.upcoming(from, count, blackouts)?;
        if runs.is_empty() && matches!(schedule, Schedule::Cron { .. }) {
            return Err(CalendarError::NeverDue);
        }
        let all = [RunFlag::Shifted, RunFlag::FirstOfTwo, RunFlag::BlackedOut];
        let seen = |flag: &RunFlag| runs.iter().any(|run| run.flags.contains(flag));
        let notes = all.into_iter().filter(seen).map(RunFlag::rule).collect();
        Ok(Self {
            notes,
            runs,
            description: describe(schedule),
        })
    }
}

impl Calendar {
    /// The next `count` slots of a job that is saved at `now`, where `blackouts` hold.
    ///
    /// # Errors
    /// [`CalendarError::Stuck`].
    pub fn upcoming(
        &self,
        now: Timestamp,
        count: usize,
        blackouts: &Blackouts,
    ) -> Result<Vec<UpcomingRun>, CalendarError> {
        let mut runs = Vec::new();
        let mut next = self.first(now)?;
        while let Some(at) = next
            && runs.len() < count
        {
            let local = at.to_zoned(self.zone());
            let mut flags = self.flags(at);
            let blackout = blackouts.covering(at);
            if blackout.is_some() {
                flags.push(RunFlag::BlackedOut);
            }
            runs.push(UpcomingRun {
                at,
                local: local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
                flags,
                blackout: blackout.map(|it| it.to_string()),
            });
            next = self.next_after(at)?;
        }
        Ok(runs)
    }
}
