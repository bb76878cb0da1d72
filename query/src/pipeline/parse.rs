//! From MongoDB's aggregation stages to a [`Pipeline`].

use crate::{
    Document, Projection, QueryError, QueryErrorCode, Sort, Value,
    extended_json::described,
    filter::parse_filter_at,
    number::Number,
    path::check_name,
    pointer::{Pointer, shown},
    value::ValueRef,
};

use super::{
    Pipeline, Stage,
    field::{Operand, field},
    group::{Accumulator, AccumulatorKind, Group, GroupBy},
    unwind::{Unwind, WithoutElements},
};

const STAGES: &str = "$match, $project, $sort, $skip, $limit, $count, $unwind, $group";
const ACCUMULATORS: &str = "$sum, $avg, $min, $max, $first, $last, $count";

pub(super) fn parse_pipeline(value: &Value) -> Result<Pipeline, QueryError> {
    let root = Pointer::ROOT;
    let Value::Array(values) = value else {
        return Err(root.error(
            QueryErrorCode::WrongType,
            format!("a pipeline is an array of stages, not {}", described(value)),
        ));
    };
    if values.len() > Pipeline::MAX_STAGES {
        return Err(root.error(
            QueryErrorCode::TooMany,
            format!("a pipeline has at most {} stages", Pipeline::MAX_STAGES),
        ));
    }
    let stages = values
        .iter()
        .enumerate()
        .map(|(position, value)| stage(value, &root.index(position)))
        .collect::<Result<_, _>>()?;
    Ok(Pipeline { stages })
}

fn stage(value: &Value, at: &Pointer<'_>) -> Result<Stage, QueryError> {
    let entry = value
        .as_document()
        .filter(|document| document.len() == 1)
        .and_then(|document| document.iter().next());
    let Some((name, body)) = entry else {
        return Err(at.error(
            QueryErrorCode::WrongType,
            format!("a stage is an object with one key, which is one of {STAGES}"),
        ));
    };
    let here = at.name(name);
    match name.as_str() {
        "$match" => parse_filter_at(object(name, body, &here)?, &here).map(Stage::Match),
        "$project" => projection(object(name, body, &here)?, &here).map(Stage::Project),
        "$sort" => sort(object(name, body, &here)?, &here).map(Stage::Sort),
        "$skip" => amount(name, body, &here).map(Stage::Skip),
        "$limit" => match amount(name, body, &here)? {
            0 => Err(here.error(QueryErrorCode::InvalidValue, "$limit must be at least 1")),
            limit => Ok(Stage::Limit(limit)),
        },
        "$count" => match body {
            Value::String(name) => output_name(name, &here).map(Stage::Count),
            _ => Err(wrong_type(name, "the name of a field", body, &here)),
        },
        "$unwind" => unwind(body, &here).map(Stage::Unwind),
        "$group" => group(object(name, body, &here)?, &here).map(Stage::Group),
        _ => Err(here.error(
            QueryErrorCode::UnknownOperator,
            format!(
                "the stage {} is not allowed; those allowed are {STAGES}",
                shown(name)
            ),
        )),
    }
}

fn projection(document: &Document, at: &Pointer<'_>) -> Result<Projection, QueryError> {
    not_empty("$project", document, at)?;
    Projection::from_bson_at(document, at)
}

fn sort(document: &Document, at: &Pointer<'_>) -> Result<Sort, QueryError> {
    not_empty("$sort", document, at)?;
    Sort::from_bson_at(document, at)
}

fn unwind(body: &Value, at: &Pointer<'_>) -> Result<Unwind, QueryError> {
    let Value::Document(options) = body else {
        return Ok(Unwind {
            path: field(body, at)?,
            without_elements: WithoutElements::Dropped,
            position_field: None,
        });
    };
    let mut without_elements = WithoutElements::Dropped;
    let mut position_field = None;
    for (name, value) in options {
        let here = at.name(name);
        match (name.as_str(), value) {
            ("path", _) => {}
            ("preserveNullAndEmptyArrays", Value::Boolean(true)) => {
                without_elements = WithoutElements::Kept;
            }
            ("preserveNullAndEmptyArrays", Value::Boolean(false)) => {}
            ("includeArrayIndex", Value::String(name)) => {
                position_field = Some(output_name(name, &here)?);
            }
            _ => {
                return Err(here.error(
                    QueryErrorCode::InvalidValue,
                    "$unwind takes path (\"$field\"), preserveNullAndEmptyArrays (a boolean) and \
                     includeArrayIndex (the name of a field)",
                ));
            }
        }
    }
    let here = at.name("path");
    Ok(Unwind {
        path: field(options.get("path").unwrap_or(&Value::Null), &here)?,
        without_elements,
        position_field,
    })
}

