//! Runs that wait in the store when the server starts.

use std::time::Duration;

use futures::StreamExt as _;
use sandglass_contract::{Clock as _, ExecutionId, JobId};
use sandglass_registry::{Job, store::ExecutionStore as _};
use serde_json::json;

use crate::{
    arguments::Throughput,
    executions::{milliseconds, waiting},
    ground::{Ground, block_on, scope},
    report::{Aim, Report},
};

use super::{AIM, Measured, Usage, all_stored, all_succeeded};

/// How many executions are on their way to the store at once.
const IN_FLIGHT: usize = 1024;

/// Measures.
pub(super) fn measure(
    ground: &Ground,
    arguments: &Throughput,
    jobs: u32,
    report: &mut Report,
) -> Measured {
    let manual = json!({"type": "manual"});
    let jobs: Vec<_> = (0..jobs)
        .map(|it| ground.job(it, manual.clone(), None))
        .collect();
    let ids: Vec<JobId> = jobs.iter().map(|it| it.id.clone()).collect();
    ground.fill(jobs.iter().cloned());
    block_on(enqueue(ground, &jobs, arguments.backlog));

    let (mut server, _) = ground.serve(ground.clock().now());
    let usage = Usage::of(ground, &server);
    let last = execution_id(arguments.backlog.saturating_sub(1));
    let last = ExecutionId::parse(last).expect("an id");
    ground.wait_for_ended(&server.client(), &last, arguments.backlog.into());
    usage.add_to(report, ground, &server, arguments.backlog as usize);
    assert_eq!(server.terminate(), Some(0), "the server stops in order");

    let executions = all_stored(ground, &ids);
    all_succeeded(&executions);
    assert_eq!(
        executions.len(),
        arguments.backlog as usize,
        "every run is stored"
    );
    let began = executions.iter().filter_map(|it| it.started_at).min();
    let ended = executions.iter().filter_map(|it| it.completed_at).max();
    let (began, ended) = (began.expect("a run"), ended.expect("a run"));
    let window = milliseconds(began, ended).max(1.0) / 1000.0;
    let rate = executions.len() as f64 / window;
    report.figure("runs finished from first to last", rate, "/s", AIM);
    report.figure(
        "runs, all of them succeeded",
        executions.len() as f64,
        "",
        Aim::None,
    );
    Measured {
        executions,
        began,
        window: Duration::from_secs_f64(window),
        rate,
        lines: Vec::new(),
    }
}

async fn enqueue(ground: &Ground, jobs: &[Job], count: u32) {
    let (store, scope, now) = (&ground.store(), &scope(), ground.clock().now());
    let executions = (0..count).map(|number| {
        let job = &jobs[number as usize % jobs.len()];
        waiting(job, &execution_id(number), now)
    });
    futures::stream::iter(executions)
        .map(|it| async move { store.enqueue(scope, &it).await })
        .buffer_unordered(IN_FLIGHT)
        .for_each(|stored| {
            stored.expect("it is stored");
            std::future::ready(())
        })
        .await;
}

fn execution_id(number: u32) -> String {
    format!("exec_{number:026}")
}
