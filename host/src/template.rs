//! A component that was judged, compiled and linked: ready for any number of calls.

use std::fmt;

use sandglass_contract::{Digest, Interface, TemplateMetadata};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::{bindings::TemplatePre, pure::PureState, state::RunState};

/// A template that can be run.
pub struct Template {
    digest: Digest,
    imports: Vec<String>,
    pub(crate) for_runs: TemplatePre<RunState>,
    pub(crate) for_questions: TemplatePre<PureState>,
    pub(crate) description: OnceCell<Description>,
}

/// What a template says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// What a catalogue shows.
    pub metadata: TemplateMetadata,
    /// The JSON Schema (draft 2020-12) of its parameters, an object.
    pub schema: Value,
}

impl Template {
    pub(crate) fn new(
        digest: Digest,
        imports: Vec<String>,
        for_runs: TemplatePre<RunState>,
        for_questions: TemplatePre<PureState>,
    ) -> Self {
        Self {
            digest,
            imports,
            for_runs,
            for_questions,
            description: OnceCell::new(),
        }
    }

    /// SHA-256 of the component.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The full names of what it imports, such as `sandglass:job/database@0.1.0`, sorted. What is not
    /// among them it cannot do.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The interfaces among its imports whose use needs a grant.
    #[must_use]
    pub fn interfaces(&self) -> Vec<Interface> {
        let imported = |interface: &Interface| {
            let name = format!("sandglass:job/{}@", interface.as_str());
            self.imports.iter().any(|import| import.starts_with(&name))
        };
        Interface::ALL.into_iter().filter(imported).collect()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Template")
            .field("digest", &self.digest)
            .field("imports", &self.imports)
            .finish_non_exhaustive()
    }
}
