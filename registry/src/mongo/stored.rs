//! How records stand in collections: as documents with the members that they have as JSON, moments as
//! dates and whole numbers as 64-bit integers.
//!
//! What people put in (parameters, results) stays as it is. A number that no 64-bit integer holds is a
//! decimal, which reads back as the same number.

use jiff::Timestamp;
use mongodb::bson::{Bson, DateTime, Decimal128, Document};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

use crate::store::StoreError;

/// Members that are moments wherever they stand in a record of ours.
const MOMENTS: [&str; 26] = [
    "approved_at",
    "at",
    "available_at",
    "completed_at",
    "created_at",
    "end",
    "expires_at",
    "last_run_at",
    "last_seen_at",
    "last_used_at",
    "next_run_at",
    "next_slot",
    "queue_deadline",
    "queued_at",
    "run_at",
    "scheduled_for",
    "start",
    "started",
    "started_at",
    "timestamp",
    "updated_at",
    "uploaded_at",
    "from",
    "to",
    "until",
    "claimable_at",
];
/// Members that hold what somebody else put in.
const FOREIGN: [&str; 6] = [
    "parameters",
    "parameters_schema",
    "result",
    "detail",
    "fields",
    "condition",
];

/// A record as a document.
pub(super) fn to_document<T: Serialize + ?Sized>(
    what: &'static str,
    record: &T,
) -> Result<Document, StoreError> {
    match to_bson(what, record)? {
        Bson::Document(document) => Ok(document),
        _ => Err(corrupt(what, "it is no document")),
    }
}

/// A part of a record as a value.
pub(super) fn to_bson<T: Serialize + ?Sized>(
    what: &'static str,
    record: &T,
) -> Result<Bson, StoreError> {
    let json = serde_json::to_value(record).map_err(|source| corrupt(what, source))?;
    Ok(bson(json, Members::Ours))
}

/// The record that a document stands for. Members that the record has not are passed over.
pub(super) fn from_document<T: DeserializeOwned>(
    what: &'static str,
    document: Document,
) -> Result<T, StoreError> {
    from_bson(what, Bson::Document(document))
}

/// The part of a record that a value stands for.
pub(super) fn from_bson<T: DeserializeOwned>(
    what: &'static str,
    value: Bson,
) -> Result<T, StoreError> {
    let json = json(value).map_err(|reason| corrupt(what, reason))?;
    serde_json::from_value(json).map_err(|source| corrupt(what, source))
}

/// What somebody put in, as a value.
pub(super) fn foreign(value: Option<&Value>) -> Bson {
    value.map_or(Bson::Null, |value| bson(value.clone(), Members::Foreign))
}

/// A moment as a date.
pub(super) fn date(moment: Timestamp) -> DateTime {
    DateTime::from_millis(moment.as_millisecond())
}

/// The moment of a date.
pub(super) fn moment(date: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(|source| corrupt("moment", source))
}

/// A count as MongoDB holds it.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The whole number in a member, whichever type the server has given it; none where there is none.
pub(super) fn whole(document: &Document, member: &str) -> Option<i64> {
    match document.get(member)? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}

/// A stored record that is not what it should be.
pub(super) fn corrupt(
    what: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Corrupt {
        what,
        source: source.into(),
    }
}

/// Whose members an object has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    Ours,
    Foreign,
}

fn bson(json: Value, members: Members) -> Bson {
    match json {
        Value::Null => Bson::Null,
        Value::Bool(value) => Bson::Boolean(value),
        Value::Number(number) => self::number(&number),
        Value::String(text) => Bson::String(text),
        Value::Array(values) => values.into_iter().map(|it| bson(it, members)).collect(),
        Value::Object(object) => object
            .into_iter()
            .map(|(name, value)| {
                let value = member(&name, value, members);
                (name, value)
            })
            .collect::<Document>()
            .into(),
    }
}

fn member(name: &str, value: Value, members: Members) -> Bson {
    match value {
        Value::String(text) if members == Members::Ours && MOMENTS.contains(&name) => {
            // Only what reads back as the same text becomes a date.
            let parsed = text.parse::<Timestamp>().ok().map(date);
            match parsed {
                Some(date) if shown(date).as_deref() == Some(&text) => Bson::DateTime(date),
                _ => Bson::String(text),
            }
        }
        value if FOREIGN.contains(&name) => bson(value, Members::Foreign),
        value => bson(value, members),
    }
}

fn number(number: &Number) -> Bson {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), ..) => Bson::Int64(whole),
        (None, Some(whole), _) => match whole.to_string().parse::<Decimal128>() {
            Ok(decimal) => Bson::Decimal128(decimal),
            Err(_) => Bson::Int64(i64::MAX),
        },
        (.., fraction) => fraction.map_or(Bson::Null, Bson::Double),
    }
}

fn shown(date: DateTime) -> Option<String> {
    let moment = Timestamp::from_millisecond(date.timestamp_millis()).ok()?;
    Some(moment.to_string())
}

fn json(value: Bson) -> Result<Value, String> {
    Ok(match value {
        Bson::Null => Value::Null,
        Bson::Boolean(value) => Value::Bool(value),
        Bson::Int32(number) => number.into(),
        Bson::Int64(number) => number.into(),
        Bson::Double(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Bson::Decimal128(number) => {
            let parsed = number.to_string().parse::<u64>();
            parsed.map_err(|error| format!("{number}: {error}"))?.into()
        }
        Bson::String(text) => Value::String(text),
        Bson::DateTime(date) => match shown(date) {
            Some(text) => Value::String(text),
            None => return Err(format!("{date} is out of range")),
        },
        Bson::Array(values) => values.into_iter().map(json).collect::<Result<_, _>>()?,
        Bson::Document(document) => Value::Object(
            document
                .into_iter()
                .map(|(name, value)| Ok((name, json(value)?)))
                .collect::<Result<Map<_, _>, String>>()?,
        ),
        // Members of the store's own, which no record has.
        Bson::ObjectId(id) => Value::String(id.to_hex()),
        other => {
            return Err(format!(
                "{:?} is nothing that is stored here",
                other.element_type()
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use serde_json::json;

    use super::*;

    fn check(record: Value) {
        let stored = to_document("record", &record).unwrap();
        let read: Value = from_document("record", stored).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.to_string(), record.to_string());
    }

    #[test]
    fn a_record_reads_back_as_it_was() {
        check(json!({"a": null, "b": [1, 2.0, -3, 1e300], "c": {"d": "x"}}));
        check(json!({"n": u64::MAX, "m": i64::MIN}));
        check(json!({"created_at": "2025-10-16T10:00:00Z", "at": "2025-10-16T10:00:00.25Z"}));
        check(json!({"created_at": "2025-10-16T12:00:00+02:00", "start": "next week"}));
        check(json!({"parameters": {"at": "2025-10-16T10:00:00Z", "$gt": {"a.b": 1}}}));
    }

    #[test]
    fn moments_of_records_are_dates_and_those_of_people_are_not() {
        let record = json!({
            "created_at": "2025-10-16T10:00:00Z",
            "parameters": {"created_at": "2025-10-16T10:00:00Z"}
        });
        let stored = to_document("record", &record).unwrap();
        assert!(stored.get_datetime("created_at").is_ok());
        let parameters = stored.get_document("parameters").unwrap();
        assert!(parameters.get_str("created_at").is_ok());
    }
}
