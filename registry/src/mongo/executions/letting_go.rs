//! When the records of executions may go, and what goes with them.
//!
//! An execution that ends is only marked: its log, its journal and its artifacts may be many documents, and
//! its consequences must be stored first. Whoever reports a host gives all of them their date afterwards.
//! The server removes what is past it (MongoDB manual, "TTL Indexes").

use std::future::IntoFuture as _;

use jiff::Timestamp;
use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::{
    mongo::{
        MongoStore,
        batch::Statement,
        collections::{ARTIFACT_FILES, ARTIFACT_PIECES, EXECUTIONS, JOURNAL, LOGS},
        failure::in_time,
        reading::Read,
        stored::date,
    },
    store::StoreError,
};

use super::{
    documents::{optional_moment, text},
    status,
};

/// The mark of an execution whose records may have to go one day.
pub(super) const MARK: &str = "lets_go";
/// How many executions are seen to at once.
const AT_ONCE: u32 = 100;

impl MongoStore {
    /// Gives records the date after which they may go, where their execution has ended and is settled.
    pub(in crate::mongo) async fn let_records_go(&self) -> Result<(), StoreError> {
        loop {
            let marked = Read::of(doc! {MARK: true, "unsettled": {"$ne": true}});
            let marked = marked.first(AT_ONCE).only(&["status", "completed_at"]);
            let marked = self.find(EXECUTIONS, marked).await?;
            if marked.is_empty() {
                return Ok(());
            }
            let mut dated = Vec::with_capacity(marked.len());
            for execution in &marked {
                dated.push((text(execution, "_id"), self.expiry(execution)?));
            }
            for (id, at) in &dated {
                if let Some(at) = at {
                    self.date_records(id, date(*at)).await?;
                }
            }
            let seen_to = dated.into_iter().map(|(id, at)| {
                let mut change = doc! {"$unset": {MARK: ""}};
                if let Some(at) = at {
                    change.insert("$set", doc! {"expire_at": date(at)});
                }
                Statement::change(doc! {"_id": id}, change)
            });
            self.update_all(EXECUTIONS, seen_to.collect()).await?;
        }
    }

    fn expiry(&self, execution: &Document) -> Result<Option<Timestamp>, StoreError> {
        let ended = optional_moment(execution, "completed_at")?;
        let status = status(execution)?;
        Ok(ended.and_then(|ended| self.retention.expires_at(status, ended)))
    }

    /// The execution itself is dated last, so that nothing of it is forgotten.
    async fn date_records(&self, execution: &str, at: DateTime) -> Result<(), StoreError> {
        let dated = doc! {"$set": {"expire_at": at}};
        for collection in [LOGS, JOURNAL] {
            let of_it = doc! {"execution": execution};
            self.date_all(collection, of_it, &dated).await?;
        }
        // Artifacts have their execution in their path; '0' follows '/' in the order of texts.
        let paths = doc! {
            "$gt": format!("runs/{execution}/"), "$lt": format!("runs/{execution}0"),
        };
        let files = Read::of(doc! {"filename": paths}).only(&[]);
        let files = self.find(ARTIFACT_FILES, files).await?;
        let files: Vec<Bson> = files
            .into_iter()
            .filter_map(|mut file| file.remove("_id"))
            .collect();
        if files.is_empty() {
            return Ok(());
        }
        let pieces = doc! {"files_id": {"$in": &files}};
        self.date_all(ARTIFACT_PIECES, pieces, &dated).await?;
        let files = doc! {"_id": {"$in": files}};
        self.date_all(ARTIFACT_FILES, files, &dated).await
    }

    async fn date_all(
        &self,
        collection: &str,
        which: Document,
        dated: &Document,
    ) -> Result<(), StoreError> {
        let documents = self.collection(collection);
        let dating = documents.update_many(which, dated.clone());
        in_time(dating.into_future()).await?;
        Ok(())
    }
}
