//! What the hosts have to do meanwhile: jobs of every kind, and runs asked for through any host.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bson::doc;
use sandglass_contract::{ExecutionId, JobId};
use sandglass_tests::{Client, MongoServer, Random, hosts::DOCUMENTS};
use serde_json::{Value, json};

/// How many attempts may follow the first: more than a template fails by itself, so that a run only
/// fails where hosts are lost again and again.
pub(crate) const MAX_RETRIES: u32 = 5;
/// How many ask for runs at once.
const ASKING: usize = 2;
/// How long somebody who asked waits for the answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// The collection that cleanups delete from.
const COLLECTION: &str = "messages";

/// What a job is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its runs stand by themselves.
    Single,
    /// Each of its slots cancels what is unfinished.
    Cancelling,
    /// Its runs touch the application database, which they may not reach.
    Touching,
    /// Every run of it that succeeds begins a chain.
    Root,
    /// It follows a root.
    Child,
    /// It follows both children of a root.
    Grandchild,
}

/// A job.
#[derive(Debug, Clone)]
pub(crate) struct LoadedJob {
    pub(crate) id: JobId,
    pub(crate) role: Role,
    /// How many milliseconds its slots are apart.
    pub(crate) interval_ms: Option<i64>,
    /// The jobs that it follows.
    pub(crate) parents: Vec<JobId>,
}

/// Every job.
pub(crate) struct Load {
    pub(crate) jobs: Vec<LoadedJob>,
}

impl Load {
    /// Makes the jobs, which are due at once.
    pub(crate) fn begin(client: &Client, server: &MongoServer) -> Self {
        let documents = (0..2000).map(|number| doc! {"number": number, "text": "old"});
        server.insert(DOCUMENTS, COLLECTION, documents.collect());
        let mut load = Self { jobs: Vec::new() };
        for fail_attempts in [0, 1] {
            let changes = json!({
                "overlap_policy": "allow_all", "catch_up": "all", "max_catch_up_runs": 1000,
                "parameters": {"steps": 2, "failAttempts": fail_attempts}
            });
            load.add(client, Role::Single, Some(1), &changes);
        }
        // Most of their slots fall into the wait for the next attempt and are skipped: slots by the
        // thousand, on a test server that carries some ten runs a second. None catches up on all of them,
        // since each would wait for its own next attempt.
        for number in 0..30 {
            let catch_up = ["last", "none"][number % 2];
            let changes = json!({
                "overlap_policy": "skip", "catch_up": catch_up, "starting_deadline_seconds": 5,
                "retry_policy": {"max_retries": MAX_RETRIES, "retry_delay_seconds": 10 + number % 10},
                "parameters": {"steps": 2, "failAttempts": 1}
            });
            load.add(client, Role::Single, Some(1), &changes);
        }
        for overlap in ["buffer_one", "buffer_all"] {
            let changes = json!({
                "overlap_policy": overlap, "parameters": {"steps": 5, "workUnits": 2000}
            });
            load.add(client, Role::Single, Some(3), &changes);
        }
        let changes = json!({
            "overlap_policy": "cancel_other", "parameters": {"steps": 10, "workUnits": 3000}
        });
        load.add(client, Role::Cancelling, Some(3), &changes);
        // Those that a host is in the middle of when it breaks.
        for _ in 0..2 {
            let changes = json!({
                "overlap_policy": "allow_all", "limits": {"fuel": 1_000_000_000_000_u64},
                "parameters": {"steps": 40, "workUnits": 10_000}
            });
            load.add(client, Role::Single, Some(5), &changes);
        }
        let changes = json!({
            "template_type": "database_cleanup", "overlap_policy": "allow_all",
            "parameters": {
                "collection": COLLECTION, "condition": {"number": {"$lt": 1000}},
                "dryRun": false, "batchSize": 50
            }
        });
        load.add(client, Role::Touching, Some(4), &changes);
        load.add_chain(client);
        load
    }

