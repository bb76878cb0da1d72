//! Runs one call of one template safely: engine, limits, capabilities, outcome.
//!
//! A template is a WebAssembly component of the world `template` (folder `wit/`). [`Host::load`] judges
//! and compiles it, [`Host::describe`], [`Host::validate`] and [`Host::capabilities`] ask it questions
//! without giving it any capability, and [`Host::run`] runs it once in a fresh sandbox that holds what
//! the run's grant allows. Every host call of a run is reported to a [`RunObserver`].
//!
//! This crate decides nothing about when a job runs, keeps no records, and is the only one that names
//! wasmtime.

mod bindings;
mod capability;
mod compiling;
mod engine;
mod error;
mod execute;
mod host;
mod http;
mod inspection;
mod journal;
mod limits;
mod loaded;
mod loader;
mod mail;
mod mask;
mod outcome;
mod provenance;
mod pure;
mod run;
mod secrets;
mod settings;
mod state;
mod template;
mod text;

pub use capability::artifacts::{ArtifactId, ArtifactIdError};
pub use compiling::{ChildCommand, ChildFailure, CompileLimits, Compiling, compile_for_parent};
pub use error::{HostError, TemplateError};
pub use host::Host;
pub use http::{HttpClient, HttpSettings, Resolver, SystemResolver, TlsSetupError};
pub use inspection::Inspection;
pub use loader::{Loader, LoaderSettings};
pub use mail::{
    Attachment, FileOutbox, InvalidAddress, Mail, MailAddress, MailError, Mailer, OutboxMail,
    Receipt, SmtpError, SmtpMailer,
};
pub use provenance::{Dependency, Producer, Provenance, ProvenanceText};
pub use run::{ArtifactRecord, RecordLost, Run, RunObserver, RunReport};
pub use secrets::{SecretError, SecretSource};
pub use settings::{HostSettings, Services};
pub use template::{Description, Template};
