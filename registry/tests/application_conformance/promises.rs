//! The promises of [`ApplicationDatabase`], one function each.

use std::collections::BTreeSet;

use bson::{doc, oid::ObjectId};
use sandglass_query::{
    ApplicationDatabase, CollectionName, Cursor, DatabaseError, DeleteBound, Document, Filter,
    Find, Limit, Sort, Update, UpdateOutcome, Value,
};

use crate::now;

pub(crate) fn users() -> CollectionName {
    "users".parse().unwrap()
}

fn filter(text: &str) -> Filter {
    Filter::parse_text(text).unwrap()
}

pub(crate) async fn read_all(mut cursor: Box<dyn Cursor>, at_once: usize) -> Vec<Document> {
    let mut all = Vec::new();
    loop {
        let batch = cursor.next(at_once).await.unwrap();
        if batch.is_empty() {
            assert_eq!(cursor.next(at_once).await.unwrap(), []);
            return all;
        }
        assert!(batch.len() <= at_once);
        all.extend(batch);
    }
}

async fn find(database: &dyn ApplicationDatabase, find: Find) -> Vec<Document> {
    read_all(database.find(&users(), find).await.unwrap(), 7).await
}

async fn everything(database: &dyn ApplicationDatabase) -> Vec<Document> {
    let by_id = Find {
        sort: Sort::parse_text(r#"{"_id": 1}"#).unwrap(),
        ..Find::default()
    };
    find(database, by_id).await
}

async fn fill(database: &dyn ApplicationDatabase, count: i32) {
    let documents = (0..count).map(|number| doc! {"_id": number, "n": number % 10});
    let inserted = database.insert_many(&users(), documents.collect()).await;
    assert_eq!(inserted.unwrap(), u64::try_from(count).unwrap());
}

pub(crate) async fn a_collection_that_is_not_there_is_empty(database: &dyn ApplicationDatabase) {
    let all = Filter::everything();
    assert_eq!(database.collections().await.unwrap(), []);
    assert_eq!(database.count(&users(), &all).await.unwrap(), 0);
    assert_eq!(everything(database).await, []);
    let update = Update::parse_text(r#"{"$set": {"a": 1}}"#).unwrap();
    let outcome = database.update_many(&users(), &all, &update).await;
    assert_eq!(outcome.unwrap(), UpdateOutcome::default());
    let deleted = database.delete_many(&users(), &all, DeleteBound::All).await;
    assert_eq!(deleted.unwrap(), 0);
}

pub(crate) async fn collections_are_listed_by_name(database: &dyn ApplicationDatabase) {
    for name in ["users", "audit-log", "Teams", "_x"] {
        let name = name.parse().unwrap();
        database.insert_many(&name, vec![doc! {}]).await.unwrap();
    }
    let names = database.collections().await.unwrap();
    let names: Vec<_> = names.iter().map(CollectionName::as_str).collect();
    assert_eq!(names, ["Teams", "_x", "audit-log", "users"]);
}

pub(crate) async fn a_document_without_id_gets_one_of_its_own(database: &dyn ApplicationDatabase) {
    let documents = vec![doc! {"a": 1}; 100];
    database.insert_many(&users(), documents).await.unwrap();
    let ids: BTreeSet<_> = everything(database)
        .await
        .iter()
        .map(|document| document.get_object_id("_id").unwrap().bytes())
        .collect();
    assert_eq!(ids.len(), 100);
    let first = ObjectId::from_bytes(*ids.first().unwrap());
    assert_eq!(first.timestamp().timestamp_millis(), now().as_millisecond());
}

pub(crate) async fn the_id_is_the_first_field(database: &dyn ApplicationDatabase) {
    let documents = vec![doc! {"a": 1, "_id": 1, "b": 2}, doc! {"_id": 2, "a": 1}];
    database.insert_many(&users(), documents).await.unwrap();
    let expected = [doc! {"_id": 1, "a": 1, "b": 2}, doc! {"_id": 2, "a": 1}];
    assert_eq!(everything(database).await, expected);
}

pub(crate) async fn of_documents_with_a_taken_id_none_is_inserted(
    database: &dyn ApplicationDatabase,
) {
    let insert = async |ids: &[Value]| {
        let documents = ids.iter().map(|id| doc! {"_id": id.clone()}).collect();
        database.insert_many(&users(), documents).await
    };
    insert(&[Value::Int32(1)]).await.unwrap();
    let refused = insert(&[Value::Int32(2), Value::Double(1.0)]).await;
    match refused {
        Err(DatabaseError::DuplicateKey {
            collection,
            field,
            value,
        }) => assert_eq!(
            (collection, field.as_str(), value.as_str()),
            (users(), "_id", "1.0")
        ),
        other => panic!("{other:?}"),
    }
    let all = Filter::everything();
    assert_eq!(database.count(&users(), &all).await.unwrap(), 1);
    let unstorable = insert(&[Value::Array(Vec::new())]).await;
    assert!(matches!(unstorable, Err(DatabaseError::InvalidArgument(_))));
}

pub(crate) async fn a_deletion_stops_at_its_bound(database: &dyn ApplicationDatabase) {
    fill(database, 2500).await;
    let delete = async |text: &str, bound| {
        let deleted = database.delete_many(&users(), &filter(text), bound).await;
        let left = database.count(&users(), &Filter::everything()).await;
        (deleted.unwrap(), left.unwrap())
    };
    let at_most = DeleteBound::AtMost;
    assert_eq!(delete("{}", at_most(0)).await, (0, 2500));
    assert_eq!(delete(r#"{"n": 3}"#, at_most(5)).await, (5, 2495));
    assert_eq!(delete("{}", at_most(1200)).await, (1200, 1295));
    let left = database.count(&users(), &filter(r#"{"n": 3}"#)).await;
    let left = left.unwrap();
    assert_eq!(
        delete(r#"{"n": 3}"#, DeleteBound::All).await,
        (left, 1295 - left)
    );
    assert_eq!(delete("{}", DeleteBound::All).await, (1295 - left, 0));
}

pub(crate) async fn an_update_that_fails_changes_nothing(database: &dyn ApplicationDatabase) {
    let documents = vec![doc! {"_id": 1, "a": 1}, doc! {"_id": 2, "a": "text"}];
    let inserted = documents.clone();
    database.insert_many(&users(), inserted).await.unwrap();
    let update = Update::parse_text(r#"{"$inc": {"a": 1}}"#).unwrap();
    let all = Filter::everything();
    let refused = database.update_many(&users(), &all, &update).await;
    assert!(matches!(refused, Err(DatabaseError::InvalidArgument(_))));
    assert_eq!(everything(database).await, documents);
}

pub(crate) async fn a_limit_of_zero_returns_nothing(database: &dyn ApplicationDatabase) {
    fill(database, 3).await;
    let none = Find {
        limit: Limit::AtMost(0),
        ..Find::default()
    };
    assert_eq!(find(database, none).await, []);
}

pub(crate) async fn skips_beyond_any_number_of_documents_return_nothing(
    database: &dyn ApplicationDatabase,
) {
    fill(database, 3).await;
    let skip = |skip, limit| Find {
        skip,
        limit,
        ..Find::default()
    };
    assert_eq!(find(database, skip(u64::MAX, Limit::All)).await, []);
    let huge = Limit::AtMost(u64::MAX);
    assert_eq!(find(database, skip(1, huge)).await.len(), 2);
}

pub(crate) async fn a_pattern_ends_at_the_very_end(database: &dyn ApplicationDatabase) {
    let documents = vec![doc! {"s": "ab"}, doc! {"s": "ab\n"}, doc! {"s": "üab"}];
    database.insert_many(&users(), documents).await.unwrap();
    for (pattern, expected) in [("b$", 2), ("^ab$", 1), ("^\\w+$", 1), ("(?P<x>a)b", 3)] {
        let asked = Filter::from_bson(&doc! {"s": {"$regex": pattern}}).unwrap();
        let count = database.count(&users(), &asked).await.unwrap();
        assert_eq!(count, expected, "{pattern}");
    }
}
