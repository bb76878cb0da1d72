//! A job: a template, its parameters, when to run it, and what it may touch.

mod dependency;
mod number;
mod retry;
mod terms;

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{
    BlackoutCalendarId, Digest, Grant, JobId, LimitSettings, OrganisationId, TemplateId, UserId,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{account::Role, host::Placement, schedule::Schedule};
pub use dependency::{
    Condition, ConditionError, Dependencies, Dependency, DependencyOn, MAX_PARENTS, Require,
};
pub use number::{
    CatchUpWindowSeconds, JitterSeconds, MaxCatchUpRuns, MaxDelaySeconds, MaxRetries, OutOfBounds,
    Priority, QueueTimeoutSeconds, RetryDelaySeconds, StartingDeadlineSeconds, TimeoutSeconds,
};
pub use retry::{Backoff, RetryPolicy};
pub use terms::{CatchUp, CatchUpTerms, OverlapPolicy, Pause, ResumeFrom};

/// The most tags a job may have.
pub const MAX_TAGS: usize = 20;
/// The most addresses that one notification list may have.
pub const MAX_NOTIFIED: usize = 50;
/// The most blackout calendars a job may name.
pub const MAX_BLACKOUT_CALENDARS: usize = 20;

/// A text that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobTextError {
    /// A name or description is empty, too long or not plain.
    #[error("a {what} has {least} to {most} characters and no control characters")]
    Text {
        /// What it would be.
        what: &'static str,
        /// The fewest characters.
        least: usize,
        /// The most characters.
        most: usize,
    },
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal..=$most:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Reads it, without blanks at the ends.
            ///
            /// # Errors
            /// Where it is too short, too long, or holds control characters.
            pub fn parse(text: &str) -> Result<Self, JobTextError> {
                let text = text.trim();
                let length = text.chars().count();
                let plain = !text.chars().any(|it| it.is_control() && it != '\n');
                if plain && ($least..=$most).contains(&length) {
                    return Ok(Self(text.to_owned()));
                }
                Err(JobTextError::Text { what: $what, least: $least, most: $most })
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

pub(crate) use text;

text!(
    /// What people call a job.
    JobText, "job name", 1..=200
);
text!(
    /// A word that jobs are grouped by.
    Tag, "tag", 1..=64
);
text!(
    /// What a job is for.
    #[derive(Default)]
    Description, "description", 0..=2000
);

/// How often a record has been saved; the first is 1. It is the ETag of the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version of something new.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Who gets mail when an execution has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Notifications {
    /// Addresses told of success.
    pub on_success: Vec<String>,
    /// Addresses told of failure, timeout and cancellation.
    pub on_failure: Vec<String>,
}

/// A job. Its members are those of the `dynamic_jobs` collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: JobId,
    /// Whose it is.
    pub org: OrganisationId,
    /// What people call it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub name: JobText,
    /// What it is for.
    #[schema(value_type = String, max_length = 2000)]
    pub description: Description,
    /// The template it runs.
    pub template_type: TemplateId,
    /// The version of the template.
    pub template_version: String,
    /// The digest of that version's component.
    pub template_digest: Digest,
    /// What the template is given.
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// When it runs.
    pub schedule: Schedule,
    /// Whether its schedule is followed. It can be run by hand in any case.
    pub enabled: bool,
    /// Why its schedule is not followed, where somebody or `pause_on_failure` has paused it.
    #[serde(default)]
    pub pause: Option<Pause>,
    /// What happens to a slot that comes while an earlier execution is not finished.
    #[serde(default)]
    pub overlap_policy: OverlapPolicy,
    /// Which of the slots run that passed while no host was there.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How old a passed slot may be and still run.
    #[serde(default)]
    pub catch_up_window_seconds: CatchUpWindowSeconds,
    /// How many passed slots run at the most.
    #[serde(default)]
    pub max_catch_up_runs: MaxCatchUpRuns,
    /// How late a slot may be queued; a later one is missed.
    #[serde(default)]
    pub starting_deadline_seconds: Option<StartingDeadlineSeconds>,
    /// By how much slots are spread: each job's slots are put off by the same time, at most this.
    #[serde(default)]
    pub jitter_seconds: JitterSeconds,
    /// How long an execution may wait for its first attempt; one that waits longer is missed.
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
    pub blackout_calendars: Vec<BlackoutCalendarId>,
    /// The labels that a host must have to run it, every one of them.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub placement: Placement,
    /// How long an attempt may take.
    pub timeout_seconds: TimeoutSeconds,
    /// What follows a failed attempt.
    pub retry_policy: RetryPolicy,
    /// Who is told.
    pub notifications: Notifications,
    /// The limits that differ from the defaults.
    #[schema(value_type = Object)]
    pub limits: LimitSettings,
    /// Words it is grouped by.
    #[schema(value_type = Vec<String>, max_items = 20)]
    pub tags: Vec<Tag>,
    /// What a run may touch, computed from the parameters when the job was saved.
    pub grant: Grant,
    /// The role of whoever saved this grant. The policy for that role binds its runs.
    #[serde(default = "role_before_there_were_others")]
    pub granted_as: Role,
    /// Who made it.
    pub created_by: UserId,
    /// Who changed it last.
    pub updated_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When it last began to run.
    pub last_run_at: Option<Timestamp>,
    /// When it is due next.
    pub next_run_at: Option<Timestamp>,
    /// How often it has been saved.
    pub version: Version,
}

/// The role of whoever saved a job that does not say so.
const fn role_before_there_were_others() -> Role {
    Role::SuperAdmin
}

impl Job {
    /// The moment at which `slot` is fired: later by the job's share of `jitter_seconds`.
    #[must_use]
    pub fn due_at(&self, slot: Timestamp) -> Timestamp {
        let put_off = terms::jitter_milliseconds(&self.id, self.jitter_seconds.get());
        slot.saturating_add(SignedDuration::from_millis(put_off))
            .unwrap_or(slot)
    }

    /// Its terms for catching up.
    #[must_use]
    pub const fn catch_up_terms(&self) -> CatchUpTerms {
        CatchUpTerms {
            which: self.catch_up,
            window: self.catch_up_window_seconds,
            most: self.max_catch_up_runs,
        }
    }
}
