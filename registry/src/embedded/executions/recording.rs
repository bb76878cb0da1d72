//! What a run says while it goes.

use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::ExecutionId;

use crate::{
    embedded::stored::{count, to_json},
    store::{Claim, Records, StoreError},
};

/// Records about to be stored.
pub(super) struct SavedRecords {
    log: Vec<(i64, String)>,
    journal: Vec<(u32, i64, String)>,
    progress: Option<String>,
}

impl SavedRecords {
    pub(super) fn of(records: &Records) -> Result<Self, StoreError> {
        let log = records.log.iter();
        let journal = records.journal.iter();
        let progress = records.progress.as_ref();
        Ok(Self {
            log: log
                .map(|line| Ok((count(line.seq), to_json("log line", line)?)))
                .collect::<Result<_, StoreError>>()?,
            journal: journal
                .map(|entry| {
                    let doc = to_json("journal entry", entry)?;
                    Ok((entry.attempt, count(entry.seq), doc))
                })
                .collect::<Result<_, StoreError>>()?,
            progress: progress.map(|it| to_json("progress", it)).transpose()?,
        })
    }

    /// The progress, as JSON.
    pub(super) fn progress(&self) -> Option<&str> {
        self.progress.as_deref()
    }

    /// Stores log lines and journal entries. One that is there already is replaced: the caller may not
    /// have heard that it was stored.
    pub(super) fn store(
        &self,
        connection: &Connection,
        execution: &ExecutionId,
    ) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO execution_logs (execution, seq, doc) VALUES (?, ?, ?)
             ON CONFLICT (execution, seq) DO UPDATE SET doc = excluded.doc",
        )?;
        for (seq, doc) in &self.log {
            statement.execute(params![execution.as_str(), seq, doc])?;
        }
        let mut statement = connection.prepare_cached(
            "INSERT INTO effect_journal (execution, attempt, seq, doc) VALUES (?, ?, ?, ?)
             ON CONFLICT (execution, attempt, seq) DO UPDATE SET doc = excluded.doc",
        )?;
        for (attempt, seq, doc) in &self.journal {
            statement.execute(params![execution.as_str(), attempt, seq, doc])?;
        }
        Ok(())
    }
}

/// Makes sure that the claim is the current one, and stores the progress.
pub(super) fn touch(
    connection: &Connection,
    claim: &Claim,
    records: &SavedRecords,
) -> Result<(), StoreError> {
    let id = claim.execution.as_str();
    let fence = count(claim.fence.0);
    let is_current = match records.progress() {
        Some(progress) => {
            let changed = connection
                .prepare_cached(
                    "UPDATE executions SET progress = ?3
                     WHERE id = ?1 AND fence = ?2 AND status = 'running'",
                )?
                .execute(params![id, fence, progress])?;
            changed == 1
        }
        None => connection
            .prepare_cached(
                "SELECT 1 FROM executions WHERE id = ? AND fence = ? AND status = 'running'",
            )?
            .query_row(params![id, fence], |_| Ok(()))
            .optional()?
            .is_some(),
    };
    match is_current {
        true => Ok(()),
        false => Err(StoreError::Fenced),
    }
}
