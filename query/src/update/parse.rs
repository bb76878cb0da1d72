//! From MongoDB's update operators to an [`Update`].

use std::cmp::Ordering;

use crate::{
    Document, FieldPath, QueryError, QueryErrorCode, Value,
    arithmetic::{ArithmeticError, check_operand},
    extended_json::described,
    filter::{Literal, is_operator_document, parse_conditions, parse_filter_at},
    number::Number,
    pointer::{Pointer, shown},
    size::check_value,
    value::ValueRef,
};

use super::{Action, End, Operation, PullTest, Update};

const OPERATORS: &str = "$set, $unset, $inc, $mul, $min, $max, $rename, $currentDate, $push, \
                         $addToSet, $pull, $pop";

pub(super) fn parse_update(document: &Document) -> Result<Update, QueryError> {
    let root = Pointer::ROOT;
    let mut actions = Vec::new();
    for (operator, fields) in document {
        let here = root.name(operator);
        if !operator.starts_with('$') {
            return Err(here.error(
                QueryErrorCode::UnknownOperator,
                format!(
                    "{} is not an operator; documents are not replaced as a whole, so write \
                     {{\"$set\": {{…}}}}",
                    shown(operator)
                ),
            ));
        }
        let Value::Document(fields) = fields else {
            return Err(here.error(
                QueryErrorCode::WrongType,
                format!(
                    "{} needs an object of fields, not {}",
                    shown(operator),
                    described(fields)
                ),
            ));
        };
        for (name, value) in fields {
            let here = here.name(name);
            actions.push(action(operator, name, value, &here)?);
        }
        if fields.is_empty() {
            check_operator(operator, &here)?;
        }
    }
    if actions.is_empty() {
        return Err(root.error(
            QueryErrorCode::InvalidValue,
            format!("an update needs at least one field to change with {OPERATORS}"),
        ));
    }
    if actions.len() > Update::MAX_ACTIONS {
        return Err(root.error(
            QueryErrorCode::TooMany,
            format!("an update changes at most {} fields", Update::MAX_ACTIONS),
        ));
    }
    check_conflicts(&actions)?;
    actions.sort_by(|left, right| compare_paths(&left.path, &right.path));
    Ok(Update { actions })
}

fn action(
    operator: &str,
    name: &str,
    value: &Value,
    at: &Pointer<'_>,
) -> Result<Action, QueryError> {
    check_operator(operator, at)?;
    let path = changeable(name, at)?;
    let stored = || check_value(value, path.steps().len() + 1, at).map(|()| value.clone());
    let operation = match operator {
        "$set" => Operation::Set(stored()?),
        "$unset" => Operation::Unset,
        "$inc" => Operation::Increment(number(operator, value, at)?),
        "$mul" => Operation::Multiply(number(operator, value, at)?),
        "$min" => Operation::Min(stored()?),
        "$max" => Operation::Max(stored()?),
        "$rename" => {
            let Value::String(to) = value else {
                return Err(wrong_type("$rename", "the new path as a string", value, at));
            };
            return Ok(Action {
                path: changeable(to, at)?,
                operation: Operation::RenameFrom(path),
            });
        }
        "$currentDate" => current_date(value, at)?,
        "$push" => Operation::Push(elements(operator, value, &path, at)?),
        "$addToSet" => Operation::AddToSet(elements(operator, value, &path, at)?),
        "$pull" => Operation::Pull(pull_test(value, at)?),
        _ => match Number::of(ValueRef::from(value)).and_then(Number::whole) {
            Some(1) => Operation::Pop(End::Last),
            Some(-1) => Operation::Pop(End::First),
            _ => {
                return Err(at.error(
                    QueryErrorCode::InvalidValue,
                    "$pop needs 1 (the last element) or -1 (the first)",
                ));
            }
        },
    };
    Ok(Action { path, operation })
}

fn check_operator(operator: &str, at: &Pointer<'_>) -> Result<(), QueryError> {
    if OPERATORS.split(", ").any(|known| known == operator) {
        return Ok(());
    }
    Err(at.error(
        QueryErrorCode::UnknownOperator,
        format!(
            "{} is not allowed in an update; the operators allowed are {OPERATORS}",
            shown(operator)
        ),
    ))
}

