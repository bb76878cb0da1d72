//! Limits on how many executions run at once, over all hosts.

use sandglass_contract::TemplateId;

use crate::{gate::Gate, job::Tag};

/// The largest limit.
pub const MAX_CONCURRENCY: u32 = 10_000;

/// What a limit counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitedBy {
    /// Executions of a template.
    Template(TemplateId),
    /// Executions of jobs with a tag.
    Tag(Tag),
}

impl LimitedBy {
    /// The gate behind which executions wait where the limit is reached.
    #[must_use]
    pub fn gate(&self) -> Gate {
        match self {
            Self::Template(template) => Gate::Template(template.clone()),
            Self::Tag(tag) => Gate::Tag(tag.clone()),
        }
    }

    /// What kind of thing it names: `template` or `tag`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Template(_) => "template",
            Self::Tag(_) => "tag",
        }
    }

    /// The template's id or the tag.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Template(template) => template.as_str(),
            Self::Tag(tag) => tag.as_str(),
        }
    }
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrencyLimit {
    /// What it counts.
    pub of: LimitedBy,
    /// How many may run at once, 1 to [`MAX_CONCURRENCY`].
    pub most: u32,
}
