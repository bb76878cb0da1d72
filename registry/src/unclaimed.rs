//! Executions that end instead of being claimed, and workers that were lost. Every store goes by this.

use jiff::Timestamp;
use sandglass_contract::OutcomeCode;

use crate::execution::{Attempt, Execution, ExecutionStatus};

/// A worker that did not renew its lease.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lost {
    /// When the lease ran out.
    pub(crate) at: Timestamp,
    /// When the attempt began.
    pub(crate) attempt_started_at: Timestamp,
}

impl Lost {
    /// The attempt of the worker.
    pub(crate) fn attempt(&self, execution: &Execution) -> Attempt {
        Attempt {
            attempt: execution.attempt,
            execution_host: execution.execution_host.clone().unwrap_or_default(),
            started_at: self.attempt_started_at,
            completed_at: self.at,
            outcome: OutcomeCode::LeaseLost,
            error: Some("the host that ran it did not renew its lease".to_owned()),
            fuel_used: 0,
            peak_memory_bytes: 0,
            start_delay_us: None,
        }
    }
}

/// How many workers an execution has lost, the present one counted.
pub(crate) fn lost_leases(execution: &Execution, lost: Option<&Lost>) -> u32 {
    let before = execution.attempts.iter();
    let before = before.filter(|it| it.outcome == OutcomeCode::LeaseLost);
    let all = before.count() + usize::from(lost.is_some());
    u32::try_from(all).unwrap_or(u32::MAX)
}

/// Why an execution ends instead of being claimed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// It was to be cancelled when its worker was lost.
    Cancelled,
    /// It has waited too long for its first attempt.
    Overdue,
    /// It has lost so many workers.
    LostTooOften(u32),
}

/// What stands in the record of an execution that ended so.
#[derive(Debug, Clone)]
pub(crate) struct Unclaimed {
    pub(crate) status: ExecutionStatus,
    pub(crate) outcome: Option<OutcomeCode>,
    pub(crate) error: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) completed_at: Timestamp,
    pub(crate) attempts: Vec<Attempt>,
}

impl End {
    /// What stands in the record of `execution`, whose last worker may be `lost`.
    pub(crate) fn of(
        self,
        execution: &Execution,
        lost: Option<&Lost>,
        now: Timestamp,
    ) -> Unclaimed {
        let mut attempts = execution.attempts.clone();
        attempts.extend(lost.map(|lost| lost.attempt(execution)));
        let completed_at = match self {
            Self::Overdue => now,
            _ => lost.map_or(execution.available_at, |lost| lost.at),
        };
        let (status, outcome, error, reason) = match self {
            Self::Cancelled => (
                ExecutionStatus::Cancelled,
                Some(OutcomeCode::Cancelled),
                execution.error.clone(),
                None,
            ),
            Self::Overdue => (
                ExecutionStatus::Missed,
                None,
                None,
                Some(overdue_reason(execution)),
            ),
            Self::LostTooOften(times) => (
                ExecutionStatus::Failed,
                Some(OutcomeCode::LeaseLost),
                Some(format!(
                    "{times} workers were lost while they ran it, and it is not tried again"
                )),
                None,
            ),
        };
        Unclaimed {
            status,
            outcome,
            error,
            reason,
            completed_at,
            attempts,
        }
    }
}

fn overdue_reason(execution: &Execution) -> String {
    match &execution.waits_for {
        Some(gate) => format!("it waited for {gate} longer than queue_timeout_seconds allows"),
        None => "it waited for a free worker longer than queue_timeout_seconds allows".to_owned(),
    }
}
