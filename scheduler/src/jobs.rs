//! Saving, changing, previewing and starting jobs.
//!
//! Whoever makes a job goes through here, so that no job is stored whose parameters its template does
//! not accept, whose grant goes beyond its ceiling, or whose schedule never comes.

mod admission;
mod backfills;
mod draft;
mod patch;
mod pausing;
mod preview;
mod problem;
mod terms;
mod widening;

use std::sync::Arc;

use sandglass_contract::{Clock, ExecutionId, GrantDifference, GrantEntry, JobId, RunMode};
use sandglass_registry::{
    Actor, AuditAction, Execution, Job, RateLimit, RateState, Schedule, Scope, Store, StoreError,
    Trigger, Use, Version, job::JitterSeconds, store::ScheduleChange,
};
use serde_json::json;

use crate::{
    arrivals::Arrivals,
    auditor::{Act, Auditor},
    calendar::CalendarError,
    catalogue::Catalogue,
    changes::Changes,
    core::{Cause, queued},
    difference::difference,
    shell::Bells,
};
pub use admission::AdmissionError;
pub(crate) use admission::ask;
use admission::{Admission, Context};
pub use backfills::{BackfillRequest, ChainNode};
pub use draft::JobDraft;
pub use patch::JobPatch;
pub(crate) use pausing::Pauses;
pub use preview::JobPreview;
pub use problem::Problem;
pub use widening::may_widen;

/// What every change of a job changes.
const PASSED_OVER: [&str; 4] = ["/version", "/updated_at", "/updated_by", "/next_run_at"];

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
    /// A run of it destroys data or reaches people, and the actor may not start such a run.
    #[error(
        "a real run takes a super_admin, since the job may do more than look: {}; a dry run is allowed",
        texts.join("; ")
    )]
    Destructive {
        /// What it may do, as sentences.
        texts: Vec<String>,
    },
    /// The user has started as many runs by hand as a user may.
    #[error(
        "you have started {} runs by hand within {} minutes, which is the most a user may; the next is \
         allowed in {} seconds",
        .0.limit.most,
        .0.limit.window.as_secs() / 60,
        .0.resets_in.as_secs().max(1)
    )]
    TooManyRuns(RateState),
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

/// A job that was changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The job as it is now.
    pub job: Job,
    /// How what it may touch differs from before.
    pub difference: GrantDifference,
}

/// A run that was started by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its execution.
    pub execution: ExecutionId,
    /// How many more the user may start, where that is limited.
    pub rate: Option<RateState>,
}

/// The jobs of the service.
#[derive(Clone)]
pub struct Jobs {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    admission: Arc<Admission>,
    auditor: Auditor,
    changes: Changes,
    bells: Bells,
    manual_runs: Option<RateLimit>,
    pauses: Pauses,
    arrivals: Arrivals,
}

