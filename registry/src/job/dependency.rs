//! What a job follows: its parents, how they must have ended, and what their results must be.

use sandglass_contract::JobId;
use sandglass_query::{Filter, QueryError, extended_json};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::execution::ExecutionStatus;

/// The most parents a job may have.
pub const MAX_PARENTS: usize = 20;
/// The most bytes that a condition may have as JSON.
const MAX_CONDITION_BYTES: usize = 16 << 10;

/// How a parent must have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DependencyOn {
    /// With success.
    #[default]
    Success,
    /// As failed or timed out.
    Failure,
    /// However it ended, cancelled too.
    Always,
}

impl DependencyOn {
    /// Whether a parent that ended so is one to follow. One that never ran is none.
    #[must_use]
    pub const fn admits(self, status: ExecutionStatus) -> bool {
        use ExecutionStatus::{Cancelled, Failed, Success, TimedOut};
        match self {
            Self::Success => matches!(status, Success),
            Self::Failure => matches!(status, Failed | TimedOut),
            Self::Always => matches!(status, Success | Failed | TimedOut | Cancelled),
        }
    }

    /// Its word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Always => "always",
        }
    }
}

/// How many of the parents must have ended as they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Require {
    /// Every one.
    #[default]
    All,
    /// Each of them starts the job.
    Any,
}

/// What the result of a parent must be: a filter over the result document.
#[derive(Debug, Clone)]
pub struct Condition {
    written: Map<String, Value>,
    filter: Filter,
}

impl Condition {
    /// Reads a filter.
    ///
    /// # Errors
    /// Where it is none, or larger than 16 KiB.
    pub fn parse(written: Map<String, Value>) -> Result<Self, ConditionError> {
        let json = Value::Object(written);
        if json.to_string().len() > MAX_CONDITION_BYTES {
            return Err(ConditionError::TooLarge);
        }
        let filter = Filter::parse(&json)?;
        let Value::Object(written) = json else {
            return Err(ConditionError::TooLarge);
        };
        Ok(Self { written, filter })
    }

    /// Whether a result meets it. No result, or one that is not an object, is an empty document.
    #[must_use]
    pub fn is_met(&self, result: Option<&Value>) -> bool {
        let empty = Value::Object(Map::new());
        let result = result.filter(|it| it.is_object()).unwrap_or(&empty);
        extended_json::document_from_json(result)
            .is_ok_and(|document| self.filter.matches(&document))
    }
}

/// A condition that is not a filter.
#[derive(Debug, thiserror::Error)]
pub enum ConditionError {
    /// It is too large.
    #[error("a condition has at most {MAX_CONDITION_BYTES} bytes")]
    TooLarge,
    /// It is not a filter.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Serialize for Condition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// One parent of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The parent.
    pub job_id: JobId,
    /// How it must have ended.
    #[serde(default)]
    pub on: DependencyOn,
    /// What its result must be, as a filter over the result document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub condition: Option<Condition>,
}

/// What a job follows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dependencies {
    /// Its parents.
    #[schema(max_items = 20)]
    pub parents: Vec<Dependency>,
    /// How many of them are needed.
    pub require: Require,
}

impl Dependencies {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_parent_is_followed_by_how_it_ended() {
        let check = |on: DependencyOn, expect: &[ExecutionStatus]| {
            let admitted: Vec<ExecutionStatus> = ExecutionStatus::ALL
                .into_iter()
                .filter(|status| on.admits(*status))
                .collect();
            assert_eq!(admitted, expect, "{on:?}");
        };
        use ExecutionStatus::{Cancelled, Failed, Success, TimedOut};
        check(DependencyOn::Success, &[Success]);
        check(DependencyOn::Failure, &[Failed, TimedOut]);
        check(
            DependencyOn::Always,
            &[Success, Failed, TimedOut, Cancelled],
        );
    }

    #[test]
    fn a_condition_is_a_filter_over_the_result() {
        let check = |condition: Value, result: Option<Value>, expect: bool| {
            let condition: Condition = serde_json::from_value(condition).unwrap();
            assert_eq!(condition.is_met(result.as_ref()), expect, "{result:?}");
        };
        let some = json!({"records_deleted": {"$gt": 0}});
        check(some.clone(), Some(json!({"records_deleted": 3})), true);
        check(some.clone(), Some(json!({"records_deleted": 0})), false);
        check(some.clone(), Some(json!([1])), false);
        check(some, None, false);
        check(json!({}), None, true);
        let wrong = json!({"a": {"$where": "1"}});
        assert!(serde_json::from_value::<Condition>(wrong).is_err());
    }
}