    /// A root with two children, and one that follows both.
    fn add_chain(&mut self, client: &Client) {
        let root = self.add(
            client,
            Role::Root,
            Some(2),
            &json!({"overlap_policy": "allow_all"}),
        );
        let after = |parents: &[JobId]| {
            let parents: Vec<Value> = parents.iter().map(|id| json!({"job_id": id})).collect();
            json!({
                "overlap_policy": "allow_all", "schedule": {"type": "manual"},
                "depends_on": {"parents": parents}
            })
        };
        let mut children = Vec::new();
        for _ in 0..2 {
            let parents = [root.clone()];
            children.push(self.add(client, Role::Child, None, &after(&parents)));
            self.jobs.last_mut().unwrap().parents = parents.into();
        }
        self.add(client, Role::Grandchild, None, &after(&children));
        self.jobs.last_mut().unwrap().parents = children;
    }

    fn add(&mut self, client: &Client, role: Role, seconds: Option<i64>, changes: &Value) -> JobId {
        let mut job = json!({
            "name": format!("job {}", self.jobs.len()), "template_type": "test_scheduler",
            "parameters": {"steps": 2},
            "retry_policy": {"max_retries": MAX_RETRIES, "retry_delay_seconds": 1}
        });
        if let Some(seconds) = seconds {
            job["schedule"] = json!({"interval_seconds": seconds});
        }
        sandglass_tests::jobs::merge(&mut job, changes);
        let id = JobId::parse(client.create_job(&job)).unwrap();
        self.jobs.push(LoadedJob {
            id: id.clone(),
            role,
            interval_ms: seconds.map(|it| it * 1000),
            parents: Vec::new(),
        });
        id
    }

    /// Ends every schedule.
    pub(crate) fn pause(&self, client: &Client) {
        for job in self.jobs.iter().filter(|job| job.interval_ms.is_some()) {
            let path = format!("/api/admin/scheduler-jobs/{}/pause", job.id);
            let _ = client
                .post(&path, &json!({"reason": "the suite ends"}))
                .expect(200);
        }
    }
}

/// Runs that were asked for and acknowledged.
pub(crate) struct Triggers;

impl Triggers {
    /// Asks any host for runs of any job, until the suite has ended.
    pub(crate) fn ask(
        load: &Load,
        clients: &[Client],
        random: &mut Random,
        ended: &Arc<AtomicBool>,
    ) -> JoinHandle<Vec<ExecutionId>> {
        let singles = load.jobs.iter().filter(|job| job.parents.is_empty());
        let jobs: Vec<JobId> = singles.map(|job| job.id.clone()).collect();
        let clients: Vec<Client> = clients
            .iter()
            .map(|it| it.clone().with_patience(PATIENCE))
            .collect();
        let asking: Vec<_> = (0..ASKING)
            .map(|_| {
                let (jobs, clients, ended) = (jobs.clone(), clients.clone(), ended.clone());
                let random = random.split();
                thread::spawn(move || ask(&jobs, &clients, random, &ended))
            })
            .collect();
        thread::spawn(move || {
            let asked = asking
                .into_iter()
                .flat_map(|it| it.join().expect("nobody panicked"));
            asked.collect()
        })
    }
}

fn ask(
    jobs: &[JobId],
    clients: &[Client],
    mut random: Random,
    ended: &AtomicBool,
) -> Vec<ExecutionId> {
    let mut acknowledged = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let path = format!("/api/admin/scheduler-jobs/{}/run", random.one_of(jobs));
        if let Ok(answer) = random.one_of(clients).try_post(&path, &json!({}))
            && answer.status == 202
        {
            let id = answer.body["execution_id"].as_str().expect("an execution");
            acknowledged.push(ExecutionId::parse(id).expect("an id"));
        }
        thread::sleep(Duration::from_millis(random.between(500, 1500)));
    }
    acknowledged
}
