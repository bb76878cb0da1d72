//! Updates in MongoDB's own form.

use bson::{Bson, Document, doc};
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use sandglass_query::Update;

use crate::{
    documents::{path, scalar, value},
    filters::{conditions, filter, values},
};

/// An update with one to three operators.
pub(crate) fn update(random: &mut StdRng) -> Document {
    let mut update = Document::new();
    for _ in 0..random.random_range(1..4) {
        let (operator, field, value) = action(random);
        let fields = update
            .entry(operator.to_owned())
            .or_insert_with(|| Bson::Document(doc! {}));
        if let Bson::Document(fields) = fields {
            fields.insert(field, value);
        }
    }
    update
}

/// Whether the fields of an update stand in the order of their paths where they are sent to a server. An
/// operator has one place, so that the fields of another cannot stand between its own.
pub(crate) fn is_in_order(update: &Update) -> bool {
    let sent = update.to_bson();
    let names = sent.iter().flat_map(|(operator, fields)| {
        let fields = fields.as_document().into_iter().flatten();
        fields.map(move |(field, value)| match operator.as_str() {
            "$rename" => value.as_str().unwrap(),
            _ => field.as_str(),
        })
    });
    let names: Vec<&str> = names.collect();
    let all = names.iter().map(|it| ((*it).to_owned(), Bson::Null));
    let ordered = Update::from_bson(&doc! {"$set": all.collect::<Document>()}).unwrap();
    let ordered = ordered.to_bson();
    ordered.get_document("$set").unwrap().keys().eq(names)
}

fn action(random: &mut StdRng) -> (&'static str, String, Bson) {
    let (operator, value) = match random.random_range(0..16) {
        0..3 => ("$set", value(random, 2)),
        3 => ("$unset", Bson::Boolean(true)),
        4 => ("$inc", number(random)),
        5 => ("$mul", number(random)),
        6 => ("$min", value(random, 1)),
        7 => ("$max", value(random, 1)),
        8 => ("$rename", Bson::String(path(random))),
        9..11 => ("$push", added(random)),
        11..13 => ("$addToSet", added(random)),
        13..15 => ("$pull", pulled(random)),
        _ => ("$pop", Bson::Int32(*[1, -1].choose(random).unwrap())),
    };
    (operator, path(random), value)
}

fn number(random: &mut StdRng) -> Bson {
    match random.random_range(0..4) {
        0 => Bson::Int32(random.random_range(-1..3)),
        1 => Bson::Int64(random.random_range(-1..3)),
        2 => Bson::Int64(i64::MAX),
        _ => Bson::Double(f64::from(random.random_range(-3..4)) / 2.0),
    }
}

fn added(random: &mut StdRng) -> Bson {
    match random.random() {
        true => value(random, 2),
        false => Bson::Document(doc! {"$each": values(random)}),
    }
}

fn pulled(random: &mut StdRng) -> Bson {
    match random.random_range(0..4) {
        0 => scalar(random),
        1 => value(random, 2),
        2 => Bson::Document(filter(random, 1)),
        _ => Bson::Document(conditions(random, 1)),
    }
}
