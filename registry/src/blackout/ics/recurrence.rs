//! Recurrence rules (RFC 5545 §3.3.10), the part of them that calendars of holidays and maintenance use.
//!
//! Understood: `FREQ` daily, weekly, monthly, yearly; `INTERVAL`, `COUNT`, `UNTIL`, `WKST`, `BYMONTH`,
//! `BYMONTHDAY`, `BYDAY`, `BYSETPOS`. Whatever else a rule says refuses it.

use jiff::{
    Span, Timestamp, ToSpan as _,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};

use super::{
    IcsError,
    lines::Line,
    moment::{Moment, date, local},
};

/// How many days all rules of a file may look at together.
const MOST_DAYS: u32 = 3_000_000;

/// The days that may still be looked at.
#[derive(Debug)]
pub(super) struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_DAYS)
    }
}

/// Between what occurrences are wanted.
pub(super) struct Bounds<'a> {
    /// The first occurrence.
    pub(super) start: &'a Moment,
    /// None begins after it.
    pub(super) until: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i32,
    count: Option<u32>,
    until: Option<DateTime>,
    months: Vec<i8>,
    month_days: Vec<i8>,
    days: Vec<(Option<i8>, Weekday)>,
    positions: Vec<i16>,
    week_start: Weekday,
}

