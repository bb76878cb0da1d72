//! What runs when and where: admission of jobs, slots, workers, and the catalogue of templates.
//!
//! [`core`] decides and does no I/O. Everything else acts: it reads the clock and the store, hands what
//! it finds to the core, and carries out what the core says. Running one template call safely is the
//! host's business, keeping records is the registry's.

pub mod auditor;
pub mod calendar;
pub mod catalogue;
pub mod changes;
pub mod core;
pub mod host;
pub mod jobs;
pub mod notify;
pub mod policies;
pub mod secrets;
pub mod service;

mod arrivals;
mod denials;
mod difference;
mod observer;
mod shell;
#[cfg(test)]
mod testing;

pub use auditor::{Act, Auditor};
pub use calendar::{Calendar, CalendarError, RunFlag, SchedulePreview, UpcomingRun};
pub use catalogue::{
    Catalogue, CatalogueError, DecisionRequest, JobsCheck, SignaturePolicy, SignatureReport,
    SignatureRequirement,
};
pub use changes::Changes;
pub use difference::difference;
pub use host::{HostIdentity, NameError, take_name};
pub use jobs::{
    BackfillRequest, ChainNode, Changed, JobDraft, JobError, JobPatch, JobPreview, Jobs, Problem,
    Started,
};
pub use notify::Notifier;
pub use policies::Policies;
pub use secrets::{KnownSecret, Secrets, SecretsError};
pub use service::{Scheduler, SchedulerSettings};
