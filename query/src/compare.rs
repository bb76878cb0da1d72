//! The order of all values (MongoDB manual, "Comparison/Sort Order"): by type first, and within a
//! type by value; all numbers are one type.

use std::cmp::Ordering;

use crate::{
    Value,
    number::Number,
    value::{ArrayRef, DocumentRef, ValueRef},
};

/// Compares two values. This is a total order in which `1`, `1.0` and the decimal `1.00` are
/// equal, and so are `0.0` and `-0.0`, and `NaN` and `NaN`.
pub fn compare(left: &Value, right: &Value) -> Ordering {
    compare_values(left.into(), right.into())
}

/// A value as a key: equal and ordered as [`compare`] says.
#[derive(Debug, Clone)]
pub struct OrderedValue(pub Value);

impl PartialEq for OrderedValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for OrderedValue {}

impl PartialOrd for OrderedValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedValue {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

/// The place of a value's type in the order of types.
pub(crate) fn type_rank(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::MinKey => 0,
        ValueRef::Undefined => 1,
        ValueRef::Null => 2,
        ValueRef::Int32(_) | ValueRef::Int64(_) | ValueRef::Double(_) | ValueRef::Decimal128(_) => {
            3
        }
        ValueRef::String(_) | ValueRef::Symbol(_) => 4,
        ValueRef::Document(_) => 5,
        ValueRef::Array(_) => 6,
        ValueRef::Binary { .. } => 7,
        ValueRef::ObjectId(_) => 8,
        ValueRef::Boolean(_) => 9,
        ValueRef::DateTime(_) => 10,
        ValueRef::Timestamp { .. } => 11,
        ValueRef::RegularExpression { .. } => 12,
        ValueRef::DbPointer(_) => 13,
        ValueRef::Code(_) => 14,
        ValueRef::CodeWithScope { .. } => 15,
        ValueRef::MaxKey => 16,
    }
}

pub(crate) fn compare_values(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    type_rank(left)
        .cmp(&type_rank(right))
        .then_with(|| compare_same_type(left, right))
}

fn compare_same_type(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    match (left, right) {
        (
            ValueRef::String(left) | ValueRef::Symbol(left),
            ValueRef::String(right) | ValueRef::Symbol(right),
        )
        | (ValueRef::Code(left), ValueRef::Code(right)) => left.cmp(right),
        (ValueRef::Document(left), ValueRef::Document(right)) => compare_documents(left, right),
        (ValueRef::Array(left), ValueRef::Array(right)) => compare_arrays(left, right),
        (
            ValueRef::Binary {
                subtype: left_subtype,
                bytes: left,
            },
            ValueRef::Binary {
                subtype: right_subtype,
                bytes: right,
            },
        ) => left
            .len()
            .cmp(&right.len())
            .then(left_subtype.cmp(&right_subtype))
            .then_with(|| left.cmp(right)),
        (ValueRef::ObjectId(left), ValueRef::ObjectId(right)) => left.bytes().cmp(&right.bytes()),
        (ValueRef::Boolean(left), ValueRef::Boolean(right)) => left.cmp(&right),
        (ValueRef::DateTime(left), ValueRef::DateTime(right)) => left.cmp(&right),
        (
            ValueRef::Timestamp {
                time: left_time,
                increment: left_increment,
            },
            ValueRef::Timestamp {
                time: right_time,
                increment: right_increment,
            },
        ) => (left_time, left_increment).cmp(&(right_time, right_increment)),
        (
            ValueRef::RegularExpression {
                pattern: left_pattern,
                options: left_options,
            },
            ValueRef::RegularExpression {
                pattern: right_pattern,
                options: right_options,
            },
        ) => (left_pattern, left_options).cmp(&(right_pattern, right_options)),
        (ValueRef::DbPointer(left), ValueRef::DbPointer(right)) => left.text().cmp(&right.text()),
        (
            ValueRef::CodeWithScope {
                code: left_code,
                scope: left_scope,
            },
            ValueRef::CodeWithScope {
                code: right_code,
                scope: right_scope,
            },
        ) => left_code
            .cmp(right_code)
            .then_with(|| compare_documents(left_scope, right_scope)),
        _ => match (Number::of(left), Number::of(right)) {
            (Some(left), Some(right)) => left.compare(right),
            _ => Ordering::Equal,
        },
    }
}

/// Field by field: the types, then the names, then the values; a document that ends first is less.
fn compare_documents(left: DocumentRef<'_>, right: DocumentRef<'_>) -> Ordering {
    let mut left = left.iter();
    let mut right = right.iter();
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((left_name, left_value)), Some((right_name, right_value))) => {
                let order = type_rank(left_value)
                    .cmp(&type_rank(right_value))
                    .then_with(|| left_name.cmp(right_name))
                    .then_with(|| compare_same_type(left_value, right_value));
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}

fn compare_arrays(left: ArrayRef<'_>, right: ArrayRef<'_>) -> Ordering {
    let mut left = left.iter();
    let mut right = right.iter();
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left_value), Some(right_value)) => {
                let order = compare_values(left_value, right_value);
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}
