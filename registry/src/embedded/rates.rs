//! Uses in SQLite. What no longer counts is removed by the next use of anything.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    EmbeddedStore,
    stored::{from_json, later, milliseconds, moment, to_json},
};
use crate::{
    rate::{RateLimit, Use},
    store::{RateStore, StoreError},
};

const USES: &str = "list of uses";

#[async_trait]
impl RateStore for EmbeddedStore {
    async fn take(&self, key: &str, limit: RateLimit) -> Result<Use, StoreError> {
        let (key, now) = (key.to_owned(), self.now());
        self.file
            .write(move |connection| take(connection, &key, limit, now))
            .await
    }

    async fn forget_uses(&self, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached("DELETE FROM rate_uses WHERE key = ?")?
                    .execute([key])?;
                Ok(())
            })
            .await
    }
}

fn take(
    connection: &Connection,
    key: &str,
    limit: RateLimit,
    now: Timestamp,
) -> Result<Use, StoreError> {
    connection
        .prepare_cached("DELETE FROM rate_uses WHERE expires_at < ?")?
        .execute([milliseconds(now)])?;
    let mut uses = connection
        .prepare_cached("SELECT uses FROM rate_uses WHERE key = ?")?
        .query_and_then([key], |row| read(&row.get::<_, String>(0)?))?
        .next()
        .transpose()?
        .unwrap_or_default();
    let answer = limit.take(&mut uses, now);
    let written: Vec<i64> = uses.iter().copied().map(milliseconds).collect();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO rate_uses (key, uses, expires_at) VALUES (?, ?, ?)",
        )?
        .execute(params![
            key,
            to_json(USES, &written)?,
            milliseconds(later(now, limit.window))
        ])?;
    Ok(answer)
}

fn read(json: &str) -> Result<Vec<Timestamp>, StoreError> {
    let uses: Vec<i64> = from_json(USES, json)?;
    uses.into_iter().map(moment).collect()
}
