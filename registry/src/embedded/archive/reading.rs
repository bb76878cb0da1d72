//! Rows as records.

use rusqlite::{Connection, Row, ToSql, params_from_iter, types::Value as Column};
use sandglass_contract::{Digest, ExecutionId, JobId, OrganisationId};
use serde::Serialize;
use serde_json::Value;

use crate::{
    archive::{
        ArchiveRecord, ArchivedArrivals, ArchivedComponent, ArchivedEntry, ArchivedLimit,
        ArchivedLine, ArchivedVersion, RecordKind,
    },
    embedded::{
        audit, backfills, capabilities, executions, jobs,
        stored::{corrupt, json_column},
    },
    store::StoreError,
};

/// What stands between the parts of a key. Only the last part may hold it.
const SEPARATOR: char = '/';

/// The ends of parents that belong together, in one row.
const ARRIVALS: &str = "(
    SELECT child, chain, (SELECT org FROM jobs WHERE id = child) AS org,
           json_group_array(json(doc) ORDER BY parent) AS doc
    FROM chain_arrivals GROUP BY child, chain)";

/// Where the records of a kind stand.
struct Place {
    table: &'static str,
    /// The columns of the key. One that ends in `#` is a number. Whatever has a number is read in the
    /// order in which it was added: where moments are the same, that decides who goes first.
    key: &'static [&'static str],
    /// What [`read`] needs of a row.
    columns: &'static str,
}

const fn place(kind: RecordKind) -> Place {
    let (table, key, columns): (_, &[_], _) = match kind {
        RecordKind::Users => ("users", &["id"], "doc"),
        RecordKind::Tokens => ("api_tokens", &["id"], "doc"),
        RecordKind::Components => ("components", &["digest"], "digest, bytes"),
        RecordKind::TemplateVersions => (
            "template_versions",
            &["org", "template", "number#"],
            "org, doc",
        ),
        RecordKind::BlackoutCalendars => ("blackout_calendars", &["number#"], "doc"),
        RecordKind::JobRevisions => ("job_revisions", &["number#"], "doc"),
        RecordKind::Jobs => ("jobs", &["number#"], jobs::COLUMNS),
        RecordKind::Backfills => ("backfills", &["number#"], backfills::COLUMNS),
        RecordKind::Executions => ("executions", &["number#"], executions::ARCHIVED_COLUMNS),
        RecordKind::Logs => ("execution_logs", &["execution", "seq#"], "execution, doc"),
        RecordKind::Journal => (
            "effect_journal",
            &["execution", "attempt#", "seq#"],
            "execution, doc",
        ),
        RecordKind::ChainArrivals => (ARRIVALS, &["child", "chain"], "child, chain, org, doc"),
        RecordKind::ConcurrencyLimits => (
            "concurrency_limits",
            &["org", "kind", "name"],
            "org, kind, name, most",
        ),
        RecordKind::Secrets => ("secrets", &["org", "name"], "doc"),
        RecordKind::Policies => ("policies", &["org"], "doc"),
        RecordKind::CapabilityUses => (
            "capability_uses",
            &["job", "day#", "interface", "operation", "target"],
            capabilities::COLUMNS,
        ),
        RecordKind::Audit => ("audit_log", &["org", "number#"], audit::COLUMNS),
    };
    Place {
        table,
        key,
        columns,
    }
}

