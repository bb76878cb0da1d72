//! `$group`: one document for each distinct value of some fields, with sums and such over the
//! documents that share it.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::{
    DatabaseError, Document, Documents, FieldPath, OrderedValue, Value, compare::compare,
    size::value_footprint, sort::deferred,
};

use super::{
    field::{Operand, field_value},
    sum::Sum,
};

/// By what documents are grouped, and what is made of each group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) by: GroupBy,
    pub(super) fields: Vec<(String, Accumulator)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum GroupBy {
    /// All documents are one group.
    Nothing,
    Field(FieldPath),
    Fields(Vec<(String, FieldPath)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Accumulator {
    pub(super) kind: AccumulatorKind,
    pub(super) operand: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccumulatorKind {
    Sum,
    Average,
    Min,
    Max,
    First,
    Last,
    Count,
}

/// What has been seen of one group for one field.
#[derive(Debug)]
enum State {
    Sum(Sum),
    /// Nothing yet, or a value.
    Value(Option<Value>),
    Count(i64),
}

impl Group {
    pub(super) fn run(self, documents: Documents<'_>, max_bytes: usize) -> Documents<'_> {
        deferred(move || {
            let mut groups: BTreeMap<OrderedValue, Vec<State>> = BTreeMap::new();
            let mut bytes = 0_usize;
            for document in documents {
                bytes = self.add(&document?, &mut groups, bytes)?;
                if bytes > max_bytes {
                    return Err(DatabaseError::LimitExceeded(format!(
                        "$group has to hold more than {max_bytes} bytes; put a narrower $match \
                         before it or group by a field with fewer values"
                    )));
                }
            }
            Ok(Box::new(
                groups
                    .into_iter()
                    .map(move |(id, states)| Ok(self.finish(id.0, states))),
            ))
        })
    }

    fn add(
        &self,
        document: &Document,
        groups: &mut BTreeMap<OrderedValue, Vec<State>>,
        mut bytes: usize,
    ) -> Result<usize, DatabaseError> {
        let id = OrderedValue(self.by.value(document));
        let id_bytes = value_footprint(&id.0);
        let states = groups.entry(id).or_insert_with(|| {
            bytes += id_bytes + self.fields.len() * size_of::<State>() + 64;
            self.fields
                .iter()
                .map(|(_, accumulator)| State::new(accumulator.kind))
                .collect()
        });
        for ((_, accumulator), state) in self.fields.iter().zip(states) {
            let before = state.footprint();
            state.add(accumulator, document)?;
            bytes = bytes.saturating_sub(before) + state.footprint();
        }
        Ok(bytes)
    }

    fn finish(&self, id: Value, states: Vec<State>) -> Document {
        let mut document = Document::new();
        document.insert("_id", id);
        for ((name, accumulator), state) in self.fields.iter().zip(states) {
            document.insert(name.clone(), state.finish(accumulator.kind));
        }
        document
    }
}

impl GroupBy {
    fn value(&self, document: &Document) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Field(path) => field_value(document, path).unwrap_or(Value::Null),
            Self::Fields(fields) => Value::Document(
                fields
                    .iter()
                    .filter_map(|(name, path)| Some((name.clone(), field_value(document, path)?)))
                    .collect(),
            ),
        }
    }
}

impl State {
    fn new(kind: AccumulatorKind) -> Self {
        match kind {
            AccumulatorKind::Sum | AccumulatorKind::Average => Self::Sum(Sum::default()),
            AccumulatorKind::Count => Self::Count(0),
            AccumulatorKind::Min
            | AccumulatorKind::Max
            | AccumulatorKind::First
            | AccumulatorKind::Last => Self::Value(None),
        }
    }

    fn add(&mut self, accumulator: &Accumulator, document: &Document) -> Result<(), DatabaseError> {
        match self {
            Self::Count(count) => *count += 1,
            Self::Sum(sum) => {
                if let Some(value) = accumulator.operand.evaluate(document) {
                    sum.add(&value)?;
                }
            }
            Self::Value(held) => hold(accumulator, document, held),
        }
        Ok(())
    }

    fn finish(self, kind: AccumulatorKind) -> Value {
        match self {
            Self::Sum(sum) if kind == AccumulatorKind::Average => sum.average(),
            Self::Sum(sum) => sum.total(),
            Self::Value(value) => value.unwrap_or(Value::Null),
            Self::Count(count) => i32::try_from(count).map_or(Value::Int64(count), Value::Int32),
        }
    }

    fn footprint(&self) -> usize {
        match self {
            Self::Value(Some(value)) => value_footprint(value),
            Self::Value(None) | Self::Sum(_) | Self::Count(_) => 0,
        }
    }
}

fn hold(accumulator: &Accumulator, document: &Document, held: &mut Option<Value>) {
    let wanted = match accumulator.kind {
        AccumulatorKind::Min => Ordering::Less,
        AccumulatorKind::Max => Ordering::Greater,
        AccumulatorKind::First => {
            held.get_or_insert_with(|| {
                accumulator
                    .operand
                    .evaluate(document)
                    .unwrap_or(Value::Null)
            });
            return;
        }
        _ => {
            *held = Some(
                accumulator
                    .operand
                    .evaluate(document)
                    .unwrap_or(Value::Null),
            );
            return;
        }
    };
    let value = match accumulator.operand.evaluate(document) {
        None | Some(Value::Null | Value::Undefined) => return,
        Some(value) => value,
    };
    if held
        .as_ref()
        .is_none_or(|held| compare(&value, held) == wanted)
    {
        *held = Some(value);
    }
}
