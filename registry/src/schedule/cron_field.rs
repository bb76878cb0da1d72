//! One field of a cron expression.

use super::cron_expression::CronError;

/// Which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Minutes of the hour.
    Minute,
    /// Hours of the day.
    Hour,
    /// Days of the month.
    DayOfMonth,
    /// Months of the year.
    Month,
    /// Days of the week.
    DayOfWeek,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// How much of a wrong part an error repeats, in characters.
const SHOWN_CHARACTERS: usize = 24;

impl FieldKind {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day-of-month",
            Self::Month => "month",
            Self::DayOfWeek => "day-of-week",
        }
    }

    /// What it may hold, for people.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Minute => "* or a list of 0-59, ranges such as 0-30 and steps such as */15",
            Self::Hour => "* or a list of 0-23, ranges such as 9-17 and steps such as */2",
            Self::DayOfMonth => {
                "* or a list of 1-31, ranges, steps, L (the last day), L-3, LW (the last weekday) and 15W (the weekday nearest to the 15th)"
            }
            Self::Month => "* or a list of 1-12 or jan-dec, ranges and steps",
            Self::DayOfWeek => {
                "* or a list of 0-7 (0 and 7 are Sunday) or sun-sat, ranges, steps, 5L (the last Friday) and 5#3 (the third Friday)"
            }
        }
    }

    /// The smallest and the largest value.
    #[must_use]
    pub const fn bounds(self) -> (u8, u8) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 7),
        }
    }

    const fn names(self) -> (&'static [&'static str], u8) {
        match self {
            Self::Month => (&MONTHS, 1),
            Self::DayOfWeek => (&WEEKDAYS, 0),
            _ => (&[], 0),
        }
    }
}

/// What is wrong with a part of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// It has none of the forms.
    #[error("is none of these")]
    Form,
    /// There is nothing before, after or between commas.
    #[error("is empty: look for a comma too many")]
    Empty,
    /// A number or name is not a value of the field.
    #[error("is out of range")]
    Value,
    /// The range ends before it begins.
    #[error("ends before it begins; ranges do not wrap around, write two of them with a comma")]
    Wraps,
    /// The range begins with Saturday or earlier and ends with Sunday as the first day.
    #[error("ends before it begins, since sun begins the week; end the range with 7")]
    WrapsAtSunday,
    /// The step is out of range.
    #[error("has a step that is not from 1 to {0}")]
    Step(u8),
    /// A step follows a single value.
    #[error("has a step after a single value; write the whole range, such as 5-{0}/15")]
    StepOfValue(u8),
    /// A star stands in a list.
    #[error("stands for every value and cannot be one of a list")]
    StarInList,
    /// `L` stands without a day of the week.
    #[error("needs the day: 5L is the last Friday")]
    BareLast,
    /// The number after `#` is out of range.
    #[error("has a number after # that is not from 1 to 5")]
    Nth,
    /// The number after `L-` is out of range.
    #[error("counts back by a number that is not from 1 to 30")]
    Before,
}

/// One part of a field; parts are separated by commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldPart {
    /// `*`, or `*/n` with a step above 1: every `step`th value from the smallest on.
    Every {
        /// The step.
        step: u8,
    },
    /// `a`, `a-b` or `a-b/n`.
    Range {
        /// The first value.
        from: u8,
        /// The last value, at least the first.
        to: u8,
        /// The step.
        step: u8,
    },
    /// `L` and `L-n`: so many days before the last of the month.
    LastDay {
        /// The days, 0 to 30.
        before: u8,
    },
    /// `LW`: the last of the month that is from Monday to Friday.
    LastWeekday,
    /// `nW`: the day from Monday to Friday that is nearest to this one within the month.
    NearestWeekday(u8),
    /// `nL`: the last such day of the week in the month, 0 to 6.
    LastOf(u8),
    /// `n#m`: the `nth` such day of the week in the month.
    Nth {
        /// The day of the week, 0 to 6.
        weekday: u8,
        /// 1 to 5.
        nth: u8,
    },
}

/// One field of a cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronField {
    kind: FieldKind,
    parts: Vec<FieldPart>,
}

