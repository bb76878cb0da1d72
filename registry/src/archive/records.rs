//! What records of the kinds look like that are more than one type of this crate.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use sandglass_contract::{Digest, ExecutionId, JobId, JournalEntry, LogLine, OrganisationId};
use serde::{Deserialize, Serialize};

use crate::{
    execution::{Execution, ParentExecution},
    store::StoreError,
    template::TemplateVersion,
};

/// The bytes of a component.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedComponent {
    pub(crate) digest: Digest,
    /// In Base64 (RFC 4648, section 4).
    bytes: String,
}

impl ArchivedComponent {
    /// A component.
    pub(crate) fn of(digest: Digest, bytes: &[u8]) -> Self {
        Self {
            digest,
            bytes: STANDARD.encode(bytes),
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// Where they are not those of its digest.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        let corrupt = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Corrupt {
            what: "component",
            source,
        };
        let bytes = STANDARD.decode(&self.bytes);
        let bytes = bytes.map_err(|source| corrupt(source.into()))?;
        match Digest::of(&bytes) == self.digest {
            true => Ok(bytes),
            false => Err(corrupt("its bytes do not have its digest".into())),
        }
    }
}

/// A version of a template.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedVersion {
    pub(crate) org: OrganisationId,
    pub(crate) version: TemplateVersion,
}

/// An execution and what the store keeps beside it.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedExecution {
    pub(crate) execution: Execution,
    /// When its attempt began, while it runs.
    pub(crate) attempt_started_at: Option<Timestamp>,
    /// When it is missed, while its first attempt has not begun.
    pub(crate) missed_at: Option<Timestamp>,
    /// Whether what follows from its end for other jobs is not stored yet.
    pub(crate) unsettled: bool,
}

/// A line of the log of an execution.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedLine {
    pub(crate) execution: ExecutionId,
    pub(crate) line: LogLine,
}

/// An entry of the journal of an execution.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedEntry {
    pub(crate) execution: ExecutionId,
    pub(crate) entry: JournalEntry,
}

/// The ends of parents that a job waits to see together.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedArrivals {
    pub(crate) org: OrganisationId,
    pub(crate) child: JobId,
    /// The root of the chain that they belong to; empty where they are joined across chains.
    pub(crate) chain: String,
    /// By their jobs.
    pub(crate) parents: Vec<ParentExecution>,
}

/// A concurrency limit.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedLimit {
    pub(crate) org: OrganisationId,
    /// `template` or `tag`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) most: u32,
}
