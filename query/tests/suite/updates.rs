//! What updates do to documents.

use sandglass_query::{Change, Update};

use super::document;

const NOW: jiff::Timestamp = jiff::Timestamp::constant(1_769_817_600, 0);

/// Applies an update; an unchanged document is expected to be told as such.
fn check(update: &str, before: &str, after: &str) {
    let parsed = Update::parse_text(update).unwrap_or_else(|error| panic!("{update}: {error}"));
    assert_eq!(
        Update::from_bson(&parsed.to_bson()).unwrap(),
        parsed,
        "{update}"
    );
    let mut changed = document(before);
    let change = parsed
        .apply(&mut changed, NOW)
        .unwrap_or_else(|error| panic!("{update} on {before}: {error}"));
    assert_eq!(changed, document(after), "{update} on {before}");
    let expected = if document(before) == document(after) {
        Change::Unchanged
    } else {
        Change::Changed
    };
    assert_eq!(change, expected, "{update} on {before}");
}

fn check_refused(update: &str, before: &str, message: &str) {
    let parsed = Update::parse_text(update).unwrap();
    let mut changed = document(before);
    let error = parsed.apply(&mut changed, NOW).expect_err(update);
    assert_eq!(error.to_string(), message, "{update} on {before}");
    assert_eq!(
        changed,
        document(before),
        "{update} changed the document and failed"
    );
}