fn changeable(name: &str, at: &Pointer<'_>) -> Result<FieldPath, QueryError> {
    let path = FieldPath::parse_at(name, at)?;
    if path.starts_at_id() {
        return Err(at.error(
            QueryErrorCode::ImmutableField,
            "the _id of a document cannot be changed",
        ));
    }
    Ok(path)
}

fn number(operator: &str, value: &Value, at: &Pointer<'_>) -> Result<Value, QueryError> {
    match check_operand(value) {
        Ok(()) => Ok(value.clone()),
        Err(ArithmeticError::Decimal) => Err(at.error(
            QueryErrorCode::WrongType,
            ArithmeticError::Decimal.message(),
        )),
        Err(_) => Err(wrong_type(operator, "a number", value, at)),
    }
}

fn current_date(value: &Value, at: &Pointer<'_>) -> Result<Operation, QueryError> {
    let wanted = match value {
        Value::Boolean(truth) => *truth,
        Value::Document(document) => {
            document.len() == 1
                && matches!(document.get("$type"), Some(Value::String(name)) if name == "date")
        }
        _ => false,
    };
    if wanted {
        Ok(Operation::CurrentDate)
    } else {
        Err(at.error(
            QueryErrorCode::InvalidValue,
            "$currentDate needs true or {\"$type\": \"date\"}",
        ))
    }
}

/// The elements that `$push` and `$addToSet` add: one, or those of `$each`.
fn elements(
    operator: &str,
    value: &Value,
    path: &FieldPath,
    at: &Pointer<'_>,
) -> Result<Vec<Value>, QueryError> {
    let depth = path.steps().len() + 2;
    let Value::Document(document) = value else {
        check_value(value, depth, at)?;
        return Ok(vec![value.clone()]);
    };
    if !is_operator_document(document) {
        check_value(value, depth, at)?;
        return Ok(vec![value.clone()]);
    }
    if let Some(name) = document.keys().find(|name| *name != "$each") {
        return Err(at.name(name).error(
            QueryErrorCode::UnknownOperator,
            format!(
                "{} is not allowed in {operator}; only $each is",
                shown(name)
            ),
        ));
    }
    let here = at.name("$each");
    let Some(Value::Array(values)) = document.get("$each") else {
        return Err(here.error(QueryErrorCode::WrongType, "$each needs an array"));
    };
    for (position, value) in values.iter().enumerate() {
        check_value(value, depth, &here.index(position))?;
    }
    Ok(values.clone())
}

fn pull_test(value: &Value, at: &Pointer<'_>) -> Result<PullTest, QueryError> {
    match value {
        Value::Document(document) if is_operator_document(document) => {
            parse_conditions(document, at).map(PullTest::Value)
        }
        Value::Document(document) => parse_filter_at(document, at).map(PullTest::Document),
        _ => {
            check_value(value, 1, at)?;
            Ok(PullTest::Equal(Literal::new(value.clone())))
        }
    }
}

fn check_conflicts(actions: &[Action]) -> Result<(), QueryError> {
    let mut touched: Vec<&FieldPath> = actions
        .iter()
        .flat_map(|action| {
            let source = match &action.operation {
                Operation::RenameFrom(from) => Some(from),
                _ => None,
            };
            std::iter::once(&action.path).chain(source)
        })
        .collect();
    // Sorted by their names, a path stands right before what lies inside it.
    touched.sort_by(|left, right| left.steps().cmp(right.steps()));
    for pair in touched.windows(2) {
        if let [left, right] = pair
            && left.overlaps(right)
        {
            return Err(Pointer::ROOT.error(
                QueryErrorCode::Conflict,
                format!(
                    "an update cannot touch {} and {} at once",
                    shown(left.as_str()),
                    shown(right.as_str())
                ),
            ));
        }
    }
    Ok(())
}

/// Names in their order, and numbers in theirs (MongoDB manual, "Update Operators Behavior").
fn compare_paths(left: &FieldPath, right: &FieldPath) -> Ordering {
    left.steps()
        .iter()
        .zip(right.steps())
        .map(|(left, right)| match (left.position, right.position) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.name.cmp(&right.name),
        })
        .find(|order| *order != Ordering::Equal)
        .unwrap_or_else(|| left.steps().len().cmp(&right.steps().len()))
}

fn wrong_type(operator: &str, needed: &str, value: &Value, at: &Pointer<'_>) -> QueryError {
    at.error(
        QueryErrorCode::WrongType,
        format!("{operator} needs {needed}, not {}", described(value)),
    )
}
