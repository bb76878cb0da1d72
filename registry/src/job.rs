//! A job: a template, its parameters, when to run it, and what it may touch.

use jiff::Timestamp;
use sandglass_contract::{Digest, Grant, JobId, LimitSettings, OrganisationId, TemplateId, UserId};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::schedule::Schedule;

/// The most tags a job may have.
pub const MAX_TAGS: usize = 20;
/// The most addresses that one notification list may have.
pub const MAX_NOTIFIED: usize = 50;

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
    /// A number is out of range.
    #[error("{what} is from {least} to {most}")]
    Range {
        /// The number's name.
        what: &'static str,
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal..=$most:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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

/// How long an attempt may take: 1 second to 7 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct TimeoutSeconds(u64);

impl TimeoutSeconds {
    const MAX: u64 = 7 * 86_400;

    /// Reads a timeout.
    ///
    /// # Errors
    /// Where it is out of range.
    pub const fn new(seconds: u64) -> Result<Self, JobTextError> {
        if seconds == 0 || seconds > Self::MAX {
            return Err(JobTextError::Range {
                what: "timeout_seconds",
                least: 1,
                most: Self::MAX,
            });
        }
        Ok(Self(seconds))
    }

    /// The timeout.
    #[must_use]
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0)
    }
}

impl Default for TimeoutSeconds {
    fn default() -> Self {
        Self(3600)
    }
}

impl<'de> Deserialize<'de> for TimeoutSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// What happens after an attempt that may end differently the next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// How many attempts may follow the first: 0 to 100.
    #[serde(deserialize_with = "max_retries")]
    #[schema(maximum = 100)]
    pub max_retries: u32,
    /// How long to wait before each, in seconds: 0 to a day.
    #[serde(deserialize_with = "retry_delay")]
    #[schema(maximum = 86400)]
    pub retry_delay_seconds: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 0,
            retry_delay_seconds: 60,
        }
    }
}

fn within<'de, D: Deserializer<'de>>(
    deserializer: D,
    what: &'static str,
    most: u32,
) -> Result<u32, D::Error> {
    let value = u64::deserialize(deserializer)?;
    u32::try_from(value)
        .ok()
        .filter(|value| *value <= most)
        .ok_or_else(|| {
            D::Error::custom(JobTextError::Range {
                what,
                least: 0,
                most: most.into(),
            })
        })
}

fn max_retries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, "max_retries", 100)
}

fn retry_delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, "retry_delay_seconds", 86_400)
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
