//! Saving, changing, previewing and starting jobs.
//!
//! Whoever makes a job goes through here, so that no job is stored whose parameters its template does
//! not accept, whose grant goes beyond its ceiling, or whose schedule never comes.

mod admission;
mod draft;

use std::sync::Arc;

use jiff::Timestamp;
use sandglass_contract::{Clock, ExecutionId, Grant, JobId, RunMode, UserId};
use sandglass_registry::{
    Blackouts, Execution, ExecutionStatus, Fence, Job, Scope, Store, StoreError, Trigger, Version,
    store::ScheduleChange,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    calendar::{CalendarError, UpcomingRun},
    catalogue::Catalogue,
    changes::Changes,
    wake::Wake,
};
use admission::Admission;
pub use admission::{AdmissionError, Problem};
pub use draft::{JobDraft, JobPatch};

/// How many coming runs a preview shows.
const PREVIEWED_RUNS: usize = 5;

/// What saving a job would give.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobPreview {
    /// What is wrong; empty where it could be saved.
    pub issues: Vec<Problem>,
    /// What a run could touch.
    pub grant: Grant,
    /// Whether a run changes data that was there before or reaches people.
    pub destructive: bool,
    /// When it would run next.
    pub next_runs: Vec<UpcomingRun>,
}

/// Why a job was not saved, changed or started.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The job breaks rules; each problem says where and why.
    #[error("the job is not valid")]
    Invalid(Vec<Problem>),
    /// It could not be judged.
    #[error(transparent)]
    Admission(AdmissionError),
    /// Its schedule could not be computed any more.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdmissionError> for JobError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Store(error) => Self::Store(error),
            other => Self::Admission(other),
        }
    }
}

/// The jobs of the service.
#[derive(Clone)]
pub struct Jobs {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    admission: Arc<Admission>,
    changes: Changes,
    wake: Wake,
}

