//! Changes to a job: what is not named stays.

use std::collections::BTreeMap;

use sandglass_contract::{BlackoutCalendarId, Digest, TemplateId};
use sandglass_registry::{
    Dependencies, Job, JobText, Notifications, OverlapPolicy, Placement, RetryPolicy, Schedule,
    Tag, TimeoutSeconds,
    job::{
        CatchUp, CatchUpWindowSeconds, Description, JitterSeconds, MaxCatchUpRuns, Priority,
        QueueTimeoutSeconds, StartingDeadlineSeconds,
    },
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::draft::JobDraft;

/// Changes to a job; what is not given stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobPatch {
    /// What people call it.
    #[schema(value_type = Option<String>)]
    pub name: Option<JobText>,
    /// What it is for.
    #[schema(value_type = Option<String>)]
    pub description: Option<Description>,
    /// The template it runs.
    pub template_type: Option<TemplateId>,
    /// The version of the template. A job stays on its version until this names another.
    pub template_version: Option<String>,
    /// The SHA-256 digest of the component of that version.
    pub template_digest: Option<Digest>,
    /// What the template is given, as a whole.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Map<String, Value>>,
    /// When it runs.
    pub schedule: Option<Schedule>,
    /// Whether its schedule is followed.
    pub enabled: Option<bool>,
    /// How long an attempt may take.
    pub timeout_seconds: Option<TimeoutSeconds>,
    /// What follows a failed attempt.
    pub retry_policy: Option<RetryPolicy>,
    /// Who is told.
    pub notifications: Option<Notifications>,
    /// Limits that differ from the defaults, as a whole.
    pub limits: Option<BTreeMap<String, u64>>,
    /// Words it is grouped by, as a whole.
    #[schema(value_type = Option<Vec<String>>)]
    pub tags: Option<Vec<Tag>>,
    /// What happens to a slot that comes while an earlier execution is not finished.
    pub overlap_policy: Option<OverlapPolicy>,
    /// Which of the slots run that passed while no host was there.
    pub catch_up: Option<CatchUp>,
    /// How old a passed slot may be and still run.
    #[serde(alias = "catch_up_window")]
    pub catch_up_window_seconds: Option<CatchUpWindowSeconds>,
    /// How many passed slots run at the most.
    pub max_catch_up_runs: Option<MaxCatchUpRuns>,
    /// How late a slot may be queued; null means any time.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<StartingDeadlineSeconds>)]
    pub starting_deadline_seconds: Option<Option<StartingDeadlineSeconds>>,
    /// By how much slots are spread.
    pub jitter_seconds: Option<JitterSeconds>,
    /// How long an execution may wait for its first attempt; null means any time.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<QueueTimeoutSeconds>)]
    pub queue_timeout_seconds: Option<Option<QueueTimeoutSeconds>>,
    /// Whether an execution that fails, after all its retries, pauses the job.
    pub pause_on_failure: Option<bool>,
    /// Who goes first where several executions wait.
    pub priority: Option<Priority>,
    /// The jobs that it follows, as a whole.
    pub depends_on: Option<Dependencies>,
    /// The calendars in whose blackouts its slots are skipped, as a whole.
    pub blackout_calendars: Option<Vec<BlackoutCalendarId>>,
    /// The labels that a host must have to run it, as a whole.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub placement: Option<Placement>,
}

/// A member that may be null, which is not the same as one that is not given.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl JobPatch {
    /// `job` with these changes.
    pub(super) fn over(self, job: &Job) -> JobDraft {
        let job = job.clone();
        let same_template = match &self.template_type {
            Some(template) => *template == job.template_type,
            None => true,
        };
        let names_version = self.template_version.is_some() || self.template_digest.is_some();
        let kept_digest = (same_template && !names_version).then_some(job.template_digest);
        JobDraft {
            name: self.name.unwrap_or(job.name),
            description: self.description.unwrap_or(job.description),
            template_type: self.template_type.unwrap_or(job.template_type),
            template_version: self.template_version,
            template_digest: self.template_digest.or(kept_digest),
            parameters: self.parameters.unwrap_or(job.parameters),
            schedule: self.schedule.unwrap_or(job.schedule),
            enabled: self.enabled.unwrap_or(job.enabled),
            timeout_seconds: self.timeout_seconds.unwrap_or(job.timeout_seconds),
            retry_policy: self.retry_policy.unwrap_or(job.retry_policy),
            notifications: self.notifications.unwrap_or(job.notifications),
            limits: self.limits.unwrap_or_else(|| job.limits.to_map()),
            tags: self.tags.unwrap_or(job.tags),
            overlap_policy: self.overlap_policy.unwrap_or(job.overlap_policy),
            catch_up: self.catch_up.unwrap_or(job.catch_up),
            catch_up_window_seconds: self
                .catch_up_window_seconds
                .unwrap_or(job.catch_up_window_seconds),
            max_catch_up_runs: self.max_catch_up_runs.unwrap_or(job.max_catch_up_runs),
            starting_deadline_seconds: self
                .starting_deadline_seconds
                .unwrap_or(job.starting_deadline_seconds),
            jitter_seconds: self.jitter_seconds.unwrap_or(job.jitter_seconds),
            queue_timeout_seconds: self
                .queue_timeout_seconds
                .unwrap_or(job.queue_timeout_seconds),
            pause_on_failure: self.pause_on_failure.unwrap_or(job.pause_on_failure),
            priority: self.priority.unwrap_or(job.priority),
            depends_on: self.depends_on.unwrap_or(job.depends_on),
            blackout_calendars: self.blackout_calendars.unwrap_or(job.blackout_calendars),
            placement: self.placement.unwrap_or(job.placement),
        }
    }
}
