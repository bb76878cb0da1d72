//! Numbers of a job, each with its bounds.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

/// A number that is out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is from {least} to {most}")]
pub struct OutOfBounds {
    what: &'static str,
    least: u32,
    most: u32,
}

/// A number as JSON holds it, brought within bounds or refused.
fn within(value: u64, what: &'static str, least: u32, most: u32) -> Result<u32, OutOfBounds> {
    u32::try_from(value)
        .ok()
        .filter(|value| (least..=most).contains(value))
        .ok_or(OutOfBounds { what, least, most })
}

/// The OpenAPI schema of a number.
fn number_schema(what: &str, least: u32, most: u32, default: u32) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some(what))
        .minimum(Some(least))
        .maximum(Some(most))
        .default(Some(default.into()))
        .into()
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal..=$most:literal, $default:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                number_schema($what, $least, $most, $default)
            }
        }

        impl utoipa::ToSchema for $name {}

        impl $name {
            /// Reads it.
            ///
            /// # Errors
            /// Where it is out of bounds.
            pub fn new(value: u64) -> Result<Self, OutOfBounds> {
                within(value, $what, $least, $most).map(Self)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(u64::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

number!(
    /// How long an attempt may take, in seconds: up to 7 days.
    TimeoutSeconds, "timeout_seconds", 1..=604_800, 3600
);
number!(
    /// How many attempts may follow the first.
    MaxRetries, "max_retries", 0..=100, 0
);
number!(
    /// The wait before the first retry, in seconds: up to a day.
    RetryDelaySeconds, "retry_delay_seconds", 0..=86_400, 60
);
number!(
    /// The longest wait before a retry, in seconds: up to a day.
    MaxDelaySeconds, "max_delay_seconds", 1..=86_400, 3600
);
number!(
    /// How old a passed slot may be and still be caught up, in seconds: up to a year.
    CatchUpWindowSeconds, "catch_up_window_seconds", 1..=31_536_000, 86_400
);
number!(
    /// How many passed slots are caught up at the most.
    MaxCatchUpRuns, "max_catch_up_runs", 1..=1000, 100
);
number!(
    /// How late a slot may begin, in seconds: up to a year.
    StartingDeadlineSeconds, "starting_deadline_seconds", 1..=31_536_000, 3600
);
number!(
    /// By how much slots are spread, in seconds: up to a day.
    JitterSeconds, "jitter_seconds", 0..=86_400, 0
);
number!(
    /// How long an execution may wait for its first attempt, in seconds: up to 7 days.
    QueueTimeoutSeconds, "queue_timeout_seconds", 1..=604_800, 3600
);
number!(
    /// Who goes first where several wait: 9 before 0.
    Priority, "priority", 0..=9, 5
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_bounds() {
        let check = |value, expect: Result<u32, &str>| {
            let read = Priority::new(value).map(Priority::get);
            assert_eq!(
                read.map_err(|error| error.to_string()),
                expect.map_err(str::to_owned)
            );
        };
        check(0, Ok(0));
        check(9, Ok(9));
        check(10, Err("priority is from 0 to 9"));
        check(u64::MAX, Err("priority is from 0 to 9"));
        assert_eq!(Priority::default().get(), 5);
    }
}
