//! Templates and their components.

use std::sync::Arc;

use sandglass_contract::{
    Digest, Grant, ResourceUsage, RiskLevel, TemplateId, TemplateMetadata,
    clock::testing::ManualClock,
};
use sandglass_registry::{
    Decision, Reason, Ruling, Store, StoreError, TemplateVersion, VersionStatus,
};
use serde_json::json;

use super::sample::{assert_refused, at, elsewhere, scope, user};

fn id(name: &str) -> TemplateId {
    TemplateId::parse(name).unwrap()
}

fn version(name: &str, number: &str, component: &[u8]) -> TemplateVersion {
    TemplateVersion {
        metadata: TemplateMetadata {
            id: id(name),
            name: name.to_owned(),
            description: "For tests".to_owned(),
            version: number.to_owned(),
            category: "testing".to_owned(),
            icon: "⏳".to_owned(),
            estimated_duration: "a moment".to_owned(),
            resource_usage: ResourceUsage::Low,
            risk_level: RiskLevel::Low,
        },
        parameters_schema: json!({"type": "object"}),
        digest: Digest::of(component),
        size: component.len() as u64,
        imports: vec!["sandglass:job/log".to_owned()],
        ceiling: Grant::default(),
        status: VersionStatus::Pending,
        uploaded_by: user(),
        uploaded_at: at(0),
        approved_by: None,
        approved_at: None,
        decisions: Vec::new(),
        signature: format!("release={}==", "A".repeat(86)).parse().ok(),
    }
}

pub(crate) async fn a_version_is_added_once(store: Arc<dyn Store>, _clock: ManualClock) {
    let insert = async |version: &TemplateVersion, component: &[u8]| {
        store
            .insert_template_version(&scope(), version, component)
            .await
    };
    let first = version("one", "1.0.0", b"first");
    let second = version("one", "2.0.0", b"second");
    insert(&first, b"first").await.unwrap();
    insert(&second, b"second").await.unwrap();
    let same_number = version("one", "1.0.0", b"third");
    let refused = insert(&same_number, b"third").await;
    assert_refused!(refused, StoreError::Exists { .. });
    let same_bytes = version("one", "3.0.0", b"first");
    let refused = insert(&same_bytes, b"first").await;
    assert_refused!(refused, StoreError::Exists { .. });
    insert(&version("two", "1.0.0", b"first"), b"first")
        .await
        .unwrap();

    let found = store.template(&scope(), &id("one")).await.unwrap().unwrap();
    assert_eq!(found.versions, [first.clone(), second]);
    let all = store.templates(&scope()).await.unwrap();
    let ids: Vec<_> = all.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["one", "two"]);
    let component = store.component(&first.digest).await.unwrap();
    assert_eq!(component.as_deref(), Some(b"first".as_slice()));
    let refused = store.component(&Digest::of(b"third")).await.unwrap();
    assert_eq!(refused, None);
}

fn decision(ruling: Ruling, seconds: i64) -> Decision {
    Decision {
        ruling,
        by: user(),
        at: at(seconds),
        reason: Reason::parse("It was read").ok(),
    }
}

pub(crate) async fn a_pending_version_is_approved_once(store: Arc<dyn Store>, _clock: ManualClock) {
    let pending = version("one", "1.0.0", b"first");
    store
        .insert_template_version(&scope(), &pending, b"first")
        .await
        .unwrap();
    let approve = async |scope, digest, seconds| {
        let decision = decision(Ruling::Approved, seconds);
        store
            .decide_template_version(&scope, &id("one"), &digest, &decision)
            .await
    };
    let refused = approve(scope(), Digest::of(b"other"), 1).await;
    assert_refused!(refused, StoreError::NotFound { .. });
    let refused = approve(elsewhere(), pending.digest, 1).await;
    assert_refused!(refused, StoreError::NotFound { .. });
    let approved = approve(scope(), pending.digest, 1).await.unwrap();
    assert_eq!(approved.status, VersionStatus::Approved);
    assert_eq!(approved.approved_by, Some(user()));
    assert_eq!(approved.approved_at, Some(at(1)));
    assert_eq!(approved.decisions, [decision(Ruling::Approved, 1)]);
    let again = approve(scope(), pending.digest, 2).await.unwrap();
    assert_eq!(again, approved);
    let found = store.template(&scope(), &id("one")).await.unwrap().unwrap();
    assert_eq!(found.current(), Some(&approved));
}

pub(crate) async fn a_version_is_decided_about_in_order(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    use Ruling::{Approved, Rejected, Retired};
    let check = async |name: &str, rulings: &[Ruling], refused: &[Ruling]| {
        let pending = version(name, "1.0.0", name.as_bytes());
        let inserted = store
            .insert_template_version(&scope(), &pending, name.as_bytes())
            .await;
        inserted.unwrap();
        let decide = async |ruling, seconds| {
            let decision = decision(ruling, seconds);
            store
                .decide_template_version(&scope(), &id(name), &pending.digest, &decision)
                .await
        };
        let mut expect = Vec::new();
        let mut status = VersionStatus::Pending;
        for (seconds, ruling) in (1..).zip(rulings) {
            let decided = decide(*ruling, seconds).await.unwrap();
            expect.push(decision(*ruling, seconds));
            status = ruling.after();
            assert_eq!((decided.status, &decided.decisions), (status, &expect));
        }
        for ruling in refused {
            match decide(*ruling, 9).await {
                Err(StoreError::Decided { current }) => assert_eq!(current, status),
                other => panic!("{rulings:?} {ruling:?}: {other:?}"),
            }
        }
        let found = store.template(&scope(), &id(name)).await.unwrap().unwrap();
        let kept = &found.versions[0];
        assert_eq!((kept.status, &kept.decisions), (status, &expect));
        let in_use = found.current().is_some();
        assert_eq!(in_use, status == VersionStatus::Approved);
    };
    check("new", &[], &[Retired]).await;
    check("good", &[Approved], &[Rejected]).await;
    check("bad", &[Rejected], &[Approved, Retired]).await;
    check("old", &[Approved, Retired], &[Approved, Rejected]).await;
}

pub(crate) async fn of_several_who_decide_at_once_one_does(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let pending = version("one", "1.0.0", b"first");
    let inserted = store
        .insert_template_version(&scope(), &pending, b"first")
        .await;
    inserted.unwrap();
    let decide = |ruling, seconds| {
        let store = store.clone();
        async move {
            let (digest, decision) = (Digest::of(b"first"), decision(ruling, seconds));
            let decided = store
                .decide_template_version(&scope(), &id("one"), &digest, &decision)
                .await;
            decided.is_ok_and(|it| it.decisions == [decision])
        }
    };
    let (one, two, three) = tokio::join!(
        decide(Ruling::Approved, 1),
        decide(Ruling::Rejected, 2),
        decide(Ruling::Approved, 3)
    );
    let decided = [one, two, three].into_iter().filter(|it| *it).count();
    assert_eq!(decided, 1);
}

pub(crate) async fn templates_belong_to_an_organisation(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let mine = version("one", "1.0.0", b"first");
    store
        .insert_template_version(&scope(), &mine, b"first")
        .await
        .unwrap();
    let there = elsewhere();
    assert_eq!(store.template(&there, &id("one")).await.unwrap(), None);
    assert_eq!(store.templates(&there).await.unwrap(), []);
    store
        .insert_template_version(&there, &mine, b"first")
        .await
        .unwrap();
    assert_eq!(store.templates(&there).await.unwrap().len(), 1);
}
