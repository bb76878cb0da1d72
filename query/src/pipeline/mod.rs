//! Read-only pipelines: documents go through stages that choose, shape, order and summarise them.
//!
//! There are no stages that write, read other collections or run code, and no expressions but a
//! field (`"$name"`) or a number.

mod field;
mod group;
mod parse;
mod render;
mod run;
mod sum;
mod unwind;

use serde_json::Value as Json;

use crate::{
    DatabaseError, Document, Documents, Filter, Projection, QueryError, Sort, Value,
    extended_json::{self, Bounds, KeyRule},
};

use group::Group;
use unwind::Unwind;

/// Stages through which documents go, in their order. The default has none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipeline {
    stages: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Match(Filter),
    Project(Projection),
    Sort(Sort),
    Skip(u64),
    Limit(u64),
    Count(String),
    Unwind(Unwind),
    Group(Group),
}

impl Pipeline {
    /// The most stages.
    pub const MAX_STAGES: usize = 20;
    /// The longest text of a pipeline, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;
    /// The most fields that one `$group` makes.
    pub const MAX_GROUP_FIELDS: usize = 100;

    const BOUNDS: Bounds = Bounds {
        bytes: Self::MAX_BYTES,
        depth: Filter::MAX_DEPTH + 2,
    };

    /// Reads a pipeline, a JSON array of stages, from text.
    ///
    /// # Errors
    /// Where the text is not JSON or too large, there are too many stages, or a stage or an
    /// accumulator is not on the list of those allowed.
    pub fn parse_text(text: &str) -> Result<Self, QueryError> {
        Self::parse(&extended_json::parse_json(text, Self::MAX_BYTES)?)
    }

    /// As [`Pipeline::parse_text`], from JSON.
    ///
    /// # Errors
    /// As [`Pipeline::parse_text`].
    pub fn parse(json: &Json) -> Result<Self, QueryError> {
        let value = extended_json::from_json(json, KeyRule::Operators, Self::BOUNDS)?;
        parse::parse_pipeline(&value)
    }

    /// Reads a pipeline in MongoDB's own form.
    ///
    /// # Errors
    /// As [`Pipeline::parse_text`].
    pub fn from_bson(stages: &[Document]) -> Result<Self, QueryError> {
        let stages = stages.iter().cloned().map(Value::Document).collect();
        parse::parse_pipeline(&Value::Array(stages))
    }

    /// The pipeline in MongoDB's own form. [`Pipeline::from_bson`] reads it back as an equal one.
    pub fn to_bson(&self) -> Vec<Document> {
        render::pipeline(self)
    }

    /// What the pipeline asks of documents before anything else: the filter of its first stage where
    /// that is `$match`. A store may use it to read less; the pipeline still has to be run whole.
    pub fn leading_filter(&self) -> Filter {
        match self.stages.first() {
            Some(Stage::Match(filter)) => filter.clone(),
            _ => Filter::everything(),
        }
    }

    /// Sends documents through the stages.
    ///
    /// Stages that need no more than one document at a time stream; `$sort` and `$group` hold what
    /// they must, each at most [`crate::MAX_STAGE_BYTES`], and give
    /// [`DatabaseError::LimitExceeded`] beyond it.
    pub fn run<'a>(
        self,
        documents: impl Iterator<Item = Result<Document, DatabaseError>> + Send + 'a,
    ) -> Documents<'a> {
        run::run(self, Box::new(documents))
    }
}
