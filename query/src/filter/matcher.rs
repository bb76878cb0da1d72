//! Whether a document matches a [`Filter`], by MongoDB's rules.
//!
//! A condition on a path holds where any value that the path reaches satisfies it, and a path that
//! ends at an array reaches the elements and the array itself. Negations (`$ne`, `$nin`, `$not`,
//! `$nor`) hold where the positive form does not. Inside `$elemMatch`, conditions are asked of one
//! value as it is; `$pull` asks an element as if it were a field.

use std::cmp::Ordering;

use crate::{
    DatabaseError, Document, FieldPath,
    compare::{compare_values, type_rank},
    number::Number,
    path::{LastArray, Root, any_value},
    value::{DocumentRef, Soundness, ValueRef},
};

use super::{Clause, Comparison, Condition, ElementTest, Filter, Literal, LiteralSet, Presence};

pub(super) fn matches(filter: &Filter, document: &Document) -> bool {
    filter_matches(filter, Root::Document(DocumentRef::Decoded(document)))
}

pub(super) fn matches_raw(
    filter: &Filter,
    document: &bson::RawDocument,
) -> Result<bool, DatabaseError> {
    let soundness = Soundness::default();
    let matched = filter_matches(
        filter,
        Root::Document(DocumentRef::Raw(document, &soundness)),
    );
    if soundness.is_broken() {
        return Err(DatabaseError::corrupt(
            "a document",
            "its bytes are not BSON",
        ));
    }
    Ok(matched)
}

fn filter_matches(filter: &Filter, root: Root<'_>) -> bool {
    filter.clauses.iter().all(|clause| match clause {
        Clause::AllOf(filters) => filters.iter().all(|inner| filter_matches(inner, root)),
        Clause::AnyOf(filters) => filters.iter().any(|inner| filter_matches(inner, root)),
        Clause::NoneOf(filters) => !filters.iter().any(|inner| filter_matches(inner, root)),
        Clause::Field { path, conditions } => conditions
            .iter()
            .all(|condition| path_satisfies(root, path, condition)),
    })
}

/// Whether any of the values that are reached is accepted; `None` stands for a field that is not there.
type AnyValue<'f, 'v> = dyn Fn(LastArray, &dyn Fn(Option<ValueRef<'v>>) -> bool) -> bool + 'f;

fn path_satisfies<'a>(root: Root<'a>, path: &FieldPath, condition: &Condition) -> bool {
    let any =
        |last, accepts: &dyn Fn(Option<ValueRef<'a>>) -> bool| any_value(root, path, last, accepts);
    satisfied(&any, condition)
}

/// Whether a value satisfies a condition as if it were a field: of an array, an element suffices.
pub(crate) fn field_satisfies<'a>(value: ValueRef<'a>, condition: &Condition) -> bool {
    let any = |last, accepts: &dyn Fn(Option<ValueRef<'a>>) -> bool| match value {
        ValueRef::Array(elements) if last == LastArray::Opened => {
            elements.iter().any(|element| accepts(Some(element))) || accepts(Some(value))
        }
        _ => accepts(Some(value)),
    };
    satisfied(&any, condition)
}

fn satisfied(any: &AnyValue<'_, '_>, condition: &Condition) -> bool {
    let equals = |literal: &Literal| {
        any(LastArray::Opened, &|value| match value {
            Some(value) => literal.equals(value),
            None => literal.is_null(),
        })
    };
    let contains = |set: &LiteralSet| {
        any(LastArray::Opened, &|value| match value {
            Some(value) => set.contains(value),
            None => set.has_null(),
        })
    };
    match condition {
        Condition::Equal(literal) => equals(literal),
        Condition::NotEqual(literal) => !equals(literal),
        Condition::Compare(comparison, literal) => any(LastArray::Opened, &|value| {
            // A field that is not there compares like null.
            compares(*comparison, value.unwrap_or(ValueRef::Null), literal)
        }),
        Condition::In(set) => contains(set),
        Condition::NotIn(set) => !contains(set),
        Condition::Exists(Presence::Present) => any(LastArray::Opened, &|value| value.is_some()),
        Condition::Exists(Presence::Absent) => !any(LastArray::Opened, &|value| value.is_some()),
        Condition::Not(conditions) => !conditions.iter().all(|condition| satisfied(any, condition)),
        Condition::All(set) => !set.is_empty() && set.iter().all(equals),
        Condition::AnyElement(_) | Condition::Size(_) => any(LastArray::Whole, &|value| {
            value.is_some_and(|value| value_satisfies(value, condition))
        }),
        Condition::AllElements(tests) => tests.iter().all(|test| {
            any(LastArray::Whole, &|value| {
                value.is_some_and(|value| any_element(value, test))
            })
        }),
        Condition::Type(_) | Condition::Remainder { .. } | Condition::Matches(_) => {
            any(LastArray::Opened, &|value| {
                value.is_some_and(|value| value_satisfies(value, condition))
            })
        }
    }
}

/// Whether one value, taken as it is, satisfies a condition.
fn value_satisfies(value: ValueRef<'_>, condition: &Condition) -> bool {
    match condition {
        Condition::Equal(literal) => literal.equals(value),
        Condition::NotEqual(literal) => !literal.equals(value),
        Condition::Compare(comparison, literal) => compares(*comparison, value, literal),
        Condition::In(set) => set.contains(value),
        Condition::NotIn(set) => !set.contains(value),
        Condition::Exists(presence) => *presence == Presence::Present,
        Condition::Type(names) => names.iter().any(|name| name.includes(value)),
        Condition::Not(conditions) => !conditions
            .iter()
            .all(|condition| value_satisfies(value, condition)),
        Condition::AnyElement(test) => any_element(value, test),
        Condition::Size(size) => match value {
            ValueRef::Array(elements) => elements.len() == *size,
            _ => false,
        },
        Condition::All(set) => !set.is_empty() && set.iter().all(|literal| literal.equals(value)),
        Condition::AllElements(tests) => tests.iter().all(|test| any_element(value, test)),
        Condition::Remainder { divisor, remainder } => Number::of(value)
            .and_then(Number::truncated)
            .is_some_and(|number| number.wrapping_rem(*divisor) == *remainder),
        Condition::Matches(pattern) => match value {
            ValueRef::String(text) | ValueRef::Symbol(text) => pattern.is_match(text),
            _ => false,
        },
    }
}

fn any_element(value: ValueRef<'_>, test: &ElementTest) -> bool {
    let ValueRef::Array(elements) = value else {
        return false;
    };
    elements.iter().any(|element| match test {
        ElementTest::Value(conditions) => conditions
            .iter()
            .all(|condition| value_satisfies(element, condition)),
        ElementTest::Document(filter) => match element {
            ValueRef::Document(document) => filter_matches(filter, Root::Document(document)),
            ValueRef::Array(inner) => filter_matches(filter, Root::Array(inner)),
            _ => false,
        },
    })
}

/// Values are greater or less only than values of the same type, where all numbers are one type.
/// `NaN` is neither greater nor less than any number.
fn compares(comparison: Comparison, value: ValueRef<'_>, literal: &Literal) -> bool {
    let bound = ValueRef::from(literal.value());
    if type_rank(value) != type_rank(bound) {
        return false;
    }
    let is_nan = |value| Number::of(value).is_some_and(Number::is_nan);
    let order = compare_values(value, bound);
    if order != Ordering::Equal && (is_nan(value) || is_nan(bound)) {
        return false;
    }
    match comparison {
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
    }
}
