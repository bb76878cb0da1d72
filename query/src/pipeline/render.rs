//! From a [`Pipeline`] to MongoDB's aggregation stages.

use bson::doc;

use crate::{Document, Value};

use super::{
    Pipeline, Stage,
    field::render_field,
    group::{Accumulator, AccumulatorKind, Group, GroupBy},
    unwind::{Unwind, WithoutElements},
};

pub(super) fn pipeline(pipeline: &Pipeline) -> Vec<Document> {
    pipeline.stages.iter().map(stage).collect()
}

fn stage(stage: &Stage) -> Document {
    match stage {
        Stage::Match(filter) => doc! {"$match": filter.to_bson()},
        Stage::Project(projection) => doc! {"$project": projection.to_bson()},
        Stage::Sort(sort) => doc! {"$sort": sort.to_bson()},
        Stage::Skip(count) => doc! {"$skip": amount(*count)},
        Stage::Limit(count) => doc! {"$limit": amount(*count)},
        Stage::Count(name) => doc! {"$count": name},
        Stage::Unwind(unwind) => doc! {"$unwind": self::unwind(unwind)},
        Stage::Group(group) => doc! {"$group": self::group(group)},
    }
}

/// Amounts are parsed from 64-bit whole numbers, so that they fit.
fn amount(count: u64) -> Value {
    Value::Int64(i64::try_from(count).unwrap_or(i64::MAX))
}

fn unwind(unwind: &Unwind) -> Document {
    let mut document = doc! {
        "path": render_field(&unwind.path),
        "preserveNullAndEmptyArrays": unwind.without_elements == WithoutElements::Kept,
    };
    if let Some(name) = &unwind.position_field {
        document.insert("includeArrayIndex", name);
    }
    document
}

fn group(group: &Group) -> Document {
    let by = match &group.by {
        GroupBy::Nothing => Value::Null,
        GroupBy::Field(path) => render_field(path),
        GroupBy::Fields(fields) => Value::Document(
            fields
                .iter()
                .map(|(name, path)| (name.clone(), render_field(path)))
                .collect(),
        ),
    };
    let mut document = doc! {"_id": by};
    for (name, accumulator) in &group.fields {
        document.insert(name.clone(), self::accumulator(accumulator));
    }
    document
}

fn accumulator(accumulator: &Accumulator) -> Document {
    let operand = accumulator.operand.to_bson();
    match accumulator.kind {
        AccumulatorKind::Sum => doc! {"$sum": operand},
        AccumulatorKind::Average => doc! {"$avg": operand},
        AccumulatorKind::Min => doc! {"$min": operand},
        AccumulatorKind::Max => doc! {"$max": operand},
        AccumulatorKind::First => doc! {"$first": operand},
        AccumulatorKind::Last => doc! {"$last": operand},
        AccumulatorKind::Count => doc! {"$count": {}},
    }
}
