//! Hosts in SQLite: one at a time, which is the process that has the file open.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sandglass_contract::{ExecutionId, HostInstanceId, UserId};

use super::{
    EmbeddedStore,
    stored::{corrupt, counted, json_column, milliseconds, moment, optional_moment, to_json},
};
use crate::{
    host::{
        AT_WORK_FOR, FORGOTTEN_AFTER, HeldExecutions, HostOrder, HostRecord, HostReport,
        MAX_NAMED_EXECUTIONS, NAME_HELD_FOR, StandingOrder,
    },
    store::{HostAnswer, HostStore, Sharing, StoreError},
};

const HOST: &str = "host";
const COLUMNS: &str = "name, last_seen_at, ordered, ordered_by, ordered_at, doc";

#[async_trait]
impl HostStore for EmbeddedStore {
    fn sharing(&self) -> Sharing {
        Sharing::OneHost
    }

    async fn report_host(&self, report: &HostReport) -> Result<HostAnswer, StoreError> {
        let (report, now) = (report.clone(), self.now());
        self.file
            .write(move |connection| store(connection, &report, now))
            .await
    }

    async fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        let now = self.now();
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached(&format!("SELECT {COLUMNS} FROM hosts ORDER BY name"))?
                    .query_and_then([], |row| read(connection, row, now))?
                    .collect()
            })
            .await
    }

    async fn hosts_at_work(&self) -> Result<Vec<String>, StoreError> {
        let since = earlier(self.now(), AT_WORK_FOR);
        let (work, drain) = (HostOrder::Work.as_str(), HostOrder::Drain.as_str());
        self.file
            .read(move |connection| -> Result<_, StoreError> {
                let names = connection
                    .prepare_cached(
                        "SELECT name FROM hosts
                         WHERE last_seen_at > ? AND ordered <> ? AND doc ->> 'follows' = ?
                         ORDER BY name",
                    )?
                    .query_map(params![since, drain, work], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(names)
            })
            .await
    }

    async fn order_host(
        &self,
        name: &str,
        order: HostOrder,
        by: &UserId,
    ) -> Result<HostRecord, StoreError> {
        let (name, by, now) = (name.to_owned(), by.clone(), self.now());
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached(&format!(
                        "UPDATE hosts SET ordered = ?2, ordered_by = ?3, ordered_at = ?4
                         WHERE name = ?1 RETURNING {COLUMNS}"
                    ))?
                    .query_and_then(
                        params![name, order.as_str(), by.as_str(), milliseconds(now)],
                        |row| read(connection, row, now),
                    )?
                    .next()
                    .unwrap_or(Err(StoreError::NotFound { what: HOST }))
            })
            .await
    }

    async fn forget_host(&self, instance: &HostInstanceId) -> Result<(), StoreError> {
        let instance = instance.clone();
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached("DELETE FROM hosts WHERE instance = ?")?
                    .execute([instance.as_str()])?;
                Ok(())
            })
            .await
    }
}

/// Gives the names free of the processes that had the file open before.
pub(super) fn free_names(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE hosts SET instance = NULL", [])?;
    Ok(())
}

/// The moment so long ago, as it is stored.
fn earlier(now: Timestamp, by: Duration) -> i64 {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    milliseconds(now).saturating_sub(by)
}

fn store(
    connection: &Connection,
    report: &HostReport,
    now: Timestamp,
) -> Result<HostAnswer, StoreError> {
    let holder: Option<String> = connection
        .prepare_cached(
            "SELECT instance FROM hosts
             WHERE name = ? AND instance <> ? AND last_seen_at > ?",
        )?
        .query_row(
            params![
                report.name,
                report.instance.as_str(),
                earlier(now, NAME_HELD_FOR)
            ],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(holder) = holder {
        let by = HostInstanceId::parse(holder).map_err(|source| corrupt(HOST, source))?;
        return Ok(HostAnswer::NameTaken { by });
    }
    connection
        .prepare_cached("DELETE FROM hosts WHERE last_seen_at <= ? AND name <> ?")?
        .execute(params![earlier(now, FORGOTTEN_AFTER), report.name])?;
    let ordered: String = connection
        .prepare_cached(
            "INSERT INTO hosts (name, instance, last_seen_at, doc) VALUES (?, ?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET instance = excluded.instance,
                 last_seen_at = excluded.last_seen_at, doc = excluded.doc
             RETURNING ordered",
        )?
        .query_row(
            params![
                report.name,
                report.instance.as_str(),
                milliseconds(now),
                to_json(HOST, report)?
            ],
            |row| row.get(0),
        )?;
    Ok(HostAnswer::Order(order(&ordered)?))
}

fn read(connection: &Connection, row: &Row<'_>, now: Timestamp) -> Result<HostRecord, StoreError> {
    let report: HostReport = json_column(row, "doc", HOST)?;
    let last_seen_at = moment(row.get("last_seen_at")?)?;
    let ordered: String = row.get("ordered")?;
    let by: Option<String> = row.get("ordered_by")?;
    let by = by.map(UserId::parse).transpose();
    let standing = StandingOrder {
        order: order(&ordered)?,
        by: by.map_err(|source| corrupt(HOST, source))?,
        at: optional_moment(row, "ordered_at")?,
    };
    let silent_for = Duration::try_from(now.duration_since(last_seen_at)).unwrap_or_default();
    let held = held(connection, &report.name)?;
    Ok(HostRecord::judged(
        report,
        last_seen_at,
        silent_for,
        standing,
        held,
    ))
}

fn held(connection: &Connection, name: &str) -> Result<HeldExecutions, StoreError> {
    let named = connection
        .prepare_cached(
            "SELECT id FROM executions INDEXED BY executions_on_host
             WHERE execution_host = ? AND status = 'running' ORDER BY number LIMIT ?",
        )?
        .query_and_then(params![name, MAX_NAMED_EXECUTIONS], |row| {
            let id: String = row.get("id")?;
            ExecutionId::parse(id).map_err(|source| corrupt("execution", source))
        })?
        .collect::<Result<_, _>>()?;
    let count = connection
        .prepare_cached(
            "SELECT count(*) AS held FROM executions INDEXED BY executions_on_host
             WHERE execution_host = ? AND status = 'running'",
        )?
        .query_and_then([name], |row| counted(row, "held"))?
        .next()
        .transpose()?;
    Ok(HeldExecutions {
        count: count.unwrap_or_default(),
        named,
    })
}

fn order(word: &str) -> Result<HostOrder, StoreError> {
    [HostOrder::Work, HostOrder::Drain]
        .into_iter()
        .find(|order| order.as_str() == word)
        .ok_or_else(|| corrupt(HOST, format!("there is no order {word:?}")))
}
