//! Deciding about versions of templates: approving, rejecting and retiring them.
//!
//! Whoever brought a version never decides about it, so that nobody alone can put code to work. The
//! built-in templates are registered as they are and have no such uploader.

use sandglass_contract::{Digest, TemplateId};
use sandglass_registry::{
    Actor, AuditAction, Decision, Reason, Ruling, Scope, StoreError, TemplateVersion,
};
use serde_json::json;

use super::{Catalogue, CatalogueError};
use crate::auditor::Act;

/// A decision that somebody asks for.
#[derive(Debug, Clone)]
pub struct DecisionRequest {
    /// The template.
    pub template: TemplateId,
    /// The component of the version.
    pub digest: Digest,
    /// What shall become of it.
    pub ruling: Ruling,
    /// Why.
    pub reason: Option<Reason>,
}

impl Catalogue {
    /// Carries out a decision about a version. Deciding what is so already changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`CatalogueError::OwnUpload`]; [`CatalogueError::Signature`] where it
    /// is to be approved and nobody vouches for it who must; [`StoreError::Decided`] where the version's
    /// status does not let this be decided.
    pub async fn decide(
        &self,
        scope: &Scope,
        actor: &Actor,
        request: DecisionRequest,
    ) -> Result<TemplateVersion, CatalogueError> {
        let DecisionRequest {
            template,
            digest,
            ruling,
            reason,
        } = request;
        let version = self.version(scope, &template, &digest).await?;
        if version.uploaded_by == actor.user {
            let refused = Act::new(AuditAction::AccessDenied, &template)
                .with(json!({"digest": digest, "reason": CatalogueError::OwnUpload.to_string()}));
            self.auditor.note(scope, actor, refused).await?;
            return Err(CatalogueError::OwnUpload);
        }
        if version.status == ruling.after() {
            return Ok(version);
        }
        if ruling == Ruling::Approved {
            self.signatures.admit(&version)?;
        }
        let action = match ruling {
            Ruling::Approved => AuditAction::TemplateApproved,
            Ruling::Rejected => AuditAction::TemplateRejected,
            Ruling::Retired => AuditAction::TemplateRetired,
        };
        let why = reason.as_ref().map_or("", Reason::as_str);
        let act = Act::new(action, &template)
            .because(why)
            .with(json!({"version": version.metadata.version, "digest": digest}));
        let decision = Decision {
            ruling,
            by: actor.user.clone(),
            at: self.clock.now(),
            reason: reason.clone(),
        };
        let decided = self
            .store
            .decide_template_version(scope, &template, &digest, &decision);
        Ok(self.auditor.around(scope, actor, act, decided).await?)
    }

    /// A version of a template.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn version(
        &self,
        scope: &Scope,
        template: &TemplateId,
        digest: &Digest,
    ) -> Result<TemplateVersion, StoreError> {
        let template = self.template(scope, template).await?;
        let version = template
            .versions
            .into_iter()
            .find(|it| it.digest == *digest);
        version.ok_or(StoreError::NotFound {
            what: "template version",
        })
    }
}
