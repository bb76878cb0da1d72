//! The local times that an expression names, as a calendar on the wall shows them: no zone, no instants.

use jiff::{
    SignedDuration, ToSpan as _,
    civil::{Date, DateTime, Time},
};
use sandglass_registry::CronExpression;

use super::{HORIZON_YEARS, days::Days};

/// Months that are searched before an expression counts as never due.
const MONTHS_SEARCHED: usize = HORIZON_YEARS as usize * 12 + 1;

/// The minutes that an expression names.
#[derive(Debug, Clone)]
pub(super) struct LocalTimes {
    minutes: u64,
    hours: u64,
    months: u64,
    days: Days,
}

impl LocalTimes {
    pub(super) fn of(expression: &CronExpression) -> Self {
        Self {
            minutes: expression.minute().values(),
            hours: expression.hour().values(),
            months: expression.month().values(),
            days: Days::of(expression),
        }
    }

    /// The first of them that is not before `from`; none where there is none in the years searched.
    pub(super) fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let from = up_to_minute(from)?;
        let mut month = from.date().first_of_month();
        let mut days = self.days_in(month) & !below(from.day().unsigned_abs());
        for _ in 0..MONTHS_SEARCHED {
            while let Some(day) = lowest(days) {
                let date = day_of(month, day)?;
                let earliest = match date == from.date() {
                    true => from.time(),
                    false => Time::midnight(),
                };
                if let Some(time) = self.time_at_or_after(earliest) {
                    return Some(date.to_datetime(time));
                }
                days &= !(1 << day);
            }
            month = month.checked_add(1.month()).ok()?;
            days = self.days_in(month);
        }
        None
    }

    /// The last of them that is not after `until`; none where there is none in the years searched.
    pub(super) fn at_or_before(&self, until: DateTime) -> Option<DateTime> {
        let mut month = until.date().first_of_month();
        let mut days = self.days_in(month) & below(until.day().unsigned_abs() + 1);
        for _ in 0..MONTHS_SEARCHED {
            while let Some(day) = highest(days) {
                let date = day_of(month, day)?;
                let latest = match date == until.date() {
                    true => until.time(),
                    false => Time::MAX,
                };
                if let Some(time) = self.time_at_or_before(latest) {
                    return Some(date.to_datetime(time));
                }
                days &= !(1 << day);
            }
            month = month.checked_sub(1.month()).ok()?;
            days = self.days_in(month);
        }
        None
    }

    fn days_in(&self, month: Date) -> u64 {
        match self.months & (1 << month.month()) {
            0 => 0,
            _ => self.days.in_month(month),
        }
    }

    fn time_at_or_after(&self, from: Time) -> Option<Time> {
        let hour = from.hour().unsigned_abs();
        let minute = from.minute().unsigned_abs();
        if self.hours & (1 << hour) != 0
            && let Some(minute) = lowest(self.minutes & !below(minute))
        {
            return time_of(hour, minute);
        }
        let hour = lowest(self.hours & !below(hour + 1))?;
        time_of(hour, lowest(self.minutes)?)
    }

    fn time_at_or_before(&self, until: Time) -> Option<Time> {
        let hour = until.hour().unsigned_abs();
        let minute = until.minute().unsigned_abs();
        if self.hours & (1 << hour) != 0
            && let Some(minute) = highest(self.minutes & below(minute + 1))
        {
            return time_of(hour, minute);
        }
        let hour = highest(self.hours & below(hour))?;
        time_of(hour, highest(self.minutes)?)
    }
}

/// The whole minute that is not before a local time.
fn up_to_minute(time: DateTime) -> Option<DateTime> {
    let floor = time.with().second(0).subsec_nanosecond(0).build().ok()?;
    match floor == time {
        true => Some(floor),
        false => floor.checked_add(SignedDuration::from_mins(1)).ok(),
    }
}

/// The bits below one.
const fn below(bit: u8) -> u64 {
    (1 << bit) - 1
}

fn lowest(bits: u64) -> Option<u8> {
    (bits != 0).then(|| u8::try_from(bits.trailing_zeros()).ok())?
}

fn highest(bits: u64) -> Option<u8> {
    (bits != 0).then(|| u8::try_from(63 - bits.leading_zeros()).ok())?
}

fn day_of(month: Date, day: u8) -> Option<Date> {
    Date::new(month.year(), month.month(), i8::try_from(day).ok()?).ok()
}

fn time_of(hour: u8, minute: u8) -> Option<Time> {
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}
