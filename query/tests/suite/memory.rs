//! The database in memory.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use sandglass_query::{
    ApplicationDatabase, CollectionName, DatabaseError, DeleteBound, Filter, Find, MemoryDatabase,
    Pipeline, Update,
};

use super::document;

/// Runs a future that never waits, as those of a database in memory.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the database in memory waited"),
    }
}

#[test]
fn documents_are_kept_changed_and_deleted() {
    let database = MemoryDatabase::new(|| jiff::Timestamp::UNIX_EPOCH);
    let users: CollectionName = "users".parse().unwrap();
    let filter = |text: &str| Filter::parse_text(text).unwrap();
    let count = |text: &str| now(database.count(&users, &filter(text))).unwrap();
    assert_eq!(count("{}"), 0);

    let three = [
        "{\"_id\": 1, \"a\": 1}",
        "{\"_id\": 2, \"a\": 2}",
        "{\"a\": 3}",
    ]
    .map(document);
    assert_eq!(
        now(database.insert_many(&users, three.to_vec())).unwrap(),
        3
    );
    let again = now(database.insert_many(
        &users,
        vec![document("{\"_id\": 9}"), document("{\"_id\": 1.0}")],
    ));
    assert!(
        matches!(again, Err(DatabaseError::DuplicateKey { .. })),
        "{again:?}"
    );
    assert_eq!(count("{}"), 3, "all or none");
    assert_eq!(
        now(database.collections()).unwrap(),
        std::slice::from_ref(&users)
    );

    let update = Update::parse_text(r#"{"$max": {"a": 2}}"#).unwrap();
    let outcome = now(database.update_many(&users, &filter("{}"), &update)).unwrap();
    assert_eq!((outcome.matched, outcome.modified), (3, 1));

    let find = Find {
        filter: filter(r#"{"a": 2}"#),
        ..Find::default()
    };
    let mut cursor = now(database.find(&users, find)).unwrap();
    assert_eq!(
        now(cursor.next(1)).unwrap(),
        [document(r#"{"_id": 1, "a": 2}"#)]
    );
    assert_eq!(
        now(cursor.next(5)).unwrap(),
        [document(r#"{"_id": 2, "a": 2}"#)]
    );
    assert!(now(cursor.next(5)).unwrap().is_empty());

    let pipeline = Pipeline::parse_text(r#"[{"$group": {"_id": null, "s": {"$sum": "$a"}}}]"#);
    let mut cursor = now(database.aggregate(&users, pipeline.unwrap())).unwrap();
    assert_eq!(
        now(cursor.next(5)).unwrap(),
        [document(r#"{"_id": null, "s": 7}"#)]
    );

    let delete = |bound| now(database.delete_many(&users, &filter("{}"), bound)).unwrap();
    assert_eq!(delete(DeleteBound::AtMost(1)), 1);
    assert_eq!(delete(DeleteBound::All), 2);
    assert_eq!(count("{}"), 0);
}
