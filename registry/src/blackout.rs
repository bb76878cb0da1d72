//! Blackout calendars: the times at which scheduled jobs shall not run.
//!
//! A calendar is a list of days and of ranges in a time zone, written by hand or imported from an
//! iCalendar file. Here it says which moments it covers; what becomes of a slot that is covered is the
//! scheduler's business.

mod entry;
mod ics;
mod spans;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use sandglass_contract::{BlackoutCalendarId, OrganisationId, UserId};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

pub use entry::{BlackoutEntries, BlackoutEntry, BlackoutError, BlackoutMoment, MAX_ENTRIES};
pub use ics::{IMPORT_YEARS, IcsError, IcsImport, MAX_ICS_BYTES, import_ics};
pub use spans::{Blackout, Blackouts};

use crate::{
    job::{Description, JobTextError, Version, text},
    schedule::TimeZoneName,
};

text!(
    /// What people call a blackout calendar.
    BlackoutName, "name of a blackout calendar", 1..=200
);
text!(
    /// Why nothing runs then.
    BlackoutLabel, "label of a blackout", 1..=200
);

/// A blackout calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlackoutCalendar {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: BlackoutCalendarId,
    /// Whose it is.
    pub org: OrganisationId,
    /// What people call it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub name: BlackoutName,
    /// What it is for.
    #[schema(value_type = String, max_length = 2000)]
    pub description: Description,
    /// The zone of its days and local times.
    #[schema(value_type = String, example = "Europe/Berlin")]
    pub timezone: TimeZoneName,
    /// When nothing shall run.
    #[schema(value_type = Vec<BlackoutEntry>, max_items = 1000)]
    pub entries: BlackoutEntries,
    /// Who made it.
    pub created_by: UserId,
    /// Who changed it last.
    pub updated_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// How often it has been saved.
    pub version: Version,
}

impl BlackoutCalendar {
    /// The entry that covers a moment, the one that began last where there are several.
    #[must_use]
    pub fn covering(&self, at: Timestamp) -> Option<Blackout> {
        Blackouts::of([self]).covering(at)
    }
}
