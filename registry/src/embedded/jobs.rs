//! Jobs and their revisions in SQLite.

mod rows;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params, types::Value};
use sandglass_contract::JobId;

use super::{
    EmbeddedStore, executions,
    selection::Selection,
    stored::{json_column, milliseconds, moment},
};
use crate::{
    job::{Job, Version},
    page::Page,
    scope::Scope,
    store::{JobQuery, JobStore, ScheduleChange, StoreError},
};

use rows::{COLUMNS, SavedJob, read_job, within};

const JOB: &str = "job";

#[async_trait]
impl JobStore for EmbeddedStore {
    async fn insert_job(&self, scope: &Scope, job: &Job) -> Result<(), StoreError> {
        within(scope, &job.org)?;
        let saved = SavedJob::of(job)?;
        self.file
            .write(move |connection| saved.insert(connection))
            .await
    }

    async fn job(&self, scope: &Scope, id: &JobId) -> Result<Option<Job>, StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .read(move |connection| find(connection, &scope, &id))
            .await
    }

    async fn job_revision(
        &self,
        scope: &Scope,
        id: &JobId,
        version: Version,
    ) -> Result<Option<Job>, StoreError> {
        let (organisation, id) = (scope.organisation().clone(), id.clone());
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT doc FROM job_revisions WHERE job = ? AND version = ? AND org = ?",
                    )?
                    .query_and_then(
                        params![id.as_str(), rows::version(version), organisation.as_str()],
                        |row| json_column(row, "doc", JOB),
                    )?
                    .next()
                    .transpose()
            })
            .await
    }

    async fn jobs(&self, scope: &Scope, query: &JobQuery) -> Result<Page<Job>, StoreError> {
        let selection = selection(scope, query);
        let page = query.page;
        self.file
            .read(move |connection| {
                selection.page(
                    connection,
                    COLUMNS,
                    "created_at DESC, number DESC",
                    page,
                    read_job,
                )
            })
            .await
    }

    async fn replace_job(
        &self,
        scope: &Scope,
        job: &Job,
        expected: Version,
        schedule: ScheduleChange,
    ) -> Result<Job, StoreError> {
        within(scope, &job.org)?;
        let (scope, mut job) = (scope.clone(), job.clone());
        self.file
            .write(move |connection| {
                let stored =
                    find(connection, &scope, &job.id)?.ok_or(StoreError::NotFound { what: JOB })?;
                if stored.version != expected {
                    return Err(StoreError::Changed {
                        current: stored.version,
                    });
                }
                job.last_run_at = stored.last_run_at;
                if schedule == ScheduleChange::Keep {
                    job.next_run_at = stored.next_run_at;
                }
                SavedJob::of(&job)?.replace(connection)?;
                Ok(job)
            })
            .await
    }

    async fn delete_job(
        &self,
        scope: &Scope,
        id: &JobId,
        expected: Option<Version>,
    ) -> Result<(), StoreError> {
        let (scope, id, now) = (scope.clone(), id.clone(), self.now());
        self.file
            .write(move |connection| {
                let (number, current) = number_and_version(connection, &scope, &id)?;
                if expected.is_some_and(|expected| expected != current) {
                    return Err(StoreError::Changed { current });
                }
                connection
                    .prepare_cached("DELETE FROM jobs WHERE number = ?")?
                    .execute([number])?;
                executions::cancel_all_of(connection, &id, now)
            })
            .await
    }

    async fn due_jobs(&self, now: Timestamp, limit: u32) -> Result<Vec<Job>, StoreError> {
        self.file
            .read(move |connection| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM jobs WHERE enabled = 1 AND next_run_at <= ?
                     ORDER BY next_run_at, number LIMIT ?"
                );
                connection
                    .prepare_cached(&sql)?
                    .query_and_then(params![milliseconds(now), limit], read_job)?
                    .collect()
            })
            .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.file
            .read(|connection| -> Result<_, StoreError> {
                connection
                    .prepare_cached(
                        "SELECT next_run_at FROM jobs
                         WHERE enabled = 1 AND next_run_at IS NOT NULL
                         ORDER BY next_run_at LIMIT 1",
                    )?
                    .query_row([], |row| row.get(0))
                    .optional()?
                    .map(moment)
                    .transpose()
            })
            .await
    }
}

fn find(connection: &Connection, scope: &Scope, id: &JobId) -> Result<Option<Job>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = ? AND org = ?");
    connection
        .prepare_cached(&sql)?
        .query_and_then([id.as_str(), scope.organisation().as_str()], read_job)?
        .next()
        .transpose()
}

fn number_and_version(
    connection: &Connection,
    scope: &Scope,
    id: &JobId,
) -> Result<(i64, Version), StoreError> {
    connection
        .prepare_cached("SELECT number, version FROM jobs WHERE id = ? AND org = ?")?
        .query_row([id.as_str(), scope.organisation().as_str()], |row| {
            let version: i64 = row.get("version")?;
            Ok((row.get("number")?, Version(version.unsigned_abs())))
        })
        .optional()?
        .ok_or(StoreError::NotFound { what: JOB })
}

fn selection(scope: &Scope, query: &JobQuery) -> Selection {
    let mut selection = Selection::of("jobs", scope.organisation().as_str());
    if let Some(template) = &query.template_type {
        selection.narrow("template_type = ?", [template.as_str().to_owned()]);
    }
    if let Some(enabled) = query.enabled {
        selection.narrow("enabled = ?", [Value::from(enabled)]);
    }
    if let Some(search) = &query.search {
        // SQLite's lower() changes ASCII letters alone.
        let search = search.to_ascii_lowercase();
        selection.narrow(
            "(instr(lower(name), ?) > 0 OR instr(lower(description), ?) > 0)",
            [search.clone(), search],
        );
    }
    if let Some(tag) = &query.tag {
        selection.narrow(
            "number IN (SELECT job FROM job_tags WHERE tag = ?)",
            [tag.clone()],
        );
    }
    selection
}
