//! Reading executions and their records.

use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::{ExecutionId, JournalEntry, LogLine};

use crate::{
    embedded::{
        selection::Selection,
        stored::{count, json_column},
    },
    execution::Execution,
    page::Page,
    scope::Scope,
    store::{ExecutionQuery, StoreError},
};

use super::rows::{COLUMNS, read_execution};

/// An execution.
pub(super) fn find(
    connection: &Connection,
    scope: &Scope,
    id: &ExecutionId,
) -> Result<Option<Execution>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM executions WHERE id = ? AND org = ?");
    connection
        .prepare_cached(&sql)?
        .query_and_then([id.as_str(), scope.organisation().as_str()], read_execution)?
        .next()
        .transpose()
}

/// A page of executions.
pub(super) fn list(
    connection: &Connection,
    scope: &Scope,
    query: &ExecutionQuery,
) -> Result<Page<Execution>, StoreError> {
    // There are no statistics from which SQLite could choose the index.
    let ended = !query.status.is_empty() && query.status.iter().all(|it| it.is_finished());
    let unfinished = !query.status.is_empty() && query.status.iter().all(|it| !it.is_finished());
    let table = match (&query.backfill, &query.job) {
        (Some(_), _) => "executions INDEXED BY executions_of_backfill",
        (None, Some(_)) => "executions INDEXED BY executions_of_job",
        (None, None) if ended => "executions INDEXED BY executions_ended",
        (None, None) if unfinished => "executions INDEXED BY executions_unfinished",
        (None, None) => "executions INDEXED BY executions_of_org",
    };
    let mut selection = Selection::of(table, scope.organisation().as_str());
    if let Some(job) = &query.job {
        selection.narrow("job_id = ?", [job.as_str().to_owned()]);
    }
    if let Some(backfill) = &query.backfill {
        selection.narrow("backfill = ?", [backfill.as_str().to_owned()]);
    }
    if ended {
        selection.narrow::<String>("claimable_at IS NULL", []);
    }
    if unfinished {
        selection.narrow::<String>("claimable_at IS NOT NULL", []);
    }
    if !query.status.is_empty() {
        let places = vec!["?"; query.status.len()].join(", ");
        let words = query.status.iter().map(|it| it.as_str().to_owned());
        selection.narrow(&format!("status IN ({places})"), words);
    }
    selection.page(
        connection,
        COLUMNS,
        "queued_at DESC, number DESC",
        query.page,
        read_execution,
    )
}

/// Lines of a log.
pub(super) fn log(
    connection: &Connection,
    scope: &Scope,
    id: &ExecutionId,
    after: u64,
    limit: u32,
) -> Result<Vec<LogLine>, StoreError> {
    if !is_visible(connection, scope, id)? {
        return Ok(Vec::new());
    }
    connection
        .prepare_cached(
            "SELECT doc FROM execution_logs WHERE execution = ? AND seq > ? ORDER BY seq LIMIT ?",
        )?
        .query_and_then(params![id.as_str(), count(after), limit], |row| {
            json_column(row, "doc", "log line")
        })?
        .collect()
}

/// Journal entries and how many there are in all.
pub(super) fn journal(
    connection: &Connection,
    scope: &Scope,
    id: &ExecutionId,
    skip: u64,
    limit: u32,
) -> Result<(Vec<JournalEntry>, u64), StoreError> {
    if !is_visible(connection, scope, id)? {
        return Ok((Vec::new(), 0));
    }
    let total: i64 = connection
        .prepare_cached("SELECT count(*) FROM effect_journal WHERE execution = ?")?
        .query_row([id.as_str()], |row| row.get(0))?;
    let entries = connection
        .prepare_cached(
            "SELECT doc FROM effect_journal WHERE execution = ?
             ORDER BY attempt, seq LIMIT ? OFFSET ?",
        )?
        .query_and_then(params![id.as_str(), limit, count(skip)], |row| {
            json_column(row, "doc", "journal entry")
        })?
        .collect::<Result<_, _>>()?;
    Ok((entries, total.unsigned_abs()))
}

fn is_visible(
    connection: &Connection,
    scope: &Scope,
    id: &ExecutionId,
) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM executions WHERE id = ? AND org = ?")?
        .query_row([id.as_str(), scope.organisation().as_str()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}
