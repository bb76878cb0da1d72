//! Parameters: from JSON text into the template's type, and their JSON Schema.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::Issue;

/// Parameters that do not have the form of the template's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid parameters at \"{pointer}\": {reason}")]
pub struct InvalidParameters {
    pointer: String,
    reason: String,
}

impl From<InvalidParameters> for Issue {
    fn from(error: InvalidParameters) -> Self {
        Issue::new(error.pointer, "invalid_parameters", error.reason)
    }
}

/// Reads parameters from JSON text.
///
/// # Errors
/// Where the text is not JSON or does not have the form of `T`, with a JSON Pointer (RFC 6901) to the
/// value at fault, as far as it is known.
pub fn parse_parameters<T: DeserializeOwned>(text: &str) -> Result<T, InvalidParameters> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let parameters =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| InvalidParameters {
            pointer: pointer_of(error.path()),
            reason: without_position(&error.inner().to_string()),
        })?;
    reader.end().map_err(|error| InvalidParameters {
        pointer: String::new(),
        reason: error.to_string(),
    })?;
    Ok(parameters)
}

/// The JSON Schema (draft 2020-12) of a parameter type, without references, so that a form generator or
/// a host that fills in choices finds every property where it is declared. Line breaks inside a
/// paragraph of a doc comment become spaces, and the names of Rust's number types are left out.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(fit_for_a_form))
        .into_generator()
        .into_root_schema_for::<T>()
}

/// Escapes a name for use in a JSON Pointer (RFC 6901 §3).
pub(crate) fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn fit_for_a_form(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs: Vec<String> = text
            .split("\n\n")
            .map(|part| part.replace('\n', " "))
            .collect();
        *text = paragraphs.join("\n\n");
    }
    let is_number = matches!(
        schema.get("type").and_then(Value::as_str),
        Some("integer" | "number")
    );
    if is_number {
        schema.remove("format");
    }
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape_pointer(key),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    pointer
}

/// A place in the text means nothing to a person who filled in a form.
fn without_position(reason: &str) -> String {
    match reason.rsplit_once(" at line ") {
        Some((text, _)) => text.to_owned(),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

    use super::*;

    /// Who.
    #[derive(Debug, serde::Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[allow(dead_code, reason = "only the form matters")]
    struct Sample {
        /// How many
        /// at once.
        ///
        /// Or fewer.
        #[serde(default = "ten")]
        batch_size: u32,
        names: Vec<String>,
        #[serde(default)]
        nested: std::collections::BTreeMap<String, Inner>,
    }

    #[derive(Debug, serde::Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only the form matters")]
    struct Inner {
        size: u8,
    }

    fn ten() -> u32 {
        10
    }

    #[track_caller]
    fn check(text: &str, pointer: &str, part: &str) {
        let error = parse_parameters::<Sample>(text).unwrap_err();
        assert_eq!(error.pointer, pointer, "{error}");
        assert!(error.reason.contains(part), "{error}");
        assert!(!error.reason.contains(" at line "), "{error}");
    }

    #[test]
    fn a_fault_is_reported_with_a_pointer_to_it() {
        check(r#"{"names": "x"}"#, "/names", "expected a sequence");
        check(r#"{"names": ["a", 5]}"#, "/names/1", "expected a string");
        check(
            r#"{"names": [], "batchSize": -1}"#,
            "/batchSize",
            "invalid value",
        );
        check(
            r#"{"names": [], "nested": {"a/b~c": {"size": 300}}}"#,
            "/nested/a~1b~0c/size",
            "invalid value",
        );
        check(
            r#"{"names": [], "batchSiz": 1}"#,
            "/batchSiz",
            "unknown field `batchSiz`",
        );
        check("{}", "", "missing field `names`");
        check("[", "", "EOF");
    }

    #[test]
    fn text_after_the_parameters_is_refused() {
        let error = parse_parameters::<Sample>(r#"{"names": []} x"#).unwrap_err();
        assert!(error.reason.contains("trailing"), "{error}");
    }

    #[test]
    fn the_schema_carries_descriptions_and_defaults_and_no_references() {
        let schema = schema_of::<Sample>();
        let schema = schema.as_value();
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert_eq!(schema["properties"]["batchSize"]["default"], 10);
        assert_eq!(
            schema["properties"]["batchSize"]["description"],
            "How many at once.\n\nOr fewer."
        );
        assert_eq!(schema["required"], serde_json::json!(["names"]));
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["batchSize"].get("format"), None);
        assert!(!schema.to_string().contains("$ref"));
    }
}
