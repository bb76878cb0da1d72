//! Pausing the schedules of jobs, and letting them go on.

use std::sync::Arc;

use sandglass_contract::{Clock, JobId};
use sandglass_registry::{
    Actor, AuditAction, Execution, Job, Scope, Store, StoreError,
    job::{Pause, ResumeFrom},
    store::ScheduleChange,
};
use serde_json::json;

use super::{JobError, Jobs};
use crate::{
    auditor::{Act, Auditor},
    calendar::Calendar,
};

/// How often a change is tried again where somebody else changes the job at the same time.
const TRIES: u32 = 5;

/// Pauses and resumes.
#[derive(Clone)]
pub(crate) struct Pauses {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    auditor: Auditor,
}

impl Jobs {
    /// Pauses the schedule of a job. It can still be run by hand. Pausing a paused job gives it the
    /// new reason.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn pause(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &JobId,
        reason: String,
    ) -> Result<Job, JobError> {
        let pause = Pause {
            reason,
            by: actor.user.clone(),
            at: self.clock.now(),
        };
        let paused = self.pauses.pause(scope, actor, id, pause, |_| true).await?;
        self.bells.jobs_changed();
        match paused {
            Some(job) => Ok(job),
            None => Ok(self.job(scope, id).await?),
        }
    }

    /// Lets the schedule of a job go on that was paused or not enabled.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; where its schedule cannot be followed any more.
    pub async fn resume(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &JobId,
        from: ResumeFrom,
    ) -> Result<Job, JobError> {
        let job = self.pauses.resume(scope, actor, id, from).await?;
        self.bells.jobs_changed();
        Ok(job)
    }
}

impl Pauses {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, auditor: Auditor) -> Self {
        Self {
            store,
            clock,
            auditor,
        }
    }

    /// Pauses the job of an execution that has failed, if it wants that.
    pub(crate) async fn after_failure(
        &self,
        scope: &Scope,
        execution: &Execution,
    ) -> Result<(), StoreError> {
        let actor = Actor::system();
        let pause = Pause {
            reason: format!(
                "the execution {} ended as {} (pause_on_failure)",
                execution.id,
                execution.status.as_str()
            ),
            by: actor.user.clone(),
            at: self.clock.now(),
        };
        let wants = |job: &Job| job.pause_on_failure && job.enabled;
        match self
            .pause(scope, &actor, &execution.job_id, pause, wants)
            .await
        {
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Pauses a job, if it is one that `wants` it; none where it is not.
    async fn pause(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &JobId,
        pause: Pause,
        wants: impl Fn(&Job) -> bool,
    ) -> Result<Option<Job>, StoreError> {
        let act = Act::new(AuditAction::JobPaused, id).because(&pause.reason);
        let paused = self
            .change(scope, actor, &act, id, |job| {
                Ok(wants(job).then(|| Job {
                    enabled: false,
                    pause: Some(pause.clone()),
                    next_run_at: None,
                    updated_by: pause.by.clone(),
                    updated_at: pause.at,
                    ..job.clone()
                }))
            })
            .await;
        match paused {
            Ok(paused) => Ok(paused),
            Err(JobError::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    async fn resume(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &JobId,
        from: ResumeFrom,
    ) -> Result<Job, JobError> {
        let now = self.clock.now();
        let detail = json!({"resume_from": from});
        let act = Act::new(AuditAction::JobResumed, id).with(detail);
        let resumed = self
            .change(scope, actor, &act, id, |job| {
                if job.enabled {
                    return Ok(None);
                }
                let since = match (from, &job.pause) {
                    (ResumeFrom::Pause, Some(pause)) => pause.at,
                    _ => now,
                };
                Ok(Some(Job {
                    enabled: true,
                    pause: None,
                    next_run_at: Calendar::compile(&job.schedule)?.first(since)?,
                    updated_by: actor.user.clone(),
                    updated_at: now,
                    ..job.clone()
                }))
            })
            .await?;
        match resumed {
            Some(job) => Ok(job),
            None => {
                let missing = StoreError::NotFound { what: "job" };
                Ok(self.store.job(scope, id).await?.ok_or(missing)?)
            }
        }
    }

    /// Puts what `change` makes of a job in its place, again where somebody else was faster; none
    /// where it makes nothing of it.
    async fn change(
        &self,
        scope: &Scope,
        actor: &Actor,
        act: &Act,
        id: &JobId,
        change: impl Fn(&Job) -> Result<Option<Job>, JobError>,
    ) -> Result<Option<Job>, JobError> {
        let mut tries = 0;
        loop {
            let job = self.store.job(scope, id).await?;
            let job = job.ok_or(StoreError::NotFound { what: "job" })?;
            let Some(changed) = change(&job)? else {
                return Ok(None);
            };
            let changed = Job {
                version: job.version.next(),
                ..changed
            };
            tries += 1;
            let schedule = ScheduleChange::Replace;
            let replaced = self
                .store
                .replace_job(scope, &changed, job.version, schedule);
            match self
                .auditor
                .around(scope, actor, act.clone(), replaced)
                .await
            {
                Ok(job) => return Ok(Some(job)),
                Err(StoreError::Changed { .. }) if tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