impl CronField {
    pub(super) fn parse(kind: FieldKind, text: &str) -> Result<Self, CronError> {
        let single = !text.contains(',');
        let read = |part: &str| match parse_part(kind, part) {
            Ok(FieldPart::Every { step: 1 }) if !single => Err(FieldProblem::StarInList),
            other => other,
        };
        let parts = text.split(',').map(|part| {
            read(part).map_err(|problem| CronError::Field {
                field: kind,
                part: part.chars().take(SHOWN_CHARACTERS).collect(),
                problem,
            })
        });
        Ok(Self {
            kind,
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// Its parts, at least one.
    #[must_use]
    pub fn parts(&self) -> &[FieldPart] {
        &self.parts
    }

    /// Whether it is `*`.
    #[must_use]
    pub fn is_star(&self) -> bool {
        self.parts == [FieldPart::Every { step: 1 }]
    }

    /// Whether it is written with a star first.
    #[must_use]
    pub fn begins_with_star(&self) -> bool {
        matches!(self.parts.first(), Some(FieldPart::Every { .. }))
    }

    /// The plain values, as the bits of a number; those that depend on the month are not among them.
    #[must_use]
    pub fn values(&self) -> u64 {
        let (least, most) = self.kind.bounds();
        let bits = |from: u8, to: u8, step: u8| {
            (from..=to)
                .step_by(usize::from(step.max(1)))
                .fold(0_u64, |bits, value| bits | 1 << value)
        };
        self.parts.iter().fold(0, |all, part| match *part {
            FieldPart::Every { step } => all | bits(least, most, step),
            FieldPart::Range { from, to, step } => all | bits(from, to, step),
            _ => all,
        })
    }
}

fn parse_part(kind: FieldKind, part: &str) -> Result<FieldPart, FieldProblem> {
    let (least, most) = kind.bounds();
    if part.is_empty() {
        return Err(FieldProblem::Empty);
    }
    if let Some((range, step)) = part.split_once('/') {
        let step = number(step).filter(|it| (1..=most).contains(it));
        let step = step.ok_or(FieldProblem::Step(most))?;
        if range == "*" {
            return Ok(FieldPart::Every { step });
        }
        let Some((from, to)) = range.split_once('-') else {
            let known = value(kind, range).is_ok();
            return Err(match known {
                true => FieldProblem::StepOfValue(most),
                false => FieldProblem::Form,
            });
        };
        return parse_range(kind, from, to, step);
    }
    if part == "*" {
        return Ok(FieldPart::Every { step: 1 });
    }
    match kind {
        FieldKind::DayOfMonth => {
            if let Some(special) = day_of_month(part, least, most)? {
                return Ok(special);
            }
        }
        FieldKind::DayOfWeek => {
            if let Some(special) = day_of_week(part)? {
                return Ok(special);
            }
        }
        _ => {}
    }
    if let Some((from, to)) = part.split_once('-') {
        return parse_range(kind, from, to, 1);
    }
    let only = value(kind, part)?;
    Ok(FieldPart::Range {
        from: only,
        to: only,
        step: 1,
    })
}

fn parse_range(kind: FieldKind, from: &str, to: &str, step: u8) -> Result<FieldPart, FieldProblem> {
    let (first, last) = (value(kind, from)?, value(kind, to)?);
    match first <= last {
        true => Ok(FieldPart::Range {
            from: first,
            to: last,
            step,
        }),
        false if kind == FieldKind::DayOfWeek && last == 0 => Err(FieldProblem::WrapsAtSunday),
        false => Err(FieldProblem::Wraps),
    }
}

fn day_of_month(part: &str, least: u8, most: u8) -> Result<Option<FieldPart>, FieldProblem> {
    let upper = part.to_ascii_uppercase();
    if upper == "L" {
        return Ok(Some(FieldPart::LastDay { before: 0 }));
    }
    if upper == "LW" {
        return Ok(Some(FieldPart::LastWeekday));
    }
    if let Some(before) = upper.strip_prefix("L-") {
        let before = number(before).filter(|it| (1..=30).contains(it));
        let before = before.ok_or(FieldProblem::Before)?;
        return Ok(Some(FieldPart::LastDay { before }));
    }
    if let Some(day) = upper.strip_suffix('W') {
        let day = number(day).ok_or(FieldProblem::Form)?;
        return match (least..=most).contains(&day) {
            true => Ok(Some(FieldPart::NearestWeekday(day))),
            false => Err(FieldProblem::Value),
        };
    }
    Ok(None)
}

fn day_of_week(part: &str) -> Result<Option<FieldPart>, FieldProblem> {
    let weekday = |text: &str| value(FieldKind::DayOfWeek, text).map(|it| it % 7);
    if let Some((day, nth)) = part.split_once('#') {
        let weekday = weekday(day)?;
        let nth = number(nth).filter(|it| (1..=5).contains(it));
        let nth = nth.ok_or(FieldProblem::Nth)?;
        return Ok(Some(FieldPart::Nth { weekday, nth }));
    }
    match part.strip_suffix(['L', 'l']) {
        Some("") => Err(FieldProblem::BareLast),
        Some(day) => Ok(Some(FieldPart::LastOf(weekday(day)?))),
        None => Ok(None),
    }
}

fn value(kind: FieldKind, text: &str) -> Result<u8, FieldProblem> {
    let (least, most) = kind.bounds();
    let (names, first) = kind.names();
    let mut named = names.iter().zip(first..);
    if let Some((_, value)) = named.find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(value);
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FieldProblem::Form);
    }
    let value = number(text).filter(|it| (least..=most).contains(it));
    value.ok_or(FieldProblem::Value)
}

/// A number of one or two digits.
fn number(text: &str) -> Option<u8> {
    let short = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| text.parse().ok()).flatten()
}
