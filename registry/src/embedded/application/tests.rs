//! The application database answers as `sandglass-query` says, and keeps what it is given.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::sync::Arc;

use bson::{doc, oid::ObjectId};
use jiff::Timestamp;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use sandglass_contract::clock::testing::ManualClock;
use sandglass_query::{
    ApplicationDatabase, CollectionName, Cursor, DatabaseError, DeleteBound, Document, Filter,
    Find, Limit, MemoryDatabase, Pipeline, Projection, Sort, Update, UpdateOutcome, Value,
};
use tempfile::TempDir;

use super::{EmbeddedDatabase, TakenId};

fn now() -> Timestamp {
    Timestamp::from_second(1_760_000_000).unwrap()
}

fn open_in(folder: &TempDir) -> EmbeddedDatabase {
    EmbeddedDatabase::open(folder.path(), Arc::new(ManualClock::at(now()))).unwrap()
}

fn open() -> (EmbeddedDatabase, TempDir) {
    let folder = TempDir::new().unwrap();
    (open_in(&folder), folder)
}

fn users() -> CollectionName {
    "users".parse().unwrap()
}

fn filter(text: &str) -> Filter {
    Filter::parse_text(text).unwrap()
}

async fn read_all(mut cursor: Box<dyn Cursor>, at_once: usize) -> Vec<Document> {
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

async fn find(database: &dyn ApplicationDatabase, text: &str, sort: &str) -> Vec<Document> {
    let find = Find {
        filter: filter(text),
        sort: Sort::parse_text(sort).unwrap(),
        ..Find::default()
    };
    read_all(database.find(&users(), find).await.unwrap(), 7).await
}

async fn fill(database: &EmbeddedDatabase, count: i32) {
    let documents = (0..count).map(|number| Ok(doc! {"_id": number, "n": number % 10}));
    let stored = database
        .import(&users(), Box::new(documents), TakenId::Refuse, |_| ())
        .await;
    assert_eq!(stored.unwrap(), u64::try_from(count).unwrap());
}

#[tokio::test]
async fn a_collection_that_is_not_there_is_empty() {
    let (database, _folder) = open();
    let all = Filter::everything();
    assert_eq!(database.collections().await.unwrap(), []);
    assert_eq!(database.count(&users(), &all).await.unwrap(), 0);
    assert_eq!(find(&database, "{}", "{}").await, []);
    let update = Update::parse_text(r#"{"$set": {"a": 1}}"#).unwrap();
    let outcome = database.update_many(&users(), &all, &update).await;
    assert_eq!(outcome.unwrap(), UpdateOutcome::default());
    let deleted = database.delete_many(&users(), &all, DeleteBound::All).await;
    assert_eq!(deleted.unwrap(), 0);
    assert_eq!(database.collections().await.unwrap(), []);
}

#[tokio::test]
async fn documents_stay_over_a_restart_in_their_order() {
    let folder = TempDir::new().unwrap();
    let stored = vec![
        doc! {"_id": "b", "at": bson::DateTime::from_millis(5), "deep": {"list": [1, 2.5, null]}},
        doc! {"_id": ObjectId::from_bytes([1; 12]), "text": "ü\0"},
        doc! {"_id": "a"},
    ];
    let database = open_in(&folder);
    let inserted = database.insert_many(&users(), stored.clone()).await;
    assert_eq!(inserted.unwrap(), 3);
    drop(database);
    let database = open_in(&folder);
    assert_eq!(find(&database, "{}", "{}").await, stored);
    assert_eq!(database.collections().await.unwrap(), [users()]);
}

#[tokio::test]
async fn a_deletion_stops_at_its_bound() {
    let (database, _folder) = open();
    fill(&database, 25_000).await;
    let delete = async |text: &str, bound| {
        let deleted = database.delete_many(&users(), &filter(text), bound).await;
        let left = database.count(&users(), &Filter::everything()).await;
        (deleted.unwrap(), left.unwrap())
    };
    let at_most = DeleteBound::AtMost;
    assert_eq!(delete("{}", at_most(0)).await, (0, 25_000));
    assert_eq!(delete("{}", at_most(12_000)).await, (12_000, 13_000));
    assert_eq!(delete(r#"{"n": 3}"#, at_most(5)).await, (5, 12_995));
    assert_eq!(
        delete(r#"{"n": 3}"#, DeleteBound::All).await,
        (1295, 11_700)
    );
    assert_eq!(delete(r#"{"_id": 24999}"#, at_most(9)).await, (1, 11_699));
    assert_eq!(delete("{}", DeleteBound::All).await, (11_699, 0));
}

#[tokio::test]
async fn an_import_replaces_or_refuses_and_tells_how_far_it_is() {
    let (database, _folder) = open();
    fill(&database, 25_000).await;
    let again = |taken_id, told: Arc<parking_lot::Mutex<Vec<u64>>>| {
        let documents = (20_000..30_000).map(|number| Ok(doc! {"_id": number, "new": true}));
        let progress = move |count| told.lock().push(count);
        let database = &database;
        async move {
            database
                .import(&users(), Box::new(documents), taken_id, progress)
                .await
        }
    };
    let told = Arc::<parking_lot::Mutex<Vec<u64>>>::default();
    let refused = again(TakenId::Refuse, told.clone()).await;
    assert!(matches!(refused, Err(DatabaseError::DuplicateKey { .. })));
    assert_eq!(*told.lock(), [0; 0]);
    let stored = again(TakenId::Replace, told.clone()).await.unwrap();
    assert_eq!((stored, told.lock().last()), (10_000, Some(&10_000)));
    let new = filter(r#"{"new": true}"#);
    assert_eq!(database.count(&users(), &new).await.unwrap(), 10_000);
    let all = Filter::everything();
    assert_eq!(database.count(&users(), &all).await.unwrap(), 30_000);

    let broken: Vec<Result<Document, DatabaseError>> = vec![
        Ok(doc! {"_id": "kept?"}),
        Err(DatabaseError::InvalidArgument("line 2 is not JSON".into())),
    ];
    let broken = Box::new(broken.into_iter());
    let refused = database
        .import(&users(), broken, TakenId::Replace, |_| ())
        .await;
    assert!(refused.is_err());
    assert_eq!(database.count(&users(), &all).await.unwrap(), 30_000);
}

#[tokio::test]
async fn a_cursor_goes_on_while_the_collection_changes() {
    let (database, _folder) = open();
    fill(&database, 5_000).await;
    let mut cursor = database.find(&users(), Find::default()).await.unwrap();
    let first = cursor.next(10).await.unwrap();
    assert_eq!(first.len(), 10);
    let all = Filter::everything();
    let deleted = database.delete_many(&users(), &all, DeleteBound::All).await;
    assert_eq!(deleted.unwrap(), 5_000);
    let seen = first.len() + read_all(cursor, 1000).await.len();
    assert!(seen <= 1000, "what is gone was read: {seen}");
}

#[tokio::test]
async fn two_processes_may_write_in_turn() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (open_in(&folder), open_in(&folder));
    for number in 0..20 {
        for (database, name) in [(&first, "a"), (&second, "b")] {
            let document = doc! {"_id": format!("{name}{number}")};
            database
                .insert_many(&users(), vec![document])
                .await
                .unwrap();
        }
    }
    let all = Filter::everything();
    assert_eq!(first.count(&users(), &all).await.unwrap(), 40);
    assert_eq!(second.count(&users(), &all).await.unwrap(), 40);
}

#[tokio::test]
async fn answers_are_those_of_the_database_in_memory() {
    let seed = rand::rng().next_u64();
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (embedded, _folder) = open();
    let memory = MemoryDatabase::new(now);
    let both: [&dyn ApplicationDatabase; 2] = [&embedded, &memory];
    for step in 0..400 {
        let filter_text = random_filter(&mut random);
        let filter = filter(&filter_text);
        let choice = random.random_range(0..10);
        let document = random_document(&mut random);
        let mut answers = Vec::new();
        for database in both {
            answers.push(match choice {
                0..5 => {
                    let documents = vec![document.clone()];
                    shown(database.insert_many(&users(), documents).await)
                }
                5 => {
                    let update = Update::parse_text(r#"{"$inc": {"n": 2}, "$set": {"s": "x"}}"#);
                    shown(database.update_many(&users(), &filter, &update.unwrap()).await)
                }
                6 => {
                    let id = random_text_filter(document.get("_id"));
                    let bound = DeleteBound::All;
                    shown(database.delete_many(&users(), &id, bound).await)
                }
                7 => {
                    let pipeline = format!(
                        r#"[{{"$match": {filter_text}}}, {{"$group": {{"_id": "$n", "c": {{"$sum": 1}}}}}}, {{"$sort": {{"_id": 1}}}}]"#
                    );
                    let pipeline = Pipeline::parse_text(&pipeline).unwrap();
                    let cursor = database.aggregate(&users(), pipeline).await;
                    format!("{:?}", read_all(cursor.unwrap(), 3).await)
                }
                8 => {
                    let find = Find {
                        filter: filter.clone(),
                        sort: Sort::parse_text(r#"{"n": -1, "_id": 1}"#).unwrap(),
                        projection: Projection::parse_text(r#"{"n": 1}"#).unwrap(),
                        skip: 1,
                        limit: Limit::AtMost(5),
                    };
                    let cursor = database.find(&users(), find).await.unwrap();
                    format!("{:?}", read_all(cursor, 2).await)
                }
                _ => shown(database.count(&users(), &filter).await),
            });
        }
        let [embedded, memory] = answers.as_slice() else {
            panic!("two answers");
        };
        assert_eq!(embedded, memory, "step {step}: {choice} {filter_text}");
    }
    let left = find(&embedded, "{}", r#"{"_id": 1}"#).await;
    assert_eq!(left, find(&memory, "{}", r#"{"_id": 1}"#).await);
    assert!(!left.is_empty());
}

fn shown<T: std::fmt::Debug>(answer: Result<T, DatabaseError>) -> String {
    format!("{answer:?}")
}

fn random_document(random: &mut StdRng) -> Document {
    let number = random.random_range(0..60);
    let id = match random.random_range(0..4) {
        0 => Value::Int32(number),
        1 => Value::Double(f64::from(number)),
        2 => Value::String(number.to_string()),
        _ => Value::Document(doc! {"part": number}),
    };
    doc! {"_id": id, "n": random.random_range(0..5), "s": "y"}
}

fn random_filter(random: &mut StdRng) -> String {
    let number = random.random_range(0..60);
    let small = number % 5;
    match random.random_range(0..6) {
        0 => "{}".to_owned(),
        1 => format!(r#"{{"_id": {number}}}"#),
        2 => format!(r#"{{"_id": {{"$in": [{number}, "{number}", {number}.0, {{"part": 3}}]}}}}"#),
        3 => format!(r#"{{"_id": {{"$gt": {number}}}, "n": {small}}}"#),
        4 => format!(r#"{{"$and": [{{"_id": {{"part": {number}}}}}, {{"n": {{"$gt": 1}}}}]}}"#),
        _ => format!(r#"{{"n": {{"$ne": {small}}}, "s": "x"}}"#),
    }
}

fn random_text_filter(id: Option<&Value>) -> Filter {
    Filter::from_bson(&doc! {"_id": id.cloned().unwrap_or(Value::Null)}).unwrap()
}
