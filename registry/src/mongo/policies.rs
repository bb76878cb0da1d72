//! Policies in MongoDB: a document for each organisation, whose `_id` is the organisation.

use std::future::IntoFuture as _;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};

use super::{
    MongoStore,
    collections::POLICIES,
    failure::in_time,
    listing::one,
    stored::{count, to_document},
};
use crate::{
    job::Version,
    policy::PolicySetting,
    scope::Scope,
    store::{PolicyStore, StoreError},
};

const POLICY: &str = "policy";

#[async_trait]
impl PolicyStore for MongoStore {
    async fn policy(&self, scope: &Scope) -> Result<PolicySetting, StoreError> {
        let organisation = scope.organisation();
        let filter = doc! {"_id": organisation.as_str()};
        let found = one(POLICY, &self.collection(POLICIES), filter).await?;
        Ok(found.unwrap_or_else(|| PolicySetting::unset(organisation.clone())))
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
        let document = policy_document(setting)?;
        if expected == Version(0) {
            match self.insert_one(POLICIES, &document, POLICY).await {
                Err(StoreError::Exists { .. }) => {}
                inserted => return inserted,
            }
        } else {
            let id = setting.org.as_str();
            let filter = doc! {"_id": id, "version": count(expected.0)};
            let policies = self.collection(POLICIES);
            let replacing = policies.replace_one(filter, document);
            if in_time(replacing.into_future()).await?.matched_count > 0 {
                return Ok(());
            }
        }
        let current = self.policy(scope).await?.version;
        Err(StoreError::Changed { current })
    }
}

/// A policy as a document.
pub(super) fn policy_document(setting: &PolicySetting) -> Result<Document, StoreError> {
    let mut document = to_document(POLICY, setting)?;
    document.insert("_id", setting.org.as_str());
    Ok(document)
}
