//! How large documents are: as BSON, where it decides what may be stored, and in memory, where it
//! decides what a sort or a group may hold.

use crate::{
    Document, MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH, QueryError, QueryErrorCode, Value,
    path::check_name, pointer::Pointer,
};

/// The bytes that a document takes as BSON (BSON specification 1.1).
pub fn document_size(document: &Document) -> usize {
    let fields: usize = document
        .iter()
        .map(|(name, value)| 2 + name.len() + value_size(value))
        .sum();
    fields + 5
}

/// Refuses a document that cannot be stored: too large, too deep, with field names that cannot be
/// used, or with an array as `_id`.
///
/// # Errors
/// Says which rule is broken and where.
pub fn check_storable(document: &Document) -> Result<(), QueryError> {
    if let Some(Value::Array(_)) = document.get("_id") {
        return Err(Pointer::ROOT.name("_id").error(
            QueryErrorCode::WrongType,
            "the _id of a document cannot be an array",
        ));
    }
    check_document(document, 1, &Pointer::ROOT)?;
    let size = document_size(document);
    if size > MAX_DOCUMENT_BYTES {
        return Err(Pointer::ROOT.error(
            QueryErrorCode::TooLarge,
            format!(
                "the document has {size} bytes as BSON; at most {MAX_DOCUMENT_BYTES} are stored"
            ),
        ));
    }
    Ok(())
}

/// Refuses a value with field names inside it that cannot be stored.
pub(crate) fn check_value(value: &Value, depth: usize, at: &Pointer<'_>) -> Result<(), QueryError> {
    match value {
        Value::Document(document) => check_document(document, depth, at),
        Value::Array(values) => {
            check_depth(depth, at)?;
            values.iter().enumerate().try_for_each(|(position, value)| {
                check_value(value, depth + 1, &at.index(position))
            })
        }
        _ => Ok(()),
    }
}

/// About how many bytes a document takes in memory.
pub(crate) fn document_footprint(document: &Document) -> usize {
    let fields: usize = document
        .iter()
        .map(|(name, value)| 40 + name.len() + value_footprint(value))
        .sum();
    fields + std::mem::size_of::<Document>()
}

/// About how many bytes a value takes in memory.
pub(crate) fn value_footprint(value: &Value) -> usize {
    std::mem::size_of::<Value>()
        + match value {
            Value::String(text) | Value::Symbol(text) | Value::JavaScriptCode(text) => text.len(),
            Value::Array(values) => values.iter().map(value_footprint).sum(),
            Value::Document(document) => document_footprint(document),
            Value::Binary(binary) => binary.bytes.len(),
            Value::RegularExpression(regex) => regex.pattern.len() + regex.options.len(),
            Value::JavaScriptCodeWithScope(code) => {
                code.code.len() + document_footprint(&code.scope)
            }
            _ => 0,
        }
}

fn check_document(document: &Document, depth: usize, at: &Pointer<'_>) -> Result<(), QueryError> {
    check_depth(depth, at)?;
    document.iter().try_for_each(|(name, value)| {
        let here = at.name(name);
        check_name(name, &here)?;
        check_value(value, depth + 1, &here)
    })
}

fn check_depth(depth: usize, at: &Pointer<'_>) -> Result<(), QueryError> {
    if depth <= MAX_DOCUMENT_DEPTH {
        return Ok(());
    }
    Err(at.error(
        QueryErrorCode::TooDeep,
        format!("documents and arrays may be nested {MAX_DOCUMENT_DEPTH} deep, not deeper"),
    ))
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Double(_) | Value::Int64(_) | Value::DateTime(_) | Value::Timestamp(_) => 8,
        Value::Int32(_) => 4,
        Value::Decimal128(_) => 16,
        Value::ObjectId(_) => 12,
        Value::Boolean(_) => 1,
        Value::Null | Value::Undefined | Value::MinKey | Value::MaxKey => 0,
        Value::String(text) | Value::Symbol(text) | Value::JavaScriptCode(text) => text.len() + 5,
        Value::Document(document) => document_size(document),
        Value::Array(values) => {
            let elements: usize = values
                .iter()
                .enumerate()
                .map(|(position, value)| 2 + decimal_digits(position) + value_size(value))
                .sum();
            elements + 5
        }
        Value::Binary(binary) => {
            let length_again = if u8::from(binary.subtype) == 2 { 4 } else { 0 };
            binary.bytes.len() + 5 + length_again
        }
        Value::RegularExpression(regex) => regex.pattern.len() + regex.options.len() + 2,
        Value::DbPointer(_) => 17,
        Value::JavaScriptCodeWithScope(code) => code.code.len() + 9 + document_size(&code.scope),
    }
}

fn decimal_digits(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}
