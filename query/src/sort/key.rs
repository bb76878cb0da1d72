//! The key by which a document is sorted.
//!
//! A field that holds an array counts by its least or greatest element; several fields inside the
//! same array are taken from the same element, and fields inside different arrays cannot be sorted
//! by together (MongoDB manual, "Sort with Arrays" and "Multikey Indexes").

use std::cmp::Ordering;

use crate::{DatabaseError, Document, Value, compare::compare, path::Step, size::value_footprint};

use super::{Direction, Sort};

static NULL: Value = Value::Null;
/// What an empty array counts as: less than null.
static NOTHING: Value = Value::Undefined;

/// The values by which a document is sorted. Keys are in the order that the sort asks for.
#[derive(Debug)]
pub(super) struct SortKey(Vec<(Value, Direction)>);

impl SortKey {
    pub(super) fn of(document: &Document, sort: &Sort) -> Result<Self, DatabaseError> {
        let parts = sort
            .keys
            .iter()
            .map(|(path, _)| Part::Inside(document, path.steps()))
            .collect();
        let mut best = None;
        find_best(sort, parts, &mut best)?;
        Ok(Self(
            best.unwrap_or_default()
                .into_iter()
                .zip(&sort.keys)
                .map(|(value, (_, direction))| (value.clone(), *direction))
                .collect(),
        ))
    }

    pub(super) fn footprint(&self) -> usize {
        self.0
            .iter()
            .map(|(value, _)| value_footprint(value) + std::mem::size_of::<Direction>())
            .sum()
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .iter()
            .zip(&other.0)
            .map(|((left, direction), (right, _))| directed(left, right, *direction))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SortKey {}

/// How far one of the sort's paths has been followed.
#[derive(Clone, Copy)]
enum Part<'a> {
    Value(&'a Value),
    Inside(&'a Document, &'a [Step]),
    /// At an array, with what is left of the path for its elements.
    Array(&'a [Value], &'a [Step]),
}

fn directed(left: &Value, right: &Value, direction: Direction) -> Ordering {
    match direction {
        Direction::Ascending => compare(left, right),
        Direction::Descending => compare(right, left),
    }
}

/// Goes through the combinations of values that the arrays in a document make, for the one that
/// comes first in the order of the sort.
fn find_best<'a>(
    sort: &Sort,
    parts: Vec<Part<'a>>,
    best: &mut Option<Vec<&'a Value>>,
) -> Result<(), DatabaseError> {
    let parts: Vec<Part<'a>> = parts.into_iter().map(follow).collect::<Result<_, _>>()?;
    let mut shared: Option<&'a [Value]> = None;
    for part in &parts {
        if let Part::Array(elements, _) = part {
            if shared.is_some_and(|shared| !std::ptr::eq(shared, *elements)) {
                return Err(DatabaseError::InvalidArgument(
                    "documents cannot be sorted by fields that lie in different arrays".to_owned(),
                ));
            }
            shared = Some(elements);
        }
    }
    let Some(elements) = shared else {
        let candidate: Vec<&Value> = parts
            .iter()
            .map(|part| match part {
                Part::Value(value) => *value,
                Part::Inside(..) | Part::Array(..) => &NULL,
            })
            .collect();
        if best
            .as_ref()
            .is_none_or(|best| comes_first(sort, &candidate, best))
        {
            *best = Some(candidate);
        }
        return Ok(());
    };
    if elements.is_empty() {
        let parts = parts.iter().map(|part| enter(*part, None)).collect();
        return find_best(sort, parts, best);
    }
    elements.iter().try_for_each(|element| {
        let parts = parts
            .iter()
            .map(|part| enter(*part, Some(element)))
            .collect();
        find_best(sort, parts, best)
    })
}

fn comes_first(sort: &Sort, left: &[&Value], right: &[&Value]) -> bool {
    left.iter()
        .zip(right)
        .zip(&sort.keys)
        .map(|((left, right), (_, direction))| directed(left, right, *direction))
        .find(|order| *order != Ordering::Equal)
        == Some(Ordering::Less)
}

/// Follows a path until it ends or comes to an array.
fn follow(part: Part<'_>) -> Result<Part<'_>, DatabaseError> {
    let Part::Inside(mut document, mut steps) = part else {
        return Ok(part);
    };
    while let Some((step, rest)) = steps.split_first() {
        let mut value = document.get(&step.name).unwrap_or(&NULL);
        steps = rest;
        while let Value::Array(elements) = value {
            // A position goes straight to its element.
            let Some((element, rest)) = at_position(elements, steps)? else {
                return Ok(Part::Array(elements, steps));
            };
            value = element;
            steps = rest;
            if rest.is_empty() {
                return Ok(Part::Value(value));
            }
        }
        match value {
            _ if steps.is_empty() => return Ok(Part::Value(value)),
            Value::Document(inner) => document = inner,
            _ => return Ok(Part::Value(&NULL)),
        }
    }
    Ok(Part::Value(&NULL))
}

/// The element at the position that comes next on a path, if one does and there is such an element.
fn at_position<'a>(
    elements: &'a [Value],
    steps: &'a [Step],
) -> Result<Option<(&'a Value, &'a [Step])>, DatabaseError> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(None);
    };
    let element = step.position.and_then(|position| elements.get(position));
    let is_name = |element: &Value| match element {
        Value::Document(document) => document.contains_key(&step.name),
        _ => false,
    };
    if element.is_some() && elements.iter().any(is_name) {
        return Err(DatabaseError::InvalidArgument(format!(
            "documents cannot be sorted by {:?} where it is both a position in an array and a field \
             of its elements",
            step.name
        )));
    }
    Ok(element.map(|element| (element, rest)))
}

fn enter<'a>(part: Part<'a>, element: Option<&'a Value>) -> Part<'a> {
    let Part::Array(_, steps) = part else {
        return part;
    };
    match (steps.is_empty(), element) {
        (true, Some(element)) => Part::Value(element),
        (true, None) => Part::Value(&NOTHING),
        (false, Some(Value::Document(document))) => Part::Inside(document, steps),
        (false, _) => Part::Value(&NULL),
    }
}
