//! What follows an attempt.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{ExecutionId, OutcomeCode, outcome};
use sandglass_registry::RetryPolicy;

/// How an attempt ended, as far as the decision needs it.
#[derive(Debug, Clone)]
pub struct AttemptEnd<'a> {
    /// The execution.
    pub execution: &'a ExecutionId,
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
pub fn decide_follow_up(end: &AttemptEnd<'_>, policy: &RetryPolicy) -> Option<Timestamp> {
    if end.outcome == OutcomeCode::Interrupted {
        return Some(end.at);
    }
    let may_retry = end.outcome.retry() == outcome::Retry::ByPolicy;
    if !may_retry || end.attempt > policy.max_retries.get() {
        return None;
    }
    let whole = policy.delay_after(end.attempt);
    let by_policy = match policy.jitter {
        true => whole / 2 + (whole / 2).mul_f64(share(end.execution, end.attempt)),
        false => whole,
    };
    let delay = end
        .retry_after
        .map_or(by_policy, |asked| asked.max(by_policy));
    let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
    Some(end.at.saturating_add(delay).unwrap_or(Timestamp::MAX))
}

/// A number from 0 to 1 that is spread evenly over executions and attempts, and the same whoever asks
/// (FNV-1a, its bits mixed once more).
fn share(execution: &ExecutionId, attempt: u32) -> f64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = execution.as_str().bytes().chain(attempt.to_le_bytes());
    let hash = bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let part = u32::try_from(mixed >> 32).unwrap_or(0);
    f64::from(part) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use serde_json::json;

    fn after(policy: &serde_json::Value, end: &AttemptEnd<'_>) -> Option<f64> {
        let policy: RetryPolicy = serde_json::from_value(policy.clone()).unwrap();
        let next = decide_follow_up(end, &policy)?;
        Some(next.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64())
    }

    fn end(execution: &ExecutionId, outcome: OutcomeCode, attempt: u32) -> AttemptEnd<'_> {
        AttemptEnd {
            execution,
            outcome,
            attempt,
            retry_after: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn check(outcome: OutcomeCode, attempt: u32, asked: Option<u64>, expect: Option<f64>) {
        let execution = ExecutionId::parse("exec_1").unwrap();
        let end = AttemptEnd {
            retry_after: asked.map(Duration::from_secs),
            ..end(&execution, outcome, attempt)
        };
        let policy = json!({"max_retries": 2, "retry_delay_seconds": 30});
        assert_eq!(
            after(&policy, &end),
            expect,
            "{outcome} {attempt} {asked:?}"
        );
    }

    #[test]
    fn attempts_follow_as_the_policy_and_the_outcome_allow() {
        check(OutcomeCode::Success, 1, None, None);
        check(OutcomeCode::Failed, 1, None, None);
        check(OutcomeCode::FailedRetryable, 1, None, Some(30.0));
        check(OutcomeCode::FailedRetryable, 2, None, Some(30.0));
        check(OutcomeCode::FailedRetryable, 3, None, None);
        check(OutcomeCode::FailedRetryable, 1, Some(5), Some(30.0));
        check(OutcomeCode::FailedRetryable, 1, Some(90), Some(90.0));
        check(OutcomeCode::TimedOut, 1, None, Some(30.0));
        check(OutcomeCode::Cancelled, 1, None, None);
        check(OutcomeCode::FuelLimit, 1, None, None);
        check(OutcomeCode::HostFault, 1, None, Some(30.0));
        check(OutcomeCode::Interrupted, 1, None, Some(0.0));
        check(OutcomeCode::Interrupted, 9, None, Some(0.0));
    }

    #[test]
    fn jitter_draws_from_between_half_of_the_wait_and_the_whole() {
        let policy = json!({"max_retries": 9, "retry_delay_seconds": 100, "jitter": true});
        let mut seen = Vec::new();
        for number in 0..200 {
            let execution = ExecutionId::parse(format!("exec_{number}")).unwrap();
            let end = end(&execution, OutcomeCode::FailedRetryable, 1);
            let wait = after(&policy, &end).unwrap();
            assert_eq!(after(&policy, &end), Some(wait));
            assert!((50.0..=100.0).contains(&wait), "{wait}");
            seen.push(wait);
        }
        let early = seen.iter().filter(|wait| **wait < 75.0).count();
        assert!((60..140).contains(&early), "{early} of 200");
    }
}
