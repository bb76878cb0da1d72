//! Reading the register.

use std::{
    collections::{BTreeSet, HashMap},
    future::IntoFuture as _,
};

use mongodb::bson::{Document, doc};
use sandglass_contract::{Interface, JobId, Operation};
use serde::de::DeserializeOwned;

use crate::{
    capability::{Day, RegisterQuery, RegisterRow, UseState},
    mongo::{
        MongoStore,
        collections::{REGISTER, USES},
        executions::text,
        failure::in_time,
        reading::Read,
        stored::{corrupt, date, moment, whole},
    },
    scope::Scope,
    store::StoreError,
};

/// What an error names.
const ROW: &str = "register row";

/// What tells a row from the others: job, operation, target.
pub(super) type Key = (String, &'static str, String);

/// The key of a row.
pub(super) fn key(row: &RegisterRow) -> Key {
    let job = row.job.as_str().to_owned();
    (job, row.operation.as_str(), row.target.clone())
}

impl MongoStore {
    /// How many rows are in a state; none where another is asked for.
    pub(super) async fn count_rows(
        &self,
        scope: &Scope,
        query: &RegisterQuery,
        state: UseState,
    ) -> Result<u64, StoreError> {
        if query.state.is_some_and(|wanted| wanted != state) {
            return Ok(0);
        }
        let rows = self.collection(REGISTER);
        let counting = rows.count_documents(filter(scope, query, state));
        in_time(counting.into_future()).await
    }

    /// The rows in a state behind the first so many, at most so many.
    pub(super) async fn read_rows(
        &self,
        scope: &Scope,
        query: &RegisterQuery,
        state: UseState,
        (skip, take): (u64, u64),
    ) -> Result<Vec<RegisterRow>, StoreError> {
        let order = doc! {"interface": 1, "operation": 1, "target": 1, "job": 1};
        let rows = Read::of(filter(scope, query, state)).sorted(order);
        let take = u32::try_from(take).unwrap_or(u32::MAX);
        let rows = self.find(REGISTER, rows.after(skip).first(take)).await?;
        let since = Day::first(query.now);
        rows.iter().map(|row| read_row(row, state, since)).collect()
    }

    /// How often each row of these jobs was used and denied since a day.
    pub(super) async fn sums(
        &self,
        jobs: BTreeSet<&str>,
        since: Day,
    ) -> Result<HashMap<Key, (u64, u64)>, StoreError> {
        let mut sums: HashMap<Key, (u64, u64)> = HashMap::new();
        if jobs.is_empty() {
            return Ok(sums);
        }
        let jobs: Vec<&str> = jobs.into_iter().collect();
        let days = Read::of(doc! {"job": {"$in": jobs}, "day": {"$gte": since.0}});
        for day in self.find(USES, days).await? {
            let number = |member| whole(&day, member).unwrap_or_default().unsigned_abs();
            let operation: Operation = word(&day, "operation")?;
            let key = (
                text(&day, "job").to_owned(),
                operation.as_str(),
                text(&day, "target").to_owned(),
            );
            let sum = sums.entry(key).or_default();
            sum.0 += number("uses");
            sum.1 += number("denials");
        }
        Ok(sums)
    }
}

fn filter(scope: &Scope, query: &RegisterQuery, state: UseState) -> Document {
    let mut filter = doc! {"org": scope.organisation().as_str()};
    let texts = [
        ("interface", query.interface.map(Interface::as_str)),
        ("operation", query.operation.map(Operation::as_str)),
        ("job", query.job.as_ref().map(JobId::as_str)),
        ("template", query.template.as_ref().map(|it| it.as_str())),
    ];
    for (member, value) in texts {
        if let Some(value) = value {
            filter.insert(member, value);
        }
    }
    if let Some(targets) = &query.targets {
        filter.insert("target", doc! {"$in": targets});
    }
    let since = date(Day::first(query.now).begin());
    match state {
        UseState::Denied => filter.insert("denied_at", doc! {"$gte": since}),
        UseState::Unused => {
            filter.insert("granted", true);
            filter.insert("denied_at", doc! {"$lt": since});
            filter.insert("used_at", doc! {"$lt": since})
        }
        UseState::Used => {
            filter.insert("denied_at", doc! {"$lt": since});
            filter.insert("used_at", doc! {"$gte": since})
        }
    };
    filter
}

fn read_row(row: &Document, state: UseState, since: Day) -> Result<RegisterRow, StoreError> {
    let recent = |member| {
        let at = row.get_datetime(member);
        let at = moment(*at.map_err(|source| corrupt(ROW, source))?)?;
        Ok::<_, StoreError>(Some(at).filter(|at| *at >= since.begin()))
    };
    Ok(RegisterRow {
        job: JobId::parse(text(row, "job")).map_err(|source| corrupt(ROW, source))?,
        interface: word(row, "interface")?,
        operation: word(row, "operation")?,
        target: text(row, "target").to_owned(),
        granted: row.get_bool("granted").unwrap_or_default(),
        state,
        uses: 0,
        used_at: recent("used_at")?,
        denials: 0,
        denied_at: recent("denied_at")?,
    })
}

/// The interface or operation that a member names.
fn word<T: DeserializeOwned>(document: &Document, member: &str) -> Result<T, StoreError> {
    serde_json::from_value(text(document, member).into()).map_err(|source| corrupt(ROW, source))
}
