//! Templates as the API shows them: the members of the `job_templates` collection, and what is known
//! of each version.

use jiff::Timestamp;
use sandglass_contract::{
    Digest, Grant, ResourceUsage, RiskLevel, TemplateId, TemplateMetadata, UserId,
};
use sandglass_registry::{Decision, Template, TemplateVersion, VersionStatus};
use sandglass_scheduler::{Catalogue, SignatureReport};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Every template.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct TemplateList {
    pub(super) templates: Vec<TemplateView>,
}

/// A template, and the schema of a form for its parameters.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct TemplateAnswer {
    pub(super) template: TemplateView,
    #[schema(value_type = Object)]
    pub(super) schema: Value,
}

/// A template that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct TemplateUploaded {
    template_id: TemplateId,
    #[serde(flatten)]
    version: VersionView,
    message: &'static str,
}

/// A version that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct VersionAnswer {
    pub(super) template_id: TemplateId,
    pub(super) version: VersionView,
    pub(super) message: &'static str,
}

/// The versions of a template, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct VersionList {
    pub(super) template_id: TemplateId,
    pub(super) versions: Vec<VersionView>,
}

/// A version with what it says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct VersionDetail {
    template_id: TemplateId,
    metadata: TemplateMetadata,
    /// The JSON Schema of its parameters.
    #[schema(value_type = Object)]
    parameters_schema: Value,
    version: VersionView,
}

/// A template as its current version describes it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct TemplateView {
    #[serde(rename = "_id")]
    id: TemplateId,
    name: String,
    description: String,
    category: String,
    icon: String,
    #[schema(value_type = Object)]
    parameters_schema: Value,
    estimated_duration: String,
    resource_usage: ResourceUsage,
    risk_level: RiskLevel,
    #[serde(flatten)]
    current: VersionView,
    /// Every version, oldest first.
    versions: Vec<VersionView>,
}

/// A version of a template.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(in crate::routes) struct VersionView {
    /// Semantic Versioning 2.0.0.
    version: String,
    /// The digest of its component.
    digest: Digest,
    /// The size of its component in bytes.
    size: u64,
    /// Whether jobs may use it.
    status: VersionStatus,
    /// Every interface that the component imports; it cannot use any other.
    imports: Vec<String>,
    /// The most that a job of it may be granted.
    ceiling: Grant,
    uploaded_by: UserId,
    uploaded_at: Timestamp,
    approved_by: Option<UserId>,
    approved_at: Option<Timestamp>,
    /// What was decided about it, oldest first.
    decisions: Vec<Decision>,
    /// Who vouches for it.
    signature: SignatureReport,
}

impl TemplateView {
    /// A template with its current version or, where none is approved, its last; nothing where it has
    /// no version.
    pub(super) fn of(catalogue: &Catalogue, template: Template) -> Option<Self> {
        let shown = template.current().or(template.versions.last())?.clone();
        let view = |version| VersionView::of(catalogue, version);
        let versions = template.versions.into_iter().map(view).collect();
        Some(Self {
            id: template.id,
            name: shown.metadata.name.clone(),
            description: shown.metadata.description.clone(),
            category: shown.metadata.category.clone(),
            icon: shown.metadata.icon.clone(),
            parameters_schema: shown.parameters_schema.clone(),
            estimated_duration: shown.metadata.estimated_duration.clone(),
            resource_usage: shown.metadata.resource_usage,
            risk_level: shown.metadata.risk_level,
            current: VersionView::of(catalogue, shown),
            versions,
        })
    }

    pub(super) const fn parameters_schema(&self) -> &Value {
        &self.parameters_schema
    }
}

impl TemplateUploaded {
    pub(super) fn of(catalogue: &Catalogue, version: TemplateVersion) -> Self {
        Self {
            template_id: version.metadata.id.clone(),
            version: VersionView::of(catalogue, version),
            message: "Template uploaded; approve it to let jobs use it",
        }
    }
}

impl VersionDetail {
    pub(super) fn of(catalogue: &Catalogue, version: TemplateVersion) -> Self {
        Self {
            template_id: version.metadata.id.clone(),
            metadata: version.metadata.clone(),
            parameters_schema: version.parameters_schema.clone(),
            version: VersionView::of(catalogue, version),
        }
    }
}

impl VersionView {
    pub(super) fn of(catalogue: &Catalogue, version: TemplateVersion) -> Self {
        let signature = catalogue.signature(&version);
        Self {
            version: version.metadata.version,
            digest: version.digest,
            size: version.size,
            status: version.status,
            imports: version.imports,
            ceiling: version.ceiling,
            uploaded_by: version.uploaded_by,
            uploaded_at: version.uploaded_at,
            approved_by: version.approved_by,
            approved_at: version.approved_at,
            decisions: version.decisions,
            signature,
        }
    }
}
