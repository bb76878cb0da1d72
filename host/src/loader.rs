//! Loading templates: judging, compiling and linking components, and asking them about themselves.
//!
//! Nothing is run here: a loader has no capability to give, so that a component can be inspected
//! wherever it lies, without a store, mail or a network.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

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
    compiling::{Compiling, compile_in_child},
    engine::{self, ArtefactCache, Shape},
    error::{HostError, TemplateError},
    loaded::Loaded,
    pure::Questions,
    state::RunState,
    template::{Description, Template},
};

/// How much the threads of guests give way, from 0 to 19: a third of the weight of another thread.
const GUEST_NICENESS: i32 = 5;

/// Questions answered at the same time.
pub(crate) const CONCURRENT_QUESTIONS: usize = 4;

/// How a loader works.
#[derive(Debug, Clone)]
pub struct LoaderSettings {
    /// The folder of compiled templates, where there shall be one. It is made where it does not exist,
    /// readable by its owner alone, and holds nothing that cannot be made again.
    pub cache_folder: Option<PathBuf>,
    /// Threads that run guests.
    pub guest_threads: NonZeroUsize,
    /// Guests at the same time.
    pub concurrent_guests: NonZeroUsize,
    /// The largest component, in bytes.
    pub max_component_bytes: u64,
    /// Templates kept in memory ready to run.
    pub loaded_templates: NonZeroUsize,
    /// How long compiling a component may take.
    pub compile_timeout: Duration,
    /// Where components are compiled.
    pub compiling: Compiling,
}

impl LoaderSettings {
    /// The largest component that is taken where nobody says otherwise, in bytes: 32 MiB.
    pub const MAX_COMPONENT_BYTES: u64 = 32 << 20;

    /// For looking at a component once: nothing is kept.
    #[must_use]
    pub fn for_inspection(compiling: Compiling) -> Self {
        let several = NonZeroUsize::new(CONCURRENT_QUESTIONS).unwrap_or(NonZeroUsize::MIN);
        Self {
            cache_folder: None,
            guest_threads: NonZeroUsize::MIN,
            concurrent_guests: several,
            max_component_bytes: Self::MAX_COMPONENT_BYTES,
            loaded_templates: NonZeroUsize::MIN,
            compile_timeout: Duration::from_secs(120),
            compiling,
        }
    }
}

/// Loads templates. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Loader {
    inner: Arc<Inner>,
}

struct Inner {
    guests: Guests,
    permit: Arc<Semaphore>,
    linking: Arc<Linking>,
    compiling: Compiling,
    compile_timeout: Duration,
    max_component_bytes: u64,
    clock: Arc<dyn Clock>,
    questions: Questions,
}

/// What turns bytes into templates.
struct Linking {
    engine: Engine,
    cache: Option<ArtefactCache>,
    linker: Linker<RunState>,
    loaded: Loaded,
}

/// What is compiled.
enum Source {
    /// The component itself.
    Component(Vec<u8>),
    /// What a child has made of it.
    Code(Vec<u8>),
}

impl Loader {
    /// Starts a loader with threads of its own for guests. It may be called inside an asynchronous
    /// context or outside of one.
    ///
    /// # Errors
    /// Where the machine does not let guests be run, or the cache folder cannot be used.
    pub fn new(settings: LoaderSettings, clock: Arc<dyn Clock>) -> Result<Self, HostError> {
        let engine = engine::start(settings.concurrent_guests)?;
        let cache = settings.cache_folder.as_deref();
        let linking = Linking {
            cache: cache
                .map(|folder| ArtefactCache::open(folder, &engine))
                .transpose()?,
            loaded: Loaded::new(settings.loaded_templates),
            linker: engine::run_linker(&engine).map_err(|error| HostError::Engine {
                source: error.into(),
            })?,
            engine: engine.clone(),
        };
        let inner = Inner {
            guests: Guests::start(settings.guest_threads.get())?,
            permit: Arc::new(Semaphore::new(1)),
            linking: Arc::new(linking),
            compiling: settings.compiling,
            compile_timeout: settings.compile_timeout,
            max_component_bytes: settings.max_component_bytes,
            questions: Questions::new(engine, Arc::clone(&clock), CONCURRENT_QUESTIONS),
            clock,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The template whose component has this digest, where it is loaded.
    #[must_use]
    pub fn loaded(&self, digest: &Digest) -> Option<Arc<Template>> {
        self.inner.linking.loaded.get(digest)
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
        let permit = Arc::clone(&self.inner.permit).acquire_owned().await;
        let permit = permit.map_err(TemplateError::host)?;
        let (inner, component) = (Arc::clone(&self.inner), component.to_vec());
        let work = async move {
            let linking = Arc::clone(&inner.linking);
            let find = move || linking.find(&digest);
            if let Some(found) = blocking(find).await? {
                return found;
            }
            let source = match &inner.compiling {
                Compiling::InProcess => Source::Component(component),
                Compiling::InChild(command) => {
                    Source::Code(compile_in_child(command, &component).await?)
                }
            };
            let linking = Arc::clone(&inner.linking);
            // Compiling in this process cannot be interrupted: the permit goes with it, so that whoever
            // gives up waiting does not let a second one begin.
            blocking(move || {
                let _permit = permit;
                linking.make(&digest, &source)
            })
            .await?
        };
        let timeout = self.inner.compile_timeout;
        tokio::select! {
            biased;
            template = self.inner.guests.run(work) => template?,
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
    /// As [`Loader::describe`].
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
    /// As [`Loader::describe`], and where the template asks for what does not exist.
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

    /// Ends what guests do and stops their threads, in the background.
    pub fn shutdown(self) {
        self.inner.guests.stop();
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.linking.engine
    }

    /// Does `work` on the threads of the guests. It ends with the future that this returns.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, TemplateError> {
        self.inner.guests.run(work).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TemplateError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(TemplateError::host)
}

impl Linking {
    /// The template where it is loaded, or was compiled before.
    fn find(&self, digest: &Digest) -> Option<Result<Arc<Template>, TemplateError>> {
        if let Some(template) = self.loaded.get(digest) {
            return Some(Ok(template));
        }
        let component = self.cache.as_ref()?.read(&self.engine, digest)?;
        Some(self.link(digest, &component))
    }

    /// Makes a template, and keeps what was compiled.
    fn make(&self, digest: &Digest, source: &Source) -> Result<Arc<Template>, TemplateError> {
        let component = match source {
            Source::Component(bytes) => {
                Component::from_binary(&self.engine, bytes).map_err(|error| {
                    TemplateError::Invalid {
                        reason: format!("{error:#}"),
                    }
                })?
            }
            Source::Code(code) => engine::adopt(&self.engine, code)?,
        };
        let template = self.link(digest, &component)?;
        if let Some(cache) = &self.cache {
            cache.write(digest, &component);
        }
        Ok(template)
    }

    fn link(&self, digest: &Digest, component: &Component) -> Result<Arc<Template>, TemplateError> {
        let imports = engine::inspect(&self.engine, component)?;
        let for_runs = engine::run_pre(&self.linker, component)?;
        let for_questions = engine::pure_pre(&self.engine, component)?;
        let template = Arc::new(Template::new(*digest, imports, for_runs, for_questions));
        self.loaded.insert(Arc::clone(&template));
        Ok(template)
    }
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
