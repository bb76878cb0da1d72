//! Policies in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    EmbeddedStore,
    stored::{count, json_column, to_json},
};
use crate::{
    job::Version,
    policy::PolicySetting,
    scope::Scope,
    store::{PolicyStore, StoreError},
};

const POLICY: &str = "policy";

#[async_trait]
impl PolicyStore for EmbeddedStore {
    async fn policy(&self, scope: &Scope) -> Result<PolicySetting, StoreError> {
        let organisation = scope.organisation().clone();
        self.file
            .read(move |connection| {
                let found = connection
                    .prepare_cached("SELECT doc FROM policies WHERE org = ?")?
                    .query_and_then([organisation.as_str()], |row| {
                        json_column(row, "doc", POLICY)
                    })?
                    .next();
                found.unwrap_or_else(|| Ok(PolicySetting::unset(organisation)))
            })
            .await
    }

    async fn set_policy(
        &self,
        scope: &Scope,
        setting: &PolicySetting,
        expected: Version,
    ) -> Result<(), StoreError> {
        if setting.org != *scope.organisation() {
            return Err(StoreError::NotFound {
                what: "organisation",
            });
        }
        let setting = setting.clone();
        self.file
            .write(move |connection| {
                let current = connection
                    .prepare_cached("SELECT version FROM policies WHERE org = ?")?
                    .query_row([setting.org.as_str()], |row| row.get::<_, i64>(0))
                    .optional()?;
                let current = Version(current.unwrap_or(0).unsigned_abs());
                if current != expected {
                    return Err(StoreError::Changed { current });
                }
                put(connection, &setting)
            })
            .await
    }
}

/// Puts a policy in the place of the one of the same organisation, or adds it.
pub(super) fn put(connection: &Connection, setting: &PolicySetting) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO policies (org, version, doc) VALUES (?, ?, ?)
             ON CONFLICT (org) DO UPDATE SET version = excluded.version, doc = excluded.doc",
        )?
        .execute(params![
            setting.org.as_str(),
            count(setting.version.0),
            to_json(POLICY, setting)?,
        ])?;
    Ok(())
}
