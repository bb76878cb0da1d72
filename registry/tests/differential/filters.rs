//! Filters in MongoDB's own form.

use bson::{Bson, Document, doc};
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::documents::{named_path, path, scalar, value};

const TYPES: [&str; 12] = [
    "double", "string", "object", "array", "binData", "objectId", "bool", "date", "null", "int",
    "long", "decimal",
];
const PATTERNS: [&str; 14] = [
    "a", "^a", "b$", "^a$", "^$", "[ab]", "a|b", "\\d", "^\\w+$", "\\bb", "(?i)AB", "a.", "ü", ".*",
];

/// A filter.
pub(crate) fn filter(random: &mut StdRng, depth: u32) -> Document {
    match random.random_range(0..8) {
        0 if depth > 0 => {
            let operator = *["$and", "$or", "$nor"].choose(random).unwrap();
            let parts = random.random_range(1..3);
            let parts: Vec<Document> = (0..parts).map(|_| filter(random, depth - 1)).collect();
            doc! {operator: parts}
        }
        1 => {
            let mut both = field(random, depth);
            both.extend(field(random, depth));
            both
        }
        _ => field(random, depth),
    }
}

/// Operators that are asked of one value.
pub(crate) fn conditions(random: &mut StdRng, depth: u32) -> Document {
    let mut document = condition(random, depth);
    if random.random_range(0..5) == 0 {
        document.extend(condition(random, depth));
    }
    document
}

/// One to three values.
pub(crate) fn values(random: &mut StdRng) -> Vec<Bson> {
    let count = random.random_range(0..4);
    (0..count).map(|_| value(random, 1)).collect()
}

fn field(random: &mut StdRng, depth: u32) -> Document {
    let asked = match random.random_range(0..16) {
        0 => {
            let numbers = [random.random_range(1..4), random.random_range(-1..3)];
            return doc! {"m": {"$mod": numbers.to_vec()}};
        }
        1..4 => value(random, 2),
        _ => Bson::Document(conditions(random, depth)),
    };
    let path = match asked.to_string().contains("null") {
        true => named_path(random),
        false => path(random),
    };
    doc! {path: asked}
}

fn condition(random: &mut StdRng, depth: u32) -> Document {
    match random.random_range(0..20) {
        0 => doc! {"$eq": value(random, 2)},
        1 => doc! {"$ne": value(random, 2)},
        2..7 => {
            let operator = *["$gt", "$gte", "$lt", "$lte"].choose(random).unwrap();
            let bound = match random.random_range(0..4) {
                0 => value(random, 2),
                _ => scalar(random),
            };
            doc! {operator: bound}
        }
        7..9 => doc! {"$in": values(random)},
        9 => doc! {"$nin": values(random)},
        10..12 => doc! {"$exists": random.random::<bool>()},
        12 => doc! {"$type": *TYPES.choose(random).unwrap()},
        13 => doc! {"$type": ["number", *TYPES.choose(random).unwrap()]},
        14 if depth > 0 => doc! {"$not": conditions(random, depth - 1)},
        15 if depth > 0 => match random.random() {
            true => doc! {"$elemMatch": conditions(random, depth - 1)},
            false => doc! {"$elemMatch": element(random)},
        },
        16 => doc! {"$size": random.random_range(0..4)},
        17..19 => {
            let mut values = values(random);
            values.retain(|value| *value != Bson::Null && *value != Bson::Array(Vec::new()));
            doc! {"$all": values}
        }
        _ => doc! {"$regex": *PATTERNS.choose(random).unwrap()},
    }
}

/// What is asked of the fields of an element: nothing that an array in the place of a document has.
fn element(random: &mut StdRng) -> Document {
    let asked = loop {
        let value = scalar(random);
        if value != Bson::Null {
            break value;
        }
    };
    let operator = *["$eq", "$gt", "$gte", "$lt", "$lte"]
        .choose(random)
        .unwrap();
    doc! {named_path(random): {operator: asked}}
}
