//! The register of capabilities.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use sandglass_contract::{
    CapabilityUse, Interface, JobId, Operation, OutcomeCode, clock::testing::ManualClock,
};
use sandglass_registry::{
    PageRequest, RegisterQuery, RegisterRow, Scope, Store, UseState,
    store::{Claim, EndAnswer, Ending, ScheduleChange},
};
use serde_json::{Value, json};

use super::sample::{
    at, attempt, change_job, claim_these, elsewhere, finished, job, job_id, queued, scope, user,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn everything(clock: &ManualClock) -> RegisterQuery {
    use sandglass_contract::Clock as _;
    RegisterQuery {
        job: None,
        template: None,
        interface: None,
        operation: None,
        targets: None,
        state: None,
        now: clock.now(),
        page: page(1, 100),
    }
}

fn page(page: u32, limit: u32) -> PageRequest {
    let number = |it| NonZeroU32::new(it).unwrap();
    PageRequest::new(number(page), number(limit))
}

fn used(operation: Operation, target: &str, uses: u64, denials: u64) -> CapabilityUse {
    CapabilityUse {
        operation,
        target: target.to_owned(),
        uses,
        denials,
    }
}

fn shown(row: &RegisterRow) -> String {
    let (state, granted) = (
        row.state.as_str(),
        if row.granted { "" } else { " not granted" },
    );
    let times = match (row.uses, row.denials) {
        (0, 0) => String::new(),
        (uses, denials) => format!(" {uses} used {denials} denied"),
    };
    let (operation, target) = (row.operation.as_str(), &row.target);
    format!("{state} {} {operation} {target}{granted}{times}", row.job)
}

async fn rows(store: &Arc<dyn Store>, scope: &Scope, query: &RegisterQuery) -> Vec<String> {
    let found = store.capability_register(scope, query).await.unwrap();
    found.items.iter().map(shown).collect()
}

async fn end(store: &Arc<dyn Store>, claim: &Claim, number: u32, uses: Vec<CapabilityUse>) {
    let ending = Ending {
        uses,
        ..finished(attempt(number, OutcomeCode::Success))
    };
    let answers = store.end_attempts(vec![(claim.clone(), ending)]).await;
    assert!(matches!(answers.unwrap()[0], EndAnswer::Ended(_)));
}

async fn grant(store: &Arc<dyn Store>, name: &str, entries: &Value) {
    let entries = serde_json::from_value(entries.clone()).unwrap();
    change_job(store, name, ScheduleChange::Keep, |job| job.grant = entries).await;
}

pub(crate) async fn the_register_follows_the_grants_of_jobs(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    store.insert_job(&scope(), &job("job_1")).await.unwrap();
    let mut theirs = job("job_2");
    theirs.org = elsewhere().organisation().clone();
    store.insert_job(&elsewhere(), &theirs).await.unwrap();
    let all = everything(&clock);
    assert_eq!(
        rows(&store, &scope(), &all).await,
        ["unused job_1 count users"]
    );
    let expect = ["unused job_2 count users"];
    assert_eq!(rows(&store, &elsewhere(), &all).await, expect);

    let entries = json!([
        {"interface": "database", "target": "logs", "operations": ["count", "delete"]},
        {"interface": "email", "target": "*@acme.example", "operations": ["send"]},
    ]);
    grant(&store, "job_1", &entries).await;
    let expect = [
        "unused job_1 count logs",
        "unused job_1 delete logs",
        "unused job_1 send *@acme.example",
    ];
    assert_eq!(rows(&store, &scope(), &all).await, expect);
    let found = store
        .jobs_by_id(&scope(), &["job_1", "job_2"].map(job_id))
        .await;
    let found: Vec<JobId> = found.unwrap().into_iter().map(|it| it.id).collect();
    assert_eq!(found, [job_id("job_1")]);

    store
        .delete_job(&scope(), &job_id("job_1"), None, &user())
        .await
        .unwrap();
    assert!(rows(&store, &scope(), &all).await.is_empty());
}

pub(crate) async fn what_was_denied_comes_first_and_then_what_is_not_used(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    queued(&store, "job_2", &["exec_2"]).await;
    store.insert_job(&scope(), &job("job_3")).await.unwrap();
    let claims = claim_these(&store, &["exec_1", "exec_2"]).await;
    let count = |uses| used(Operation::Count, "users", uses, 0);
    end(&store, &claims[0], 1, vec![count(3)]).await;
    let denied = used(Operation::Delete, "users", 0, 2);
    end(&store, &claims[1], 1, vec![count(1), denied]).await;

    let all = everything(&clock);
    let expect = [
        "denied job_2 delete users not granted 0 used 2 denied",
        "unused job_3 count users",
        "used job_1 count users 3 used 0 denied",
        "used job_2 count users 1 used 0 denied",
    ];
    assert_eq!(rows(&store, &scope(), &all).await, expect);
    let found = store.capability_register(&scope(), &all).await.unwrap();
    let moments: Vec<_> = found
        .items
        .iter()
        .map(|it| (it.used_at, it.denied_at))
        .collect();
    let ended = Some(attempt(1, OutcomeCode::Success).completed_at);
    let expect = [(None, ended), (None, None), (ended, None), (ended, None)];
    assert_eq!(moments, expect);

    let check = async |change: &dyn Fn(&mut RegisterQuery), expect: &[&str], total: u64| {
        let mut query = all.clone();
        change(&mut query);
        let found = store.capability_register(&scope(), &query).await.unwrap();
        let jobs: Vec<_> = found.items.iter().map(|it| it.job.as_str()).collect();
        assert_eq!((jobs.as_slice(), found.total), (expect, total), "{query:?}");
    };
    check(&|it| it.page = page(2, 3), &["job_2"], 4).await;
    check(&|it| it.page = page(2, 1), &["job_3"], 4).await;
    check(
        &|it| it.state = Some(UseState::Used),
        &["job_1", "job_2"],
        2,
    )
    .await;
    check(&|it| it.state = Some(UseState::Denied), &["job_2"], 1).await;
    check(&|it| it.job = Some(job_id("job_2")), &["job_2", "job_2"], 2).await;
    check(&|it| it.operation = Some(Operation::Delete), &["job_2"], 1).await;
    check(&|it| it.interface = Some(Interface::Email), &[], 0).await;
    let targets = |names: &[&str]| Some(names.iter().map(|it| (*it).to_owned()).collect());
    check(&|it| it.targets = targets(&["logs", "*"]), &[], 0).await;
    let all_of_users = ["job_2", "job_3", "job_1", "job_2"];
    check(
        &|it| it.targets = targets(&["*", "users"]),
        &all_of_users,
        4,
    )
    .await;
    let template = |name: &str| Some(serde_json::from_value(json!(name)).unwrap());
    check(&|it| it.template = template("other"), &[], 0).await;
    check(
        &|it| it.template = template("test_scheduler"),
        &all_of_users,
        4,
    )
    .await;
}

pub(crate) async fn an_attempt_counts_once_and_only_under_its_claim(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let claims = claim_these(&store, &["exec_1"]).await;
    let ending = || Ending {
        uses: vec![used(Operation::Count, "users", 5, 0)],
        ..finished(attempt(1, OutcomeCode::Success))
    };
    for _ in 0..2 {
        let ended = store
            .end_attempts(vec![(claims[0].clone(), ending())])
            .await;
        let _ = ended.unwrap();
    }
    let expect = ["used job_1 count users 5 used 0 denied"];
    assert_eq!(rows(&store, &scope(), &everything(&clock)).await, expect);
}

pub(crate) async fn what_ended_together_is_added_up(store: Arc<dyn Store>, clock: ManualClock) {
    queued(&store, "job_1", &["exec_1", "exec_2", "exec_3"]).await;
    let claims = claim_these(&store, &["exec_1", "exec_2", "exec_3"]).await;
    let ending = |uses, denials| Ending {
        uses: vec![used(Operation::Count, "users", uses, denials)],
        ..finished(attempt(1, OutcomeCode::Success))
    };
    let endings = [ending(1, 0), ending(2, 1), ending(4, 0)];
    let endings = claims.into_iter().zip(endings).collect();
    let answers = store.end_attempts(endings).await.unwrap();
    assert!(answers.iter().all(|it| matches!(it, EndAnswer::Ended(_))));
    let expect = ["denied job_1 count users 7 used 1 denied"];
    assert_eq!(rows(&store, &scope(), &everything(&clock)).await, expect);
}

pub(crate) async fn uses_are_forgotten_after_thirty_days(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let claims = claim_these(&store, &["exec_1"]).await;
    let uses = vec![
        used(Operation::Count, "users", 5, 0),
        used(Operation::Delete, "users", 0, 1),
    ];
    end(&store, &claims[0], 1, uses).await;
    let seen_after = async |days: u32| {
        let query = RegisterQuery {
            now: at(0) + DAY * days,
            ..everything(&clock)
        };
        rows(&store, &scope(), &query).await
    };
    let expect = [
        "denied job_1 delete users not granted 0 used 1 denied",
        "used job_1 count users 5 used 0 denied",
    ];
    assert_eq!(seen_after(29).await, expect);
    assert_eq!(seen_after(30).await, ["unused job_1 count users"]);
}

pub(crate) async fn a_job_that_was_narrowed_shows_what_it_used_before(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let claims = claim_these(&store, &["exec_1"]).await;
    let uses = vec![used(Operation::Count, "users", 1, 0)];
    end(&store, &claims[0], 1, uses).await;
    grant(&store, "job_1", &json!([])).await;
    let expect = ["used job_1 count users not granted 1 used 0 denied"];
    assert_eq!(rows(&store, &scope(), &everything(&clock)).await, expect);
}
