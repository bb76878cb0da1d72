//! What a run says while it goes.
//!
//! Lines and entries are written in the same transaction as the execution they belong to, so that a
//! worker whose lease was lost adds none, however late its message comes.

use mongodb::bson::{Document, doc};
use sandglass_contract::ExecutionId;

use crate::{
    mongo::{
        MongoStore,
        batch::Statement,
        collections::{EXECUTIONS, JOURNAL, LOGS},
        stored::{count, to_bson, to_document},
        transaction::Transaction,
    },
    store::{Claim, Records, StoreError},
};

use super::leases::current;

/// Documents about to be stored.
#[derive(Debug, Clone, Default)]
pub(in crate::mongo) struct SavedRecords {
    pub(in crate::mongo) log: Vec<Document>,
    pub(in crate::mongo) journal: Vec<Document>,
}

impl SavedRecords {
    /// Prepares the records of an execution.
    pub(in crate::mongo) fn of(
        execution: &ExecutionId,
        records: &Records,
    ) -> Result<Self, StoreError> {
        let mut saved = Self::default();
        for line in &records.log {
            saved.log.push(doc! {
                "_id": format!("{execution}/{}", line.seq),
                "execution": execution.as_str(),
                "seq": count(line.seq),
                "line": to_document("log line", line)?,
            });
        }
        for entry in &records.journal {
            saved.journal.push(doc! {
                "_id": format!("{execution}/{}/{}", entry.attempt, entry.seq),
                "execution": execution.as_str(),
                "attempt": i64::from(entry.attempt),
                "seq": count(entry.seq),
                "entry": to_document("journal entry", entry)?,
            });
        }
        Ok(saved)
    }

    /// Adds those of another execution.
    pub(super) fn extend(&mut self, others: Self) {
        self.log.extend(others.log);
        self.journal.extend(others.journal);
    }

    /// Stores them. What is there already is replaced: the caller may not have heard that it was stored.
    pub(super) async fn store(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        for (collection, documents) in [(LOGS, self.log), (JOURNAL, self.journal)] {
            let documents = documents.into_iter().map(Statement::put);
            transaction
                .update_all(collection, documents.collect())
                .await?;
        }
        Ok(())
    }
}

impl MongoStore {
    /// Stores the records of a run, if the claim is the current one.
    pub(super) async fn record_under(
        &self,
        transaction: &mut Transaction,
        claim: &Claim,
        records: &Records,
    ) -> Result<(), StoreError> {
        let mut change = doc! {"$inc": {"touched": 1_i64}};
        if let Some(progress) = &records.progress {
            let progress = to_bson("progress", progress)?;
            change.insert("$set", doc! {"progress": progress});
        }
        if transaction
            .update(EXECUTIONS, current(claim), change)
            .await?
            == 0
        {
            return Err(StoreError::Fenced);
        }
        SavedRecords::of(&claim.execution, records)?
            .store(transaction)
            .await
    }
}
