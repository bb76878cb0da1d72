//! The same engine settings and the same functions, with nothing before or after them.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{Clock as _, SystemClock};
use sandglass_query::{ApplicationDatabase, Filter};
use wasmtime::{
    Config, Engine, Store, StoreContextMut, UpdateDeadline,
    component::{Component, ComponentType, Linker, Lower, Val},
};

const INTERFACES: [&str; 3] = [
    "sandglass:job/database@0.1.0",
    "sandglass:job/random@0.1.0",
    "sandglass:job/clock@0.1.0",
];

/// The error of the contract.
#[derive(ComponentType, Lower)]
#[component(variant)]
#[allow(dead_code, reason = "the type of the contract has every case")]
enum Error {
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "invalid-argument")]
    InvalidArgument(String),
    #[component(name = "limit-exceeded")]
    LimitExceeded(String),
    #[component(name = "unavailable")]
    Unavailable(String),
    #[component(name = "other")]
    Other(String),
}

/// A sandbox without checks.
pub(crate) struct Bare {
    engine: Engine,
    linker: Linker<State>,
    database: Arc<dyn ApplicationDatabase>,
}

struct State {
    database: Arc<dyn ApplicationDatabase>,
    clock: SystemClock,
}

impl Bare {
    pub(crate) fn new(database: Arc<dyn ApplicationDatabase>) -> Self {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .epoch_interruption(true)
            .concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        let mut linker: Linker<State> = Linker::new(&engine);
        let [database_interface, random, clock] = INTERFACES;
        let mut interface = linker.instance(database_interface).unwrap();
        interface
            .func_wrap_async(
                "count",
                |store: StoreContextMut<'_, State>, (collection, filter): (String, String)| {
                    let database = Arc::clone(&store.data().database);
                    Box::new(async move {
                        let (name, filter) = (collection.parse(), Filter::parse_text(&filter));
                        let count = database.count(&name.unwrap(), &filter.unwrap()).await;
                        Ok((count.map_err(|error| Error::Other(error.to_string())),))
                    })
                },
            )
            .unwrap();
        let mut interface = linker.instance(random).unwrap();
        interface
            .func_wrap_async("number", |_: StoreContextMut<'_, State>, ()| {
                Box::new(async { Ok((rand::random::<u64>(),)) })
            })
            .unwrap();
        let mut interface = linker.instance(clock).unwrap();
        interface
            .func_wrap_async("now", |store: StoreContextMut<'_, State>, ()| {
                let now = store.data().clock.now().as_millisecond();
                Box::new(async move { Ok((now,)) })
            })
            .unwrap();
        Self {
            engine,
            linker,
            database,
        }
    }

    pub(crate) fn load(&self, component: &[u8]) -> Component {
        Component::from_binary(&self.engine, component).unwrap()
    }

    /// One run; how long it took.
    pub(crate) async fn run(&self, component: &Component) -> Duration {
        let state = State {
            database: Arc::clone(&self.database),
            clock: SystemClock::default(),
        };
        let clock = SystemClock::default();
        let began = clock.monotonic();
        let mut store = Store::new(&self.engine, state);
        store.set_fuel(u64::MAX / 2).unwrap();
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let instance = self.linker.instantiate_async(&mut store, component).await;
        let instance = instance.unwrap();
        let execute = instance.get_func(&mut store, "execute").unwrap();
        let text = |text: &str| Val::String(text.to_owned());
        let context = Val::Record(vec![
            ("run-id".to_owned(), text("exec_1")),
            ("job-id".to_owned(), text("job_1")),
            ("job-name".to_owned(), text("A job")),
            ("attempt".to_owned(), Val::U32(1)),
            ("scheduled-at".to_owned(), Val::S64(0)),
            ("deadline".to_owned(), Val::S64(0)),
            ("dry-run".to_owned(), Val::Bool(false)),
            ("idempotency-key".to_owned(), text("key")),
            ("parents".to_owned(), Val::List(Vec::new())),
        ]);
        let mut answer = [Val::Bool(false)];
        let arguments = [context, text("{}")];
        let called = execute.call_async(&mut store, &arguments, &mut answer);
        called.await.unwrap();
        clock.monotonic().saturating_sub(began)
    }
}
