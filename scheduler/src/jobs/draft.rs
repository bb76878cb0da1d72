//! A job as somebody writes it.

use std::collections::BTreeMap;

use sandglass_contract::{BlackoutCalendarId, Digest, TemplateId};
use sandglass_registry::{
    Dependencies, JobText, Notifications, OverlapPolicy, Placement, RetryPolicy, Schedule, Tag,
    TimeoutSeconds,
    job::{
        CatchUp, CatchUpWindowSeconds, Description, JitterSeconds, MaxCatchUpRuns, Priority,
        QueueTimeoutSeconds, StartingDeadlineSeconds,
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A new job.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobDraft {
    /// What people call it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub name: JobText,
    /// What it is for.
    #[serde(default = "no_description")]
    #[schema(value_type = String, max_length = 2000)]
    pub description: Description,
    /// The template it runs.
    pub template_type: TemplateId,
    /// The version of the template; without it, the one approved last.
    #[serde(default)]
    pub template_version: Option<String>,
    /// The SHA-256 digest of the component of that version, to pin it.
    #[serde(default)]
    pub template_digest: Option<Digest>,
    /// What the template is given; its schema says what there is.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// When it runs.
    pub schedule: Schedule,
    /// Whether its schedule is followed.
    #[serde(default = "enabled")]
    #[schema(default = true)]
    pub enabled: bool,
    /// How long an attempt may take.
    #[serde(default)]
    pub timeout_seconds: TimeoutSeconds,
    /// What follows a failed attempt.
    #[serde(default)]
    pub retry_policy: RetryPolicy,
    /// Who is told.
    #[serde(default)]
    pub notifications: Notifications,
    /// Limits that differ from the defaults, by name.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
    /// Words it is grouped by.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 20)]
    pub tags: Vec<Tag>,
    /// What happens to a slot that comes while an earlier execution is not finished.
    #[serde(default)]
    pub overlap_policy: OverlapPolicy,
    /// Which of the slots run that passed while no host was there.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How old a passed slot may be and still run.
    #[serde(default, alias = "catch_up_window")]
    pub catch_up_window_seconds: CatchUpWindowSeconds,
    /// How many passed slots run at the most.
    #[serde(default)]
    pub max_catch_up_runs: MaxCatchUpRuns,
    /// How late a slot may be queued; a later one is missed. Without it, any time.
    #[serde(default)]
    pub starting_deadline_seconds: Option<StartingDeadlineSeconds>,
    /// By how much slots are spread: each job's slots are put off by the same time, at most this.
    #[serde(default)]
    pub jitter_seconds: JitterSeconds,
    /// How long an execution may wait for its first attempt; one that waits longer is missed. Without
    /// it, any time.
    #[serde(default)]
    pub queue_timeout_seconds: Option<QueueTimeoutSeconds>,
    /// Whether an execution that fails, after all its retries, pauses the job.
    #[serde(default)]
    pub pause_on_failure: bool,
    /// Who goes first where several executions wait.
    #[serde(default)]
    pub priority: Priority,
    /// The jobs that it follows.
    #[serde(default)]
    pub depends_on: Dependencies,
    /// The calendars in whose blackouts its slots are skipped.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub blackout_calendars: Vec<BlackoutCalendarId>,
    /// The labels that a host must have to run it, every one of them; without any, every host may.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub placement: Placement,
}

fn no_description() -> Description {
    Description::default()
}

fn enabled() -> bool {
    true
}
