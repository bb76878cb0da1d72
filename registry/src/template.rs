//! A template and its versions, as the catalogue knows them.

use jiff::Timestamp;
use sandglass_contract::{Digest, Grant, TemplateId, TemplateMetadata, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Whether jobs may use a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionStatus {
    /// Nobody has approved it yet.
    Pending,
    /// New jobs use it.
    Approved,
    /// Jobs that have it keep it; new jobs do not get it.
    Retired,
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
