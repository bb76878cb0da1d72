//! Keeping jobs.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{JobId, TemplateId, UserId};

use super::StoreError;
use crate::{
    job::{Job, Version},
    page::{Page, PageRequest},
    scope::Scope,
};

/// Which jobs a list shows; every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobQuery {
    /// Of this template.
    pub template_type: Option<TemplateId>,
    /// Enabled, or not.
    pub enabled: Option<bool>,
    /// With this text in the name or description, whatever the case of its ASCII letters.
    pub search: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Which page; jobs are listed newest first.
    pub page: PageRequest,
}

/// When a changed job is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleChange {
    /// As it was: the store keeps the `next_run_at` it has.
    Keep,
    /// At the job's `next_run_at`, because its schedule or switch changed.
    Replace,
}

/// The part of a store that keeps jobs.
#[async_trait]
pub trait JobStore: Send + Sync + 'static {
    /// Adds a job and its first revision.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the id is taken, be it by the revisions of a job that was deleted;
    /// [`StoreError::NotFound`] where the job belongs to another organisation than `scope`.
    async fn insert_job(&self, scope: &Scope, job: &Job) -> Result<(), StoreError>;

    /// A job.
    async fn job(&self, scope: &Scope, id: &JobId) -> Result<Option<Job>, StoreError>;

    /// A job as it was at a version: what an execution of that version runs. It stays after the job
    /// itself is deleted.
    async fn job_revision(
        &self,
        scope: &Scope,
        id: &JobId,
        version: Version,
    ) -> Result<Option<Job>, StoreError>;

    /// A page of jobs.
    async fn jobs(&self, scope: &Scope, query: &JobQuery) -> Result<Page<Job>, StoreError>;

    /// Puts `job`, whose version is `expected.next()`, in the place of the stored one and adds a
    /// revision. `last_run_at` stays as stored, and `next_run_at` as `schedule` says. Returns what is
    /// stored now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`] where the stored version is not `expected`.
    async fn replace_job(
        &self,
        scope: &Scope,
        job: &Job,
        expected: Version,
        schedule: ScheduleChange,
    ) -> Result<Job, StoreError>;

    /// Removes a job. Its revisions and executions stay; those still queued are cancelled, and running
    /// ones are asked to stop, both in the name of `by`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`] where `expected` is given and is not the
    /// stored version; [`StoreError::Needed`] where other jobs depend on it.
    async fn delete_job(
        &self,
        scope: &Scope,
        id: &JobId,
        expected: Option<Version>,
        by: &UserId,
    ) -> Result<(), StoreError>;

    /// Enabled jobs of every organisation that are due at `now`, the longest due first, at most
    /// `limit`. One that cannot be read is switched off, so that it does not stand in the way of the
    /// others.
    async fn due_jobs(&self, now: Timestamp, limit: u32) -> Result<Vec<Job>, StoreError>;

    /// When the next enabled job of any organisation is due, of those that are due later than `after`.
    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Puts right what a clock that was set back by `by`, to `now`, would hold up: enabled interval jobs
    /// whose next slot lies further ahead than their interval are due one interval from now, and
    /// executions that wait may begin as much earlier. Returns how many jobs there were.
    async fn reanchor(&self, now: Timestamp, by: Duration) -> Result<u64, StoreError>;

    /// The jobs that depend on a job.
    async fn dependents(&self, scope: &Scope, parent: &JobId) -> Result<Vec<Job>, StoreError>;

    /// Every dependency in the organisation, as pairs of parent and child.
    async fn dependencies(&self, scope: &Scope) -> Result<Vec<(JobId, JobId)>, StoreError>;
}
