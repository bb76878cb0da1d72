//! From MongoDB's query language to a [`Filter`].

use crate::{
    Document, FieldPath, QueryError, QueryErrorCode, Value,
    extended_json::Bounds,
    pointer::{Pointer, shown},
};

use super::{
    Clause, Comparison, Condition, ElementTest, Filter,
    operands::{
        bounded_array, check_depth, literal, literals, pattern, presence, remainder, size,
        type_names, wrong_type,
    },
};

/// How much of a filter is read.
pub(crate) const BOUNDS: Bounds = Bounds {
    bytes: Filter::MAX_BYTES,
    depth: Filter::MAX_DEPTH,
};

const FIELD_OPERATORS: &str = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $type, $not, \
                               $elemMatch, $size, $all, $mod, $regex (with $options)";

pub(crate) fn parse_filter(document: &Document) -> Result<Filter, QueryError> {
    Parser::default().filter(document, 1, &Pointer::ROOT)
}

/// Reads the operators that are asked of single values, as in `$pull`.
pub(crate) fn parse_conditions(
    document: &Document,
    at: &Pointer<'_>,
) -> Result<Vec<Condition>, QueryError> {
    Parser::default().conditions(document, 1, at)
}

/// Reads a filter that stands inside something else.
pub(crate) fn parse_filter_at(document: &Document, at: &Pointer<'_>) -> Result<Filter, QueryError> {
    Parser::default().filter(document, 1, at)
}

/// Whether the object is made of operators and not a value to compare with.
pub(crate) fn is_operator_document(document: &Document) -> bool {
    document
        .keys()
        .next()
        .is_some_and(|name| name.starts_with('$'))
}

#[derive(Default)]
struct Parser {
    nodes: usize,
}

