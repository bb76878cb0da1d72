//! What every application database must do, asked of the embedded one and of MongoDB.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod limits;
#[path = "../mongodb/mod.rs"]
mod mongodb;
mod promises;

use std::sync::Arc;

use jiff::Timestamp;
use sandglass_contract::clock::testing::ManualClock;
use sandglass_query::ApplicationDatabase;
use sandglass_registry::{embedded::EmbeddedDatabase, mongo::MongoDatabase};
use tempfile::TempDir;

fn now() -> Timestamp {
    Timestamp::from_second(1_760_000_000).unwrap()
}

async fn on_server() -> MongoDatabase {
    let connection = mongodb::connection("application").await;
    let name = mongodb::unique_name("application");
    MongoDatabase::open(&connection, &name, Arc::new(ManualClock::at(now())))
}

/// Makes a test of every promise for each kind of database.
macro_rules! promises {
    ($($test:ident,)*) => {
        mod embedded {
            use super::*;

            $(
                #[tokio::test]
                async fn $test() {
                    let folder = TempDir::new().unwrap();
                    let clock = Arc::new(ManualClock::at(now()));
                    let database = EmbeddedDatabase::open(folder.path(), clock).unwrap();
                    let database: Arc<dyn ApplicationDatabase> = Arc::new(database);
                    promises::$test(database.as_ref()).await;
                }
            )*
        }

        mod mongo {
            use super::*;

            $(
                #[tokio::test]
                async fn $test() {
                    let database = on_server().await;
                    promises::$test(&database).await;
                    database.drop_everything().await.unwrap();
                }
            )*
        }
    };
}

promises!(
    a_collection_that_is_not_there_is_empty,
    collections_are_listed_by_name,
    a_document_without_id_gets_one_of_its_own,
    the_id_is_the_first_field,
    of_documents_with_a_taken_id_none_is_inserted,
    a_deletion_stops_at_its_bound,
    an_update_that_fails_changes_nothing,
    a_limit_of_zero_returns_nothing,
    skips_beyond_any_number_of_documents_return_nothing,
    a_pattern_ends_at_the_very_end,
);
