//! From JSON to BSON, with bounds and with a list of the types that are allowed.

use base64::Engine as _;
use bson::{Binary, DateTime, Decimal128, oid::ObjectId, spec::BinarySubtype};
use serde_json::{Map, Value as Json};

use crate::{
    Document, QueryError, QueryErrorCode, Value,
    path::check_name,
    pointer::{Pointer, shown},
};

const ALLOWED_TYPES: &str =
    "$date, $oid, $uuid, $binary, $numberInt, $numberLong, $numberDouble and $numberDecimal";

const REFUSED_TYPES: [&str; 13] = [
    "$code",
    "$scope",
    "$ref",
    "$id",
    "$db",
    "$dbPointer",
    "$symbol",
    "$timestamp",
    "$regularExpression",
    "$minKey",
    "$maxKey",
    "$undefined",
    "$function",
];

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The longest text, in bytes.
    pub(crate) bytes: usize,
    /// How deeply documents and arrays may be nested.
    pub(crate) depth: usize,
}

/// Which names an object may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRule {
    /// The names of fields in a stored document.
    Stored,
    /// Also operators, which whoever asked for them checks.
    Operators,
}

/// A document from a JSON object.
pub(crate) fn object_from_json(
    json: &Json,
    keys: KeyRule,
    bounds: Bounds,
) -> Result<Document, QueryError> {
    match from_json(json, keys, bounds)? {
        Value::Document(document) => Ok(document),
        other => Err(Pointer::ROOT.error(
            QueryErrorCode::WrongType,
            format!("an object is needed here, not {}", described(&other)),
        )),
    }
}

/// A value from JSON.
pub(crate) fn from_json(json: &Json, keys: KeyRule, bounds: Bounds) -> Result<Value, QueryError> {
    let mut reader = Reader {
        keys,
        bounds,
        bytes_left: bounds.bytes,
    };
    reader.value(json, 0, &Pointer::ROOT)
}

/// A value in a few words, for error messages.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Double(number) => format!("the number {number}"),
        Value::Int32(number) => format!("the number {number}"),
        Value::Int64(number) => format!("the number {number}"),
        Value::Decimal128(number) => format!("the number {number}"),
        Value::String(text) => format!("the string {}", shown(text)),
        Value::Array(_) => "an array".to_owned(),
        Value::Document(_) => "an object".to_owned(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Null => "null".to_owned(),
        Value::DateTime(_) => "a date".to_owned(),
        Value::ObjectId(_) => "an object id".to_owned(),
        Value::Binary(_) => "binary data".to_owned(),
        _ => "a value of another type".to_owned(),
    }
}

struct Reader {
    keys: KeyRule,
    bounds: Bounds,
    bytes_left: usize,
}

impl Reader {
    fn value(&mut self, json: &Json, depth: usize, at: &Pointer<'_>) -> Result<Value, QueryError> {
        match json {
            Json::Null => Ok(Value::Null),
            Json::Bool(truth) => Ok(Value::Boolean(*truth)),
            Json::Number(number) => Ok(plain_number(number)),
            Json::String(text) => {
                self.spend(text.len(), at)?;
                Ok(Value::String(text.clone()))
            }
            Json::Array(elements) => {
                self.deeper(depth, at)?;
                let mut values = Vec::with_capacity(elements.len());
                for (position, element) in elements.iter().enumerate() {
                    self.spend(1, at)?;
                    values.push(self.value(element, depth + 1, &at.index(position))?);
                }
                Ok(Value::Array(values))
            }
            Json::Object(fields) => self.object(fields, depth, at),
        }
    }

    fn object(
        &mut self,
        fields: &Map<String, Json>,
        depth: usize,
        at: &Pointer<'_>,
    ) -> Result<Value, QueryError> {
        if let Some(name) = fields.keys().find(|name| is_wrapper(name)) {
            return match fields.iter().next() {
                Some((name, body)) if fields.len() == 1 => {
                    self.spend(name.len() + json_bytes(body), at)?;
                    wrapped(name, body, &at.name(name))
                }
                _ => Err(at.name(name).error(
                    QueryErrorCode::InvalidValue,
                    format!("{name} must be the only key of its object"),
                )),
            };
        }
        self.deeper(depth, at)?;
        let mut document = Document::new();
        for (name, json) in fields {
            self.spend(name.len() + 1, at)?;
            let here = at.name(name);
            self.check_key(name, &here)?;
            let value = self.value(json, depth + 1, &here)?;
            document.insert(name.clone(), value);
        }
        Ok(Value::Document(document))
    }

    fn check_key(&self, name: &str, at: &Pointer<'_>) -> Result<(), QueryError> {
        if REFUSED_TYPES.contains(&name) {
            return Err(at.error(
                QueryErrorCode::UnknownType,
                format!("{name} is not allowed; the types allowed are {ALLOWED_TYPES}"),
            ));
        }
        match self.keys {
            KeyRule::Operators => Ok(()),
            KeyRule::Stored if name.starts_with('$') => Err(at.error(
                QueryErrorCode::UnknownType,
                format!(
                    "{} is neither a field name, which cannot begin with $, nor one of the types \
                     allowed: {ALLOWED_TYPES}",
                    shown(name)
                ),
            )),
            KeyRule::Stored => check_name(name, at),
        }
    }

