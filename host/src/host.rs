//! The host: loads templates, asks them, runs them.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use sandglass_contract::{Clock, Digest, Grant, Issue};
use serde_json::Value;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::Semaphore,
};
use tokio_util::task::AbortOnDropHandle;
use wasmtime::{
    Engine,
    component::{Component, Linker},
};

use crate::{
    engine::{self, ArtefactCache, Shape},
    error::{HostError, TemplateError},
    execute::Stage,
    loaded::Loaded,
    outcome::{Ending, Stop},
    pure::Questions,
    run::{Run, RunReport},
    settings::{HostSettings, Services},
    state::RunState,
    template::{Description, Template},
};

/// Questions answered at the same time.
const CONCURRENT_QUESTIONS: usize = 4;

/// How much the threads of guests give way, from 0 to 19: a third of the weight of another thread.
const GUEST_NICENESS: i32 = 5;

/// Runs templates. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    guests: Guests,
    compiling: Arc<Semaphore>,
    compiler: Arc<Compiler>,
    compile_timeout: Duration,
    max_component_bytes: u64,
    clock: Arc<dyn Clock>,
    questions: Questions,
    stage: Arc<Stage>,
}

/// What turns bytes into templates.
struct Compiler {
    engine: Engine,
    cache: ArtefactCache,
    linker: Linker<RunState>,
    loaded: Loaded,
}

