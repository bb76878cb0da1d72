//! Projections: which fields of a document are shown. Either those named, or all but those named;
//! there are no expressions.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    Document, FieldPath, Filter, QueryError, QueryErrorCode, Value,
    extended_json::{self, Bounds, KeyRule, described},
    number::Number,
    path::Step,
    pointer::Pointer,
    value::ValueRef,
};

/// Which fields are shown. The default shows all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Projection {
    paths: Vec<(FieldPath, Choice)>,
    mode: Mode,
    fields: Tree,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Show,
    Hide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    /// The fields of the tree are shown.
    Only,
    /// The fields of the tree are hidden.
    #[default]
    AllBut,
}

/// Fields by name; an empty tree below a name stands for the whole field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Tree(BTreeMap<String, Tree>);

impl Projection {
    /// The most fields in a projection.
    pub const MAX_FIELDS: usize = 200;

    const BOUNDS: Bounds = Bounds {
        bytes: Filter::MAX_BYTES,
        depth: 2,
    };

    /// All fields.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether all fields are shown.
    pub fn is_everything(&self) -> bool {
        self.paths.is_empty()
    }

    /// Reads a projection such as `{"name": 1, "address.city": 1}` or `{"secret": 0}` from text.
    ///
    /// # Errors
    /// Where it mixes shown and hidden fields (other than `_id`), names a field and a part of it, or
    /// holds anything but 1, 0, true and false.
    pub fn parse_text(text: &str) -> Result<Self, QueryError> {
        Self::parse(&extended_json::parse_json(text, Self::BOUNDS.bytes)?)
    }

    /// As [`Projection::parse_text`], from JSON.
    ///
    /// # Errors
    /// As [`Projection::parse_text`].
    pub fn parse(json: &Json) -> Result<Self, QueryError> {
        let document = extended_json::object_from_json(json, KeyRule::Operators, Self::BOUNDS)?;
        Self::from_bson(&document)
    }

    /// Reads a projection in MongoDB's own form.
    ///
    /// # Errors
    /// As [`Projection::parse_text`].
    pub fn from_bson(document: &Document) -> Result<Self, QueryError> {
        Self::from_bson_at(document, &Pointer::ROOT)
    }

    /// The projection in MongoDB's own form.
    pub fn to_bson(&self) -> Document {
        self.paths
            .iter()
            .map(|(path, choice)| {
                let number = match choice {
                    Choice::Show => 1,
                    Choice::Hide => 0,
                };
                (path.to_string(), Value::Int32(number))
            })
            .collect()
    }

    /// The document with the shown fields only, in their order.
    pub fn apply(&self, document: Document) -> Document {
        if self.is_everything() {
            return document;
        }
        match self.mode {
            Mode::Only => show(document, &self.fields),
            Mode::AllBut => hide(document, &self.fields),
        }
    }

    pub(crate) fn from_bson_at(document: &Document, at: &Pointer<'_>) -> Result<Self, QueryError> {
        if document.len() > Self::MAX_FIELDS {
            return Err(at.error(
                QueryErrorCode::TooMany,
                format!("a projection has at most {} fields", Self::MAX_FIELDS),
            ));
        }
        let mut paths = Vec::new();
        let mut mode: Option<Choice> = None;
        for (name, value) in document {
            let here = at.name(name);
            let path = FieldPath::parse_at(name, &here)?;
            let choice = choice(value, &here)?;
            if !path.is_id() {
                if mode.is_some_and(|mode| mode != choice) {
                    return Err(here.error(
                        QueryErrorCode::Conflict,
                        "a projection either shows fields (1) or hides fields (0); only _id may be \
                         hidden among shown fields",
                    ));
                }
                mode = Some(choice);
            }
            paths.push((path, choice));
        }
        let id = paths
            .iter()
            .find(|(path, _)| path.is_id())
            .map(|(_, choice)| *choice);
        let mode = match mode.or(id) {
            Some(Choice::Show) => Mode::Only,
            Some(Choice::Hide) | None => Mode::AllBut,
        };
        let mut fields = Tree::default();
        for (path, choice) in &paths {
            let listed = match mode {
                Mode::Only => Choice::Show,
                Mode::AllBut => Choice::Hide,
            };
            if *choice == listed {
                fields.add(path, at)?;
            }
        }
        let id_in_part = paths
            .iter()
            .any(|(path, _)| path.starts_at_id() && !path.is_id());
        if mode == Mode::Only && id.is_none() && !id_in_part {
            fields.0.insert("_id".to_owned(), Tree::default());
        }
        Ok(Self {
            paths,
            mode,
            fields,
        })
    }
}

impl Tree {
    fn add(&mut self, path: &FieldPath, at: &Pointer<'_>) -> Result<(), QueryError> {
        let collision = || {
            Err(at.name(path.as_str()).error(
                QueryErrorCode::Conflict,
                "a projection cannot name a field and a part of the same field",
            ))
        };
        let mut tree = self;
        let mut steps = path.steps().iter().peekable();
        while let Some(Step { name, .. }) = steps.next() {
            let known = tree.0.contains_key(name);
            tree = tree.0.entry(name.clone()).or_default();
            if known && (steps.peek().is_none() || tree.0.is_empty()) {
                return collision();
            }
        }
        Ok(())
    }
}

fn choice(value: &Value, at: &Pointer<'_>) -> Result<Choice, QueryError> {
    let shown = match value {
        Value::Boolean(truth) => Some(*truth),
        _ => Number::of(ValueRef::from(value))
            .and_then(Number::whole)
            .map(|number| number != 0),
    };
    match shown {
        Some(true) => Ok(Choice::Show),
        Some(false) => Ok(Choice::Hide),
        None => Err(at.error(
            QueryErrorCode::WrongType,
            format!(
                "a projection holds 1 (show) or 0 (hide), not {}; expressions are not allowed",
                described(value)
            ),
        )),
    }
}

fn show(document: Document, fields: &Tree) -> Document {
    document
        .into_iter()
        .filter_map(|(name, value)| {
            let inner = fields.0.get(&name)?;
            if inner.0.is_empty() {
                return Some((name, value));
            }
            show_inside(value, inner).map(|value| (name, value))
        })
        .collect()
}

/// Of a value, the fields inside it; a value that has none is not shown.
fn show_inside(value: Value, fields: &Tree) -> Option<Value> {
    match value {
        Value::Document(document) => Some(Value::Document(show(document, fields))),
        Value::Array(values) => Some(Value::Array(
            values
                .into_iter()
                .filter_map(|value| show_inside(value, fields))
                .collect(),
        )),
        _ => None,
    }
}

fn hide(document: Document, fields: &Tree) -> Document {
    document
        .into_iter()
        .filter_map(|(name, value)| match fields.0.get(&name) {
            None => Some((name, value)),
            Some(inner) if inner.0.is_empty() => None,
            Some(inner) => Some((name, hide_inside(value, inner))),
        })
        .collect()
}

fn hide_inside(value: Value, fields: &Tree) -> Value {
    match value {
        Value::Document(document) => Value::Document(hide(document, fields)),
        Value::Array(values) => Value::Array(
            values
                .into_iter()
                .map(|value| hide_inside(value, fields))
                .collect(),
        ),
        other => other,
    }
}
