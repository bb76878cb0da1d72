//! Which files and folders are opened, and which are refused.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rusqlite::Connection;
use sandglass_contract::SystemClock;
use tempfile::TempDir;

use crate::embedded::{EmbeddedDatabase, EmbeddedStore, OpenError, SCHEMA, STORE_FILE};

fn open(folder: &Path) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(folder, Arc::new(SystemClock::default()))
}

fn check(prepare: impl FnOnce(&Path), expect: &str) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(STORE_FILE);
    prepare(&path);
    let before = fs::read(&path).unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
    assert!(error.contains(STORE_FILE), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before, "it was changed");
}

#[test]
fn a_folder_is_made_for_its_owner_alone() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("a/b");
    drop(open(&folder).unwrap());
    let mode = fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn one_folder_has_one_store_at_a_time() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path()).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("--data-dir"), "{error}");
    drop(first);
    drop(open(folder.path()).unwrap());
}

#[test]
fn an_application_database_is_opened_by_several() {
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(SystemClock::default());
    let first = EmbeddedDatabase::open(folder.path(), clock.clone()).unwrap();
    let second = EmbeddedDatabase::open(folder.path(), clock).unwrap();
    drop((first, second));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    check(
        |path| {
            fs::write(
                path,
                "a text that is long enough to be read as a header".repeat(99),
            )
            .unwrap();
        },
        "is not a file of sandglass",
    );
    check(
        |path| {
            let other = Connection::open(path).unwrap();
            other.execute_batch("CREATE TABLE theirs (a)").unwrap();
        },
        "is not a file of sandglass",
    );
    check(
        |path| {
            let other = Connection::open(path).unwrap();
            other.pragma_update(None, "application_id", 99).unwrap();
        },
        "is not a file of sandglass",
    );
}

#[test]
fn a_newer_file_is_refused() {
    check(
        |path| {
            drop(open(path.parent().unwrap()).unwrap());
            let newer = Connection::open(path).unwrap();
            newer.pragma_update(None, "user_version", 99).unwrap();
            newer.pragma_update(None, "journal_mode", "DELETE").unwrap();
        },
        &format!(
            "has data version 99 and this sandglass knows up to {}; run the newer version",
            SCHEMA.migrations.len()
        ),
    );
}
