//! Templates and their components.

use std::sync::Arc;

use sandglass_contract::{
    Digest, Grant, ResourceUsage, RiskLevel, TemplateId, TemplateMetadata,
    clock::testing::ManualClock,
};
use sandglass_registry::{Store, StoreError, TemplateVersion, VersionStatus};
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

pub(crate) async fn a_pending_version_is_approved_once(store: Arc<dyn Store>, _clock: ManualClock) {
    let pending = version("one", "1.0.0", b"first");
    store
        .insert_template_version(&scope(), &pending, b"first")
        .await
        .unwrap();
    let approve = async |scope, digest, seconds| {
        store
            .approve_template_version(&scope, &id("one"), &digest, &user(), at(seconds))
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
    let again = approve(scope(), pending.digest, 2).await.unwrap();
    assert_eq!(again, approved);
    let found = store.template(&scope(), &id("one")).await.unwrap().unwrap();
    assert_eq!(found.current(), Some(&approved));
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
