//! Keeping templates and the bytes of their components.

use async_trait::async_trait;
use sandglass_contract::{Digest, TemplateId};

use super::StoreError;
use crate::{
    scope::Scope,
    template::{Decision, Template, TemplateVersion},
};

/// The part of a store that keeps templates. Component bytes are shared by all organisations, since
/// their digest names them.
#[async_trait]
pub trait TemplateStore: Send + Sync + 'static {
    /// Adds a version of a template and its component's bytes.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the template has a version of that digest or of that version
    /// number.
    async fn insert_template_version(
        &self,
        scope: &Scope,
        version: &TemplateVersion,
        component: &[u8],
    ) -> Result<(), StoreError>;

    /// Decides about a version: a pending one is approved or rejected, an approved one retired. Of
    /// several who decide at once, one does. Deciding what is so already changes nothing. Returns the
    /// version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Decided`] where its status does not let this be decided.
    async fn decide_template_version(
        &self,
        scope: &Scope,
        template: &TemplateId,
        digest: &Digest,
        decision: &Decision,
    ) -> Result<TemplateVersion, StoreError>;

    /// A template.
    async fn template(
        &self,
        scope: &Scope,
        id: &TemplateId,
    ) -> Result<Option<Template>, StoreError>;

    /// Every template, by id.
    async fn templates(&self, scope: &Scope) -> Result<Vec<Template>, StoreError>;

    /// The bytes of a component.
    async fn component(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;
}
