//! The order of all values.

use std::cmp::Ordering;

use bson::{Bson, Timestamp, oid::ObjectId};
use sandglass_query::compare;

use super::document;

fn value(text: &str) -> Bson {
    document(&format!(r#"{{"v": {text}}}"#))
        .remove("v")
        .unwrap()
}

#[test]
fn values_of_all_types_have_one_order() {
    let regex = bson::Regex {
        pattern: "x".to_owned().try_into().unwrap(),
        options: String::new().try_into().unwrap(),
    };
    let ascending = [
        Bson::MinKey,
        Bson::Undefined,
        Bson::Null,
        value(r#"{"$numberDouble": "NaN"}"#),
        value(r#"{"$numberDouble": "-Infinity"}"#),
        value(r#"{"$numberDecimal": "-1E+400"}"#),
        value("-1e300"),
        value("-9223372036854775808"),
        value(r#"{"$numberDecimal": "-0.1"}"#),
        value("0"),
        value(r#"{"$numberDecimal": "1E-400"}"#),
        value("5e-324"),
        value(r#"{"$numberDecimal": "0.1"}"#),
        value("0.1"),
        value(r#"{"$numberDecimal": "0.1000000000000000055511151231257828"}"#),
        value("1"),
        value("1.5"),
        value("9007199254740992.0"),
        value("9007199254740993"),
        value(r#"{"$numberDecimal": "9007199254740993.5"}"#),
        value("9223372036854775807"),
        value("9223372036854775808.0"),
        value("1e300"),
        value(r#"{"$numberDecimal": "1.000000000000000052504760255204421E+300"}"#),
        value(r#"{"$numberDecimal": "1E+400"}"#),
        value(r#"{"$numberDouble": "Infinity"}"#),
        value(r#""""#),
        value(r#""A""#),
        value(r#""a""#),
        value(r#""ab""#),
        value(r#""ä""#),
        value("{}"),
        value(r#"{"b": 1}"#),
        value(r#"{"b": 2}"#),
        value(r#"{"c": 1}"#),
        value(r#"{"a": "x"}"#),
        value("[]"),
        value("[1]"),
        value("[1, 1]"),
        value("[2]"),
        value(r#"["a"]"#),
        value(r#"{"$binary": {"base64": "AA==", "subType": "00"}}"#),
        value(r#"{"$binary": {"base64": "AA==", "subType": "05"}}"#),
        value(r#"{"$binary": {"base64": "AAA=", "subType": "00"}}"#),
        Bson::ObjectId(ObjectId::from_bytes([0; 12])),
        Bson::ObjectId(ObjectId::from_bytes([1; 12])),
        value("false"),
        value("true"),
        value(r#"{"$date": {"$numberLong": "-5"}}"#),
        value(r#"{"$date": "2026-01-01T00:00:00Z"}"#),
        Bson::Timestamp(Timestamp {
            time: 1,
            increment: 0,
        }),
        Bson::Timestamp(Timestamp {
            time: 1,
            increment: 1,
        }),
        Bson::RegularExpression(regex),
        Bson::JavaScriptCode("x".to_owned()),
        Bson::MaxKey,
    ];
    for (left_place, left) in ascending.iter().enumerate() {
        for (right_place, right) in ascending.iter().enumerate() {
            assert_eq!(
                compare(left, right),
                left_place.cmp(&right_place),
                "{left:?} and {right:?}"
            );
        }
    }
}

#[test]
fn numbers_of_different_types_can_be_equal() {
    let table = [
        ("1", "1.0"),
        ("1", r#"{"$numberDecimal": "1.000"}"#),
        ("0.5", r#"{"$numberDecimal": "0.50"}"#),
        ("0.0", "-0.0"),
        ("0", r#"{"$numberDecimal": "-0E+10"}"#),
        (
            r#"{"$numberDecimal": "100"}"#,
            r#"{"$numberDecimal": "1E+2"}"#,
        ),
        (
            r#"{"$numberDouble": "Infinity"}"#,
            r#"{"$numberDecimal": "Infinity"}"#,
        ),
        (
            r#"{"$numberDouble": "NaN"}"#,
            r#"{"$numberDecimal": "NaN"}"#,
        ),
        (
            "9223372036854775807",
            r#"{"$numberDecimal": "9223372036854775807"}"#,
        ),
    ];
    for (left, right) in table {
        assert_eq!(
            compare(&value(left), &value(right)),
            Ordering::Equal,
            "{left} and {right}"
        );
    }
}
