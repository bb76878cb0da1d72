//! The catalogue of templates: taking in components, deciding about versions, comparing them, and loading
//! them for use.

mod comparing;
mod deciding;
mod signing;

use std::sync::Arc;

use sandglass_contract::{Clock, Digest, Signature, SignatureError, TemplateId, UserId};
use sandglass_host::{Host, TemplateError};
use sandglass_registry::{
    Actor, AuditAction, Decision, Ruling, Scope, Store, StoreError, Template, TemplateVersion,
    VersionStatus,
};
use serde_json::json;

use crate::auditor::{Act, Auditor};
pub use comparing::{BrokenJob, JobsCheck, RegrantedJob};
pub use deciding::DecisionRequest;
use signing::Signatures;
pub use signing::{SignaturePolicy, SignatureReport, SignatureRequirement, SignatureState};

/// How often other hosts may be faster in registering versions of a template.
const FASTER_HOSTS: u32 = 4;

/// Why a template was not taken in or found.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The component is not a template that this host can run.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever brought a version may not decide about it.
    #[error("a version is decided about by somebody else than who brought it")]
    OwnUpload,
    /// Nobody vouches for the version who must.
    #[error("the version cannot be used: {0}")]
    Signature(#[from] SignatureError),
    /// The bytes of a registered component are gone from the store.
    #[error("the component {0} is registered and its bytes are not in the store")]
    ComponentLost(Digest),
}

/// The templates of the service.
#[derive(Clone)]
pub struct Catalogue {
    store: Arc<dyn Store>,
    host: Host,
    clock: Arc<dyn Clock>,
    auditor: Auditor,
    signatures: Signatures,
}

impl Catalogue {
    /// The catalogue kept in `store`, whose components run on `host`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, host: Host, clock: Arc<dyn Clock>) -> Self {
        let auditor = Auditor::new(store.clone(), clock.clone());
        Self {
            store,
            host,
            clock,
            auditor,
            signatures: Signatures::default(),
        }
    }

    /// The same catalogue with a policy of signatures. Without one, no key is trusted and no signature
    /// is required.
    #[must_use]
    pub fn with_signatures(self, policy: SignaturePolicy) -> Self {
        Self {
            signatures: Signatures::new(policy),
            ..self
        }
    }

    /// Who vouches for a version.
    #[must_use]
    pub fn signature(&self, version: &TemplateVersion) -> SignatureReport {
        self.signatures.report(version)
    }

    /// Takes in a component that somebody brought; jobs cannot use it before it is approved.
    ///
    /// # Errors
    /// [`CatalogueError::Template`] where it is not a template; [`CatalogueError::Signature`] where its
    /// signature is of something else, or nobody vouches for it who must; [`StoreError::Exists`] where
    /// the template has that version already.
    pub async fn upload(
        &self,
        scope: &Scope,
        actor: &Actor,
        component: &[u8],
        signature: Option<Signature>,
    ) -> Result<TemplateVersion, CatalogueError> {
        let mut version = self.describe(&actor.user, component).await?;
        version.signature = signature;
        self.signatures.admit(&version)?;
        let act = Act::new(AuditAction::TemplateUploaded, &version.metadata.id).with(json!({
            "version": version.metadata.version,
            "digest": version.digest,
            "size": version.size,
            "imports": version.imports,
            "signature": version.signature,
        }));
        let saved = self
            .store
            .insert_template_version(scope, &version, component);
        self.auditor.around(scope, actor, act, saved).await?;
        Ok(version)
    }

    /// Registers a template that the binary carries, approved. Doing so again changes nothing.
    ///
    /// Another binary may carry the same version built by another compiler. Its bytes are another
    /// component, so they are registered as a version of their own, told apart by build metadata
    /// (Semantic Versioning 2.0.0 §10). Jobs stay on the component they have.
    ///
    /// # Errors
    /// Where the component cannot be run, or the store does not answer.
    pub async fn register_built_in(
        &self,
        scope: &Scope,
        by: &UserId,
        component: &[u8],
    ) -> Result<TemplateVersion, CatalogueError> {
        let mut version = self.describe(by, component).await?;
        self.signatures.carry(version.digest);
        version.status = VersionStatus::Approved;
        version.approved_by = Some(by.clone());
        version.approved_at = Some(version.uploaded_at);
        version.decisions.push(Decision {
            ruling: Ruling::Approved,
            by: by.clone(),
            at: version.uploaded_at,
            reason: None,
        });
        let number = version.metadata.version.clone();
        let mut faster = FASTER_HOSTS;
        loop {
            if let Some(same) = self.registered(scope, &mut version, &number).await? {
                return Ok(same);
            }
            let inserted = self
                .store
                .insert_template_version(scope, &version, component)
                .await;
            match inserted {
                Ok(()) => return Ok(version),
                // Another host has registered one in the same moment; this one, most likely.
                Err(StoreError::Exists { .. }) if faster > 0 => faster -= 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The same version where it is registered; else `version` gets a number that is free.
    async fn registered(
        &self,
        scope: &Scope,
        version: &mut TemplateVersion,
        number: &str,
    ) -> Result<Option<TemplateVersion>, StoreError> {
        let registered = self.store.template(scope, &version.metadata.id).await?;
        let registered = registered.map(|it| it.versions).unwrap_or_default();
        if let Some(same) = registered.iter().find(|it| it.digest == version.digest) {
            return Ok(Some(same.clone()));
        }
        let is_taken = registered.iter().any(|it| it.metadata.version == number);
        version.metadata.version = match is_taken {
            true => {
                let build: String = version.digest.to_string().chars().take(12).collect();
                format!("{number}+{build}")
            }
            false => number.to_owned(),
        };
        Ok(None)
    }

    /// Every template.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<Template>, StoreError> {
        self.store.templates(scope).await
    }

    /// A template.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn template(&self, scope: &Scope, id: &TemplateId) -> Result<Template, StoreError> {
        self.store
            .template(scope, id)
            .await?
            .ok_or(StoreError::NotFound { what: "template" })
    }

    /// The component of a version, ready to run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`CatalogueError::Signature`]; where its bytes are not in the store or
    /// cannot be compiled.
    pub async fn load(
        &self,
        scope: &Scope,
        template: &TemplateId,
        digest: &Digest,
    ) -> Result<Arc<sandglass_host::Template>, CatalogueError> {
        if !self.signatures.is_admitted(scope, template, digest) {
            let version = self.version(scope, template, digest).await?;
            self.signatures.admit(&version)?;
            self.signatures.remember(scope, &version);
        }
        if let Some(template) = self.host.loaded(digest) {
            return Ok(template);
        }
        let component = self
            .store
            .component(digest)
            .await?
            .ok_or(CatalogueError::ComponentLost(*digest))?;
        Ok(self.host.load(&component).await?)
    }

    /// The host that runs the templates.
    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    async fn describe(
        &self,
        by: &UserId,
        component: &[u8],
    ) -> Result<TemplateVersion, TemplateError> {
        let found = self.host.inspect(component).await?;
        Ok(TemplateVersion {
            metadata: found.metadata,
            parameters_schema: found.schema,
            digest: found.digest,
            size: found.size,
            imports: found.imports,
            ceiling: found.ceiling,
            status: VersionStatus::Pending,
            uploaded_by: by.clone(),
            uploaded_at: self.clock.now(),
            approved_by: None,
            approved_at: None,
            decisions: Vec::new(),
            signature: None,
        })
    }
}
