//! The plain types that the host, the registry and everything above them share: what a grant is, which
//! limits a run has, how it can end, what the journal says.
//!
//! They are here so that the crate that runs templates and the crate that stores records do not know
//! each other. Nothing here does I/O, apart from the clock, the one place that reads time.

pub mod clock;
pub mod comparison;
pub mod context;
pub mod digest;
pub mod grant;
pub mod ids;
pub mod imports;
pub mod journal;
pub mod json;
pub mod limits;
pub mod log;
pub mod outcome;
pub mod secret;
pub mod signature;
pub mod template;
pub mod text;
pub mod uses;

pub use clock::{Clock, SystemClock};
pub use comparison::{Comparable, Comparison};
pub use context::{ParentResult, RunContext, RunMode};
pub use digest::Digest;
pub use grant::{
    Destination, DestinationError, Excess, Grant, GrantDifference, GrantEntry, GrantError,
    Interface, Method, Operation, Scheme,
};
pub use ids::{
    BackfillId, BlackoutCalendarId, ExecutionId, HostInstanceId, IdError, JobId, OrganisationId,
    SecretName, TemplateId, TokenId, UserId,
};
pub use journal::{CallOutcome, Effect, JournalEntry};
pub use limits::{Limit, LimitError, LimitSettings, Limits};
pub use log::{LogLevel, LogLine, Progress};
pub use outcome::{Blame, OutcomeCode, Retry};
pub use secret::{InvalidSecretValue, SecretValue};
pub use signature::{Signature, SignatureError, Signed, TrustedKeys};
pub use template::{CapabilityRequest, Issue, ResourceUsage, RiskLevel, TemplateMetadata};
pub use uses::{CapabilityUse, UseCounts};
