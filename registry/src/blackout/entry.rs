//! What a blackout calendar lists.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

use super::BlackoutLabel;

/// The most entries that a calendar may have.
pub const MAX_ENTRIES: usize = 1000;

/// The years that entries may lie in.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2999;

/// A list of entries that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlackoutError {
    /// It is too long.
    #[error("a blackout calendar has at most {MAX_ENTRIES} entries")]
    TooMany,
    /// A moment cannot be read.
    #[error(
        "{0:?} is neither a local date and time such as 2026-12-24T18:00:00 nor a moment such as 2026-12-24T17:00:00Z"
    )]
    Moment(String),
    /// One end of a range is local and the other is not.
    #[error("start and end of a range are both local or both have an offset from UTC")]
    Mixed,
    /// It lies in a year that no schedule reaches.
    #[error("the years of a blackout are from 1900 to 2999")]
    Year,
    /// A range ends before it begins.
    #[error("a range ends after it begins; its end is not part of it")]
    Empty,
}

/// A moment, local or absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlackoutMoment {
    /// As clocks in the zone of the calendar show it.
    Local(DateTime),
    /// The same everywhere.
    Instant(Timestamp),
}

impl BlackoutMoment {
    fn year(self) -> i16 {
        match self {
            Self::Local(local) => local.year(),
            Self::Instant(at) => TimeZone::UTC.to_datetime(at).year(),
        }
    }
}

/// A time at which nothing shall run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Written", untagged)]
pub enum BlackoutEntry {
    /// A day from its first to its last moment.
    Day {
        /// The day, such as `2026-12-25`.
        #[schema(value_type = String, format = Date)]
        date: Date,
        /// Why.
        #[schema(value_type = String, min_length = 1, max_length = 200)]
        label: BlackoutLabel,
    },
    /// From one moment to another.
    Range {
        /// The first moment: local, such as `2026-12-24T18:00:00`, or with an offset from UTC.
        #[schema(value_type = String)]
        start: BlackoutMoment,
        /// The first moment after it, written as `start` is.
        #[schema(value_type = String)]
        end: BlackoutMoment,
        /// Why.
        #[schema(value_type = String, min_length = 1, max_length = 200)]
        label: BlackoutLabel,
    },
}

impl BlackoutEntry {
    /// A day.
    ///
    /// # Errors
    /// Where its year is out of range.
    pub fn day(date: Date, label: BlackoutLabel) -> Result<Self, BlackoutError> {
        match YEARS.contains(&date.year()) {
            true => Ok(Self::Day { date, label }),
            false => Err(BlackoutError::Year),
        }
    }

    /// A range.
    ///
    /// # Errors
    /// Where it is empty, only one of its ends is local, or a year is out of range.
    pub fn range(
        start: BlackoutMoment,
        end: BlackoutMoment,
        label: BlackoutLabel,
    ) -> Result<Self, BlackoutError> {
        use BlackoutMoment::{Instant, Local};
        let is_range = match (start, end) {
            (Local(start), Local(end)) => start < end,
            (Instant(start), Instant(end)) => start < end,
            _ => return Err(BlackoutError::Mixed),
        };
        if !YEARS.contains(&start.year()) || !YEARS.contains(&end.year()) {
            return Err(BlackoutError::Year);
        }
        match is_range {
            true => Ok(Self::Range { start, end, label }),
            false => Err(BlackoutError::Empty),
        }
    }

    /// Why nothing shall run.
    #[must_use]
    pub const fn label(&self) -> &BlackoutLabel {
        match self {
            Self::Day { label, .. } | Self::Range { label, .. } => label,
        }
    }

    /// Its first moment and the first one after it. A local time in a gap is the moment after the gap;
    /// one that comes twice is the first pass at the start of a range and the second at its end, so
    /// that nothing runs in between. None at the end of all time.
    pub(super) fn span(&self, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Day { date, .. } => {
                let midnight = |date: Date| {
                    edge(
                        zone,
                        date.to_datetime(jiff::civil::Time::midnight()),
                        Edge::Start,
                    )
                };
                Some((midnight(*date)?, midnight(date.tomorrow().ok()?)?))
            }
            Self::Range { start, end, .. } => {
                let moment = |moment: BlackoutMoment, side| match moment {
                    BlackoutMoment::Local(local) => edge(zone, local, side),
                    BlackoutMoment::Instant(at) => Some(at),
                };
                Some((moment(*start, Edge::Start)?, moment(*end, Edge::End)?))
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

fn edge(zone: &TimeZone, local: DateTime, edge: Edge) -> Option<Timestamp> {
    let offset = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Fold { before, after } => match edge {
            Edge::Start => before,
            Edge::End => after,
        },
        AmbiguousOffset::Gap { after, .. } => {
            let before_gap = after.to_timestamp(local).ok()?;
            return zone.following(before_gap).next().map(|it| it.timestamp());
        }
    };
    offset.to_timestamp(local).ok()
}

/// An entry as it may be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    date: Option<Date>,
    start: Option<BlackoutMoment>,
    end: Option<BlackoutMoment>,
    label: BlackoutLabel,
}

impl TryFrom<Written> for BlackoutEntry {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match (written.date, written.start, written.end) {
            (Some(date), None, None) => {
                Self::day(date, written.label).map_err(|error| error.to_string())
            }
            (None, Some(start), Some(end)) => {
                Self::range(start, end, written.label).map_err(|error| error.to_string())
            }
            _ => Err(
                "an entry is {\"date\", \"label\"} or {\"start\", \"end\", \"label\"}".to_owned(),
            ),
        }
    }
}

impl fmt::Display for BlackoutMoment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(local) => local.fmt(formatter),
            Self::Instant(at) => at.fmt(formatter),
        }
    }
}

impl Serialize for BlackoutMoment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlackoutMoment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(at) = text.parse() {
            return Ok(Self::Instant(at));
        }
        let plain = |it: char| it.is_ascii_digit() || "-T:.".contains(it);
        let local = text.parse().ok();
        let local = local.filter(|_| text.contains('T') && text.chars().all(plain));
        let unknown = || BlackoutError::Moment(text.chars().take(40).collect());
        local
            .map(Self::Local)
            .ok_or_else(|| D::Error::custom(unknown()))
    }
}

/// The entries of a calendar: at most [`MAX_ENTRIES`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BlackoutEntries(Vec<BlackoutEntry>);

impl BlackoutEntries {
    /// A list of entries.
    ///
    /// # Errors
    /// Where there are too many.
    pub fn new(entries: Vec<BlackoutEntry>) -> Result<Self, BlackoutError> {
        match entries.len() <= MAX_ENTRIES {
            true => Ok(Self(entries)),
            false => Err(BlackoutError::TooMany),
        }
    }

    /// The entries.
    #[must_use]
    pub fn as_slice(&self) -> &[BlackoutEntry] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for BlackoutEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
