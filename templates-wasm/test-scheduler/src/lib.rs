//! The template `test_scheduler`: a job that shows that scheduling, retries, progress and logs work.
//!
//! It needs no capability and imports none.

use sandglass_sdk::{
    CapabilityRequest, Context, Host, JobError, JobTemplate, Metadata, Outcome, ResourceUsage,
    RiskLevel, info,
};
use serde_json::json;

/// How many rounds of mixing one work unit is.
const ROUNDS_PER_UNIT: u64 = 1000;

/// What the test job does.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// The text that each step writes to the log.
    #[schemars(title = "Message", length(max = 1000))]
    #[serde(default = "default_message")]
    message: String,
    /// How many steps the run has; each writes a line and reports progress.
    #[schemars(title = "Steps", range(max = 1000))]
    #[serde(default = "one")]
    steps: u32,
    /// How many attempts of a run fail, so that retries can be watched.
    #[schemars(title = "Failing attempts", range(max = 100))]
    #[serde(default)]
    fail_attempts: u32,
    /// Computing in each step, in thousands of rounds; always the same work for the same number.
    #[schemars(title = "Work units", range(max = 100_000))]
    #[serde(default)]
    work_units: u32,
}

fn default_message() -> String {
    "The scheduler works".into()
}

fn one() -> u32 {
    1
}

/// The template.
#[derive(Debug)]
pub struct TestScheduler;

sandglass_sdk::export_template!(TestScheduler);

impl JobTemplate for TestScheduler {
    type Parameters = Parameters;

    fn metadata() -> Metadata {
        Metadata {
            id: "test_scheduler".into(),
            name: "Test Scheduler".into(),
            description:
                "Writes log lines and reports progress, and fails when asked to: shows that \
                          scheduling works."
                    .into(),
            version: env!("CARGO_PKG_VERSION").into(),
            category: "testing".into(),
            icon: "🧪".into(),
            estimated_duration: "less than a second".into(),
            resource_usage: ResourceUsage::Low,
            risk_level: RiskLevel::Low,
        }
    }

    fn capabilities(_: &Parameters) -> Vec<CapabilityRequest> {
        Vec::new()
    }

    fn execute<H: Host>(
        host: &H,
        context: &Context,
        parameters: Parameters,
    ) -> Result<Outcome, JobError> {
        let Parameters {
            message,
            steps,
            fail_attempts,
            work_units,
        } = parameters;
        let started = host.monotonic();
        info!(host, attempt = context.attempt, steps = steps; "Starting the test job");
        if context.attempt <= fail_attempts {
            return Err(JobError::retryable(format!(
                "Attempt {} fails because the first {fail_attempts} are asked to fail",
                context.attempt
            )));
        }
        let mut checksum = 0;
        for step in 1..=steps {
            if host.is_cancelled() {
                return Err(JobError::permanent(format!(
                    "The run was cancelled after {} of {steps} steps",
                    step - 1
                )));
            }
            checksum = work(checksum, work_units);
            info!(host, step = step; "{message}");
            host.report_progress(step.into(), Some(steps.into()), Some(&message));
        }
        Ok(Outcome::new(
            json!({
                "steps": steps,
                "attempt": context.attempt,
                "scheduled_at": context.scheduled_at,
                "delay_ms": host.now().saturating_sub(context.scheduled_at),
                "elapsed_ns": host.monotonic().saturating_sub(started),
                "random": host.random_number().to_string(),
                "checksum": format!("{checksum:016x}"),
            }),
            format!("Completed {steps} steps"),
        ))
    }
}

/// Mixes bits for a fixed number of rounds (xorshift, Marsaglia 2003); the result depends on every
/// round, so that none is optimised away.
fn work(seed: u64, units: u32) -> u64 {
    let rounds = u64::from(units) * ROUNDS_PER_UNIT;
    (0..rounds).fold(seed | 1, |state, round| {
        let mut state = state ^ round.wrapping_add(1);
        state ^= state << 13;
        state ^= state >> 7;
        state ^ (state << 17)
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests may panic"
    )]

    use super::*;
    use sandglass_sdk::testing::{Failure, MemoryHost, context, run};

    #[test]
    fn without_parameters_there_is_one_step() {
        let host = MemoryHost::new().with_now(context().scheduled_at + 1500);
        let outcome = run::<TestScheduler>(&host, &context(), &json!({})).unwrap();
        assert_eq!(outcome.message, "Completed 1 steps");
        assert_eq!(outcome.result["delay_ms"], 1500);
        assert_eq!(outcome.result["attempt"], 1);
        assert_eq!(
            host.log_lines().last().unwrap().message,
            "The scheduler works"
        );
    }

    #[test]
    fn every_step_is_logged_and_reported() {
        let host = MemoryHost::new();
        let parameters = json!({"steps": 3, "message": "tick", "workUnits": 2});
        let outcome = run::<TestScheduler>(&host, &context(), &parameters).unwrap();
        let done: Vec<_> = host.progress().iter().map(|report| report.done).collect();
        assert_eq!(done, [1, 2, 3]);
        assert_eq!(host.log_lines().len(), 4);
        let again = run::<TestScheduler>(&MemoryHost::new(), &context(), &parameters).unwrap();
        assert_eq!(again.result["checksum"], outcome.result["checksum"]);
    }

    #[test]
    fn only_the_first_attempts_fail_and_may_be_retried() {
        let parameters = json!({"failAttempts": 2});
        for (attempt, fails) in [(1, true), (2, true), (3, false)] {
            let context = Context {
                attempt,
                ..context()
            };
            let result = run::<TestScheduler>(&MemoryHost::new(), &context, &parameters);
            let retryable = matches!(result, Err(Failure::Failed(JobError::Retryable(_))));
            assert_eq!(retryable, fails, "attempt {attempt}");
            assert_eq!(result.is_ok(), !fails, "attempt {attempt}");
        }
    }

    #[test]
    fn a_cancelled_run_stops_between_steps() {
        let host = MemoryHost::new().cancelled_after(2);
        let failure = run::<TestScheduler>(&host, &context(), &json!({"steps": 5})).unwrap_err();
        let Failure::Failed(error) = failure else {
            unreachable!()
        };
        assert_eq!(error.message(), "The run was cancelled after 2 of 5 steps");
    }

    #[test]
    fn parameters_beyond_the_bounds_or_unknown_are_refused() {
        let schema = sandglass_sdk::export::schema::<TestScheduler>();
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(schema["properties"]["steps"]["maximum"], 1000);
        for parameters in [
            json!({"steps": 1001}),
            json!({"failAttempts": 101}),
            json!({"workUnits": 100_001}),
            json!({"message": "x".repeat(1001)}),
            json!({"step": 1}),
        ] {
            let result = run::<TestScheduler>(&MemoryHost::new(), &context(), &parameters);
            assert!(matches!(result, Err(Failure::Refused(_))), "{parameters}");
        }
    }
}