impl Rule {
    /// Reads the rule of an event that begins at `start`.
    pub(super) fn parse(line: &Line, start: &Moment) -> Result<Self, IcsError> {
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            months: Vec::new(),
            month_days: Vec::new(),
            days: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Monday,
        };
        let mut frequency = None;
        let mut seen = Vec::new();
        for part in line.value.trim().trim_end_matches(';').split(';') {
            let wrong = || line.error(format!("{:?} in RRULE is not understood", shown(part)));
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            let name = name.to_ascii_uppercase();
            if seen.contains(&name) {
                return Err(line.error(format!("{name} stands twice in RRULE")));
            }
            match name.as_str() {
                "FREQ" => frequency = Some(frequency_of(value).ok_or_else(wrong)?),
                "INTERVAL" => rule.interval = number(value, 1, 1000).ok_or_else(wrong)?,
                "COUNT" => rule.count = Some(number(value, 1, 100_000).ok_or_else(wrong)?),
                "UNTIL" => rule.until = Some(until(value, start).ok_or_else(wrong)?),
                "WKST" => rule.week_start = weekday(value).ok_or_else(wrong)?,
                "BYMONTH" => rule.months = numbers(value, 1, 12).ok_or_else(wrong)?,
                "BYMONTHDAY" => rule.month_days = numbers(value, -31, 31).ok_or_else(wrong)?,
                "BYSETPOS" => rule.positions = numbers(value, -366, 366).ok_or_else(wrong)?,
                "BYDAY" => rule.days = days(value).ok_or_else(wrong)?,
                _ => return Err(wrong()),
            }
            seen.push(name);
        }
        rule.frequency = frequency.ok_or_else(|| line.error("RRULE has no FREQ"))?;
        rule.check().map_err(|reason| line.error(reason))?;
        Ok(rule)
    }

    /// Refuses what RFC 5545 forbids and the combinations that are not understood.
    fn check(&self) -> Result<(), &'static str> {
        use Frequency::{Daily, Monthly, Weekly, Yearly};
        let ordinals = self.days.iter().any(|(nth, _)| nth.is_some());
        let no_days = self.month_days.is_empty() && self.days.is_empty();
        match self.frequency {
            _ if self.count.is_some() && self.until.is_some() => {
                Err("RRULE has COUNT or UNTIL and not both")
            }
            Daily | Weekly if ordinals => Err("only monthly and yearly rules count days in BYDAY"),
            Weekly if !self.month_days.is_empty() => Err("a weekly rule has no BYMONTHDAY"),
            Yearly if !self.days.is_empty() && self.months.is_empty() => {
                Err("BYDAY of a yearly rule is understood only together with BYMONTH")
            }
            Monthly | Yearly | Daily | Weekly if !self.positions.is_empty() && no_days => {
                Err("BYSETPOS is understood only together with BYDAY or BYMONTHDAY")
            }
            _ => Ok(()),
        }
    }

    /// When it comes, as the zone of the event shows it, in order.
    pub(super) fn occurrences(
        &self,
        line: &Line,
        bounds: &Bounds<'_>,
        budget: &mut Budget,
    ) -> Result<Vec<DateTime>, IcsError> {
        let first = bounds.start.local();
        let mut found: Vec<DateTime> = Vec::new();
        let mut counted = 0_u32;
        for number in 0.. {
            let Some(days) = self.days_of_period(number, first.date(), budget) else {
                break;
            };
            if budget.0 == 0 {
                let reason = "the recurring events of this file have too many occurrences; begin them later or import a part of them";
                return Err(line.error(reason));
            }
            for date in days.chosen.into_iter().filter(|it| *it >= first.date()) {
                let occurrence = date.to_datetime(first.time());
                if counted == 0 && occurrence != first {
                    return Err(line.error("the event does not begin on a day of its own RRULE"));
                }
                counted += 1;
                if self.until.is_some_and(|until| occurrence > until)
                    || self.count.is_some_and(|count| counted > count)
                {
                    return Ok(found);
                }
                found.push(occurrence);
            }
            let begins = days.begin.to_datetime(first.time());
            let at = bounds.start.showing(begins).instant(&TimeZone::UTC);
            if at.is_none_or(|at| at > bounds.until)
                || self.until.is_some_and(|until| begins.date() > until.date())
            {
                break;
            }
        }
        if counted == 0 {
            return Err(line.error("the event does not begin on a day of its own RRULE"));
        }
        let begins_in_time = |local: &DateTime| {
            let at = bounds.start.showing(*local).instant(&TimeZone::UTC);
            at.is_some_and(|at| at <= bounds.until)
        };
        found.retain(begins_in_time);
        Ok(found)
    }

    /// The days that the rule chooses of a period, and when the period begins; none after all time.
    fn days_of_period(&self, number: i32, first: Date, budget: &mut Budget) -> Option<Period> {
        let steps = number.checked_mul(self.interval)?;
        let (begin, length): (Date, Span) = match self.frequency {
            Frequency::Daily => (
                first.checked_add(Span::new().try_days(steps).ok()?).ok()?,
                1.day(),
            ),
            Frequency::Weekly => {
                let back = first.weekday().since(self.week_start);
                let week = first.checked_sub(Span::new().days(back)).ok()?;
                (
                    week.checked_add(Span::new().try_weeks(steps).ok()?).ok()?,
                    1.week(),
                )
            }
            Frequency::Monthly => {
                let month = first.first_of_month();
                (
                    month
                        .checked_add(Span::new().try_months(steps).ok()?)
                        .ok()?,
                    1.month(),
                )
            }
            Frequency::Yearly => {
                let year = first.first_of_year();
                (
                    year.checked_add(Span::new().try_years(steps).ok()?).ok()?,
                    1.year(),
                )
            }
        };
        let end = begin.checked_add(length).ok()?;
        let mut chosen: Vec<Date> = Vec::new();
        let mut date = begin;
        while date < end && budget.0 > 0 {
            budget.0 -= 1;
            if self.has(date, first) {
                chosen.push(date);
            }
            date = date.tomorrow().ok()?;
        }
        Some(Period {
            begin,
            chosen: self.at_positions(chosen),
        })
    }

    /// Whether it chooses a day, `BYSETPOS` aside.
    fn has(&self, date: Date, first: Date) -> bool {
        let by_day = |(nth, weekday): &(Option<i8>, Weekday)| {
            date.weekday() == *weekday
                && nth.is_none_or(|nth| match nth > 0 {
                    true => (date.day() - 1) / 7 + 1 == nth,
                    false => (date.days_in_month() - date.day()) / 7 + 1 == -nth,
                })
        };
        let by_month_day = |day: &i8| match *day > 0 {
            true => date.day() == *day,
            false => date.days_in_month() - date.day() + 1 == -*day,
        };
        let no_days = self.days.is_empty() && self.month_days.is_empty();
        let as_first = match self.frequency {
            Frequency::Daily => true,
            Frequency::Weekly => date.weekday() == first.weekday(),
            Frequency::Monthly => date.day() == first.day(),
            Frequency::Yearly => {
                date.day() == first.day()
                    && (!self.months.is_empty() || date.month() == first.month())
            }
        };
        (self.months.is_empty() || self.months.contains(&date.month()))
            && (self.days.is_empty() || self.days.iter().any(by_day))
            && (self.month_days.is_empty() || self.month_days.iter().any(by_month_day))
            && (!no_days || as_first)
    }

    fn at_positions(&self, days: Vec<Date>) -> Vec<Date> {
        if self.positions.is_empty() {
            return days;
        }
        let count = days.len();
        let chosen = (1..).zip(&days).filter(|(place, _)| {
            let from_end = count + 1 - *place;
            self.positions.iter().any(|position| {
                let wanted = usize::from(position.unsigned_abs());
                wanted == if *position > 0 { *place } else { from_end }
            })
        });
        chosen.map(|(_, day)| *day).collect()
    }
}

