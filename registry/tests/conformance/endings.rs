//! Records of a run and how attempts end.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{CallOutcome, Digest, OutcomeCode, Progress, clock::testing::ManualClock};
use sandglass_registry::{
    ArtifactRecord, Attempt, ExecutionStatus, Labels, Store,
    store::{EndAnswer, Ending, FollowUp, Records},
};
use serde_json::json;

use super::sample::{
    assert_fenced, at, attempt, claim, claim_one, ended, entry, execution, finished, line, queued,
    retried, scope, stored,
};

fn progress(done: u64) -> Option<Progress> {
    Some(Progress {
        done,
        total: Some(10),
        note: Some("going".to_owned()),
    })
}

pub(crate) async fn a_finished_attempt_ends_the_execution(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    let result = json!({"count": 3, "ratio": 0.1, "deep": [null, {"a": "ü"}]});
    let artifact = ArtifactRecord {
        id: "a1".to_owned(),
        name: "users.csv".to_owned(),
        content_type: "text/csv".to_owned(),
        size: 12,
        sha256: Digest::of(b"file"),
    };
    let ending = Ending {
        attempt: attempt(1, OutcomeCode::Success),
        uses: Vec::new(),
        records: Records {
            log: vec![line(1, "done")],
            journal: vec![entry(1, 1, CallOutcome::Ok)],
            progress: progress(10),
        },
        follow_up: FollowUp::Finished {
            result: Some(result.clone()),
            message: Some("3 users".to_owned()),
            artifacts: vec![artifact.clone()],
        },
    };
    let ended = ended(&store, &held, ending).await;
    assert_eq!(ended.status, ExecutionStatus::Success);
    assert_eq!(ended.outcome, Some(OutcomeCode::Success));
    assert_eq!(ended.completed_at, Some(at(7)));
    assert_eq!(ended.duration_seconds, Some(7.0));
    assert_eq!(ended.result, Some(result));
    assert_eq!(ended.message.as_deref(), Some("3 users"));
    assert_eq!(ended.error, None);
    assert_eq!(ended.artifacts, [artifact]);
    assert_eq!(ended.progress, progress(10));
    assert_eq!(ended.attempts, [attempt(1, OutcomeCode::Success)]);
    assert_eq!((ended.fuel_used, ended.peak_memory_bytes), (100, 1000));
    assert_eq!(ended, stored(&store, "exec_1").await);
    let log = store.log(&scope(), &ended.id, 0, 10).await.unwrap();
    assert_eq!(log, [line(1, "done")]);
    assert!(claim(&store, 10).await.is_empty());
    let again = finished(attempt(1, OutcomeCode::Failed));
    let answers = store.end_attempts(vec![(held, again)]).await.unwrap();
    // Whether a store knows that it was this claim depends on whether its answers can get lost.
    let known = EndAnswer::Ended(ExecutionStatus::Success);
    assert!([vec![known], vec![EndAnswer::Lost]].contains(&answers));
    assert_eq!(ended, stored(&store, "exec_1").await);
}

pub(crate) async fn a_status_follows_from_every_outcome(store: Arc<dyn Store>, _: ManualClock) {
    let job = queued(&store, "job_1", &[]).await;
    for (number, outcome) in OutcomeCode::ALL.into_iter().enumerate() {
        let id = format!("exec_{number}");
        let waiting = execution(&job, &id);
        store.enqueue(&scope(), &waiting).await.unwrap();
        let held = claim_one(&store).await;
        let ending = finished(attempt(1, outcome));
        let ended = ended(&store, &held, ending).await;
        assert_eq!(ended.status, ExecutionStatus::after(outcome), "{outcome:?}");
        assert_eq!(ended.outcome, Some(outcome));
        assert_eq!(ended.error, attempt(1, outcome).error);
    }
}

