//! Labels: what a host says about itself, and what a job asks of the hosts that may run it.
//!
//! People write them as an object, `{"zone": "eu"}`; a store may keep them as a list, `["zone=eu"]`.
//! Both are read.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};

/// The most labels that a host has.
pub const MAX_LABELS: usize = 32;
/// The most labels that a job asks for.
pub const MAX_PLACEMENT: usize = 16;
/// The longest key and the longest value, in characters.
const MAX_LENGTH: usize = 63;

/// Labels that break a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// It is no pair.
    #[error("{text:?} is no label; one looks like zone=eu")]
    NoPair {
        /// What was written.
        text: String,
    },
    /// The key breaks its rule.
    #[error(
        "{key:?} is no key of a label: it has 1 to {MAX_LENGTH} characters of a-z 0-9 _ - . and begins \
         with a letter or digit"
    )]
    Key {
        /// The key.
        key: String,
    },
    /// The value breaks its rule.
    #[error(
        "{value:?} is no value for the label {key}: it has 1 to {MAX_LENGTH} characters of A-Z a-z 0-9 \
         _ - ."
    )]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// A key has two values.
    #[error("the label {key} is given twice")]
    Twice {
        /// The key.
        key: String,
    },
    /// There are more than allowed.
    #[error("there are more than {most} labels")]
    TooMany {
        /// The most.
        most: usize,
    },
}

/// A key and its value: `zone=eu`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// A label of a key and a value.
    ///
    /// # Errors
    /// Where either breaks its rule.
    pub fn new(key: &str, value: &str) -> Result<Self, LabelError> {
        let is_first = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
        let of_key = |it: char| is_first(it) || "_.-".contains(it);
        let of_value = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
        if !key.starts_with(is_first) || key.len() > MAX_LENGTH || !key.chars().all(of_key) {
            return Err(LabelError::Key {
                key: key.to_owned(),
            });
        }
        if value.is_empty() || value.len() > MAX_LENGTH || !value.chars().all(of_value) {
            return Err(LabelError::Value {
                key: key.to_owned(),
                value: value.to_owned(),
            });
        }
        Ok(Self(format!("{key}={value}")))
    }

    /// `key=value`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key and the value.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('=').unwrap_or((&self.0, ""))
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let (key, value) = text.split_once('=').ok_or_else(|| LabelError::NoPair {
            text: text.to_owned(),
        })?;
        Self::new(key, value)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Label({})", self.0)
    }
}

/// Labels in order, each key once.
fn sorted(mut labels: Vec<Label>, most: usize) -> Result<Vec<Label>, LabelError> {
    if labels.len() > most {
        return Err(LabelError::TooMany { most });
    }
    labels.sort_unstable();
    let keys = labels.iter().map(|label| label.parts().0);
    let twice = keys
        .clone()
        .zip(keys.skip(1))
        .find(|(one, next)| one == next);
    match twice {
        Some((key, _)) => Err(LabelError::Twice {
            key: key.to_owned(),
        }),
        None => Ok(labels),
    }
}

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident, $most:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
        pub struct $name(Vec<Label>);

        impl $name {
            /// Puts them in order.
            ///
            /// # Errors
            /// Where there are too many, or a key has two values.
            pub fn new(labels: Vec<Label>) -> Result<Self, LabelError> {
                sorted(labels, $most).map(Self)
            }

            /// The labels, in order.
            #[must_use]
            pub fn as_slice(&self) -> &[Label] {
                &self.0
            }

            /// The labels as a list of `key=value`.
            #[must_use]
            pub fn to_texts(&self) -> Vec<String> {
                self.0.iter().map(|it| it.as_str().to_owned()).collect()
            }

            /// Whether there is none.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(Label::parts))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = deserializer.deserialize_any(LabelsVisitor)?;
                Self::new(read).map_err(D::Error::custom)
            }
        }
    };
}

labels!(
    /// What a host says about itself.
    Labels,
    MAX_LABELS
);
labels!(
    /// The labels that a host must have, every one of them, to run something. Without any, every host
    /// may.
    Placement,
    MAX_PLACEMENT
);

impl Placement {
    /// Whether a host with these labels may run it.
    #[must_use]
    pub fn is_met_by(&self, labels: &Labels) -> bool {
        self.0.iter().all(|it| labels.0.binary_search(it).is_ok())
    }
}

struct LabelsVisitor;

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Vec<Label>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of labels, such as {\"zone\": \"eu\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut labels = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            labels.push(Label::new(&key, &value).map_err(A::Error::custom)?);
        }
        Ok(labels)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut labels = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            labels.push(text.parse().map_err(A::Error::custom)?);
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use serde_json::{Value, json};

    use super::*;

    fn check(written: Value, expect: Result<Value, &str>) {
        let read = serde_json::from_value::<Placement>(written.clone());
        let read = read.map_err(|error| error.to_string());
        match (read, expect) {
            (Ok(read), Ok(expect)) => assert_eq!(json!(read), expect, "{written}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{written}: {error}"),
            (read, expect) => assert!(read.is_ok() == expect.is_ok(), "{written}: {read:?}"),
        }
    }

    #[test]
    fn labels_are_read_as_an_object_or_a_list_or_refused() {
        check(json!({}), Ok(json!({})));
        check(
            json!({"b": "2", "a": "X_y.z-"}),
            Ok(json!({"a": "X_y.z-", "b": "2"})),
        );
        check(json!(["b=2", "a.c=1"]), Ok(json!({"a.c": "1", "b": "2"})));
        check(json!({"Zone": "eu"}), Err("\"Zone\" is no key"));
        check(json!({"": "eu"}), Err("is no key"));
        check(json!({"-a": "eu"}), Err("is no key"));
        check(json!({"a".repeat(64): "eu"}), Err("is no key"));
        check(json!({"zone": ""}), Err("no value for the label zone"));
        check(json!({"zone": "e u"}), Err("no value for the label zone"));
        check(
            json!({"zone": "e".repeat(64)}),
            Err("no value for the label zone"),
        );
        check(json!({"zone": 1}), Err("string"));
        check(json!(["zone"]), Err("zone=eu"));
        check(json!(["a=1", "a=2"]), Err("the label a is given twice"));
        check(json!("zone=eu"), Err("an object of labels"));
        let many: Value = (0..17).map(|it| (it.to_string(), json!("x"))).collect();
        check(many, Err("more than 16"));
    }

    #[test]
    fn a_host_meets_a_placement_with_every_label_of_it() {
        let check = |placement: Value, expect: bool| {
            let labels: Labels = serde_json::from_value(json!({"zone": "eu", "gpu": "a"})).unwrap();
            let placement: Placement = serde_json::from_value(placement).unwrap();
            assert_eq!(placement.is_met_by(&labels), expect, "{placement:?}");
        };
        check(json!({}), true);
        check(json!({"zone": "eu"}), true);
        check(json!({"zone": "eu", "gpu": "a"}), true);
        check(json!({"zone": "us"}), false);
        check(json!({"zone": "eu", "disk": "fast"}), false);
    }
}
