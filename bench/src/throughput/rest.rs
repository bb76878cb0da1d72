//! Runs that clients ask for, over connections that are kept.

use std::{collections::HashSet, time::Duration};

use sandglass_contract::{Clock as _, ExecutionId, JobId, SystemClock};
use serde_json::json;

use crate::{
    arguments::Throughput,
    executions::milliseconds,
    ground::{Ground, block_on},
    http::{Connection, Request},
    report::{Aim, Report},
    statistics::{Sample, by_second, series},
};

use super::{AIM, Measured, Usage, all_stored, all_succeeded, quantiles, to_start};

/// A run that the server has acknowledged.
#[derive(Clone)]
struct Acknowledged {
    execution: String,
    /// Since the measuring began.
    at: Duration,
    /// From sending the request to the answer.
    took: Duration,
}

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
    ground.fill(jobs.into_iter());
    let (mut server, _) = ground.serve(ground.clock().now());

    let window = Duration::from_secs(arguments.seconds.into());
    let (began, usage) = (ground.clock().now(), Usage::of(ground, &server));
    let acknowledged: Vec<Acknowledged> = block_on(async {
        let until = ground.clock().monotonic() + window;
        let callers = (0..arguments.connections).map(|number| {
            let job = &ids[number as usize % ids.len()];
            ask(
                server.address(),
                Request::run(job.as_str()),
                ground.clock(),
                until,
                window,
            )
        });
        futures::future::join_all(callers).await.concat()
    });
    let last = acknowledged.iter().max_by_key(|it| it.at).expect("a run");
    let last = ExecutionId::parse(last.execution.as_str()).expect("an id");
    ground.wait_for_ended(&server.client(), &last, acknowledged.len() as u64);
    usage.add_to(report, ground, &server, acknowledged.len());
    assert_eq!(server.terminate(), Some(0), "the server stops in order");

    let executions = all_stored(ground, &ids);
    all_succeeded(&executions);
    let known: HashSet<&str> = executions.iter().map(|it| it.id.as_str()).collect();
    let lost = acknowledged
        .iter()
        .filter(|it| !known.contains(it.execution.as_str()));
    assert_eq!(lost.count(), 0, "every acknowledged run is stored");
    assert_eq!(known.len(), acknowledged.len(), "no run was made up");

    let ended_within = executions
        .iter()
        .filter_map(|it| it.completed_at)
        .filter(|at| milliseconds(began, *at) < window.as_secs_f64() * 1000.0)
        .count();
    let rate = ended_within as f64 / window.as_secs_f64();
    report.figure("runs finished while runs were asked for", rate, "/s", AIM);
    let asked = acknowledged.len() as f64 / window.as_secs_f64();
    report.figure("runs acknowledged", asked, "/s", Aim::None);
    report.figure(
        "runs, all of them succeeded",
        acknowledged.len() as f64,
        "",
        Aim::None,
    );
    quantiles(
        report,
        "trigger to started",
        &to_start(&executions, |it| it.queued_at),
    );
    let took = acknowledged.iter().map(|it| it.took.as_secs_f64() * 1000.0);
    quantiles(report, "trigger to answer", &Sample::of(took));
    let answers = by_second(acknowledged.iter().map(|it| it.at.as_secs_f64()));
    report.series("acknowledged_by_second", answers.clone());
    Measured {
        executions,
        began,
        window,
        rate,
        lines: vec![("acknowledged".to_owned(), series(&answers))],
    }
}

/// Asks for one run after another until the time `until`, which ends the window.
async fn ask(
    address: &str,
    request: Request,
    clock: &SystemClock,
    until: Duration,
    window: Duration,
) -> Vec<Acknowledged> {
    let mut connection = Connection::open(address).await;
    let mut acknowledged = Vec::new();
    while clock.monotonic() < until {
        let sent = clock.monotonic();
        let execution = connection.run(&request).await;
        let answered = clock.monotonic();
        acknowledged.push(Acknowledged {
            execution,
            at: (answered + window).saturating_sub(until),
            took: answered - sent,
        });
    }
    acknowledged
}
