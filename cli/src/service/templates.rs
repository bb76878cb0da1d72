//! The built-in templates, which the binary carries, and registering them.

use sandglass_contract::{OrganisationId, UserId};
use sandglass_registry::Scope;
use sandglass_scheduler::Catalogue;

use crate::failure::{Failure, OrFail as _};

/// The id and the component of each template.
static TEMPLATES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Who the built-in templates and the demo jobs come from in records.
pub(crate) fn built_in_author() -> Result<UserId, Failure> {
    UserId::parse("sandglass").or_fail("naming the author of the built-in templates")
}

/// Registers every built-in template; those that are registered already stay as they are.
pub(super) async fn register(catalogue: &Catalogue) -> Result<(), Failure> {
    let scope = Scope::of(OrganisationId::default());
    let author = built_in_author()?;
    for (name, component) in TEMPLATES {
        let registered = catalogue
            .register_built_in(&scope, &author, component)
            .await;
        registered.or_fail(format!("registering the template {name}"))?;
    }
    tracing::info!(count = TEMPLATES.len(), "templates.registered");
    Ok(())
}
