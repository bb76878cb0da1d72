//! Each operator on single values.

use super::check;

#[test]
fn equality_follows_mongodb() {
    let table = [
        (r#"{}"#, r#"{}"#, true),
        (r#"{"a": 1}"#, r#"{"a": 1}"#, true),
        (r#"{"a": 1}"#, r#"{"a": 1.0}"#, true),
        (r#"{"a": 1}"#, r#"{"a": {"$numberLong": "1"}}"#, true),
        (r#"{"a": 1}"#, r#"{"a": {"$numberDecimal": "1.00"}}"#, true),
        (r#"{"a": 1}"#, r#"{"a": "1"}"#, false),
        (r#"{"a": 1}"#, r#"{"a": true}"#, false),
        (r#"{"a": 1, "b": 2}"#, r#"{"a": 1, "b": 2}"#, true),
        (r#"{"a": 1, "b": 2}"#, r#"{"a": 1, "b": 3}"#, false),
        (r#"{"a": null}"#, r#"{"a": null}"#, true),
        (r#"{"a": null}"#, r#"{}"#, true),
        (r#"{"a": null}"#, r#"{"a": 0}"#, false),
        (r#"{"a.b": null}"#, r#"{"a": 5}"#, true),
        (r#"{"a.b": null}"#, r#"{"a": {"b": 1}}"#, false),
        (r#"{"a": 0}"#, r#"{"a": -0.0}"#, true),
        (
            r#"{"a": {"$numberDouble": "NaN"}}"#,
            r#"{"a": {"$numberDouble": "NaN"}}"#,
            true,
        ),
        (
            r#"{"a": {"$numberDouble": "NaN"}}"#,
            r#"{"a": {"$numberDecimal": "NaN"}}"#,
            true,
        ),
        (r#"{"a": {"$numberDouble": "NaN"}}"#, r#"{"a": 1}"#, false),
        (
            r#"{"a": {"b": 1, "c": 2}}"#,
            r#"{"a": {"b": 1, "c": 2}}"#,
            true,
        ),
        (
            r#"{"a": {"b": 1, "c": 2}}"#,
            r#"{"a": {"c": 2, "b": 1}}"#,
            false,
        ),
        (r#"{"a": {"b": 1}}"#, r#"{"a": {"b": 1, "c": 2}}"#, false),
        (r#"{"a": {"b": 1}}"#, r#"{"a": {"b": 1.0}}"#, true),
        (r#"{"a": {}}"#, r#"{"a": {}}"#, true),
        (r#"{"a.b": 1}"#, r#"{"a": {"b": 1, "c": 2}}"#, true),
        (r#"{"a": {"$eq": "x"}}"#, r#"{"a": "x"}"#, true),
        (
            r#"{"a": {"$date": "2026-01-31T00:00:00Z"}}"#,
            r#"{"a": {"$date": {"$numberLong": "1769817600000"}}}"#,
            true,
        ),
        (
            r#"{"a": {"$oid": "0123456789abcdef01234567"}}"#,
            r#"{"a": {"$oid": "0123456789ABCDEF01234567"}}"#,
            true,
        ),
        (
            r#"{"a": {"$oid": "0123456789abcdef01234567"}}"#,
            r#"{"a": "0123456789abcdef01234567"}"#,
            false,
        ),
        (
            r#"{"a": {"$uuid": "c8edabc3-f738-4ca3-b68d-ab92a91478a3"}}"#,
            r#"{"a": {"$binary": {"base64": "yO2rw/c4TKO2jauSqRR4ow==", "subType": "04"}}}"#,
            true,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn negations_hold_where_the_positive_form_does_not() {
    let table = [
        (r#"{"a": {"$ne": 1}}"#, r#"{"a": 2}"#, true),
        (r#"{"a": {"$ne": 1}}"#, r#"{"a": 1.0}"#, false),
        (r#"{"a": {"$ne": 1}}"#, r#"{}"#, true),
        (r#"{"a": {"$ne": 1}}"#, r#"{"a": [1, 2]}"#, false),
        (r#"{"a": {"$ne": null}}"#, r#"{}"#, false),
        (r#"{"a": {"$ne": null}}"#, r#"{"a": 0}"#, true),
        (r#"{"a": {"$nin": [1, 2]}}"#, r#"{"a": 3}"#, true),
        (r#"{"a": {"$nin": [1, 2]}}"#, r#"{}"#, true),
        (r#"{"a": {"$nin": [1, 2]}}"#, r#"{"a": [5, 2]}"#, false),
        (r#"{"a": {"$nin": []}}"#, r#"{"a": 1}"#, true),
        (r#"{"a": {"$not": {"$gt": 5}}}"#, r#"{"a": 3}"#, true),
        (r#"{"a": {"$not": {"$gt": 5}}}"#, r#"{"a": "text"}"#, true),
        (r#"{"a": {"$not": {"$gt": 5}}}"#, r#"{}"#, true),
        (r#"{"a": {"$not": {"$gt": 5}}}"#, r#"{"a": [1, 9]}"#, false),
        (
            r#"{"a": {"$not": {"$gt": 1, "$lt": 5}}}"#,
            r#"{"a": 9}"#,
            true,
        ),
        (
            r#"{"a": {"$not": {"$regex": "^x"}}}"#,
            r#"{"a": "yx"}"#,
            true,
        ),
        (
            r#"{"$nor": [{"a": 1}, {"b": 2}]}"#,
            r#"{"a": 2, "b": 1}"#,
            true,
        ),
        (
            r#"{"$nor": [{"a": 1}, {"b": 2}]}"#,
            r#"{"a": 2, "b": 2}"#,
            false,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn logic_combines_filters() {
    let table = [
        (
            r#"{"$and": [{"a": 1}, {"b": 2}]}"#,
            r#"{"a": 1, "b": 2}"#,
            true,
        ),
        (r#"{"$and": [{"a": 1}, {"b": 2}]}"#, r#"{"a": 1}"#, false),
        (r#"{"$or": [{"a": 1}, {"b": 2}]}"#, r#"{"b": 2}"#, true),
        (r#"{"$or": [{"a": 1}, {"b": 2}]}"#, r#"{"a": 2}"#, false),
        (
            r#"{"c": 3, "$or": [{"a": 1}, {"b": 2}]}"#,
            r#"{"a": 1}"#,
            false,
        ),
        (
            r#"{"$or": [{"$and": [{"a": 1}, {"b": {"$gt": 1}}]}, {}]}"#,
            r#"{}"#,
            true,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn greater_and_less_compare_within_one_type() {
    let table = [
        (r#"{"a": {"$gt": 5}}"#, r#"{"a": 6}"#, true),
        (r#"{"a": {"$gt": 5}}"#, r#"{"a": 5}"#, false),
        (r#"{"a": {"$gte": 5}}"#, r#"{"a": 5.0}"#, true),
        (r#"{"a": {"$lt": 5}}"#, r#"{"a": 4.9}"#, true),
        (
            r#"{"a": {"$lte": 5}}"#,
            r#"{"a": {"$numberDecimal": "5"}}"#,
            true,
        ),
        (r#"{"a": {"$gt": 5}}"#, r#"{"a": "6"}"#, false),
        (r#"{"a": {"$lt": 5}}"#, r#"{"a": null}"#, false),
        (r#"{"a": {"$lt": 5}}"#, r#"{}"#, false),
        (r#"{"a": {"$lt": "b"}}"#, r#"{"a": "a"}"#, true),
        (r#"{"a": {"$lt": "b"}}"#, r#"{"a": 1}"#, false),
        (r#"{"a": {"$gte": null}}"#, r#"{}"#, true),
        (r#"{"a": {"$lte": null}}"#, r#"{"a": null}"#, true),
        (r#"{"a": {"$gt": null}}"#, r#"{"a": null}"#, false),
        (r#"{"a": {"$gt": false}}"#, r#"{"a": true}"#, true),
        (
            r#"{"a": {"$lt": 5}}"#,
            r#"{"a": {"$numberDouble": "NaN"}}"#,
            false,
        ),
        (
            r#"{"a": {"$lt": {"$numberDouble": "NaN"}}}"#,
            r#"{"a": 1}"#,
            false,
        ),
        (
            r#"{"a": {"$gte": {"$numberDouble": "NaN"}}}"#,
            r#"{"a": 1}"#,
            false,
        ),
        (
            r#"{"a": {"$lte": {"$numberDouble": "NaN"}}}"#,
            r#"{"a": {"$numberDouble": "NaN"}}"#,
            true,
        ),
        (r#"{"a": {"$gt": {"b": 1}}}"#, r#"{"a": {"b": 2}}"#, true),
        (
            r#"{"a": {"$gt": 9007199254740992.0}}"#,
            r#"{"a": 9007199254740993}"#,
            true,
        ),
        (
            r#"{"a": {"$lt": {"$date": "2026-01-01T00:00:00Z"}}}"#,
            r#"{"a": {"$date": "2025-12-31T23:59:59.999Z"}}"#,
            true,
        ),
        (
            r#"{"a": {"$lt": {"$date": "2026-01-01T00:00:00Z"}}}"#,
            r#"{"a": "2020-01-01T00:00:00Z"}"#,
            false,
        ),
        (r#"{"a": {"$gt": 1, "$lt": 5}}"#, r#"{"a": 3}"#, true),
        (r#"{"a": {"$gt": 1, "$lt": 5}}"#, r#"{"a": 7}"#, false),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn membership_existence_and_type_are_asked_of_values() {
    let table = [
        (r#"{"a": {"$in": [1, "x"]}}"#, r#"{"a": "x"}"#, true),
        (r#"{"a": {"$in": [1, "x"]}}"#, r#"{"a": 2}"#, false),
        (r#"{"a": {"$in": [3, 2, 1, 2.0]}}"#, r#"{"a": 2}"#, true),
        (r#"{"a": {"$in": [null]}}"#, r#"{}"#, true),
        (r#"{"a": {"$in": []}}"#, r#"{"a": 1}"#, false),
        (r#"{"a": {"$in": [{"b": 1}]}}"#, r#"{"a": {"b": 1}}"#, true),
        (r#"{"a": {"$exists": true}}"#, r#"{"a": null}"#, true),
        (r#"{"a": {"$exists": true}}"#, r#"{}"#, false),
        (r#"{"a": {"$exists": false}}"#, r#"{}"#, true),
        (r#"{"a": {"$exists": 0}}"#, r#"{"a": 1}"#, false),
        (r#"{"a": {"$exists": 1}}"#, r#"{"a": []}"#, true),
        (r#"{"a": {"$type": "string"}}"#, r#"{"a": "x"}"#, true),
        (r#"{"a": {"$type": 2}}"#, r#"{"a": "x"}"#, true),
        (r#"{"a": {"$type": "number"}}"#, r#"{"a": 1.5}"#, true),
        (r#"{"a": {"$type": "int"}}"#, r#"{"a": 1.0}"#, false),
        (r#"{"a": {"$type": "int"}}"#, r#"{"a": 1}"#, true),
        (r#"{"a": {"$type": "long"}}"#, r#"{"a": 5000000000}"#, true),
        (r#"{"a": {"$type": ["null", 9]}}"#, r#"{"a": null}"#, true),
        (r#"{"a": {"$type": ["null", 9]}}"#, r#"{}"#, false),
        (r#"{"a": {"$type": "objectId"}}"#, r#"{"a": "x"}"#, false),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn remainders_are_taken_of_truncated_numbers() {
    let table = [
        (r#"{"a": {"$mod": [4, 0]}}"#, r#"{"a": 8}"#, true),
        (r#"{"a": {"$mod": [4, 0]}}"#, r#"{"a": 9}"#, false),
        (r#"{"a": {"$mod": [4, 1]}}"#, r#"{"a": 9.9}"#, true),
        (
            r#"{"a": {"$mod": [4, 1]}}"#,
            r#"{"a": {"$numberDecimal": "9.9"}}"#,
            true,
        ),
        (r#"{"a": {"$mod": [4.7, 1.9]}}"#, r#"{"a": 9}"#, true),
        (r#"{"a": {"$mod": [4, -1]}}"#, r#"{"a": -5}"#, true),
        (r#"{"a": {"$mod": [4, 0]}}"#, r#"{"a": "8"}"#, false),
        (
            r#"{"a": {"$mod": [4, 0]}}"#,
            r#"{"a": {"$numberDouble": "Infinity"}}"#,
            false,
        ),
        (r#"{"a": {"$mod": [4, 0]}}"#, r#"{"a": 1e300}"#, false),
        (
            r#"{"a": {"$mod": [-1, 0]}}"#,
            r#"{"a": -9223372036854775808}"#,
            true,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}

#[test]
fn patterns_match_strings_only() {
    let table = [
        (r#"{"a": {"$regex": "^ab"}}"#, r#"{"a": "abc"}"#, true),
        (r#"{"a": {"$regex": "b"}}"#, r#"{"a": "abc"}"#, true),
        (r#"{"a": {"$regex": "^b"}}"#, r#"{"a": "abc"}"#, false),
        (
            r#"{"a": {"$regex": "AB", "$options": "i"}}"#,
            r#"{"a": "abc"}"#,
            true,
        ),
        (
            r#"{"a": {"$options": "i", "$regex": "AB"}}"#,
            r#"{"a": "abc"}"#,
            true,
        ),
        (
            r#"{"a": {"$regex": "^b", "$options": "m"}}"#,
            r#"{"a": "a\nb"}"#,
            true,
        ),
        (r#"{"a": {"$regex": "a.b"}}"#, r#"{"a": "a\nb"}"#, false),
        (
            r#"{"a": {"$regex": "a.b", "$options": "s"}}"#,
            r#"{"a": "a\nb"}"#,
            true,
        ),
        (
            r#"{"a": {"$regex": "a b # note", "$options": "x"}}"#,
            r#"{"a": "ab"}"#,
            true,
        ),
        (r#"{"a": {"$regex": "1"}}"#, r#"{"a": 1}"#, false),
        (r#"{"a": {"$regex": ""}}"#, r#"{}"#, false),
        (
            r#"{"a": {"$regex": "x", "$ne": "xy"}}"#,
            r#"{"a": "xy"}"#,
            false,
        ),
        (r#"{"a": {"$regex": "ü"}}"#, r#"{"a": "grün"}"#, true),
        // What Rust's engine and MongoDB's read differently means the same to both.
        (r#"{"a": {"$regex": "b$"}}"#, r#"{"a": "ab\n"}"#, false),
        (r#"{"a": {"$regex": "^\\w+$"}}"#, r#"{"a": "ab_1"}"#, true),
        (r#"{"a": {"$regex": "^\\w+$"}}"#, r#"{"a": "grün"}"#, false),
        (r#"{"a": {"$regex": "^[\\W]+$"}}"#, r#"{"a": "ü"}"#, true),
        (r#"{"a": {"$regex": "\\bn"}}"#, r#"{"a": "grün"}"#, true),
        (
            r#"{"a": {"$regex": "^(?P<x>a+)+?b{2,}\\x2d$"}}"#,
            r#"{"a": "aabb-"}"#,
            true,
        ),
    ];
    for (filter, document, expected) in table {
        check(filter, document, expected);
    }
}
