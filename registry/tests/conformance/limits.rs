//! Concurrency limits, which claims keep to.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{OutcomeCode, TemplateId, clock::testing::ManualClock};
use sandglass_registry::{
    ConcurrencyLimit, Execution, Job, Labels, LimitedBy, Store, StoreError, Tag, job::Priority,
    store::Claimed,
};

use super::sample::{
    LEASE, MOST_LOST, assert_refused, at, attempt, cancel, claim, claim_answer, claim_these,
    elsewhere, ended, enqueued, execution, finished, inserted, job, retried, scope, stored,
    succeed, user,
};

fn of_template(template: &str) -> LimitedBy {
    LimitedBy::Template(TemplateId::parse(template).unwrap())
}

fn of_tag(tag: &str) -> LimitedBy {
    LimitedBy::Tag(Tag::parse(tag).unwrap())
}

async fn limit(store: &Arc<dyn Store>, of: LimitedBy, most: u32) {
    let limit = ConcurrencyLimit { of, most };
    store.set_concurrency_limit(&scope(), &limit).await.unwrap();
}

/// A job of a template with tags.
fn limited(name: &str, template: &str, tags: &[&str]) -> Job {
    Job {
        template_type: TemplateId::parse(template).unwrap(),
        tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
        ..job(name)
    }
}

async fn queued(store: &Arc<dyn Store>, job: Job, ids: &[&str]) -> Job {
    let job = inserted(store, job).await;
    enqueued(store, &job, ids).await;
    job
}

pub(crate) async fn limits_are_listed_templates_first(store: Arc<dyn Store>, _clock: ManualClock) {
    for (of, most) in [
        (of_tag("b"), 4),
        (of_template("two"), 2),
        (of_tag("a"), 3),
        (of_template("one"), 1),
        (of_tag("b"), 5),
    ] {
        limit(&store, of, most).await;
    }
    let limits = store.concurrency_limits(&scope()).await.unwrap();
    let expect = [
        (of_template("one"), 1),
        (of_template("two"), 2),
        (of_tag("a"), 3),
        (of_tag("b"), 5),
    ];
    assert_eq!(
        limits,
        expect.map(|(of, most)| ConcurrencyLimit { of, most })
    );
    assert_eq!(store.concurrency_limits(&elsewhere()).await.unwrap(), []);

    let remove = async |scope, of| store.remove_concurrency_limit(&scope, &of).await;
    let refused = remove(elsewhere(), of_tag("a")).await;
    assert_refused!(refused, StoreError::NotFound { .. });
    remove(scope(), of_tag("a")).await.unwrap();
    let refused = remove(scope(), of_tag("a")).await;
    assert_refused!(refused, StoreError::NotFound { .. });
    assert_eq!(store.concurrency_limits(&scope()).await.unwrap().len(), 3);
}

pub(crate) async fn a_limit_is_kept_and_each_end_lets_one_go(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    limit(&store, of_tag("slow"), 2).await;
    let slow = limited("job_1", "one", &["slow"]);
    queued(&store, slow, &["exec_1", "exec_2", "exec_3", "exec_4"]).await;
    queued(&store, limited("job_2", "one", &[]), &["exec_5"]).await;
    let held = claim_these(&store, &["exec_1", "exec_2", "exec_5"]).await;
    let waiting = stored(&store, "exec_3").await;
    assert_eq!(waiting.waits_for, Some(of_tag("slow").gate()));
    claim_these(&store, &[]).await;
    succeed(&store, &held[2]).await;
    claim_these(&store, &[]).await;
    succeed(&store, &held[0]).await;
    claim_these(&store, &["exec_3"]).await;
    succeed(&store, &held[1]).await;
    claim_these(&store, &["exec_4"]).await;
}

