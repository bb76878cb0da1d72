//! Rows of the tables `jobs`, `job_revisions`, `job_tags` and `job_parents`.

use rusqlite::{Connection, Row, params};
use sandglass_contract::OrganisationId;

use crate::{
    embedded::{
        capabilities,
        failure::is_taken,
        stored::{count, json_column, milliseconds, optional_moment, to_json},
    },
    job::{Job, Version},
    schedule::Schedule,
    scope::Scope,
    store::StoreError,
};

/// The columns that [`read_job`] needs.
pub(in crate::embedded) const COLUMNS: &str = "doc, last_run_at, next_run_at";

/// Reads a job from a row.
pub(in crate::embedded) fn read_job(row: &Row<'_>) -> Result<Job, StoreError> {
    let mut job: Job = json_column(row, "doc", "job")?;
    job.last_run_at = optional_moment(row, "last_run_at")?;
    job.next_run_at = optional_moment(row, "next_run_at")?;
    Ok(job)
}

/// A version as a column holds it.
pub(super) fn version(version: Version) -> i64 {
    count(version.0)
}

/// Refuses a record of another organisation than the caller's.
pub(super) fn within(scope: &Scope, organisation: &OrganisationId) -> Result<(), StoreError> {
    match scope.organisation() == organisation {
        true => Ok(()),
        false => Err(StoreError::NotFound {
            what: "organisation",
        }),
    }
}

/// A job about to be saved.
pub(in crate::embedded) struct SavedJob {
    job: Job,
    doc: String,
}

impl SavedJob {
    pub(in crate::embedded) fn of(job: &Job) -> Result<Self, StoreError> {
        Ok(Self {
            job: job.clone(),
            doc: to_json("job", job)?,
        })
    }

    /// Adds it with its first revision.
    pub(super) fn insert(&self, connection: &Connection) -> Result<(), StoreError> {
        self.insert_alone(connection)?;
        self.insert_revision(connection)
    }

    /// Adds it, whose revisions are there.
    pub(in crate::embedded) fn insert_alone(
        &self,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        let job = &self.job;
        connection
            .prepare_cached(
                "INSERT INTO jobs (id, org, version, enabled, next_run_at, last_run_at,
                                   template_type, created_at, name, description, doc, due_at,
                                   interval_ms, pauses_on_failure)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                job.id.as_str(),
                job.org.as_str(),
                version(job.version),
                job.enabled,
                job.next_run_at.map(milliseconds),
                job.last_run_at.map(milliseconds),
                job.template_type.as_str(),
                milliseconds(job.created_at),
                job.name.as_str(),
                job.description.as_str(),
                self.doc,
                self.due_at(),
                self.interval_ms(),
                job.pause_on_failure,
            ])
            .map_err(taken)?;
        self.insert_parts(connection, connection.last_insert_rowid())
    }

    /// Puts it in the place of the stored one of the same id and adds a revision.
    pub(super) fn replace(&self, connection: &Connection) -> Result<(), StoreError> {
        let job = &self.job;
        let number: i64 = connection
            .prepare_cached(
                "UPDATE jobs SET version = ?2, enabled = ?3, next_run_at = ?4, template_type = ?5,
                                 created_at = ?6, name = ?7, description = ?8, doc = ?9,
                                 due_at = ?10, interval_ms = ?11, pauses_on_failure = ?12
                 WHERE id = ?1 RETURNING number",
            )?
            .query_row(
                params![
                    job.id.as_str(),
                    version(job.version),
                    job.enabled,
                    job.next_run_at.map(milliseconds),
                    job.template_type.as_str(),
                    milliseconds(job.created_at),
                    job.name.as_str(),
                    job.description.as_str(),
                    self.doc,
                    self.due_at(),
                    self.interval_ms(),
                    job.pause_on_failure,
                ],
                |row| row.get(0),
            )?;
        connection
            .prepare_cached("DELETE FROM job_tags WHERE job = ?")?
            .execute([number])?;
        connection
            .prepare_cached("DELETE FROM job_parents WHERE job = ?")?
            .execute([number])?;
        connection
            .prepare_cached("DELETE FROM job_blackout_calendars WHERE job = ?")?
            .execute([number])?;
        self.insert_parts(connection, number)?;
        self.insert_revision(connection)
    }

    fn due_at(&self) -> Option<i64> {
        let slot = self.job.next_run_at?;
        Some(milliseconds(self.job.due_at(slot)))
    }

    fn interval_ms(&self) -> Option<i64> {
        match self.job.schedule {
            Schedule::Interval { interval_seconds } => {
                Some(count(interval_seconds).saturating_mul(1000))
            }
            _ => None,
        }
    }

    fn insert_parts(&self, connection: &Connection, number: i64) -> Result<(), StoreError> {
        let mut statement =
            connection.prepare_cached("INSERT OR IGNORE INTO job_tags (job, tag) VALUES (?, ?)")?;
        for tag in &self.job.tags {
            statement.execute(params![number, tag.as_str()])?;
        }
        let mut statement = connection
            .prepare_cached("INSERT OR IGNORE INTO job_parents (job, parent) VALUES (?, ?)")?;
        for dependency in &self.job.depends_on.parents {
            statement.execute(params![number, dependency.job_id.as_str()])?;
        }
        let mut statement = connection.prepare_cached(
            "INSERT OR IGNORE INTO job_blackout_calendars (job, calendar) VALUES (?, ?)",
        )?;
        for calendar in &self.job.blackout_calendars {
            statement.execute(params![number, calendar.as_str()])?;
        }
        capabilities::follow(connection, &self.job)
    }

    /// Adds a revision.
    pub(in crate::embedded) fn insert_revision(
        &self,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        connection
            .prepare_cached(
                "INSERT INTO job_revisions (job, version, org, doc) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![
                self.job.id.as_str(),
                version(self.job.version),
                self.job.org.as_str(),
                self.doc,
            ])
            .map_err(taken)?;
        Ok(())
    }
}

/// The id is taken, by a job or by the revisions of one that was deleted.
fn taken(error: rusqlite::Error) -> StoreError {
    match is_taken(&error) {
        true => StoreError::Exists { what: "job" },
        false => error.into(),
    }
}
