//! Artifacts in MongoDB are read as they were written, whole or in part, by every host.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod mongodb;

use std::sync::Arc;

use ::mongodb::{
    Client, Database,
    bson::{Document, doc},
};
use futures::TryStreamExt as _;
use object_store::{
    Error, GetOptions, MultipartUpload as _, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutOptions, path::Path,
};
use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::mongo::{MongoArtifacts, MongoConnection, MongoStore};

const START: &str = "2026-10-25T12:00:00Z";

/// An empty place for artifacts, seen by two hosts and from outside.
async fn artifacts(name: &str) -> (MongoArtifacts, MongoArtifacts, Database) {
    let url = mongodb::url(name);
    let connection = MongoConnection::open(&url).await.unwrap();
    let clock = Arc::new(ManualClock::at(START.parse().unwrap()));
    let store = MongoStore::open(&connection, clock.clone()).await;
    store.unwrap();
    let client = Client::with_uri_str(&url).await.unwrap();
    let artifacts = || MongoArtifacts::new(&connection, clock.clone());
    (artifacts(), artifacts(), client.default_database().unwrap())
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

async fn pieces(database: &Database) -> u64 {
    let pieces = database.collection::<Document>("artifacts.chunks");
    pieces.count_documents(doc! {}).await.unwrap()
}

#[tokio::test]
async fn an_artifact_is_read_whole_and_in_part_by_another_host() {
    let (here, there, database) = artifacts("round").await;
    let piece = 255 * 1024;
    for length in [0, 1, piece - 1, piece, piece + 1, 3 * piece + 5] {
        let path = Path::from(format!("exec_1/{length}"));
        let written = bytes(length);
        here.put(&path, written.clone().into()).await.unwrap();
        let head = there.head(&path).await.unwrap();
        assert_eq!(head.size, length as u64);
        let read = there.get(&path).await.unwrap().bytes().await.unwrap();
        assert_eq!(read, written);
        for (from, to) in [(0, 1), (length / 2, length), (piece - 1, piece + 1)] {
            if from < to && to <= length {
                let range = from as u64..to as u64;
                let read = there.get_range(&path, range).await.unwrap();
                assert_eq!(read, written[from..to]);
            }
        }
    }
    database.drop().await.unwrap();
}

#[tokio::test]
async fn an_artifact_that_is_written_again_is_the_new_one() {
    let (here, there, database) = artifacts("again").await;
    let path = Path::from("exec_1/report");
    here.put(&path, bytes(600_000).into()).await.unwrap();
    there.put(&path, bytes(10).into()).await.unwrap();
    let read = here.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(read, bytes(10));
    assert_eq!(pieces(&database).await, 1);
    database.drop().await.unwrap();
}

#[tokio::test]
async fn parts_of_any_size_make_one_artifact_that_exists_when_it_is_complete() {
    let (here, there, database) = artifacts("parts").await;
    let path = Path::from("exec_1/parts");
    let whole = bytes(900_000);
    let mut upload = here.put_multipart(&path).await.unwrap();
    let mut parts = Vec::new();
    for part in whole.chunks(200_001) {
        parts.push(upload.put_part(part.to_vec().into()));
    }
    // They arrive in another order than that in which they were cut.
    for part in parts.into_iter().rev() {
        part.await.unwrap();
    }
    let early = there.get(&path).await.unwrap_err();
    assert!(matches!(early, Error::NotFound { .. }), "{early:?}");
    upload.complete().await.unwrap();
    let read = there.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(read, whole);
    database.drop().await.unwrap();
}

#[tokio::test]
async fn an_upload_that_is_broken_off_or_lacks_a_part_leaves_no_artifact() {
    let (here, _, database) = artifacts("broken").await;
    let path = Path::from("exec_1/broken");
    let mut upload = here.put_multipart(&path).await.unwrap();
    upload.put_part(bytes(600_000).into()).await.unwrap();
    assert!(pieces(&database).await > 0);
    drop(upload.put_part(bytes(600_000).into()));
    assert!(upload.complete().await.is_err());
    upload.abort().await.unwrap();
    assert_eq!(pieces(&database).await, 0);
    let missing = here.head(&path).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing:?}");
    database.drop().await.unwrap();
}

#[tokio::test]
async fn artifacts_are_listed_below_their_folder_and_removed() {
    let (here, there, database) = artifacts("listed").await;
    for path in ["exec_1/b", "exec_1/a", "exec_10/c", "exec_2/d"] {
        here.put(&Path::from(path), bytes(3).into()).await.unwrap();
    }
    let listed = async |prefix: Option<&str>| {
        let prefix = prefix.map(Path::from);
        let found: Vec<_> = there.list(prefix.as_ref()).try_collect().await.unwrap();
        found
            .into_iter()
            .map(|it| it.location.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(Some("exec_1")).await, ["exec_1/a", "exec_1/b"]);
    assert_eq!(listed(None).await.len(), 4);
    here.delete(&Path::from("exec_1/a")).await.unwrap();
    assert_eq!(listed(Some("exec_1")).await, ["exec_1/b"]);
    let gone = here.delete(&Path::from("exec_1/a")).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone:?}");
    assert_eq!(pieces(&database).await, 3);
    database.drop().await.unwrap();
}

#[tokio::test]
async fn what_is_not_done_says_so() {
    let (here, _, database) = artifacts("refused").await;
    let path = Path::from("exec_1/a");
    here.put(&path, bytes(3).into()).await.unwrap();
    let only_new = PutOptions::from(PutMode::Create);
    let refused = here.put_opts(&path, bytes(3).into(), only_new).await;
    assert!(
        matches!(refused, Err(Error::NotSupported { .. })),
        "{refused:?}"
    );
    let copied = here.copy(&path, &Path::from("exec_1/b")).await;
    assert!(
        matches!(copied, Err(Error::NotSupported { .. })),
        "{copied:?}"
    );
    let past = GetOptions::new().with_range(Some(5..6_u64));
    assert!(here.get_opts(&path, past).await.is_err());
    database.drop().await.unwrap();
}
