//! Identifiers, each its own type, so that a job's id cannot stand where an execution's belongs.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use ulid::Ulid;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use crate::digest::Digest;

/// The longest identifier, in characters.
pub const MAX_ID_LENGTH: usize = 128;

/// A text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a {what} is 1 to {MAX_ID_LENGTH} characters of A-Z a-z 0-9 _ - . @, and starts with a letter or digit"
)]
pub struct IdError {
    what: &'static str,
}

fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID_LENGTH
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte))
}

fn is_template_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The OpenAPI schema of an identifier.
fn text_schema(what: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(what))
        .max_length(Some(MAX_ID_LENGTH))
        .into()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Reads an identifier.
            ///
            /// # Errors
            /// Where the text breaks the rule that the error states.
            pub fn parse(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if $rule(&text) { Ok(Self(text)) } else { Err(IdError { what: $what }) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text_schema($what)
            }
        }

        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

macro_rules! fresh {
    ($name:ident, $prefix:literal) => {
        impl $name {
            #[doc = concat!("A new identifier, `", $prefix, "` and a ULID, ordered by time of making.")]
            #[must_use]
            pub fn fresh(now: Timestamp) -> Self {
                let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
                let ulid = Ulid::from_parts(milliseconds, rand::random());
                Self(format!("{}{}", $prefix, ulid.to_string().to_ascii_lowercase()))
            }
        }
    };
}

id!(
    /// A job: `job_…`.
    JobId, "job id", is_id
);
id!(
    /// An execution: `<job>@<milliseconds>` for a slot of a schedule, `exec_…` for any other.
    ExecutionId, "execution id", is_id
);
id!(
    /// A template, as `template_type` names it: `[a-z][a-z0-9_]{0,63}`.
    TemplateId, "template id ([a-z][a-z0-9_]*, at most 64)", is_template_id
);
id!(
    /// An organisation: every record belongs to one.
    OrganisationId, "organisation id", is_id
);
id!(
    /// Somebody who may sign in or hold tokens.
    UserId, "user id", is_id
);
id!(
    /// A backfill: `backfill_…`.
    BackfillId, "backfill id", is_id
);
id!(
    /// An API token: the part of it that is not secret.
    TokenId, "token id", is_id
);
id!(
    /// A blackout calendar: `cal_…`.
    BlackoutCalendarId, "blackout calendar id", is_id
);
id!(
    /// The name of a secret.
    SecretName, "secret name", is_id
);
id!(
    /// A process that takes part as a host, from its start to its end: `host_…`.
    HostInstanceId, "host instance id", is_id
);

fresh!(JobId, "job_");
fresh!(ExecutionId, "exec_");
fresh!(BackfillId, "backfill_");
fresh!(BlackoutCalendarId, "cal_");
fresh!(HostInstanceId, "host_");

impl ExecutionId {
    /// The identity of a slot: the same whoever computes it, so that the second to insert it finds it
    /// taken.
    #[must_use]
    pub fn of_slot(job: &JobId, scheduled_for: Timestamp) -> Self {
        Self(format!("{job}@{}", scheduled_for.as_millisecond()))
    }

    /// The identity of a slot that a backfill runs again.
    #[must_use]
    pub fn of_backfill(backfill: &BackfillId, scheduled_for: Timestamp) -> Self {
        Self(format!("{backfill}@{}", scheduled_for.as_millisecond()))
    }

    /// The identity of the execution of `child` that follows from `cause`: the same whoever computes
    /// it, so that a cause has one effect.
    #[must_use]
    pub fn of_chain(child: &JobId, cause: &Self) -> Self {
        let digest = Digest::of(format!("{child} after {cause}").as_bytes()).to_string();
        let short: String = digest.chars().take(32).collect();
        Self(format!("exec_{short}"))
    }
}

impl UserId {
    /// Who acts where the service itself does.
    #[must_use]
    pub fn system() -> Self {
        Self("system".to_owned())
    }

    /// Who acts where nobody has proved who it is.
    #[must_use]
    pub fn anonymous() -> Self {
        Self("anonymous".to_owned())
    }

    /// Whether records mean the service itself, a part of it, or nobody by this id, so that no user may
    /// have it.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        ["system", "anonymous", "sandglass"].contains(&self.as_str())
    }
}

impl Default for OrganisationId {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn check(text: &str, expect: bool) {
        assert_eq!(JobId::parse(text).is_ok(), expect, "{text:?}");
    }

    #[test]
    fn ids_are_short_plain_ascii() {
        check("job_123", true);
        check("job_1@17000", true);
        check("", false);
        check("_job", false);
        check("job/1", false);
        check("jöb", false);
        check("a\n", false);
        check(&"a".repeat(128), true);
        check(&"a".repeat(129), false);
    }

    #[test]
    fn a_slot_has_one_identity() {
        let job = JobId::parse("job_123").unwrap();
        let at = Timestamp::from_millisecond(1_760_580_000_000).unwrap();
        assert_eq!(
            ExecutionId::of_slot(&job, at).as_str(),
            "job_123@1760580000000"
        );
    }

    #[test]
    fn fresh_ids_are_ids_and_differ() {
        let now = Timestamp::UNIX_EPOCH;
        let (first, second) = (JobId::fresh(now), JobId::fresh(now));
        assert_ne!(first, second);
        assert_eq!(JobId::parse(first.as_str()), Ok(first));
    }
}