    fn deeper(&self, depth: usize, at: &Pointer<'_>) -> Result<(), QueryError> {
        if depth < self.bounds.depth {
            return Ok(());
        }
        Err(at.error(
            QueryErrorCode::TooDeep,
            format!(
                "objects and arrays may be nested {} deep, not deeper",
                self.bounds.depth
            ),
        ))
    }

    fn spend(&mut self, bytes: usize, at: &Pointer<'_>) -> Result<(), QueryError> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(at.error(
                QueryErrorCode::TooLarge,
                format!("at most {} bytes are read", self.bounds.bytes),
            )),
        }
    }
}

fn json_bytes(json: &Json) -> usize {
    match json {
        Json::String(text) => text.len(),
        Json::Object(fields) => fields
            .values()
            .map(|field| field.as_str().map_or(0, str::len))
            .sum(),
        _ => 0,
    }
}

fn plain_number(number: &serde_json::Number) -> Value {
    match number.as_i64() {
        Some(whole) => i32::try_from(whole).map_or(Value::Int64(whole), Value::Int32),
        None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
    }
}

fn is_wrapper(name: &str) -> bool {
    matches!(
        name,
        "$date"
            | "$oid"
            | "$uuid"
            | "$binary"
            | "$numberInt"
            | "$numberLong"
            | "$numberDouble"
            | "$numberDecimal"
    )
}

fn wrapped(name: &str, body: &Json, at: &Pointer<'_>) -> Result<Value, QueryError> {
    let value = match name {
        "$date" => date(body),
        "$oid" => text(body)
            .and_then(|text| ObjectId::parse_str(text).ok())
            .map(Value::ObjectId),
        "$uuid" => text(body).and_then(uuid),
        "$binary" => binary(body),
        "$numberInt" => text(body)
            .and_then(|text| text.parse().ok())
            .map(Value::Int32),
        "$numberLong" => text(body)
            .and_then(|text| text.parse().ok())
            .map(Value::Int64),
        "$numberDouble" => text(body).and_then(double).map(Value::Double),
        _ => text(body).and_then(decimal).map(Value::Decimal128),
    };
    value.ok_or_else(|| {
        let needed = match name {
            "$date" => {
                "an RFC 3339 time such as \"2026-01-31T00:00:00Z\", or milliseconds since 1970 \
                 as {\"$numberLong\": \"0\"}"
            }
            "$oid" => "24 hexadecimal digits",
            "$uuid" => "a UUID such as \"c8edabc3-f738-4ca3-b68d-ab92a91478a3\"",
            "$binary" => "{\"base64\": \"…\", \"subType\": \"00\"}",
            "$numberInt" => "a whole number of 32 bits, as a string",
            "$numberLong" => "a whole number of 64 bits, as a string",
            "$numberDouble" => "a number, \"NaN\", \"Infinity\" or \"-Infinity\", as a string",
            _ => "a decimal number of at most 34 digits, as a string",
        };
        at.error(
            QueryErrorCode::InvalidValue,
            format!("{name} needs {needed}"),
        )
    })
}

fn text(body: &Json) -> Option<&str> {
    body.as_str()
}

fn date(body: &Json) -> Option<Value> {
    match body {
        Json::String(text) => DateTime::parse_rfc3339_str(text).ok(),
        Json::Number(number) => number.as_i64().map(DateTime::from_millis),
        Json::Object(fields) => {
            let milliseconds = fields.get("$numberLong").filter(|_| fields.len() == 1)?;
            let milliseconds = milliseconds.as_str()?.parse().ok()?;
            Some(DateTime::from_millis(milliseconds))
        }
        _ => None,
    }
    .map(Value::DateTime)
}

fn uuid(text: &str) -> Option<Value> {
    let uuid = bson::Uuid::parse_str(text).ok()?;
    Some(Value::Binary(Binary {
        subtype: BinarySubtype::Uuid,
        bytes: uuid.bytes().to_vec(),
    }))
}

fn binary(body: &Json) -> Option<Value> {
    let fields = body.as_object().filter(|fields| fields.len() == 2)?;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(fields.get("base64")?.as_str()?)
        .ok()?;
    let subtype = fields.get("subType")?.as_str()?;
    let subtype = u8::from_str_radix(subtype, 16)
        .ok()
        .filter(|_| subtype.len() <= 2 && !subtype.starts_with('+'))?;
    Some(Value::Binary(Binary {
        subtype: subtype.into(),
        bytes,
    }))
}

fn double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

fn decimal(text: &str) -> Option<Decimal128> {
    let plain = text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let named = ["NaN", "Infinity", "-Infinity"].contains(&text);
    (plain || named).then(|| text.parse().ok()).flatten()
}
