//! Blackout calendars in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::{BlackoutCalendarId, JobId, OrganisationId};

use super::{
    EmbeddedStore,
    failure::is_taken,
    selection::Selection,
    stored::{corrupt, count, json_column, to_json},
};
use crate::{
    blackout::BlackoutCalendar,
    job::Version,
    page::{Page, PageRequest},
    scope::Scope,
    store::{BlackoutStore, StoreError},
};

const CALENDAR: &str = "blackout calendar";

#[async_trait]
impl BlackoutStore for EmbeddedStore {
    async fn insert_blackout_calendar(
        &self,
        scope: &Scope,
        calendar: &BlackoutCalendar,
    ) -> Result<(), StoreError> {
        within(scope, &calendar.org)?;
        let calendar = calendar.clone();
        self.file
            .write(move |connection| insert(connection, &calendar))
            .await
    }

    async fn blackout_calendar(
        &self,
        scope: &Scope,
        id: &BlackoutCalendarId,
    ) -> Result<Option<BlackoutCalendar>, StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT doc FROM blackout_calendars WHERE id = ? AND org = ?")?
                    .query_and_then([id.as_str(), scope.organisation().as_str()], |row| {
                        json_column(row, "doc", CALENDAR)
                    })?
                    .next()
                    .transpose()
            })
            .await
    }

    async fn blackout_calendars(
        &self,
        scope: &Scope,
        page: PageRequest,
    ) -> Result<Page<BlackoutCalendar>, StoreError> {
        let selection = Selection::of("blackout_calendars", scope.organisation().as_str());
        self.file
            .read(move |connection| {
                selection.page(connection, "doc", "name, number", page, |row| {
                    json_column(row, "doc", CALENDAR)
                })
            })
            .await
    }

    async fn replace_blackout_calendar(
        &self,
        scope: &Scope,
        calendar: &BlackoutCalendar,
        expected: Version,
    ) -> Result<(), StoreError> {
        within(scope, &calendar.org)?;
        let doc = to_json(CALENDAR, calendar)?;
        let (scope, calendar) = (scope.clone(), calendar.clone());
        self.file
            .write(move |connection| {
                let (number, current) = number_and_version(connection, &scope, &calendar.id)?;
                if current != expected {
                    return Err(StoreError::Changed { current });
                }
                connection
                    .prepare_cached(
                        "UPDATE blackout_calendars SET version = ?, name = ?, doc = ?
                         WHERE number = ?",
                    )?
                    .execute(params![
                        count(calendar.version.0),
                        calendar.name.as_str(),
                        doc,
                        number
                    ])?;
                Ok(())
            })
            .await
    }

    async fn delete_blackout_calendar(
        &self,
        scope: &Scope,
        id: &BlackoutCalendarId,
        expected: Option<Version>,
    ) -> Result<(), StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .write(move |connection| {
                let (number, current) = number_and_version(connection, &scope, &id)?;
                if expected.is_some_and(|expected| expected != current) {
                    return Err(StoreError::Changed { current });
                }
                let by = jobs_that_name(connection, &id)?;
                if !by.is_empty() {
                    return Err(StoreError::Needed { by });
                }
                connection
                    .prepare_cached("DELETE FROM blackout_calendars WHERE number = ?")?
                    .execute([number])?;
                Ok(())
            })
            .await
    }
}

/// Adds a calendar.
pub(super) fn insert(
    connection: &Connection,
    calendar: &BlackoutCalendar,
) -> Result<(), StoreError> {
    let doc = to_json(CALENDAR, calendar)?;
    connection
        .prepare_cached(
            "INSERT INTO blackout_calendars (id, org, version, name, doc) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            calendar.id.as_str(),
            calendar.org.as_str(),
            count(calendar.version.0),
            calendar.name.as_str(),
            doc
        ])
        .map_err(|error| match is_taken(&error) {
            true => StoreError::Exists { what: CALENDAR },
            false => error.into(),
        })?;
    Ok(())
}

fn number_and_version(
    connection: &Connection,
    scope: &Scope,
    id: &BlackoutCalendarId,
) -> Result<(i64, Version), StoreError> {
    connection
        .prepare_cached("SELECT number, version FROM blackout_calendars WHERE id = ? AND org = ?")?
        .query_row([id.as_str(), scope.organisation().as_str()], |row| {
            let version: i64 = row.get("version")?;
            Ok((row.get("number")?, Version(version.unsigned_abs())))
        })
        .optional()?
        .ok_or(StoreError::NotFound { what: CALENDAR })
}

/// The first few jobs that name a calendar.
fn jobs_that_name(
    connection: &Connection,
    id: &BlackoutCalendarId,
) -> Result<Vec<JobId>, StoreError> {
    connection
        .prepare_cached(
            "SELECT jobs.id AS id FROM job_blackout_calendars
             JOIN jobs ON jobs.number = job_blackout_calendars.job WHERE calendar = ? LIMIT 5",
        )?
        .query_and_then([id.as_str()], |row| {
            let id: String = row.get("id")?;
            JobId::parse(id).map_err(|source| corrupt("job", source))
        })?
        .collect()
}

/// Refuses a record of another organisation than the caller's.
fn within(scope: &Scope, organisation: &OrganisationId) -> Result<(), StoreError> {
    match scope.organisation() == organisation {
        true => Ok(()),
        false => Err(StoreError::NotFound {
            what: "organisation",
        }),
    }
}