/// How many records of a kind there are.
pub(super) fn count(connection: &Connection, kind: RecordKind) -> Result<u64, StoreError> {
    let count: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM {}", place(kind).table))?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The records behind a key.
pub(super) fn records(
    connection: &Connection,
    kind: RecordKind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ArchiveRecord>, StoreError> {
    let Place {
        table,
        key,
        columns,
    } = place(kind);
    let names: Vec<_> = key.iter().map(|name| name.trim_end_matches('#')).collect();
    let names = names.join(", ");
    let mut values = match after {
        Some(after) => read_key(key, after)?,
        None => Vec::new(),
    };
    let behind = match after {
        Some(_) => format!("WHERE ({names}) > ({})", vec!["?"; key.len()].join(", ")),
        None => String::new(),
    };
    values.push(Column::from(i64::from(limit)));
    let written = written_key(key);
    let sql = format!(
        "SELECT {columns}, {written} AS archive_key FROM {table} {behind} ORDER BY {names} LIMIT ?"
    );
    let values = values.iter().map(|value| value as &dyn ToSql);
    connection
        .prepare_cached(&sql)?
        .query_and_then(params_from_iter(values), |row| {
            Ok(ArchiveRecord {
                key: row.get("archive_key")?,
                value: read(kind, row)?,
            })
        })?
        .collect()
}

/// SQL that writes a key as text.
fn written_key(key: &[&str]) -> String {
    let parts: Vec<_> = key
        .iter()
        .map(|part| match part.strip_suffix('#') {
            Some(number) => format!("printf('%016d', {number})"),
            None => (*part).to_owned(),
        })
        .collect();
    parts.join(&format!(" || '{SEPARATOR}' || "))
}

fn read_key(key: &[&str], text: &str) -> Result<Vec<Column>, StoreError> {
    let wrong = || corrupt("key", format!("{text:?} is not one"));
    let parts: Vec<_> = text.splitn(key.len(), SEPARATOR).collect();
    if parts.len() != key.len() {
        return Err(wrong());
    }
    let read = |(name, part): (&&str, &str)| match name.ends_with('#') {
        true => part.parse::<i64>().map(Column::from).map_err(|_| wrong()),
        false => Ok(Column::from(part.to_owned())),
    };
    key.iter().zip(parts).map(read).collect()
}

fn read(kind: RecordKind, row: &Row<'_>) -> Result<Value, StoreError> {
    let what = kind.as_str();
    match kind {
        RecordKind::Users
        | RecordKind::Tokens
        | RecordKind::BlackoutCalendars
        | RecordKind::JobRevisions
        | RecordKind::Policies
        | RecordKind::Secrets => json_column(row, "doc", what),
        RecordKind::Audit => value(what, &audit::read(row)?.line),
        RecordKind::Components => {
            let digest: String = row.get("digest")?;
            let digest: Digest = digest.parse().map_err(|error| corrupt(what, error))?;
            let bytes: Vec<u8> = row.get("bytes")?;
            let component = ArchivedComponent::of(digest, &bytes);
            component.bytes()?;
            value(what, &component)
        }
        RecordKind::TemplateVersions => {
            let org = organisation(row)?;
            let version = json_column(row, "doc", what)?;
            value(what, &ArchivedVersion { org, version })
        }
        RecordKind::Jobs => value(what, &jobs::read_job(row)?),
        RecordKind::Backfills => value(what, &backfills::read(row)?),
        RecordKind::Executions => value(what, &executions::read_archived(row)?),
        RecordKind::Logs => {
            let (execution, line) = (execution(row)?, json_column(row, "doc", what)?);
            value(what, &ArchivedLine { execution, line })
        }
        RecordKind::Journal => {
            let (execution, entry) = (execution(row)?, json_column(row, "doc", what)?);
            value(what, &ArchivedEntry { execution, entry })
        }
        RecordKind::CapabilityUses => value(what, &capabilities::read_day(row)?),
        RecordKind::ChainArrivals => {
            let child: String = row.get("child")?;
            let arrivals = ArchivedArrivals {
                org: organisation(row)?,
                child: JobId::parse(child).map_err(|source| corrupt(what, source))?,
                chain: row.get("chain")?,
                parents: json_column(row, "doc", what)?,
            };
            value(what, &arrivals)
        }
        RecordKind::ConcurrencyLimits => {
            let limit = ArchivedLimit {
                org: organisation(row)?,
                kind: row.get("kind")?,
                name: row.get("name")?,
                most: row.get("most")?,
            };
            value(what, &limit)
        }
    }
}

fn organisation(row: &Row<'_>) -> Result<OrganisationId, StoreError> {
    let id: String = row.get("org")?;
    OrganisationId::parse(id).map_err(|source| corrupt("organisation", source))
}

fn execution(row: &Row<'_>) -> Result<ExecutionId, StoreError> {
    let id: String = row.get("execution")?;
    ExecutionId::parse(id).map_err(|source| corrupt("execution", source))
}

fn value<T: Serialize>(what: &'static str, record: &T) -> Result<Value, StoreError> {
    serde_json::to_value(record).map_err(|source| corrupt(what, source))
}
