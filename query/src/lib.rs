//! Documents and the query language that templates use on them.
//!
//! Everything a guest sends (filters, updates, sorts, projections, pipelines, documents) is parsed
//! here into types that cannot be wrong before any store sees it, and the same types are evaluated
//! here on documents, so that every store gives the same answer. This crate is not a store and
//! performs no I/O: [`ApplicationDatabase`] is the interface that stores implement.

mod arithmetic;
mod collection;
mod compare;
mod database;
mod decimal;
mod error;
pub mod extended_json;
mod filter;
mod find;
mod number;
mod path;
mod pipeline;
mod pointer;
mod projection;
mod size;
mod sort;
mod update;
mod value;

mod memory;

pub use collection::{CollectionName, InvalidCollectionName};
pub use compare::{OrderedValue, compare};
pub use database::{
    ApplicationDatabase, Cursor, DatabaseError, DeleteBound, DocumentsCursor, UpdateOutcome,
};
pub use error::{QueryError, QueryErrorCode};
pub use filter::{Filter, IdValues};
pub use find::{Find, Limit};
pub use memory::MemoryDatabase;
pub use path::FieldPath;
pub use pipeline::Pipeline;
pub use projection::Projection;
pub use size::{check_storable, document_size};
pub use sort::{Direction, Keep, Sort, Sorter};
pub use update::{Change, Update};

/// A document: ordered field names and values.
pub type Document = bson::Document;

/// A value inside a document.
pub type Value = bson::Bson;

/// The largest document that is stored, in bytes of BSON (MongoDB manual, "MongoDB Limits and
/// Thresholds").
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// The deepest nesting of documents and arrays that is stored (MongoDB manual, "MongoDB Limits and
/// Thresholds").
pub const MAX_DOCUMENT_DEPTH: usize = 100;

/// What a stage that has to hold documents (a sort, a group) may hold, in bytes (MongoDB manual,
/// "Aggregation Pipeline Limits").
pub const MAX_STAGE_BYTES: usize = 100 * 1024 * 1024;

/// A stream of documents that a store pulls from another.
pub type Documents<'a> = Box<dyn Iterator<Item = Result<Document, DatabaseError>> + Send + 'a>;
