//! What becomes of artifacts: finished, dropped, beyond a limit, dry.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use futures::TryStreamExt as _;
use sandglass_contract::{Digest, RunMode};
use wasmtime::component::Resource;

use crate::{
    bindings::sandglass::job::{
        artifacts::{ArtifactRef, Host as _, HostWriter as _},
        types::Error,
    },
    capability::artifacts::OpenWriter,
    state::testing::{Fixture, anything, fixture, grant},
};

async fn create(fixture: &mut Fixture, name: &str) -> Result<Resource<OpenWriter>, Error> {
    let create = fixture
        .state
        .create(name.to_owned(), "text/plain".to_owned());
    create.await.unwrap()
}

async fn write(
    fixture: &mut Fixture,
    writer: &Resource<OpenWriter>,
    bytes: &[u8],
) -> Result<(), Error> {
    let writer = Resource::new_borrow(writer.rep());
    fixture.state.write(writer, bytes.to_vec()).await.unwrap()
}

async fn artifact(fixture: &mut Fixture, name: &str, chunks: &[&[u8]]) -> ArtifactRef {
    let writer = create(fixture, name).await.unwrap();
    for chunk in chunks {
        write(fixture, &writer, chunk).await.unwrap();
    }
    fixture.state.finish(writer).await.unwrap().unwrap()
}

async fn stored(fixture: &Fixture) -> Vec<String> {
    let objects: Vec<_> = fixture
        .services
        .artifacts
        .list(None)
        .try_collect()
        .await
        .unwrap();
    objects
        .iter()
        .map(|object| object.location.to_string())
        .collect()
}

#[tokio::test]
async fn an_artifact_exists_once_it_is_finished() {
    let mut fixture = fixture(RunMode::Live, anything(), &[]);
    let large = vec![7_u8; 6 << 20];
    let finished = artifact(&mut fixture, "a b.bin", &[&large, &large, b"end"]).await;
    let whole = [large.as_slice(), large.as_slice(), b"end"].concat();
    assert_eq!(finished.size, whole.len() as u64);
    assert_eq!(finished.sha256, Digest::of(&whole).to_string());
    assert_eq!(finished.id, "job_1@1700:1:a b.bin");
    assert_eq!(stored(&fixture).await, ["runs/job_1@1700/1/a b.bin"]);
    let mut read = async |offset, length| {
        let read = fixture.state.read(finished.id.clone(), offset, length);
        read.await.unwrap().unwrap()
    };
    assert_eq!(read(whole.len() as u64 - 4, 100).await, b"\x07end");
    assert_eq!(read(0, 2).await, [7, 7]);
    assert!(read(1 << 40, 2).await.is_empty());
    let records = fixture.state.artifacts.close().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].content_type, "text/plain");
}

#[tokio::test]
async fn what_is_not_finished_is_discarded() {
    let mut fixture = fixture(RunMode::Live, anything(), &[]);
    let dropped = create(&mut fixture, "dropped").await.unwrap();
    write(&mut fixture, &dropped, &vec![1; 11 << 20])
        .await
        .unwrap();
    crate::bindings::sandglass::job::artifacts::HostWriter::drop(&mut fixture.state, dropped)
        .await
        .unwrap();
    let left = create(&mut fixture, "left").await.unwrap();
    write(&mut fixture, &left, b"x").await.unwrap();
    assert!(fixture.state.artifacts.close().await.is_empty());
    assert!(stored(&fixture).await.is_empty());
}

#[tokio::test]
async fn a_dry_run_counts_and_hashes_and_stores_nothing() {
    let mut fixture = fixture(RunMode::Dry, anything(), &[]);
    let finished = artifact(&mut fixture, "a.csv", &[b"a,b\n"]).await;
    assert_eq!(finished.id, "dry:job_1@1700:1:a.csv");
    assert_eq!(finished.size, 4);
    assert_eq!(finished.sha256, Digest::of(b"a,b\n").to_string());
    assert!(stored(&fixture).await.is_empty());
    let read = fixture.state.read(finished.id, 0, 1).await.unwrap();
    assert!(matches!(read, Err(Error::InvalidArgument(_))), "{read:?}");
}

#[tokio::test]
async fn names_are_file_names_used_once() {
    let mut fixture = fixture(RunMode::Live, anything(), &[]);
    for name in ["", "../up", "a/b", ".hidden", "a\n"] {
        let refused = create(&mut fixture, name).await.unwrap_err();
        assert!(
            matches!(refused, Error::InvalidArgument(_)),
            "{name:?} {refused:?}"
        );
    }
    let first = create(&mut fixture, "a").await.unwrap();
    assert!(create(&mut fixture, "a").await.is_err());
    fixture.state.finish(first).await.unwrap().unwrap();
    assert!(create(&mut fixture, "a").await.is_err());
    let create = fixture
        .state
        .create("b".to_owned(), "text/csv\r\nX: y".to_owned());
    assert!(matches!(
        create.await.unwrap(),
        Err(Error::InvalidArgument(_))
    ));
}

#[tokio::test]
async fn others_artifacts_are_read_only_where_that_is_granted() {
    let mut fixture = fixture(
        RunMode::Live,
        grant(&[
            ("artifacts", "a.csv", &["create"]),
            ("artifacts", "b.csv", &["read"]),
        ]),
        &[],
    );
    let own = artifact(&mut fixture, "a.csv", &[b"own"]).await;
    let read = fixture.state.read(own.id, 0, 9).await.unwrap().unwrap();
    assert_eq!(read, b"own");
    let denied = create(&mut fixture, "b.csv").await.unwrap_err();
    assert!(matches!(denied, Error::AccessDenied), "{denied:?}");
    let mut read = async |id: &str| {
        let read = fixture.state.read(id.to_owned(), 0, 9);
        format!("{:?}", read.await.unwrap().unwrap_err())
    };
    assert!(read("exec_2:1:a.csv").await.contains("AccessDenied"));
    assert!(
        read("exec_2:1:b.csv")
            .await
            .contains("there is no such artifact")
    );
    assert!(read("exec_2:1:../b.csv").await.contains("InvalidArgument"));
}

#[tokio::test]
async fn artifacts_are_limited_in_number_and_bytes() {
    for mode in [RunMode::Live, RunMode::Dry] {
        let limits = [("artifacts", 2), ("artifact_bytes", 10)];
        let mut fixture = fixture(mode, anything(), &limits);
        let first = create(&mut fixture, "a").await.unwrap();
        write(&mut fixture, &first, b"12345678").await.unwrap();
        let beyond = write(&mut fixture, &first, b"123").await.unwrap_err();
        assert!(matches!(beyond, Error::LimitExceeded(_)), "{beyond:?}");
        create(&mut fixture, "b").await.unwrap();
        let beyond = create(&mut fixture, "c").await.unwrap_err();
        assert!(matches!(beyond, Error::LimitExceeded(_)), "{beyond:?}");
    }
}
