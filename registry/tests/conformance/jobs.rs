//! Jobs, their revisions and when they are due.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use jiff::Timestamp;
use sandglass_contract::{TemplateId, clock::testing::ManualClock};
use sandglass_registry::{
    Job, JobText, PageRequest, Store, StoreError, Tag, Version,
    job::{Description, JitterSeconds},
    store::{JobQuery, ScheduleChange},
};

use super::sample::{
    assert_refused, at, change_job, claim_one, elsewhere, fire_next, job, job_id, next_version,
    queued, scope, stored_job, user,
};

pub(crate) async fn a_job_is_read_as_it_was_saved(store: Arc<dyn Store>, _clock: ManualClock) {
    let saved = Job {
        tags: vec![Tag::parse("a").unwrap()],
        last_run_at: Some(at(-5)),
        ..job("job_1")
    };
    store.insert_job(&scope(), &saved).await.unwrap();
    assert_eq!(stored_job(&store, "job_1").await, saved);
    let unknown = store.job(&scope(), &job_id("job_2")).await.unwrap();
    assert_eq!(unknown, None);
}

pub(crate) async fn an_id_is_taken_once(store: Arc<dyn Store>, _clock: ManualClock) {
    store.insert_job(&scope(), &job("job_1")).await.unwrap();
    let again = store.insert_job(&scope(), &job("job_1")).await;
    assert_refused!(again, StoreError::Exists { .. });
}

pub(crate) async fn a_replaced_job_keeps_its_revisions(store: Arc<dyn Store>, _clock: ManualClock) {
    let first = queued(&store, "job_1", &[]).await;
    let mut second = next_version(&first);
    second.name = JobText::parse("another").unwrap();
    let answer = store
        .replace_job(&scope(), &second, Version(1), ScheduleChange::Replace)
        .await
        .unwrap();
    assert_eq!(answer, second);
    assert_eq!(stored_job(&store, "job_1").await, second);
    for (version, expect) in [(1, Some(first)), (2, Some(second)), (3, None)] {
        let revision = store
            .job_revision(&scope(), &job_id("job_1"), Version(version))
            .await;
        assert_eq!(revision.unwrap(), expect, "version {version}");
    }
}

pub(crate) async fn a_job_is_replaced_only_by_who_knows_its_version(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_1", &[]).await;
    let second = next_version(&first);
    let replace = async |job: &Job, expected| {
        store
            .replace_job(&scope(), job, Version(expected), ScheduleChange::Keep)
            .await
    };
    replace(&second, 1).await.unwrap();
    assert_refused!(
        replace(&second, 1).await,
        StoreError::Changed {
            current: Version(2)
        }
    );
    let unknown = next_version(&job("job_2"));
    assert_refused!(replace(&unknown, 1).await, StoreError::NotFound { .. });
    let refused = store
        .delete_job(&scope(), &first.id, Some(Version(1)), &user())
        .await;
    assert_refused!(
        refused,
        StoreError::Changed {
            current: Version(2)
        }
    );
    assert_eq!(stored_job(&store, "job_1").await, second);
}

pub(crate) async fn a_schedule_is_kept_or_replaced(store: Arc<dyn Store>, _clock: ManualClock) {
    let first = queued(&store, "job_1", &["exec_1"]).await;
    claim_one(&store).await;
    let second = Job {
        next_run_at: Some(at(999)),
        last_run_at: Some(at(-1)),
        ..next_version(&first)
    };
    let replace = async |job: &Job, expected, schedule| {
        let answer = store
            .replace_job(&scope(), job, Version(expected), schedule)
            .await
            .unwrap();
        assert_eq!(answer, stored_job(&store, "job_1").await);
        (answer.next_run_at, answer.last_run_at)
    };
    let kept = replace(&second, 1, ScheduleChange::Keep).await;
    assert_eq!(kept, (Some(at(60)), Some(at(0))));
    let third = next_version(&second);
    let replaced = replace(&third, 2, ScheduleChange::Replace).await;
    assert_eq!(replaced, (Some(at(999)), Some(at(0))));
}

