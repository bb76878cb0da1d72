//! `$unwind`: one document for each element of an array.

use crate::{DatabaseError, Document, Documents, FieldPath, Value};

/// Which array, and what becomes of documents that have none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unwind {
    pub(super) path: FieldPath,
    pub(super) without_elements: WithoutElements,
    /// The field that takes the position of the element.
    pub(super) position_field: Option<String>,
}

/// What becomes of a document in which the field is missing, null or an empty array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutElements {
    Dropped,
    Kept,
}

impl Unwind {
    pub(super) fn run(self, documents: Documents<'_>) -> Documents<'_> {
        Box::new(documents.flat_map(move |document| match document {
            Ok(document) => self.clone().open(document),
            Err(error) => Box::new(std::iter::once(Err(error))) as Documents<'static>,
        }))
    }

    fn open(self, document: Document) -> Documents<'static> {
        let mut document = document;
        let elements = match slot(&mut document, &self.path) {
            Some(Value::Array(values)) => std::mem::take(values),
            None | Some(Value::Null | Value::Undefined) => return self.without(document),
            Some(_) => return self.one(document),
        };
        if elements.is_empty() {
            remove(&mut document, &self.path);
            return self.without(document);
        }
        Box::new(
            elements
                .into_iter()
                .enumerate()
                .map(move |(position, element)| {
                    let mut copy = document.clone();
                    if let Some(slot) = slot(&mut copy, &self.path) {
                        *slot = element;
                    }
                    if let Some(name) = &self.position_field {
                        let position = i64::try_from(position).map_err(|error| {
                            DatabaseError::corrupt("the position of an element", error)
                        })?;
                        copy.insert(name.clone(), Value::Int64(position));
                    }
                    Ok(copy)
                }),
        )
    }

    fn without(self, document: Document) -> Documents<'static> {
        match self.without_elements {
            WithoutElements::Dropped => Box::new(std::iter::empty()),
            WithoutElements::Kept => self.one(document),
        }
    }

    fn one(self, mut document: Document) -> Documents<'static> {
        if let Some(name) = self.position_field {
            document.insert(name, Value::Null);
        }
        Box::new(std::iter::once(Ok(document)))
    }
}

/// The value at the path, through documents only.
fn slot<'a>(document: &'a mut Document, path: &FieldPath) -> Option<&'a mut Value> {
    let (first, rest) = path.steps().split_first()?;
    rest.iter()
        .try_fold(document.get_mut(&first.name)?, |value, step| {
            value.as_document_mut()?.get_mut(&step.name)
        })
}

fn remove(document: &mut Document, path: &FieldPath) {
    let Some((last, way)) = path.steps().split_last() else {
        return;
    };
    let parent = way.iter().try_fold(document, |document, step| {
        document.get_mut(&step.name)?.as_document_mut()
    });
    if let Some(parent) = parent {
        parent.remove(&last.name);
    }
}