#[test]
fn fields_are_set_and_removed() {
    let table = [
        (r#"{"$set": {"a": 2}}"#, r#"{"a": 1}"#, r#"{"a": 2}"#),
        (r#"{"$set": {"a": 1}}"#, r#"{"a": 1}"#, r#"{"a": 1}"#),
        (
            r#"{"$set": {"a.b.c": 1}}"#,
            r#"{}"#,
            r#"{"a": {"b": {"c": 1}}}"#,
        ),
        (
            r#"{"$set": {"b": 1, "a": 2}}"#,
            r#"{"z": 0}"#,
            r#"{"z": 0, "a": 2, "b": 1}"#,
        ),
        (
            r#"{"$set": {"a.1": 9}}"#,
            r#"{"a": [1, 2]}"#,
            r#"{"a": [1, 9]}"#,
        ),
        (
            r#"{"$set": {"a.3": 9}}"#,
            r#"{"a": [1]}"#,
            r#"{"a": [1, null, null, 9]}"#,
        ),
        (
            r#"{"$set": {"a.1.b": 9}}"#,
            r#"{"a": [1]}"#,
            r#"{"a": [1, {"b": 9}]}"#,
        ),
        (
            r#"{"$set": {"a.0.b": 9}}"#,
            r#"{"a": [{"c": 1}]}"#,
            r#"{"a": [{"c": 1, "b": 9}]}"#,
        ),
        (r#"{"$set": {"a.0": 9}}"#, r#"{}"#, r#"{"a": {"0": 9}}"#),
        (
            r#"{"$unset": {"a": ""}}"#,
            r#"{"a": 1, "b": 2}"#,
            r#"{"b": 2}"#,
        ),
        (
            r#"{"$unset": {"a.b": 1}}"#,
            r#"{"a": {"b": 1, "c": 2}}"#,
            r#"{"a": {"c": 2}}"#,
        ),
        (
            r#"{"$unset": {"a.0": 1}}"#,
            r#"{"a": [1, 2]}"#,
            r#"{"a": [null, 2]}"#,
        ),
        (
            r#"{"$unset": {"a.0": 1}}"#,
            r#"{"a": [null]}"#,
            r#"{"a": [null]}"#,
        ),
        (r#"{"$unset": {"a": 1}}"#, r#"{"a": null}"#, r#"{}"#),
        (r#"{"$unset": {"x.y": 1}}"#, r#"{"x": 5}"#, r#"{"x": 5}"#),
        (r#"{"$rename": {"a": "b"}}"#, r#"{"a": 1}"#, r#"{"b": 1}"#),
        (
            r#"{"$rename": {"a.x": "b.y"}}"#,
            r#"{"a": {"x": 1}}"#,
            r#"{"a": {}, "b": {"y": 1}}"#,
        ),
        (r#"{"$rename": {"a": "b"}}"#, r#"{"b": 2}"#, r#"{"b": 2}"#),
        // What is not there is not renamed, wherever it would go.
        (
            r#"{"$rename": {"x.0": "a.y"}}"#,
            r#"{"a": [1], "x": []}"#,
            r#"{"a": [1], "x": []}"#,
        ),
        (
            r#"{"$rename": {"a": "b"}}"#,
            r#"{"a": 1, "b": 2}"#,
            r#"{"b": 1}"#,
        ),
        (
            r#"{"$currentDate": {"a": true, "b": {"$type": "date"}}}"#,
            r#"{}"#,
            r#"{"a": {"$date": "2026-01-31T00:00:00Z"}, "b": {"$date": "2026-01-31T00:00:00Z"}}"#,
        ),
    ];
    for (update, before, after) in table {
        check(update, before, after);
    }
}

#[test]
fn numbers_are_calculated_with() {
    let table = [
        (r#"{"$inc": {"a": 2}}"#, r#"{"a": 1}"#, r#"{"a": 3}"#),
        (r#"{"$inc": {"a": 2}}"#, r#"{}"#, r#"{"a": 2}"#),
        (r#"{"$inc": {"a": 0}}"#, r#"{"a": 1}"#, r#"{"a": 1}"#),
        (r#"{"$inc": {"a": 0.5}}"#, r#"{"a": 1}"#, r#"{"a": 1.5}"#),
        (
            r#"{"$inc": {"a": 1}}"#,
            r#"{"a": 2147483647}"#,
            r#"{"a": 2147483648}"#,
        ),
        (r#"{"$mul": {"a": 3}}"#, r#"{"a": 2}"#, r#"{"a": 6}"#),
        (r#"{"$mul": {"a": 3}}"#, r#"{}"#, r#"{"a": 0}"#),
        (r#"{"$mul": {"a": 1.5}}"#, r#"{}"#, r#"{"a": 0.0}"#),
        // Zeros of either sign are one number.
        (r#"{"$mul": {"a": -1.5}}"#, r#"{"a": 0.0}"#, r#"{"a": 0.0}"#),
        (r#"{"$min": {"a": 3}}"#, r#"{"a": 5}"#, r#"{"a": 3}"#),
        (r#"{"$min": {"a": 7}}"#, r#"{"a": 5}"#, r#"{"a": 5}"#),
        (r#"{"$min": {"a": 7}}"#, r#"{}"#, r#"{"a": 7}"#),
        (r#"{"$max": {"a": 7}}"#, r#"{"a": 5}"#, r#"{"a": 7}"#),
        (r#"{"$max": {"a": "x"}}"#, r#"{"a": 5}"#, r#"{"a": "x"}"#),
        (r#"{"$max": {"a": 5.0}}"#, r#"{"a": 5}"#, r#"{"a": 5}"#),
    ];
    for (update, before, after) in table {
        check(update, before, after);
    }
}

#[test]
fn arrays_grow_and_shrink() {
    let table = [
        (
            r#"{"$push": {"a": 3}}"#,
            r#"{"a": [1]}"#,
            r#"{"a": [1, 3]}"#,
        ),
        (r#"{"$push": {"a": 3}}"#, r#"{}"#, r#"{"a": [3]}"#),
        (
            r#"{"$push": {"a": [3]}}"#,
            r#"{"a": []}"#,
            r#"{"a": [[3]]}"#,
        ),
        (
            r#"{"$push": {"a": {"$each": [3, 4]}}}"#,
            r#"{"a": [1]}"#,
            r#"{"a": [1, 3, 4]}"#,
        ),
        (
            r#"{"$push": {"a": {"b": 1}}}"#,
            r#"{}"#,
            r#"{"a": [{"b": 1}]}"#,
        ),
        (
            r#"{"$addToSet": {"a": 1.0}}"#,
            r#"{"a": [1]}"#,
            r#"{"a": [1]}"#,
        ),
        (
            r#"{"$addToSet": {"a": {"$each": [2, 2, 1]}}}"#,
            r#"{"a": [1]}"#,
            r#"{"a": [1, 2]}"#,
        ),
        (
            r#"{"$pull": {"a": 1}}"#,
            r#"{"a": [1, 2, 1.0]}"#,
            r#"{"a": [2]}"#,
        ),
        (
            r#"{"$pull": {"a": {"$gte": 2}}}"#,
            r#"{"a": [1, 2, 3]}"#,
            r#"{"a": [1]}"#,
        ),
        (
            r#"{"$pull": {"a": {"$in": [1, 3]}}}"#,
            r#"{"a": [1, 2, 3]}"#,
            r#"{"a": [2]}"#,
        ),
        (
            r#"{"$pull": {"a": {"b": {"$gt": 1}}}}"#,
            r#"{"a": [{"b": 1, "c": 1}, {"b": 2}, 2]}"#,
            r#"{"a": [{"b": 1, "c": 1}, 2]}"#,
        ),
        (
            r#"{"$pull": {"a": [1]}}"#,
            r#"{"a": [1, [1]]}"#,
            r#"{"a": [1]}"#,
        ),
        (r#"{"$pull": {"a": 1}}"#, r#"{}"#, r#"{}"#),
        (r#"{"$pop": {"a": 1}}"#, r#"{"a": [1, 2]}"#, r#"{"a": [1]}"#),
        (
            r#"{"$pop": {"a": -1}}"#,
            r#"{"a": [1, 2]}"#,
            r#"{"a": [2]}"#,
        ),
        (r#"{"$pop": {"a": -1}}"#, r#"{"a": []}"#, r#"{"a": []}"#),
        (r#"{"$pop": {"a": 1}}"#, r#"{}"#, r#"{}"#),
    ];
    for (update, before, after) in table {
        check(update, before, after);
    }
}

#[test]
fn an_update_that_cannot_be_carried_out_leaves_the_document_as_it_was() {
    let table = [
        (
            r#"{"$set": {"0": 1, "a.b": 1}}"#,
            r#"{"a": 5}"#,
            r#"cannot write the field a.b: "a" holds neither an object nor an array"#,
        ),
        (
            r#"{"$set": {"a.b": 1}}"#,
            r#"{"a": [1]}"#,
            r#"cannot write the field a.b: "a" holds an array, in which "b" is not a position"#,
        ),
        (
            r#"{"$set": {"a.1000000": 1}}"#,
            r#"{"a": []}"#,
            "cannot write the field a.1000000: position 1000000 lies more than 10000 beyond the \
             end of the array",
        ),
        (
            r#"{"$inc": {"a": 1}}"#,
            r#"{"a": "x"}"#,
            "cannot calculate the field a: the field does not hold a number",
        ),
        (
            r#"{"$inc": {"a": 1}}"#,
            r#"{"a": null}"#,
            "cannot calculate the field a: the field does not hold a number",
        ),
        (
            r#"{"$inc": {"a": 1}}"#,
            r#"{"a": 9223372036854775807}"#,
            "cannot calculate the field a: the result does not fit in 64 bits",
        ),
        (
            r#"{"$push": {"a": 1}}"#,
            r#"{"a": 1}"#,
            "the field a does not hold an array",
        ),
        (
            r#"{"$pull": {"a": 1}}"#,
            r#"{"a": 1}"#,
            "the field a does not hold an array",
        ),
        (
            r#"{"$pop": {"a": 1}}"#,
            r#"{"a": null}"#,
            "the field a does not hold an array",
        ),
        (
            r#"{"$rename": {"a.b": "c"}}"#,
            r#"{"a": 1}"#,
            "cannot rename the field a.b: its path goes through a value without fields",
        ),
        (
            r#"{"$rename": {"a.0": "b"}}"#,
            r#"{"a": [1]}"#,
            "cannot rename the field a.0 to b: $rename does not reach into arrays",
        ),
    ];
    for (update, before, message) in table {
        check_refused(update, before, message);
    }
}

#[test]
fn an_update_cannot_make_a_document_too_large() {
    let mut stored = document(&format!(
        r#"{{"a": "{}"}}"#,
        "x".repeat(16 * 1024 * 1024 - 100)
    ));
    let update = Update::parse_text(&format!(r#"{{"$set": {{"b": "{}"}}}}"#, "y".repeat(200)));
    let error = update.unwrap().apply(&mut stored, NOW).unwrap_err();
    assert!(
        error.to_string().contains("at most 16777216 are stored"),
        "{error}"
    );
    assert!(!stored.contains_key("b"));
}

#[test]
fn pull_asks_an_element_as_if_it_were_a_field() {
    let table = [
        (r#"{"$gt": 3}"#, "[[1, 5], 2, 4, [1]]", "[2, [1]]"),
        (r#"{"$ne": 1}"#, "[[1, 5], 2, 1]", "[[1, 5], 1]"),
        (r#"{"$size": 1}"#, "[[1], [1, 2], 1]", "[[1, 2], 1]"),
        (r#"{"$in": [1]}"#, "[[1], [2], 1]", "[[2]]"),
    ];
    for (condition, before, after) in table {
        check(
            &format!(r#"{{"$pull": {{"a": {condition}}}}}"#),
            &format!(r#"{{"a": {before}}}"#),
            &format!(r#"{{"a": {after}}}"#),
        );
    }
}

#[test]
fn the_sign_of_a_zero_is_a_change_at_any_depth() {
    let update = Update::parse_text(r#"{"$set": {"a": [{"b": -0.0}]}}"#).unwrap();
    let mut changed = document(r#"{"a": [{"b": 0.0}]}"#);
    assert_eq!(update.apply(&mut changed, NOW).unwrap(), Change::Changed);
    assert_eq!(update.apply(&mut changed, NOW).unwrap(), Change::Unchanged);
}
