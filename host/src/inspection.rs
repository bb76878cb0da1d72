//! Everything that a component tells about itself without being run: what is judged at upload, and what
//! `sandglass template inspect` shows.

use sandglass_contract::{
    Comparable, Digest, Grant, Interface, TemplateMetadata, imports::impossible,
};
use serde::Serialize;
use serde_json::Value;

use crate::{error::TemplateError, loader::Loader, provenance::Provenance};

/// What a component is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
    /// What it says of itself.
    pub metadata: TemplateMetadata,
    /// The full names of what it imports, sorted. What is not among them it cannot do.
    pub imports: Vec<String>,
    /// The most that a job of it may be granted: everything that its imports offer.
    pub ceiling: Grant,
    /// The JSON Schema of its parameters.
    pub schema: Value,
    /// How it was built, as far as it says so.
    pub provenance: Provenance,
}

impl Inspection {
    /// What it cannot do, a sentence each.
    #[must_use]
    pub fn impossible(&self) -> Vec<String> {
        impossible(&self.imports)
    }

    /// What is compared of it.
    #[must_use]
    pub const fn comparable(&self) -> Comparable<'_> {
        Comparable {
            digest: &self.digest,
            size: self.size,
            metadata: &self.metadata,
            imports: self.imports.as_slice(),
            ceiling: &self.ceiling,
            schema: &self.schema,
        }
    }
}

impl Loader {
    /// Loads a component and asks it what it is.
    ///
    /// # Errors
    /// Where the bytes are not a template that this host runs, or it fails to describe itself.
    pub async fn inspect(&self, component: &[u8]) -> Result<Inspection, TemplateError> {
        let template = self.load(component).await?;
        let description = self.describe(&template).await?;
        let interfaces: Vec<Interface> = template.interfaces();
        Ok(Inspection {
            digest: template.digest(),
            size: u64::try_from(component.len()).unwrap_or(u64::MAX),
            metadata: description.metadata,
            imports: template.imports().to_vec(),
            ceiling: Grant::everything_in(&interfaces),
            schema: description.schema,
            provenance: Provenance::of(component),
        })
    }
}
