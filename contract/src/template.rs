//! What a template says about itself, as plain types.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::TemplateId;

/// How dangerous a template is in the judgement of its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Changes nothing outside its own record.
    Low,
    /// Changes or sends what can be restored or ignored.
    Medium,
    /// Destroys data or reaches many people.
    High,
}

/// How much of the machine a run usually needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceUsage {
    /// A fraction of a second and a few MiB.
    Low,
    /// Seconds of computing or tens of MiB.
    Medium,
    /// Minutes of computing or hundreds of MiB.
    High,
}

/// What a catalogue shows of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateMetadata {
    /// The template's id.
    pub id: TemplateId,
    /// The name people read.
    pub name: String,
    /// What a run does.
    pub description: String,
    /// Semantic Versioning 2.0.0.
    pub version: String,
    /// The group it is listed under.
    pub category: String,
    /// One emoji.
    pub icon: String,
    /// How long a run takes, in words.
    pub estimated_duration: String,
    /// How much of the machine a run needs.
    pub resource_usage: ResourceUsage,
    /// How dangerous a run is.
    pub risk_level: RiskLevel,
}

/// One thing that is wrong with the parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Issue {
    /// Where, as a JSON Pointer (RFC 6901) into the parameters.
    pub path: String,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// One thing that a template asks to be allowed, in its own words: not yet judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityRequest {
    /// The interface.
    pub interface: String,
    /// What it is used on.
    pub target: String,
    /// What is done with it.
    pub operations: Vec<String>,
}