pub(crate) async fn every_end_gives_its_place_back(store: Arc<dyn Store>, clock: ManualClock) {
    limit(&store, of_template("one"), 1).await;
    let first = queued(&store, limited("job_1", "one", &[]), &["exec_1", "exec_2"]).await;
    let held = claim_these(&store, &["exec_1"]).await;
    cancel(&store, "exec_1").await;
    claim_these(&store, &[]).await;
    let cancelled = finished(attempt(1, OutcomeCode::Cancelled));
    ended(&store, &held[0], cancelled).await;

    // A retry that waits holds no place, and has to get one again.
    let held = claim_these(&store, &["exec_2"]).await;
    enqueued(&store, &first, &["exec_3"]).await;
    let retry = retried(attempt(1, OutcomeCode::FailedRetryable), at(5));
    ended(&store, &held[0], retry).await;
    let held = claim_these(&store, &["exec_3"]).await;
    clock.advance(Duration::from_secs(5));
    claim_these(&store, &[]).await;
    succeed(&store, &held[0]).await;

    // One that loses its workers keeps its place until it is given up.
    for _ in 0..=MOST_LOST {
        claim_these(&store, &["exec_2"]).await;
        clock.advance(LEASE);
    }
    enqueued(&store, &first, &["exec_4"]).await;
    let answer = claim_answer(&store, 10).await;
    assert_eq!(answer.ended.len(), 1);
    let mut claimed = answer.claimed;
    claimed.extend(claim(&store, 10).await);
    let ids: Vec<_> = claimed.iter().map(|it| it.execution.id.as_str()).collect();
    assert_eq!(ids, ["exec_4"]);

    // One that is cancelled after its worker was lost.
    cancel(&store, "exec_4").await;
    enqueued(&store, &first, &["exec_5"]).await;
    clock.advance(LEASE);
    claim_these(&store, &["exec_5"]).await;
    let deleted = store.delete_job(&scope(), &first.id, None, &user()).await;
    deleted.unwrap();
    queued(&store, limited("job_2", "one", &[]), &["exec_6"]).await;
    claim_these(&store, &[]).await;
    clock.advance(LEASE);
    claim_these(&store, &["exec_6"]).await;
}

pub(crate) async fn a_lost_worker_is_replaced_though_its_limit_is_full(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    limit(&store, of_template("one"), 1).await;
    queued(&store, limited("job_1", "one", &[]), &["exec_1", "exec_2"]).await;
    claim_these(&store, &["exec_1"]).await;
    limit(&store, of_template("one"), 1).await;
    clock.advance(LEASE);
    let held = claim_these(&store, &["exec_1"]).await;
    succeed(&store, &held[0]).await;
    claim_these(&store, &["exec_2"]).await;
}

pub(crate) async fn one_that_was_let_go_and_ends_leaves_its_turn_to_the_next(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    limit(&store, of_template("one"), 1).await;
    let first = queued(&store, limited("job_1", "one", &[]), &["exec_1"]).await;
    let held = claim_these(&store, &["exec_1"]).await;
    enqueued(&store, &first, &["exec_2"]).await;
    let overdue = Execution {
        queue_deadline: Some(at(10)),
        ..execution(&first, "exec_3")
    };
    store.enqueue(&scope(), &overdue).await.unwrap();
    enqueued(&store, &first, &["exec_4"]).await;
    claim_these(&store, &[]).await;
    succeed(&store, &held[0]).await;
    cancel(&store, "exec_2").await;
    clock.advance(Duration::from_secs(10));
    assert_eq!(store.end_overdue(10).await.unwrap().ended.len(), 1);
    assert!(store.next_claimable(&Labels::default()).await.unwrap() <= Some(at(10)));
    claim_these(&store, &["exec_4"]).await;
}

pub(crate) async fn all_limits_of_an_execution_hold_at_once(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    limit(&store, of_template("one"), 1).await;
    limit(&store, of_tag("slow"), 1).await;
    queued(&store, limited("job_1", "one", &[]), &["exec_one"]).await;
    queued(&store, limited("job_2", "two", &["slow"]), &["exec_slow"]).await;
    let both = Job {
        priority: Priority::new(9).unwrap(),
        ..limited("job_3", "one", &["slow"])
    };
    let held = claim_these(&store, &["exec_one", "exec_slow"]).await;
    queued(&store, both, &["exec_both"]).await;
    let one = Job {
        priority: Priority::new(1).unwrap(),
        ..limited("job_4", "one", &[])
    };
    queued(&store, one, &["exec_later"]).await;
    claim_these(&store, &[]).await;
    succeed(&store, &held[0]).await;
    // The place that it cannot use is not kept for it.
    let later = claim_soon(&store).await;
    assert_eq!(later[0].execution.id.as_str(), "exec_later");
    let both = stored(&store, "exec_both").await;
    assert_eq!(both.waits_for, Some(of_tag("slow").gate()));
    succeed(&store, &held[1]).await;
    assert!(claim_soon(&store).await.is_empty());
    succeed(&store, &later[0].claim()).await;
    let both = claim_soon(&store).await;
    assert_eq!(both[0].execution.id.as_str(), "exec_both");
}

/// Claims as long as the store says that there is something.
async fn claim_soon(store: &Arc<dyn Store>) -> Vec<Claimed> {
    for _ in 0..10 {
        match store.next_claimable(&Labels::default()).await.unwrap() {
            Some(soon) if soon <= at(0) => {}
            _ => return Vec::new(),
        }
        let claimed = claim(store, 10).await;
        if !claimed.is_empty() {
            return claimed;
        }
    }
    panic!("the store says that there is something to claim and gives nothing");
}

