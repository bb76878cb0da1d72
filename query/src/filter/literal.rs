//! Values that a filter compares with.

use std::cmp::Ordering;

use crate::{
    Value,
    compare::{compare, compare_values},
    value::ValueRef,
};

/// A value to compare with. Two literals are equal where no document can tell them apart.
#[derive(Debug, Clone)]
pub(crate) struct Literal(Value);

/// Values to compare with, in order and without duplicates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LiteralSet {
    literals: Vec<Literal>,
}

impl Literal {
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.0, Value::Null)
    }

    pub(crate) fn equals(&self, value: ValueRef<'_>) -> bool {
        compare_values(ValueRef::from(&self.0), value) == Ordering::Equal
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        compare(&self.0, &other.0) == Ordering::Equal
    }
}

impl LiteralSet {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        let mut literals: Vec<Literal> = values.into_iter().map(Literal::new).collect();
        literals.sort_by(|left, right| compare(&left.0, &right.0));
        literals.dedup();
        Self { literals }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Literal> {
        self.literals.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.literals.is_empty()
    }

    pub(crate) fn has_null(&self) -> bool {
        self.contains(ValueRef::Null)
    }

    pub(crate) fn contains(&self, value: ValueRef<'_>) -> bool {
        self.literals
            .binary_search_by(|literal| compare_values(ValueRef::from(&literal.0), value))
            .is_ok()
    }
}
