//! Host calls that were refused to a run, for the audit log: one line for each attempt that had any, so
//! that a template which asks a million times does not fill the log.

use sandglass_contract::{CallOutcome, JournalEntry};
use sandglass_registry::{Actor, AuditAction, Execution, Scope};
use serde_json::{Value, json};

use crate::auditor::{Act, Auditor};

/// How many different calls are told; the rest are counted.
const TOLD: usize = 20;

/// What was refused to an attempt.
#[derive(Debug, Default)]
pub(crate) struct Denials {
    calls: Vec<Denied>,
    /// How many calls were refused in all.
    total: u64,
}

#[derive(Debug)]
struct Denied {
    interface: String,
    function: String,
    target: String,
    count: u64,
}

impl Denials {
    /// Notes a call, where it was refused.
    pub(crate) fn note(&mut self, entry: &JournalEntry) {
        if entry.outcome != CallOutcome::Denied {
            return;
        }
        self.total += 1;
        let same = |it: &&mut Denied| {
            it.interface == entry.interface
                && it.function == entry.function
                && it.target == entry.target
        };
        if let Some(known) = self.calls.iter_mut().find(same) {
            known.count += 1;
        } else if self.calls.len() < TOLD {
            self.calls.push(Denied {
                interface: entry.interface.clone(),
                function: entry.function.clone(),
                target: entry.target.clone(),
                count: 1,
            });
        }
    }

    /// Writes the line, where there is anything to tell.
    pub(crate) async fn tell(self, auditor: &Auditor, execution: &Execution) {
        if self.total == 0 {
            return;
        }
        let scope = Scope::of(execution.org.clone());
        let act =
            Act::new(AuditAction::CapabilityDenied, &execution.job_id).with(self.detail(execution));
        if let Err(error) = auditor.note(&scope, &Actor::system(), act).await {
            tracing::error!(
                execution = execution.id.as_str(),
                total = self.total,
                error = &error as &dyn std::error::Error,
                "audit.denials.unwritten"
            );
        }
    }

    fn detail(&self, execution: &Execution) -> Value {
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|it| {
                json!({
                    "interface": it.interface,
                    "function": it.function,
                    "target": it.target,
                    "count": it.count,
                })
            })
            .collect();
        json!({
            "execution_id": execution.id,
            "attempt": execution.attempt,
            "template_type": execution.template_type,
            "total": self.total,
            "calls": calls,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests may panic"
    )]

    use jiff::Timestamp;
    use sandglass_contract::{Digest, Effect};

    use super::*;

    fn entry(target: usize, outcome: CallOutcome) -> JournalEntry {
        JournalEntry {
            attempt: 1,
            seq: 1,
            interface: "database".to_owned(),
            function: "count".to_owned(),
            target: format!("c{target}"),
            request_digest: Digest::of(b""),
            response_digest: None,
            effect: Effect::Read,
            simulated: false,
            outcome,
            detail: None,
            started: Timestamp::UNIX_EPOCH,
            duration_us: None,
        }
    }

    #[test]
    fn many_calls_are_told_in_few_words() {
        let mut denials = Denials::default();
        denials.note(&entry(1, CallOutcome::Ok));
        assert_eq!((denials.total, denials.calls.len()), (0, 0));
        for number in 0..1000 {
            denials.note(&entry(number % 50, CallOutcome::Denied));
        }
        assert_eq!((denials.total, denials.calls.len()), (1000, TOLD));
        let told = &denials.calls[7];
        assert_eq!((told.target.as_str(), told.count), ("c7", 20));
    }
}
