//! Saving, changing, previewing and starting jobs.
//!
//! Whoever makes a job goes through here, so that no job is stored whose parameters its template does
//! not accept, whose grant goes beyond its ceiling, or whose schedule never comes.

mod admission;
mod backfills;
mod draft;
mod patch;
mod pausing;
mod problem;
mod terms;
mod widening;

use std::sync::Arc;

use sandglass_contract::{Clock, ExecutionId, Grant, GrantDifference, JobId, RunMode, UserId};
use sandglass_registry::{
    Blackouts, Execution, HostState, Job, Placement, Role, Schedule, Scope, Store, StoreError,
    Trigger, Version, job::JitterSeconds, store::ScheduleChange,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    arrivals::Arrivals,
    calendar::{CalendarError, UpcomingRun},
    catalogue::Catalogue,
    changes::Changes,
    core::{Cause, queued},
    shell::Bells,
};
pub use admission::AdmissionError;
use admission::{Admission, Context};
pub use backfills::{BackfillRequest, ChainNode};
pub use draft::JobDraft;
pub use patch::JobPatch;
pub(crate) use pausing::Pauses;
pub use problem::Problem;
pub use widening::may_widen;

/// How many coming runs a preview shows.
const PREVIEWED_RUNS: usize = 5;

/// What saving a job would give.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobPreview {
    /// What is wrong; empty where it could be saved.
    pub issues: Vec<Problem>,
    /// What would not keep it from being saved, and still may not be meant.
    pub warnings: Vec<Problem>,
    /// What a run could touch.
    pub grant: Grant,
    /// The same in sentences that say all of it.
    pub sentences: Vec<String>,
    /// How that differs from what the job that is to be changed may touch now; for a new job, from
    /// nothing.
    pub grant_difference: GrantDifference,
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
    /// The change would let the job touch more, and whoever makes it may not do that; each problem says
    /// what.
    #[error("only a super admin may let a job touch more than it does")]
    MayNotWiden(Vec<Problem>),
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

/// Who saves a job.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// The user.
    pub user: &'a UserId,
    /// What the user may do.
    pub role: Role,
}

/// A job that was changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The job as it is now.
    pub job: Job,
    /// How what it may touch differs from before.
    pub difference: GrantDifference,
}

/// The jobs of the service.
#[derive(Clone)]
pub struct Jobs {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    admission: Arc<Admission>,
    changes: Changes,
    bells: Bells,
    pauses: Pauses,
    arrivals: Arrivals,
}

