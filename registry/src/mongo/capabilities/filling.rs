//! The register of a database whose jobs were saved before there was one.

use futures::TryStreamExt as _;
use mongodb::{
    Database,
    bson::{Document, doc},
    error::Error,
};

use super::writing::granted;
use crate::mongo::{
    batch::{Statement, commands, matched},
    collections::{DATA_VERSION, JOBS, REGISTER},
    failure::is_taken,
    jobs::read_job,
};

/// The document that says that the register is complete.
const MARK: &str = "capability_register";
/// How many rows are gathered before they are stored.
const AT_ONCE: usize = 1000;

/// Adds the rows of every job, once for each database. Several hosts may do it at once; rows are added
/// and none is taken away, so that they do not disturb each other.
pub(in crate::mongo) async fn fill(database: &Database) -> Result<(), Error> {
    let marks = database.collection::<Document>(DATA_VERSION);
    if marks.find_one(doc! {"_id": MARK}).await?.is_some() {
        return Ok(());
    }
    let jobs = database.collection::<Document>(JOBS);
    let mut jobs = jobs.find(doc! {}).await?;
    let mut rows = Vec::new();
    while let Some(job) = jobs.try_next().await? {
        match read_job(job) {
            Ok(job) => rows.extend(granted(&job)),
            Err(error) => {
                tracing::error!(%error, "a job cannot be read and is not in the register");
            }
        }
        if rows.len() >= AT_ONCE {
            store(database, std::mem::take(&mut rows)).await?;
        }
    }
    store(database, rows).await?;
    match marks.insert_one(doc! {"_id": MARK}).await {
        Err(error) if !is_taken(&error) => Err(error),
        _ => Ok(()),
    }
}

async fn store(database: &Database, rows: Vec<Statement>) -> Result<(), Error> {
    for mut command in commands(REGISTER, rows) {
        command.insert("writeConcern", doc! {"w": "majority", "j": true});
        let answer = database.run_command(command).await?;
        matched(&answer).map_err(Error::custom)?;
    }
    Ok(())
}
