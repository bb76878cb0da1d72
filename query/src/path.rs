//! Dotted paths into documents, and the values that a path reaches through arrays.

use std::{fmt, ops::ControlFlow};

use crate::{
    QueryError, QueryErrorCode,
    pointer::{Pointer, shown},
    value::{ArrayRef, DocumentRef, ValueRef},
};

/// A path such as `address.city` or `scores.0`: field names and array positions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    text: String,
    steps: Vec<Step>,
}

/// One name on a path. A name made of digits is also a position, where there is an array.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) position: Option<usize>,
}

/// Whether a path that ends at an array reaches its elements as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastArray {
    /// Its elements, then the array itself.
    Opened,
    /// The array only.
    Whole,
}

/// Where a walk along a path starts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Root<'a> {
    Document(DocumentRef<'a>),
    /// An array, whose positions are taken as field names.
    Array(ArrayRef<'a>),
}

impl FieldPath {
    /// The longest path, in bytes.
    pub const MAX_BYTES: usize = 1024;
    /// The most names on a path.
    pub const MAX_STEPS: usize = 64;
    /// The most array positions on a path. It bounds the ways in which one path can be read on
    /// nested arrays, which double with each position.
    pub const MAX_POSITIONS: usize = 8;

    /// Reads a path.
    ///
    /// # Errors
    /// Where the path is empty or too long, or one of its names is empty, begins with `$`, holds a
    /// NUL character or is `__proto__`.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_at(text, &Pointer::ROOT)
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn parse_at(text: &str, at: &Pointer<'_>) -> Result<Self, QueryError> {
        let refuse = |why: String| Err(at.error(QueryErrorCode::InvalidField, why));
        if text.len() > Self::MAX_BYTES {
            return refuse(format!(
                "a field path has at most {} bytes",
                Self::MAX_BYTES
            ));
        }
        let mut steps = Vec::new();
        for name in text.split('.') {
            check_name(name, at)?;
            steps.push(Step {
                name: name.to_owned(),
                position: position(name),
            });
        }
        if steps.len() > Self::MAX_STEPS {
            return refuse(format!(
                "a field path has at most {} names",
                Self::MAX_STEPS
            ));
        }
        if steps.iter().filter(|step| step.position.is_some()).count() > Self::MAX_POSITIONS {
            return refuse(format!(
                "a field path has at most {} array positions",
                Self::MAX_POSITIONS
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether one of the two paths leads to the other or to something inside it.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.steps
            .iter()
            .zip(&other.steps)
            .all(|(left, right)| left == right)
    }

    pub(crate) fn is_id(&self) -> bool {
        self.text == "_id"
    }

    pub(crate) fn starts_at_id(&self) -> bool {
        self.steps.first().is_some_and(|step| step.name == "_id")
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Refuses a field name that cannot be on a path or in a stored document.
pub(crate) fn check_name(name: &str, at: &Pointer<'_>) -> Result<(), QueryError> {
    let why = if name.is_empty() {
        "a field name must not be empty"
    } else if name.starts_with('$') {
        "a field name must not begin with $"
    } else if name.contains('\0') {
        "a field name must not hold a NUL character"
    } else if name == "__proto__" {
        "a field must not be named __proto__"
    } else {
        return Ok(());
    };
    Err(at.error(
        QueryErrorCode::InvalidField,
        format!("{why}; this one is {}", shown(name)),
    ))
}

/// Whether any value that `path` reaches satisfies `accepts`; `None` stands for a field that is
/// not there.
///
/// The rules are MongoDB's: arrays on the way are entered element by element, a name of digits is
/// also a position in an array, and elements that are no documents reach nothing.
pub(crate) fn any_value<'a>(
    root: Root<'a>,
    path: &FieldPath,
    last: LastArray,
    mut accepts: impl FnMut(Option<ValueRef<'a>>) -> bool,
) -> bool {
    let mut visit = |value| {
        if accepts(value) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    walk(root, &path.steps, last, &mut visit).is_break()
}

fn walk<'a>(
    root: Root<'a>,
    steps: &[Step],
    last: LastArray,
    visit: &mut impl FnMut(Option<ValueRef<'a>>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((step, rest)) = steps.split_first() else {
        return ControlFlow::Continue(());
    };
    let value = match root {
        Root::Document(document) => document.get(&step.name),
        Root::Array(elements) => step.position.and_then(|position| elements.get(position)),
    };
    match value {
        Some(ValueRef::Array(elements)) if rest.is_empty() => {
            if last == LastArray::Opened {
                for element in elements.iter() {
                    visit(Some(element))?;
                }
            }
            visit(value)
        }
        Some(ValueRef::Array(elements)) => walk_elements(elements, rest, last, visit),
        Some(ValueRef::Document(document)) if !rest.is_empty() => {
            walk(Root::Document(document), rest, last, visit)
        }
        Some(_) if !rest.is_empty() => visit(None),
        _ => visit(value),
    }
}

fn walk_elements<'a>(
    elements: ArrayRef<'a>,
    steps: &[Step],
    last: LastArray,
    visit: &mut impl FnMut(Option<ValueRef<'a>>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((step, rest)) = steps.split_first() else {
        return ControlFlow::Continue(());
    };
    for (position, element) in elements.iter().enumerate() {
        if let ValueRef::Document(document) = element {
            walk(Root::Document(document), steps, last, visit)?;
        }
        if step.position != Some(position) {
            continue;
        }
        match element {
            _ if rest.is_empty() => visit(Some(element))?,
            ValueRef::Document(document) => walk(Root::Document(document), rest, last, visit)?,
            ValueRef::Array(inner) => walk_elements(inner, rest, last, visit)?,
            _ => {}
        }
    }
    ControlFlow::Continue(())
}

/// A position in an array is written without leading zeros.
fn position(name: &str) -> Option<usize> {
    let canonical = name == "0" || !name.starts_with('0');
    (canonical && name.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| name.parse().ok())
        .flatten()
}
