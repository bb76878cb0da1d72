//! Filters: which documents a query is about.
//!
//! A [`Filter`] is parsed once from MongoDB's query language, cut down to operators that are safe
//! and that every store answers alike; then it is either evaluated here on documents or rendered for
//! MongoDB. It never runs code, and its cost is bounded when it is parsed.

mod literal;
mod matcher;
mod operands;
mod parse;
mod pattern;
mod render;
mod type_name;

use serde_json::Value as Json;

use crate::{Document, FieldPath, QueryError, Value, extended_json};

pub(crate) use literal::{Literal, LiteralSet};
pub(crate) use matcher::field_satisfies;
pub(crate) use parse::{BOUNDS, is_operator_document, parse_conditions, parse_filter_at};
pub(crate) use pattern::Pattern;
pub(crate) use render::conditions as render_conditions;
pub(crate) use type_name::TypeName;

/// Which documents a query is about. The default matches every document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// All of these hold.
    clauses: Vec<Clause>,
}

/// Values of `_id`, one of which every matching document has.
///
/// They are equal to a stored `_id` in the sense of [`crate::compare`]: `1` also stands for `1.0`.
#[derive(Debug, Clone, PartialEq)]
pub struct IdValues(Vec<Value>);

impl IdValues {
    /// The values, without duplicates, in the order of [`crate::compare`].
    pub fn as_slice(&self) -> &[Value] {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Clause {
    AllOf(Vec<Filter>),
    AnyOf(Vec<Filter>),
    NoneOf(Vec<Filter>),
    Field {
        path: FieldPath,
        conditions: Vec<Condition>,
    },
}

/// What is asked of the values at a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Equal(Literal),
    NotEqual(Literal),
    Compare(Comparison, Literal),
    In(LiteralSet),
    NotIn(LiteralSet),
    Exists(Presence),
    Type(Vec<TypeName>),
    Not(Vec<Condition>),
    AnyElement(ElementTest),
    Size(usize),
    All(LiteralSet),
    AllElements(Vec<ElementTest>),
    Remainder { divisor: i64, remainder: i64 },
    Matches(Pattern),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Present,
    Absent,
}

/// What is asked of an element of an array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ElementTest {
    Document(Filter),
    Value(Vec<Condition>),
}

impl Filter {
    /// The longest text of a filter, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;
    /// How deeply objects and arrays may be nested in a filter.
    pub const MAX_DEPTH: usize = 20;
    /// The most fields and operators in a filter.
    pub const MAX_NODES: usize = 200;
    /// The most values in one `$in`, `$nin` or `$all`.
    pub const MAX_VALUES: usize = 1000;

    /// The filter that matches every document.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Reads a filter from text.
    ///
    /// # Errors
    /// Where the text is not JSON, too large, or holds anything that is not on the list of what is
    /// allowed.
    pub fn parse_text(text: &str) -> Result<Self, QueryError> {
        Self::parse(&extended_json::parse_json(text, Self::MAX_BYTES)?)
    }

    /// Reads a filter from JSON.
    ///
    /// # Errors
    /// As [`Filter::parse_text`].
    pub fn parse(json: &Json) -> Result<Self, QueryError> {
        let document =
            extended_json::object_from_json(json, extended_json::KeyRule::Operators, BOUNDS)?;
        Self::from_bson(&document)
    }

    /// Reads a filter in MongoDB's own form, such as [`Filter::to_bson`] gives.
    ///
    /// # Errors
    /// As [`Filter::parse_text`].
    pub fn from_bson(document: &Document) -> Result<Self, QueryError> {
        parse::parse_filter(document)
    }

    /// The filter in MongoDB's own form. [`Filter::from_bson`] reads it back as an equal filter, save
    /// for regular expressions with classes that are too long when they are spelt out.
    pub fn to_bson(&self) -> Document {
        render::filter(self)
    }

    /// Whether every document matches because nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Both this filter and the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self {
                clauses: vec![Clause::AllOf(vec![self, other])],
            },
        }
    }

    /// Whether a document matches.
    pub fn matches(&self, document: &Document) -> bool {
        matcher::matches(self, document)
    }

    /// Whether a document that is still BSON matches. Only the fields that the filter names are
    /// decoded.
    ///
    /// # Errors
    /// [`crate::DatabaseError::Corrupt`] where the bytes turn out not to be BSON.
    pub fn matches_raw(&self, document: &bson::RawDocument) -> Result<bool, crate::DatabaseError> {
        matcher::matches_raw(self, document)
    }

    /// The values to which the filter provably restricts `_id`, if it does so outright: at the top
    /// or inside `$and`, by equality or `$in`. A document with another `_id` never matches; one with
    /// such an `_id` still has to be tested. Null and arrays prove nothing and give `None`.
    pub fn equality_on_id(&self) -> Option<IdValues> {
        self.clauses.iter().find_map(|clause| match clause {
            Clause::AllOf(filters) => filters.iter().find_map(Self::equality_on_id),
            Clause::Field { path, conditions } if path.is_id() => {
                conditions.iter().find_map(|condition| match condition {
                    Condition::Equal(literal) => id_values(std::iter::once(literal)),
                    Condition::In(set) => id_values(set.iter()),
                    _ => None,
                })
            }
            _ => None,
        })
    }
}

fn id_values<'a>(literals: impl Iterator<Item = &'a Literal>) -> Option<IdValues> {
    literals
        .map(|literal| match literal.value() {
            Value::Null | Value::Array(_) => None,
            value => Some(value.clone()),
        })
        .collect::<Option<Vec<_>>>()
        .map(IdValues)
}
