//! Revisions of jobs, kept in mind: what an execution runs never changes, so that each is read once.

use std::{collections::HashMap, sync::Arc};

use mongodb::bson::doc;
use parking_lot::Mutex;
use sandglass_contract::JobId;

use super::{
    MongoStore,
    collections::REVISIONS,
    reading::Read,
    stored::{corrupt, from_bson},
};
use crate::{
    job::{Job, Version},
    store::StoreError,
};

/// The most revisions that are kept in mind.
const MOST_KEPT: usize = 4096;

/// Revisions of jobs that were read before.
#[derive(Default)]
pub(super) struct Revisions(Mutex<HashMap<String, Arc<Job>>>);

/// The key of a revision.
pub(super) fn revision_id(job: &JobId, version: Version) -> String {
    format!("{job}@{}", version.0)
}

impl MongoStore {
    /// The revisions of these keys, as far as they are there.
    pub(super) async fn revisions(
        &self,
        ids: Vec<String>,
    ) -> Result<HashMap<String, Arc<Job>>, StoreError> {
        let mut found = HashMap::new();
        let mut unknown = Vec::new();
        {
            let kept = self.revisions.0.lock();
            for id in ids {
                match kept.get(&id) {
                    Some(job) => {
                        found.insert(id, job.clone());
                    }
                    None => unknown.push(id),
                }
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        let read = Read::of(doc! {"_id": {"$in": unknown}});
        for mut document in self.find(REVISIONS, read).await? {
            let id = document
                .get_str("_id")
                .map_err(|error| corrupt("job", error))?;
            let id = id.to_owned();
            let record = document.remove("record").unwrap_or_default();
            let job: Arc<Job> = Arc::new(from_bson("job", record)?);
            let mut kept = self.revisions.0.lock();
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert(id.clone(), job.clone());
            found.insert(id, job);
        }
        Ok(found)
    }
}
