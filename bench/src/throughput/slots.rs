//! Runs that schedules ask for: jobs that are due every second, spread over it evenly.

use std::{collections::BTreeMap, time::Duration};

use jiff::SignedDuration;
use sandglass_contract::{Clock as _, JobId};
use sandglass_registry::{Execution, ExecutionStatus};
use serde_json::json;

use crate::{
    arguments::Throughput,
    executions::milliseconds,
    ground::Ground,
    report::{Aim, Report},
};

use super::{AIM, Measured, Usage, all_stored, quantiles, to_start};

/// How long before the first slot the server is started.
const BEFORE: Duration = Duration::from_secs(8);

/// Measures.
pub(super) fn measure(
    ground: &Ground,
    arguments: &Throughput,
    jobs: u32,
    report: &mut Report,
) -> Measured {
    let window = Duration::from_secs(arguments.seconds.into());
    let (now, each_second) = (ground.clock().now(), json!({"interval_seconds": 1}));
    let begins = now + SignedDuration::from_hours(1);
    let jobs: Vec<_> = (0..jobs)
        .map(|number| {
            let share = i64::from(number) * 1000 / i64::from(jobs);
            let first = begins + SignedDuration::from_millis(share);
            ground.job(number, each_second.clone(), Some(first))
        })
        .collect();
    let ids: Vec<JobId> = jobs.iter().map(|it| it.id.clone()).collect();
    ground.fill(jobs.into_iter());

    let started = ground.clock().monotonic();
    let before = SignedDuration::try_from(BEFORE).expect("a short time");
    let (mut server, _) = ground.serve(begins - before);
    let left = BEFORE.checked_sub(ground.clock().monotonic() - started);
    Ground::pause(left.expect("the server was ready before the first slot; repeat"));
    let usage = Usage::of(ground, &server);
    Ground::pause(window);
    let window_ms = window.as_secs_f64() * 1000.0;
    let ended = |it: &Execution| {
        let at = it
            .completed_at
            .filter(|_| it.status == ExecutionStatus::Success);
        at.is_some_and(|at| milliseconds(begins, at) < window_ms)
    };
    let client = server.client();
    let so_far = crate::ground::total(&client, "success");
    usage.add_to(
        report,
        ground,
        &server,
        usize::try_from(so_far).unwrap_or(1).max(1),
    );
    assert_eq!(server.terminate(), Some(0), "the server stops in order");

    let stored = all_stored(ground, &ids);
    let of_window = |it: &&Execution| milliseconds(begins, it.scheduled_for) < window_ms;
    let mut states: BTreeMap<&str, u32> = BTreeMap::new();
    for it in stored.iter().filter(of_window) {
        *states.entry(it.status.as_str()).or_default() += 1;
    }
    let due = ids.len() as f64 * window.as_secs_f64();
    report.figure("slots that were due", due, "", Aim::None);
    for (state, count) in states {
        report.figure(
            format!("slots of the window: {state}"),
            count.into(),
            "",
            Aim::None,
        );
    }
    let executions: Vec<Execution> = stored.into_iter().filter(ended).collect();
    let rate = executions.len() as f64 / window.as_secs_f64();
    report.figure("runs finished", rate, "/s", AIM);
    quantiles(
        report,
        "slot to started",
        &to_start(&executions, |it| it.scheduled_for),
    );
    Measured {
        executions,
        began: begins,
        window,
        rate,
        lines: Vec::new(),
    }
}
