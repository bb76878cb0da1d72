//! One view of values for both forms that a document comes in: decoded ([`Document`]) and as the
//! bytes that a store keeps ([`RawDocument`]), so that there is one matcher and one order.
//!
//! Bytes are decoded only as far as a question needs. Bytes that are not BSON end the walk and are
//! noted in a [`Soundness`], which whoever began the walk has to look at.

use std::cell::Cell;

use bson::{Decimal128, RawArray, RawBsonRef, RawDbPointerRef, RawDocument, oid::ObjectId};

use crate::{Document, Value};

/// Notes that bytes turned out not to be BSON.
#[derive(Debug, Default)]
pub(crate) struct Soundness(Cell<bool>);

impl Soundness {
    pub(crate) fn is_broken(&self) -> bool {
        self.0.get()
    }

    fn sound<T>(&self, result: Result<T, bson::error::Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(_) => {
                self.0.set(true);
                None
            }
        }
    }
}

/// A value somewhere in a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueRef<'a> {
    MinKey,
    Undefined,
    Null,
    Int32(i32),
    Int64(i64),
    Double(f64),
    Decimal128(Decimal128),
    String(&'a str),
    Symbol(&'a str),
    Document(DocumentRef<'a>),
    Array(ArrayRef<'a>),
    Binary {
        subtype: u8,
        bytes: &'a [u8],
    },
    ObjectId(ObjectId),
    Boolean(bool),
    DateTime(i64),
    Timestamp {
        time: u32,
        increment: u32,
    },
    RegularExpression {
        pattern: &'a str,
        options: &'a str,
    },
    DbPointer(DbPointerRef<'a>),
    Code(&'a str),
    CodeWithScope {
        code: &'a str,
        scope: DocumentRef<'a>,
    },
    MaxKey,
}

/// A document, decoded or not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DocumentRef<'a> {
    Decoded(&'a Document),
    Raw(&'a RawDocument, &'a Soundness),
}

/// An array, decoded or not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ArrayRef<'a> {
    Decoded(&'a [Value]),
    Raw(&'a RawArray, &'a Soundness),
}

/// A deprecated pointer into another collection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DbPointerRef<'a> {
    Decoded(&'a bson::DbPointer),
    Raw(RawDbPointerRef<'a>),
}

/// The fields of a document in their order.
pub(crate) enum Fields<'a> {
    Decoded(bson::document::Iter<'a>),
    Raw(bson::raw::RawIter<'a>, &'a Soundness),
}

/// The elements of an array in their order.
pub(crate) enum Elements<'a> {
    Decoded(std::slice::Iter<'a, Value>),
    Raw(bson::raw::RawIter<'a>, &'a Soundness),
}

impl<'a> DocumentRef<'a> {
    pub(crate) fn get(self, name: &str) -> Option<ValueRef<'a>> {
        match self {
            Self::Decoded(document) => document.get(name).map(ValueRef::from),
            Self::Raw(document, soundness) => {
                for element in document.iter_elements() {
                    let element = soundness.sound(element)?;
                    if element.key().as_str() == name {
                        return soundness
                            .sound(element.value())
                            .map(|value| ValueRef::from_raw(value, soundness));
                    }
                }
                None
            }
        }
    }

    pub(crate) fn iter(self) -> Fields<'a> {
        match self {
            Self::Decoded(document) => Fields::Decoded(document.iter()),
            Self::Raw(document, soundness) => Fields::Raw(document.iter_elements(), soundness),
        }
    }
}

impl<'a> ArrayRef<'a> {
    pub(crate) fn get(self, index: usize) -> Option<ValueRef<'a>> {
        match self {
            Self::Decoded(values) => values.get(index).map(ValueRef::from),
            Self::Raw(..) => self.iter().nth(index),
        }
    }

    pub(crate) fn iter(self) -> Elements<'a> {
        match self {
            Self::Decoded(values) => Elements::Decoded(values.iter()),
            Self::Raw(values, soundness) => Elements::Raw(values.iter_elements(), soundness),
        }
    }

    pub(crate) fn len(self) -> usize {
        match self {
            Self::Decoded(values) => values.len(),
            Self::Raw(values, soundness) => values
                .iter_elements()
                .map_while(|element| soundness.sound(element))
                .count(),
        }
    }
}

impl DbPointerRef<'_> {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Decoded(pointer) => Value::DbPointer(pointer.clone()).to_string(),
            Self::Raw(pointer) => Value::try_from(RawBsonRef::DbPointer(pointer))
                .map(|pointer| pointer.to_string())
                .unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Decoded(fields) => fields
                .next()
                .map(|(name, value)| (name.as_str(), ValueRef::from(value))),
            Self::Raw(fields, soundness) => {
                let element = soundness.sound(fields.next()?)?;
                let value = soundness.sound(element.value())?;
                Some((element.key().as_str(), ValueRef::from_raw(value, soundness)))
            }
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = ValueRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Decoded(values) => values.next().map(ValueRef::from),
            Self::Raw(values, soundness) => {
                let element = soundness.sound(values.next()?)?;
                let value = soundness.sound(element.value())?;
                Some(ValueRef::from_raw(value, soundness))
            }
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::MinKey => Self::MinKey,
            Value::Undefined => Self::Undefined,
            Value::Null => Self::Null,
            Value::Int32(number) => Self::Int32(*number),
            Value::Int64(number) => Self::Int64(*number),
            Value::Double(number) => Self::Double(*number),
            Value::Decimal128(number) => Self::Decimal128(*number),
            Value::String(text) => Self::String(text),
            Value::Symbol(text) => Self::Symbol(text),
            Value::Document(document) => Self::Document(DocumentRef::Decoded(document)),
            Value::Array(values) => Self::Array(ArrayRef::Decoded(values)),
            Value::Binary(binary) => Self::Binary {
                subtype: binary.subtype.into(),
                bytes: &binary.bytes,
            },
            Value::ObjectId(id) => Self::ObjectId(*id),
            Value::Boolean(truth) => Self::Boolean(*truth),
            Value::DateTime(time) => Self::DateTime(time.timestamp_millis()),
            Value::Timestamp(timestamp) => Self::Timestamp {
                time: timestamp.time,
                increment: timestamp.increment,
            },
            Value::RegularExpression(regex) => Self::RegularExpression {
                pattern: regex.pattern.as_str(),
                options: regex.options.as_str(),
            },
            Value::DbPointer(pointer) => Self::DbPointer(DbPointerRef::Decoded(pointer)),
            Value::JavaScriptCode(code) => Self::Code(code),
            Value::JavaScriptCodeWithScope(code) => Self::CodeWithScope {
                code: &code.code,
                scope: DocumentRef::Decoded(&code.scope),
            },
            Value::MaxKey => Self::MaxKey,
        }
    }
}

