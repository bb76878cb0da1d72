//! How values stand in columns: moments as milliseconds, records as JSON, counts as integers.

use std::{error::Error, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Row;
use serde::{Serialize, de::DeserializeOwned};

use crate::store::StoreError;

/// The largest count that is stored: every JSON number up to it is exact (RFC 8259, section 6).
const MOST: u64 = 1 << 53;

/// A moment as a column holds it.
pub(super) fn milliseconds(moment: Timestamp) -> i64 {
    moment.as_millisecond()
}

/// The moment that a column holds.
pub(super) fn moment(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|source| corrupt("moment", source))
}

/// The moment in a column that may be empty.
pub(super) fn optional_moment(
    row: &Row<'_>,
    column: &str,
) -> Result<Option<Timestamp>, StoreError> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}

/// The moment that lies `duration` after another, or the last moment there is.
pub(super) fn later(moment: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    moment.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// A count as a column holds it.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number.min(MOST)).unwrap_or(i64::MAX)
}

/// The count in a column.
pub(super) fn counted(row: &Row<'_>, column: &str) -> Result<u64, StoreError> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|source| corrupt("count", source))
}

/// A record as JSON.
pub(super) fn to_json<T: Serialize + ?Sized>(
    what: &'static str,
    record: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|source| corrupt(what, source))
}

/// The record that JSON stands for.
pub(super) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    json: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|source| corrupt(what, source))
}

/// The record in a column with JSON.
pub(super) fn json_column<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    let json = row.get_ref(column)?;
    let json = json.as_str().map_err(|source| corrupt(what, source))?;
    from_json(what, json)
}

/// The record in a column with JSON that may be empty.
pub(super) fn optional_json_column<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    let json: Option<String> = row.get(column)?;
    json.map(|json| from_json(what, &json)).transpose()
}

/// A stored record that is not what it should be.
pub(super) fn corrupt(
    what: &'static str,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> StoreError {
    StoreError::Corrupt {
        what,
        source: source.into(),
    }
}
