//! Secrets in MongoDB.

use std::future::IntoFuture as _;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use sandglass_contract::SecretName;

use super::{
    MongoStore,
    collections::SECRETS,
    failure::{driver_error, in_time, is_taken},
    listing::{one, within},
    reading::Read,
    stored::{from_document, to_document},
};
use crate::{
    scope::Scope,
    secret::SealedSecret,
    store::{SecretStore, StoreError},
};

const SECRET: &str = "secret";

#[async_trait]
impl SecretStore for MongoStore {
    async fn put_secret(&self, secret: &SealedSecret) -> Result<(), StoreError> {
        let document = secret_document(secret)?;
        match self.replace_secret(&document).await {
            // Somebody else added it between the look and the write.
            Err(error) if driver_error(&error).is_some_and(is_taken) => {
                self.replace_secret(&document).await
            }
            replaced => replaced,
        }
    }

    async fn secret(
        &self,
        scope: &Scope,
        name: &SecretName,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let secrets = self.collection(SECRETS);
        one(SECRET, &secrets, within(scope, &key(scope, name))).await
    }

    async fn secrets(&self, scope: &Scope) -> Result<Vec<SealedSecret>, StoreError> {
        let all = Read::of(doc! {"org": scope.organisation().as_str()});
        let found = self.find(SECRETS, all.sorted(doc! {"name": 1})).await?;
        found
            .into_iter()
            .map(|it| from_document(SECRET, it))
            .collect()
    }

    async fn delete_secret(&self, scope: &Scope, name: &SecretName) -> Result<(), StoreError> {
        let secrets = self.collection(SECRETS);
        let removing = secrets.delete_one(within(scope, &key(scope, name)));
        match in_time(removing.into_future()).await?.deleted_count {
            0 => Err(StoreError::NotFound { what: SECRET }),
            _ => Ok(()),
        }
    }
}

impl MongoStore {
    async fn replace_secret(&self, document: &Document) -> Result<(), StoreError> {
        let secrets = self.collection(SECRETS);
        let id = document.get("_id").cloned();
        let replacing = secrets.replace_one(doc! {"_id": id}, document);
        in_time(replacing.upsert(true).into_future()).await?;
        Ok(())
    }
}

/// A secret as a document.
pub(super) fn secret_document(secret: &SealedSecret) -> Result<Document, StoreError> {
    let mut document = to_document(SECRET, secret)?;
    let scope = Scope::of(secret.org.clone());
    document.insert("_id", key(&scope, &secret.name));
    Ok(document)
}

fn key(scope: &Scope, name: &SecretName) -> String {
    format!("{}/{name}", scope.organisation())
}
