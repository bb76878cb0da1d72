//! Updates: what is changed in the documents that a filter matches.
//!
//! An [`Update`] is parsed once from MongoDB's update operators, cut down to those that every store
//! does alike; whole-document replacement, pipelines and positional operators are not among them.

mod apply;
mod parse;
mod place;
mod render;

use serde_json::Value as Json;

use crate::{
    DatabaseError, Document, FieldPath, Filter, MAX_DOCUMENT_DEPTH, QueryError, Value,
    extended_json::{self, Bounds, KeyRule},
    filter::{Condition, Literal},
};

/// What is changed in a document: at least one action, none of which touches what another does.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// In the order of their paths, in which MongoDB carries them out.
    actions: Vec<Action>,
}

/// Whether a document is different after an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is different.
    Changed,
    /// It was already as the update asks.
    Unchanged,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Action {
    path: FieldPath,
    operation: Operation,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operation {
    Set(Value),
    Unset,
    Increment(Value),
    Multiply(Value),
    Min(Value),
    Max(Value),
    /// Moves the field at `from` to this action's path.
    RenameFrom(FieldPath),
    CurrentDate,
    Push(Vec<Value>),
    AddToSet(Vec<Value>),
    Pull(PullTest),
    Pop(End),
}

/// Which elements `$pull` removes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PullTest {
    Equal(Literal),
    Value(Vec<Condition>),
    Document(Filter),
}

/// An end of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

impl Update {
    /// The longest text of an update, in bytes.
    pub const MAX_BYTES: usize = 1024 * 1024;
    /// The most fields that an update changes.
    pub const MAX_ACTIONS: usize = 200;

    const BOUNDS: Bounds = Bounds {
        bytes: Self::MAX_BYTES,
        depth: MAX_DOCUMENT_DEPTH,
    };

    /// Reads an update such as `{"$set": {"status": "old"}, "$inc": {"runs": 1}}` from text.
    ///
    /// # Errors
    /// Where the text is not JSON or too large, an operator is not on the list of those allowed, two
    /// operators touch the same field, or `_id` would change.
    pub fn parse_text(text: &str) -> Result<Self, QueryError> {
        Self::parse(&extended_json::parse_json(text, Self::MAX_BYTES)?)
    }

    /// As [`Update::parse_text`], from JSON.
    ///
    /// # Errors
    /// As [`Update::parse_text`].
    pub fn parse(json: &Json) -> Result<Self, QueryError> {
        let document = extended_json::object_from_json(json, KeyRule::Operators, Self::BOUNDS)?;
        Self::from_bson(&document)
    }

    /// Reads an update in MongoDB's own form.
    ///
    /// # Errors
    /// As [`Update::parse_text`].
    pub fn from_bson(document: &Document) -> Result<Self, QueryError> {
        parse::parse_update(document)
    }

    /// The update in MongoDB's own form. [`Update::from_bson`] reads it back as an equal update.
    pub fn to_bson(&self) -> Document {
        render::update(self)
    }

    /// Changes a document; `now` is the time for `$currentDate`. After an error the document is as
    /// it was.
    ///
    /// # Errors
    /// [`DatabaseError::InvalidArgument`] where a field does not hold what an operator needs, or the
    /// document would be too large or too deep to be stored.
    pub fn apply(
        &self,
        document: &mut Document,
        now: jiff::Timestamp,
    ) -> Result<Change, DatabaseError> {
        apply::apply(self, document, now)
    }
}
