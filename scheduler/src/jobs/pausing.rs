//! Pausing the schedules of jobs, and letting them go on.

use std::sync::Arc;

use sandglass_contract::{Clock, JobId, UserId};
use sandglass_registry::{
    AuditAction, AuditEntry, Execution, Job, Scope, Store, StoreError,
    job::{Pause, ResumeFrom},
    store::ScheduleChange,
};
use serde_json::{Value, json};

use super::{JobError, Jobs};
use crate::calendar::Calendar;

/// How often a change is tried again where somebody else changes the job at the same time.
const TRIES: u32 = 5;

/// Pauses and resumes.
#[derive(Clone)]
pub(crate) struct Pauses {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
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
        by: &UserId,
        id: &JobId,
        reason: String,
    ) -> Result<Job, JobError> {
        let pause = Pause {
            reason,
            by: by.clone(),
            at: self.clock.now(),
        };
        let paused = self.pauses.pause(scope, id, pause, |_| true).await?;
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
        by: &UserId,
        id: &JobId,
        from: ResumeFrom,
    ) -> Result<Job, JobError> {
        let job = self.pauses.resume(scope, by, id, from).await?;
        self.bells.jobs_changed();
        Ok(job)
    }
}

impl Pauses {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Pauses the job of an execution that has failed, if it wants that.
    pub(crate) async fn after_failure(
        &self,
        scope: &Scope,
        execution: &Execution,
    ) -> Result<(), StoreError> {
        let pause = Pause {
            reason: format!(
                "the execution {} ended as {} (pause_on_failure)",
                execution.id,
                execution.status.as_str()
            ),
            by: UserId::system(),
            at: self.clock.now(),
        };
        let wants = |job: &Job| job.pause_on_failure && job.enabled;
        match self.pause(scope, &execution.job_id, pause, wants).await {
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Pauses a job, if it is one that `wants` it; none where it is not.
    async fn pause(
        &self,
        scope: &Scope,
        id: &JobId,
        pause: Pause,
        wants: impl Fn(&Job) -> bool,
    ) -> Result<Option<Job>, StoreError> {
        let detail = json!({"reason": pause.reason});
        let by = pause.by.clone();
        let paused = self
            .change(scope, id, |job| {
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
        let paused = match paused {
            Ok(paused) => paused,
            Err(JobError::Store(error)) => return Err(error),
            Err(_) => None,
        };
        if paused.is_some() {
            let entry = self.entry(scope, by, AuditAction::JobPaused, id, detail);
            self.store.append_audit(&entry).await?;
        }
        Ok(paused)
    }

    async fn resume(
        &self,
        scope: &Scope,
        by: &UserId,
        id: &JobId,
        from: ResumeFrom,
    ) -> Result<Job, JobError> {
        let now = self.clock.now();
        let resumed = self
            .change(scope, id, |job| {
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
                    updated_by: by.clone(),
                    updated_at: now,
                    ..job.clone()
                }))
            })
            .await?;
        let Some(job) = resumed else {
            let missing = StoreError::NotFound { what: "job" };
            return Ok(self.store.job(scope, id).await?.ok_or(missing)?);
        };
        let detail = json!({"resume_from": from});
        let entry = self.entry(scope, by.clone(), AuditAction::JobResumed, id, detail);
        self.store.append_audit(&entry).await?;
        Ok(job)
    }

    /// Puts what `change` makes of a job in its place, again where somebody else was faster; none
    /// where it makes nothing of it.
    async fn change(
        &self,
        scope: &Scope,
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
            match self
                .store
                .replace_job(scope, &changed, job.version, schedule)
                .await
            {
                Ok(job) => return Ok(Some(job)),
                Err(StoreError::Changed { .. }) if tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn entry(
        &self,
        scope: &Scope,
        by: UserId,
        action: AuditAction,
        job: &JobId,
        detail: Value,
    ) -> AuditEntry {
        AuditEntry {
            org: scope.organisation().clone(),
            at: self.clock.now(),
            by,
            action,
            target: job.to_string(),
            detail,
        }
    }
}