impl Parser {
    fn filter(
        &mut self,
        document: &Document,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Filter, QueryError> {
        check_depth(depth, at)?;
        let mut clauses = Vec::new();
        for (name, value) in document {
            let here = at.name(name);
            self.count(&here)?;
            clauses.push(match name.as_str() {
                "$and" => Clause::AllOf(self.filters(name, value, depth, &here)?),
                "$or" => Clause::AnyOf(self.filters(name, value, depth, &here)?),
                "$nor" => Clause::NoneOf(self.filters(name, value, depth, &here)?),
                _ if name.starts_with('$') => return Err(unknown_at_top(name, &here)),
                _ => Clause::Field {
                    path: FieldPath::parse_at(name, &here)?,
                    conditions: self.field(value, depth, &here)?,
                },
            });
        }
        Ok(Filter { clauses })
    }

    fn filters(
        &mut self,
        name: &str,
        value: &Value,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Vec<Filter>, QueryError> {
        let Value::Array(values) = value else {
            return Err(wrong_type(name, "an array of filters", value, at));
        };
        if values.is_empty() {
            return Err(at.error(
                QueryErrorCode::InvalidValue,
                format!("{name} needs at least one filter"),
            ));
        }
        values
            .iter()
            .enumerate()
            .map(|(position, value)| {
                let here = at.index(position);
                let Value::Document(document) = value else {
                    return Err(wrong_type(name, "an array of filters", value, &here));
                };
                self.filter(document, depth + 2, &here)
            })
            .collect()
    }

    fn field(
        &mut self,
        value: &Value,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Vec<Condition>, QueryError> {
        match value {
            Value::Document(document) if is_operator_document(document) => {
                self.conditions(document, depth + 1, at)
            }
            _ => {
                // Counted as the $eq that it stands for.
                self.count(at)?;
                Ok(vec![Condition::Equal(literal(value, depth + 2, at)?)])
            }
        }
    }

    fn conditions(
        &mut self,
        document: &Document,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Vec<Condition>, QueryError> {
        check_depth(depth, at)?;
        let mut conditions = Vec::new();
        for (name, value) in document {
            let here = at.name(name);
            self.count(&here)?;
            if name == "$options" {
                check_options(document, &here)?;
            } else {
                conditions.push(self.condition(name, value, document, depth, &here)?);
            }
        }
        Ok(conditions)
    }

    fn condition(
        &mut self,
        name: &str,
        value: &Value,
        siblings: &Document,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Condition, QueryError> {
        let compare = |comparison| {
            Ok(Condition::Compare(
                comparison,
                literal(value, depth + 1, at)?,
            ))
        };
        match name {
            "$eq" => Ok(Condition::Equal(literal(value, depth + 1, at)?)),
            "$ne" => Ok(Condition::NotEqual(literal(value, depth + 1, at)?)),
            "$gt" => compare(Comparison::Greater),
            "$gte" => compare(Comparison::GreaterOrEqual),
            "$lt" => compare(Comparison::Less),
            "$lte" => compare(Comparison::LessOrEqual),
            "$in" => Ok(Condition::In(literals(name, value, depth, at)?)),
            "$nin" => Ok(Condition::NotIn(literals(name, value, depth, at)?)),
            "$exists" => presence(value, at).map(Condition::Exists),
            "$type" => type_names(value, at).map(Condition::Type),
            "$not" => self.negation(value, depth, at),
            "$elemMatch" => Ok(Condition::AnyElement(self.element_test(value, depth, at)?)),
            "$size" => size(value, at).map(Condition::Size),
            "$all" => self.all(value, depth, at),
            "$mod" => remainder(value, at),
            "$regex" => pattern(value, siblings, at).map(Condition::Matches),
            _ => Err(unknown_operator(name, at)),
        }
    }

    fn negation(
        &mut self,
        value: &Value,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Condition, QueryError> {
        match value {
            Value::Document(document) if is_operator_document(document) => Ok(Condition::Not(
                self.conditions(document, depth + 1, at)?,
            )),
            _ => Err(at.error(
                QueryErrorCode::WrongType,
                "$not needs an object of operators, such as {\"$gt\": 5}; to say \"not equal\" use $ne",
            )),
        }
    }

    fn element_test(
        &mut self,
        value: &Value,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<ElementTest, QueryError> {
        let Value::Document(document) = value else {
            return Err(wrong_type("$elemMatch", "an object", value, at));
        };
        let first = document.keys().next().map_or("", String::as_str);
        if first.starts_with('$') && !["$and", "$or", "$nor"].contains(&first) {
            Ok(ElementTest::Value(self.conditions(
                document,
                depth + 1,
                at,
            )?))
        } else {
            Ok(ElementTest::Document(self.filter(
                document,
                depth + 1,
                at,
            )?))
        }
    }

    fn all(
        &mut self,
        value: &Value,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Condition, QueryError> {
        let values = bounded_array("$all", value, at)?;
        let is_element_test = |value: &Value| match value {
            Value::Document(document) => document
                .keys()
                .next()
                .is_some_and(|name| name == "$elemMatch"),
            _ => false,
        };
        if !values.first().is_some_and(is_element_test) {
            return Ok(Condition::All(literals("$all", value, depth, at)?));
        }
        let mut tests = Vec::with_capacity(values.len());
        for (position, value) in values.iter().enumerate() {
            let here = at.index(position);
            let inner = match value {
                Value::Document(document) if document.len() == 1 => document.get("$elemMatch"),
                _ => None,
            };
            let Some(inner) = inner else {
                return Err(here.error(
                    QueryErrorCode::Conflict,
                    "an $all that begins with $elemMatch must hold nothing but objects with $elemMatch",
                ));
            };
            let below = here.name("$elemMatch");
            self.count(&below)?;
            tests.push(self.element_test(inner, depth + 2, &below)?);
        }
        Ok(Condition::AllElements(tests))
    }

    fn count(&mut self, at: &Pointer<'_>) -> Result<(), QueryError> {
        self.nodes += 1;
        if self.nodes <= Filter::MAX_NODES {
            return Ok(());
        }
        Err(at.error(
            QueryErrorCode::TooMany,
            format!(
                "a filter has at most {} fields and operators; many values of one field fit in $in",
                Filter::MAX_NODES
            ),
        ))
    }
}

fn check_options(siblings: &Document, at: &Pointer<'_>) -> Result<(), QueryError> {
    if siblings.contains_key("$regex") {
        return Ok(());
    }
    Err(at.error(
        QueryErrorCode::Conflict,
        "$options has no meaning without $regex beside it",
    ))
}

fn unknown_at_top(name: &str, at: &Pointer<'_>) -> QueryError {
    at.error(
        QueryErrorCode::UnknownOperator,
        format!(
            "{} is not allowed here; a filter is made of field names and $and, $or, $nor, such as \
             {{\"status\": {{\"$in\": [\"old\", \"gone\"]}}}}",
            shown(name)
        ),
    )
}

fn unknown_operator(name: &str, at: &Pointer<'_>) -> QueryError {
    if name.starts_with('$') {
        at.error(
            QueryErrorCode::UnknownOperator,
            format!(
                "{} is not allowed; the operators allowed are {FIELD_OPERATORS}",
                shown(name)
            ),
        )
    } else {
        at.error(
            QueryErrorCode::Conflict,
            format!(
                "the field name {} stands among operators; an object holds either operators or \
                 fields",
                shown(name)
            ),
        )
    }
}
