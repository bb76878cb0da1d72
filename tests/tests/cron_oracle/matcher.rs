//! A second reading of the rules, made to be checked by eye and not to be fast: every minute of a
//! stretch of time is looked at, as a cron daemon does that wakes up each minute.

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::TimeZone,
};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// An expression as its five texts.
pub(super) struct Matcher {
    fields: Vec<String>,
}

impl Matcher {
    pub(super) fn new(expression: &str) -> Self {
        let fields: Vec<String> = expression
            .to_uppercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        assert_eq!(fields.len(), 5, "{expression}");
        Self { fields }
    }

    pub(super) fn is_fixed(&self) -> bool {
        !self.fields[0].starts_with('*') && !self.fields[1].starts_with('*')
    }

    /// Whether a local time is one that the expression names.
    pub(super) fn names(&self, local: DateTime) -> bool {
        let number = |value: i8| i64::from(value);
        let minute = has(&self.fields[0], number(local.minute()), 0, 59, &[], 0);
        let hour = has(&self.fields[1], number(local.hour()), 0, 23, &[], 0);
        let month = has(&self.fields[3], number(local.month()), 1, 12, &MONTHS, 1);
        local.second() == 0 && minute && hour && month && self.names_day(local.date())
    }

    fn names_day(&self, date: Date) -> bool {
        let (of_month, of_week) = (&self.fields[2], &self.fields[4]);
        let by_month = of_month.split(',').any(|part| is_day_of_month(part, date));
        let by_week = of_week.split(',').any(|part| is_day_of_week(part, date));
        match of_month.starts_with('*') || of_week.starts_with('*') {
            true => by_month && by_week,
            false => by_month || by_week,
        }
    }

    /// Every run after `from` and until `until`.
    pub(super) fn runs(
        &self,
        zone: &TimeZone,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<Timestamp> {
        let mut runs = Vec::new();
        let mut at = Timestamp::from_second(from.as_second().div_euclid(60) * 60).unwrap();
        let mut furthest = zone.to_datetime(at - MINUTE * 60 * 30);
        let mut earlier = at - MINUTE * 60 * 30;
        // What local times have been seen before, so that a second pass is known as one.
        while earlier < at {
            furthest = furthest.max(zone.to_datetime(earlier));
            earlier += MINUTE;
        }
        while at <= until {
            let local = zone.to_datetime(at);
            let is_run = match self.is_fixed() {
                true => self.comes_first_between(furthest, local),
                false => self.names(local),
            };
            if is_run && at > from {
                runs.push(at);
            }
            furthest = furthest.max(local);
            at += MINUTE;
        }
        runs
    }

    /// Whether a local time after `before` and until `now` is named: more than one minute lies between
    /// them where clocks were set on, and none where they were set back.
    fn comes_first_between(&self, before: DateTime, now: DateTime) -> bool {
        let mut local = before;
        while local < now {
            local = local.checked_add(1.minute()).unwrap();
            if self.names(local) {
                return true;
            }
        }
        false
    }
}

fn has(field: &str, value: i64, least: i64, most: i64, names: &[&str], first: i64) -> bool {
    let number = |text: &str| match names.iter().position(|it| *it == text) {
        Some(place) => first + i64::try_from(place).unwrap(),
        None => text.parse().unwrap(),
    };
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from), number(to)),
            None => (number(range), number(range)),
        };
        (from..=to).contains(&value) && (value - from) % step.parse::<i64>().unwrap() == 0
    })
}

fn is_day_of_month(part: &str, date: Date) -> bool {
    let last = date.last_of_month();
    let is_workday = |date: Date| date.weekday().to_monday_one_offset() <= 5;
    if part == "L" {
        return date == last;
    }
    if let Some(before) = part.strip_prefix("L-") {
        let before: i8 = before.parse().unwrap();
        return last.day() - before == date.day();
    }
    let nearest = |wanted: Date| {
        let near = [0, -1, 1, -2, 2].map(|days: i64| wanted.checked_add(days.days()).unwrap());
        near.into_iter()
            .find(|it| it.month() == wanted.month() && is_workday(*it))
            .unwrap()
    };
    if part == "LW" {
        return date == nearest(last);
    }
    if let Some(wanted) = part.strip_suffix('W') {
        let wanted: i8 = wanted.parse().unwrap();
        return wanted <= last.day()
            && date == nearest(Date::new(date.year(), date.month(), wanted).unwrap());
    }
    has(part, i64::from(date.day()), 1, 31, &[], 0)
}

fn is_day_of_week(part: &str, date: Date) -> bool {
    let weekday = i64::from(date.weekday().to_sunday_zero_offset());
    let has_weekday = |part: &str| {
        has(part, weekday, 0, 7, &DAYS, 0) || weekday == 0 && has(part, 7, 0, 7, &DAYS, 0)
    };
    if let Some((day, nth)) = part.split_once('#') {
        let nth: i8 = nth.parse().unwrap();
        return has_weekday(day) && (date.day() + 6) / 7 == nth;
    }
    if let Some(day) = part.strip_suffix('L') {
        return has_weekday(day) && date.checked_add(7.days()).unwrap().month() != date.month();
    }
    has_weekday(part)
}
