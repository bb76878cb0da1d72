//! What one version of a template can do that another cannot, and what else is different.
//!
//! It compares what was found out about components, and knows neither how nor where they are kept.

mod json;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    digest::Digest,
    grant::{Grant, GrantDifference},
    imports::{ImportText, import_text},
    template::TemplateMetadata,
};
pub use json::{ChangeKind, JsonChange, JsonChanges, MAX_CHANGES};

/// What is compared of a version.
#[derive(Debug, Clone, Copy)]
pub struct Comparable<'a> {
    /// The digest of its component.
    pub digest: &'a Digest,
    /// The size of its component in bytes.
    pub size: u64,
    /// What it says of itself.
    pub metadata: &'a TemplateMetadata,
    /// Every interface that it imports.
    pub imports: &'a [String],
    /// The most that a job of it may be granted.
    pub ceiling: &'a Grant,
    /// The JSON Schema of its parameters.
    pub schema: &'a Value,
}

/// One of the two that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Side {
    /// The number of the version.
    pub version: String,
    /// The digest of its component.
    pub digest: Digest,
    /// The size of its component in bytes.
    pub size: u64,
}

/// Imports that are different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportChanges {
    /// What the newer one imports beside.
    pub added: Vec<ImportText>,
    /// What it does not import any more.
    pub removed: Vec<ImportText>,
}

/// How a version differs from the one before it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Comparison {
    /// The older one.
    pub before: Side,
    /// The newer one.
    pub after: Side,
    /// Whether the newer one can reach more: it has imports or a ceiling that the older one has not.
    pub widens: bool,
    /// Imports.
    pub imports: ImportChanges,
    /// The most that a job may be granted.
    pub ceiling: GrantDifference,
    /// What they say of themselves.
    pub metadata: JsonChanges,
    /// The JSON Schema of the parameters.
    pub schema: JsonChanges,
    /// By how many bytes the component has grown; negative where it has shrunk.
    pub size_change: i64,
}

impl Comparison {
    /// Compares an older version with a newer one.
    #[must_use]
    pub fn of(before: Comparable<'_>, after: Comparable<'_>) -> Self {
        let imports = ImportChanges {
            added: missing(after.imports, before.imports),
            removed: missing(before.imports, after.imports),
        };
        let ceiling = GrantDifference::between(before.ceiling, after.ceiling);
        Self {
            widens: !imports.added.is_empty() || ceiling.is_wider(),
            imports,
            ceiling,
            metadata: JsonChanges::of(&json_of(before.metadata), &json_of(after.metadata)),
            schema: JsonChanges::of(before.schema, after.schema),
            size_change: signed(after.size) - signed(before.size),
            before: Side::of(before),
            after: Side::of(after),
        }
    }

    /// Whether they are the same component.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.before.digest == self.after.digest
    }
}

impl Side {
    fn of(version: Comparable<'_>) -> Self {
        Self {
            version: version.metadata.version.clone(),
            digest: *version.digest,
            size: version.size,
        }
    }
}

/// The names of `from` that are not in `other`, in words.
fn missing(from: &[String], other: &[String]) -> Vec<ImportText> {
    let names = from.iter().filter(|name| !other.contains(name));
    names.map(|name| import_text(name)).collect()
}

fn json_of(metadata: &TemplateMetadata) -> Value {
    serde_json::to_value(metadata).unwrap_or_default()
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
