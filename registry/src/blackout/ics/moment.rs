//! Dates, date-times and durations (RFC 5545 §3.3.4 to §3.3.6).

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::IcsError;
use super::lines::Line;
use crate::schedule::TimeZoneName;

/// When something is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Moment {
    /// A whole day.
    Day(Date),
    /// In the zone of whoever reads it.
    Floating(DateTime),
    /// In a zone; UTC is one.
    Zoned(DateTime, TimeZone),
}

impl Moment {
    /// The date and time that it shows.
    pub(super) fn local(&self) -> DateTime {
        match self {
            Self::Day(date) => date.to_datetime(jiff::civil::Time::midnight()),
            Self::Floating(local) | Self::Zoned(local, _) => *local,
        }
    }

    /// The moment of the same kind that shows another date and time.
    pub(super) fn showing(&self, local: DateTime) -> Self {
        match self {
            Self::Day(_) => Self::Day(local.date()),
            Self::Floating(_) => Self::Floating(local),
            Self::Zoned(_, zone) => Self::Zoned(local, zone.clone()),
        }
    }

    /// The instant, where `elsewhere` is the zone of days and floating times. A time in a gap is read
    /// with the offset before it (RFC 5545 §3.3.5).
    pub(super) fn instant(&self, elsewhere: &TimeZone) -> Option<Timestamp> {
        let zone = match self {
            Self::Zoned(_, zone) => zone,
            Self::Day(_) | Self::Floating(_) => elsewhere,
        };
        let zoned = self.local().to_zoned(zone.clone());
        zoned.ok().map(|it| it.timestamp())
    }
}

/// The moments of a line, separated by commas.
pub(super) fn moments(line: &Line) -> Result<Vec<Moment>, IcsError> {
    let values = line.value.split(',');
    values.map(|value| moment(line, value.trim())).collect()
}

/// The only moment of a line.
pub(super) fn only_moment(line: &Line) -> Result<Moment, IcsError> {
    moment(line, line.value.trim())
}

fn moment(line: &Line, text: &str) -> Result<Moment, IcsError> {
    let wrong = || {
        line.error(format!(
            "{:?} is not a date such as 20261224, nor a date and time such as 20261224T180000",
            text.chars().take(40).collect::<String>()
        ))
    };
    let kind = line.parameter("VALUE").map(str::to_ascii_uppercase);
    match kind.as_deref() {
        Some("DATE") => return date(text).map(Moment::Day).ok_or_else(wrong),
        None | Some("DATE-TIME") => {}
        Some(other) => return Err(line.error(format!("VALUE={other} is not understood"))),
    }
    let (plain, is_utc) = match text.strip_suffix('Z') {
        Some(plain) => (plain, true),
        None => (text, false),
    };
    let local = local(plain).ok_or_else(wrong)?;
    if is_utc {
        return Ok(Moment::Zoned(local, TimeZone::UTC));
    }
    let Some(name) = line.parameter("TZID") else {
        return Ok(Moment::Floating(local));
    };
    let name = TimeZoneName::parse(name.trim_start_matches('/'));
    let zone = name.and_then(|it| it.zone());
    let zone = zone.map_err(|error| line.error(format!("TZID: {error}")))?;
    Ok(Moment::Zoned(local, zone))
}

/// `20261224`.
pub(super) fn date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `20261224T180000`.
pub(super) fn local(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once('T')?;
    if time.len() != 6 || !time.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    // A leap second is read as the second before it (RFC 5545 §3.3.12).
    let second: i8 = second.parse::<i8>().ok().filter(|it| *it <= 60)?.min(59);
    let time = jiff::civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, second, 0);
    Some(date(day)?.to_datetime(time.ok()?))
}

/// How long something is: days by the calendar, and time by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: i32,
    pub(super) time: SignedDuration,
}

impl Length {
    /// The end of something this long that begins at `start`.
    pub(super) fn after(self, start: &Moment) -> Option<Moment> {
        let days = Span::new().try_days(self.days).ok()?;
        let local = start.local().checked_add(days).ok()?;
        match start {
            Moment::Zoned(_, zone) => {
                let zoned = local.to_zoned(zone.clone()).ok()?;
                let end = zoned.checked_add(self.time).ok()?;
                // In UTC, since the local time of an end may come twice.
                let end = TimeZone::UTC.to_datetime(end.timestamp());
                Some(Moment::Zoned(end, TimeZone::UTC))
            }
            other => Some(other.showing(local.checked_add(self.time).ok()?)),
        }
    }
}

/// `P1D`, `PT2H30M`, `P2W`.
pub(super) fn length(line: &Line) -> Result<Length, IcsError> {
    let wrong = || line.error("this is not a duration such as P1D, PT2H30M or P2W");
    let rest = line.value.trim();
    let rest = rest.strip_prefix('+').unwrap_or(rest);
    let rest = rest.strip_prefix('P').ok_or_else(wrong)?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let days = units(days, &[('W', 7), ('D', 1)]).ok_or_else(wrong)?;
    let seconds = units(time, &[('H', 3600), ('M', 60), ('S', 1)]).ok_or_else(wrong)?;
    let days = i32::try_from(days).ok().filter(|it| *it <= 36_600);
    Ok(Length {
        days: days.ok_or_else(wrong)?,
        time: SignedDuration::from_secs(seconds),
    })
}

/// The sum of numbers that are followed by units, in their order.
fn units(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    for (unit, worth) in units {
        let end = text
            .find(|it: char| !it.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, rest) = text.split_at_checked(end)?;
        if let Some(rest) = rest.strip_prefix(*unit) {
            let number: i64 = number.parse().ok().filter(|it| *it <= 10_000_000)?;
            sum = sum.checked_add(number.checked_mul(*worth)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(sum)
}
