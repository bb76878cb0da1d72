//! What only the database on MongoDB does: bounds, foreign types, imports by transactions.

use std::sync::Arc;

use bson::doc;
use sandglass_query::{ApplicationDatabase, DatabaseError, Document, Filter, Find};
use sandglass_registry::mongo::{MongoDatabaseSettings, TakenId};

use crate::{
    on_server,
    promises::{read_all, users},
};

#[tokio::test]
async fn a_batch_has_no_more_bytes_than_are_allowed() {
    let database = on_server().await;
    let large = "x".repeat(1 << 20);
    let documents = (0..9).map(|number| doc! {"_id": number, "large": large.clone()});
    let inserted = database.insert_many(&users(), documents.collect()).await;
    assert_eq!(inserted.unwrap(), 9);
    let mut cursor = database.find(&users(), Find::default()).await.unwrap();
    assert_eq!(cursor.next(1000).await.unwrap().len(), 4);
    assert_eq!(read_all(cursor, 1000).await.len(), 5);
    database.drop_everything().await.unwrap();
}

#[tokio::test]
async fn many_documents_come_in_batches_of_the_servers() {
    let database = on_server().await.with_settings(MongoDatabaseSettings {
        batch_documents: 3,
        ..MongoDatabaseSettings::default()
    });
    let documents = (0..20).map(|number| doc! {"_id": number}).collect();
    database.insert_many(&users(), documents).await.unwrap();
    let cursor = database.find(&users(), Find::default()).await.unwrap();
    assert_eq!(read_all(cursor, 8).await.len(), 20);
    database.drop_everything().await.unwrap();
}

#[tokio::test]
async fn an_import_replaces_or_refuses_and_tells_how_far_it_is() {
    let database = on_server().await;
    let documents = |range: std::ops::Range<i32>, name: &'static str| {
        let made = range.map(move |number| Ok(doc! {"_id": number, name: true}));
        Box::new(made) as Box<dyn Iterator<Item = Result<Document, DatabaseError>> + Send>
    };
    let told = Arc::<parking_lot::Mutex<Vec<u64>>>::default();
    let import = async |documents, taken_id| {
        let told = told.clone();
        let progress = move |count| told.lock().push(count);
        database
            .import(&users(), documents, taken_id, progress)
            .await
    };
    let first = import(documents(0..300, "old"), TakenId::Refuse).await;
    assert_eq!(
        (first.unwrap(), told.lock().as_slice()),
        (300, [300].as_slice())
    );
    let refused = import(documents(200..400, "new"), TakenId::Refuse).await;
    assert!(matches!(refused, Err(DatabaseError::DuplicateKey { .. })));
    let all = Filter::everything();
    assert_eq!(database.count(&users(), &all).await.unwrap(), 300);
    let replaced = import(documents(200..400, "new"), TakenId::Replace).await;
    assert_eq!(replaced.unwrap(), 200);
    let new = Filter::parse_text(r#"{"new": true, "old": {"$exists": false}}"#).unwrap();
    assert_eq!(database.count(&users(), &new).await.unwrap(), 200);
    assert_eq!(database.count(&users(), &all).await.unwrap(), 400);
    database.drop_everything().await.unwrap();
}
