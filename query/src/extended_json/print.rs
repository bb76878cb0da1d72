//! From BSON to relaxed Extended JSON v2 (MongoDB specification "Extended JSON", version 2.1).

use base64::Engine as _;
use serde_json::{Map, Value as Json, json};

use crate::{Document, Value};

/// 9999-12-31T23:59:59.999Z, the last time that is printed as text.
const LAST_TEXT_MILLISECONDS: i64 = 253_402_300_799_999;

pub(super) fn document(document: &Document) -> Json {
    let fields: Map<String, Json> = document
        .iter()
        .map(|(name, field)| (name.clone(), value(field)))
        .collect();
    Json::Object(fields)
}

pub(super) fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Int32(number) => json!(number),
        Value::Int64(number) => json!(number),
        Value::Double(number) => double(*number),
        Value::Decimal128(number) => json!({"$numberDecimal": number.to_string()}),
        Value::String(text) => json!(text),
        Value::Array(values) => Json::Array(values.iter().map(self::value).collect()),
        Value::Document(fields) => document(fields),
        Value::DateTime(time) => date(*time),
        Value::ObjectId(id) => json!({"$oid": id.to_hex()}),
        Value::Binary(binary) => json!({"$binary": {
            "base64": base64::engine::general_purpose::STANDARD.encode(&binary.bytes),
            "subType": format!("{:02x}", u8::from(binary.subtype)),
        }}),
        Value::RegularExpression(regex) => json!({"$regularExpression": {
            "pattern": regex.pattern.as_str(),
            "options": regex.options.as_str(),
        }}),
        Value::Timestamp(timestamp) => json!({"$timestamp": {
            "t": timestamp.time,
            "i": timestamp.increment,
        }}),
        Value::JavaScriptCode(code) => json!({"$code": code}),
        Value::JavaScriptCodeWithScope(code) => json!({
            "$code": code.code,
            "$scope": document(&code.scope),
        }),
        Value::Symbol(text) => json!({"$symbol": text}),
        Value::DbPointer(_) => json!({"$dbPointer": value.to_string()}),
        Value::Undefined => json!({"$undefined": true}),
        Value::MinKey => json!({"$minKey": 1}),
        Value::MaxKey => json!({"$maxKey": 1}),
    }
}

fn double(number: f64) -> Json {
    if number.is_finite() {
        json!(number)
    } else if number.is_nan() {
        json!({"$numberDouble": "NaN"})
    } else if number > 0.0 {
        json!({"$numberDouble": "Infinity"})
    } else {
        json!({"$numberDouble": "-Infinity"})
    }
}

fn date(time: bson::DateTime) -> Json {
    let milliseconds = time.timestamp_millis();
    let text = (0..=LAST_TEXT_MILLISECONDS)
        .contains(&milliseconds)
        .then(|| time.try_to_rfc3339_string().ok())
        .flatten();
    match text {
        Some(text) => json!({"$date": text}),
        None => json!({"$date": {"$numberLong": milliseconds.to_string()}}),
    }
}
