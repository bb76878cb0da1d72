//! What a benchmark stands on: a data folder with the no-op template in it, filled with jobs, and
//! servers whose clock says what it shall.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use jiff::Timestamp;
use sandglass_contract::{Clock as _, Digest, ExecutionId, JobId, OrganisationId, SystemClock};
use sandglass_registry::{
    Job, Schedule, Scope,
    embedded::EmbeddedStore,
    store::{JobStore as _, StoreError},
};
use sandglass_tests::{Client, Server, ServerOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    arguments::Common,
    guest::{NO_OP, no_op},
};

/// How many records are on their way to the store at once while it is filled.
const IN_FLIGHT: usize = 1024;
/// How long the server is waited for to do what it was asked.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// How often is looked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A data folder.
pub(crate) struct Ground {
    folder: Arc<TempDir>,
    common: Common,
    clock: SystemClock,
    model: Job,
}

/// The scope of everything here.
pub(crate) fn scope() -> Scope {
    Scope::of(OrganisationId::default())
}

/// Runs something that waits, on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

impl Ground {
    /// A new folder in which a server has taken in the no-op template, by its own clock at `now`.
    pub(crate) fn prepare(common: &Common, now: Timestamp) -> Self {
        let folder = match &common.work {
            Some(work) => TempDir::new_in(work),
            None => TempDir::new(),
        };
        let folder = Arc::new(folder.expect("a folder to work in"));
        let clock = SystemClock::default();
        let options = options(common, &clock, now);
        let mut server = Server::start_in(folder.clone(), &options);
        let id = take_in_no_op(&server.client());
        let data = server.data_folder();
        assert_eq!(server.terminate(), Some(0), "the server stops in order");
        let store = EmbeddedStore::open(&data, Arc::new(clock.clone())).expect("the store");
        let id = JobId::parse(id).expect("an id");
        let model = block_on(store.job(&scope(), &id)).expect("the store answers");
        Self {
            folder,
            common: common.clone(),
            clock,
            model: model.expect("the job is stored"),
        }
    }

    /// Starts a server whose clock says `now`. Returns it and how long it took to be ready.
    pub(crate) fn serve(&self, now: Timestamp) -> (Server, Duration) {
        let options = options(&self.common, &self.clock, now);
        let began = self.clock.monotonic();
        let server = Server::start_in(self.folder.clone(), &options);
        (server, self.clock.monotonic() - began)
    }

    /// The store, while no server uses it.
    pub(crate) fn store(&self) -> EmbeddedStore {
        let folder = self.folder.path().join("data");
        EmbeddedStore::open(&folder, Arc::new(self.clock.clone())).expect("the store")
    }

    /// Removes compiled templates, so that the next server compiles them.
    pub(crate) fn forget_compiled(&self) {
        let folder = self.folder.path().join("data/cache");
        std::fs::remove_dir_all(folder).expect("the cache is removed");
    }

    /// The clock of this process.
    pub(crate) const fn clock(&self) -> &SystemClock {
        &self.clock
    }

    /// A job of the no-op template.
    pub(crate) fn job(&self, number: u32, schedule: Value, next_run_at: Option<Timestamp>) -> Job {
        let name = json!(format!("No-op number {number}"));
        let mut job = self.model.clone();
        job.id = job_id(number);
        job.name = serde_json::from_value(name).expect("a name");
        job.schedule = serde_json::from_value::<Schedule>(schedule).expect("a schedule");
        job.enabled = true;
        job.next_run_at = next_run_at;
        job
    }

    /// Stores jobs through the store's own interface, many at once. Returns how long it took.
    pub(crate) fn fill(&self, jobs: impl Iterator<Item = Job>) -> Duration {
        let began = self.clock.monotonic();
        let store = &self.store();
        block_on(async {
            let scope = &scope();
            let stored = futures::stream::iter(jobs)
                .map(|job| async move { store.insert_job(scope, &job).await })
                .buffer_unordered(IN_FLIGHT);
            let stored: Vec<Result<(), StoreError>> = stored
                .filter(|stored| std::future::ready(stored.is_err()))
                .collect()
                .await;
            assert!(stored.is_empty(), "{stored:?}");
        });
        self.clock.monotonic() - began
    }

    /// Waits until `last`, which is expected to be among the last to end, and then all of `count`
    /// executions have ended. Counting costs the server the more the more there are, so that it is left
    /// for the end.
    pub(crate) fn wait_for_ended(&self, client: &Client, last: &ExecutionId, count: u64) {
        let path = format!("/api/admin/job-executions/{last}");
        self.wait_until(|| {
            let answer = client.get(&path);
            let status = answer.body["execution"]["status"].as_str();
            answer.status == 200 && !matches!(status, Some("queued" | "running"))
        });
        self.wait_until(|| total(client, "queued,running") == 0 && total(client, "") >= count);
    }

    fn wait_until(&self, is_so: impl Fn() -> bool) {
        let began = self.clock.monotonic();
        while !is_so() {
            let waited = self.clock.monotonic() - began;
            assert!(
                waited < PATIENCE,
                "the server does not do what it was asked"
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits for some time.
    pub(crate) fn pause(duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// The id of the job with that number.
pub(crate) fn job_id(number: u32) -> JobId {
    JobId::parse(format!("job_{number:026}")).expect("an id")
}

/// The slot of the last of so many jobs.
pub(crate) fn last_slot(jobs: u32, due: Timestamp) -> ExecutionId {
    ExecutionId::of_slot(&job_id(jobs.saturating_sub(1)), due)
}

/// How many executions there are in some states, or in all.
pub(crate) fn total(client: &Client, states: &str) -> u64 {
    let path = match states {
        "" => "/api/admin/job-executions?limit=1".to_owned(),
        states => format!("/api/admin/job-executions?limit=1&status={states}"),
    };
    let answer = client.get(&path).expect(200);
    answer.body["total"].as_u64().expect("a total")
}

fn options(common: &Common, clock: &SystemClock, now: Timestamp) -> ServerOptions {
    let offset = now.as_millisecond() - clock.now().as_millisecond();
    let mut environment = vec![
        ("SANDGLASS_CLOCK_OFFSET_MS".to_owned(), offset.to_string()),
        ("RUST_LOG".to_owned(), common.log.clone()),
    ];
    let runs = common.concurrent_runs.iter();
    environment.extend(runs.map(|it| ("SANDGLASS_CONCURRENT_RUNS".to_owned(), it.to_string())));
    ServerOptions {
        environment,
        ..ServerOptions::default()
    }
}

/// Takes in the no-op template and makes a job of it; returns the job's id.
pub(crate) fn take_in_no_op(client: &Client) -> String {
    take_in(client, NO_OP, &no_op());
    client.create_manual_job(NO_OP, &json!({}))
}

/// Has one user upload a template and another approve it.
pub(crate) fn take_in(client: &Client, template: &str, component: &[u8]) {
    let digest = Digest::of(component);
    let wasm = [("content-type", "application/wasm")];
    let path = "/api/admin/job-templates";
    let author = client.as_author();
    let answer = author.send("POST", path, &wasm, component);
    if answer.status == 409 {
        // It is there already, and approved.
        return;
    }
    let _ = answer.expect(201);
    let path = format!("{path}/{template}/versions/{digest}/approve");
    let _ = client.post(&path, &json!({})).expect(200);
}
