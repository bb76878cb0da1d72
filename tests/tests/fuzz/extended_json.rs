//! Documents in Extended JSON.

use std::cmp::Ordering;

use proptest::prelude::*;
use sandglass_query::{
    Value, compare,
    extended_json::{parse_document, print_document},
};

use super::{
    campaign::{fuzz, lines},
    mutation::texts,
};

const CORPUS: &str = include_str!("../../corpora/extended_json.txt");

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "null",
    "true",
    "-0",
    "-0.0",
    "1e308",
    "1e309",
    "9007199254740993",
    "\"$oid\":",
    "\"$date\":",
    "\"$numberInt\":",
    "\"$numberLong\":",
    "\"$numberDouble\":",
    "\"$numberDecimal\":",
    "\"$binary\":",
    "\"subType\":",
    "\"$timestamp\":",
    "\"$regularExpression\":",
    "\"$uuid\":",
    "\"$minKey\":1",
    "\"$undefined\":true",
    "\"NaN\"",
    "\"-Infinity\"",
    "\"2147483648\"",
    "\"a.b\":",
    "\"$a\":",
    "\"\":",
];

/// What is understood is printed and read again as the same, and printed again as the same text.
fn check(text: &str) -> Result<(), TestCaseError> {
    let Ok(document) = parse_document(text) else {
        return Ok(());
    };
    let printed = print_document(&document);
    let again = parse_document(&printed);
    let again = again.map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
    prop_assert_eq!(print_document(&again), printed);
    let order = compare(&Value::Document(again), &Value::Document(document));
    prop_assert_eq!(order, Ordering::Equal);
    Ok(())
}

#[test]
fn documents_are_printed_as_they_were_read() {
    let corpus = lines(CORPUS);
    for line in &corpus {
        check(line).unwrap();
    }
    fuzz("extended_json", &texts(corpus, WORDS), |text| check(&text));
}
