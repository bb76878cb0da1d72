//! Jobs and their revisions in SQLite.

mod rows;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params, types::Value};
use sandglass_contract::{JobId, UserId};

use super::{
    EmbeddedStore, backfills, capabilities, executions,
    selection::Selection,
    stored::{corrupt, json_column, milliseconds, moment},
};
use crate::{
    job::{Job, Version},
    page::Page,
    scope::Scope,
    store::{JobQuery, JobStore, ScheduleChange, StoreError},
};

use rows::within;
pub(super) use rows::{COLUMNS, SavedJob, read_job};

const JOB: &str = "job";

#[async_trait]
impl JobStore for EmbeddedStore {
    async fn insert_job(&self, scope: &Scope, job: &Job) -> Result<(), StoreError> {
        within(scope, &job.org)?;
        let (saved, most) = (SavedJob::of(job)?, self.most_jobs);
        self.file
            .write(move |connection| {
                refuse_more(connection, most)?;
                saved.insert(connection)
            })
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
                executions::forget_former_parents(connection, job.id.as_str())?;
                Ok(job)
            })
            .await
    }

    async fn delete_job(
        &self,
        scope: &Scope,
        id: &JobId,
        expected: Option<Version>,
        by: &UserId,
    ) -> Result<(), StoreError> {
        let (scope, id, by, now) = (scope.clone(), id.clone(), by.clone(), self.now());
        self.file
            .write(move |connection| {
                let (number, current) = number_and_version(connection, &scope, &id)?;
                if expected.is_some_and(|expected| expected != current) {
                    return Err(StoreError::Changed { current });
                }
                let by_jobs = children(connection, &id, number)?;
                if !by_jobs.is_empty() {
                    return Err(StoreError::Needed { by: by_jobs });
                }
                connection
                    .prepare_cached("DELETE FROM jobs WHERE number = ?")?
                    .execute([number])?;
                executions::forget_former_parents(connection, id.as_str())?;
                capabilities::forget(connection, &id)?;
                backfills::cancel_all_of(connection, &id)?;
                executions::cancel_all_of(connection, &id, &by, now)
            })
            .await
    }

    async fn due_jobs(&self, now: Timestamp, limit: u32) -> Result<Vec<Job>, StoreError> {
        let (jobs, unreadable) = self
            .file
            .read(move |connection| read_due(connection, now, limit))
            .await?;
        if !unreadable.is_empty() {
            self.file
                .write(move |connection| switch_off(connection, &unreadable))
                .await?;
        }
        Ok(jobs)
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.file
            .read(move |connection| -> Result<_, StoreError> {
                connection
                    .prepare_cached(
                        "SELECT due_at FROM jobs INDEXED BY jobs_due
                         WHERE enabled = 1 AND due_at > ? ORDER BY due_at LIMIT 1",
                    )?
                    .query_row([milliseconds(after)], |row| row.get(0))
                    .optional()?
                    .map(moment)
                    .transpose()
            })
            .await
    }

    async fn reanchor(&self, now: Timestamp, by: Duration) -> Result<u64, StoreError> {
        self.file
            .write(move |connection| -> Result<_, StoreError> {
                executions::begin_earlier(connection, now, by)?;
                let changed = connection
                    .prepare_cached(
                        "UPDATE jobs SET due_at = ?1 + interval_ms + (due_at - next_run_at),
                             next_run_at = ?1 + interval_ms
                         WHERE enabled = 1 AND interval_ms IS NOT NULL
                             AND next_run_at > ?1 + interval_ms",
                    )?
                    .execute([milliseconds(now)])?;
                Ok(changed as u64)
            })
            .await
    }

    async fn dependents(&self, scope: &Scope, parent: &JobId) -> Result<Vec<Job>, StoreError> {
        let (organisation, parent) = (scope.organisation().clone(), parent.clone());
        self.file
            .read(move |connection| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM jobs
                     WHERE number IN (SELECT job FROM job_parents WHERE parent = ?) AND org = ?
                     ORDER BY number"
                );
                connection
                    .prepare_cached(&sql)?
                    .query_and_then([parent.as_str(), organisation.as_str()], read_job)?
                    .collect()
            })
            .await
    }

    async fn dependencies(&self, scope: &Scope) -> Result<Vec<(JobId, JobId)>, StoreError> {
        let organisation = scope.organisation().clone();
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT parent, jobs.id AS child FROM job_parents
                         JOIN jobs ON jobs.number = job_parents.job WHERE org = ?
                         ORDER BY parent, child",
                    )?
                    .query_and_then([organisation.as_str()], |row| {
                        Ok((job_id(row.get("parent")?)?, job_id(row.get("child")?)?))
                    })?
                    .collect()
            })
            .await
    }
}

fn job_id(text: String) -> Result<JobId, StoreError> {
    JobId::parse(text).map_err(|source| corrupt(JOB, source))
}

/// Due jobs, and the numbers of those that cannot be read.
fn read_due(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<(Vec<Job>, Vec<i64>), StoreError> {
    let sql = format!(
        "SELECT number, {COLUMNS} FROM jobs INDEXED BY jobs_due
         WHERE enabled = 1 AND due_at <= ? ORDER BY due_at, number LIMIT ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_and_then(params![milliseconds(now), limit], |row| {
        Ok::<_, StoreError>((row.get::<_, i64>("number")?, read_job(row)))
    })?;
    let (mut jobs, mut unreadable) = (Vec::new(), Vec::new());
    for row in rows {
        match row? {
            (_, Ok(job)) => jobs.push(job),
            (number, Err(error)) => {
                tracing::error!(number, %error, "a job cannot be read and is switched off");
                unreadable.push(number);
            }
        }
    }
    Ok((jobs, unreadable))
}

fn switch_off(connection: &Connection, numbers: &[i64]) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("UPDATE jobs SET enabled = 0 WHERE number = ?")?;
    for number in numbers {
        statement.execute([number])?;
    }
    Ok(())
}

/// The first few jobs that depend on a job, beside itself.
fn children(connection: &Connection, id: &JobId, number: i64) -> Result<Vec<JobId>, StoreError> {
    connection
        .prepare_cached(
            "SELECT jobs.id AS id FROM job_parents JOIN jobs ON jobs.number = job_parents.job
             WHERE parent = ? AND job <> ? LIMIT 5",
        )?
        .query_and_then(params![id.as_str(), number], |row| job_id(row.get("id")?))?
        .collect()
}

/// Refuses a job where there are as many as there may be.
fn refuse_more(connection: &Connection, most: Option<u64>) -> Result<(), StoreError> {
    let Some(most) = most else {
        return Ok(());
    };
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM jobs")?
        .query_row([], |row| row.get(0))?;
    match count.unsigned_abs() >= most {
        true => Err(StoreError::Full { what: "jobs", most }),
        false => Ok(()),
    }
}

/// A job.
pub(super) fn find(
    connection: &Connection,
    scope: &Scope,
    id: &JobId,
) -> Result<Option<Job>, StoreError> {
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
