//! Keeping blackout calendars.

use async_trait::async_trait;
use sandglass_contract::BlackoutCalendarId;

use super::StoreError;
use crate::{
    blackout::{BlackoutCalendar, Blackouts},
    job::Version,
    page::{Page, PageRequest},
    scope::Scope,
};

/// The part of a store that keeps blackout calendars.
#[async_trait]
pub trait BlackoutStore: Send + Sync + 'static {
    /// Adds a calendar.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the id is taken; [`StoreError::NotFound`] where the calendar belongs
    /// to another organisation than `scope`.
    async fn insert_blackout_calendar(
        &self,
        scope: &Scope,
        calendar: &BlackoutCalendar,
    ) -> Result<(), StoreError>;

    /// A calendar.
    async fn blackout_calendar(
        &self,
        scope: &Scope,
        id: &BlackoutCalendarId,
    ) -> Result<Option<BlackoutCalendar>, StoreError>;

    /// A page of calendars, by name.
    async fn blackout_calendars(
        &self,
        scope: &Scope,
        page: PageRequest,
    ) -> Result<Page<BlackoutCalendar>, StoreError>;

    /// Puts `calendar`, whose version is `expected.next()`, in the place of the stored one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`] where the stored version is not `expected`.
    async fn replace_blackout_calendar(
        &self,
        scope: &Scope,
        calendar: &BlackoutCalendar,
        expected: Version,
    ) -> Result<(), StoreError>;

    /// Removes a calendar.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`] where `expected` is given and is not the
    /// stored version; [`StoreError::Needed`] where jobs name it.
    async fn delete_blackout_calendar(
        &self,
        scope: &Scope,
        id: &BlackoutCalendarId,
        expected: Option<Version>,
    ) -> Result<(), StoreError>;

    /// The blackouts of several calendars together.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where one of them is not there: what it would have kept from running
    /// must not run because nobody noticed.
    async fn blackouts(
        &self,
        scope: &Scope,
        ids: &[BlackoutCalendarId],
    ) -> Result<Blackouts, StoreError> {
        let mut calendars = Vec::with_capacity(ids.len());
        for id in ids {
            let calendar = self.blackout_calendar(scope, id).await?;
            calendars.push(calendar.ok_or(StoreError::NotFound {
                what: "blackout calendar",
            })?);
        }
        Ok(Blackouts::of(&calendars))
    }
}
