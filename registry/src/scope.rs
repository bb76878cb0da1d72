//! Whose records a caller may see.

use sandglass_contract::OrganisationId;

/// The organisation that a call to the store is made for. Every method that reads or changes records
/// takes one, so that a query across organisations cannot be written by accident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(OrganisationId);

impl Scope {
    /// The records of `organisation`.
    #[must_use]
    pub const fn of(organisation: OrganisationId) -> Self {
        Self(organisation)
    }

    /// The organisation.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.0
    }
}
