//! How paths and conditions go through arrays.

use sandglass_query::{Filter, Value};

use super::check;

#[test]
fn a_condition_holds_of_an_array_where_it_holds_of_an_element_or_of_the_whole() {
    let table = [
        (r#"{"a": 1}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a": 3}"#, r#"{"a": [1, 2]}"#, false),
        (r#"{"a": [1, 2]}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a": [2, 1]}"#, r#"{"a": [1, 2]}"#, false),
        (r#"{"a": [1]}"#, r#"{"a": [[1], 2]}"#, true),
        (r#"{"a": 1}"#, r#"{"a": [[1]]}"#, false),
        (r#"{"a": []}"#, r#"{"a": []}"#, true),
        (r#"{"a": null}"#, r#"{"a": []}"#, false),
        (r#"{"a": null}"#, r#"{"a": [null]}"#, true),
        (r#"{"a": {"$gt": 1, "$lt": 3}}"#, r#"{"a": [0, 9]}"#, true),
        (r#"{"a": {"$gt": [1, 2]}}"#, r#"{"a": [1, 3]}"#, true),
        (r#"{"a": {"$gt": [1, 2]}}"#, r#"{"a": [1]}"#, false),
        (r#"{"a": {"$lt": 5}}"#, r#"{"a": []}"#, false),
        (r#"{"a": {"$type": "array"}}"#, r#"{"a": [1]}"#, true),
        (r#"{"a": {"$type": "array"}}"#, r#"{"a": 1}"#, false),
        (r#"{"a": {"$type": "string"}}"#, r#"{"a": [1, "x"]}"#, true),
        (r#"{"a": {"$regex": "^x"}}"#, r#"{"a": ["a", "xb"]}"#, true),
        (r#"{"a": {"$mod": [2, 1]}}"#, r#"{"a": [2, 3]}"#, true),
        (r#"{"a": {"$in": [[1, 2]]}}"#, r#"{"a": [1, 2]}"#, true),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn a_path_goes_through_the_documents_in_an_array() {
    let table = [
        (r#"{"a.b": 2}"#, r#"{"a": [{"b": 1}, {"b": 2}]}"#, true),
        (r#"{"a.b": 3}"#, r#"{"a": [{"b": 1}, {"b": 2}]}"#, false),
        (r#"{"a.b": 2}"#, r#"{"a": [{"b": [1, 2]}]}"#, true),
        (r#"{"a.b": 2}"#, r#"{"a": [[{"b": 2}]]}"#, false),
        (r#"{"a.b": null}"#, r#"{"a": [{"b": 1}, {}]}"#, true),
        (r#"{"a.b": null}"#, r#"{"a": []}"#, false),
        (r#"{"a.b": null}"#, r#"{"a": [1, 2]}"#, false),
        (r#"{"a.b": {"$exists": false}}"#, r#"{"a": [1, 2]}"#, true),
        (
            r#"{"a.b": {"$exists": true}}"#,
            r#"{"a": [{}, {"b": 1}]}"#,
            true,
        ),
        (
            r#"{"a.b": {"$ne": 1}}"#,
            r#"{"a": [{"b": 1}, {"b": 2}]}"#,
            false,
        ),
        (
            r#"{"a.b.c": 1}"#,
            r#"{"a": [{"b": [{"c": 0}, {"c": 1}]}]}"#,
            true,
        ),
        (
            r#"{"a.b": 1, "a.c": 2}"#,
            r#"{"a": [{"b": 1}, {"c": 2}]}"#,
            true,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn a_number_on_a_path_is_a_position_and_a_name() {
    let table = [
        (r#"{"a.0": 1}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a.1": 1}"#, r#"{"a": [1, 2]}"#, false),
        (r#"{"a.0": 1}"#, r#"{"a": {"0": 1}}"#, true),
        (r#"{"a.0": 1}"#, r#"{"a": [{"0": 1}]}"#, true),
        (r#"{"a.0": 1}"#, r#"{"a": [[1, 2]]}"#, false),
        (r#"{"a.0": [1, 2]}"#, r#"{"a": [[1, 2]]}"#, true),
        (r#"{"a.1.b": 4}"#, r#"{"a": [5, {"b": 4}]}"#, true),
        (r#"{"a.1.b": 4}"#, r#"{"a": [5, [{"b": 4}]]}"#, true),
        (r#"{"a.01": 2}"#, r#"{"a": [1, 2]}"#, false),
        (r#"{"a.5": {"$exists": false}}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a.0.0": 7}"#, r#"{"a": [[7]]}"#, true),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn elem_match_asks_everything_of_one_element() {
    let table = [
        (
            r#"{"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}}"#,
            r#"{"a": [0, 9]}"#,
            false,
        ),
        (
            r#"{"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}}"#,
            r#"{"a": [0, 2]}"#,
            true,
        ),
        (r#"{"a": {"$elemMatch": {"$gt": 1}}}"#, r#"{"a": 2}"#, false),
        (
            r#"{"a": {"$elemMatch": {"b": 1, "c": 2}}}"#,
            r#"{"a": [{"b": 1}, {"c": 2}]}"#,
            false,
        ),
        (
            r#"{"a": {"$elemMatch": {"b": 1, "c": 2}}}"#,
            r#"{"a": [{"b": 1, "c": 2}]}"#,
            true,
        ),
        (
            r#"{"a": {"$elemMatch": {"$or": [{"b": 1}, {"b": 2}]}}}"#,
            r#"{"a": [{"b": 2}]}"#,
            true,
        ),
        (r#"{"a": {"$elemMatch": {}}}"#, r#"{"a": [{}]}"#, true),
        (r#"{"a": {"$elemMatch": {}}}"#, r#"{"a": [1]}"#, false),
        (
            r#"{"a": {"$elemMatch": {"0": 5}}}"#,
            r#"{"a": [[5]]}"#,
            true,
        ),
        (
            r#"{"a": {"$elemMatch": {"$elemMatch": {"$gt": 4}}}}"#,
            r#"{"a": [[5]]}"#,
            true,
        ),
        (
            r#"{"a": {"$elemMatch": {"$gt": 4}}}"#,
            r#"{"a": [[5]]}"#,
            false,
        ),
        (
            r#"{"a": {"$elemMatch": {"$not": {"$gt": 4}}}}"#,
            r#"{"a": [5, 3]}"#,
            true,
        ),
        (
            r#"{"a": {"$not": {"$elemMatch": {"$gt": 4}}}}"#,
            r#"{"a": [5, 3]}"#,
            false,
        ),
        (
            r#"{"a": {"$elemMatch": {"$in": [null]}}}"#,
            r#"{"a": [null]}"#,
            true,
        ),
        (
            r#"{"a": {"$elemMatch": {"$size": 2}}}"#,
            r#"{"a": [[1, 2]]}"#,
            true,
        ),
        (
            r#"{"a.b": {"$elemMatch": {"$gt": 1}}}"#,
            r#"{"a": [{"b": [1]}, {"b": [2]}]}"#,
            true,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn size_and_all_look_at_whole_arrays() {
    let table = [
        (r#"{"a": {"$size": 2}}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a": {"$size": 2.0}}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a": {"$size": 1}}"#, r#"{"a": [1, 2]}"#, false),
        (r#"{"a": {"$size": 0}}"#, r#"{"a": []}"#, true),
        (r#"{"a": {"$size": 0}}"#, r#"{}"#, false),
        (r#"{"a": {"$size": 2}}"#, r#"{"a": [[1, 2]]}"#, false),
        (r#"{"a": {"$all": [1, 2]}}"#, r#"{"a": [2, 3, 1]}"#, true),
        (r#"{"a": {"$all": [1, 4]}}"#, r#"{"a": [2, 3, 1]}"#, false),
        (r#"{"a": {"$all": [1]}}"#, r#"{"a": 1}"#, true),
        (r#"{"a": {"$all": [[1, 2]]}}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a": {"$all": []}}"#, r#"{"a": []}"#, false),
        (r#"{"a": {"$all": [null]}}"#, r#"{}"#, true),
        (
            r#"{"a": {"$all": [{"$elemMatch": {"b": 1}}, {"$elemMatch": {"b": 2}}]}}"#,
            r#"{"a": [{"b": 2}, {"b": 1}]}"#,
            true,
        ),
        (
            r#"{"a": {"$all": [{"$elemMatch": {"b": 1}}, {"$elemMatch": {"b": 3}}]}}"#,
            r#"{"a": [{"b": 2}, {"b": 1}]}"#,
            false,
        ),
        (
            r#"{"a": {"$all": [{"$elemMatch": {"$gt": 1, "$lt": 3}}]}}"#,
            r#"{"a": [0, 2]}"#,
            true,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn nested_positions_do_not_multiply_beyond_bounds() {
    let deep = format!("{}1{}", r#"[{"0":"#.repeat(45), "}]".repeat(45));
    let path = format!("a{}", ".0".repeat(8));
    check(
        &format!(r#"{{"{path}": 2}}"#),
        &format!(r#"{{"a": {deep}}}"#),
        false,
    );
    let too_long = format!("a{}", ".0".repeat(9));
    assert!(Filter::parse_text(&format!(r#"{{"{too_long}": 2}}"#)).is_err());
}

#[test]
fn bytes_that_are_not_bson_are_an_error_and_not_a_mismatch() {
    let mut bytes = bson::doc! {"a": "text", "b": 1}.to_vec().unwrap();
    bytes[4] = 0x7e;
    let raw = bson::RawDocumentBuf::from_bytes(bytes).unwrap();
    let filter = Filter::parse_text(r#"{"b": {"$ne": 1}}"#).unwrap();
    let error = filter.matches_raw(&raw).unwrap_err();
    assert!(!error.retryable());
    assert!(error.to_string().contains("corrupt"), "{error}");
}

#[test]
fn values_of_the_id_are_found_only_where_they_are_certain() {
    let one = |value: i32| Some(vec![Value::Int32(value)]);
    let table = [
        (r#"{"_id": 1}"#, one(1)),
        (r#"{"_id": {"$eq": 1}, "a": 2}"#, one(1)),
        (
            r#"{"_id": {"$in": [2, 1, 2]}}"#,
            Some(vec![Value::Int32(1), Value::Int32(2)]),
        ),
        (r#"{"_id": {"$in": []}}"#, Some(vec![])),
        (r#"{"$and": [{"a": 1}, {"_id": 1}]}"#, one(1)),
        (r#"{"_id": {"$gt": 0, "$in": [1]}}"#, one(1)),
        (r#"{"$or": [{"_id": 1}]}"#, None),
        (r#"{"$nor": [{"_id": 1}]}"#, None),
        (r#"{"_id": {"$ne": 1}}"#, None),
        (r#"{"_id": {"$not": {"$eq": 1}}}"#, None),
        (r#"{"_id": null}"#, None),
        (r#"{"_id": [1]}"#, None),
        (r#"{"_id": {"$in": [1, null]}}"#, None),
        (r#"{"_id.a": 1}"#, None),
        (r#"{}"#, None),
    ];
    for (filter, expected) in table {
        let found = Filter::parse_text(filter).unwrap().equality_on_id();
        assert_eq!(
            found.map(|ids| ids.as_slice().to_vec()),
            expected,
            "{filter}"
        );
    }
}