struct Period {
    begin: Date,
    chosen: Vec<Date>,
}

fn shown(part: &str) -> String {
    part.chars().take(40).collect()
}

fn frequency_of(text: &str) -> Option<Frequency> {
    match text.to_ascii_uppercase().as_str() {
        "DAILY" => Some(Frequency::Daily),
        "WEEKLY" => Some(Frequency::Weekly),
        "MONTHLY" => Some(Frequency::Monthly),
        "YEARLY" => Some(Frequency::Yearly),
        _ => None,
    }
}

fn number<T: TryFrom<i64>>(text: &str, least: i64, most: i64) -> Option<T> {
    let number: i64 = text.parse().ok()?;
    let known = (least..=most).contains(&number);
    known.then(|| T::try_from(number).ok()).flatten()
}

/// Numbers other than zero, separated by commas.
fn numbers<T: TryFrom<i64> + PartialEq + Default>(
    text: &str,
    least: i64,
    most: i64,
) -> Option<Vec<T>> {
    let read = |text| number(text, least, most).filter(|it| *it != T::default());
    text.split(',').map(read).collect()
}

fn weekday(text: &str) -> Option<Weekday> {
    match text.to_ascii_uppercase().as_str() {
        "MO" => Some(Weekday::Monday),
        "TU" => Some(Weekday::Tuesday),
        "WE" => Some(Weekday::Wednesday),
        "TH" => Some(Weekday::Thursday),
        "FR" => Some(Weekday::Friday),
        "SA" => Some(Weekday::Saturday),
        "SU" => Some(Weekday::Sunday),
        _ => None,
    }
}

/// `MO,-1FR,2TU`.
fn days(text: &str) -> Option<Vec<(Option<i8>, Weekday)>> {
    let read = |text: &str| {
        let (nth, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let nth = match nth {
            "" => None,
            nth => Some(number(nth, -5, 5).filter(|it: &i8| *it != 0)?),
        };
        Some((nth, weekday(day)?))
    };
    text.split(',').map(read).collect()
}

/// The last moment of a rule, as the zone of the event shows it.
fn until(text: &str, start: &Moment) -> Option<DateTime> {
    if let Some(day) = date(text) {
        return Some(day.to_datetime(jiff::civil::Time::MAX));
    }
    match (text.strip_suffix('Z'), start) {
        (Some(utc), Moment::Zoned(_, zone)) => {
            let at = local(utc)?.to_zoned(TimeZone::UTC).ok()?;
            Some(zone.to_datetime(at.timestamp()))
        }
        // Some programs write days and floating times with an end in UTC; it is read as it stands.
        (Some(plain), _) => local(plain),
        (None, _) => local(text),
    }
}
