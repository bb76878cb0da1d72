//! Blackout calendars in MongoDB.
//!
//! A calendar is removed only where no job names it. A job that is saved meanwhile has the calendar
//! held ([`hold_calendars`]): it writes to the calendar's document in its own transaction,
//! so that the two meet and the later one looks again.

use std::future::IntoFuture as _;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use sandglass_contract::{BlackoutCalendarId, JobId, OrganisationId};

use super::{
    MongoStore,
    collections::{CALENDARS, JOBS},
    failure::in_time,
    listing::{one, within},
    reading::Read,
    stored::{corrupt, count, from_bson, from_document, to_document},
    transaction::{Transaction, in_transaction},
};
use crate::{
    blackout::BlackoutCalendar,
    job::Version,
    page::{Page, PageRequest},
    scope::Scope,
    store::{BlackoutStore, StoreError},
};

const CALENDAR: &str = "blackout calendar";
const NOT_THERE: StoreError = StoreError::NotFound { what: CALENDAR };
/// How many jobs that name a calendar are told at the most.
const TOLD: u32 = 5;

#[async_trait]
impl BlackoutStore for MongoStore {
    async fn insert_blackout_calendar(
        &self,
        scope: &Scope,
        calendar: &BlackoutCalendar,
    ) -> Result<(), StoreError> {
        belongs(scope, &calendar.org)?;
        let document = to_document(CALENDAR, calendar)?;
        self.insert_one(CALENDARS, &document, CALENDAR).await
    }

    async fn blackout_calendar(
        &self,
        scope: &Scope,
        id: &BlackoutCalendarId,
    ) -> Result<Option<BlackoutCalendar>, StoreError> {
        let filter = within(scope, id.as_str());
        one(CALENDAR, &self.collection(CALENDARS), filter).await
    }

    async fn blackout_calendars(
        &self,
        scope: &Scope,
        request: PageRequest,
    ) -> Result<Page<BlackoutCalendar>, StoreError> {
        let filter = doc! {"org": scope.organisation().as_str()};
        let by_name = doc! {"name": 1, "_id": 1};
        self.page(CALENDARS, filter, by_name, request, |it| {
            from_document(CALENDAR, it)
        })
        .await
    }

    async fn replace_blackout_calendar(
        &self,
        scope: &Scope,
        calendar: &BlackoutCalendar,
        expected: Version,
    ) -> Result<(), StoreError> {
        belongs(scope, &calendar.org)?;
        let calendars = self.collection(CALENDARS);
        let mut filter = within(scope, calendar.id.as_str());
        filter.insert("version", count(expected.0));
        let document = to_document(CALENDAR, calendar)?;
        let replacing = calendars.replace_one(filter, document);
        if in_time(replacing.into_future()).await?.matched_count > 0 {
            return Ok(());
        }
        let stored = Read::of(within(scope, calendar.id.as_str()));
        let found = self.find_one(CALENDARS, stored).await?;
        let current = version(found.ok_or(NOT_THERE)?)?;
        Err(StoreError::Changed { current })
    }

    async fn delete_blackout_calendar(
        &self,
        scope: &Scope,
        id: &BlackoutCalendarId,
        expected: Option<Version>,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |transaction| delete(
            &mut transaction,
            scope,
            id,
            expected
        ))
    }
}

async fn delete(
    transaction: &mut Transaction,
    scope: &Scope,
    id: &BlackoutCalendarId,
    expected: Option<Version>,
) -> Result<(), StoreError> {
    let read = Read::of(within(scope, id.as_str()));
    let found = transaction.find_one(CALENDARS, read).await?;
    let current = version(found.ok_or(NOT_THERE)?)?;
    if expected.is_some_and(|expected| expected != current) {
        return Err(StoreError::Changed { current });
    }
    let by = jobs_that_name(transaction, id).await?;
    if !by.is_empty() {
        return Err(StoreError::Needed { by });
    }
    transaction
        .delete(CALENDARS, within(scope, id.as_str()))
        .await?;
    Ok(())
}

/// Keeps calendars from being removed before the transaction ends in which a job that names them is
/// saved.
pub(super) async fn hold_calendars(
    transaction: &mut Transaction,
    ids: &[BlackoutCalendarId],
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = ids.iter().map(BlackoutCalendarId::as_str).collect();
    transaction
        .touch(CALENDARS, doc! {"_id": {"$in": ids}})
        .await?;
    Ok(())
}

/// The first few jobs that name a calendar.
async fn jobs_that_name(
    transaction: &mut Transaction,
    id: &BlackoutCalendarId,
) -> Result<Vec<JobId>, StoreError> {
    let named = Read::of(doc! {"blackout_calendars": id.as_str()});
    let named = transaction.find(JOBS, named.first(TOLD).only(&[])).await?;
    named
        .into_iter()
        .map(|job| {
            let id = job.get_str("_id").map_err(|it| corrupt("job", it))?;
            JobId::parse(id).map_err(|it| corrupt("job", it))
        })
        .collect()
}

fn version(mut document: Document) -> Result<Version, StoreError> {
    let version = document.remove("version");
    let version = version.ok_or_else(|| corrupt(CALENDAR, "it has no version"))?;
    from_bson(CALENDAR, version)
}

/// Refuses a record of another organisation than the caller's.
fn belongs(scope: &Scope, organisation: &OrganisationId) -> Result<(), StoreError> {
    match scope.organisation() == organisation {
        true => Ok(()),
        false => Err(StoreError::NotFound {
            what: "organisation",
        }),
    }
}
