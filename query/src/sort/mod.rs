//! Orders of documents, and sorting within a bound on memory.

mod key;
mod sorter;

use serde_json::Value as Json;

use crate::{
    Document, FieldPath, Filter, QueryError, QueryErrorCode, Value,
    extended_json::{self, Bounds, KeyRule},
    number::Number,
    pointer::Pointer,
    value::ValueRef,
};

pub(crate) use sorter::deferred;
pub use sorter::{Keep, Sorter};

/// By which fields documents are ordered. The default leaves the order to the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sort {
    keys: Vec<(FieldPath, Direction)>,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least value first; of an array, its least element counts.
    Ascending,
    /// The greatest value first; of an array, its greatest element counts.
    Descending,
}

impl Sort {
    /// The most keys (MongoDB manual, "sort").
    pub const MAX_KEYS: usize = 32;

    const BOUNDS: Bounds = Bounds {
        bytes: Filter::MAX_BYTES,
        depth: 2,
    };

    /// No order of one's own.
    pub fn unsorted() -> Self {
        Self::default()
    }

    /// Whether the order is left to the store.
    pub fn is_unsorted(&self) -> bool {
        self.keys.is_empty()
    }

    /// The fields and their directions, the most important first.
    pub fn keys(&self) -> &[(FieldPath, Direction)] {
        &self.keys
    }

    /// Reads a sort such as `{"age": -1, "name": 1}` from text.
    ///
    /// # Errors
    /// Where it is not an object of field paths with 1 or -1, or has too many of them.
    pub fn parse_text(text: &str) -> Result<Self, QueryError> {
        Self::parse(&extended_json::parse_json(text, Self::BOUNDS.bytes)?)
    }

    /// As [`Sort::parse_text`], from JSON.
    ///
    /// # Errors
    /// As [`Sort::parse_text`].
    pub fn parse(json: &Json) -> Result<Self, QueryError> {
        let document = extended_json::object_from_json(json, KeyRule::Operators, Self::BOUNDS)?;
        Self::from_bson(&document)
    }

    /// Reads a sort in MongoDB's own form.
    ///
    /// # Errors
    /// As [`Sort::parse_text`].
    pub fn from_bson(document: &Document) -> Result<Self, QueryError> {
        Self::from_bson_at(document, &Pointer::ROOT)
    }

    /// The sort in MongoDB's own form.
    pub fn to_bson(&self) -> Document {
        self.keys
            .iter()
            .map(|(path, direction)| {
                let number = match direction {
                    Direction::Ascending => 1,
                    Direction::Descending => -1,
                };
                (path.to_string(), Value::Int32(number))
            })
            .collect()
    }

    pub(crate) fn from_bson_at(document: &Document, at: &Pointer<'_>) -> Result<Self, QueryError> {
        if document.len() > Self::MAX_KEYS {
            return Err(at.error(
                QueryErrorCode::TooMany,
                format!("a sort has at most {} fields", Self::MAX_KEYS),
            ));
        }
        let keys = document
            .iter()
            .map(|(name, value)| {
                let here = at.name(name);
                let path = FieldPath::parse_at(name, &here)?;
                let direction = match Number::of(ValueRef::from(value)).and_then(Number::whole) {
                    Some(1) => Direction::Ascending,
                    Some(-1) => Direction::Descending,
                    _ => {
                        return Err(here.error(
                            QueryErrorCode::InvalidValue,
                            "the direction of a sort is 1 (ascending) or -1 (descending)",
                        ));
                    }
                };
                Ok((path, direction))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }
}