impl Jobs {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        catalogue: Catalogue,
        changes: Changes,
        bells: Bells,
    ) -> Self {
        let admission = Arc::new(Admission::new(catalogue, store.clone()));
        let pauses = Pauses::new(store.clone(), clock.clone());
        Self {
            store,
            clock,
            admission,
            changes,
            bells,
            pauses,
            arrivals: Arrivals::default(),
        }
    }

    /// What it would give if somebody of `role` saved `draft`, without saving it: as a new job, or in the
    /// place of the job `of`.
    ///
    /// # Errors
    /// Where the template cannot be asked; a draft that breaks rules is not an error here.
    /// [`StoreError::NotFound`] where there is no job `of`.
    pub async fn preview(
        &self,
        scope: &Scope,
        role: Role,
        draft: JobDraft,
        of: Option<&JobId>,
    ) -> Result<JobPreview, JobError> {
        let now = self.clock.now();
        let stored = match of {
            Some(id) => Some(self.job(scope, id).await?),
            None => None,
        };
        let context = Context {
            exists: stored.as_ref(),
            role,
            now,
        };
        let verdict = self.admission.judge(scope, &draft, context).await?;
        let mut warnings = verdict.warnings;
        warnings.extend(self.judge_placement(&draft.placement).await?);
        let named = &draft.blackout_calendars;
        let blackouts = match self.store.blackouts(scope, named).await {
            Err(StoreError::NotFound { .. }) => Blackouts::default(),
            other => other?,
        };
        Ok(JobPreview {
            warnings,
            destructive: verdict.grant.is_destructive(),
            issues: verdict
                .problems
                .into_iter()
                .chain(verdict.widening)
                .collect(),
            sentences: verdict.grant.sentences(),
            grant_difference: verdict.difference,
            grant: verdict.grant,
            next_runs: verdict
                .calendar
                .and_then(|it| it.upcoming(now, PREVIEWED_RUNS, &blackouts).ok())
                .unwrap_or_default(),
        })
    }

    /// Whether there is a host that would run it now.
    async fn judge_placement(&self, placement: &Placement) -> Result<Vec<Problem>, StoreError> {
        if placement.is_empty() {
            return Ok(Vec::new());
        }
        let hosts = self.store.hosts().await?;
        let mut there = hosts.iter().filter(|it| it.state != HostState::Lost);
        if there.any(|host| placement.is_met_by(&host.report.labels)) {
            return Ok(Vec::new());
        }
        let wanted = placement.to_texts().join(", ");
        let detail = format!("no host has {wanted} at present; executions would wait for one");
        Ok(vec![Problem::new("/placement", "no_such_host", detail)])
    }

    /// Saves a new job.
    ///
    /// # Errors
    /// [`JobError::Invalid`] with every problem at once.
    pub async fn create(
        &self,
        scope: &Scope,
        by: Author<'_>,
        draft: JobDraft,
    ) -> Result<Job, JobError> {
        let now = self.clock.now();
        let context = Context {
            exists: None,
            role: by.role,
            now,
        };
        let admitted = self.admission.admit(scope, draft, context).await?;
        let id = JobId::fresh(now);
        let job = admitted.into_job(id, scope.organisation().clone(), by.user, now);
        self.store.insert_job(scope, &job).await?;
        self.bells.jobs_changed();
        Ok(job)
    }

    /// Changes a job: what `patch` does not name stays. Where `expected` is given, only that version
    /// is changed.
    ///
    /// # Errors
    /// [`JobError::Invalid`] with every problem; [`JobError::MayNotWiden`]; [`StoreError::NotFound`];
    /// [`StoreError::Changed`] where the job is not at the expected version, or was changed by somebody
    /// else meanwhile.
    pub async fn update(
        &self,
        scope: &Scope,
        by: Author<'_>,
        id: &JobId,
        patch: JobPatch,
        expected: Option<Version>,
    ) -> Result<Changed, JobError> {
        let now = self.clock.now();
        let stored = self.job(scope, id).await?;
        if let Some(expected) = expected
            && expected != stored.version
        {
            let current = stored.version;
            return Err(StoreError::Changed { current }.into());
        }
        let draft = patch.over(&stored);
        let context = Context {
            exists: Some(&stored),
            role: by.role,
            now,
        };
        let admitted = self.admission.admit(scope, draft, context).await?;
        let difference = admitted.difference.clone();
        let changed = admitted.into_job(id.clone(), stored.org.clone(), by.user, now);
        let schedule = match Timing::of(&changed) == Timing::of(&stored) {
            true => ScheduleChange::Keep,
            false => ScheduleChange::Replace,
        };
        let job = Job {
            pause: match changed.enabled {
                true => None,
                false => stored.pause.clone(),
            },
            created_by: stored.created_by.clone(),
            created_at: stored.created_at,
            version: stored.version.next(),
            ..changed
        };
        let job = self
            .store
            .replace_job(scope, &job, stored.version, schedule)
            .await?;
        self.bells.jobs_changed();
        Ok(Changed { job, difference })
    }

    /// Removes a job. What it did stays on record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Needed`].
    pub async fn delete(
        &self,
        scope: &Scope,
        by: &UserId,
        id: &JobId,
        expected: Option<Version>,
    ) -> Result<(), JobError> {
        self.store.delete_job(scope, id, expected, by).await?;
        self.bells.cancels_requested();
        self.bells.executions_ended();
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
        let (now, asked_at) = (self.clock.now(), self.clock.monotonic());
        let job = self.job(scope, id).await?;
        let cause = Cause {
            id: ExecutionId::fresh(now),
            scheduled_for: now,
            triggered_by: Trigger::User,
        };
        let execution = Execution {
            dry_run: mode.is_dry(),
            triggered_by_user: Some(by.clone()),
            ..queued(&job, cause, now)
        };
        self.arrivals.note(execution.id.clone(), asked_at);
        self.store.enqueue(scope, &execution).await?;
        self.changes.announce(&execution.id);
        if execution.queue_deadline.is_some() {
            self.bells.deadlines_changed();
        }
        self.bells.work_arrived();
        Ok(execution.id)
    }

    /// When executions were asked for.
    pub(crate) const fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// The schedules that are paused and go on.
    pub(crate) const fn pauses(&self) -> &Pauses {
        &self.pauses
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

/// What decides when a job is due.
#[derive(PartialEq)]
struct Timing<'a> {
    schedule: &'a Schedule,
    enabled: bool,
    jitter: JitterSeconds,
}

impl<'a> Timing<'a> {
    const fn of(job: &'a Job) -> Self {
        Self {
            schedule: &job.schedule,
            enabled: job.enabled,
            jitter: job.jitter_seconds,
        }
    }
}