impl Jobs {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        catalogue: Catalogue,
        changes: Changes,
        wake: Wake,
    ) -> Self {
        let admission = Arc::new(Admission::new(catalogue));
        Self {
            store,
            clock,
            admission,
            changes,
            wake,
        }
    }

    /// What saving `draft` would give, without saving it.
    ///
    /// # Errors
    /// Where the template cannot be asked; a draft that breaks rules is not an error here.
    pub async fn preview(&self, scope: &Scope, draft: JobDraft) -> Result<JobPreview, JobError> {
        let now = self.clock.now();
        let verdict = self.admission.judge(scope, &draft, now).await?;
        Ok(JobPreview {
            destructive: verdict.grant.is_destructive(),
            issues: verdict.problems,
            grant: verdict.grant,
            next_runs: verdict
                .calendar
                .and_then(|it| it.upcoming(now, PREVIEWED_RUNS, &Blackouts::default()).ok())
                .unwrap_or_default(),
        })
    }

    /// Saves a new job.
    ///
    /// # Errors
    /// [`JobError::Invalid`] with every problem at once.
    pub async fn create(
        &self,
        scope: &Scope,
        by: &UserId,
        draft: JobDraft,
    ) -> Result<Job, JobError> {
        let now = self.clock.now();
        let admitted = self.admission.admit(scope, draft, None, now).await?;
        let enabled = admitted.draft.enabled;
        let next_run_at = if enabled { admitted.next_run_at } else { None };
        let job = Job {
            id: JobId::fresh(now),
            org: scope.organisation().clone(),
            name: admitted.draft.name,
            description: admitted.draft.description,
            template_type: admitted.draft.template_type,
            template_version: admitted.template_version,
            template_digest: admitted.template_digest,
            parameters: admitted.parameters,
            schedule: admitted.draft.schedule,
            enabled,
            timeout_seconds: admitted.draft.timeout_seconds,
            retry_policy: admitted.draft.retry_policy,
            notifications: admitted.draft.notifications,
            limits: admitted.limits,
            tags: admitted.draft.tags,
            grant: admitted.grant,
            created_by: by.clone(),
            updated_by: by.clone(),
            created_at: now,
            updated_at: now,
            last_run_at: None,
            next_run_at,
            version: Version::FIRST,
        };
        self.store.insert_job(scope, &job).await?;
        self.wake.schedule();
        Ok(job)
    }

    /// Changes a job: what `patch` does not name stays. Where `expected` is given, only that version
    /// is changed.
    ///
    /// # Errors
    /// [`JobError::Invalid`] with every problem; [`StoreError::NotFound`]; [`StoreError::Changed`]
    /// where the job is not at the expected version, or was changed by somebody else meanwhile.
    pub async fn update(
        &self,
        scope: &Scope,
        by: &UserId,
        id: &JobId,
        patch: JobPatch,
        expected: Option<Version>,
    ) -> Result<Job, JobError> {
        let now = self.clock.now();
        let stored = self.job(scope, id).await?;
        if let Some(expected) = expected
            && expected != stored.version
        {
            let current = stored.version;
            return Err(StoreError::Changed { current }.into());
        }
        let draft = patch.over(&stored);
        let admitted = self
            .admission
            .admit(scope, draft, Some(&stored.schedule), now)
            .await?;
        let enabled = admitted.draft.enabled;
        let same_timing = admitted.draft.schedule == stored.schedule && enabled == stored.enabled;
        let job = Job {
            name: admitted.draft.name,
            description: admitted.draft.description,
            template_type: admitted.draft.template_type,
            template_version: admitted.template_version,
            template_digest: admitted.template_digest,
            parameters: admitted.parameters,
            schedule: admitted.draft.schedule,
            enabled,
            timeout_seconds: admitted.draft.timeout_seconds,
            retry_policy: admitted.draft.retry_policy,
            notifications: admitted.draft.notifications,
            limits: admitted.limits,
            tags: admitted.draft.tags,
            grant: admitted.grant,
            updated_by: by.clone(),
            updated_at: now,
            next_run_at: if enabled { admitted.next_run_at } else { None },
            version: stored.version.next(),
            ..stored.clone()
        };
        let schedule = match same_timing {
            true => ScheduleChange::Keep,
            false => ScheduleChange::Replace,
        };
        let job = self
            .store
            .replace_job(scope, &job, stored.version, schedule)
            .await?;
        self.wake.schedule();
        Ok(job)
    }

    /// Removes a job. What it did stays on record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`].
    pub async fn delete(
        &self,
        scope: &Scope,
        id: &JobId,
        expected: Option<Version>,
    ) -> Result<(), JobError> {
        self.store.delete_job(scope, id, expected).await?;
        self.wake.leases();
        Ok(())
    }

    /// Queues an execution of the job now, whether it is enabled or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn run(
        &self,
        scope: &Scope,
        by: &UserId,
        id: &JobId,
        mode: RunMode,
    ) -> Result<ExecutionId, JobError> {
        let now = self.clock.now();
        let job = self.job(scope, id).await?;
        let mut execution = queued(&job, ExecutionId::fresh(now), now, now, Trigger::User);
        execution.dry_run = mode.is_dry();
        execution.triggered_by_user = Some(by.clone());
        self.store.enqueue(scope, &execution).await?;
        self.changes.announce(&execution.id);
        self.wake.work();
        Ok(execution.id)
    }

    /// A job.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn job(&self, scope: &Scope, id: &JobId) -> Result<Job, StoreError> {
        self.store
            .job(scope, id)
            .await?
            .ok_or(StoreError::NotFound { what: "job" })
    }
}

/// An execution of `job` that waits for a worker.
pub(crate) fn queued(
    job: &Job,
    id: ExecutionId,
    scheduled_for: Timestamp,
    now: Timestamp,
    triggered_by: Trigger,
) -> Execution {
    Execution {
        id,
        org: job.org.clone(),
        job_id: job.id.clone(),
        job_name: job.name.as_str().to_owned(),
        job_version: job.version,
        template_type: job.template_type.clone(),
        template_version: job.template_version.clone(),
        template_digest: job.template_digest,
        grant: job.grant.clone(),
        status: ExecutionStatus::Queued,
        reason: None,
        scheduled_for,
        queued_at: now,
        available_at: now,
        started_at: None,
        completed_at: None,
        duration_seconds: None,
        result: None,
        message: None,
        error: None,
        outcome: None,
        progress: None,
        attempt: 0,
        attempts: Vec::new(),
        fuel_used: 0,
        peak_memory_bytes: 0,
        artifacts: Vec::new(),
        dry_run: false,
        triggered_by,
        triggered_by_user: None,
        execution_host: None,
        fence: Fence::default(),
        cancel_requested: None,
    }
}
