//! Sorts and projections, skips and limits.

use bson::{Document, doc};
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use sandglass_query::{Filter, Find, Limit, Projection, Sort};

use crate::{
    documents::{name, path},
    filters::filter,
};

/// A find with everything; its order is certain, because the id decides where the rest does not.
pub(crate) fn find(random: &mut StdRng) -> Option<Find> {
    let filter = match random.random() {
        true => filter(random, 1),
        false => Document::new(),
    };
    Some(Find {
        filter: Filter::from_bson(&filter).ok()?,
        sort: Sort::from_bson(&sort(random)).ok()?,
        projection: Projection::from_bson(&projection(random)).ok()?,
        skip: *[0, 0, 1, 5].choose(random).unwrap(),
        limit: *[
            Limit::All,
            Limit::AtMost(0),
            Limit::AtMost(3),
            Limit::AtMost(20),
        ]
        .choose(random)
        .unwrap(),
    })
}

/// A sort.
pub(crate) fn sort(random: &mut StdRng) -> Document {
    let keys = random.random_range(0..3);
    let mut sort: Document = (0..keys)
        .map(|_| (sorted(random), bson::Bson::Int32(direction(random))))
        .collect();
    sort.insert("_id", direction(random));
    sort
}

/// A projection.
pub(crate) fn projection(random: &mut StdRng) -> Document {
    let shown = i32::from(random.random::<bool>());
    let names = random.random_range(0..3);
    let mut projection: Document = (0..names)
        .map(|_| (path(random), bson::Bson::Int32(shown)))
        .collect();
    match random.random_range(0..5) {
        0 => projection.extend(doc! {"_id": 0}),
        1 => projection.extend(doc! {"_id": 1}),
        _ => {}
    }
    projection
}

fn sorted(random: &mut StdRng) -> String {
    match random.random_range(0..8) {
        0 => format!("{}.0", name(random)),
        1 => "d.a".to_owned(),
        2 => "d.s".to_owned(),
        _ => name(random),
    }
}

fn direction(random: &mut StdRng) -> i32 {
    *[1, -1].choose(random).unwrap()
}
