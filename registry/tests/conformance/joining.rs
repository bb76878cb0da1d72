//! Jobs that follow several others.

use std::sync::Arc;

use sandglass_contract::{ExecutionId, JobId, clock::testing::ManualClock};
use sandglass_registry::{
    Execution, ExecutionStatus, Job, Store,
    store::{Consequence, Join, ScheduleChange},
};

use super::{
    chaining::{child_of, follow, following, following_from, is_stored, run, settle, unsettled},
    sample::{at, change_job, claim, claim_one, claim_these, queued, stored, succeed},
};

fn skipped(child: Box<Execution>) -> Box<Execution> {
    Box::new(Execution {
        status: ExecutionStatus::Skipped,
        reason: Some("a parent failed".to_owned()),
        completed_at: Some(at(0)),
        ..*child
    })
}

fn parents(execution: &Execution) -> Vec<&str> {
    let link = execution.chain.as_ref().unwrap();
    let parents = link.parents.iter();
    parents.map(|it| it.execution_id.as_str()).collect()
}

pub(crate) async fn parents_within_a_chain_are_joined_in_any_order(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_a", &[]).await;
    let second = queued(&store, "job_b", &[]).await;
    let child = child_of(&store, "job_child", &["job_a", "job_b"]).await;
    let join = |root: &str| Join::WithinChain {
        root: ExecutionId::parse(root).unwrap(),
        needed: 2,
    };
    for (root, order) in [("root_1", [&first, &second]), ("root_2", [&second, &first])] {
        let name = |job: &JobId| format!("{root}_{job}");
        let id = format!("{root}_child");
        for (number, job) in order.into_iter().enumerate() {
            let parent = run(&store, job, &name(&job.id)).await;
            let next = following_from(&child, &id, &parent, root);
            follow(&store, &parent, next, join(root)).await;
            assert_eq!(is_stored(&store, &id).await, number == 1);
        }
        let held = claim_one(&store).await;
        let joined = succeed(&store, &held).await;
        let expect = [name(&first.id), name(&second.id)];
        assert_eq!(parents(&joined), expect);
        // Another end within the same chain comes too late.
        let late = run(&store, &first, &format!("{root}_late")).await;
        let next = following_from(&child, &id, &late, root);
        follow(&store, &late, next, join(root)).await;
        assert_eq!(stored(&store, &id).await, joined);
        assert!(claim(&store, 10).await.is_empty());
    }
}

pub(crate) async fn parents_of_two_chains_are_kept_apart(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_a", &[]).await;
    let second = queued(&store, "job_b", &[]).await;
    let child = child_of(&store, "job_child", &["job_a", "job_b"]).await;
    for (job, id, root) in [(&first, "exec_a", "root_1"), (&second, "exec_b", "root_2")] {
        let parent = run(&store, job, id).await;
        let next = following_from(&child, &format!("{root}_child"), &parent, root);
        let join = Join::WithinChain {
            root: ExecutionId::parse(root).unwrap(),
            needed: 2,
        };
        follow(&store, &parent, next, join).await;
    }
    assert!(claim(&store, 10).await.is_empty());
}

pub(crate) async fn a_child_that_is_skipped_stays_skipped(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_a", &[]).await;
    let second = queued(&store, "job_b", &[]).await;
    let child = child_of(&store, "job_child", &["job_a", "job_b"]).await;
    child_of(&store, "job_grandchild", &["job_child"]).await;
    for (root, fails_first) in [("root_1", true), ("root_2", false)] {
        let join = Join::WithinChain {
            root: ExecutionId::parse(root).unwrap(),
            needed: 2,
        };
        let id = format!("{root}_child");
        let one = run(&store, &first, &format!("{root}_a")).await;
        let other = run(&store, &second, &format!("{root}_b")).await;
        let next = |parent: &Execution| following_from(&child, &id, parent, root);
        let skip = async || {
            let skip = Consequence::Skip {
                child: skipped(next(&other)),
                join: join.clone(),
            };
            settle(&store, &other, vec![skip]).await;
        };
        if fails_first {
            skip().await;
        }
        follow(&store, &one, next(&one), join.clone()).await;
        if !fails_first {
            skip().await;
        }
        assert_eq!(stored(&store, &id).await, *skipped(next(&other)));
        // Who depends on it hears of it.
        assert_eq!(unsettled(&store).await, std::slice::from_ref(&id));
        settle(&store, &stored(&store, &id).await, Vec::new()).await;
    }
    assert!(claim(&store, 10).await.is_empty());
}

pub(crate) async fn the_latest_ends_of_parents_are_joined_across_chains(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_a", &[]).await;
    let second = queued(&store, "job_b", &[]).await;
    let child = child_of(&store, "job_child", &["job_a", "job_b"]).await;
    let arrive = async |job: &Job, id: &str| {
        let parent = run(&store, job, id).await;
        let child_id = format!("child_of_{id}");
        let next = following_from(&child, &child_id, &parent, id);
        follow(&store, &parent, next, Join::Latest { needed: 2 }).await;
        child_id
    };
    arrive(&first, "a1").await;
    arrive(&first, "a2").await;
    assert!(claim(&store, 10).await.is_empty());
    let joined = arrive(&second, "b1").await;
    let held = claim_these(&store, &[&joined]).await;
    assert_eq!(parents(&succeed(&store, &held[0]).await), ["a2", "b1"]);
    // Those that it has followed are used up.
    arrive(&second, "b2").await;
    assert!(claim(&store, 10).await.is_empty());
    let joined = arrive(&first, "a3").await;
    let held = claim_these(&store, &[&joined]).await;
    assert_eq!(parents(&succeed(&store, &held[0]).await), ["a3", "b2"]);
}

pub(crate) async fn a_parent_that_the_child_no_longer_has_does_not_count(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_a", &[]).await;
    let second = queued(&store, "job_b", &[]).await;
    queued(&store, "job_c", &[]).await;
    let child = child_of(&store, "job_child", &["job_a", "job_b"]).await;
    let join = Join::Latest { needed: 2 };
    let one = run(&store, &first, "exec_a").await;
    let next = following_from(&child, "next_a", &one, "exec_a");
    follow(&store, &one, next, join.clone()).await;
    let child = change_job(&store, "job_child", ScheduleChange::Keep, |child| {
        child.depends_on = following(&["job_b", "job_c"]);
    })
    .await;
    let other = run(&store, &second, "exec_b").await;
    let next = following_from(&child, "next_b", &other, "exec_b");
    follow(&store, &other, next, join).await;
    assert!(claim(&store, 10).await.is_empty());
}
