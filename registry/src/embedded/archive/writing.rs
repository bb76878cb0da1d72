//! Records as rows.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    account::{TokenRecord, User},
    archive::{
        ArchiveRecord, ArchivedArrivals, ArchivedComponent, ArchivedEntry, ArchivedExecution,
        ArchivedLimit, ArchivedLine, ArchivedVersion, RecordKind,
    },
    audit::AuditLine,
    backfill::Backfill,
    blackout::BlackoutCalendar,
    embedded::{
        accounts, audit, backfills, blackouts, capabilities, executions,
        failure::is_taken,
        jobs::SavedJob,
        limits, policies, secrets,
        stored::{corrupt, to_json},
        templates,
    },
    job::Job,
    policy::PolicySetting,
    secret::SealedSecret,
    store::{Records, StoreError},
};

/// Adds records, all or none.
pub(super) fn put(
    connection: &Connection,
    kind: RecordKind,
    records: Vec<ArchiveRecord>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for record in records {
        put_one(connection, kind, record.value, now).map_err(|error| taken(error, kind))?;
    }
    Ok(())
}

fn put_one(
    connection: &Connection,
    kind: RecordKind,
    value: Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    match kind {
        RecordKind::Users => accounts::insert_user(connection, &read::<User>(kind, value)?),
        RecordKind::Tokens => {
            accounts::insert_token(connection, &read::<TokenRecord>(kind, value)?)
        }
        RecordKind::Components => put_component(connection, &read(kind, value)?),
        RecordKind::TemplateVersions => {
            let ArchivedVersion { org, version } = read(kind, value)?;
            templates::insert_version(connection, &org, &version)
        }
        RecordKind::BlackoutCalendars => {
            blackouts::insert(connection, &read::<BlackoutCalendar>(kind, value)?)
        }
        RecordKind::JobRevisions => {
            SavedJob::of(&read::<Job>(kind, value)?)?.insert_revision(connection)
        }
        RecordKind::Jobs => SavedJob::of(&read::<Job>(kind, value)?)?.insert_alone(connection),
        RecordKind::Backfills => backfills::insert(connection, &read::<Backfill>(kind, value)?),
        RecordKind::Executions => {
            executions::insert_archived(connection, read::<ArchivedExecution>(kind, value)?, now)
        }
        RecordKind::Logs => {
            let ArchivedLine { execution, line } = read(kind, value)?;
            let records = Records {
                log: vec![line],
                ..Records::default()
            };
            executions::insert_records(connection, &execution, &records)
        }
        RecordKind::Journal => {
            let ArchivedEntry { execution, entry } = read(kind, value)?;
            let records = Records {
                journal: vec![entry],
                ..Records::default()
            };
            executions::insert_records(connection, &execution, &records)
        }
        RecordKind::ChainArrivals => put_arrivals(connection, &read(kind, value)?),
        RecordKind::ConcurrencyLimits => {
            let ArchivedLimit {
                org,
                kind: of,
                name,
                most,
            } = read(kind, value)?;
            limits::set(connection, org.as_str(), &limits::read(&of, &name)?, most)
        }
        RecordKind::Secrets => secrets::insert(connection, &read::<SealedSecret>(kind, value)?),
        RecordKind::Policies => policies::put(connection, &read::<PolicySetting>(kind, value)?),
        RecordKind::CapabilityUses => capabilities::put_day(connection, read(kind, value)?),
        RecordKind::Audit => {
            let line: AuditLine = read(kind, value)?;
            let entry = line.read().map_err(|it| corrupt(kind.as_str(), it))?;
            audit::insert(connection, &entry, &line)
        }
    }
}

fn put_component(connection: &Connection, component: &ArchivedComponent) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO components (digest, bytes) VALUES (?, ?)")?
        .execute(params![component.digest.to_string(), component.bytes()?])?;
    Ok(())
}

fn put_arrivals(connection: &Connection, arrivals: &ArchivedArrivals) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO chain_arrivals (child, chain, parent, doc) VALUES (?, ?, ?, ?)",
    )?;
    for parent in &arrivals.parents {
        statement.execute(params![
            arrivals.child.as_str(),
            arrivals.chain,
            parent.job_id.as_str(),
            to_json("parent", parent)?,
        ])?;
    }
    Ok(())
}

fn read<T: DeserializeOwned>(kind: RecordKind, value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|source| corrupt(kind.as_str(), source))
}

/// The refusal of a record that is there already.
fn taken(error: StoreError, kind: RecordKind) -> StoreError {
    match error {
        StoreError::Unavailable(source) => match source.downcast::<rusqlite::Error>() {
            Ok(error) if is_taken(&error) => StoreError::Exists {
                what: kind.as_str(),
            },
            Ok(error) => (*error).into(),
            Err(source) => StoreError::Unavailable(source),
        },
        error => error,
    }
}
