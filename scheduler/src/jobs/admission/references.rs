//! What a draft refers to: parents and blackout calendars, which must be there, and dependencies, which
//! must not go round in a circle.

use sandglass_contract::JobId;
use sandglass_registry::{
    Scope,
    job::{MAX_BLACKOUT_CALENDARS, MAX_PARENTS},
};

use super::{Admission, AdmissionError};
use crate::{
    core::DependencyGraph,
    jobs::{JobDraft, Problem},
};

impl Admission {
    /// Finds parents that are not there, and dependencies that would go round in a circle.
    pub(super) async fn judge_parents(
        &self,
        scope: &Scope,
        draft: &JobDraft,
        id: Option<&JobId>,
        problems: &mut Vec<Problem>,
    ) -> Result<(), AdmissionError> {
        let parents = &draft.depends_on.parents;
        for (index, parent) in parents.iter().take(MAX_PARENTS).enumerate() {
            if self.store.job(scope, &parent.job_id).await?.is_none() {
                let pointer = format!("/depends_on/parents/{index}/job_id");
                let detail = format!("there is no job {}", parent.job_id);
                problems.push(Problem::new(pointer, "unknown_job", detail));
            }
        }
        let Some(id) = id.filter(|_| !parents.is_empty()) else {
            return Ok(());
        };
        let graph: DependencyGraph = self.store.dependencies(scope).await?.into_iter().collect();
        if let Some(circle) = graph.circle(id, parents) {
            let circle: Vec<&str> = circle.iter().map(JobId::as_str).collect();
            let detail = format!("the jobs would run in a circle: {}", circle.join(" → "));
            problems.push(Problem::new("/depends_on/parents", "circle", detail));
        }
        Ok(())
    }

    /// Finds blackout calendars that are not there.
    pub(super) async fn judge_blackouts(
        &self,
        scope: &Scope,
        draft: &JobDraft,
        problems: &mut Vec<Problem>,
    ) -> Result<(), AdmissionError> {
        let calendars = &draft.blackout_calendars;
        if calendars.len() > MAX_BLACKOUT_CALENDARS {
            let detail = format!("a job names at most {MAX_BLACKOUT_CALENDARS} calendars");
            problems.push(Problem::new("/blackout_calendars", "too_many", detail));
        }
        let looked_at = calendars.iter().take(MAX_BLACKOUT_CALENDARS);
        for (index, calendar) in looked_at.enumerate() {
            let found = self.store.blackout_calendar(scope, calendar).await?;
            if found.is_none() {
                let pointer = format!("/blackout_calendars/{index}");
                let detail = format!("there is no blackout calendar {calendar}");
                problems.push(Problem::new(pointer, "unknown_calendar", detail));
            }
        }
        Ok(())
    }
}
