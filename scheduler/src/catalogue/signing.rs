//! Whose signature vouches for a version, and whether one must.
//!
//! Signatures are judged when a version is taken in, when it is approved, and whenever its component is
//! loaded from the store, so that a key that is no longer trusted, or a store that somebody wrote to,
//! lets nothing run. What the binary itself carries needs no signature.

use std::{collections::BTreeSet, sync::Arc};

use parking_lot::RwLock;
use sandglass_contract::{
    Digest, OrganisationId, Signature, SignatureError, Signed, TemplateId, TrustedKeys,
    signature::KeyName,
};
use sandglass_registry::{Scope, TemplateVersion};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether versions must be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignatureRequirement {
    /// Unsigned ones are taken, and shown as such.
    #[default]
    Optional,
    /// Only those that a trusted key vouches for.
    Required,
}

/// Which signatures count.
#[derive(Debug, Clone, Default)]
pub struct SignaturePolicy {
    /// The keys.
    pub trusted: TrustedKeys,
    /// Whether there must be one.
    pub requirement: SignatureRequirement,
}

/// Who vouches for a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    /// The service carries it.
    BuiltIn,
    /// A trusted key.
    Trusted,
    /// A key that is not trusted.
    Untrusted,
    /// Nobody: the signature is of something else.
    Wrong,
    /// Nobody: there is no signature.
    Unsigned,
}

/// Who vouches for a version, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SignatureReport {
    /// Who.
    pub state: SignatureState,
    /// The same as a phrase, such as `signed by release`.
    pub text: String,
    /// The signature.
    pub signature: Option<Signature>,
}

/// The most versions that are remembered as admitted; beyond, all are judged anew.
const MAX_ADMITTED: usize = 10_000;

/// A version as it is loaded.
type Loaded = (OrganisationId, TemplateId, Digest);

/// Judges signatures. Clones share what they know.
#[derive(Clone, Default)]
pub(super) struct Signatures {
    policy: Arc<SignaturePolicy>,
    built_in: Arc<RwLock<BTreeSet<Digest>>>,
    admitted: Arc<RwLock<BTreeSet<Loaded>>>,
}

impl Signatures {
    pub(super) fn new(policy: SignaturePolicy) -> Self {
        Self {
            policy: Arc::new(policy),
            built_in: Arc::default(),
            admitted: Arc::default(),
        }
    }

    /// Notes a component that the binary carries.
    pub(super) fn carry(&self, digest: Digest) {
        self.built_in.write().insert(digest);
    }

    /// Who vouches for a version.
    pub(super) fn report(&self, version: &TemplateVersion) -> SignatureReport {
        let (state, text) = match self.judge(version) {
            _ if self.is_carried(&version.digest) => {
                (SignatureState::BuiltIn, "built in".to_owned())
            }
            Ok(key) => (SignatureState::Trusted, format!("signed by {key}")),
            Err(SignatureError::Missing) => (SignatureState::Unsigned, "unsigned".to_owned()),
            Err(SignatureError::Untrusted(key)) => {
                let text = format!("signed by {key}, which is not a trusted key");
                (SignatureState::Untrusted, text)
            }
            Err(SignatureError::Wrong(key)) => {
                let text = format!("a signature by {key} of something else");
                (SignatureState::Wrong, text)
            }
        };
        SignatureReport {
            state,
            text,
            signature: version.signature.clone(),
        }
    }

    /// Whether a version may be used.
    ///
    /// # Errors
    /// Where its signature is of something else; where one is required and no trusted key vouches.
    pub(super) fn admit(&self, version: &TemplateVersion) -> Result<(), SignatureError> {
        if self.is_carried(&version.digest) {
            return Ok(());
        }
        match (self.judge(version), self.policy.requirement) {
            (Err(error @ SignatureError::Wrong(_)), _)
            | (Err(error), SignatureRequirement::Required) => Err(error),
            (Ok(_) | Err(_), _) => Ok(()),
        }
    }

    /// Whether a version was admitted to be loaded before. Neither its component nor the policy changes
    /// while the service runs.
    pub(super) fn is_admitted(&self, scope: &Scope, id: &TemplateId, digest: &Digest) -> bool {
        let key = (scope.organisation().clone(), id.clone(), *digest);
        self.admitted.read().contains(&key)
    }

    /// Remembers that a version was admitted.
    pub(super) fn remember(&self, scope: &Scope, version: &TemplateVersion) {
        let id = version.metadata.id.clone();
        let mut admitted = self.admitted.write();
        if admitted.len() >= MAX_ADMITTED {
            admitted.clear();
        }
        admitted.insert((scope.organisation().clone(), id, version.digest));
    }

    fn judge(&self, version: &TemplateVersion) -> Result<KeyName, SignatureError> {
        let signed = Signed {
            digest: &version.digest,
            template: &version.metadata.id,
            version: &version.metadata.version,
        };
        self.policy
            .trusted
            .verify(signed, version.signature.as_ref())
    }

    fn is_carried(&self, digest: &Digest) -> bool {
        self.built_in.read().contains(digest)
    }
}
