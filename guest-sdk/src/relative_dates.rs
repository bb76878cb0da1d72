//! Dates such as `"6 months ago"` in filters.
//!
//! A text under a comparison operator (`$lt $lte $gt $gte $eq $ne`) that is a relative date becomes
//! `{"$date": …}`, resolved against the moment that the run stands for, so that a retry sees the same
//! dates. Everything else stays as it is: a text that stands for itself (`{"status": "now"}`), and
//! texts in the lists of `$in` and `$nin`, where a moment would match next to nothing and a word is
//! what the author meant. At any depth, so also under `$and`, `$not` or `$elemMatch`.
//!
//! The grammar, in any case and spacing: `now`; `today` (00:00 of that day); `N UNIT ago`;
//! `in N UNIT`; the units `second` to `year`, singular or plural. All in UTC. A month or year is one of
//! the calendar; a day that the month lacks becomes its last one.

use serde_json::{Map, Value, json};

use crate::Issue;
use crate::civil::{Civil, DAY_MS};
use crate::parameters::escape_pointer;

const OPERATORS: [&str; 6] = ["$lt", "$lte", "$gt", "$gte", "$eq", "$ne"];

/// The furthest a relative date may reach, so that it stays within the calendar.
const MAXIMUM_YEARS: i64 = 1000;

/// A relative date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelativeDate {
    /// The moment itself.
    Now,
    /// The start of the moment's day.
    Today,
    /// Some milliseconds away.
    Milliseconds(i64),
    /// Some months of the calendar away.
    Months(i64),
}

/// Why a text that looks like a relative date is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelativeDateError {
    /// The number is missing or is no whole number.
    #[error(
        "\"{0}\" is not a whole number; write a relative date as \"6 months ago\" or \"in 2 weeks\""
    )]
    Number(String),
    /// The unit is unknown.
    #[error("\"{0}\" is not a unit of time; use second, minute, hour, day, week, month or year")]
    Unit(String),
    /// The text has too many or too few words.
    #[error("write a relative date as \"6 months ago\" or \"in 2 weeks\"")]
    Form,
    /// The date is further away than a thousand years.
    #[error("a relative date may reach at most {MAXIMUM_YEARS} years")]
    TooFar,
}

impl RelativeDate {
    /// Reads a relative date; absent where the text does not look like one.
    ///
    /// # Errors
    /// Where the text looks like one (it ends in `ago`, or starts with `in` and a digit) and is none.
    pub fn parse(text: &str) -> Result<Option<Self>, RelativeDateError> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["now"] => Ok(Some(Self::Now)),
            ["today"] => Ok(Some(Self::Today)),
            [number, unit, "ago"] => Self::from_parts(number, unit, -1).map(Some),
            ["in", number, unit] if starts_with_digit(number) => {
                Self::from_parts(number, unit, 1).map(Some)
            }
            [_, .., "ago"] => Err(RelativeDateError::Form),
            ["in", number] if starts_with_digit(number) => Err(RelativeDateError::Form),
            _ => Ok(None),
        }
    }

    /// The moment that is meant, as seen from another; both in milliseconds since 1970. Absent outside
    /// the years 1 to 9999.
    #[must_use]
    pub fn from_moment(self, moment: i64) -> Option<i64> {
        let shifted = match self {
            Self::Now => moment,
            Self::Today => moment - moment.rem_euclid(DAY_MS),
            Self::Milliseconds(distance) => moment.checked_add(distance)?,
            Self::Months(months) => Civil::from_milliseconds(moment)?
                .plus_months(months)?
                .to_milliseconds(),
        };
        Civil::from_milliseconds(shifted).map(Civil::to_milliseconds)
    }

    fn from_parts(number: &str, unit: &str, sign: i64) -> Result<Self, RelativeDateError> {
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RelativeDateError::Number(number.to_owned()));
        }
        let number: i64 = number.parse().map_err(|_| RelativeDateError::TooFar)?;
        let (millisecond, month) = match unit.strip_suffix('s').unwrap_or(unit) {
            "second" => (1000, 0),
            "minute" => (60_000, 0),
            "hour" => (3_600_000, 0),
            "day" => (DAY_MS, 0),
            "week" => (7 * DAY_MS, 0),
            "month" => (0, 1),
            "year" => (0, 12),
            _ => return Err(RelativeDateError::Unit(unit.to_owned())),
        };
        let within = |amount: i64, limit: i64| {
            number
                .checked_mul(amount)
                .filter(|distance| *distance <= limit)
                .map(|distance| sign * distance)
                .ok_or(RelativeDateError::TooFar)
        };
        if month == 0 {
            within(millisecond, MAXIMUM_YEARS * 366 * DAY_MS).map(Self::Milliseconds)
        } else {
            within(month, MAXIMUM_YEARS * 12).map(Self::Months)
        }
    }
}

/// The filter with every relative date resolved against `scheduled_at`, in milliseconds since 1970.
/// What [`issues`] complains of stays as it is.
#[must_use]
pub fn resolve(filter: &Value, scheduled_at: i64) -> Value {
    match filter {
        Value::Object(fields) => Value::Object(resolve_fields(fields, scheduled_at)),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| resolve(item, scheduled_at))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// Everything that looks like a relative date and is none. `pointer` is where the filter stands in the
/// parameters.
#[must_use]
pub fn issues(filter: &Value, pointer: &str) -> Vec<Issue> {
    let mut found = Vec::new();
    collect_issues(filter, pointer, &mut found);
    found
}

fn resolve_fields(fields: &Map<String, Value>, scheduled_at: i64) -> Map<String, Value> {
    let resolved = |name: &str, value: &Value| {
        compared_text(name, value)
            .and_then(|text| RelativeDate::parse(text).ok().flatten())
            .and_then(|date| date.from_moment(scheduled_at))
            .and_then(Civil::from_milliseconds)
            .map_or_else(|| resolve(value, scheduled_at), extended_json)
    };
    fields
        .iter()
        .map(|(name, value)| (name.clone(), resolved(name, value)))
        .collect()
}

fn collect_issues(filter: &Value, pointer: &str, found: &mut Vec<Issue>) {
    match filter {
        Value::Object(fields) => {
            for (name, value) in fields {
                let pointer = format!("{pointer}/{}", escape_pointer(name));
                let error =
                    compared_text(name, value).and_then(|text| RelativeDate::parse(text).err());
                if let Some(error) = error {
                    found.push(Issue::new(
                        pointer.clone(),
                        "invalid_relative_date",
                        error.to_string(),
                    ));
                }
                collect_issues(value, &pointer, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect_issues(value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn compared_text<'value>(name: &str, value: &'value Value) -> Option<&'value str> {
    OPERATORS.contains(&name).then(|| value.as_str()).flatten()
}

/// Extended JSON v2 writes a date as text in the years 1970 to 9999, and as a number outside.
fn extended_json(date: Civil) -> Value {
    match date.to_milliseconds() {
        0.. => json!({"$date": date.to_rfc3339()}),
        moment => json!({"$date": {"$numberLong": moment.to_string()}}),
    }
}

fn starts_with_digit(word: &str) -> bool {
    word.starts_with(|character: char| character.is_ascii_digit())
}

#[cfg(test)]
#[path = "relative_dates_tests.rs"]
mod tests;
