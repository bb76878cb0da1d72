//! Secrets in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use sandglass_contract::SecretName;

use super::{
    EmbeddedStore,
    stored::{json_column, to_json},
};
use crate::{
    scope::Scope,
    secret::SealedSecret,
    store::{SecretStore, StoreError},
};

const SECRET: &str = "secret";

#[async_trait]
impl SecretStore for EmbeddedStore {
    async fn put_secret(&self, secret: &SealedSecret) -> Result<(), StoreError> {
        let secret = secret.clone();
        self.file
            .write(move |connection| {
                let doc = to_json(SECRET, &secret)?;
                connection
                    .prepare_cached(
                        "INSERT INTO secrets (org, name, doc) VALUES (?, ?, ?)
                         ON CONFLICT (org, name) DO UPDATE SET doc = excluded.doc",
                    )?
                    .execute(params![secret.org.as_str(), secret.name.as_str(), doc])?;
                Ok(())
            })
            .await
    }

    async fn secret(
        &self,
        scope: &Scope,
        name: &SecretName,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let (org, name) = (scope.organisation().clone(), name.clone());
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT doc FROM secrets WHERE org = ? AND name = ?")?
                    .query_and_then([org.as_str(), name.as_str()], |row| {
                        json_column(row, "doc", SECRET)
                    })?
                    .next()
                    .transpose()
            })
            .await
    }

    async fn secrets(&self, scope: &Scope) -> Result<Vec<SealedSecret>, StoreError> {
        let org = scope.organisation().clone();
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT doc FROM secrets WHERE org = ? ORDER BY name")?
                    .query_and_then([org.as_str()], |row| json_column(row, "doc", SECRET))?
                    .collect()
            })
            .await
    }

    async fn delete_secret(&self, scope: &Scope, name: &SecretName) -> Result<(), StoreError> {
        let (org, name) = (scope.organisation().clone(), name.clone());
        self.file
            .write(move |connection| {
                let removed = connection
                    .prepare_cached("DELETE FROM secrets WHERE org = ? AND name = ?")?
                    .execute([org.as_str(), name.as_str()])?;
                match removed {
                    0 => Err(StoreError::NotFound { what: SECRET }),
                    _ => Ok(()),
                }
            })
            .await
    }
}

/// Adds a secret that is not there yet.
pub(super) fn insert(connection: &Connection, secret: &SealedSecret) -> Result<(), StoreError> {
    let doc = to_json(SECRET, secret)?;
    connection
        .prepare_cached("INSERT INTO secrets (org, name, doc) VALUES (?, ?, ?)")?
        .execute(params![secret.org.as_str(), secret.name.as_str(), doc])?;
    Ok(())
}
