//! The catalogue of templates: taking in components, approving versions, and loading them for use.

use std::sync::Arc;

use sandglass_contract::{Clock, Digest, Grant, Interface, TemplateId, UserId};
use sandglass_host::{Host, TemplateError};
use sandglass_registry::{Scope, Store, StoreError, Template, TemplateVersion, VersionStatus};

/// Why a template was not taken in or found.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The component is not a template that this host can run.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes of a registered component are gone from the store.
    #[error("the component {0} is registered and its bytes are not in the store")]
    ComponentLost(Digest),
    /// A built-in version is registered with other bytes than this binary carries.
    #[error(
        "the template {template} {version} is registered with the component {registered}; this binary carries {carried} under the same version"
    )]
    BuiltInDiffers {
        /// The template.
        template: TemplateId,
        /// Its version.
        version: String,
        /// The digest in the store.
        registered: Digest,
        /// The digest in the binary.
        carried: Digest,
    },
}

/// The templates of the service.
#[derive(Clone)]
pub struct Catalogue {
    store: Arc<dyn Store>,
    host: Host,
    clock: Arc<dyn Clock>,
}

impl Catalogue {
    /// The catalogue kept in `store`, whose components run on `host`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, host: Host, clock: Arc<dyn Clock>) -> Self {
        Self { store, host, clock }
    }

    /// Takes in a component that somebody brought; jobs cannot use it before it is approved.
    ///
    /// # Errors
    /// [`CatalogueError::Template`] where it is not a template; [`StoreError::Exists`] where the
    /// template has that version already.
    pub async fn upload(
        &self,
        scope: &Scope,
        by: &UserId,
        component: &[u8],
    ) -> Result<TemplateVersion, CatalogueError> {
        let version = self.describe(by, component).await?;
        self.store
            .insert_template_version(scope, &version, component)
            .await?;
        Ok(version)
    }

    /// Registers a template that the binary carries, approved. Doing so again changes nothing.
    ///
    /// # Errors
    /// Where the component cannot be run, or its version is registered with other bytes.
    pub async fn register_built_in(
        &self,
        scope: &Scope,
        by: &UserId,
        component: &[u8],
    ) -> Result<TemplateVersion, CatalogueError> {
        let carried = Digest::of(component);
        let mut version = self.describe(by, component).await?;
        version.status = VersionStatus::Approved;
        version.approved_by = Some(by.clone());
        version.approved_at = Some(version.uploaded_at);
        let template = version.metadata.id.clone();
        let registered = self.store.template(scope, &template).await?;
        let same_number = registered
            .into_iter()
            .flat_map(|it| it.versions)
            .find(|it| it.digest == carried || it.metadata.version == version.metadata.version);
        match same_number {
            Some(registered) if registered.digest == carried => Ok(registered),
            Some(registered) => Err(CatalogueError::BuiltInDiffers {
                template,
                version: registered.metadata.version,
                registered: registered.digest,
                carried,
            }),
            None => {
                self.store
                    .insert_template_version(scope, &version, component)
                    .await?;
                Ok(version)
            }
        }
    }

    /// Approves a version, so that jobs may use it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn approve(
        &self,
        scope: &Scope,
        by: &UserId,
        template: &TemplateId,
        digest: &Digest,
    ) -> Result<TemplateVersion, CatalogueError> {
        let now = self.clock.now();
        let approved = self
            .store
            .approve_template_version(scope, template, digest, by, now)
            .await?;
        Ok(approved)
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

    /// The component of that digest, ready to run.
    ///
    /// # Errors
    /// Where its bytes are not in the store or cannot be compiled.
    pub async fn load(
        &self,
        digest: &Digest,
    ) -> Result<Arc<sandglass_host::Template>, CatalogueError> {
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
        let template = self.host.load(component).await?;
        let description = self.host.describe(&template).await?;
        let interfaces: Vec<Interface> = template.interfaces();
        Ok(TemplateVersion {
            metadata: description.metadata,
            parameters_schema: description.schema,
            digest: template.digest(),
            size: component.len() as u64,
            imports: template.imports().to_vec(),
            ceiling: Grant::everything_in(&interfaces),
            status: VersionStatus::Pending,
            uploaded_by: by.clone(),
            uploaded_at: self.clock.now(),
            approved_by: None,
            approved_at: None,
        })
    }
}
