//! What an execution may have to wait for, beside a free worker.

use std::{fmt, str::FromStr};

use sandglass_contract::{JobId, TemplateId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::job::Tag;

/// A gate that is shut: the execution waits behind it until something else has ended. Written as
/// `job:…`, `template:…` or `tag:…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gate {
    /// Earlier executions of the same job, by its overlap policy.
    Job(JobId),
    /// The concurrency limit of its template.
    Template(TemplateId),
    /// The concurrency limit of one of its tags.
    Tag(Tag),
}

impl Gate {
    /// The gate of a job's earlier executions, as it is written.
    #[must_use]
    pub fn job_text(job: &str) -> String {
        format!("job:{job}")
    }
}

/// A text that names no gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no gate {0:?}")]
pub struct UnknownGate(String);

impl fmt::Display for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(job) => write!(formatter, "job:{job}"),
            Self::Template(template) => write!(formatter, "template:{template}"),
            Self::Tag(tag) => write!(formatter, "tag:{}", tag.as_str()),
        }
    }
}

impl FromStr for Gate {
    type Err = UnknownGate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownGate(text.chars().take(128).collect());
        let (kind, name) = text.split_once(':').ok_or_else(unknown)?;
        match kind {
            "job" => JobId::parse(name).map(Self::Job).map_err(|_| unknown()),
            "template" => TemplateId::parse(name)
                .map(Self::Template)
                .map_err(|_| unknown()),
            "tag" => Tag::parse(name).map(Self::Tag).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Gate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_read_as_it_is_written() {
        for text in ["job:job_1", "template:data_export", "tag:a: b"] {
            assert_eq!(
                text.parse::<Gate>().map(|it| it.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in ["", "job", "job:", "door:1", "template:No"] {
            assert!(text.parse::<Gate>().is_err(), "{text}");
        }
    }
}