pub(crate) async fn a_deleted_job_leaves_its_revisions(store: Arc<dyn Store>, _clock: ManualClock) {
    let job = queued(&store, "job_1", &[]).await;
    let delete = async |scope| {
        store
            .delete_job(&scope, &job_id("job_1"), None, &user())
            .await
    };
    assert_refused!(delete(elsewhere()).await, StoreError::NotFound { .. });
    delete(scope()).await.unwrap();
    assert_refused!(delete(scope()).await, StoreError::NotFound { .. });
    assert_eq!(store.job(&scope(), &job.id).await.unwrap(), None);
    assert_eq!(store.next_due(at(-1)).await.unwrap(), None);
    let revision = store
        .job_revision(&scope(), &job.id, Version(1))
        .await
        .unwrap();
    assert_eq!(revision, Some(job));
}

pub(crate) async fn jobs_are_due_the_longest_first(store: Arc<dyn Store>, _clock: ManualClock) {
    assert_eq!(store.next_due(at(-1)).await.unwrap(), None);
    for (name, due, enabled) in [
        ("job_1", Some(30), true),
        ("job_2", Some(10), true),
        ("job_3", Some(5), false),
        ("job_4", None, true),
        ("job_5", Some(20), true),
    ] {
        let job = Job {
            next_run_at: due.map(at),
            enabled,
            ..job(name)
        };
        store.insert_job(&scope(), &job).await.unwrap();
    }
    for (after, next) in [(0, Some(10)), (10, Some(20)), (29, Some(30)), (30, None)] {
        assert_eq!(store.next_due(at(after)).await.unwrap(), next.map(at));
    }
    let due = async |now, limit| {
        let jobs = store.due_jobs(at(now), limit).await.unwrap();
        let names = jobs.iter().map(|job| job.id.as_str().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(due(9, 10).await, [""; 0]);
    assert_eq!(due(20, 10).await, ["job_2", "job_5"]);
    assert_eq!(due(99, 2).await, ["job_2", "job_5"]);
    assert_eq!(due(99, 10).await, ["job_2", "job_5", "job_1"]);
}

fn query(page: u32, limit: u32) -> JobQuery {
    JobQuery {
        template_type: None,
        enabled: None,
        search: None,
        tag: None,
        page: PageRequest::new(
            NonZeroU32::new(page).unwrap(),
            NonZeroU32::new(limit).unwrap(),
        ),
    }
}

pub(crate) async fn jobs_are_listed_newest_first_and_narrowed(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    for number in 1..=5 {
        let job = Job {
            name: JobText::parse(&format!("Clean {number}")).unwrap(),
            description: Description::parse(["all of it", "100%_done"][number % 2]).unwrap(),
            created_at: at(i64::try_from(number).unwrap()),
            enabled: number != 3,
            template_type: TemplateId::parse(["one", "two"][number / 4]).unwrap(),
            tags: vec![Tag::parse(["even", "odd"][number % 2]).unwrap()],
            ..job(&format!("job_{number}"))
        };
        store.insert_job(&scope(), &job).await.unwrap();
    }
    let check = async |query: JobQuery, expect: &[&str], total: u64| {
        let page = store.jobs(&scope(), &query).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|job| job.id.as_str()).collect();
        assert_eq!((ids.as_slice(), page.total), (expect, total), "{query:?}");
    };
    check(query(1, 2), &["job_5", "job_4"], 5).await;
    check(query(3, 2), &["job_1"], 5).await;
    check(query(4, 2), &[], 5).await;
    let search = |text: &str| JobQuery {
        search: Some(text.to_owned()),
        ..query(1, 10)
    };
    check(search("cLEAN 2"), &["job_2"], 1).await;
    check(search("%_D"), &["job_5", "job_3", "job_1"], 3).await;
    check(search("Clean%"), &[], 0).await;
    let narrowed = JobQuery {
        enabled: Some(true),
        template_type: Some(TemplateId::parse("one").unwrap()),
        tag: Some("odd".to_owned()),
        ..query(1, 10)
    };
    check(narrowed, &["job_1"], 1).await;
    let off = JobQuery {
        enabled: Some(false),
        ..query(1, 10)
    };
    check(off, &["job_3"], 1).await;
}

pub(crate) async fn a_job_of_another_organisation_is_not_there(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let mine = queued(&store, "job_1", &[]).await;
    let found = store.job(&elsewhere(), &mine.id).await.unwrap();
    assert_eq!(found, None);
    let revision = store.job_revision(&elsewhere(), &mine.id, Version(1)).await;
    assert_eq!(revision.unwrap(), None);
    let page = store.jobs(&elsewhere(), &query(1, 10)).await.unwrap();
    assert_eq!((page.items, page.total), (Vec::new(), 0));
    let theirs = Job {
        org: elsewhere().organisation().clone(),
        ..next_version(&mine)
    };
    let keep = ScheduleChange::Keep;
    let taken_over = store
        .replace_job(&elsewhere(), &theirs, Version(1), keep)
        .await;
    assert_refused!(taken_over, StoreError::NotFound { .. });
    let smuggled = store.insert_job(&scope(), &theirs).await;
    assert_refused!(smuggled, StoreError::NotFound { .. });
    assert_eq!(stored_job(&store, "job_1").await, mine);
}

pub(crate) async fn jitter_puts_off_the_firing_and_not_the_slot(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let spread = Job {
        jitter_seconds: JitterSeconds::new(3600).unwrap(),
        ..job("job_1")
    };
    let slot = spread.next_run_at.unwrap();
    let due = spread.due_at(slot);
    assert!(due > slot, "{due}");
    store.insert_job(&scope(), &spread).await.unwrap();
    let is_due = async |now| !store.due_jobs(now, 10).await.unwrap().is_empty();
    let expect_due = async |due: Timestamp| {
        assert_eq!(store.next_due(at(-1)).await.unwrap(), Some(due));
        assert!(!is_due(due - Duration::from_millis(1)).await);
        assert!(is_due(due).await);
    };
    expect_due(due).await;
    assert_eq!(stored_job(&store, "job_1").await.next_run_at, Some(slot));
    fire_next(&store, "job_1").await;
    let moved = stored_job(&store, "job_1").await;
    assert_eq!(moved.next_run_at, Some(slot + Duration::from_secs(60)));
    expect_due(due + Duration::from_secs(60)).await;
    // Without jitter, the slot that is kept is due at its own time.
    let calm = change_job(&store, "job_1", ScheduleChange::Keep, |job| {
        job.jitter_seconds = JitterSeconds::default();
    })
    .await;
    assert_eq!(calm.next_run_at, moved.next_run_at);
    expect_due(slot + Duration::from_secs(60)).await;
}

pub(crate) async fn intervals_are_reanchored_after_the_clock_was_set_back(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let cron = serde_json::from_value(serde_json::json!({"cron": "0 0 * * *"})).unwrap();
    let spread = JitterSeconds::new(30).unwrap();
    let insert = async |name: &str, next: i64, change: fn(&mut Job)| {
        let mut job = Job {
            next_run_at: Some(at(next)),
            ..job(name)
        };
        change(&mut job);
        store.insert_job(&scope(), &job).await.unwrap();
        job
    };
    insert("job_soon", 60, |_| ()).await;
    insert("job_late", 61, |_| ()).await;
    let mut jittered = insert("job_jittered", 5000, |_| ()).await;
    jittered.jitter_seconds = spread;
    let changed = change_job(&store, "job_jittered", ScheduleChange::Keep, |job| {
        job.jitter_seconds = spread;
    })
    .await;
    insert("job_off", 5000, |job| job.enabled = false).await;
    let mut daily = insert("job_off_now", 5000, |job| job.next_run_at = None).await;
    daily = Job {
        schedule: cron,
        next_run_at: Some(at(5000)),
        id: job_id("job_daily"),
        ..daily
    };
    store.insert_job(&scope(), &daily).await.unwrap();
    assert_eq!(
        store
            .reanchor(at(0), Duration::from_secs(3600))
            .await
            .unwrap(),
        2
    );
    for (name, next) in [
        ("job_soon", Some(60)),
        ("job_late", Some(60)),
        ("job_jittered", Some(60)),
        ("job_off", Some(5000)),
        ("job_off_now", None),
        ("job_daily", Some(5000)),
    ] {
        let stored = stored_job(&store, name).await;
        assert_eq!(stored.next_run_at, next.map(at), "{name}");
    }
    let due = async |now| {
        let due = store.due_jobs(now, 10).await.unwrap();
        due.iter().any(|it| it.id == changed.id)
    };
    let later = jittered.due_at(at(60));
    assert!(later > at(60));
    assert!(!due(later - Duration::from_millis(1)).await);
    assert!(due(later).await);
    assert_eq!(
        store
            .reanchor(at(0), Duration::from_secs(3600))
            .await
            .unwrap(),
        0
    );
}
