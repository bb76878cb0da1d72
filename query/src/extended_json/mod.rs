//! MongoDB Extended JSON v2: the text form of documents.
//!
//! Reads relaxed and canonical forms, of the types that a template may use, and refuses the others
//! (code, database references, regular expressions as values and so on). Prints the relaxed form, of
//! every type, because a document that somebody else stored may hold any. It is not the parser of
//! filters or updates, which builds on it.

mod parse;
mod print;
mod text;

use serde_json::Value as Json;

use crate::{Document, MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH, QueryError, Value, check_storable};

pub(crate) use parse::{Bounds, KeyRule, described, from_json, object_from_json};
pub(crate) use text::parse_json;

/// The longest JSON text of one document, in bytes: twice a document's size as BSON, which leaves
/// room for escapes and type wrappers.
pub const MAX_TEXT_BYTES: usize = 2 * MAX_DOCUMENT_BYTES;

const DOCUMENT_BOUNDS: Bounds = Bounds {
    bytes: MAX_TEXT_BYTES,
    depth: MAX_DOCUMENT_DEPTH,
};

/// Reads a document that may be stored.
///
/// # Errors
/// Where the text is not JSON or not an object, is too large or too deep, or holds a type or a field
/// name that is not allowed.
pub fn parse_document(text: &str) -> Result<Document, QueryError> {
    let json = parse_json(text, DOCUMENT_BOUNDS.bytes)?;
    document_from_json(&json)
}

/// As [`parse_document`], from JSON that is parsed already.
///
/// # Errors
/// As [`parse_document`].
pub fn document_from_json(json: &Json) -> Result<Document, QueryError> {
    let document = parse::object_from_json(json, KeyRule::Stored, DOCUMENT_BOUNDS)?;
    check_storable(&document)?;
    Ok(document)
}

/// A document as relaxed Extended JSON.
pub fn document_to_json(document: &Document) -> Json {
    print::document(document)
}

/// A value as relaxed Extended JSON.
pub fn value_to_json(value: &Value) -> Json {
    print::value(value)
}

/// A document as relaxed Extended JSON on one line.
pub fn print_document(document: &Document) -> String {
    print::document(document).to_string()
}
