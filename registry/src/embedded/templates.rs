//! Templates and the bytes of their components in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::{Digest, OrganisationId, TemplateId};

use super::{
    EmbeddedStore,
    failure::is_taken,
    stored::{corrupt, json_column, to_json},
};
use crate::{
    scope::Scope,
    store::{StoreError, TemplateStore},
    template::{Decision, Template, TemplateVersion},
};

const VERSION: &str = "template version";

#[async_trait]
impl TemplateStore for EmbeddedStore {
    async fn insert_template_version(
        &self,
        scope: &Scope,
        version: &TemplateVersion,
        component: &[u8],
    ) -> Result<(), StoreError> {
        let organisation = scope.organisation().clone();
        let version = version.clone();
        let component = component.to_vec();
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO components (digest, bytes) VALUES (?, ?)
                         ON CONFLICT (digest) DO NOTHING",
                    )?
                    .execute(params![version.digest.to_string(), component])?;
                insert_version(connection, &organisation, &version)
            })
            .await
    }

    async fn decide_template_version(
        &self,
        scope: &Scope,
        template: &TemplateId,
        digest: &Digest,
        decision: &Decision,
    ) -> Result<TemplateVersion, StoreError> {
        let organisation = scope.organisation().clone();
        let (template, digest, decision) = (template.clone(), digest.to_string(), decision.clone());
        self.file
            .write(move |connection| {
                let key = params![organisation.as_str(), template.as_str(), digest];
                let (number, version) = connection
                    .prepare_cached(
                        "SELECT number, doc FROM template_versions
                         WHERE org = ? AND template = ? AND digest = ?",
                    )?
                    .query_and_then(key, |row| -> Result<(i64, TemplateVersion), StoreError> {
                        Ok((row.get("number")?, json_column(row, "doc", VERSION)?))
                    })?
                    .next()
                    .transpose()?
                    .ok_or(StoreError::NotFound { what: VERSION })?;
                let Some(decided) = version.decided(&decision)? else {
                    return Ok(version);
                };
                connection
                    .prepare_cached("UPDATE template_versions SET doc = ? WHERE number = ?")?
                    .execute(params![to_json(VERSION, &decided)?, number])?;
                Ok(decided)
            })
            .await
    }

    async fn template(
        &self,
        scope: &Scope,
        id: &TemplateId,
    ) -> Result<Option<Template>, StoreError> {
        let (organisation, id) = (scope.organisation().clone(), id.clone());
        self.file
            .read(move |connection| {
                let condition = "org = ? AND template = ?";
                let key = [organisation.as_str(), id.as_str()];
                Ok(read(connection, condition, &key)?.pop())
            })
            .await
    }

    async fn templates(&self, scope: &Scope) -> Result<Vec<Template>, StoreError> {
        let organisation = scope.organisation().clone();
        self.file
            .read(move |connection| read(connection, "org = ?", &[organisation.as_str()]))
            .await
    }

    async fn component(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let digest = *digest;
        let bytes: Option<Vec<u8>> = self
            .file
            .read(move |connection| -> Result<_, StoreError> {
                let found = connection
                    .prepare_cached("SELECT bytes FROM components WHERE digest = ?")?
                    .query_row([digest.to_string()], |row| row.get(0))
                    .optional()?;
                Ok(found)
            })
            .await?;
        match bytes {
            Some(bytes) if Digest::of(&bytes) != digest => {
                Err(corrupt("component", "its bytes do not have its digest"))
            }
            bytes => Ok(bytes),
        }
    }
}

/// Adds a version of a template whose component is stored.
pub(super) fn insert_version(
    connection: &Connection,
    organisation: &OrganisationId,
    version: &TemplateVersion,
) -> Result<(), StoreError> {
    let doc = to_json(VERSION, version)?;
    connection
        .prepare_cached(
            "INSERT INTO template_versions (org, template, version, digest, doc)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            organisation.as_str(),
            version.metadata.id.as_str(),
            version.metadata.version,
            version.digest.to_string(),
            doc
        ])
        .map_err(|error| match is_taken(&error) {
            true => StoreError::Exists { what: VERSION },
            false => error.into(),
        })?;
    Ok(())
}

fn read(
    connection: &Connection,
    condition: &str,
    key: &[&str],
) -> Result<Vec<Template>, StoreError> {
    let sql =
        format!("SELECT doc FROM template_versions WHERE {condition} ORDER BY template, number");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_and_then(rusqlite::params_from_iter(key), |row| {
        json_column::<TemplateVersion>(row, "doc", VERSION)
    })?;
    let mut templates: Vec<Template> = Vec::new();
    for version in rows {
        let version = version?;
        match templates.last_mut() {
            Some(template) if template.id == version.metadata.id => template.versions.push(version),
            _ => templates.push(Template {
                id: version.metadata.id.clone(),
                versions: vec![version],
            }),
        }
    }
    Ok(templates)
}
