//! The parameters of an export.

use std::num::NonZeroU64;

use sandglass_sdk::{Issue, relative_dates};
use serde_json::{Map, Value, json};

/// The longest file name.
const FILE_NAME_BYTES: usize = 128;

/// What to export, and into what.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// The collection whose documents are exported.
    #[schemars(
        title = "Collection",
        regex(pattern = r"^[A-Za-z_][A-Za-z0-9_.-]{0,119}$")
    )]
    #[schemars(extend("x-sandglass-source" = "collections"))]
    pub(crate) collection: String,
    /// MongoDB query that chooses the documents; empty for all. Comparison operators take relative
    /// dates such as "30 days ago".
    #[schemars(title = "Query")]
    #[serde(default)]
    pub(crate) query: Map<String, Value>,
    /// The form of the file:
    /// csv has a header (RFC 4180), json is one array, jsonl (or jsonlines) has one document a line.
    #[schemars(title = "Format")]
    #[serde(default)]
    pub(crate) format: Format,
    /// The fields to export, as dotted paths such as address.city; empty for all. A CSV file without
    /// fields takes its columns from the first document.
    #[schemars(title = "Fields", length(max = 200), inner(length(min = 1, max = 200)))]
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    /// MongoDB sort document, such as {"createdAt": -1}.
    #[schemars(title = "Sort")]
    #[serde(default)]
    pub(crate) sort: Map<String, Value>,
    /// How many documents to export at the most; all without it.
    #[schemars(title = "Limit", with = "NonZeroU64")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<NonZeroU64>,
    /// The name of the file: letters, digits, dot, dash and underscore. The collection's name with the
    /// format's ending without it.
    #[schemars(title = "File name", with = "String")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file_name: Option<String>,
    /// In CSV, puts an apostrophe before cells that a spreadsheet would take for a formula (those that
    /// begin with = + - or @ and are no numbers).
    #[schemars(title = "Escape formulas")]
    #[serde(default = "yes")]
    pub(crate) escape_formulas: bool,
}

/// The form of an exported file.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("enum" = ["csv", "json", "jsonl", "jsonlines"]))]
pub(crate) enum Format {
    #[default]
    Csv,
    Json,
    #[serde(rename = "jsonl", alias = "jsonlines")]
    JsonLines,
}

fn yes() -> bool {
    true
}

impl Format {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonl",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
        }
    }
}

impl Parameters {
    pub(crate) fn file_name(&self) -> String {
        match &self.file_name {
            Some(name) => name.clone(),
            None => format!("{}.{}", self.collection, self.format.ending()),
        }
    }

    pub(crate) fn sort_document(&self) -> Option<Value> {
        (!self.sort.is_empty()).then(|| Value::Object(self.sort.clone()))
    }

    /// Only the chosen fields are read. `_id`, which MongoDB adds unasked, only where it is one of them.
    pub(crate) fn projection(&self) -> Option<Value> {
        if self.fields.is_empty() {
            return None;
        }
        let mut projection: Map<String, Value> = self
            .fields
            .iter()
            .map(|field| (field.clone(), json!(1)))
            .collect();
        projection.entry("_id").or_insert(json!(0));
        Some(Value::Object(projection))
    }

    pub(crate) fn issues(&self) -> Vec<Issue> {
        let query = Value::Object(self.query.clone());
        let mut issues = relative_dates::issues(&query, "/query");
        if !is_file_name(&self.file_name()) {
            issues.push(Issue::new(
                "/fileName",
                "invalid_file_name",
                "Use letters, digits, dot, dash and underscore, at most 128, and no dot at the start.",
            ));
        }
        for (index, field) in self.fields.iter().enumerate() {
            if let Some(reason) = self.field_fault(index, field) {
                issues.push(Issue::new(
                    format!("/fields/{index}"),
                    "invalid_field",
                    reason,
                ));
            }
        }
        issues
    }

    fn field_fault(&self, index: usize, field: &str) -> Option<String> {
        if field
            .split('.')
            .any(|name| name.is_empty() || name.starts_with('$'))
        {
            return Some(format!("{field:?} is not a dotted path of field names."));
        }
        let inside = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut earlier = self.fields.iter().take(index);
        let other = earlier.find(|other| inside(field, other) || inside(other, field))?;
        Some(format!(
            "{field:?} overlaps with {other:?}: name each field once."
        ))
    }
}

fn is_file_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= FILE_NAME_BYTES
        && name.bytes().all(allowed)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
}
