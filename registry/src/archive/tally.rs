//! Counts and digests by which two stores are compared.

use std::fmt;

use sandglass_contract::Digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How many records there are, and the SHA-256 of what they say in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The digest of each record so far, chained.
    pub digest: Digest,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            count: 0,
            digest: Digest::from_bytes([0; 32]),
        }
    }
}

impl Tally {
    /// Counts a record in.
    pub fn add(&mut self, value: &Value) {
        let mut text = String::new();
        write_canonical(value, &mut text);
        let mut hash = Sha256::new();
        hash.update(self.digest.as_bytes());
        hash.update(text.as_bytes());
        self.digest = Digest::from_bytes(hash.finalize().into());
        self.count += 1;
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} records, {}", self.count, self.digest)
    }
}

/// Writes a value with the members of each object in the order of their names, so that stores that
/// keep them in another order say the same.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in members {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for value in values {
                write_canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tally(values: &[Value]) -> Tally {
        let mut tally = Tally::default();
        values.iter().for_each(|value| tally.add(value));
        tally
    }

    #[test]
    fn what_says_the_same_in_the_same_order_has_the_same_tally() {
        let one = json!({"a": 1, "b": [{"c": null, "d": "x"}]});
        let same = json!({"b": [{"d": "x", "c": null}], "a": 1});
        let other = json!({"a": 1.0, "b": [{"c": null, "d": "x"}]});
        assert_eq!(
            tally(&[one.clone(), other.clone()]),
            tally(&[same, other.clone()])
        );
        assert_ne!(
            tally(&[one.clone(), other.clone()]),
            tally(&[other.clone(), one.clone()])
        );
        assert_ne!(tally(&[one]).digest, tally(&[other]).digest);
    }
}
