//! Judges what a template gives as its schema, before anybody reads parameters by it.
//!
//! Whoever validates by a schema does what it says, in time that nothing interrupts: a schema of a few
//! lines can stand for a billion, or lead to itself or to another server. This walks through it once and
//! counts what it unfolds to. Whether its words mean anything is for who uses it to find out.

use std::collections::BTreeMap;

use serde_json::Value;

/// The longest schema, in bytes.
pub(super) const MAX_BYTES: usize = 128 << 10;
/// The most values that a schema has, each counted as often as something leads to it.
const MAX_VALUES: u64 = 10_000;
/// How deeply it is nested, with whatever it leads to in place.
const MAX_DEPTH: u32 = 128;
/// The one dialect (JSON Schema 2020-12, Core §8.1.1).
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Why a schema is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SchemaFault {
    #[error(
        "`{keyword}` {target:?} leads to another document; a schema leads only to its own parts, such as \
         \"#/$defs/name\", and its `$schema` is {DIALECT}"
    )]
    Elsewhere { keyword: String, target: String },
    #[error("`{0}` is not allowed; use `$ref`")]
    Dynamic(String),
    #[error("`$ref` {0:?} leads nowhere")]
    Nowhere(String),
    #[error("`$ref` {0:?} leads back to where it stands; a schema may not contain itself")]
    Circular(String),
    #[error(
        "it unfolds to more than {MAX_VALUES} values, counting each as often as something leads to it"
    )]
    TooLarge,
    #[error("it is nested deeper than {MAX_DEPTH} levels, with what it leads to in place")]
    TooDeep,
}

/// Judges a schema.
pub(super) fn judge(schema: &Value) -> Result<(), SchemaFault> {
    let mut walk = Walk {
        root: schema,
        known: BTreeMap::new(),
        within: Vec::new(),
    };
    walk.target("", 0)?;
    Ok(())
}

struct Walk<'a> {
    root: &'a Value,
    /// What the places that something leads to unfold to.
    known: BTreeMap<&'a str, u64>,
    /// The places that lead to where the walk is.
    within: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    /// How many values stand at a place (RFC 6901).
    fn target(&mut self, pointer: &'a str, depth: u32) -> Result<u64, SchemaFault> {
        if let Some(count) = self.known.get(pointer) {
            return Ok(*count);
        }
        if self.within.contains(&pointer) {
            return Err(SchemaFault::Circular(format!("#{pointer}")));
        }
        let value = self.root.pointer(pointer);
        let value = value.ok_or_else(|| SchemaFault::Nowhere(format!("#{pointer}")))?;
        self.within.push(pointer);
        let count = self.count(value, depth)?;
        self.within.pop();
        self.known.insert(pointer, count);
        Ok(count)
    }

    fn count(&mut self, value: &'a Value, depth: u32) -> Result<u64, SchemaFault> {
        if depth > MAX_DEPTH {
            return Err(SchemaFault::TooDeep);
        }
        let mut count = 1_u64;
        match value {
            Value::Array(values) => {
                for value in values {
                    count += self.count(value, depth + 1)?;
                }
            }
            Value::Object(members) => {
                for (keyword, value) in members {
                    count += match value {
                        Value::String(text) => self.keyword(keyword, text, depth + 1)?,
                        _ => self.count(value, depth + 1)?,
                    };
                    // Before the next part, so that nothing adds up to more than a number holds.
                    check(count)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        check(count)?;
        Ok(count)
    }

    fn keyword(&mut self, keyword: &str, text: &'a str, depth: u32) -> Result<u64, SchemaFault> {
        let elsewhere = || SchemaFault::Elsewhere {
            keyword: keyword.to_owned(),
            target: text.chars().take(200).collect(),
        };
        match keyword {
            "$ref" => {
                let pointer = text.strip_prefix('#').ok_or_else(elsewhere)?;
                self.target(pointer, depth)
            }
            "$schema" if text.trim_end_matches('#') == DIALECT => Ok(1),
            "$schema" | "$id" => Err(elsewhere()),
            "$dynamicRef" | "$recursiveRef" => Err(SchemaFault::Dynamic(keyword.to_owned())),
            _ => Ok(1),
        }
    }
}

const fn check(count: u64) -> Result<(), SchemaFault> {
    if count > MAX_VALUES {
        return Err(SchemaFault::TooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: &Value, expect: &str) {
        let found = judge(schema).map_or_else(|fault| fault.to_string(), |()| String::new());
        assert!(found.contains(expect), "{schema}: {found:?}");
        assert_eq!(found.is_empty(), expect.is_empty(), "{schema}: {found:?}");
    }

    #[test]
    fn an_ordinary_schema_is_taken() {
        check(&json!({}), "");
        check(&json!({"$schema": DIALECT, "type": "object"}), "");
        let part = json!({"$ref": "#/$defs/a~1b"});
        let parts =
            json!({"properties": {"x": part, "y": part}, "$defs": {"a/b": {"type": "string"}}});
        check(&parts, "");
        // A property of that name is not the keyword.
        check(&json!({"properties": {"$ref": {"type": "string"}}}), "");
    }

    #[test]
    fn a_schema_leads_to_its_own_parts_alone() {
        check(&json!({"$ref": "http://127.0.0.1/"}), "another document");
        check(
            &json!({"items": [{"$ref": "other.json#/a"}]}),
            "another document",
        );
        check(&json!({"$id": "http://127.0.0.1/"}), "another document");
        check(&json!({"$schema": "http://127.0.0.1/"}), "another document");
        check(&json!({"$ref": "#name"}), "leads nowhere");
        check(&json!({"$ref": "#/a"}), "leads nowhere");
        check(
            &json!({"$dynamicRef": "#a"}),
            "`$dynamicRef` is not allowed",
        );
    }

    #[test]
    fn a_schema_ends() {
        check(&json!({"$ref": "#"}), "leads back");
        check(&json!({"items": {"$ref": "#/items"}}), "leads back");
        let around =
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}});
        check(&around, "leads back");
        let mut deep = json!({});
        for _ in 0..200 {
            deep = json!({"not": deep});
        }
        check(&deep, "nested deeper");
        check(&json!({"enum": vec![1; 10_000]}), "unfolds");
        let twice = |to: &str| json!({"allOf": vec![json!({"$ref": to}); 20]});
        let unfolding = json!({"$defs": {
            "a": twice("#/$defs/b"), "b": twice("#/$defs/c"), "c": twice("#/$defs/d"),
            "d": twice("#/$defs/e"), "e": {},
        }});
        check(&unfolding, "unfolds");
    }
}
