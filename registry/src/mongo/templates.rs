//! Templates in MongoDB: one document for each template of an organisation, with all its versions.
//!
//! Beside the versions a document shows what new jobs get: the metadata and the schema of the version
//! that was approved last, or of the first one while none is approved.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use sandglass_contract::{Digest, OrganisationId, TemplateId};

use super::{
    MongoStore,
    batch::Statement,
    collections::TEMPLATES,
    reading::Read,
    stored::{corrupt, from_bson, to_bson, to_document},
};
use crate::{
    scope::Scope,
    store::{StoreError, TemplateStore},
    template::{Decision, Template, TemplateVersion, VersionStatus},
};

const TEMPLATE: &str = "template";
const VERSION: &str = "template version";
const TAKEN: StoreError = StoreError::Exists { what: VERSION };

#[async_trait]
impl TemplateStore for MongoStore {
    async fn insert_template_version(
        &self,
        scope: &Scope,
        version: &TemplateVersion,
        component: &[u8],
    ) -> Result<(), StoreError> {
        let id = &version.metadata.id;
        let stored = self.template(scope, id).await?;
        if stored.is_some_and(|template| has(&template, version)) {
            return Err(TAKEN);
        }
        // Whoever finds the version finds its bytes.
        self.put_component(&version.digest, component).await?;
        if self.add_version(scope, version).await? {
            return Ok(());
        }
        let mut document = head(version)?;
        document.insert("_id", key(scope, id));
        document.insert("org", scope.organisation().as_str());
        document.insert("versions", vec![to_bson(VERSION, version)?]);
        match self.insert_one(TEMPLATES, &document, VERSION).await {
            // The template is there, and templates stay: only such a version can refuse it now.
            Err(StoreError::Exists { .. }) => {
                if self.add_version(scope, version).await? {
                    return Ok(());
                }
                // It may be this one, whose answer was lost.
                let stored = self.template(scope, id).await?;
                let stored = stored.and_then(|it| it.by_digest(&version.digest).cloned());
                match stored.is_some_and(|it| it == *version) {
                    true => Ok(()),
                    false => Err(TAKEN),
                }
            }
            inserted => inserted,
        }
    }

    async fn decide_template_version(
        &self,
        scope: &Scope,
        template: &TemplateId,
        digest: &Digest,
        decision: &Decision,
    ) -> Result<TemplateVersion, StoreError> {
        loop {
            let stored = self.template(scope, template).await?;
            let mut stored = stored.ok_or(StoreError::NotFound { what: VERSION })?;
            let version = stored.versions.iter_mut().find(|it| it.digest == *digest);
            let version = version.ok_or(StoreError::NotFound { what: VERSION })?;
            let Some(decided) = version.decided(decision)? else {
                return Ok(version.clone());
            };
            *version = decided.clone();
            let before = decision.ruling.before().as_str();
            let undecided = doc! {"$elemMatch": {"digest": digest.to_string(), "status": before}};
            let mut change = stored.current().map(head).transpose()?.unwrap_or_default();
            change.insert("versions.$", to_bson(VERSION, &decided)?);
            let filter = doc! {"_id": key(scope, template), "versions": undecided};
            let change = Statement::change(filter, doc! {"$set": change});
            if self.update_all(TEMPLATES, vec![change]).await? > 0 {
                return Ok(decided);
            }
            // Somebody else was first. A status never comes again, so this ends.
        }
    }

    async fn template(
        &self,
        scope: &Scope,
        id: &TemplateId,
    ) -> Result<Option<Template>, StoreError> {
        let filter = doc! {"_id": key(scope, id)};
        let found = self.find_one(TEMPLATES, Read::of(filter)).await?;
        found.map(read).transpose()
    }

    async fn templates(&self, scope: &Scope) -> Result<Vec<Template>, StoreError> {
        let all = Read::of(doc! {"org": scope.organisation().as_str()});
        let documents = self.find(TEMPLATES, all.sorted(doc! {"id": 1})).await?;
        documents.into_iter().map(read).collect()
    }

    async fn component(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_component(digest).await
    }
}

impl MongoStore {
    /// Adds a version to a template that is there and has none like it. Says whether it did.
    async fn add_version(
        &self,
        scope: &Scope,
        version: &TemplateVersion,
    ) -> Result<bool, StoreError> {
        let filter = doc! {
            "_id": key(scope, &version.metadata.id),
            "versions.digest": {"$ne": version.digest.to_string()},
            "versions.metadata.version": {"$ne": version.metadata.version.as_str()},
        };
        let mut change = doc! {"$push": {"versions": to_bson(VERSION, version)?}};
        if version.status == VersionStatus::Approved {
            change.insert("$set", head(version)?);
        }
        let change = Statement::change(filter, change);
        Ok(self.update_all(TEMPLATES, vec![change]).await? > 0)
    }
}

/// The key of a template: its id, with the organisation before it where that is not the default one.
fn key(scope: &Scope, id: &TemplateId) -> String {
    match scope.organisation() {
        organisation if *organisation == OrganisationId::default() => id.as_str().to_owned(),
        organisation => format!("{}/{}", organisation.as_str(), id.as_str()),
    }
}

/// What a template's document shows of a version.
fn head(version: &TemplateVersion) -> Result<Document, StoreError> {
    let mut head = to_document(TEMPLATE, &version.metadata)?;
    let shown = to_document(VERSION, version)?;
    let schema = shown.get("parameters_schema").cloned();
    head.insert("parameters_schema", schema);
    Ok(head)
}

fn has(template: &Template, version: &TemplateVersion) -> bool {
    template
        .versions
        .iter()
        .any(|it| it.digest == version.digest || it.metadata.version == version.metadata.version)
}

fn read(mut document: Document) -> Result<Template, StoreError> {
    let mut take = |member: &'static str| {
        let value = document.remove(member);
        value.ok_or_else(|| corrupt(TEMPLATE, format!("it has no {member}")))
    };
    Ok(Template {
        id: from_bson(TEMPLATE, take("id")?)?,
        versions: from_bson(VERSION, take("versions")?)?,
    })
}
