//! From text to JSON, refusing objects that hold a key twice.
//!
//! Of such a key a JSON parser usually keeps the last value only, and a filter that loses a
//! condition that way would match, and delete, more than its author wrote.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value as Json};

use crate::{
    QueryError, QueryErrorCode,
    pointer::{Pointer, shown},
};

/// Reads JSON text of at most `max_bytes`.
pub(crate) fn parse_json(text: &str, max_bytes: usize) -> Result<Json, QueryError> {
    let refuse = |code, message: String| Err(Pointer::ROOT.error(code, message));
    if text.len() > max_bytes {
        return refuse(
            QueryErrorCode::TooLarge,
            format!(
                "the text has {} bytes; at most {max_bytes} are read",
                text.len()
            ),
        );
    }
    match serde_json::from_str::<Strict>(text) {
        Ok(strict) => Ok(strict.0),
        Err(error) => {
            let message = error.to_string();
            if message.contains("recursion limit") {
                refuse(
                    QueryErrorCode::TooDeep,
                    "objects and arrays are nested too deeply".to_owned(),
                )
            } else {
                refuse(
                    QueryErrorCode::MalformedJson,
                    format!("not usable as JSON: {message}"),
                )
            }
        }
    }
}

struct Strict(Json);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Number::from_f64(number)
            .map(Json::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(element) = elements.next_element::<Strict>()? {
            values.push(element.0);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = entries.next_entry::<String, Strict>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the key {} stands twice in one object",
                    shown(&name)
                )));
            }
            fields.insert(name, value.0);
        }
        Ok(Json::Object(fields))
    }
}
