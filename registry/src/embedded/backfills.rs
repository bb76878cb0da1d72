//! Backfills in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use sandglass_contract::{BackfillId, JobId};

use super::{
    EmbeddedStore,
    failure::is_taken,
    selection::Selection,
    stored::{corrupt, json_column, milliseconds, optional_moment, to_json},
};
use crate::{
    backfill::{Backfill, BackfillStatus},
    page::{Page, PageRequest},
    scope::Scope,
    store::{BackfillStore, RunningBackfill, StoreError},
};

const BACKFILL: &str = "backfill";
/// The columns that [`read`] needs.
pub(super) const COLUMNS: &str = "doc, status, made, next_slot";

#[async_trait]
impl BackfillStore for EmbeddedStore {
    async fn insert_backfill(&self, scope: &Scope, backfill: &Backfill) -> Result<(), StoreError> {
        if backfill.org != *scope.organisation() {
            return Err(StoreError::NotFound {
                what: "organisation",
            });
        }
        let backfill = backfill.clone();
        self.file
            .write(move |connection| insert(connection, &backfill))
            .await
    }

    async fn backfill(
        &self,
        scope: &Scope,
        id: &BackfillId,
    ) -> Result<Option<Backfill>, StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .read(move |connection| find(connection, &scope, &id))
            .await
    }

    async fn backfills(
        &self,
        scope: &Scope,
        job: &JobId,
        page: PageRequest,
    ) -> Result<Page<Backfill>, StoreError> {
        let mut selection = Selection::of("backfills", scope.organisation().as_str());
        selection.narrow("job_id = ?", [job.as_str().to_owned()]);
        self.file
            .read(move |connection| {
                let order = "created_at DESC, number DESC";
                selection.page(connection, COLUMNS, order, page, read)
            })
            .await
    }

    async fn running_backfills(&self, limit: u32) -> Result<Vec<RunningBackfill>, StoreError> {
        self.file
            .read(move |connection| {
                let sql = format!(
                    "SELECT {COLUMNS}, (
                         SELECT count(*) FROM executions INDEXED BY executions_of_backfill
                         WHERE backfill = backfills.id AND claimable_at IS NOT NULL) AS unfinished
                     FROM backfills INDEXED BY backfills_running
                     WHERE status = 'running' ORDER BY number LIMIT ?"
                );
                connection
                    .prepare_cached(&sql)?
                    .query_and_then([limit], |row| {
                        Ok(RunningBackfill {
                            backfill: read(row)?,
                            unfinished: row.get("unfinished")?,
                        })
                    })?
                    .collect()
            })
            .await
    }

    async fn change_backfill(
        &self,
        scope: &Scope,
        id: &BackfillId,
        status: BackfillStatus,
    ) -> Result<Backfill, StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE backfills SET status = ?1
                         WHERE id = ?2 AND org = ?3 AND status IN ('running', 'paused')",
                    )?
                    .execute(params![
                        status.as_str(),
                        id.as_str(),
                        scope.organisation().as_str()
                    ])?;
                find(connection, &scope, &id)?.ok_or(StoreError::NotFound { what: BACKFILL })
            })
            .await
    }
}

/// Adds a backfill.
pub(super) fn insert(connection: &Connection, backfill: &Backfill) -> Result<(), StoreError> {
    let doc = to_json(BACKFILL, backfill)?;
    connection
        .prepare_cached(
            "INSERT INTO backfills (id, org, job_id, status, made, next_slot, created_at, doc)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            backfill.id.as_str(),
            backfill.org.as_str(),
            backfill.job_id.as_str(),
            backfill.status.as_str(),
            backfill.made,
            backfill.next_slot.map(milliseconds),
            milliseconds(backfill.created_at),
            doc,
        ])
        .map_err(|error| match is_taken(&error) {
            true => StoreError::Exists { what: BACKFILL },
            false => error.into(),
        })?;
    Ok(())
}

/// Ends the backfills of a job that is deleted.
pub(super) fn cancel_all_of(connection: &Connection, job: &JobId) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE backfills SET status = 'cancelled'
             WHERE job_id = ? AND status IN ('running', 'paused')",
        )?
        .execute([job.as_str()])?;
    Ok(())
}

fn find(
    connection: &Connection,
    scope: &Scope,
    id: &BackfillId,
) -> Result<Option<Backfill>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM backfills WHERE id = ? AND org = ?");
    connection
        .prepare_cached(&sql)?
        .query_and_then([id.as_str(), scope.organisation().as_str()], read)?
        .next()
        .transpose()
}

/// Reads a backfill from a row.
pub(super) fn read(row: &Row<'_>) -> Result<Backfill, StoreError> {
    let saved: Backfill = json_column(row, "doc", BACKFILL)?;
    let word: String = row.get("status")?;
    Ok(Backfill {
        status: BackfillStatus::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| corrupt(BACKFILL, format!("there is no status {word:?}")))?,
        made: row.get("made")?,
        next_slot: optional_moment(row, "next_slot")?,
        ..saved
    })
}
