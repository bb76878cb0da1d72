//! What an accumulator or a group's `_id` takes from a document: a field or a constant number.

use crate::{
    Document, FieldPath, QueryError, QueryErrorCode, Value, arithmetic::check_operand, path::Step,
    pointer::Pointer,
};

/// A field (`"$name"`) or a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Field(FieldPath),
    Number(Value),
}

impl Operand {
    pub(super) fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, QueryError> {
        if check_operand(value).is_ok() {
            return Ok(Self::Number(value.clone()));
        }
        field(value, at).map(Self::Field)
    }

    pub(super) fn to_bson(&self) -> Value {
        match self {
            Self::Field(path) => render_field(path),
            Self::Number(number) => number.clone(),
        }
    }

    pub(super) fn evaluate(&self, document: &Document) -> Option<Value> {
        match self {
            Self::Field(path) => field_value(document, path),
            Self::Number(number) => Some(number.clone()),
        }
    }
}

/// Reads `"$name"`.
pub(super) fn field(value: &Value, at: &Pointer<'_>) -> Result<FieldPath, QueryError> {
    match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(path) => FieldPath::parse_at(path, at),
            None => Err(not_a_field(at)),
        },
        _ => Err(not_a_field(at)),
    }
}

pub(super) fn render_field(path: &FieldPath) -> Value {
    Value::String(format!("${path}"))
}

/// The value of a field; through an array, those of its elements that are documents, as an array
/// (MongoDB manual, "Field Paths").
pub(super) fn field_value(document: &Document, path: &FieldPath) -> Option<Value> {
    value_at(document, path.steps())
}

fn value_at(document: &Document, steps: &[Step]) -> Option<Value> {
    let (step, rest) = steps.split_first()?;
    let value = document.get(&step.name)?;
    if rest.is_empty() {
        return Some(value.clone());
    }
    match value {
        Value::Document(inner) => value_at(inner, rest),
        Value::Array(values) => Some(Value::Array(
            values
                .iter()
                .filter_map(|value| value_at(value.as_document()?, rest))
                .collect(),
        )),
        _ => None,
    }
}

fn not_a_field(at: &Pointer<'_>) -> QueryError {
    at.error(
        QueryErrorCode::InvalidValue,
        "a field such as \"$name\" is needed here (or, in an accumulator, a number); expressions \
         are not allowed",
    )
}
