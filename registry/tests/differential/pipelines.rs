//! Pipelines in MongoDB's own form.

use bson::{Bson, Document, doc};
use rand::{RngExt as _, rngs::StdRng};

use crate::{
    departures,
    documents::{name, named_path},
    filters::filter,
    shapes::sort,
};

/// A pipeline of one to four stages over documents in the order of their ids.
pub(crate) fn pipeline(random: &mut StdRng) -> Vec<Document> {
    let mut stages = vec![doc! {"$sort": {"_id": 1}}];
    let count = random.random_range(1..4);
    for _ in 0..count {
        stages.push(stage(random));
        if stages
            .last()
            .is_some_and(|stage| stage.contains_key("$group"))
        {
            // Groups come in any order.
            stages.push(doc! {"$sort": {"_id": 1}});
        }
    }
    stages
}

fn stage(random: &mut StdRng) -> Document {
    match random.random_range(0..12) {
        0..2 => doc! {"$match": filter(random, 1)},
        2 => {
            let fields = match random.random() {
                true => doc! {named_path(random): 1, named_path(random): 1},
                false => doc! {name(random): 0, name(random): 0},
            };
            doc! {"$project": fields}
        }
        3 => doc! {"$sort": sort(random)},
        4 => doc! {"$skip": random.random_range(0..4)},
        5 => doc! {"$limit": random.random_range(1..30)},
        6 => doc! {"$count": "count"},
        7..9 => {
            let mut unwind = doc! {"path": field(random)};
            if random.random() {
                unwind.insert("preserveNullAndEmptyArrays", random.random::<bool>());
            }
            doc! {"$unwind": unwind}
        }
        _ => {
            let by = match random.random_range(0..4) {
                0 => Bson::Null,
                1 => Bson::Document(doc! {"x": "$s", "y": "$d.s"}),
                2 => Bson::String("$d.s".to_owned()),
                _ => Bson::String("$s".to_owned()),
            };
            let mut group = doc! {"_id": by};
            for name in ["p", "q"] {
                group.insert(name, accumulator(random));
            }
            doc! {"$group": group}
        }
    }
}

fn accumulator(random: &mut StdRng) -> Document {
    let kind = random.random_range(0..7);
    let operand = match random.random_range(0..4) {
        0 if !departures::takes_constants_for_arrays(kind) => {
            Bson::Int32(random.random_range(0..3))
        }
        1 if !departures::takes_constants_for_arrays(kind) => Bson::Double(0.5),
        _ => Bson::String(field(random)),
    };
    match kind {
        0 => doc! {"$count": {}},
        1 => doc! {"$avg": operand},
        2 => doc! {"$min": operand},
        3 => doc! {"$max": operand},
        4 => doc! {"$first": operand},
        5 => doc! {"$last": operand},
        _ => doc! {"$sum": operand},
    }
}

fn field(random: &mut StdRng) -> String {
    match random.random_range(0..4) {
        0 => "$d.a".to_owned(),
        1 => "$m".to_owned(),
        _ => format!("${}", name(random)),
    }
}
