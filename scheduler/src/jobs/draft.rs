//! A job as somebody writes it: whole for a new one, in parts for a change.

use std::collections::BTreeMap;

use sandglass_contract::TemplateId;
use sandglass_registry::{
    Job, JobText, Notifications, RetryPolicy, Schedule, Tag, TimeoutSeconds, job::Description,
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
}

fn no_description() -> Description {
    Description::default()
}

fn enabled() -> bool {
    true
}

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
}

impl JobPatch {
    /// `job` with these changes.
    pub(super) fn over(self, job: &Job) -> JobDraft {
        let job = job.clone();
        let same_template = match &self.template_type {
            Some(template) => *template == job.template_type,
            None => true,
        };
        let kept_version = same_template.then_some(job.template_version);
        JobDraft {
            name: self.name.unwrap_or(job.name),
            description: self.description.unwrap_or(job.description),
            template_type: self.template_type.unwrap_or(job.template_type),
            template_version: self.template_version.or(kept_version),
            parameters: self.parameters.unwrap_or(job.parameters),
            schedule: self.schedule.unwrap_or(job.schedule),
            enabled: self.enabled.unwrap_or(job.enabled),
            timeout_seconds: self.timeout_seconds.unwrap_or(job.timeout_seconds),
            retry_policy: self.retry_policy.unwrap_or(job.retry_policy),
            notifications: self.notifications.unwrap_or(job.notifications),
            limits: self.limits.unwrap_or_else(|| job.limits.to_map()),
            tags: self.tags.unwrap_or(job.tags),
        }
    }
}
