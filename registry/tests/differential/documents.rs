//! Documents of few names and small values, so that queries meet them, and of every type that is
//! stored.

use bson::{Binary, Bson, DateTime, Document, doc, oid::ObjectId, spec::BinarySubtype};
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};

const NAMES: [&str; 5] = ["a", "b", "c", "0", "1"];
const STRINGS: [&str; 12] = [
    "", "a", "b", "ab", "A", "1", "10", "1.0", "ü", "a\n", "a b", "null",
];
const DECIMALS: [&str; 9] = [
    "0",
    "-0",
    "1",
    "1.0",
    "1.5",
    "2E+1",
    "NaN",
    "Infinity",
    "-Infinity",
];

/// A field name.
pub(crate) fn name(random: &mut StdRng) -> String {
    // The first names are met more often.
    let index = random
        .random_range(0..NAMES.len())
        .min(random.random_range(0..NAMES.len()));
    NAMES[index].to_owned()
}

/// A path of one to three names.
pub(crate) fn path(random: &mut StdRng) -> String {
    let names = match random.random_range(0..10) {
        0..5 => 1,
        5..9 => 2,
        _ => 3,
    };
    let names: Vec<_> = (0..names).map(|_| name(random)).collect();
    names.join(".")
}

/// A value that is neither a document nor an array.
pub(crate) fn scalar(random: &mut StdRng) -> Bson {
    match random.random_range(0..24) {
        0..2 => Bson::Null,
        2..4 => Bson::Boolean(random.random()),
        4..8 => Bson::Int32(random.random_range(-2..4)),
        8..10 => Bson::Int64(random.random_range(-2..4)),
        10 => Bson::Int64(
            *[i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1]
                .choose(random)
                .unwrap(),
        ),
        11..14 => Bson::Double(f64::from(random.random_range(-4..8)) / 2.0),
        14 => {
            let odd = [
                f64::NAN,
                -0.0,
                f64::INFINITY,
                f64::NEG_INFINITY,
                9_007_199_254_740_992.0,
            ];
            Bson::Double(*odd.choose(random).unwrap())
        }
        15..17 => Bson::Decimal128(DECIMALS.choose(random).unwrap().parse().unwrap()),
        17..21 => Bson::String((*STRINGS.choose(random).unwrap()).to_owned()),
        21 => Bson::DateTime(DateTime::from_millis(random.random_range(-1..3))),
        22 => Bson::ObjectId(ObjectId::from_bytes([random.random_range(0..3); 12])),
        _ => {
            let length = random.random_range(0..2);
            Bson::Binary(Binary {
                subtype: BinarySubtype::Generic,
                bytes: vec![random.random_range(0..2); length],
            })
        }
    }
}

/// A value, nested no deeper than `depth`.
pub(crate) fn value(random: &mut StdRng, depth: u32) -> Bson {
    match random.random_range(0..10) {
        0..2 if depth > 0 => {
            let length = random.random_range(0..4);
            Bson::Array((0..length).map(|_| value(random, depth - 1)).collect())
        }
        2..4 if depth > 0 => Bson::Document(fields(random, depth - 1)),
        _ => scalar(random),
    }
}

/// Some fields.
pub(crate) fn fields(random: &mut StdRng, depth: u32) -> Document {
    let count = random.random_range(0..4);
    let named = (0..count).map(|_| (name(random), value(random, depth)));
    named.collect()
}

/// A path without names of digits.
pub(crate) fn named_path(random: &mut StdRng) -> String {
    loop {
        let path = path(random);
        if !path.contains(['0', '1']) {
            return path;
        }
    }
}

fn small_numbers(random: &mut StdRng) -> Bson {
    let number = |random: &mut StdRng| match random.random_range(0..5) {
        0 => Bson::Int32(random.random_range(-4..9)),
        1 => Bson::Int64(random.random_range(-4..9)),
        2 => Bson::Double(f64::from(random.random_range(-8..16)) / 4.0),
        3 => Bson::Double(*[f64::NAN, f64::INFINITY].choose(random).unwrap()),
        _ => Bson::String("1".to_owned()),
    };
    match random.random_range(0..3) {
        0 => Bson::Array((0..3).map(|_| number(random)).collect()),
        _ => number(random),
    }
}

/// A document with a number as its id.
pub(crate) fn document(random: &mut StdRng, id: i32) -> Document {
    let mut document = doc! {"_id": id};
    let count = random.random_range(0..5);
    for _ in 0..count {
        document.insert(name(random), value(random, 3));
    }
    // What some operators are asked of; see the departures.
    document.insert("m", small_numbers(random));
    document.insert("s", scalar(random));
    if random.random() {
        document.insert("d", doc! {"s": scalar(random), "a": value(random, 2)});
    }
    document
}