impl<'a> ValueRef<'a> {
    fn from_raw(value: RawBsonRef<'a>, soundness: &'a Soundness) -> Self {
        match value {
            RawBsonRef::MinKey => Self::MinKey,
            RawBsonRef::Undefined => Self::Undefined,
            RawBsonRef::Null => Self::Null,
            RawBsonRef::Int32(number) => Self::Int32(number),
            RawBsonRef::Int64(number) => Self::Int64(number),
            RawBsonRef::Double(number) => Self::Double(number),
            RawBsonRef::Decimal128(number) => Self::Decimal128(number),
            RawBsonRef::String(text) => Self::String(text),
            RawBsonRef::Symbol(text) => Self::Symbol(text),
            RawBsonRef::Document(document) => Self::Document(DocumentRef::Raw(document, soundness)),
            RawBsonRef::Array(values) => Self::Array(ArrayRef::Raw(values, soundness)),
            RawBsonRef::Binary(binary) => Self::Binary {
                subtype: binary.subtype.into(),
                bytes: binary.bytes,
            },
            RawBsonRef::ObjectId(id) => Self::ObjectId(id),
            RawBsonRef::Boolean(truth) => Self::Boolean(truth),
            RawBsonRef::DateTime(time) => Self::DateTime(time.timestamp_millis()),
            RawBsonRef::Timestamp(timestamp) => Self::Timestamp {
                time: timestamp.time,
                increment: timestamp.increment,
            },
            RawBsonRef::RegularExpression(regex) => Self::RegularExpression {
                pattern: regex.pattern.as_str(),
                options: regex.options.as_str(),
            },
            RawBsonRef::DbPointer(pointer) => Self::DbPointer(DbPointerRef::Raw(pointer)),
            RawBsonRef::JavaScriptCode(code) => Self::Code(code),
            RawBsonRef::JavaScriptCodeWithScope(code) => Self::CodeWithScope {
                code: code.code,
                scope: DocumentRef::Raw(code.scope, soundness),
            },
            RawBsonRef::MaxKey => Self::MaxKey,
        }
    }
}
