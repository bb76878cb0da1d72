//! How an attempt can end: one table that says who is to blame and whether to try again.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whose fault an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Nobody's.
    Nobody,
    /// The template, or the parameters it was given.
    Guest,
    /// The service or what it depends on.
    Host,
    /// Somebody decided it.
    Operator,
}

/// Whether another attempt can end differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would end the same way.
    Never,
    /// If the job's retry policy has attempts left.
    ByPolicy,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeCode {
    /// The template returned a result.
    Success,
    /// The template returned a permanent error.
    Failed,
    /// The template returned an error that may pass.
    FailedRetryable,
    /// Somebody asked for the run to stop.
    Cancelled,
    /// The job's timeout passed.
    TimedOut,
    /// The template asked for more memory than its limit.
    MemoryLimit,
    /// The template used up its fuel.
    FuelLimit,
    /// The template used up another limit, such as the size of what a call may carry.
    LimitExceeded,
    /// The template recursed too deeply.
    StackOverflow,
    /// The template stopped itself: a panic, an abort, an unreachable instruction.
    GuestPanic,
    /// The template did something a WebAssembly machine refuses, such as reading outside its memory.
    GuestFault,
    /// The template broke the rules of the component model, such as a list longer than its memory.
    AbiViolation,
    /// The template's result is not JSON or larger than its limit.
    InvalidResult,
    /// The template cannot be run on this host at all.
    InvalidTemplate,
    /// The policy of the system does not allow what the job was granted; it did not begin.
    BeyondPolicy,
    /// No place was free to run it.
    HostBusy,
    /// The service failed.
    HostFault,
    /// The host that ran it lost its lease, by a crash or by losing touch with the store.
    LeaseLost,
    /// The host that ran it was shut down and gave the execution back.
    Interrupted,
}

impl OutcomeCode {
    /// Every outcome.
    pub const ALL: [Self; 19] = [
        Self::Success,
        Self::Failed,
        Self::FailedRetryable,
        Self::Cancelled,
        Self::TimedOut,
        Self::MemoryLimit,
        Self::FuelLimit,
        Self::LimitExceeded,
        Self::StackOverflow,
        Self::GuestPanic,
        Self::GuestFault,
        Self::AbiViolation,
        Self::InvalidResult,
        Self::InvalidTemplate,
        Self::BeyondPolicy,
        Self::HostBusy,
        Self::HostFault,
        Self::LeaseLost,
        Self::Interrupted,
    ];

    const fn row(self) -> (&'static str, Blame, Retry) {
        use Blame::{Guest, Host, Nobody, Operator};
        use Retry::{ByPolicy, Never};
        match self {
            Self::Success => ("success", Nobody, Never),
            Self::Failed => ("failed", Guest, Never),
            Self::FailedRetryable => ("failed_retryable", Guest, ByPolicy),
            Self::Cancelled => ("cancelled", Operator, Never),
            Self::TimedOut => ("timed_out", Guest, ByPolicy),
            Self::MemoryLimit => ("memory_limit", Guest, Never),
            Self::FuelLimit => ("fuel_limit", Guest, Never),
            Self::LimitExceeded => ("limit_exceeded", Guest, Never),
            Self::StackOverflow => ("stack_overflow", Guest, Never),
            Self::GuestPanic => ("guest_panic", Guest, Never),
            Self::GuestFault => ("guest_fault", Guest, Never),
            Self::AbiViolation => ("abi_violation", Guest, Never),
            Self::InvalidResult => ("invalid_result", Guest, Never),
            Self::InvalidTemplate => ("invalid_template", Guest, Never),
            Self::BeyondPolicy => ("beyond_policy", Operator, Never),
            Self::HostBusy => ("host_busy", Host, ByPolicy),
            Self::HostFault => ("host_fault", Host, ByPolicy),
            Self::LeaseLost => ("lease_lost", Host, ByPolicy),
            Self::Interrupted => ("interrupted", Host, ByPolicy),
        }
    }

    /// Its word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn blame(self) -> Blame {
        self.row().1
    }

    /// Whether another attempt can end differently.
    #[must_use]
    pub const fn retry(self) -> Retry {
        self.row().2
    }
}

impl fmt::Display for OutcomeCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn the_table_of_outcomes() {
        let table: Vec<String> = OutcomeCode::ALL
            .into_iter()
            .map(|code| {
                assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
                format!("{code} {:?} {:?}", code.blame(), code.retry())
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        success Nobody Never
        failed Guest Never
        failed_retryable Guest ByPolicy
        cancelled Operator Never
        timed_out Guest ByPolicy
        memory_limit Guest Never
        fuel_limit Guest Never
        limit_exceeded Guest Never
        stack_overflow Guest Never
        guest_panic Guest Never
        guest_fault Guest Never
        abi_violation Guest Never
        invalid_result Guest Never
        invalid_template Guest Never
        beyond_policy Operator Never
        host_busy Host ByPolicy
        host_fault Host ByPolicy
        lease_lost Host ByPolicy
        interrupted Host ByPolicy
        ");
    }
}
