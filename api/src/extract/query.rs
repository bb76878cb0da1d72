//! Query parameters, and the rules that several of them share.

use std::{error::Error, num::NonZeroU32};

use axum::{
    extract::{FromRequestParts, Query as AxumQuery},
    http::request::Parts,
};
use sandglass_registry::ExecutionStatus;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};

use crate::problem::{Problem, ProblemKind};

/// The longest text that may be searched for, in characters.
const MAX_SEARCH_CHARACTERS: usize = 200;

/// The query parameters.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        match AxumQuery::<T>::try_from_uri(&parts.uri) {
            Ok(AxumQuery(value)) => Ok(Self(value)),
            Err(rejection) => {
                let detail = match rejection.source() {
                    Some(cause) => cause.to_string(),
                    None => rejection.body_text(),
                };
                Err(Problem::new(ProblemKind::InvalidQuery, detail))
            }
        }
    }
}

/// The first page, where a request names none.
pub(crate) const fn first_page() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// Reads execution states, separated by commas.
///
/// # Errors
/// Where a word is not one; the error lists those there are.
pub(crate) fn status_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ExecutionStatus>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    words
        .map(|word| {
            let known = ExecutionStatus::ALL
                .into_iter()
                .find(|it| it.as_str() == word);
            known.ok_or_else(|| {
                let all = ExecutionStatus::ALL.map(ExecutionStatus::as_str).join(", ");
                D::Error::custom(format!("status is one or several, by commas, of {all}"))
            })
        })
        .collect()
}

/// Reads a text to search for, nothing where it is empty.
///
/// # Errors
/// Where it is too long.
pub(crate) fn bounded_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().count() > MAX_SEARCH_CHARACTERS {
        let rule = format!("a text to search for has at most {MAX_SEARCH_CHARACTERS} characters");
        return Err(D::Error::custom(rule));
    }
    Ok(Some(text).filter(|it| !it.is_empty()))
}
