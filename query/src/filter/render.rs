//! From a [`Filter`] to MongoDB's query language.

use bson::doc;

use crate::{Document, Value};

use super::{Clause, Comparison, Condition, ElementTest, Filter, LiteralSet, Presence, TypeName};

pub(super) fn filter(filter: &Filter) -> Document {
    filter
        .clauses
        .iter()
        .map(|clause| match clause {
            Clause::AllOf(inner) => ("$and".to_owned(), filters(inner)),
            Clause::AnyOf(inner) => ("$or".to_owned(), filters(inner)),
            Clause::NoneOf(inner) => ("$nor".to_owned(), filters(inner)),
            Clause::Field { path, conditions } => (
                path.to_string(),
                Value::Document(self::conditions(conditions)),
            ),
        })
        .collect()
}

pub(crate) fn conditions(conditions: &[Condition]) -> Document {
    let mut document = Document::new();
    for condition in conditions {
        let (name, value) = self::condition(condition);
        document.insert(name, value);
    }
    document
}

fn condition(condition: &Condition) -> (&'static str, Value) {
    match condition {
        Condition::Equal(literal) => ("$eq", literal.value().clone()),
        Condition::NotEqual(literal) => ("$ne", literal.value().clone()),
        Condition::Compare(comparison, literal) => {
            let name = match comparison {
                Comparison::Greater => "$gt",
                Comparison::GreaterOrEqual => "$gte",
                Comparison::Less => "$lt",
                Comparison::LessOrEqual => "$lte",
            };
            (name, literal.value().clone())
        }
        Condition::In(set) => ("$in", literals(set)),
        Condition::NotIn(set) => ("$nin", literals(set)),
        Condition::Exists(presence) => ("$exists", Value::Boolean(*presence == Presence::Present)),
        Condition::Type(names) => (
            "$type",
            Value::Array(
                names
                    .iter()
                    .map(|name| TypeName::name(*name).into())
                    .collect(),
            ),
        ),
        Condition::Not(inner) => ("$not", Value::Document(conditions(inner))),
        Condition::AnyElement(test) => ("$elemMatch", Value::Document(element_test(test))),
        Condition::Size(size) => (
            "$size",
            i32::try_from(*size).map_or(Value::Null, Value::Int32),
        ),
        Condition::All(set) => ("$all", literals(set)),
        Condition::AllElements(tests) => (
            "$all",
            Value::Array(
                tests
                    .iter()
                    .map(|test| Value::Document(doc! {"$elemMatch": element_test(test)}))
                    .collect(),
            ),
        ),
        Condition::Remainder { divisor, remainder } => (
            "$mod",
            Value::Array(vec![Value::Int64(*divisor), Value::Int64(*remainder)]),
        ),
        Condition::Matches(pattern) => ("$regex", Value::String(pattern.source().to_owned())),
    }
}

fn element_test(test: &ElementTest) -> Document {
    match test {
        ElementTest::Document(inner) => filter(inner),
        ElementTest::Value(inner) => conditions(inner),
    }
}

fn filters(filters: &[Filter]) -> Value {
    Value::Array(
        filters
            .iter()
            .map(|inner| Value::Document(filter(inner)))
            .collect(),
    )
}

fn literals(set: &LiteralSet) -> Value {
    Value::Array(set.iter().map(|literal| literal.value().clone()).collect())
}
