//! Secrets: setting and removing them for administrators, and handing them to runs.
//!
//! Values come in and go to the host of a run; there is no way to read one back.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use sandglass_contract::{Clock, SecretName, SecretValue};
use sandglass_host::{SecretError, SecretSource};
use sandglass_registry::{
    Actor, AuditAction, Scope, SealedSecret, Store, StoreError, Vault, VaultError,
    secret::MAX_SECRETS,
};
use serde_json::json;

use crate::auditor::{Act, Auditor};

/// Why a secret was not set.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The service has no key.
    #[error(
        "the service has no key for secrets: set secrets_key_file or SANDGLASS_SECRETS_KEY to 32 random bytes as `openssl rand -base64 32` prints them, the same on every host, and start it again"
    )]
    NoKey,
    /// There are too many.
    #[error("there are {MAX_SECRETS} secrets already; remove one that is not used")]
    TooMany,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What is known of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSecret {
    /// What is kept of it.
    pub secret: SealedSecret,
    /// Whether the service has the key that it is sealed under.
    pub is_readable: bool,
}

/// The secrets of the service.
#[derive(Clone)]
pub struct Secrets {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    auditor: Auditor,
    vault: Option<Vault>,
}

impl Secrets {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        auditor: Auditor,
        vault: Option<Vault>,
    ) -> Self {
        Self {
            store,
            clock,
            auditor,
            vault,
        }
    }

    /// Sets a secret, in the place of the one of its name where there is one. What runs already keeps
    /// the value that it has.
    ///
    /// # Errors
    /// See [`SecretsError`].
    pub async fn put(
        &self,
        scope: &Scope,
        by: &Actor,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<KnownSecret, SecretsError> {
        let vault = self.vault.as_ref().ok_or(SecretsError::NoKey)?;
        let before = self.store.secret(scope, name).await?;
        if before.is_none() && self.store.secrets(scope).await?.len() >= MAX_SECRETS {
            return Err(SecretsError::TooMany);
        }
        let sealed = vault.seal(scope.organisation(), name, value)?;
        let now = self.clock.now();
        let secret = SealedSecret {
            org: scope.organisation().clone(),
            name: name.clone(),
            key_id: sealed.key_id,
            sealed: sealed.text,
            created_at: before.as_ref().map_or(now, |before| before.created_at),
            updated_at: now,
            updated_by: by.user.clone(),
        };
        let act = act(
            name,
            match before {
                Some(_) => "replaced",
                None => "created",
            },
        );
        let putting = self.store.put_secret(&secret);
        self.auditor.around(scope, by, act, putting).await?;
        Ok(KnownSecret {
            secret,
            is_readable: true,
        })
    }

    /// Every secret, by name.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<KnownSecret>, StoreError> {
        let key = self.vault.as_ref().map(Vault::key_id);
        let known = |secret: SealedSecret| KnownSecret {
            is_readable: key == Some(secret.key_id.as_str()),
            secret,
        };
        let secrets = self.store.secrets(scope).await?;
        Ok(secrets.into_iter().map(known).collect())
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete(
        &self,
        scope: &Scope,
        by: &Actor,
        name: &SecretName,
    ) -> Result<(), StoreError> {
        if self.store.secret(scope, name).await?.is_none() {
            return Err(StoreError::NotFound { what: "secret" });
        }
        let removing = self.store.delete_secret(scope, name);
        let act = act(name, "removed");
        self.auditor.around(scope, by, act, removing).await
    }

    /// What gives a run of that scope its secrets.
    pub(crate) fn source(&self, scope: Scope) -> Arc<dyn SecretSource> {
        Arc::new(Scoped {
            secrets: self.clone(),
            scope,
        })
    }
}

fn act(name: &SecretName, change: &str) -> Act {
    Act::new(AuditAction::SecretChanged, name).with(json!({"change": change}))
}

/// The secrets of one organisation.
struct Scoped {
    secrets: Secrets,
    scope: Scope,
}

#[async_trait]
impl SecretSource for Scoped {
    async fn secret(&self, name: &SecretName) -> Result<SecretValue, SecretError> {
        let unreadable = |reason: String| SecretError::Unreadable { reason };
        let vault = self.secrets.vault.as_ref();
        let vault = vault.ok_or_else(|| unreadable(SecretsError::NoKey.to_string()))?;
        let found = self.secrets.store.secret(&self.scope, name).await;
        let secret = found.map_err(|error| match error.is_retryable() {
            true => SecretError::Unavailable(error.into()),
            false => unreadable("the store cannot read it".to_owned()),
        })?;
        let secret = secret.ok_or_else(|| SecretError::Unknown(name.to_string()))?;
        vault
            .open(&secret)
            .map_err(|error| unreadable(error.to_string()))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Secrets")
            .field("vault", &self.vault)
            .finish_non_exhaustive()
    }
}
