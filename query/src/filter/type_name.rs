//! The names and numbers by which `$type` asks for types (MongoDB manual, "$type").

use crate::value::ValueRef;

/// A type that `$type` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TypeName {
    Double,
    String,
    Object,
    Array,
    Binary,
    ObjectId,
    Boolean,
    Date,
    Null,
    Regex,
    Int,
    Timestamp,
    Long,
    Decimal,
    /// Any of the four types of numbers.
    Number,
}

const TABLE: [(TypeName, &str, Option<i64>); 15] = [
    (TypeName::Double, "double", Some(1)),
    (TypeName::String, "string", Some(2)),
    (TypeName::Object, "object", Some(3)),
    (TypeName::Array, "array", Some(4)),
    (TypeName::Binary, "binData", Some(5)),
    (TypeName::ObjectId, "objectId", Some(7)),
    (TypeName::Boolean, "bool", Some(8)),
    (TypeName::Date, "date", Some(9)),
    (TypeName::Null, "null", Some(10)),
    (TypeName::Regex, "regex", Some(11)),
    (TypeName::Int, "int", Some(16)),
    (TypeName::Timestamp, "timestamp", Some(17)),
    (TypeName::Long, "long", Some(18)),
    (TypeName::Decimal, "decimal", Some(19)),
    (TypeName::Number, "number", None),
];

impl TypeName {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(type_name, _, _)| *type_name)
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, _, known)| *known == Some(number))
            .map(|(type_name, _, _)| *type_name)
    }

    pub(crate) fn name(self) -> &'static str {
        TABLE
            .iter()
            .find(|(type_name, _, _)| *type_name == self)
            .map_or("", |(_, name, _)| name)
    }

    /// The names that are allowed, for error messages.
    pub(crate) fn all_names() -> String {
        TABLE.map(|(_, name, _)| name).join(", ")
    }

    pub(crate) fn includes(self, value: ValueRef<'_>) -> bool {
        match self {
            Self::Double => matches!(value, ValueRef::Double(_)),
            Self::String => matches!(value, ValueRef::String(_)),
            Self::Object => matches!(value, ValueRef::Document(_)),
            Self::Array => matches!(value, ValueRef::Array(_)),
            Self::Binary => matches!(value, ValueRef::Binary { .. }),
            Self::ObjectId => matches!(value, ValueRef::ObjectId(_)),
            Self::Boolean => matches!(value, ValueRef::Boolean(_)),
            Self::Date => matches!(value, ValueRef::DateTime(_)),
            Self::Null => matches!(value, ValueRef::Null),
            Self::Regex => matches!(value, ValueRef::RegularExpression { .. }),
            Self::Int => matches!(value, ValueRef::Int32(_)),
            Self::Timestamp => matches!(value, ValueRef::Timestamp { .. }),
            Self::Long => matches!(value, ValueRef::Int64(_)),
            Self::Decimal => matches!(value, ValueRef::Decimal128(_)),
            Self::Number => matches!(
                value,
                ValueRef::Double(_)
                    | ValueRef::Int32(_)
                    | ValueRef::Int64(_)
                    | ValueRef::Decimal128(_)
            ),
        }
    }
}
