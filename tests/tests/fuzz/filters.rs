//! Filters, updates, sorts, projections and pipelines, as text.

use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use sandglass_query::{
    Document, Filter, Pipeline, Projection, Sort, Update,
    extended_json::{document_to_json, parse_document},
};
use serde_json::{Value, json};

use super::{
    campaign::{fuzz, lines},
    mutation::texts,
};

const CORPUS: &str = include_str!("../../corpora/filters.txt");
const STAGES: &str = include_str!("../../corpora/queries.txt");

pub(super) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "null",
    "true",
    "1",
    "-0.0",
    "1e400",
    "\"a\"",
    "\"a.0\"",
    "\"$a\"",
    "\"\"",
    "\"$eq\":",
    "\"$ne\":",
    "\"$gt\":",
    "\"$lte\":",
    "\"$in\":[",
    "\"$nin\":[",
    "\"$exists\":",
    "\"$type\":",
    "\"$and\":[",
    "\"$or\":[",
    "\"$nor\":[",
    "\"$not\":{",
    "\"$elemMatch\":{",
    "\"$size\":",
    "\"$all\":[",
    "\"$mod\":[",
    "\"$regex\":",
    "\"$options\":\"i\"",
    "{\"$date\":\"2026-01-01T00:00:00Z\"}",
    "{\"$oid\":\"0123456789abcdef01234567\"}",
    "{\"$numberLong\":\"9223372036854775807\"}",
    "{\"$numberDecimal\":\"1E6144\"}",
    "\\u0000",
    "(?i)",
    "{2,}",
    "[^a-z]",
    "\\\\d",
    "^",
    "$",
    "|",
    "*",
];

/// Documents that filters are asked about.
static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    [
        "{}",
        r#"{"a":null}"#,
        r#"{"a":1,"b":{"c":[1,2,{"d":"x"}]}}"#,
        r#"{"a":[1,[2,3],{"b":1}],"name":"Ada","n":{"$numberDecimal":"1.5"}}"#,
        r#"{"a":{"$date":"2026-01-01T00:00:00Z"},"b":{"$oid":"0123456789abcdef01234567"},"c":-0.0}"#,
    ]
    .map(|text| parse_document(text).unwrap())
    .to_vec()
});

/// What is understood is printed as the same, and judges documents alike in both forms.
fn check(text: &str) -> Result<(), TestCaseError> {
    let Ok(filter) = Filter::parse_text(text) else {
        return Ok(());
    };
    let printed = filter.to_bson();
    match Filter::from_bson(&printed) {
        Ok(again) => prop_assert_eq!(&again, &filter),
        // Only what a pattern unfolds to may be too much.
        Err(error) => prop_assert!(text.contains("$regex"), "{error}"),
    }
    let opposite = json!({"$nor": [document_to_json(&printed)]});
    let opposite = Filter::parse(&opposite).ok();
    for document in &*DOCUMENTS {
        let matches = filter.matches(document);
        let raw = bson::RawDocumentBuf::try_from(document).unwrap();
        prop_assert_eq!(filter.matches_raw(&raw).unwrap(), matches);
        if let Some(opposite) = &opposite {
            prop_assert_ne!(opposite.matches(document), matches);
        }
    }
    Ok(())
}

#[test]
fn filters_mean_what_they_print() {
    let corpus = lines(CORPUS);
    for line in &corpus {
        check(line).unwrap();
    }
    fuzz("filters", &texts(corpus, WORDS), |text| check(&text));
}

/// Reads a text as everything it could be.
fn check_all(text: &str) -> Result<(), TestCaseError> {
    if let Ok(update) = Update::parse_text(text) {
        prop_assert_eq!(&Update::from_bson(&update.to_bson()).unwrap(), &update);
        for document in &*DOCUMENTS {
            let mut changed = document.clone();
            if update.apply(&mut changed, Timestamp::UNIX_EPOCH).is_err() {
                prop_assert_eq!(&changed, document, "a failed update changed something");
            }
        }
    }
    if let Ok(sort) = Sort::parse_text(text) {
        prop_assert_eq!(&Sort::from_bson(&sort.to_bson()).unwrap(), &sort);
    }
    if let Ok(projection) = Projection::parse_text(text) {
        prop_assert_eq!(
            &Projection::from_bson(&projection.to_bson()).unwrap(),
            &projection
        );
        for document in &*DOCUMENTS {
            drop(projection.apply(document.clone()));
        }
    }
    if let Ok(pipeline) = Pipeline::parse_text(text) {
        let printed = pipeline.to_bson();
        let stages: Vec<Value> = printed.iter().map(document_to_json).collect();
        match Pipeline::parse(&Value::Array(stages)) {
            Ok(again) => prop_assert_eq!(again.to_bson(), printed),
            Err(error) => prop_assert!(text.contains("$regex"), "{error}"),
        }
    }
    Ok(())
}

#[test]
fn queries_of_other_kinds_mean_what_they_print() {
    let corpus = lines(STAGES);
    for line in &corpus {
        check_all(line).unwrap();
    }
    fuzz("queries", &texts(corpus, WORDS), |text| check_all(&text));
}
