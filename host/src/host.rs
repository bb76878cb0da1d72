//! The host: loads templates, asks them, runs them.

use std::{num::NonZeroUsize, sync::Arc};

use sandglass_contract::{Digest, Grant, Issue};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    error::{HostError, TemplateError},
    execute::Stage,
    inspection::Inspection,
    loader::{CONCURRENT_QUESTIONS, Loader, LoaderSettings},
    outcome::{Ending, Stop},
    run::{Run, RunReport},
    settings::{HostSettings, Services},
    template::{Description, Template},
};

/// Runs templates. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Host {
    loader: Loader,
    stage: Arc<Stage>,
}

impl Host {
    /// Starts a host with threads of its own for guests. It may be called inside an asynchronous
    /// context or outside of one.
    ///
    /// # Errors
    /// Where the machine does not let guests be run, or the cache folder cannot be used.
    pub fn new(settings: HostSettings, services: Services) -> Result<Self, HostError> {
        let places = settings.concurrent_runs;
        let loader = LoaderSettings {
            cache_folder: Some(settings.cache_folder),
            guest_threads: settings.guest_threads,
            concurrent_guests: places.saturating_add(CONCURRENT_QUESTIONS),
            max_component_bytes: settings.max_component_bytes,
            loaded_templates: settings.loaded_templates,
            compile_timeout: settings.compile_timeout,
            compiling: settings.compiling,
        };
        let loader = Loader::new(loader, Arc::clone(&services.clock))?;
        let stage = Stage {
            engine: loader.engine().clone(),
            services,
            mail_from: settings.mail_from,
            places: Arc::new(Semaphore::new(NonZeroUsize::get(places))),
        };
        Ok(Self {
            loader,
            stage: Arc::new(stage),
        })
    }

    /// The template whose component has this digest, where it is loaded.
    #[must_use]
    pub fn loaded(&self, digest: &Digest) -> Option<Arc<Template>> {
        self.loader.loaded(digest)
    }

    /// Judges, compiles and links a component, or finds it where that was done before. One component is
    /// compiled at a time; asking for the same one twice compiles it once.
    ///
    /// # Errors
    /// Where the bytes are not a template that this host runs.
    pub async fn load(&self, component: &[u8]) -> Result<Arc<Template>, TemplateError> {
        self.loader.load(component).await
    }

    /// Loads a component and asks it what it is.
    ///
    /// # Errors
    /// As [`Host::load`] and [`Host::describe`].
    pub async fn inspect(&self, component: &[u8]) -> Result<Inspection, TemplateError> {
        self.loader.inspect(component).await
    }

    /// What a template says about itself. It is asked once.
    ///
    /// # Errors
    /// Where the template fails or its answer breaks the contract.
    pub async fn describe(&self, template: &Arc<Template>) -> Result<Description, TemplateError> {
        self.loader.describe(template).await
    }

    /// What is wrong with parameters that satisfy the template's schema; nothing where they are right.
    ///
    /// # Errors
    /// As [`Host::describe`].
    pub async fn validate(
        &self,
        template: &Arc<Template>,
        parameters: &Value,
    ) -> Result<Vec<Issue>, TemplateError> {
        self.loader.validate(template, parameters).await
    }

    /// What a run with valid parameters needs to be allowed.
    ///
    /// # Errors
    /// As [`Host::describe`], and where the template asks for what does not exist.
    pub async fn capabilities(
        &self,
        template: &Arc<Template>,
        parameters: &Value,
    ) -> Result<Grant, TemplateError> {
        self.loader.capabilities(template, parameters).await
    }

    /// Runs a template once. It always ends in a report. Dropping the future ends the run without one.
    pub async fn run(&self, template: &Arc<Template>, run: Run) -> RunReport {
        let execute = Arc::clone(&self.stage).execute(Arc::clone(template), run);
        let report = self.loader.run(execute).await;
        report.unwrap_or_else(|error| {
            tracing::error!(%error, "a run was lost");
            RunReport::from(Ending::from(Stop::Host("it is shutting down or panicked")))
        })
    }

    /// Ends all runs and stops the threads, in the background. Clones of this host can do nothing more.
    pub fn shutdown(self) {
        self.loader.shutdown();
    }
}
