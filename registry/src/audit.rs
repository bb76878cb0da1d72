//! The audit log: what was decided, by whom and from where, and what the service noticed about itself.
//!
//! A line stands in the log before its change is made, and is never changed or removed. The lines of an
//! organisation are a chain ([`chain`]), so that whoever changes one of them leaves a trace.

mod actor;
pub mod chain;
mod verdict;

use jiff::Timestamp;
use sandglass_contract::{OrganisationId, TokenId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use actor::Actor;
pub use chain::{AuditHead, AuditLine};
pub use verdict::{AuditFault, AuditVerdict, Verifier};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum AuditAction {
            $($(#[$doc])* $name,)+
        }

        impl AuditAction {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word for it in records and in REST.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

actions! {
    /// The wall clock of a host moved otherwise than time passed.
    ClockJumped = "clock_jumped",
    /// A job was saved.
    JobCreated = "job_created",
    /// A job was changed.
    JobUpdated = "job_updated",
    /// A job was removed.
    JobDeleted = "job_deleted",
    /// The schedule of a job was paused.
    JobPaused = "job_paused",
    /// The schedule of a job goes on.
    JobResumed = "job_resumed",
    /// Somebody started a job by hand.
    JobRun = "job_run",
    /// Somebody asked for an execution to end.
    ExecutionCancelled = "execution_cancelled",
    /// A backfill was begun.
    BackfillStarted = "backfill_started",
    /// A backfill was paused, resumed or cancelled.
    BackfillChanged = "backfill_changed",
    /// A blackout calendar was saved, changed or removed.
    BlackoutCalendarChanged = "blackout_calendar_changed",
    /// A concurrency limit was set or removed.
    ConcurrencyLimitChanged = "concurrency_limit_changed",
    /// The policy of the system was changed.
    PolicyChanged = "policy_changed",
    /// A run did not begin, because the policy does not allow what its job was granted.
    RunBeyondPolicy = "run_beyond_policy",
    /// A host was told to begin nothing new, or to take part again.
    HostOrdered = "host_ordered",
    /// A secret was set or removed.
    SecretChanged = "secret_changed",
    /// A version of a template was uploaded.
    TemplateUploaded = "template_uploaded",
    /// A version of a template was approved.
    TemplateApproved = "template_approved",
    /// A version of a template was rejected.
    TemplateRejected = "template_rejected",
    /// A version of a template was retired.
    TemplateRetired = "template_retired",
    /// A host call was refused, since the grant of the job does not cover it.
    CapabilityDenied = "capability_denied",
    /// A request was refused, since the caller's role or token does not allow it.
    AccessDenied = "access_denied",
    /// A user was made.
    UserCreated = "user_created",
    /// A user's role or status was changed.
    UserUpdated = "user_updated",
    /// A password was set.
    PasswordChanged = "password_changed",
    /// Somebody signed in.
    LoginSucceeded = "login_succeeded",
    /// Somebody tried to sign in and was refused.
    LoginFailed = "login_failed",
    /// Somebody signed out.
    LoggedOut = "logged_out",
    /// An API token was made.
    TokenCreated = "token_created",
    /// An API token was revoked.
    TokenRevoked = "token_revoked",
    /// The change of an earlier line did not come about.
    ChangeFailed = "change_failed",
}

/// What a line of the audit log says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Whose it is.
    pub org: OrganisationId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it; `system` where the service did.
    pub by: UserId,
    /// The token or session it was done with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// The address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What happened.
    pub action: AuditAction,
    /// What it happened to, such as a job's id or a host's name.
    pub target: String,
    /// Why, in the words of who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The particulars, such as what was there before and after.
    #[schema(value_type = Object)]
    pub detail: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_written_as_its_word() {
        for action in AuditAction::ALL {
            assert_eq!(serde_json::json!(action), action.as_str());
        }
    }
}