pub(crate) async fn a_retry_waits_for_its_time(store: Arc<dyn Store>, clock: ManualClock) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    let ending = retried(attempt(1, OutcomeCode::FailedRetryable), at(60));
    let waiting = ended(&store, &held, ending).await;
    assert_eq!(waiting.status, ExecutionStatus::Queued);
    assert_eq!(waiting.available_at, at(60));
    assert_eq!(
        (waiting.completed_at, waiting.duration_seconds),
        (None, None)
    );
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        Some(at(60))
    );
    let late = Records {
        log: vec![line(1, "late")],
        ..Records::default()
    };
    assert_fenced(store.record(&held, late).await);
    assert!(claim(&store, 10).await.is_empty());
    clock.advance(Duration::from_secs(60));
    let again = claim(&store, 10).await.pop().unwrap().execution;
    assert_eq!(again.attempt, 2);
    assert_eq!(again.started_at, Some(at(0)));
    assert_eq!(again.progress, None);
}

pub(crate) async fn attempts_add_up(store: Arc<dyn Store>, _clock: ManualClock) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    let first = Attempt {
        peak_memory_bytes: 5000,
        ..attempt(1, OutcomeCode::TimedOut)
    };
    let ending = retried(first.clone(), at(0));
    ended(&store, &held, ending).await;
    let held = claim_one(&store).await;
    let second = attempt(2, OutcomeCode::Failed);
    let ending = finished(second.clone());
    let ended = ended(&store, &held, ending).await;
    assert_eq!(ended.status, ExecutionStatus::Failed);
    assert_eq!(ended.attempts, [first, second]);
    assert_eq!((ended.fuel_used, ended.peak_memory_bytes), (200, 5000));
}

pub(crate) async fn records_are_read_in_their_order(store: Arc<dyn Store>, _clock: ManualClock) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    let write = async |log, journal, progress| {
        let records = Records {
            log,
            journal,
            progress,
        };
        store.record(&held, records).await.unwrap();
    };
    let ok = CallOutcome::Ok;
    write(
        vec![line(5, "e"), line(7, "g")],
        vec![entry(2, 1, ok)],
        None,
    )
    .await;
    write(vec![line(20, "t")], vec![entry(1, 2, ok)], progress(2)).await;
    write(Vec::new(), vec![entry(1, 10, ok)], None).await;

    let id = &held.execution;
    let seqs = async |after, limit| {
        let lines = store.log(&scope(), id, after, limit).await.unwrap();
        lines.iter().map(|line| line.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 10).await, [5, 7, 20]);
    assert_eq!(seqs(5, 1).await, [7]);
    assert_eq!(seqs(20, 10).await, [0; 0]);
    let places = async |skip, limit| {
        let (entries, total) = store.journal(&scope(), id, skip, limit).await.unwrap();
        assert_eq!(total, 3);
        let place = entries.iter().map(|it| (it.attempt, it.seq));
        place.collect::<Vec<_>>()
    };
    assert_eq!(places(0, 10).await, [(1, 2), (1, 10), (2, 1)]);
    assert_eq!(places(1, 1).await, [(1, 10)]);
    assert_eq!(stored(&store, "exec_1").await.progress, progress(2));
}

pub(crate) async fn a_record_sent_twice_is_stored_once(store: Arc<dyn Store>, _clock: ManualClock) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    for outcome in [CallOutcome::Pending, CallOutcome::Ok] {
        let records = Records {
            log: vec![line(1, "same")],
            journal: vec![entry(1, 1, outcome)],
            progress: None,
        };
        store.record(&held, records).await.unwrap();
    }
    let id = &held.execution;
    let log = store.log(&scope(), id, 0, 10).await.unwrap();
    assert_eq!(log, [line(1, "same")]);
    let journal = store.journal(&scope(), id, 0, 10).await.unwrap();
    assert_eq!(journal, (vec![entry(1, 1, CallOutcome::Ok)], 1));
}

pub(crate) async fn an_ended_execution_takes_no_more_records(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    let ending = finished(attempt(1, OutcomeCode::Failed));
    ended(&store, &held, ending).await;
    let records = Records {
        log: vec![line(1, "late")],
        ..Records::default()
    };
    assert_fenced(store.record(&held, records).await);
    let log = store.log(&scope(), &held.execution, 0, 10).await.unwrap();
    assert_eq!(log, []);
}
