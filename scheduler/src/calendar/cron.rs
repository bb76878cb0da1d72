//! The instants of a cron expression in a time zone, with the rules of Debian's cron where a clock is
//! set on or back.
//!
//! Fixed times of the day come once: one in a gap at the first instant after it, one in an overlap at
//! its first pass. Expressions with a starred minute or hour follow real time: they come in both passes
//! of an overlap, and in a gap there is nothing to come.
//!
//! Every search ends: it has a number of steps that it may take, and a slot that is not on the right
//! side of where the search began is an error.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone, TimeZoneTransition},
};
use sandglass_registry::{CronExpression, schedule::Timing};

use super::{CalendarError, HORIZON_YEARS, RunFlag, local_times::LocalTimes};

/// How many local times are tried before a search is given up. A search passes over local times only in
/// and around a gap or an overlap, and the longest of these have a day.
const MOST_TIMES: usize = 4000;
/// How many stretches without a change of the clock a search crosses.
const MOST_STRETCHES: usize = 400;
/// How far local times may lie after the present one and yet have come before it: the longest overlap.
const LONGEST_OVERLAP: SignedDuration = SignedDuration::from_hours(26);
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A cron expression in a zone.
#[derive(Debug, Clone)]
pub struct CronCalendar {
    expression: CronExpression,
    times: LocalTimes,
    zone: TimeZone,
}

impl CronCalendar {
    pub(super) fn new(expression: &CronExpression, zone: TimeZone) -> Self {
        Self {
            expression: expression.clone(),
            times: LocalTimes::of(expression),
            zone,
        }
    }

    pub(super) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first slot after `previous`.
    pub(super) fn next_after(
        &self,
        previous: Timestamp,
    ) -> Result<Option<Timestamp>, CalendarError> {
        let next = match self.expression.timing() {
            Timing::Fixed => self.next_fixed(previous)?,
            Timing::Wildcard => self.next_wildcard(previous)?,
        };
        match next {
            Some(next) if next <= previous => Err(self.stuck()),
            Some(next) if next.duration_since(previous) > horizon() => Ok(None),
            next => Ok(next),
        }
    }

    /// The last slot before `at`.
    pub(super) fn previous_before(
        &self,
        at: Timestamp,
    ) -> Result<Option<Timestamp>, CalendarError> {
        let previous = match self.expression.timing() {
            Timing::Fixed => self.previous_fixed(at)?,
            Timing::Wildcard => self.previous_wildcard(at)?,
        };
        match previous {
            Some(previous) if previous >= at => Err(self.stuck()),
            Some(previous) if at.duration_since(previous) > horizon() => Ok(None),
            previous => Ok(previous),
        }
    }

    /// What is special about the slot at `at`.
    pub(super) fn flags(&self, at: Timestamp) -> Vec<RunFlag> {
        if self.expression.timing() == Timing::Wildcard {
            return Vec::new();
        }
        let local = self.zone.to_datetime(at);
        if let AmbiguousOffset::Fold { before, .. } = self.ambiguity(local)
            && before == self.zone.to_offset(at)
        {
            return vec![RunFlag::FirstOfTwo];
        }
        match self.ends_gap_with_slot(at, local) {
            Some(true) => vec![RunFlag::Shifted],
            _ => Vec::new(),
        }
    }

    /// Whether a gap ends at `at`, whose local time is `local`, and a slot was in it.
    fn ends_gap_with_slot(&self, at: Timestamp, local: DateTime) -> Option<bool> {
        let before = self.zone.to_offset(at.checked_sub(INSTANT).ok()?);
        let gap_begins = before.to_datetime(at);
        let skipped = self.times.at_or_after(gap_begins)?;
        Some(gap_begins < local && skipped < local)
    }

    fn next_fixed(&self, previous: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        let mut local = self.times.at_or_after(self.zone.to_datetime(previous));
        for _ in 0..MOST_TIMES {
            let Some(found) = local else { return Ok(None) };
            match self.instant_of(found) {
                None => return Ok(None),
                Some(at) if at > previous => return Ok(Some(at)),
                Some(_) => {
                    let later = found.checked_add(MINUTE).ok();
                    local = later.and_then(|it| self.times.at_or_after(it));
                }
            }
        }
        Err(self.stuck())
    }

    fn previous_fixed(&self, at: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        let Ok(inside) = at.checked_sub(INSTANT) else {
            return Ok(None);
        };
        let mut latest = self.zone.to_datetime(inside);
        let changed = self.zone.preceding(at).next();
        if changed.is_some_and(|it| at.duration_since(it.timestamp()) < LONGEST_OVERLAP * 2) {
            latest = latest.saturating_add(LONGEST_OVERLAP);
        }
        let mut local = self.times.at_or_before(latest);
        for _ in 0..MOST_TIMES {
            let Some(found) = local else { return Ok(None) };
            match self.instant_of(found) {
                None => return Ok(None),
                Some(slot) if slot < at => return Ok(Some(slot)),
                Some(_) => {
                    let earlier = found.checked_sub(MINUTE).ok();
                    local = earlier.and_then(|it| self.times.at_or_before(it));
                }
            }
        }
        Err(self.stuck())
    }

    fn next_wildcard(&self, previous: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        let Ok(mut from) = previous.checked_add(INSTANT) else {
            return Ok(None);
        };
        for _ in 0..MOST_STRETCHES {
            let offset = self.zone.to_offset(from);
            let Some(local) = self.times.at_or_after(offset.to_datetime(from)) else {
                return Ok(None);
            };
            let Ok(at) = offset.to_timestamp(local) else {
                return Ok(None);
            };
            match instant(self.zone.following(from).next()) {
                Some(end) if end <= at => from = end,
                _ => return Ok(Some(at)),
            }
            if from.duration_since(previous) > horizon() {
                return Ok(None);
            }
        }
        Err(self.stuck())
    }

    fn previous_wildcard(&self, at: Timestamp) -> Result<Option<Timestamp>, CalendarError> {
        let mut until = at;
        for _ in 0..MOST_STRETCHES {
            let Ok(inside) = until.checked_sub(INSTANT) else {
                return Ok(None);
            };
            let offset = self.zone.to_offset(inside);
            let Some(local) = self.times.at_or_before(offset.to_datetime(inside)) else {
                return Ok(None);
            };
            let Ok(slot) = offset.to_timestamp(local) else {
                return Ok(None);
            };
            match instant(self.zone.preceding(until).next()) {
                Some(start) if slot < start => until = start,
                _ => return Ok(Some(slot)),
            }
            if at.duration_since(until) > horizon() {
                return Ok(None);
            }
        }
        Err(self.stuck())
    }

    /// When a fixed local time comes: at the first pass of an overlap, at the end of a gap.
    fn instant_of(&self, local: DateTime) -> Option<Timestamp> {
        match self.ambiguity(local) {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                // Read with the offset that holds after the gap, a time in it lies before the gap.
                let before_gap = after.to_timestamp(local).ok()?;
                instant(self.zone.following(before_gap).next())
            }
        }
    }

    fn ambiguity(&self, local: DateTime) -> AmbiguousOffset {
        self.zone.to_ambiguous_timestamp(local).offset()
    }

    fn stuck(&self) -> CalendarError {
        CalendarError::Stuck {
            expression: self.expression.as_str().to_owned(),
        }
    }
}

fn instant(transition: Option<TimeZoneTransition<'_>>) -> Option<Timestamp> {
    transition.map(|it| it.timestamp())
}

fn horizon() -> SignedDuration {
    SignedDuration::from_hours(i64::from(HORIZON_YEARS) * 366 * 24)
}
