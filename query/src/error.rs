//! Why a query, an update or a document was refused, told so that its author can put it right.

use std::fmt;

/// A query, an update or a document that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct QueryError {
    pointer: String,
    code: QueryErrorCode,
    message: String,
}

/// What kind of rule was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryErrorCode {
    /// The text is not JSON.
    MalformedJson,
    /// The text or the document has too many bytes.
    TooLarge,
    /// Documents or arrays are nested too deeply.
    TooDeep,
    /// There are too many conditions, keys, stages or values.
    TooMany,
    /// An operator, a stage or an accumulator that is not on the list of those allowed.
    UnknownOperator,
    /// An Extended JSON type that is not on the list of those allowed.
    UnknownType,
    /// A value of another type than the one needed here.
    WrongType,
    /// A value of the right type that makes no sense here.
    InvalidValue,
    /// A field name or path that cannot be used.
    InvalidField,
    /// A regular expression that cannot be used.
    InvalidPattern,
    /// Two parts that contradict each other.
    Conflict,
    /// A field that may not be changed.
    ImmutableField,
}

impl QueryErrorCode {
    /// The code as it stands in answers, such as `unknown_operator`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::TooMany => "too_many",
            Self::UnknownOperator => "unknown_operator",
            Self::UnknownType => "unknown_type",
            Self::WrongType => "wrong_type",
            Self::InvalidValue => "invalid_value",
            Self::InvalidField => "invalid_field",
            Self::InvalidPattern => "invalid_pattern",
            Self::Conflict => "conflict",
            Self::ImmutableField => "immutable_field",
        }
    }
}

impl fmt::Display for QueryErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl QueryError {
    pub(crate) fn new(pointer: String, code: QueryErrorCode, message: impl Into<String>) -> Self {
        Self {
            pointer,
            code,
            message: message.into(),
        }
    }

    /// Where the fault is: a JSON Pointer (RFC 6901); empty for the whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Which rule was broken.
    pub fn code(&self) -> QueryErrorCode {
        self.code
    }

    /// What is wrong and what would be right.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            write!(formatter, "{}", self.message)
        } else {
            write!(formatter, "at {}: {}", self.pointer, self.message)
        }
    }
}
