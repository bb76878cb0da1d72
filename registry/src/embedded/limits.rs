//! Concurrency limits in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use sandglass_contract::TemplateId;

use super::{EmbeddedStore, executions, stored::corrupt};
use crate::{
    concurrency::{ConcurrencyLimit, LimitedBy},
    job::Tag,
    scope::Scope,
    store::{LimitStore, StoreError},
};

const LIMIT: &str = "concurrency limit";

#[async_trait]
impl LimitStore for EmbeddedStore {
    async fn concurrency_limits(&self, scope: &Scope) -> Result<Vec<ConcurrencyLimit>, StoreError> {
        let organisation = scope.organisation().clone();
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT kind, name, most FROM concurrency_limits WHERE org = ?
                         ORDER BY kind DESC, name",
                    )?
                    .query_and_then([organisation.as_str()], |row| {
                        let (kind, name): (String, String) = (row.get("kind")?, row.get("name")?);
                        Ok(ConcurrencyLimit {
                            of: read(&kind, &name)?,
                            most: row.get("most")?,
                        })
                    })?
                    .collect()
            })
            .await
    }

    async fn set_concurrency_limit(
        &self,
        scope: &Scope,
        limit: &ConcurrencyLimit,
    ) -> Result<(), StoreError> {
        let (organisation, limit) = (scope.organisation().clone(), limit.clone());
        self.file
            .write(move |connection| set(connection, organisation.as_str(), &limit.of, limit.most))
            .await
    }

    async fn remove_concurrency_limit(
        &self,
        scope: &Scope,
        of: &LimitedBy,
    ) -> Result<(), StoreError> {
        let (organisation, of) = (scope.organisation().clone(), of.clone());
        self.file
            .write(move |connection| {
                let key = [organisation.as_str(), of.kind(), of.name()];
                let removed = connection
                    .prepare_cached(
                        "DELETE FROM concurrency_limits WHERE org = ? AND kind = ? AND name = ?",
                    )?
                    .execute(key)?;
                if removed == 0 {
                    return Err(StoreError::NotFound { what: LIMIT });
                }
                connection
                    .prepare_cached(
                        "DELETE FROM limit_places WHERE org = ? AND kind = ? AND name = ?",
                    )?
                    .execute(key)?;
                executions::open_for_all(connection, organisation.as_str(), &of.gate())
            })
            .await
    }
}

/// Sets a limit, within which what runs already has its places.
pub(super) fn set(
    connection: &Connection,
    organisation: &str,
    of: &LimitedBy,
    most: u32,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO concurrency_limits (org, kind, name, most) VALUES (?, ?, ?, ?)
             ON CONFLICT (org, kind, name) DO UPDATE SET most = excluded.most",
        )?
        .execute(params![organisation, of.kind(), of.name(), most])?;
    count_running(connection, organisation, of)
}

/// What a limit counts that has these words in its row.
pub(super) fn read(kind: &str, name: &str) -> Result<LimitedBy, StoreError> {
    match kind {
        "template" => TemplateId::parse(name)
            .map(LimitedBy::Template)
            .map_err(|source| corrupt(LIMIT, source)),
        "tag" => Tag::parse(name)
            .map(LimitedBy::Tag)
            .map_err(|source| corrupt(LIMIT, source)),
        _ => Err(corrupt(LIMIT, format!("there is no kind {kind:?}"))),
    }
}

/// Gives what runs already its places within a limit that is new.
fn count_running(
    connection: &Connection,
    organisation: &str,
    of: &LimitedBy,
) -> Result<(), StoreError> {
    let matches = match of {
        LimitedBy::Template(_) => "json_extract(doc, '$.template_type') = ?3",
        LimitedBy::Tag(_) => {
            "EXISTS (SELECT 1 FROM json_each(doc, '$.tags') AS tag WHERE tag.value = ?3)"
        }
    };
    let sql = format!(
        "INSERT OR IGNORE INTO limit_places (execution, org, kind, name)
         SELECT id, org, ?2, ?3 FROM executions INDEXED BY executions_unfinished
         WHERE claimable_at IS NOT NULL AND status = 'running' AND org = ?1 AND {matches}"
    );
    connection
        .prepare_cached(&sql)?
        .execute(params![organisation, of.kind(), of.name()])?;
    Ok(())
}
