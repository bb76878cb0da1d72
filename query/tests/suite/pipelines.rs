//! What pipelines make of documents.

use sandglass_query::{DatabaseError, Document, Pipeline};

use super::document;

fn documents(text: &str) -> Vec<Document> {
    let wrapped = document(&format!(r#"{{"all": {text}}}"#));
    wrapped
        .get_array("all")
        .unwrap()
        .iter()
        .map(|value| value.as_document().unwrap().clone())
        .collect()
}

fn run(pipeline: &str, input: &str) -> Result<Vec<Document>, DatabaseError> {
    let parsed =
        Pipeline::parse_text(pipeline).unwrap_or_else(|error| panic!("{pipeline}: {error}"));
    assert_eq!(
        Pipeline::from_bson(&parsed.to_bson()).unwrap(),
        parsed,
        "{pipeline}"
    );
    parsed.run(documents(input).into_iter().map(Ok)).collect()
}

fn check(pipeline: &str, input: &str, expected: &str) {
    assert_eq!(
        run(pipeline, input).unwrap(),
        documents(expected),
        "{pipeline} on {input}"
    );
}

#[test]
fn stages_follow_one_another() {
    let people = r#"[{"_id": 1, "a": 3}, {"_id": 2, "a": 1}, {"_id": 3, "a": 2}, {"_id": 4}]"#;
    let table = [
        ("[]", people),
        (
            r#"[{"$match": {"a": {"$gt": 1}}}, {"$project": {"a": 1, "_id": 0}}]"#,
            r#"[{"a": 3}, {"a": 2}]"#,
        ),
        (
            r#"[{"$sort": {"a": -1}}, {"$skip": 1}, {"$limit": 1}]"#,
            r#"[{"_id": 3, "a": 2}]"#,
        ),
        (
            r#"[{"$limit": 2}, {"$sort": {"a": 1}}]"#,
            r#"[{"_id": 2, "a": 1}, {"_id": 1, "a": 3}]"#,
        ),
        (
            r#"[{"$sort": {"a": 1}}, {"$match": {"a": {"$gt": 1}}}, {"$limit": 1}]"#,
            r#"[{"_id": 3, "a": 2}]"#,
        ),
        (
            r#"[{"$match": {"a": {"$exists": true}}}, {"$count": "n"}]"#,
            r#"[{"n": 3}]"#,
        ),
        (r#"[{"$match": {"a": 99}}, {"$count": "n"}]"#, r#"[]"#),
    ];
    for (pipeline, expected) in table {
        check(pipeline, people, expected);
    }
}

#[test]
fn unwind_makes_one_document_an_element() {
    let table = [
        (
            r#""$a""#,
            r#"{"_id": 1, "a": [1, 2]}"#,
            r#"[{"_id": 1, "a": 1}, {"_id": 1, "a": 2}]"#,
        ),
        (r#""$a""#, r#"{"a": 5}"#, r#"[{"a": 5}]"#),
        (r#""$a""#, r#"{"a": []}"#, r#"[]"#),
        (r#""$a""#, r#"{"a": null}"#, r#"[]"#),
        (r#""$a""#, r#"{}"#, r#"[]"#),
        (
            r#""$a.b""#,
            r#"{"a": {"b": [1, 2], "c": 3}}"#,
            r#"[{"a": {"b": 1, "c": 3}}, {"a": {"b": 2, "c": 3}}]"#,
        ),
        (
            r#"{"path": "$a", "preserveNullAndEmptyArrays": true}"#,
            r#"{"x": 1, "a": []}"#,
            r#"[{"x": 1}]"#,
        ),
        (
            r#"{"path": "$a", "preserveNullAndEmptyArrays": true}"#,
            r#"{"a": null}"#,
            r#"[{"a": null}]"#,
        ),
        (
            r#"{"path": "$a", "includeArrayIndex": "i"}"#,
            r#"{"a": ["x", "y"]}"#,
            r#"[{"a": "x", "i": {"$numberLong": "0"}}, {"a": "y", "i": {"$numberLong": "1"}}]"#,
        ),
        (
            r#"{"path": "$a", "includeArrayIndex": "i"}"#,
            r#"{"a": "x"}"#,
            r#"[{"a": "x", "i": null}]"#,
        ),
    ];
    for (unwind, input, expected) in table {
        check(
            &format!(r#"[{{"$unwind": {unwind}}}]"#),
            &format!("[{input}]"),
            expected,
        );
    }
}

#[test]
fn groups_are_summarised() {
    let sales = r#"[
        {"_id": 1, "k": "x", "n": 1, "t": [1]}, {"_id": 2, "k": "y", "n": 2.5},
        {"_id": 3, "k": "x", "n": 4}, {"_id": 4, "n": "text"}, {"_id": 5, "k": null, "n": null}]"#;
    let table = [
        (
            r#"{"_id": null, "c": {"$sum": 1}}"#,
            r#"[{"_id": null, "c": 5}]"#,
        ),
        (
            r#"{"_id": null, "c": {"$count": {}}}"#,
            r#"[{"_id": null, "c": 5}]"#,
        ),
        (
            r#"{"_id": "$k", "s": {"$sum": "$n"}}"#,
            r#"[{"_id": null, "s": 0}, {"_id": "x", "s": 5}, {"_id": "y", "s": 2.5}]"#,
        ),
        (
            r#"{"_id": "$k", "a": {"$avg": "$n"}}"#,
            r#"[{"_id": null, "a": null}, {"_id": "x", "a": 2.5}, {"_id": "y", "a": 2.5}]"#,
        ),
        (
            r#"{"_id": null, "l": {"$min": "$n"}, "g": {"$max": "$n"}, "f": {"$first": "$n"}, "e": {"$last": "$k"}}"#,
            r#"[{"_id": null, "l": 1, "g": "text", "f": 1, "e": null}]"#,
        ),
        (
            r#"{"_id": null, "m": {"$max": "$missing"}}"#,
            r#"[{"_id": null, "m": null}]"#,
        ),
        (
            r#"{"_id": {"key": "$k"}, "c": {"$sum": 1}}"#,
            r#"[{"_id": {}, "c": 1}, {"_id": {"key": null}, "c": 1}, {"_id": {"key": "x"}, "c": 2}, {"_id": {"key": "y"}, "c": 1}]"#,
        ),
        (
            r#"{"_id": "$t", "c": {"$sum": 1}}"#,
            r#"[{"_id": null, "c": 4}, {"_id": [1], "c": 1}]"#,
        ),
    ];
    for (group, expected) in table {
        check(&format!(r#"[{{"$group": {group}}}]"#), sales, expected);
    }
    check(
        r#"[{"$group": {"_id": "$a", "c": {"$sum": 1}}}]"#,
        r#"[{"a": 1}, {"a": 1.0}, {"a": {"$numberLong": "1"}}]"#,
        r#"[{"_id": 1, "c": 3}]"#,
    );
    check(
        r#"[{"$group": {"_id": "$a.b", "c": {"$sum": 1}}}]"#,
        r#"[{"a": [{"b": 1}, {"b": 2}, 5, {}]}]"#,
        r#"[{"_id": [1, 2], "c": 1}]"#,
    );
}

#[test]
fn sums_keep_their_type_and_their_precision() {
    let table = [
        (
            r#"[{"n": 2147483647}, {"n": 1}]"#,
            r#"{"$numberLong": "2147483648"}"#,
        ),
        (
            r#"[{"n": {"$numberLong": "1"}}, {"n": 1}]"#,
            r#"{"$numberLong": "2"}"#,
        ),
        (
            r#"[{"n": 9223372036854775807}, {"n": 1}]"#,
            "9223372036854775808.0",
        ),
        (r#"[{"n": 1e100}, {"n": 1.0}, {"n": -1e100}]"#, "1.0"),
        (r#"[{"n": 0.1}, {"n": 0.2}, {"n": 0.3}]"#, "0.6"),
        // Rounded once, and not the whole numbers for themselves first.
        (
            r#"[{"n": 9007199254740993}, {"n": 0.5}, {"n": 2.5}]"#,
            "9007199254740996.0",
        ),
        (
            r#"[{"n": {"$numberDouble": "Infinity"}}, {"n": 1}]"#,
            r#"{"$numberDouble": "Infinity"}"#,
        ),
    ];
    for (input, expected) in table {
        check(
            r#"[{"$group": {"_id": null, "s": {"$sum": "$n"}}}]"#,
            input,
            &format!(r#"[{{"_id": null, "s": {expected}}}]"#),
        );
    }
    let decimals = run(
        r#"[{"$group": {"_id": null, "s": {"$sum": "$n"}}}]"#,
        r#"[{"n": {"$numberDecimal": "1"}}]"#,
    );
    assert!(
        matches!(decimals, Err(DatabaseError::InvalidArgument(_))),
        "{decimals:?}"
    );
}

#[test]
fn a_group_holds_no_more_than_it_may() {
    let pipeline = Pipeline::parse_text(r#"[{"$group": {"_id": "$a"}}]"#).unwrap();
    let text = "x".repeat(1024 * 1024);
    let source = (0..200).map(|number| Ok(bson::doc! {"a": format!("{number}{text}")}));
    let grouped: Result<Vec<Document>, _> = pipeline.run(source).collect();
    assert!(matches!(grouped, Err(DatabaseError::LimitExceeded(_))));
}

#[test]
fn streaming_stages_do_not_read_ahead() {
    let pipeline = Pipeline::parse_text(r#"[{"$match": {"a": 1}}, {"$limit": 2}]"#).unwrap();
    let mut read = 0;
    let source = std::iter::from_fn(|| {
        read += 1;
        Some(Ok(bson::doc! {"a": 1}))
    });
    assert_eq!(pipeline.run(source).count(), 2);
    assert_eq!(read, 2);
}

#[test]
fn the_leading_filter_is_that_of_the_first_match() {
    let table = [
        (r#"[{"$match": {"a": 1}}, {"$limit": 1}]"#, r#"{"a": 1}"#),
        (r#"[{"$limit": 1}, {"$match": {"a": 1}}]"#, r#"{}"#),
        (r#"[]"#, r#"{}"#),
    ];
    for (pipeline, filter) in table {
        let expected = sandglass_query::Filter::parse_text(filter).unwrap();
        assert_eq!(
            Pipeline::parse_text(pipeline).unwrap().leading_filter(),
            expected
        );
    }
}
