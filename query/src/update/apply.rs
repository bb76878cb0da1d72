//! Carrying an [`Update`] out on a document.

use std::cmp::Ordering;

use crate::{
    DatabaseError, Document, FieldPath, Value,
    arithmetic::{ArithmeticError, add, multiply},
    check_storable,
    compare::compare,
    filter::field_satisfies,
    value::ValueRef,
};

use super::{
    Action, Change, End, Operation, PullTest, Update,
    place::{enters_array, find, is_element, leads_on, put, remove},
};

pub(super) fn apply(
    update: &Update,
    document: &mut Document,
    now: jiff::Timestamp,
) -> Result<Change, DatabaseError> {
    let mut changed = document.clone();
    let mut change = Change::Unchanged;
    for action in &update.actions {
        if carry_out(action, &mut changed, now)? == Change::Changed {
            change = Change::Changed;
        }
    }
    if change == Change::Changed {
        check_storable(&changed)?;
        *document = changed;
    }
    Ok(change)
}

fn carry_out(
    action: &Action,
    document: &mut Document,
    now: jiff::Timestamp,
) -> Result<Change, DatabaseError> {
    let path = &action.path;
    match &action.operation {
        Operation::Unset => match find(document, path) {
            None => Ok(Change::Unchanged),
            // An element of an array is set to null and stays.
            Some(Value::Null) if is_element(document, path) => Ok(Change::Unchanged),
            Some(_) => {
                remove(document, path);
                Ok(Change::Changed)
            }
        },
        Operation::RenameFrom(from) => rename(document, from, path),
        operation => {
            let current = find(document, path);
            let Some(value) = new_value(operation, current, path, now)? else {
                return Ok(Change::Unchanged);
            };
            if current.is_some_and(|current| identical(current, &value)) {
                return Ok(Change::Unchanged);
            }
            put(document, path, value)?;
            Ok(Change::Changed)
        }
    }
}

/// What the field holds afterwards; `None` leaves it as it is.
fn new_value(
    operation: &Operation,
    current: Option<&Value>,
    path: &FieldPath,
    now: jiff::Timestamp,
) -> Result<Option<Value>, DatabaseError> {
    let refuse = |error: ArithmeticError| {
        DatabaseError::InvalidArgument(format!(
            "cannot calculate the field {path}: {}",
            error.message()
        ))
    };
    match operation {
        Operation::Set(value) => Ok(Some(value.clone())),
        Operation::CurrentDate => Ok(Some(Value::DateTime(bson::DateTime::from_millis(
            now.as_millisecond(),
        )))),
        Operation::Increment(by) => match current {
            None => Ok(Some(by.clone())),
            Some(before) => add(before, by)
                .map(|after| calculated(current, after))
                .map_err(refuse),
        },
        Operation::Multiply(by) => multiply(current.unwrap_or(&Value::Int32(0)), by)
            .map(|after| calculated(current, after))
            .map_err(refuse),
        Operation::Min(value) => Ok(replacement(current, value, Ordering::Less)),
        Operation::Max(value) => Ok(replacement(current, value, Ordering::Greater)),
        Operation::Push(values) => {
            let mut elements = array(current, path)?.unwrap_or_default();
            elements.extend(values.iter().cloned());
            Ok(Some(Value::Array(elements)))
        }
        Operation::AddToSet(values) => {
            let mut elements = array(current, path)?.unwrap_or_default();
            for value in values {
                if !elements.iter().any(|element| is_equal(element, value)) {
                    elements.push(value.clone());
                }
            }
            Ok(Some(Value::Array(elements)))
        }
        Operation::Pull(test) => Ok(array(current, path)?.map(|mut elements| {
            elements.retain(|element| !is_pulled(element, test));
            Value::Array(elements)
        })),
        Operation::Pop(end) => Ok(array(current, path)?.map(|mut elements| {
            match end {
                End::Last => {
                    elements.pop();
                }
                End::First => {
                    elements.drain(..elements.len().min(1));
                }
            }
            Value::Array(elements)
        })),
        Operation::Unset | Operation::RenameFrom(_) => Ok(None),
    }
}

/// A number that was calculated; `None` where it is the double that was there. Zeros of either sign are
/// the same number, and the one that is there stays.
fn calculated(before: Option<&Value>, after: Value) -> Option<Value> {
    match (before, &after) {
        (Some(Value::Double(before)), Value::Double(number)) if before == number => None,
        _ => Some(after),
    }
}

fn rename(
    document: &mut Document,
    from: &FieldPath,
    to: &FieldPath,
) -> Result<Change, DatabaseError> {
    if !leads_on(document, from) {
        return Err(DatabaseError::InvalidArgument(format!(
            "cannot rename the field {from}: its path goes through a value without fields"
        )));
    }
    if find(document, from).is_none() {
        return Ok(Change::Unchanged);
    }
    if enters_array(document, from) || enters_array(document, to) {
        return Err(DatabaseError::InvalidArgument(format!(
            "cannot rename the field {from} to {to}: $rename does not reach into arrays"
        )));
    }
    if let Some(value) = remove(document, from) {
        put(document, to, value)?;
    }
    Ok(Change::Changed)
}

fn replacement(current: Option<&Value>, value: &Value, wanted: Ordering) -> Option<Value> {
    match current {
        Some(current) if compare(value, current) != wanted => None,
        _ => Some(value.clone()),
    }
}

fn array(current: Option<&Value>, path: &FieldPath) -> Result<Option<Vec<Value>>, DatabaseError> {
    match current {
        None => Ok(None),
        Some(Value::Array(values)) => Ok(Some(values.clone())),
        Some(_) => Err(DatabaseError::InvalidArgument(format!(
            "the field {path} does not hold an array"
        ))),
    }
}

fn is_pulled(element: &Value, test: &PullTest) -> bool {
    match test {
        PullTest::Equal(literal) => literal.equals(ValueRef::from(element)),
        PullTest::Value(conditions) => conditions
            .iter()
            .all(|condition| field_satisfies(ValueRef::from(element), condition)),
        PullTest::Document(filter) => match element {
            Value::Document(document) => filter.matches(document),
            _ => false,
        },
    }
}

fn is_equal(left: &Value, right: &Value) -> bool {
    compare(left, right) == Ordering::Equal
}

/// Whether nothing would change, not even a type or the sign of a zero.
fn identical(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Double(left), Value::Double(right)) => left.to_bits() == right.to_bits(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| identical(l, r))
        }
        (Value::Document(left), Value::Document(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && identical(left.1, right.1))
        }
        _ => left == right,
    }
}
