//! When the records of executions may go, and what goes with them.
//!
//! An execution that ends is only marked: its log, its journal and its artifacts may be many documents, and
//! its consequences must be stored first. Whoever reports a host gives all of them their date afterwards.
//! The server removes what is past it (MongoDB manual, "TTL Indexes").

use std::future::IntoFuture as _;

use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::{
    mongo::{
        MongoStore,
        batch::Statement,
        collections::{ARTIFACT_FILES, ARTIFACT_PIECES, EPOCH, EXECUTIONS, JOURNAL, LOGS},
        failure::in_time,
        reading::Read,
    },
    store::StoreError,
};

use super::documents::text;

/// The date that an execution is marked with: from then on its records may go.
pub(super) const MARK: &str = "lets_go";
/// How many executions are seen to at once.
const AT_ONCE: u32 = 100;
/// How often, for one report.
const ROUNDS: u32 = 5;

impl MongoStore {
    /// Gives records the date after which they may go, where their execution has ended and is settled. It
    /// sees to so many and leaves the rest for the next time.
    pub(in crate::mongo) async fn let_records_go(&self) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let marked = Read::of(doc! {MARK: {"$gt": EPOCH}, "unsettled": {"$ne": true}});
            let marked = marked.first(AT_ONCE).only(&[MARK]);
            let marked = self.find(EXECUTIONS, marked).await?;
            let mut seen_to = Vec::with_capacity(marked.len());
            for execution in &marked {
                let id = text(execution, "_id");
                if let Ok(at) = execution.get_datetime(MARK) {
                    self.date_records(id, *at).await?;
                    let change = doc! {"$set": {"expire_at": at}, "$unset": {MARK: ""}};
                    seen_to.push(Statement::change(doc! {"_id": id}, change));
                }
            }
            self.update_all(EXECUTIONS, seen_to).await?;
            if marked.len() < AT_ONCE as usize {
                break;
            }
        }
        Ok(())
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