pub(crate) async fn a_new_limit_counts_what_runs(store: Arc<dyn Store>, _clock: ManualClock) {
    let ids = ["exec_1", "exec_2", "exec_3"];
    queued(&store, limited("job_1", "one", &["slow"]), &ids).await;
    let held = claim_these(&store, &ids).await;
    limit(&store, of_tag("slow"), 2).await;
    limit(&store, of_template("one"), 2).await;
    limit(&store, of_tag("other"), 1).await;
    queued(&store, limited("job_2", "one", &[]), &["exec_4"]).await;
    queued(&store, limited("job_3", "two", &["slow"]), &["exec_5"]).await;
    claim_these(&store, &[]).await;
    succeed(&store, &held[0]).await;
    claim_these(&store, &[]).await;
    succeed(&store, &held[1]).await;
    claim_these(&store, &["exec_4", "exec_5"]).await;
}

pub(crate) async fn a_limit_is_raised_lowered_and_removed(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let ids = ["exec_1", "exec_2", "exec_3", "exec_4", "exec_5", "exec_6"];
    limit(&store, of_template("one"), 1).await;
    queued(&store, limited("job_1", "one", &[]), &ids).await;
    let mut held = claim_these(&store, &["exec_1"]).await;
    limit(&store, of_template("one"), 3).await;
    held.extend(claim_these(&store, &["exec_2", "exec_3"]).await);
    limit(&store, of_template("one"), 1).await;
    claim_these(&store, &[]).await;
    for claim in &held[..2] {
        succeed(&store, claim).await;
        claim_these(&store, &[]).await;
    }
    succeed(&store, &held[2]).await;
    let held = claim_these(&store, &["exec_4"]).await;
    store
        .remove_concurrency_limit(&scope(), &of_template("one"))
        .await
        .unwrap();
    claim_these(&store, &["exec_5", "exec_6"]).await;
    // Set again, it counts those that began without it.
    limit(&store, of_template("one"), 3).await;
    let other = queued(&store, limited("job_2", "one", &[]), &["exec_7"]).await;
    claim_these(&store, &[]).await;
    succeed(&store, &held[0]).await;
    claim_these(&store, &["exec_7"]).await;
    enqueued(&store, &other, &["exec_8"]).await;
    claim_these(&store, &[]).await;
}

pub(crate) async fn priority_decides_who_gets_a_place(store: Arc<dyn Store>, _clock: ManualClock) {
    limit(&store, of_template("one"), 1).await;
    let first = queued(&store, limited("job_1", "one", &[]), &["exec_1"]).await;
    let mut held = claim_these(&store, &["exec_1"]).await;
    for (id, priority) in [("exec_2", 3), ("exec_3", 7), ("exec_4", 3), ("exec_5", 9)] {
        let waiting = Execution {
            priority: Priority::new(priority).unwrap(),
            ..execution(&first, id)
        };
        store.enqueue(&scope(), &waiting).await.unwrap();
    }
    claim_these(&store, &[]).await;
    for next in ["exec_5", "exec_3", "exec_2", "exec_4"] {
        succeed(&store, &held[0]).await;
        held = claim_these(&store, &[next]).await;
    }
}

pub(crate) async fn a_limit_is_of_one_organisation(store: Arc<dyn Store>, _clock: ManualClock) {
    let here = limit(&store, of_template("one"), 1);
    here.await;
    let there = ConcurrencyLimit {
        of: of_template("one"),
        most: 1,
    };
    store
        .set_concurrency_limit(&elsewhere(), &there)
        .await
        .unwrap();
    let mine = queued(&store, limited("job_1", "one", &[]), &["exec_1"]).await;
    let theirs = Job {
        org: elsewhere().organisation().clone(),
        priority: Priority::new(9).unwrap(),
        ..limited("job_2", "one", &[])
    };
    store.insert_job(&elsewhere(), &theirs).await.unwrap();
    for id in ["exec_theirs", "exec_theirs_2"] {
        let waiting = execution(&theirs, id);
        store.enqueue(&elsewhere(), &waiting).await.unwrap();
    }
    let held = claim_these(&store, &["exec_theirs", "exec_1"]).await;
    enqueued(&store, &mine, &["exec_2"]).await;
    claim_these(&store, &[]).await;
    // The place is one of mine, and theirs that wait have no part in it.
    succeed(&store, &held[1]).await;
    claim_these(&store, &["exec_2"]).await;
    let gate = of_template("one").gate();
    let id = execution(&theirs, "exec_theirs_2").id;
    let waiting = store.execution(&elsewhere(), &id).await.unwrap();
    assert_eq!(waiting.unwrap().waits_for, Some(gate));
}
