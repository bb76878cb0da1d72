//! What follows an attempt that may end differently the next time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::{MaxDelaySeconds, MaxRetries, RetryDelaySeconds};

/// How the wait before a retry grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// It is the same each time.
    #[default]
    Fixed,
    /// It doubles each time.
    Exponential,
}

/// What happens after an attempt that may end differently the next time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// How many attempts may follow the first.
    pub max_retries: MaxRetries,
    /// How long to wait before the first of them.
    pub retry_delay_seconds: RetryDelaySeconds,
    /// How the wait grows.
    pub backoff: Backoff,
    /// The longest wait.
    pub max_delay_seconds: MaxDelaySeconds,
    /// Whether each wait is drawn from between half of it and the whole, so that what failed together
    /// is not tried again together.
    pub jitter: bool,
}

impl RetryPolicy {
    /// The wait after attempt number `attempt`, the first being 1, before any jitter.
    #[must_use]
    pub fn delay_after(&self, attempt: u32) -> Duration {
        let first = u64::from(self.retry_delay_seconds.get());
        let most = u64::from(self.max_delay_seconds.get());
        let delay = match self.backoff {
            Backoff::Fixed => first,
            Backoff::Exponential => {
                let doublings = attempt.saturating_sub(1).min(32);
                first.saturating_mul(1 << doublings)
            }
        };
        // A fixed wait is what somebody wrote, so that only a growing one is capped.
        match self.backoff {
            Backoff::Fixed => Duration::from_secs(delay),
            Backoff::Exponential => Duration::from_secs(delay.min(most)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use serde_json::json;

    #[test]
    fn waits_grow_as_the_backoff_says() {
        let check = |policy: serde_json::Value, expect: [u64; 5]| {
            let read: RetryPolicy = serde_json::from_value(policy).unwrap();
            let waits = [1, 2, 3, 4, 90].map(|attempt| read.delay_after(attempt).as_secs());
            assert_eq!(waits, expect);
        };
        check(json!({}), [60; 5]);
        check(json!({"retry_delay_seconds": 0}), [0; 5]);
        check(
            json!({"retry_delay_seconds": 10, "backoff": "exponential", "max_delay_seconds": 50}),
            [10, 20, 40, 50, 50],
        );
        check(
            json!({"retry_delay_seconds": 7200, "max_delay_seconds": 60}),
            [7200; 5],
        );
    }
}
