//! Ending executions before their time.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{ExecutionId, OutcomeCode, clock::testing::ManualClock};
use sandglass_registry::{
    CancelRequest, ExecutionStatus, Labels, Store, StoreError,
    store::{CancelAnswer, LeaseAnswer},
};

use super::sample::{
    LEASE, assert_lost, assert_refused, at, attempt, cancel, claim, claim_answer, claim_one,
    elsewhere, ended, finished, job_id, queued, retried, scope, stored, succeed, user,
};

pub(crate) async fn a_waiting_execution_is_cancelled_at_once(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    clock.advance(Duration::from_secs(3));
    assert_eq!(cancel(&store, "exec_1").await, CancelAnswer::Cancelled);
    let execution = stored(&store, "exec_1").await;
    assert_eq!(execution.status, ExecutionStatus::Cancelled);
    assert_eq!(execution.completed_at, Some(at(3)));
    let request = CancelRequest {
        by: user(),
        at: at(3),
    };
    assert_eq!(execution.cancel_requested, Some(request));
    assert!(claim(&store, 10).await.is_empty());
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        None
    );

    let unknown = ExecutionId::parse("exec_2").unwrap();
    let answer = store.cancel(&scope(), &unknown, &user()).await;
    assert_refused!(answer, StoreError::NotFound { .. });
    let answer = store.cancel(&elsewhere(), &execution.id, &user()).await;
    assert_refused!(answer, StoreError::NotFound { .. });
}

pub(crate) async fn a_running_execution_is_asked_to_end(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    assert_eq!(cancel(&store, "exec_1").await, CancelAnswer::Requested);
    assert_eq!(cancel(&store, "exec_1").await, CancelAnswer::Requested);
    let answers = store.renew(std::slice::from_ref(&held), LEASE).await;
    assert_eq!(answers.unwrap(), [LeaseAnswer::CancelRequested]);
    let ending = finished(attempt(1, OutcomeCode::Cancelled));
    let execution = ended(&store, &held, ending).await;
    assert_eq!(execution.status, ExecutionStatus::Cancelled);
    assert_eq!(execution.cancel_requested.unwrap().by, user());
}

pub(crate) async fn a_retry_of_what_was_to_be_cancelled_ends_it(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    cancel(&store, "exec_1").await;
    let ending = retried(attempt(1, OutcomeCode::FailedRetryable), at(100));
    let execution = ended(&store, &held, ending).await;
    assert_eq!(execution.status, ExecutionStatus::Cancelled);
    assert_eq!(execution.completed_at, Some(at(7)));
    assert_eq!(execution.attempts.len(), 1);
    assert_eq!(execution, stored(&store, "exec_1").await);
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        None
    );
}

pub(crate) async fn what_was_to_be_cancelled_is_not_claimed_again(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    cancel(&store, "exec_1").await;
    clock.advance(LEASE);
    let answer = claim_answer(&store, 10).await;
    assert!(answer.claimed.is_empty());
    assert_eq!(answer.ended, std::slice::from_ref(&held.execution));
    let execution = stored(&store, "exec_1").await;
    assert_eq!(execution.status, ExecutionStatus::Cancelled);
    assert_eq!(execution.attempts.len(), 1);
    assert_eq!(execution.attempts[0].outcome, OutcomeCode::LeaseLost);
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        None
    );
    let ending = finished(attempt(1, OutcomeCode::Success));
    assert_lost(&store, &held, ending).await;
}

pub(crate) async fn a_finished_execution_stays_as_it_is(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    let execution = succeed(&store, &held).await;
    let answer = cancel(&store, "exec_1").await;
    assert_eq!(
        answer,
        CancelAnswer::AlreadyFinished(ExecutionStatus::Success)
    );
    assert_eq!(stored(&store, "exec_1").await, execution);
}

pub(crate) async fn deleting_a_job_cancels_what_it_left(store: Arc<dyn Store>, clock: ManualClock) {
    queued(&store, "job_2", &["exec_other"]).await;
    let other = claim_one(&store).await;
    queued(&store, "job_1", &["exec_running"]).await;
    let held = claim_one(&store).await;
    let ended = stored(&store, "exec_other").await;
    let waiting = super::sample::execution(&super::sample::job("job_1"), "exec_waiting");
    store.enqueue(&scope(), &waiting).await.unwrap();

    clock.advance(Duration::from_secs(1));
    let deleted = store
        .delete_job(&scope(), &job_id("job_1"), None, &user())
        .await;
    deleted.unwrap();
    let waiting = stored(&store, "exec_waiting").await;
    assert_eq!(waiting.status, ExecutionStatus::Cancelled);
    assert_eq!(waiting.completed_at, Some(at(1)));
    let running = stored(&store, "exec_running").await;
    assert_eq!(running.status, ExecutionStatus::Running);
    assert_eq!(running.cancel_requested.unwrap().by, user());
    let answers = store.renew(&[held, other], LEASE).await.unwrap();
    assert_eq!(
        answers,
        [LeaseAnswer::CancelRequested, LeaseAnswer::Renewed]
    );
    assert_eq!(stored(&store, "exec_other").await, ended);
}
