//! Executions as an archive moves them: with what the document holds beside the record.

use mongodb::bson::Document;

use crate::{
    archive::ArchivedExecution,
    execution::ExecutionStatus,
    mongo::{MongoStore, stored::date},
    store::StoreError,
};

use super::documents::{As, Settling, new_document, optional_moment, read_execution};

/// Reads an execution from a document.
pub(in crate::mongo) fn read_archived(document: Document) -> Result<ArchivedExecution, StoreError> {
    let running = document.get_str("status").ok() == Some(ExecutionStatus::Running.as_str());
    let attempt_started_at = match running {
        true => optional_moment(&document, "attempt_started_at")?,
        false => None,
    };
    Ok(ArchivedExecution {
        attempt_started_at,
        missed_at: optional_moment(&document, "waits_until")?,
        unsettled: document.get_bool("unsettled").unwrap_or_default(),
        execution: read_execution(document)?,
    })
}

impl MongoStore {
    /// An execution that another store kept. The lease of one that runs ends now.
    pub(in crate::mongo) fn archived_document(
        &self,
        archived: ArchivedExecution,
    ) -> Result<Document, StoreError> {
        let execution = &archived.execution;
        let mut document = new_document(execution, As::ItIs)?;
        document.remove("waits_until");
        if let Some(at) = archived.missed_at {
            document.insert("waits_until", date(at));
        }
        if execution.status == ExecutionStatus::Running {
            document.insert("claimable_at", date(self.clock.now()));
        }
        if let Some(at) = archived.attempt_started_at {
            document.insert("attempt_started_at", date(at));
        }
        let settling = match archived.unsettled {
            true => Settling::Open,
            false => Settling::Done,
        };
        if execution.status.is_finished() {
            let ended = execution.completed_at.unwrap_or_else(|| self.clock.now());
            document.extend(self.leaving(execution.status, ended, settling));
        }
        Ok(document)
    }
}
