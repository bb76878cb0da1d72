//! What follows from the end of an execution for the jobs that depend on its job.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{ExecutionId, OutcomeCode, clock::testing::ManualClock};
use sandglass_registry::{
    ChainLink, Dependencies, Execution, Job, OverlapPolicy, ParentExecution, Store, StoreError,
    Trigger,
    job::{Dependency, DependencyOn},
    store::{Consequence, Join, ScheduleChange, Settlement},
};
use serde_json::json;

use super::sample::{
    assert_refused, at, attempt, cancel, change_job, claim, claim_one, claim_these, elsewhere,
    ended, enqueued, execution, finished, fire_next, inserted, job, job_id, queued, scope, stored,
    succeed, user,
};

pub(crate) fn following(parents: &[&str]) -> Dependencies {
    let parent = |name: &&str| Dependency {
        job_id: job_id(name),
        on: DependencyOn::Success,
        condition: None,
    };
    Dependencies {
        parents: parents.iter().map(parent).collect(),
        ..Dependencies::default()
    }
}

/// Stores a job that follows others.
pub(crate) async fn child_of(store: &Arc<dyn Store>, name: &str, parents: &[&str]) -> Job {
    let child = Job {
        depends_on: following(parents),
        ..job(name)
    };
    inserted(store, child).await
}

/// The execution of `child` that has this id and follows from `parent`.
pub(crate) fn following_from(
    child: &Job,
    id: &str,
    parent: &Execution,
    root: &str,
) -> Box<Execution> {
    let parent_job = parent.job_id.clone();
    let parent = ParentExecution {
        job_id: parent.job_id.clone(),
        job_name: parent.job_name.clone(),
        execution_id: parent.id.clone(),
        status: parent.status,
        result: Some(json!({"of": parent.id})),
    };
    Box::new(Execution {
        triggered_by: Trigger::Chain,
        triggered_by_user: None,
        chain: Some(ChainLink {
            root: ExecutionId::parse(root).unwrap(),
            root_job: parent_job,
            depth: 1,
            parents: vec![parent],
        }),
        ..execution(child, id)
    })
}

pub(crate) async fn settle(
    store: &Arc<dyn Store>,
    parent: &Execution,
    consequences: Vec<Consequence>,
) {
    let settlement = Settlement {
        execution: parent.id.clone(),
        consequences,
    };
    store.settle(vec![settlement]).await.unwrap();
}

pub(crate) async fn follow(
    store: &Arc<dyn Store>,
    parent: &Execution,
    child: Box<Execution>,
    join: Join,
) {
    let consequence = Consequence::Follow {
        child,
        join,
        overlap: OverlapPolicy::AllowAll,
    };
    settle(store, parent, vec![consequence]).await;
}

/// Runs an execution of a job to its success.
pub(crate) async fn run(store: &Arc<dyn Store>, job: &Job, id: &str) -> Execution {
    enqueued(store, job, &[id]).await;
    let held = claim_these(store, &[id]).await;
    succeed(store, &held[0]).await
}

pub(crate) async fn unsettled(store: &Arc<dyn Store>) -> Vec<String> {
    let found = store.unsettled(100).await.unwrap();
    found.iter().map(|it| it.id.as_str().to_owned()).collect()
}

pub(crate) async fn is_stored(store: &Arc<dyn Store>, id: &str) -> bool {
    let id = ExecutionId::parse(id).unwrap();
    store.execution(&scope(), &id).await.unwrap().is_some()
}

pub(crate) async fn an_end_is_unsettled_where_others_depend_on_the_job(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    let alone = queued(&store, "job_alone", &[]).await;
    let parent = queued(&store, "job_parent", &[]).await;
    child_of(&store, "job_child", &["job_parent"]).await;
    run(&store, &alone, "exec_alone").await;
    run(&store, &parent, "exec_1").await;
    enqueued(&store, &parent, &["exec_2", "exec_3"]).await;
    clock.advance(Duration::from_secs(60));
    cancel(&store, "exec_2").await;
    let held = claim_one(&store).await;
    assert_eq!(unsettled(&store).await, ["exec_1", "exec_2"]);
    let failed = finished(attempt(1, OutcomeCode::Failed));
    let third = ended(&store, &held, failed).await;
    // The longest ended first.
    assert_eq!(third.completed_at, Some(at(7)));
    assert_eq!(unsettled(&store).await, ["exec_1", "exec_3", "exec_2"]);
    let found = store.unsettled(1).await.unwrap();
    assert_eq!(found, [stored(&store, "exec_1").await]);
}

pub(crate) async fn a_failure_is_unsettled_where_it_pauses_the_job(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let pausing = Job {
        pause_on_failure: true,
        ..job("job_1")
    };
    let pausing = inserted(&store, pausing).await;
    for (id, outcome) in [
        ("exec_1", OutcomeCode::Success),
        ("exec_2", OutcomeCode::Cancelled),
        ("exec_3", OutcomeCode::Failed),
        ("exec_4", OutcomeCode::TimedOut),
    ] {
        enqueued(&store, &pausing, &[id]).await;
        let held = claim_one(&store).await;
        ended(&store, &held, finished(attempt(1, outcome))).await;
    }
    assert_eq!(unsettled(&store).await, ["exec_3", "exec_4"]);
    for id in ["exec_3", "exec_4"] {
        let failed = stored(&store, id).await;
        settle(&store, &failed, Vec::new()).await;
    }
    assert_eq!(unsettled(&store).await, [""; 0]);
}

