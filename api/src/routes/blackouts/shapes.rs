//! What the operations on blackout calendars take and answer.

use std::num::NonZeroU32;

use jiff::{Timestamp, civil::Date};
use sandglass_contract::BlackoutCalendarId;
use sandglass_registry::{
    BlackoutCalendar, BlackoutEntries, BlackoutEntry, TimeZoneName, Version,
    blackout::BlackoutName, job::Description,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::first_page;

/// Which calendars a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct BlackoutCalendarListQuery {
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    pub(super) page: NonZeroU32,
    /// How many calendars a page holds; above 200 means 200.
    #[serde(default = "calendars_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 50, required = false)]
    pub(super) limit: NonZeroU32,
}

fn calendars_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN)
}

/// What an iCalendar file does not say.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct ImportQuery {
    /// The name of a calendar that is imported; without it, the `X-WR-CALNAME` of the file.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub(super) name: Option<BlackoutName>,
    /// What it is for.
    #[param(value_type = Option<String>, max_length = 2000)]
    pub(super) description: Option<Description>,
    /// The zone of its days and of times without a zone; without it, the `X-WR-TIMEZONE` of the file,
    /// or else UTC.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    pub(super) timezone: Option<TimeZoneName>,
}

impl ImportQuery {
    pub(super) const fn is_empty(&self) -> bool {
        self.name.is_none() && self.description.is_none() && self.timezone.is_none()
    }
}

/// A new blackout calendar.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct BlackoutCalendarDraft {
    /// What people call it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub(super) name: BlackoutName,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub(super) description: Description,
    /// The zone of its days and local times.
    #[serde(default)]
    #[schema(value_type = Option<String>, default = "UTC", example = "Europe/Berlin")]
    pub(super) timezone: TimeZoneName,
    /// When nothing shall run.
    #[schema(value_type = Vec<BlackoutEntry>, max_items = 1000)]
    pub(super) entries: BlackoutEntries,
}

/// Changes to a blackout calendar; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct BlackoutCalendarPatch {
    /// What people call it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub(super) name: Option<BlackoutName>,
    /// What it is for.
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub(super) description: Option<Description>,
    /// The zone of its days and local times.
    #[schema(value_type = Option<String>)]
    pub(super) timezone: Option<TimeZoneName>,
    /// When nothing shall run, as a whole.
    #[schema(value_type = Option<Vec<BlackoutEntry>>, max_items = 1000)]
    pub(super) entries: Option<BlackoutEntries>,
}

/// A blackout calendar without its entries.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct BlackoutCalendarSummary {
    #[serde(rename = "_id")]
    id: BlackoutCalendarId,
    #[schema(value_type = String)]
    name: BlackoutName,
    #[schema(value_type = String)]
    description: Description,
    #[schema(value_type = String)]
    timezone: TimeZoneName,
    /// How many entries it has.
    entry_count: usize,
    updated_at: Timestamp,
    version: Version,
}

impl BlackoutCalendarSummary {
    pub(super) fn of(calendar: &BlackoutCalendar) -> Self {
        Self {
            id: calendar.id.clone(),
            name: calendar.name.clone(),
            description: calendar.description.clone(),
            timezone: calendar.timezone.clone(),
            entry_count: calendar.entries.as_slice().len(),
            updated_at: calendar.updated_at,
            version: calendar.version,
        }
    }
}

/// A page of blackout calendars, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct BlackoutCalendarList {
    pub(super) blackout_calendars: Vec<BlackoutCalendarSummary>,
    /// How many there are on all pages.
    pub(super) total: u64,
    /// The number of this page.
    pub(super) page: u32,
    /// How many pages there are.
    pub(super) pages: u64,
}

/// A blackout calendar.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct BlackoutCalendarAnswer {
    pub(super) blackout_calendar: BlackoutCalendar,
}

/// A blackout calendar that was saved.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct BlackoutCalendarSaved {
    pub(super) blackout_calendar: BlackoutCalendar,
    /// Where it was imported and has recurring events: the day until which they are in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) expanded_until: Option<Date>,
    pub(super) message: &'static str,
}

/// That a blackout calendar was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct BlackoutCalendarDeleted {
    pub(super) message: &'static str,
}
