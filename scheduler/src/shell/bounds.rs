//! What binds a run beside its grant: the policy as it is now.
//!
//! A job keeps the grant that it was saved with. Where the policy has become narrower since, the run does
//! not begin, and its record says what the policy does not allow.

use sandglass_contract::{Excess, LimitSettings, OutcomeCode};
use sandglass_host::RunReport;
use sandglass_registry::{Actor, AuditAction, Scope, StoreError, policy, store::Claimed};
use serde_json::json;

use super::runs::did_not_run;
use crate::{auditor::Act, service::Shared};

/// The most that the limits of a run may be.
///
/// # Errors
/// How the attempt ends, where the run may not begin.
pub(super) async fn bounds(shared: &Shared, claimed: &Claimed) -> Result<LimitSettings, RunReport> {
    let Claimed { execution, job } = claimed;
    let scope = Scope::of(execution.org.clone());
    let policy = match shared.policies.for_run(&scope).await {
        Ok(policy) => policy,
        Err(error) => return Err(could_not_read(&error)),
    };
    let beyond = policy.beyond(job.granted_as, &execution.grant);
    if beyond.is_empty() {
        return Ok(policy.limits(job.granted_as));
    }
    note(shared, claimed, &beyond).await;
    let detail = policy::told(&beyond);
    let message = format!("the policy does not allow what the job was granted: {detail}");
    Err(did_not_run(OutcomeCode::BeyondPolicy, message))
}

fn could_not_read(error: &StoreError) -> RunReport {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "policy.read.failed"
    );
    let message = format!("the policy could not be read: {error}");
    did_not_run(OutcomeCode::HostFault, message)
}

/// Adds a line to the audit log. The record of the execution says the same, so that the run is refused
/// even where the line cannot be added.
async fn note(shared: &Shared, claimed: &Claimed, beyond: &[Excess]) {
    let Claimed { execution, job } = claimed;
    let act = Act::new(AuditAction::RunBeyondPolicy, &job.id)
        .with(json!({"execution_id": execution.id, "beyond": beyond}));
    let scope = Scope::of(execution.org.clone());
    let noted = shared.auditor.note(&scope, &Actor::system(), act).await;
    if let Err(error) = noted {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "audit.append.failed"
        );
    }
}
