//! Trying a job before it is saved.

use sandglass_contract::{Grant, GrantDifference, JobId};
use sandglass_registry::{Blackouts, HostState, Placement, Role, Scope, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::{JobDraft, JobError, Jobs, Problem, admission::Context};
use crate::calendar::UpcomingRun;

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

impl Jobs {
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
}
