//! The embedded store by itself: what inserting, claiming and ending executions cost, with every
//! write on the disk before it is counted.

use std::time::Duration;

use futures::StreamExt as _;
use sandglass_contract::{Clock as _, SystemClock};
use sandglass_registry::{
    Labels,
    embedded::EmbeddedStore,
    store::{ClaimRequest, Claimed, Ending, ExecutionStore as _, FollowUp, Records},
};
use serde_json::json;

use crate::{
    arguments::{Common, Store},
    executions::waiting,
    ground::{Ground, block_on, scope},
    process,
    report::{Aim, Report},
};

/// How many executions a claim takes.
const CLAIMED_AT_ONCE: u32 = 256;
/// How many attempts are ended in one call.
const ENDED_AT_ONCE: usize = 500;
const LEASE: Duration = Duration::from_secs(600);
/// The name of the thread that writes.
const WRITER: &str = "sqlite-writer";

/// What one kind of write took.
pub(crate) struct Cost {
    what: &'static str,
    /// How many there were in a second.
    pub(crate) per_second: f64,
    /// Processor time of the writing thread for each, in microseconds.
    writer: f64,
    /// How many there were in a transaction.
    in_a_transaction: f64,
}

/// What all kinds took.
pub(crate) struct Costs {
    /// Inserting.
    pub(crate) insert: Cost,
    /// Claiming.
    pub(crate) claim: Cost,
    /// Ending.
    pub(crate) end: Cost,
}

impl Costs {
    /// How many executions a second could be inserted, claimed and ended, if the store did nothing
    /// else and nobody else needed the processors.
    pub(crate) fn whole_per_second(&self) -> f64 {
        let all = [&self.insert, &self.claim, &self.end];
        1.0 / all.map(|it| 1.0 / it.per_second).iter().sum::<f64>()
    }

    /// Adds the figures to a report.
    pub(crate) fn add_to(&self, report: &mut Report) {
        for cost in [&self.insert, &self.claim, &self.end] {
            let what = format!("store alone: {}", cost.what);
            report.figure(&what, cost.per_second, "/s", Aim::None);
            let writer = format!("{what}, writer's processor time each");
            report.figure(writer, cost.writer, "µs", Aim::None);
            let batch = format!("{what}, in a transaction");
            report.figure(batch, cost.in_a_transaction, "", Aim::None);
        }
        let whole = self.whole_per_second();
        report.figure(
            "store alone: all three, one after another",
            whole,
            "/s",
            Aim::None,
        );
    }
}

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Store) {
    let settings = json!({"executions": arguments.executions, "callers": arguments.callers});
    let mut report = Report::new("store", common, settings);
    measure(common, arguments).add_to(&mut report);
    report.finish(&[]);
}

/// Inserts, claims and ends executions in a store of its own.
pub(crate) fn measure(common: &Common, arguments: &Store) -> Costs {
    let ground = Ground::prepare(common, SystemClock::default().now());
    let job = ground.job(0, json!({"type": "manual"}), None);
    ground.fill(std::iter::once(job.clone()));
    let store = ground.store();
    let now = ground.clock().now();
    let (count, callers) = (arguments.executions, arguments.callers as usize);
    let meter = |what, work: &mut dyn FnMut() -> u32| {
        let (began, before) = (ground.clock().monotonic(), state(&store));
        let done = f64::from(work());
        let (spent, after) = (ground.clock().monotonic() - began, state(&store));
        assert_eq!(done, f64::from(count), "{what}: all of them");
        Cost {
            what,
            per_second: done / spent.as_secs_f64(),
            writer: (after.0 - before.0).as_secs_f64() * 1e6 / done,
            in_a_transaction: done / (after.1 - before.1) as f64,
        }
    };
    let insert = meter("insert", &mut || {
        let scope = scope();
        let executions = (0..count).map(|it| waiting(&job, &format!("exec_{it:026}"), now));
        block_on(
            futures::stream::iter(executions)
                .map(|it| {
                    let (store, scope) = (&store, &scope);
                    async move { store.enqueue(scope, &it).await.expect("it is stored") }
                })
                .buffer_unordered(callers)
                .fold(0, |sum, ()| std::future::ready(sum + 1)),
        )
    });
    let mut claimed = Vec::new();
    let claim = meter("claim", &mut || {
        block_on(claim_all(&store, &mut claimed));
        u32::try_from(claimed.len()).expect("as many as were inserted")
    });
    let end = meter("end", &mut || {
        block_on(
            futures::stream::iter(std::mem::take(&mut claimed))
                .chunks(ENDED_AT_ONCE)
                .fold(0, |sum, batch| {
                    let store = &store;
                    async move {
                        let ends = batch.iter().map(|it| (it.claim(), ending(now)));
                        let ended = store.end_attempts(ends.collect()).await;
                        let ended = ended.expect("the store answers");
                        assert!(ended.iter().all(|it| it.status().is_some()), "it is stored");
                        sum + u32::try_from(ended.len()).unwrap_or(u32::MAX)
                    }
                }),
        )
    });
    Costs { insert, claim, end }
}

async fn claim_all(store: &EmbeddedStore, claimed: &mut Vec<Claimed>) {
    loop {
        let request = ClaimRequest {
            host: "bench".to_owned(),
            labels: Labels::default(),
            limit: CLAIMED_AT_ONCE,
            lease: LEASE,
            most_lost_leases: 5,
        };
        let more = store
            .claim(request)
            .await
            .expect("the store answers")
            .claimed;
        if more.is_empty() {
            return;
        }
        claimed.extend(more);
    }
}

fn ending(at: jiff::Timestamp) -> Ending {
    let attempt = json!({
        "attempt": 1, "execution_host": "bench", "started_at": at, "completed_at": at,
        "outcome": "success", "error": null, "fuel_used": 1000, "peak_memory_bytes": 65_536
    });
    Ending {
        attempt: serde_json::from_value(attempt).expect("an attempt"),
        records: Records::default(),
        uses: Vec::new(),
        follow_up: FollowUp::Finished {
            result: Some(json!({})),
            message: Some("No-op".to_owned()),
            artifacts: Vec::new(),
        },
    }
}

/// Processor time of the writing thread, and transactions, until now.
fn state(store: &EmbeddedStore) -> (Duration, u64) {
    let times = process::time_by_thread(std::process::id());
    let writer = times.get(WRITER).copied().unwrap_or_default();
    (writer, store.write_counts().transactions)
}
