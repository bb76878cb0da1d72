//! What a Sandglass template written in Rust links.
//!
//! A template is a type that implements [`JobTemplate`], handed to [`export_template!`] in a crate of
//! type `cdylib` for `wasm32-unknown-unknown`; `sandglass-componentize` makes the component. Everything
//! a run may do goes through a [`Host`], a type parameter and not a trait object: the linker then drops
//! every call that a template never makes, and the component imports only the interfaces it uses. In
//! native tests the feature `testing` gives a host in memory, `testing::MemoryHost`.
//!
//! The crate decides nothing about permissions: the host checks every call against the job's grant.
//!
//! ```
//! use sandglass_sdk::{
//!     CapabilityRequest, Context, Host, JobError, JobTemplate, Metadata, Outcome, ResourceUsage,
//!     RiskLevel, info,
//! };
//!
//! /// Who is greeted.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(rename_all = "camelCase", deny_unknown_fields)]
//! struct Parameters {
//!     /// A name.
//!     name: String,
//! }
//!
//! struct Greeting;
//!
//! impl JobTemplate for Greeting {
//!     type Parameters = Parameters;
//!
//!     fn metadata() -> Metadata {
//!         Metadata {
//!             id: "greeting".into(),
//!             name: "Greeting".into(),
//!             description: "Writes a greeting to the log.".into(),
//!             version: "0.1.0".into(),
//!             category: "example".into(),
//!             icon: "👋".into(),
//!             estimated_duration: "less than a second".into(),
//!             resource_usage: ResourceUsage::Low,
//!             risk_level: RiskLevel::Low,
//!         }
//!     }
//!
//!     fn capabilities(_: &Parameters) -> Vec<CapabilityRequest> {
//!         Vec::new()
//!     }
//!
//!     fn execute<H: Host>(host: &H, context: &Context, parameters: Parameters) -> Result<Outcome, JobError> {
//!         info!(host, attempt = context.attempt; "Hello, {}", parameters.name);
//!         Ok(Outcome::new(serde_json::json!({"greeted": 1}), "Greeted one person"))
//!     }
//! }
//!
//! sandglass_sdk::export_template!(Greeting);
//! ```

mod artifacts;
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    clippy::too_many_arguments,
    reason = "the code is generated from wit/, where the items are documented"
)]
pub mod bindings;
mod civil;
mod component_host;
mod database;
pub mod documents;
mod email;
mod error;
pub mod export;
mod host;
mod http;
mod logging;
mod outcome;
mod parameters;
pub mod relative_dates;
mod template;
#[cfg(all(feature = "testing", not(target_family = "wasm")))]
pub mod testing;

pub use artifacts::ArtifactWriter;
pub use bindings::sandglass::job::{
    artifacts::ArtifactRef,
    control::Budget,
    database::{FindOptions, UpdateResult},
    email::{Message, Receipt},
    http::{Request, Response},
    log::Level,
    types::{
        CapabilityRequest, Context, Issue, JobError, Metadata, ParentResult, ResourceUsage,
        RiskLevel,
    },
};
pub use component_host::ComponentHost;
pub use database::{Collection, Documents};
pub use email::Email;
pub use error::{CallError, HostError};
pub use host::{ArtifactSink, DocumentSource, Host};
pub use http::RequestBuilder;
pub use outcome::Outcome;
pub use parameters::{InvalidParameters, parse_parameters, schema_of};
pub use template::JobTemplate;
