//! Extended JSON and what may be stored.

use bson::{Bson, doc};
use sandglass_query::{
    Document, MAX_DOCUMENT_BYTES, QueryErrorCode, check_storable, document_size,
    extended_json::{document_from_json, parse_document, print_document},
};

use super::document;

#[test]
fn relaxed_extended_json_is_printed_as_it_was_read() {
    let table = [
        r#"{}"#,
        r#"{"a":null,"b":true,"c":-1,"d":5000000000,"e":1.5,"f":5.0,"g":"ü\n"}"#,
        r#"{"z":[1,[],{}],"a":{"b":{"c":1}}}"#,
        r#"{"_id":{"$oid":"0123456789abcdef01234567"}}"#,
        r#"{"a":{"$date":"2026-01-31T10:20:30.125Z"}}"#,
        r#"{"a":{"$date":{"$numberLong":"-1"}}}"#,
        r#"{"a":{"$date":{"$numberLong":"253402300800000"}}}"#,
        r#"{"a":{"$numberDecimal":"1.50"}}"#,
        r#"{"a":{"$numberDouble":"NaN"},"b":{"$numberDouble":"-Infinity"}}"#,
        r#"{"a":{"$binary":{"base64":"AQID","subType":"00"}}}"#,
    ];
    for text in table {
        assert_eq!(print_document(&document(text)), text);
    }
}

#[test]
fn canonical_extended_json_is_read() {
    let read = document(
        r#"{"a": {"$numberInt": "1"}, "b": {"$numberLong": "2"}, "c": {"$numberDouble": "3"},
            "d": {"$date": {"$numberLong": "4"}}, "e": {"$date": 5}}"#,
    );
    let expected = doc! {
        "a": 1_i32,
        "b": 2_i64,
        "c": 3.0,
        "d": bson::DateTime::from_millis(4),
        "e": bson::DateTime::from_millis(5),
    };
    assert_eq!(read, expected);
}

#[test]
fn types_that_cannot_be_read_can_be_printed() {
    let printed = print_document(&doc! {
        "a": Bson::MinKey,
        "b": Bson::Timestamp(bson::Timestamp { time: 1, increment: 2 }),
        "c": Bson::JavaScriptCode("f()".to_owned()),
        "d": Bson::Symbol("s".to_owned()),
    });
    let expected = concat!(
        r#"{"a":{"$minKey":1},"b":{"$timestamp":{"t":1,"i":2}},"#,
        r#""c":{"$code":"f()"},"d":{"$symbol":"s"}}"#
    );
    assert_eq!(printed, expected);
}

#[test]
fn bad_documents_are_refused() {
    let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let table = [
        (deep(100), None),
        (deep(101), Some(QueryErrorCode::TooDeep)),
        (deep(127), Some(QueryErrorCode::TooDeep)),
        (deep(100_000), Some(QueryErrorCode::TooDeep)),
        ("[]".to_owned(), Some(QueryErrorCode::WrongType)),
        ("{".to_owned(), Some(QueryErrorCode::MalformedJson)),
        (
            r#"{"a":1,"a":1}"#.to_owned(),
            Some(QueryErrorCode::MalformedJson),
        ),
        (r#"{"":1}"#.to_owned(), Some(QueryErrorCode::InvalidField)),
        (
            r#"{"a":{"b\u0000":1}}"#.to_owned(),
            Some(QueryErrorCode::InvalidField),
        ),
        (
            r#"{"a":[{"__proto__":1}]}"#.to_owned(),
            Some(QueryErrorCode::InvalidField),
        ),
        (
            r#"{"$set":1}"#.to_owned(),
            Some(QueryErrorCode::UnknownType),
        ),
        (
            r#"{"a":{"$code":"f()"}}"#.to_owned(),
            Some(QueryErrorCode::UnknownType),
        ),
        (
            r#"{"a":{"$ref":"x","$id":1}}"#.to_owned(),
            Some(QueryErrorCode::UnknownType),
        ),
        (
            r#"{"a":{"$timestamp":{"t":1,"i":1}}}"#.to_owned(),
            Some(QueryErrorCode::UnknownType),
        ),
        (
            r#"{"a":{"$oid":"0"}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (
            r#"{"a":{"$oid":"0","b":1}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (
            r#"{"a":{"$numberInt":"3000000000"}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (
            r#"{"a":{"$numberDouble":"1e999"}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (
            r#"{"a":{"$date":"2026-01-31"}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (
            r#"{"a":{"$date":"2026-02-31T00:00:00Z"}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (
            r#"{"a":{"$binary":{"base64":"?","subType":"00"}}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (
            r#"{"a":{"$uuid":"x"}}"#.to_owned(),
            Some(QueryErrorCode::InvalidValue),
        ),
        (r#"{"_id":[1]}"#.to_owned(), Some(QueryErrorCode::WrongType)),
    ];
    for (text, expected) in table {
        let code = parse_document(&text).err().map(|error| error.code());
        let short: String = text.chars().take(60).collect();
        assert_eq!(code, expected, "{short}");
    }
}

#[test]
fn a_document_larger_than_mongodb_stores_is_refused() {
    let with_text = |length: usize| serde_json::json!({"a": "x".repeat(length)});
    let overhead = document_size(&document(r#"{"a": ""}"#));
    assert!(document_from_json(&with_text(MAX_DOCUMENT_BYTES - overhead)).is_ok());
    let error = document_from_json(&with_text(MAX_DOCUMENT_BYTES - overhead + 1)).unwrap_err();
    assert_eq!(error.code(), QueryErrorCode::TooLarge);
}

#[test]
fn the_size_of_a_document_is_that_of_its_bytes() {
    let every_type: Document = doc! {
        "a": Bson::Null, "b": true, "c": 1_i32, "d": 1_i64, "e": 1.0, "f": "text",
        "g": (0..120).collect::<Vec<i32>>(), "h": {"i": {}},
        "j": bson::oid::ObjectId::from_bytes([7; 12]),
        "k": bson::DateTime::from_millis(1),
        "l": Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2] }),
        "m": Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::BinaryOld, bytes: vec![1] }),
        "n": "1.5".parse::<bson::Decimal128>().unwrap(),
        "o": Bson::Timestamp(bson::Timestamp { time: 1, increment: 1 }),
        "p": Bson::JavaScriptCodeWithScope(bson::JavaScriptCodeWithScope {
            code: "f()".to_owned(), scope: doc! {"x": 1},
        }),
        "q": Bson::RegularExpression(bson::Regex {
            pattern: "x".to_owned().try_into().unwrap(),
            options: "i".to_owned().try_into().unwrap(),
        }),
    };
    assert_eq!(
        document_size(&every_type),
        every_type.to_vec().unwrap().len()
    );
    assert!(check_storable(&every_type).is_ok());
}
