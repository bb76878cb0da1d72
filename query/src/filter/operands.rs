//! What stands after the operators of a filter: values to compare with, sizes, types, patterns.

use crate::{
    Document, QueryError, QueryErrorCode, Value,
    extended_json::described,
    number::Number,
    path::check_name,
    pointer::{Pointer, shown},
    value::ValueRef,
};

use super::{Condition, Filter, Literal, LiteralSet, Pattern, Presence, TypeName};

pub(super) fn check_depth(depth: usize, at: &Pointer<'_>) -> Result<(), QueryError> {
    if depth <= Filter::MAX_DEPTH {
        return Ok(());
    }
    Err(at.error(
        QueryErrorCode::TooDeep,
        format!(
            "a filter may be nested {} deep, not deeper",
            Filter::MAX_DEPTH
        ),
    ))
}

/// A value to compare with, in which there may be no operators.
pub(super) fn literal(
    value: &Value,
    depth: usize,
    at: &Pointer<'_>,
) -> Result<Literal, QueryError> {
    check_literal(value, depth, at)?;
    Ok(Literal::new(value.clone()))
}

fn check_literal(value: &Value, depth: usize, at: &Pointer<'_>) -> Result<(), QueryError> {
    match value {
        Value::Document(document) => {
            check_depth(depth, at)?;
            for (name, value) in document {
                let here = at.name(name);
                if name.starts_with('$') {
                    return Err(here.error(
                        QueryErrorCode::UnknownOperator,
                        format!(
                            "{} stands inside a value to compare with, where no operator is \
                             allowed; to ask something of a field inside, write its dotted path, \
                             such as {{\"address.city\": {{\"$ne\": \"Rome\"}}}}",
                            shown(name)
                        ),
                    ));
                }
                check_name(name, &here)?;
                check_literal(value, depth + 1, &here)?;
            }
            Ok(())
        }
        Value::Array(values) => {
            check_depth(depth, at)?;
            values.iter().enumerate().try_for_each(|(position, value)| {
                check_literal(value, depth + 1, &at.index(position))
            })
        }
        Value::Null
        | Value::Boolean(_)
        | Value::Int32(_)
        | Value::Int64(_)
        | Value::Double(_)
        | Value::Decimal128(_)
        | Value::String(_)
        | Value::DateTime(_)
        | Value::ObjectId(_)
        | Value::Binary(_) => Ok(()),
        _ => Err(at.error(
            QueryErrorCode::UnknownType,
            "a filter compares with null, booleans, numbers, strings, dates, object ids, binary \
             data, objects and arrays only",
        )),
    }
}

pub(super) fn literals(
    name: &str,
    value: &Value,
    depth: usize,
    at: &Pointer<'_>,
) -> Result<LiteralSet, QueryError> {
    let values = bounded_array(name, value, at)?;
    for (position, value) in values.iter().enumerate() {
        check_literal(value, depth + 2, &at.index(position))?;
    }
    Ok(LiteralSet::new(values.to_vec()))
}

pub(super) fn bounded_array<'a>(
    name: &str,
    value: &'a Value,
    at: &Pointer<'_>,
) -> Result<&'a [Value], QueryError> {
    let Value::Array(values) = value else {
        return Err(wrong_type(name, "an array", value, at));
    };
    if values.len() > Filter::MAX_VALUES {
        return Err(at.error(
            QueryErrorCode::TooMany,
            format!(
                "{name} has {} values; at most {} are allowed",
                values.len(),
                Filter::MAX_VALUES
            ),
        ));
    }
    Ok(values)
}

pub(super) fn presence(value: &Value, at: &Pointer<'_>) -> Result<Presence, QueryError> {
    let present = match value {
        Value::Boolean(truth) => Some(*truth),
        _ => whole_number(value).map(|number| number != 0),
    };
    match present {
        Some(true) => Ok(Presence::Present),
        Some(false) => Ok(Presence::Absent),
        None => Err(wrong_type("$exists", "true or false", value, at)),
    }
}

pub(super) fn type_names(value: &Value, at: &Pointer<'_>) -> Result<Vec<TypeName>, QueryError> {
    let mut names = match value {
        Value::Array(values) => {
            bounded_array("$type", value, at)?;
            values
                .iter()
                .enumerate()
                .map(|(position, value)| type_name(value, &at.index(position)))
                .collect::<Result<Vec<_>, _>>()?
        }
        _ => vec![type_name(value, at)?],
    };
    if names.is_empty() {
        return Err(at.error(
            QueryErrorCode::InvalidValue,
            "$type needs at least one type",
        ));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn type_name(value: &Value, at: &Pointer<'_>) -> Result<TypeName, QueryError> {
    let known = match value {
        Value::String(name) => TypeName::from_name(name),
        _ => whole_number(value).and_then(TypeName::from_number),
    };
    known.ok_or_else(|| {
        at.error(
            QueryErrorCode::InvalidValue,
            format!(
                "$type needs the name of a type or its number; the names are {}",
                TypeName::all_names()
            ),
        )
    })
}

pub(super) fn size(value: &Value, at: &Pointer<'_>) -> Result<usize, QueryError> {
    whole_number(value)
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| i32::try_from(*number).is_ok())
        .ok_or_else(|| wrong_type("$size", "a whole number that is not negative", value, at))
}

pub(super) fn remainder(value: &Value, at: &Pointer<'_>) -> Result<Condition, QueryError> {
    let numbers = match value {
        Value::Array(values) => match values.as_slice() {
            [divisor, remainder] => truncated_number(divisor).zip(truncated_number(remainder)),
            _ => None,
        },
        _ => None,
    };
    match numbers {
        Some((0, _)) => Err(at.error(
            QueryErrorCode::InvalidValue,
            "the divisor of $mod must not be 0",
        )),
        Some((divisor, remainder)) => Ok(Condition::Remainder { divisor, remainder }),
        None => Err(wrong_type(
            "$mod",
            "an array of two numbers, divisor and remainder",
            value,
            at,
        )),
    }
}

pub(super) fn pattern(
    value: &Value,
    siblings: &Document,
    at: &Pointer<'_>,
) -> Result<Pattern, QueryError> {
    let Value::String(source) = value else {
        return Err(wrong_type("$regex", "a string", value, at));
    };
    let options = match siblings.get("$options") {
        None => "",
        Some(Value::String(options)) => options,
        Some(other) => return Err(wrong_type("$options", "a string", other, at)),
    };
    Pattern::compile(source, options, at)
}

fn whole_number(value: &Value) -> Option<i64> {
    Number::of(ValueRef::from(value))?.whole()
}

fn truncated_number(value: &Value) -> Option<i64> {
    Number::of(ValueRef::from(value))?.truncated()
}

pub(super) fn wrong_type(name: &str, needed: &str, value: &Value, at: &Pointer<'_>) -> QueryError {
    at.error(
        QueryErrorCode::WrongType,
        format!("{name} needs {needed}, not {}", described(value)),
    )
}
