//! Which databases are opened, and which are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod mongodb;

use std::sync::Arc;

use ::mongodb::{
    Client, Database,
    bson::{Document, doc},
};
use sandglass_contract::SystemClock;
use sandglass_registry::mongo::{MongoConnection, MongoStore, OpenError};

async fn open(connection: &MongoConnection) -> Result<MongoStore, OpenError> {
    MongoStore::open(connection, Arc::new(SystemClock::default())).await
}

/// An empty database, seen by the store and from outside.
async fn database(name: &str) -> (MongoConnection, Database) {
    let url = mongodb::url(name);
    let connection = MongoConnection::open(&url).await.unwrap();
    let client = Client::with_uri_str(&url).await.unwrap();
    (connection, client.default_database().unwrap())
}

async fn indexes(database: &Database) -> Vec<(String, Vec<String>)> {
    let mut names = database.list_collection_names().await.unwrap();
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let collection = database.collection::<Document>(&name);
        let mut indexes = collection.list_index_names().await.unwrap();
        indexes.sort();
        found.push((name, indexes));
    }
    found
}

#[tokio::test]
async fn several_hosts_open_a_database_at_once_and_again() {
    let (connection, database) = database("opening").await;
    let (first, second, third) =
        tokio::join!(open(&connection), open(&connection), open(&connection));
    for opened in [first, second, third] {
        opened.unwrap();
    }
    let made = indexes(&database).await;
    assert!(made.len() > 15, "{made:?}");
    let (_, executions) = made
        .iter()
        .find(|(name, _)| name == "job_executions")
        .unwrap();
    assert!(
        executions.iter().any(|it| it == "expire_at_1"),
        "{executions:?}"
    );
    open(&connection).await.unwrap();
    assert_eq!(indexes(&database).await, made);
    database.drop().await.unwrap();
}

#[tokio::test]
async fn a_database_of_somebody_else_is_left_alone() {
    let (connection, database) = database("foreign").await;
    let users = database.collection::<Document>("users");
    users.insert_one(doc! {"_id": 1}).await.unwrap();
    let before = indexes(&database).await;
    let error = open(&connection).await.unwrap_err();
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error:?}");
    let shown = error.to_string();
    assert!(shown.contains("users"), "{shown}");
    assert!(shown.contains("another database in the URL"), "{shown}");
    assert_eq!(indexes(&database).await, before);
    database.drop().await.unwrap();
}

#[tokio::test]
async fn other_collections_beside_ours_do_not_matter() {
    let (connection, database) = database("beside").await;
    let theirs = database.collection::<Document>("customers");
    theirs.insert_one(doc! {"_id": 1}).await.unwrap();
    open(&connection).await.unwrap();
    database.drop().await.unwrap();
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let (connection, database) = database("newer").await;
    open(&connection).await.unwrap();
    let marks = database.collection::<Document>("data_version");
    let newer = doc! {"$set": {"version": 99}};
    marks
        .update_one(doc! {"_id": "sandglass"}, newer)
        .await
        .unwrap();
    let error = open(&connection).await.unwrap_err().to_string();
    let expect = "has data version 99 and this sandglass knows up to 1; run the newer version";
    assert!(error.contains(expect), "{error}");
    database.drop().await.unwrap();
}

#[tokio::test]
async fn a_validator_that_was_taken_away_comes_back_and_refuses_what_is_broken() {
    let (connection, database) = database("validators").await;
    open(&connection).await.unwrap();
    let executions = database.collection::<Document>("job_executions");
    let broken = || doc! {"_id": "exec_1", "org": "default", "status": "sleeping"};
    assert!(executions.insert_one(broken()).await.is_err());
    let lift = doc! {"collMod": "job_executions", "validator": {}};
    database.run_command(lift).await.unwrap();
    // What was written meanwhile is in nobody's way.
    executions.insert_one(broken()).await.unwrap();
    open(&connection).await.unwrap();
    let another = doc! {"_id": "exec_2", "org": "default", "status": "sleeping"};
    assert!(executions.insert_one(another).await.is_err());
    database.drop().await.unwrap();
}