impl Jobs {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        catalogue: Catalogue,
        auditor: Auditor,
        changes: Changes,
        bells: Bells,
        manual_runs: Option<RateLimit>,
    ) -> Self {
        let admission = Arc::new(Admission::new(catalogue, store.clone()));
        let pauses = Pauses::new(store.clone(), clock.clone(), auditor.clone());
        Self {
            store,
            clock,
            admission,
            auditor,
            changes,
            bells,
            manual_runs,
            pauses,
            arrivals: Arrivals::default(),
        }
    }

    /// Saves a new job.
    ///
    /// # Errors
    /// [`JobError::Invalid`] with every problem at once.
    pub async fn create(
        &self,
        scope: &Scope,
        actor: &Actor,
        draft: JobDraft,
    ) -> Result<Job, JobError> {
        let now = self.clock.now();
        let context = Context {
            exists: None,
            role: actor.role,
            now,
        };
        let admitted = self.admission.admit(scope, draft, context).await?;
        let id = JobId::fresh(now);
        let job = admitted.into_job(id, scope.organisation().clone(), &actor.user, now);
        let act = Act::new(AuditAction::JobCreated, &job.id).with(json!({"after": job}));
        let saved = self.store.insert_job(scope, &job);
        self.auditor.around(scope, actor, act, saved).await?;
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
        actor: &Actor,
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
            role: actor.role,
            now,
        };
        let admitted = match self.admission.admit(scope, draft, context).await {
            Err(JobError::MayNotWiden(problems)) => {
                let added: Vec<_> = problems.iter().map(|it| it.detail.as_str()).collect();
                let act = Act::new(AuditAction::AccessDenied, id)
                    .with(json!({"role": actor.role, "added": added}));
                self.auditor.note(scope, actor, act).await?;
                return Err(JobError::MayNotWiden(problems));
            }
            admitted => admitted?,
        };
        let grant_difference = admitted.difference.clone();
        let changed = admitted.into_job(id.clone(), stored.org.clone(), &actor.user, now);
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
        let act = Act::new(AuditAction::JobUpdated, id).with(json!({
            "version": job.version,
            "changes": difference(&stored, &job, &PASSED_OVER),
        }));
        let replaced = self
            .store
            .replace_job(scope, &job, stored.version, schedule);
        let job = self.auditor.around(scope, actor, act, replaced).await?;
        self.bells.jobs_changed();
        Ok(Changed {
            job,
            difference: grant_difference,
        })
    }

    /// Removes a job. What it did stays on record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Needed`].
    pub async fn delete(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &JobId,
        expected: Option<Version>,
    ) -> Result<(), JobError> {
        let job = self.job(scope, id).await?;
        let act = Act::new(AuditAction::JobDeleted, id).with(json!({"before": job}));
        let deleted = self.store.delete_job(scope, id, expected, &actor.user);
        self.auditor.around(scope, actor, act, deleted).await?;
        self.bells.cancels_requested();
        self.bells.executions_ended();
        Ok(())
    }

    /// Queues an execution of the job now, whether it is enabled or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`JobError::Destructive`]; [`JobError::TooManyRuns`].
    pub async fn run(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &JobId,
        mode: RunMode,
    ) -> Result<Started, JobError> {
        let (now, asked_at) = (self.clock.now(), self.clock.monotonic());
        let job = self.job(scope, id).await?;
        self.permit_run(scope, actor, &job, mode).await?;
        let rate = self.take_manual_run(actor).await?;
        let cause = Cause {
            id: ExecutionId::fresh(now),
            scheduled_for: now,
            triggered_by: Trigger::User,
        };
        let execution = Execution {
            dry_run: mode.is_dry(),
            triggered_by_user: Some(actor.user.clone()),
            ..queued(&job, cause, now)
        };
        self.arrivals.note(execution.id.clone(), asked_at);
        let act = Act::new(AuditAction::JobRun, id).with(json!({
            "execution_id": execution.id,
            "dry_run": execution.dry_run,
            "job_version": job.version,
        }));
        let queued = self.store.enqueue(scope, &execution);
        self.auditor.around(scope, actor, act, queued).await?;
        self.changes.announce(&execution.id);
        if execution.queue_deadline.is_some() {
            self.bells.deadlines_changed();
        }
        self.bells.work_arrived();
        Ok(Started {
            execution: execution.id,
            rate,
        })
    }

    /// Counts a run that somebody starts by hand.
    async fn take_manual_run(&self, actor: &Actor) -> Result<Option<RateState>, JobError> {
        let Some(limit) = self.manual_runs else {
            return Ok(None);
        };
        let key = format!("manual-runs/{}", actor.user);
        match self.store.take(&key, limit).await? {
            Use::Taken(state) => Ok(Some(state)),
            Use::Refused(state) => Err(JobError::TooManyRuns(state)),
        }
    }

    /// When executions were asked for.
    pub(crate) const fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// The schedules that are paused and go on.
    pub(crate) const fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    /// Refuses a real run of a destructive job to who may not start one, and notes that.
    async fn permit_run(
        &self,
        scope: &Scope,
        actor: &Actor,
        job: &Job,
        mode: RunMode,
    ) -> Result<(), JobError> {
        if mode.is_dry() || actor.role.may_destroy() || !job.grant.is_destructive() {
            return Ok(());
        }
        let destructive =
            |entry: &&GrantEntry| entry.operations.iter().any(|it| it.is_destructive());
        let entries = job.grant.entries().iter().filter(destructive);
        let texts: Vec<_> = entries.map(GrantEntry::text).collect();
        let act = Act::new(AuditAction::AccessDenied, &job.id)
            .with(json!({"role": actor.role, "destructive": texts}));
        self.auditor.note(scope, actor, act).await?;
        Err(JobError::Destructive { texts })
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
