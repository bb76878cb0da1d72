//! A cron expression: five fields or an alias, read strictly and in bounded steps.
//!
//! Nothing is spread out while it is read: a range is two small numbers, checked before anything else
//! is done with them. The grammar is that of Debian's cron (crontab(5)) with the day forms `L`, `LW`,
//! `L-3`, `15W`, `5L` and `5#3`, and without the forms on which programs disagree: seconds, years, `?`,
//! `H`, `+`, ranges that wrap around.

use std::fmt;

use serde::{Serialize, Serializer};

use super::cron_field::{CronField, FieldKind, FieldProblem};

/// The longest cron expression, in bytes.
pub const MAX_EXPRESSION_LENGTH: usize = 256;

/// The aliases and the fields that they stand for (crontab(5)).
const ALIASES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// A text that is not a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It has another number of fields.
    #[error(
        "a cron expression has five fields (minute hour day-of-month month day-of-week) or is one of @hourly @daily @midnight @weekly @monthly @yearly @annually; this is {0}"
    )]
    Form(String),
    /// A field holds what it may not hold.
    #[error("the {} field holds {}; {part:?} {problem}", field.name(), field.rule())]
    Field {
        /// The field.
        field: FieldKind,
        /// The part of it that is wrong.
        part: String,
        /// What is wrong with it.
        problem: FieldProblem,
    },
}

/// How a schedule meets changes of the clock (Vixie cron's distinction).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Neither the minute nor the hour field begins with a star: the expression names times of the
    /// day, each of which comes once a day.
    Fixed,
    /// One of them does: the expression follows real time.
    Wildcard,
}

/// How the two day fields go together (Vixie cron's rule).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayRule {
    /// A day must match both, because one of the fields begins with a star.
    Both,
    /// A day must match one of them.
    Either,
}

/// A cron expression that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronExpression {
    text: String,
    minute: CronField,
    hour: CronField,
    day_of_month: CronField,
    month: CronField,
    day_of_week: CronField,
}

impl CronExpression {
    /// Reads an expression; runs of blanks become one.
    ///
    /// # Errors
    /// Where it is too long, holds characters that no expression has, has not five fields, or a field
    /// holds what it may not hold.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let form = |reason: String| Err(CronError::Form(reason));
        if text.len() > MAX_EXPRESSION_LENGTH {
            return form(format!("longer than {MAX_EXPRESSION_LENGTH} bytes"));
        }
        if let Some(found) = text.chars().find(|it| !is_allowed(*it)) {
            return form(match hint(found) {
                Some(hint) => format!("written with {found:?}, {hint}"),
                None => format!(
                    "written with {found:?}, and only letters, digits and * / , - # are used"
                ),
            });
        }
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let text = fields.join(" ");
        if text.starts_with('@') {
            let Some((_, meaning)) = ALIASES.iter().find(|(alias, _)| *alias == text) else {
                return form(format!("{text:?}"));
            };
            let fields: Vec<&str> = meaning.split(' ').collect();
            return Self::of_fields(text, &fields);
        }
        Self::of_fields(text, &fields)
    }

    fn of_fields(text: String, fields: &[&str]) -> Result<Self, CronError> {
        let &[minute, hour, day_of_month, month, day_of_week] = fields else {
            return Err(CronError::Form(match fields.len() {
                0 => "empty".to_owned(),
                1 => "one field".to_owned(),
                6 => "six fields, and there is no field for seconds or years".to_owned(),
                number => format!("{number} fields"),
            }));
        };
        Ok(Self {
            text,
            minute: CronField::parse(FieldKind::Minute, minute)?,
            hour: CronField::parse(FieldKind::Hour, hour)?,
            day_of_month: CronField::parse(FieldKind::DayOfMonth, day_of_month)?,
            month: CronField::parse(FieldKind::Month, month)?,
            day_of_week: CronField::parse(FieldKind::DayOfWeek, day_of_week)?,
        })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The minutes of the hour, 0 to 59.
    #[must_use]
    pub const fn minute(&self) -> &CronField {
        &self.minute
    }

    /// The hours of the day, 0 to 23.
    #[must_use]
    pub const fn hour(&self) -> &CronField {
        &self.hour
    }

    /// The days of the month, 1 to 31, and those counted from its end.
    #[must_use]
    pub const fn day_of_month(&self) -> &CronField {
        &self.day_of_month
    }

    /// The months, 1 to 12.
    #[must_use]
    pub const fn month(&self) -> &CronField {
        &self.month
    }

    /// The days of the week, 0 to 7: both 0 and 7 are Sunday.
    #[must_use]
    pub const fn day_of_week(&self) -> &CronField {
        &self.day_of_week
    }

    /// How it meets changes of the clock.
    #[must_use]
    pub fn timing(&self) -> Timing {
        match self.minute.begins_with_star() || self.hour.begins_with_star() {
            true => Timing::Wildcard,
            false => Timing::Fixed,
        }
    }

    /// How its day fields go together.
    #[must_use]
    pub fn day_rule(&self) -> DayRule {
        match self.day_of_month.begins_with_star() || self.day_of_week.begins_with_star() {
            true => DayRule::Both,
            false => DayRule::Either,
        }
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || " \t*/,-#@".contains(character)
}

fn hint(character: char) -> Option<&'static str> {
    match character {
        '?' => Some("and there is no ?; write * for any day"),
        '+' => Some("and there is no +"),
        '=' => Some("and the time zone is a member of its own, timezone"),
        _ => None,
    }
}

impl Serialize for CronExpression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl fmt::Display for CronExpression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