fn group(document: &Document, at: &Pointer<'_>) -> Result<Group, QueryError> {
    let Some(by) = document.get("_id") else {
        return Err(at.error(
            QueryErrorCode::InvalidValue,
            "$group needs _id: null, a field such as \"$name\", or an object of those",
        ));
    };
    let by = group_by(by, &at.name("_id"))?;
    let fields = document
        .iter()
        .filter(|(name, _)| *name != "_id")
        .map(|(name, value)| {
            let here = at.name(name);
            Ok((output_name(name, &here)?, accumulator(value, &here)?))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if fields.len() > Pipeline::MAX_GROUP_FIELDS {
        return Err(at.error(
            QueryErrorCode::TooMany,
            format!("$group makes at most {} fields", Pipeline::MAX_GROUP_FIELDS),
        ));
    }
    Ok(Group { by, fields })
}

fn group_by(value: &Value, at: &Pointer<'_>) -> Result<GroupBy, QueryError> {
    match value {
        Value::Null => Ok(GroupBy::Nothing),
        Value::Document(document) => {
            if document.is_empty() || document.len() > Pipeline::MAX_GROUP_FIELDS {
                return Err(at.error(
                    QueryErrorCode::InvalidValue,
                    format!(
                        "an object as _id has 1 to {} fields",
                        Pipeline::MAX_GROUP_FIELDS
                    ),
                ));
            }
            document
                .iter()
                .map(|(name, value)| {
                    let here = at.name(name);
                    Ok((output_name(name, &here)?, field(value, &here)?))
                })
                .collect::<Result<_, _>>()
                .map(GroupBy::Fields)
        }
        _ => field(value, at).map(GroupBy::Field),
    }
}

fn accumulator(value: &Value, at: &Pointer<'_>) -> Result<Accumulator, QueryError> {
    let entry = value
        .as_document()
        .filter(|document| document.len() == 1)
        .and_then(|document| document.iter().next());
    let Some((name, body)) = entry else {
        return Err(at.error(
            QueryErrorCode::WrongType,
            format!("an object with one key is needed here, which is one of {ACCUMULATORS}"),
        ));
    };
    let here = at.name(name);
    let kind = match name.as_str() {
        "$sum" => AccumulatorKind::Sum,
        "$avg" => AccumulatorKind::Average,
        "$min" => AccumulatorKind::Min,
        "$max" => AccumulatorKind::Max,
        "$first" => AccumulatorKind::First,
        "$last" => AccumulatorKind::Last,
        "$count" => {
            if !body.as_document().is_some_and(Document::is_empty) {
                return Err(wrong_type("$count", "an empty object here", body, &here));
            }
            return Ok(Accumulator {
                kind: AccumulatorKind::Count,
                operand: Operand::Number(Value::Int32(1)),
            });
        }
        _ => {
            return Err(here.error(
                QueryErrorCode::UnknownOperator,
                format!(
                    "the accumulator {} is not allowed; those allowed are {ACCUMULATORS}",
                    shown(name)
                ),
            ));
        }
    };
    Ok(Accumulator {
        kind,
        operand: Operand::parse(body, &here)?,
    })
}

/// The name of a field that a stage makes: one name, not a path.
fn output_name(name: &str, at: &Pointer<'_>) -> Result<String, QueryError> {
    check_name(name, at)?;
    if name.contains('.') {
        return Err(at.error(
            QueryErrorCode::InvalidField,
            "the name of a field that a stage makes must not hold a dot",
        ));
    }
    Ok(name.to_owned())
}

fn object<'a>(name: &str, value: &'a Value, at: &Pointer<'_>) -> Result<&'a Document, QueryError> {
    value
        .as_document()
        .ok_or_else(|| wrong_type(name, "an object", value, at))
}

fn amount(name: &str, value: &Value, at: &Pointer<'_>) -> Result<u64, QueryError> {
    Number::of(ValueRef::from(value))
        .and_then(Number::whole)
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| wrong_type(name, "a whole number that is not negative", value, at))
}

fn not_empty(name: &str, document: &Document, at: &Pointer<'_>) -> Result<(), QueryError> {
    if document.is_empty() {
        return Err(at.error(
            QueryErrorCode::InvalidValue,
            format!("{name} needs at least one field"),
        ));
    }
    Ok(())
}

fn wrong_type(name: &str, needed: &str, value: &Value, at: &Pointer<'_>) -> QueryError {
    at.error(
        QueryErrorCode::WrongType,
        format!("{name} needs {needed}, not {}", described(value)),
    )
}