impl Host {
    /// Starts a host with threads of its own for guests. It may be called inside an asynchronous
    /// context or outside of one.
    ///
    /// # Errors
    /// Where the machine does not let guests be run, or the cache folder cannot be used.
    pub fn new(settings: HostSettings, services: Services) -> Result<Self, HostError> {
        let guests = settings
            .concurrent_runs
            .saturating_add(CONCURRENT_QUESTIONS);
        let engine = engine::start(guests)?;
        let linker = engine::run_linker(&engine).map_err(engine_error)?;
        let compiler = Compiler {
            cache: ArtefactCache::open(&settings.cache_folder, &engine)?,
            loaded: Loaded::new(settings.loaded_templates),
            engine: engine.clone(),
            linker,
        };
        let clock = Arc::clone(&services.clock);
        let stage = Stage {
            engine: engine.clone(),
            services,
            mail_from: settings.mail_from,
            places: Arc::new(Semaphore::new(settings.concurrent_runs.get())),
        };
        let inner = Inner {
            guests: Guests::start(settings.guest_threads.get())?,
            compiling: Arc::new(Semaphore::new(1)),
            compiler: Arc::new(compiler),
            compile_timeout: settings.compile_timeout,
            max_component_bytes: settings.max_component_bytes,
            questions: Questions::new(engine, Arc::clone(&clock), CONCURRENT_QUESTIONS),
            clock,
            stage: Arc::new(stage),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The template whose component has this digest, where it is loaded.
    #[must_use]
    pub fn loaded(&self, digest: &Digest) -> Option<Arc<Template>> {
        self.inner.compiler.loaded.get(digest)
    }

    /// Judges, compiles and links a component, or finds it where that was done before. One component is
    /// compiled at a time; asking for the same one twice compiles it once.
    ///
    /// # Errors
    /// Where the bytes are not a template that this host runs.
    pub async fn load(&self, component: &[u8]) -> Result<Arc<Template>, TemplateError> {
        Shape::check(component, self.inner.max_component_bytes)?;
        let digest = Digest::of(component);
        if let Some(template) = self.loaded(&digest) {
            return Ok(template);
        }
        let compiling = Arc::clone(&self.inner.compiling).acquire_owned().await;
        let compiling = compiling.map_err(TemplateError::host)?;
        let compiler = Arc::clone(&self.inner.compiler);
        let bytes = component.to_vec();
        // Compiling cannot be interrupted: the permit goes with it, so that whoever gives up waiting
        // does not let a second one begin.
        let work = self.inner.guests.handle.spawn_blocking(move || {
            let _compiling = compiling;
            compiler.load(&digest, &bytes)
        });
        let timeout = self.inner.compile_timeout;
        tokio::select! {
            biased;
            template = work => template.map_err(TemplateError::host)?,
            () = self.inner.clock.sleep(timeout) => Err(TemplateError::CompileTimeout {
                seconds: timeout.as_secs(),
            }),
        }
    }

    /// What a template says about itself. It is asked once.
    ///
    /// # Errors
    /// Where the template fails or its answer breaks the contract.
    pub async fn describe(&self, template: &Arc<Template>) -> Result<Description, TemplateError> {
        let (questions, asked) = (self.inner.questions.clone(), Arc::clone(template));
        let describe = async move {
            let describe = || questions.describe(&asked);
            asked.description.get_or_try_init(describe).await.cloned()
        };
        self.inner.guests.run(describe).await?
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
        let (questions, asked) = (self.inner.questions.clone(), Arc::clone(template));
        let parameters = parameters.clone();
        let validate = async move { questions.validate(&asked, &parameters).await };
        self.inner.guests.run(validate).await?
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
        let (questions, asked) = (self.inner.questions.clone(), Arc::clone(template));
        let parameters = parameters.clone();
        let capabilities = async move { questions.capabilities(&asked, &parameters).await };
        self.inner.guests.run(capabilities).await?
    }

    /// Runs a template once. It always ends in a report. Dropping the future ends the run without one.
    pub async fn run(&self, template: &Arc<Template>, run: Run) -> RunReport {
        let execute = Arc::clone(&self.inner.stage).execute(Arc::clone(template), run);
        let report = self.inner.guests.run(execute).await;
        report.unwrap_or_else(|error| {
            tracing::error!(%error, "a run was lost");
            RunReport::from(Ending::from(Stop::Host("it is shutting down or panicked")))
        })
    }

    /// Ends all runs and stops the threads, in the background. Clones of this host can do nothing more.
    pub fn shutdown(self) {
        self.inner.guests.stop();
    }
}

impl Compiler {
    fn load(&self, digest: &Digest, bytes: &[u8]) -> Result<Arc<Template>, TemplateError> {
        if let Some(template) = self.loaded.get(digest) {
            return Ok(template);
        }
        let (component, origin) = match self.cache.read(&self.engine, digest) {
            Some(component) => (component, Origin::Cache),
            None => (self.compile(bytes)?, Origin::Compiled),
        };
        let imports = engine::inspect(&self.engine, &component)?;
        let for_runs = engine::run_pre(&self.linker, &component)?;
        let for_questions = engine::pure_pre(&self.engine, &component)?;
        if origin == Origin::Compiled {
            self.cache.write(digest, &component);
        }
        let template = Arc::new(Template::new(*digest, imports, for_runs, for_questions));
        self.loaded.insert(Arc::clone(&template));
        Ok(template)
    }

    fn compile(&self, bytes: &[u8]) -> Result<Component, TemplateError> {
        Component::from_binary(&self.engine, bytes).map_err(|error| TemplateError::Invalid {
            reason: format!("{error:#}"),
        })
    }
}

/// Where a component comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Cache,
    Compiled,
}

/// The runtime of the guests, apart from everybody else's, so that a busy guest delays nobody.
struct Guests {
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

impl Guests {
    fn start(threads: usize) -> Result<Self, HostError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("sandglass-guest")
            .on_thread_start(give_way)
            .enable_all()
            .build()
            .map_err(HostError::Threads)?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
        })
    }

    /// Does `work` on the threads of the guests. It ends with the future that this returns.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, TemplateError> {
        let task = AbortOnDropHandle::new(self.handle.spawn(work));
        task.await.map_err(TemplateError::host)
    }

    /// Dropping a runtime waits for its threads, which must not happen inside an asynchronous context.
    fn stop(&self) {
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Lets other threads of the machine go first, those that answer requests among them: a guest computes
/// for as long as it is let, and they need the processor for a moment and at once. On Linux niceness is a
/// thread's own (sched(7)); where it cannot be changed, all threads are alike.
fn give_way() {
    if let Err(error) = rustix::process::nice(GUEST_NICENESS) {
        tracing::debug!(%error, "the priority of a thread for guests stays as it is");
    }
}

fn engine_error(error: wasmtime::Error) -> HostError {
    HostError::Engine {
        source: error.into(),
    }
}
