//! Dates of the proleptic Gregorian calendar in UTC, from and to milliseconds since 1970.
//!
//! Only what relative dates need, so that no time zone database enters a component.

/// Milliseconds in a day; UTC days have no leap seconds here (the contract's `timestamp`).
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Years that RFC 3339 can write, and that a moment may lie in to be shifted by months.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// Days in 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;

/// A day and the time within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    year: i64,
    month: i64,
    day: i64,
    millisecond: i64,
}

impl Civil {
    /// The day of a moment; absent outside the years 1 to 9999.
    pub(crate) fn from_milliseconds(moment: i64) -> Option<Self> {
        let (year, month, day) = date_of(moment.div_euclid(DAY_MS));
        YEARS.contains(&year).then_some(Self {
            year,
            month,
            day,
            millisecond: moment.rem_euclid(DAY_MS),
        })
    }

    /// The moment, in milliseconds since 1970.
    pub(crate) fn to_milliseconds(self) -> i64 {
        day_number(self.year, self.month, self.day) * DAY_MS + self.millisecond
    }

    /// The same day of the month and time of day some months away; the last day of the month where that
    /// month is shorter. Absent outside the years 1 to 9999.
    pub(crate) fn plus_months(self, months: i64) -> Option<Self> {
        let total = (self.year * 12 + self.month - 1).checked_add(months)?;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        YEARS.contains(&year).then(|| Self {
            year,
            month,
            day: self.day.min(days_in(year, month)),
            millisecond: self.millisecond,
        })
    }

    /// The moment as RFC 3339 writes it, with milliseconds only where there are some.
    pub(crate) fn to_rfc3339(self) -> String {
        let Self {
            year,
            month,
            day,
            millisecond,
        } = self;
        let seconds = millisecond / 1000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = match millisecond % 1000 {
            0 => String::new(),
            part => format!(".{part:03}"),
        };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days before 1 January of a year, counted from 1 January of year 0.
fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    year * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) + 1
}

/// Days since 1970-01-01.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let within: i64 = (1..month).map(|month| days_in(year, month)).sum();
    days_before_year(year) - days_before_year(1970) + within + day - 1
}

/// The year, month and day of a number of days since 1970-01-01.
fn date_of(day_number: i64) -> (i64, i64, i64) {
    let days = day_number + days_before_year(1970);
    let mut year = days * 400 / ERA_DAYS;
    while days_before_year(year) > days {
        year -= 1;
    }
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut rest = days - days_before_year(year);
    let mut month = 1;
    while rest >= days_in(year, month) {
        rest -= days_in(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};

    #[test]
    fn every_day_of_the_calendar_agrees_with_jiff() {
        let mut moment: Timestamp = "0001-01-01T00:00:00.001Z".parse().unwrap();
        let end: Timestamp = "9999-12-29T00:00:00Z".parse().unwrap();
        while moment < end {
            let civil = Civil::from_milliseconds(moment.as_millisecond()).unwrap();
            assert_eq!(civil.to_rfc3339(), moment.to_string());
            assert_eq!(civil.to_milliseconds(), moment.as_millisecond());
            moment += SignedDuration::from_hours(24);
        }
    }

    #[test]
    fn shifted_months_agree_with_jiff() {
        let start: Timestamp = "2019-12-27T23:59:59.999Z".parse().unwrap();
        for day in 0..900 {
            let moment = start + SignedDuration::from_hours(24 * day);
            let civil = Civil::from_milliseconds(moment.as_millisecond()).unwrap();
            for months in -60..60 {
                let expected = moment
                    .to_zoned(TimeZone::UTC)
                    .checked_add(months.months())
                    .unwrap();
                let shifted = civil.plus_months(months).unwrap();
                assert_eq!(shifted.to_rfc3339(), expected.timestamp().to_string());
            }
        }
    }

    #[test]
    fn moments_outside_the_calendar_have_no_date() {
        assert_eq!(Civil::from_milliseconds(i64::MIN), None);
        assert_eq!(Civil::from_milliseconds(i64::MAX), None);
        let year_one = Civil::from_milliseconds(-62_135_596_800_000).unwrap();
        assert_eq!(year_one.to_rfc3339(), "0001-01-01T00:00:00Z");
        assert_eq!(year_one.plus_months(-1), None);
        assert_eq!(year_one.plus_months(i64::MAX), None);
    }
}
