//! What keeps the server busy: a guest that computes without end, on every place, and the guests of the
//! hostile corpus, more of them than there are places.

use std::time::Duration;

use sandglass_contract::{Clock as _, SystemClock};
use sandglass_hostile::{CORPUS, Expect, Hostile};
use sandglass_tests::Client;
use serde_json::{Map, Value, json};

use crate::{
    ground::{PATIENCE, take_in},
    http::{Connection, Request},
};

/// Runs that wait or run at once, above the places that a server has.
const RUNS: u64 = 96;
/// How often hostile guests are counted and added to.
const FEED_EVERY: Duration = Duration::from_millis(250);
const LOOK_EVERY: Duration = Duration::from_millis(100);

const ENDLESS: &str = "an_endless_loop_with_fuel_to_spare_is_timed_out";
const UNFINISHED: &str = "/api/admin/job-executions?limit=200&status=queued,running";

fn guests() -> impl Iterator<Item = &'static Hostile> {
    CORPUS.iter().flat_map(|(_, guests)| *guests)
}

/// Makes a job of a guest; returns its id.
fn job(client: &Client, hostile: &Hostile, timeout_seconds: u64) -> String {
    take_in(client, hostile.name, &hostile.component());
    let limits = hostile.limits.iter();
    let limits: Map<String, Value> = limits
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    client.create_job(&json!({
        "name": hostile.name, "template_type": hostile.name, "parameters": {},
        "schedule": {"type": "manual"}, "limits": limits, "timeout_seconds": timeout_seconds,
        "retry_policy": {"max_retries": 0}, "overlap_policy": "allow_all",
    }))
}

/// Cancels everything that waits or runs, and waits until nothing does.
fn clear(client: &Client) {
    let looks = PATIENCE.as_millis() / LOOK_EVERY.as_millis();
    for _ in 0..looks {
        let body = client.get(UNFINISHED).expect(200).body;
        let rows = body["executions"].as_array().expect("a list").clone();
        if rows.is_empty() {
            return;
        }
        for row in rows {
            let id = row["_id"].as_str().expect("an id");
            let _ = client.post(
                &format!("/api/admin/job-executions/{id}/cancel"),
                &json!({}),
            );
        }
        std::thread::sleep(LOOK_EVERY);
    }
    panic!("runs did not end");
}

/// A guest that computes without end.
pub(super) struct Busy(String);

impl Busy {
    pub(super) fn prepare(client: &Client) -> Self {
        let endless = guests().find(|it| it.name == ENDLESS);
        Self(job(client, endless.expect("it is in the corpus"), 3_600))
    }

    /// Takes all places.
    pub(super) fn begin(&mut self, client: &Client) {
        for _ in 0..RUNS {
            let _ = client.start_job(&self.0, &json!({}));
        }
    }

    pub(super) fn end(&mut self, client: &Client) {
        clear(client);
    }
}

/// The guests of the corpus that run.
pub(super) struct Hostiles {
    jobs: Vec<String>,
    next: usize,
    runs: u64,
}

impl Hostiles {
    pub(super) fn prepare(client: &Client) -> Self {
        let run = guests().filter(|it| matches!(it.expect, Expect::Ends(_) | Expect::Answers(_)));
        Self {
            jobs: run.map(|it| job(client, it, it.timeout_seconds)).collect(),
            next: 0,
            runs: 0,
        }
    }

    /// How many runs there were.
    pub(super) const fn runs(&self) -> u64 {
        self.runs
    }

    fn next(&mut self) -> &str {
        let job = &self.jobs[self.next % self.jobs.len()];
        self.next += 1;
        self.runs += 1;
        job
    }

    /// Begins with as many runs as are kept up.
    pub(super) fn feed(&mut self, client: &Client) {
        for _ in 0..RUNS {
            let _ = client.start_job(self.next(), &json!({}));
        }
    }

    /// Keeps as many runs waiting or running until the time `until`.
    pub(super) async fn keep_fed(&mut self, address: &str, until: Duration, clock: &SystemClock) {
        let mut connection = Connection::open(address).await;
        let count = Request::get("/api/admin/job-executions?limit=1&status=queued,running");
        while clock.monotonic() < until {
            let (_, body) = connection.send(&count).await;
            let unfinished = body["total"].as_u64().expect("a total");
            for _ in unfinished..RUNS {
                let request = Request::run(self.next());
                let _ = connection.run(&request).await;
            }
            clock.sleep(FEED_EVERY).await;
        }
    }

    pub(super) fn end(&mut self, client: &Client) {
        clear(client);
    }
}