pub(crate) async fn an_end_is_settled_once(store: Arc<dyn Store>, _clock: ManualClock) {
    let parent = queued(&store, "job_parent", &[]).await;
    let child = child_of(&store, "job_child", &["job_parent"]).await;
    let first = run(&store, &parent, "exec_1").await;
    let next = |id| following_from(&child, id, &first, "exec_1");
    follow(&store, &first, next("exec_child"), Join::Each).await;
    let expect = stored(&store, "exec_child").await;
    assert_eq!(expect, *next("exec_child"));
    follow(&store, &first, next("exec_child"), Join::Each).await;
    follow(&store, &first, next("exec_other"), Join::Each).await;
    assert!(!is_stored(&store, "exec_other").await);
    assert_eq!(unsettled(&store).await, [""; 0]);
    claim_these(&store, &["exec_child"]).await;
}

pub(crate) async fn each_parent_alone_starts_its_child(store: Arc<dyn Store>, _clock: ManualClock) {
    let first = queued(&store, "job_a", &[]).await;
    let second = queued(&store, "job_b", &[]).await;
    let child = child_of(&store, "job_child", &["job_a", "job_b"]).await;
    let one = run(&store, &first, "exec_a").await;
    let other = run(&store, &second, "exec_b").await;
    for (parent, id) in [(&one, "next_a"), (&other, "next_b")] {
        let next = following_from(&child, id, parent, parent.id.as_str());
        follow(&store, parent, next, Join::Each).await;
    }
    claim_these(&store, &["next_a", "next_b"]).await;
}

pub(crate) async fn a_child_that_was_deleted_does_not_follow(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let parent = queued(&store, "job_parent", &[]).await;
    let child = child_of(&store, "job_child", &["job_parent"]).await;
    let first = run(&store, &parent, "exec_1").await;
    let deleted = store.delete_job(&scope(), &child.id, None, &user()).await;
    deleted.unwrap();
    let next = following_from(&child, "exec_child", &first, "exec_1");
    follow(&store, &first, next, Join::Each).await;
    assert_eq!(unsettled(&store).await, [""; 0]);
    assert!(claim(&store, 10).await.is_empty());
}

pub(crate) async fn a_chain_is_listed_from_its_root(store: Arc<dyn Store>, _clock: ManualClock) {
    let parent = queued(&store, "job_parent", &[]).await;
    let child = child_of(&store, "job_child", &["job_parent"]).await;
    let root = run(&store, &parent, "exec_root").await;
    let child_at = |id, seconds| {
        let mut child = following_from(&child, id, &root, "exec_root");
        child.queued_at = at(seconds);
        Consequence::Follow {
            child,
            join: Join::Each,
            overlap: OverlapPolicy::AllowAll,
        }
    };
    let consequences = vec![
        child_at("exec_last", 9),
        child_at("exec_before", -5),
        child_at("exec_between", 3),
    ];
    settle(&store, &root, consequences).await;
    enqueued(&store, &parent, &["exec_stranger"]).await;
    let chain = async |scope, limit| {
        let found = store.chain(&scope, &root.id, limit).await.unwrap();
        let ids = found.iter().map(|it| it.id.as_str().to_owned());
        ids.collect::<Vec<_>>()
    };
    let all = ["exec_root", "exec_before", "exec_between", "exec_last"];
    assert_eq!(chain(scope(), 10).await, all);
    assert_eq!(chain(scope(), 2).await, all[..2]);
    assert_eq!(chain(elsewhere(), 10).await, [""; 0]);
}

pub(crate) async fn dependents_and_dependencies_are_those_of_the_present(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    queued(&store, "job_a", &[]).await;
    queued(&store, "job_b", &[]).await;
    let both = child_of(&store, "job_both", &["job_b", "job_a"]).await;
    let one = child_of(&store, "job_one", &["job_a"]).await;
    let dependents = async |parent| store.dependents(&scope(), &job_id(parent)).await.unwrap();
    assert_eq!(dependents("job_a").await, [both.clone(), one]);
    assert_eq!(dependents("job_b").await, [both]);
    assert_eq!(dependents("job_both").await, []);
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        let pair = |(parent, child): &(&str, &str)| (job_id(parent), job_id(child));
        pairs.iter().map(pair).collect()
    };
    let all = store.dependencies(&scope()).await.unwrap();
    let expect = [
        ("job_a", "job_both"),
        ("job_a", "job_one"),
        ("job_b", "job_both"),
    ];
    assert_eq!(all, pairs(&expect));
    assert_eq!(store.dependencies(&elsewhere()).await.unwrap(), []);
    let there = store.dependents(&elsewhere(), &job_id("job_a")).await;
    assert_eq!(there.unwrap(), []);

    change_job(&store, "job_both", ScheduleChange::Keep, |job| {
        job.depends_on = following(&["job_b"]);
    })
    .await;
    let deleted = store
        .delete_job(&scope(), &job_id("job_one"), None, &user())
        .await;
    deleted.unwrap();
    let all = store.dependencies(&scope()).await.unwrap();
    assert_eq!(all, pairs(&[("job_b", "job_both")]));
}

pub(crate) async fn a_job_that_others_need_is_not_deleted(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let parent = queued(&store, "job_parent", &["exec_1"]).await;
    child_of(&store, "job_child", &["job_parent"]).await;
    let delete = async |name: &str| {
        let id = job_id(name);
        store.delete_job(&scope(), &id, None, &user()).await
    };
    match delete("job_parent").await {
        Err(StoreError::Needed { by }) => assert_eq!(by, [job_id("job_child")]),
        other => panic!("{other:?}"),
    }
    assert_refused!(delete("job_parent").await, StoreError::Needed { .. });
    assert_eq!(stored(&store, "exec_1").await, execution(&parent, "exec_1"));
    fire_next(&store, "job_parent").await;
    delete("job_child").await.unwrap();
    delete("job_parent").await.unwrap();
}
