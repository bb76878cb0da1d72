//! Reading, writing and removing what is at a path in a document.

use crate::{DatabaseError, Document, FieldPath, Value, path::Step};

/// How far beyond its end an array may be written to; what lies between is filled with null.
const MAX_FILLED_ELEMENTS: usize = 10_000;

/// What is at the path, if anything is.
pub(super) fn find<'a>(document: &'a Document, path: &FieldPath) -> Option<&'a Value> {
    let (first, rest) = path.steps().split_first()?;
    rest.iter()
        .try_fold(document.get(&first.name)?, |value, step| match value {
            Value::Document(document) => document.get(&step.name),
            Value::Array(values) => values.get(step.position?),
            _ => None,
        })
}

/// Whether the path goes through nothing but what has fields or positions, as far as there is
/// anything on its way.
pub(super) fn leads_on(document: &Document, path: &FieldPath) -> bool {
    let Some((first, rest)) = path.steps().split_first() else {
        return true;
    };
    let mut value = document.get(&first.name);
    for step in rest {
        value = match value {
            None => return true,
            Some(Value::Document(document)) => document.get(&step.name),
            Some(Value::Array(values)) => match step.position {
                Some(position) => values.get(position),
                None => return false,
            },
            Some(_) => return false,
        };
    }
    true
}

/// Whether an array lies on the way to the end of the path.
pub(super) fn enters_array(document: &Document, path: &FieldPath) -> bool {
    let Some((_, way)) = path.steps().split_last() else {
        return false;
    };
    let mut document = document;
    for step in way {
        match document.get(&step.name) {
            Some(Value::Document(inner)) => document = inner,
            Some(Value::Array(_)) => return true,
            _ => return false,
        }
    }
    false
}

/// Whether the path ends at an element of an array.
pub(super) fn is_element(document: &Document, path: &FieldPath) -> bool {
    let Some((_, way)) = path.steps().split_last() else {
        return false;
    };
    let Some((first, way)) = way.split_first() else {
        return false;
    };
    let parent = way
        .iter()
        .try_fold(document.get(&first.name), |value, step| match value? {
            Value::Document(document) => Some(document.get(&step.name)),
            Value::Array(values) => Some(values.get(step.position?)),
            _ => None,
        });
    matches!(parent, Some(Some(Value::Array(_))))
}

/// Writes a value at the path, making the documents on the way to it that are missing.
pub(super) fn put(
    document: &mut Document,
    path: &FieldPath,
    value: Value,
) -> Result<(), DatabaseError> {
    put_in_document(document, path.steps(), value).map_err(|why| {
        DatabaseError::InvalidArgument(format!("cannot write the field {}: {why}", path.as_str()))
    })
}

/// Removes what is at the path; an element of an array becomes null. Returns what was there.
pub(super) fn remove(document: &mut Document, path: &FieldPath) -> Option<Value> {
    let (last, way) = path.steps().split_last()?;
    let Some((first, way)) = way.split_first() else {
        return document.remove(&last.name);
    };
    let parent =
        way.iter()
            .try_fold(document.get_mut(&first.name)?, |value, step| match value {
                Value::Document(document) => document.get_mut(&step.name),
                Value::Array(values) => values.get_mut(step.position?),
                _ => None,
            })?;
    match parent {
        Value::Document(document) => document.remove(&last.name),
        Value::Array(values) => {
            let element = values.get_mut(last.position?)?;
            Some(std::mem::replace(element, Value::Null))
        }
        _ => None,
    }
}

fn put_in_document(document: &mut Document, steps: &[Step], value: Value) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(());
    };
    if rest.is_empty() {
        document.insert(step.name.clone(), value);
        return Ok(());
    }
    let inner = document
        .entry(step.name.clone())
        .or_insert_with(|| Value::Document(Document::new()));
    put_inside(inner, step, rest, value)
}

fn put_inside(inner: &mut Value, step: &Step, rest: &[Step], value: Value) -> Result<(), String> {
    match inner {
        Value::Document(document) => put_in_document(document, rest, value),
        Value::Array(values) => put_in_array(values, step, rest, value),
        _ => Err(format!(
            "{:?} holds neither an object nor an array",
            step.name
        )),
    }
}

fn put_in_array(
    values: &mut Vec<Value>,
    parent: &Step,
    steps: &[Step],
    value: Value,
) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(());
    };
    let Some(position) = step.position else {
        return Err(format!(
            "{:?} holds an array, in which {:?} is not a position",
            parent.name, step.name
        ));
    };
    if position >= values.len() {
        if position - values.len() > MAX_FILLED_ELEMENTS {
            return Err(format!(
                "position {position} lies more than {MAX_FILLED_ELEMENTS} beyond the end of the array"
            ));
        }
        values.resize(position, Value::Null);
        values.push(if rest.is_empty() {
            Value::Null
        } else {
            Value::Document(Document::new())
        });
    }
    match values.get_mut(position) {
        Some(element) if rest.is_empty() => {
            *element = value;
            Ok(())
        }
        Some(element) => put_inside(element, step, rest, value),
        None => Ok(()),
    }
}
