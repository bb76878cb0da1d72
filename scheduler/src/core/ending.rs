//! What follows an attempt.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{OutcomeCode, outcome};
use sandglass_registry::RetryPolicy;

/// How an attempt ended, as far as the decision needs it.
#[derive(Debug, Clone, Copy)]
pub struct AttemptEnd {
    /// Its outcome.
    pub outcome: OutcomeCode,
    /// Its number; the first is 1.
    pub attempt: u32,
    /// The least wait that the template asked for.
    pub retry_after: Option<Duration>,
    /// When it ended.
    pub at: Timestamp,
}

/// When the next attempt may begin; none where there is no next one.
#[must_use]
pub fn decide_follow_up(end: AttemptEnd, policy: RetryPolicy) -> Option<Timestamp> {
    let may_retry = end.outcome.retry() == outcome::Retry::ByPolicy;
    if !may_retry || end.attempt > policy.max_retries {
        return None;
    }
    let by_policy = Duration::from_secs(policy.retry_delay_seconds.into());
    let delay = end
        .retry_after
        .map_or(by_policy, |asked| asked.max(by_policy));
    let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
    Some(end.at.saturating_add(delay).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcome: OutcomeCode, attempt: u32, asked: Option<u64>, expect_seconds: Option<i64>) {
        let end = AttemptEnd {
            outcome,
            attempt,
            retry_after: asked.map(Duration::from_secs),
            at: Timestamp::UNIX_EPOCH,
        };
        let policy = RetryPolicy {
            max_retries: 2,
            retry_delay_seconds: 30,
        };
        let seconds = decide_follow_up(end, policy).map(Timestamp::as_second);
        assert_eq!(seconds, expect_seconds, "{outcome} {attempt} {asked:?}");
    }

    #[test]
    fn attempts_follow_as_the_policy_and_the_outcome_allow() {
        check(OutcomeCode::Success, 1, None, None);
        check(OutcomeCode::Failed, 1, None, None);
        check(OutcomeCode::FailedRetryable, 1, None, Some(30));
        check(OutcomeCode::FailedRetryable, 2, None, Some(30));
        check(OutcomeCode::FailedRetryable, 3, None, None);
        check(OutcomeCode::FailedRetryable, 1, Some(5), Some(30));
        check(OutcomeCode::FailedRetryable, 1, Some(90), Some(90));
        check(OutcomeCode::TimedOut, 1, None, Some(30));
        check(OutcomeCode::Cancelled, 1, None, None);
        check(OutcomeCode::FuelLimit, 1, None, None);
        check(OutcomeCode::HostFault, 1, None, Some(30));
    }
}
