//! A template and its versions, as the catalogue knows them, and what was decided about each.

use std::fmt;

use jiff::Timestamp;
use sandglass_contract::{Digest, Grant, Signature, TemplateId, TemplateMetadata, UserId};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    job::{JobTextError, text},
    store::StoreError,
};

text!(
    /// Why something was decided.
    Reason, "reason", 1..=2000
);

/// Whether jobs may use a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionStatus {
    /// Nobody has approved it yet.
    Pending,
    /// New jobs use it.
    Approved,
    /// No job ever uses it.
    Rejected,
    /// Jobs that have it keep it; new jobs do not get it.
    Retired,
}

impl VersionStatus {
    /// The word for it in REST and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for VersionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What can be decided about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// Jobs may use it, after it was pending.
    Approved,
    /// No job may use it, after it was pending.
    Rejected,
    /// No further job may use it, after it was approved.
    Retired,
}

impl Ruling {
    /// The status that a version must have for this to be decided.
    #[must_use]
    pub const fn before(self) -> VersionStatus {
        match self {
            Self::Approved | Self::Rejected => VersionStatus::Pending,
            Self::Retired => VersionStatus::Approved,
        }
    }

    /// The status that a version has once this is decided.
    #[must_use]
    pub const fn after(self) -> VersionStatus {
        match self {
            Self::Approved => VersionStatus::Approved,
            Self::Rejected => VersionStatus::Rejected,
            Self::Retired => VersionStatus::Retired,
        }
    }
}

/// What somebody decided about a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// What.
    pub ruling: Ruling,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Why; an approval may be without.
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub reason: Option<Reason>,
}

/// One version of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TemplateVersion {
    /// What it says of itself.
    pub metadata: TemplateMetadata,
    /// The JSON Schema of its parameters.
    #[schema(value_type = Object)]
    pub parameters_schema: Value,
    /// The digest of its component.
    pub digest: Digest,
    /// The size of its component in bytes.
    pub size: u64,
    /// Every interface that the component imports.
    pub imports: Vec<String>,
    /// The most that a job of it may be granted.
    pub ceiling: Grant,
    /// Whether jobs may use it.
    pub status: VersionStatus,
    /// Who brought it.
    pub uploaded_by: UserId,
    /// When it came.
    pub uploaded_at: Timestamp,
    /// Who approved it.
    pub approved_by: Option<UserId>,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// What was decided about it, oldest first. A version from before decisions were kept has none.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// The signature that it came with.
    #[serde(default)]
    pub signature: Option<Signature>,
}

impl TemplateVersion {
    /// The version once `decision` is carried out; nothing where it stands so already.
    ///
    /// # Errors
    /// [`StoreError::Decided`] where its status does not let this be decided.
    pub(crate) fn decided(&self, decision: &Decision) -> Result<Option<Self>, StoreError> {
        let (current, ruling) = (self.status, decision.ruling);
        if current == ruling.after() {
            return Ok(None);
        }
        if current != ruling.before() {
            return Err(StoreError::Decided { current });
        }
        let mut version = self.clone();
        version.status = ruling.after();
        if ruling == Ruling::Approved {
            version.approved_by = Some(decision.by.clone());
            version.approved_at = Some(decision.at);
        }
        version.decisions.push(decision.clone());
        Ok(Some(version))
    }
}

/// A template with all its versions, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// Its versions; at least one.
    pub versions: Vec<TemplateVersion>,
}

impl Template {
    /// The version that new jobs use: the approved one that was approved last.
    #[must_use]
    pub fn current(&self) -> Option<&TemplateVersion> {
        self.versions
            .iter()
            .filter(|version| version.status == VersionStatus::Approved)
            .max_by_key(|version| version.approved_at)
    }

    /// The version with that digest.
    #[must_use]
    pub fn by_digest(&self, digest: &Digest) -> Option<&TemplateVersion> {
        self.versions
            .iter()
            .find(|version| version.digest == *digest)
    }
}
