//! Templates ready to run, the most recently used of them.

use std::{num::NonZeroUsize, sync::Arc};

use parking_lot::Mutex;
use sandglass_contract::Digest;

use crate::template::Template;

/// A bounded set of templates. It is small, so a list in the order of use is all it needs.
pub(crate) struct Loaded {
    maximum: NonZeroUsize,
    /// The last is the one used last.
    templates: Mutex<Vec<Arc<Template>>>,
}

impl Loaded {
    pub(crate) fn new(maximum: NonZeroUsize) -> Self {
        Self {
            maximum,
            templates: Mutex::default(),
        }
    }

    /// The template with this digest.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<Template>> {
        let mut templates = self.templates.lock();
        let place = templates.iter().position(|it| it.digest() == *digest)?;
        let template = templates.remove(place);
        templates.push(Arc::clone(&template));
        Some(template)
    }

    /// Adds a template; the one that was not used for longest goes where there is no room.
    pub(crate) fn insert(&self, template: Arc<Template>) {
        let mut templates = self.templates.lock();
        templates.retain(|it| it.digest() != template.digest());
        templates.push(template);
        let excess = templates.len().saturating_sub(self.maximum.get());
        templates.drain(..excess);
    }
}
