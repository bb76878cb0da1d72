//! Chains: whom the end of an execution starts, whom it skips, and which circles are found.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use super::*;
use crate::testing::{at, execution_of, job};
use serde_json::{Value, json};

fn id(name: &str) -> JobId {
    JobId::parse(name).unwrap()
}

/// A graph, written as pairs of parent and child.
fn graph(pairs: &[(&str, &str)]) -> DependencyGraph {
    let pairs = pairs.iter();
    pairs
        .map(|(parent, child)| (id(parent), id(child)))
        .collect()
}

/// A job that follows others.
fn child_of(parents: &Value, members: Value) -> Job {
    let mut all = json!({"_id": "child", "depends_on": {"parents": parents}});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    job(all)
}

/// An execution of the job `name` that ended so.
fn ended(name: &str, status: ExecutionStatus) -> Execution {
    let parent = job(json!({"_id": name, "name": name}));
    Execution {
        status,
        result: Some(json!({"rows": 3})),
        ..execution_of(&parent, &format!("exec_{name}"))
    }
}

fn decide(execution: &Execution, child: &Job, graph: &DependencyGraph) -> Consequence {
    let children = [child.clone()];
    let mut all = decide_consequences(execution, &children, graph, at("12:00:00"));
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// The child that follows, or why it does not.
fn outcome(consequence: Consequence) -> Result<(Execution, Join), String> {
    match consequence {
        Consequence::Follow { child, join, .. } => Ok((*child, join)),
        Consequence::Skip { child, .. } => {
            assert_eq!(child.status, ExecutionStatus::Skipped);
            Err(child.reason.unwrap())
        }
    }
}

#[test]
fn a_child_follows_the_end_that_it_waits_for() {
    use ExecutionStatus::{Cancelled, Failed, Missed, Skipped, Success, TimedOut};
    let check = |on: &str, follows: &[ExecutionStatus]| {
        let child = child_of(&json!([{"job_id": "a", "on": on}]), json!({}));
        for status in [Success, Failed, TimedOut, Cancelled, Skipped, Missed] {
            let found = outcome(decide(
                &ended("a", status),
                &child,
                &graph(&[("a", "child")]),
            ));
            assert_eq!(
                found.is_ok(),
                follows.contains(&status),
                "{on} {status:?} {found:?}"
            );
        }
    };
    check("success", &[Success]);
    check("failure", &[Failed, TimedOut]);
    check("always", &[Success, Failed, TimedOut, Cancelled]);
}

#[test]
fn a_child_that_does_not_follow_says_why() {
    let check = |parent: Value, members: Value, status, expect: &str| {
        let child = child_of(&json!([parent]), members);
        let found = outcome(decide(
            &ended("a", status),
            &child,
            &graph(&[("a", "child")]),
        ));
        assert_eq!(found.unwrap_err(), expect);
    };
    use ExecutionStatus::{Failed, Missed, Skipped, Success};
    let a = || json!({"job_id": "a"});
    let failed = "its parent \"a\" ended as failed, and it follows on success";
    check(a(), json!({}), Failed, failed);
    check(
        a(),
        json!({"enabled": false}),
        Success,
        "the job is not enabled",
    );
    let never_ran = "its parent \"a\" did not run";
    check(
        json!({"job_id": "a", "on": "always"}),
        json!({}),
        Skipped,
        never_ran,
    );
    check(
        json!({"job_id": "a", "on": "always"}),
        json!({}),
        Missed,
        never_ran,
    );
    let condition = json!({"job_id": "a", "condition": {"rows": {"$gt": 3}}});
    let unmet = "the result of its parent \"a\" does not meet the condition";
    check(condition, json!({}), Success, unmet);
}

#[test]
fn a_condition_that_is_met_lets_the_child_follow() {
    let parents = json!([{"job_id": "a", "condition": {"rows": {"$gte": 3}}}]);
    let child = child_of(&parents, json!({}));
    let parent = ended("a", ExecutionStatus::Success);
    assert!(outcome(decide(&parent, &child, &graph(&[("a", "child")]))).is_ok());
}

#[test]
fn a_child_knows_what_it_follows() {
    let child = child_of(
        &json!([{"job_id": "a"}]),
        json!({"overlap_policy": "buffer_one"}),
    );
    let parent = Execution {
        dry_run: true,
        ..ended("a", ExecutionStatus::Success)
    };
    let consequence = decide(&parent, &child, &graph(&[("a", "child")]));
    let Consequence::Follow { overlap, .. } = &consequence else {
        panic!("{consequence:?}")
    };
    assert_eq!(*overlap, child.overlap_policy);
    let (execution, join) = outcome(consequence).unwrap();
    assert_eq!(join, Join::Each);
    assert_eq!(execution.id, ExecutionId::of_chain(&child.id, &parent.id));
    assert_eq!(execution.job_id, child.id);
    assert_eq!(execution.triggered_by, Trigger::Chain);
    assert_eq!(execution.scheduled_for, parent.scheduled_for);
    assert!(execution.dry_run);
    let link = execution.chain.unwrap();
    assert_eq!(
        (link.root, link.root_job, link.depth),
        (parent.id.clone(), parent.job_id, 1)
    );
    let follows = &link.parents[0];
    assert_eq!(follows.execution_id, parent.id);
    assert_eq!(follows.status, ExecutionStatus::Success);
    assert_eq!(follows.result, parent.result);
}

/// An execution of `name` within the chain that an execution of `root` began.
fn within_chain(name: &str, root: &str, depth: u32) -> Execution {
    Execution {
        chain: Some(ChainLink {
            root: ExecutionId::parse(format!("exec_{root}")).unwrap(),
            root_job: id(root),
            depth,
            parents: Vec::new(),
        }),
        ..ended(name, ExecutionStatus::Success)
    }
}

#[test]
fn parents_belong_together_as_the_graph_says() {
    let root = ExecutionId::parse("exec_root").unwrap();
    let check = |require: &str, pairs: &[(&str, &str)], parent: &Execution, expect: Join| {
        let child = job(json!({"_id": "child", "depends_on": {
            "parents": [{"job_id": "a"}, {"job_id": "b"}], "require": require}}));
        let found = decide(parent, &child, &graph(pairs));
        let (execution, join) = outcome(found).unwrap();
        assert_eq!(join, expect, "{require} {pairs:?}");
        let cause = match join {
            Join::WithinChain { root, .. } => root,
            Join::Each | Join::Latest { .. } => parent.id.clone(),
        };
        assert_eq!(execution.id, ExecutionId::of_chain(&child.id, &cause));
    };
    let diamond = [("root", "a"), ("root", "b"), ("a", "child"), ("b", "child")];
    let of_root = within_chain("a", "root", 1);
    let within = Join::WithinChain { root, needed: 2 };
    check("all", &diamond, &of_root, within.clone());
    check("any", &diamond, &of_root, Join::Each);
    let latest = Join::Latest { needed: 2 };
    let alone = ended("a", ExecutionStatus::Success);
    check("all", &diamond, &alone, latest.clone());
    check("all", &diamond[2..], &alone, latest.clone());
    let only_a = [("root", "a"), ("a", "child"), ("b", "child")];
    check("all", &only_a, &of_root, latest);
    // One parent of the child begins the chain and the other follows from it.
    let direct = [("a", "b"), ("a", "child"), ("b", "child")];
    let root = alone.id.clone();
    check(
        "all",
        &direct,
        &alone,
        Join::WithinChain { root, needed: 2 },
    );
    let longer = [
        ("root", "x"),
        ("x", "a"),
        ("root", "b"),
        ("a", "child"),
        ("b", "child"),
    ];
    check("all", &longer, &within_chain("a", "root", 2), within);
}

#[test]
fn both_parents_of_a_diamond_mean_the_same_child() {
    let pairs = graph(&[("root", "a"), ("root", "b"), ("a", "child"), ("b", "child")]);
    let child = child_of(&json!([{"job_id": "a"}, {"job_id": "b"}]), json!({}));
    let id_after = |parent: &Execution| match decide(parent, &child, &pairs) {
        Consequence::Follow { child, .. } | Consequence::Skip { child, .. } => child.id,
    };
    let failed = Execution {
        status: ExecutionStatus::Failed,
        ..within_chain("b", "root", 1)
    };
    assert_eq!(id_after(&within_chain("a", "root", 1)), id_after(&failed));
}

#[test]
fn a_chain_ends_where_it_is_too_long() {
    let child = child_of(&json!([{"job_id": "a"}]), json!({}));
    let check = |depth, follows: bool| {
        let parent = within_chain("a", "root", depth);
        let found = outcome(decide(&parent, &child, &graph(&[("a", "child")])));
        assert_eq!(found.is_ok(), follows, "{depth} {found:?}");
    };
    check(48, true);
    check(49, true);
    check(50, false);
    check(u32::MAX, false);
}

#[test]
fn only_jobs_that_depend_on_the_ended_one_follow() {
    let stranger = child_of(&json!([{"job_id": "b"}]), json!({}));
    let parent = ended("a", ExecutionStatus::Success);
    let found = decide_consequences(&parent, &[stranger], &graph(&[]), at("12:00:00"));
    assert!(found.is_empty());
}

#[test]
fn circles_are_found_and_named() {
    let check = |pairs: &[(&str, &str)], parents: &[&str], expect: Option<&[&str]>| {
        let parents: Vec<Dependency> = parents
            .iter()
            .map(|it| serde_json::from_value(json!({"job_id": it})).unwrap())
            .collect();
        let circle = graph(pairs).circle(&id("a"), &parents);
        let expect = expect.map(|names| names.iter().map(|it| id(it)).collect::<Vec<_>>());
        assert_eq!(circle, expect, "{pairs:?}");
    };
    check(&[], &[], None);
    check(&[], &["b"], None);
    check(&[], &["a"], Some(&["a", "a"]));
    check(&[("a", "b")], &["b"], Some(&["a", "b", "a"]));
    check(
        &[("a", "b"), ("b", "c")],
        &["c"],
        Some(&["a", "b", "c", "a"]),
    );
    check(
        &[("a", "b"), ("b", "c")],
        &["x", "c"],
        Some(&["a", "b", "c", "a"]),
    );
    check(&[("a", "b"), ("b", "c")], &["x"], None);
    let diamond = [("root", "b"), ("root", "c"), ("b", "a"), ("c", "a")];
    check(&diamond, &["b", "c"], None);
    check(&diamond, &["root"], None);
    check(&[("b", "a")], &["c"], None);
    let below = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")];
    check(&below, &["x"], None);
    let ring = [("b", "c"), ("c", "b"), ("a", "b")];
    check(&ring, &["x"], None);
}
