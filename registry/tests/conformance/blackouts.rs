//! Blackout calendars.

use std::{num::NonZeroU32, sync::Arc};

use sandglass_contract::{BlackoutCalendarId, clock::testing::ManualClock};
use sandglass_registry::{BlackoutCalendar, PageRequest, Store, StoreError, Version};
use serde_json::json;

use super::sample::{assert_refused, at, elsewhere, scope};

fn id(name: &str) -> BlackoutCalendarId {
    BlackoutCalendarId::parse(name).unwrap()
}

fn calendar(name: &str, version: u64) -> BlackoutCalendar {
    serde_json::from_value(json!({
        "_id": name, "org": "default", "name": format!("Calendar {name}"), "description": "",
        "timezone": "UTC", "created_by": "ada", "updated_by": "ada",
        "created_at": at(0), "updated_at": at(0), "version": version,
        "entries": [
            {"date": "2026-12-25", "label": format!("Day of {name}")},
            {"start": "2026-12-31T22:00:00", "end": "2027-01-01T02:00:00", "label": "Night"},
            {"start": "2026-11-01T00:00:00Z", "end": "2026-11-01T01:00:00Z", "label": "Hour"},
        ],
    }))
    .unwrap()
}

pub(crate) async fn a_calendar_is_read_as_it_was_saved(store: Arc<dyn Store>, _clock: ManualClock) {
    let saved = calendar("cal_1", 1);
    let insert = async |calendar| store.insert_blackout_calendar(&scope(), calendar).await;
    insert(&saved).await.unwrap();
    assert_refused!(insert(&saved).await, StoreError::Exists { .. });
    let found = store.blackout_calendar(&scope(), &saved.id).await.unwrap();
    assert_eq!(found, Some(saved));
    let unknown = store.blackout_calendar(&scope(), &id("cal_2")).await;
    assert_eq!(unknown.unwrap(), None);
}

pub(crate) async fn calendars_are_listed_by_name(store: Arc<dyn Store>, _clock: ManualClock) {
    for name in ["cal_b", "cal_c", "cal_a"] {
        let calendar = calendar(name, 1);
        store
            .insert_blackout_calendar(&scope(), &calendar)
            .await
            .unwrap();
    }
    let page = async |scope, number: u32| {
        let two = NonZeroU32::new(2).unwrap();
        let request = PageRequest::new(NonZeroU32::new(number).unwrap(), two);
        let page = store.blackout_calendars(&scope, request).await.unwrap();
        let ids = page.items.iter().map(|it| it.id.as_str().to_owned());
        (ids.collect::<Vec<_>>(), page.total)
    };
    let both = vec!["cal_a".to_owned(), "cal_b".to_owned()];
    assert_eq!(page(scope(), 1).await, (both, 3));
    assert_eq!(page(scope(), 2).await, (vec!["cal_c".to_owned()], 3));
    assert_eq!(page(elsewhere(), 1).await, (Vec::new(), 0));
}

pub(crate) async fn a_calendar_is_changed_only_by_who_knows_its_version(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = calendar("cal_1", 1);
    store
        .insert_blackout_calendar(&scope(), &first)
        .await
        .unwrap();
    let second = BlackoutCalendar {
        entries: serde_json::from_value(json!([])).unwrap(),
        ..calendar("cal_1", 2)
    };
    let replace = async |calendar: &BlackoutCalendar, expected| {
        store
            .replace_blackout_calendar(&scope(), calendar, Version(expected))
            .await
    };
    replace(&second, 1).await.unwrap();
    let found = store.blackout_calendar(&scope(), &first.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&second));
    let current = Version(2);
    assert_refused!(
        replace(&second, 1).await,
        StoreError::Changed {
            current: Version(2)
        }
    );
    assert_refused!(
        replace(&calendar("cal_2", 2), 1).await,
        StoreError::NotFound { .. }
    );
    let delete = async |scope, expected| {
        store
            .delete_blackout_calendar(&scope, &id("cal_1"), expected)
            .await
    };
    assert_refused!(
        delete(scope(), Some(Version(1))).await,
        StoreError::Changed { .. }
    );
    assert_refused!(delete(elsewhere(), None).await, StoreError::NotFound { .. });
    delete(scope(), Some(current)).await.unwrap();
    assert_refused!(delete(scope(), None).await, StoreError::NotFound { .. });
}

pub(crate) async fn calendars_belong_to_an_organisation(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let mine = calendar("cal_1", 1);
    store
        .insert_blackout_calendar(&scope(), &mine)
        .await
        .unwrap();
    let found = store.blackout_calendar(&elsewhere(), &mine.id).await;
    assert_eq!(found.unwrap(), None);
    let theirs = BlackoutCalendar {
        org: elsewhere().organisation().clone(),
        ..calendar("cal_1", 2)
    };
    let taken_over = store
        .replace_blackout_calendar(&elsewhere(), &theirs, Version(1))
        .await;
    assert_refused!(taken_over, StoreError::NotFound { .. });
    let smuggled = store.insert_blackout_calendar(&scope(), &theirs).await;
    assert_refused!(smuggled, StoreError::NotFound { .. });
    let stolen = store.blackouts(&elsewhere(), &[id("cal_1")]).await;
    assert_refused!(stolen, StoreError::NotFound { .. });
}

pub(crate) async fn several_calendars_are_asked_together(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    for name in ["cal_1", "cal_2"] {
        let mut calendar = calendar(name, 1);
        if name == "cal_2" {
            calendar.entries =
                serde_json::from_value(json!([{"date": "2026-12-26", "label": "Boxing Day"}]))
                    .unwrap();
        }
        store
            .insert_blackout_calendar(&scope(), &calendar)
            .await
            .unwrap();
    }
    let none = store.blackouts(&scope(), &[]).await.unwrap();
    let christmas = "2026-12-25T12:00:00Z".parse().unwrap();
    assert_eq!(none.covering(christmas), None);
    let both = store.blackouts(&scope(), &[id("cal_1"), id("cal_2")]).await;
    let both = both.unwrap();
    let covering = |at: &str| both.covering(at.parse().unwrap()).map(|it| it.to_string());
    let first = Some("Calendar cal_1: Day of cal_1".to_owned());
    assert_eq!(covering("2026-12-25T12:00:00Z"), first);
    let second = Some("Calendar cal_2: Boxing Day".to_owned());
    assert_eq!(covering("2026-12-26T00:00:00Z"), second);
    assert_eq!(covering("2026-12-27T00:00:00Z"), None);
    let lost = store.blackouts(&scope(), &[id("cal_1"), id("cal_3")]).await;
    assert_refused!(lost, StoreError::NotFound { .. });
}
