//! Rows of the table `executions`.
//!
//! What changes while an execution lives stands in columns; `doc` holds the rest, as it was when the
//! execution was stored, and is never written again.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use sandglass_contract::{BackfillId, OutcomeCode, UserId};

use crate::{
    embedded::{
        failure::is_dangling,
        stored::{
            corrupt, count, counted, json_column, milliseconds, moment, optional_json_column,
            optional_moment, to_json,
        },
    },
    execution::{CancelRequest, Execution, ExecutionStatus, Fence, Gate},
    store::StoreError,
};

use super::{EXECUTION, finish};

/// The columns that [`read_execution`] needs.
pub(super) const COLUMNS: &str = "doc, status, fence, attempt, available_at, started_at, \
    completed_at, execution_host, cancel_by, cancel_at, reason, result, message, error, outcome, \
    progress, attempts, artifacts, fuel_used, peak_memory_bytes, waits_for";

/// Reads an execution from a row.
pub(super) fn read_execution(row: &Row<'_>) -> Result<Execution, StoreError> {
    let saved: Execution = json_column(row, "doc", EXECUTION)?;
    let started_at = optional_moment(row, "started_at")?;
    let completed_at = optional_moment(row, "completed_at")?;
    Ok(Execution {
        status: status(row)?,
        fence: Fence(counted(row, "fence")?),
        attempt: row.get("attempt")?,
        available_at: moment(row.get("available_at")?)?,
        started_at,
        completed_at,
        duration_seconds: started_at
            .zip(completed_at)
            .map(|(from, to)| to.duration_since(from).as_secs_f64()),
        execution_host: row.get("execution_host")?,
        cancel_requested: cancel_request(row)?,
        reason: row.get("reason")?,
        result: optional_json_column(row, "result", "result")?,
        message: row.get("message")?,
        error: row.get("error")?,
        outcome: outcome(row)?,
        progress: optional_json_column(row, "progress", "progress")?,
        attempts: json_column(row, "attempts", "attempt")?,
        artifacts: json_column(row, "artifacts", "artifact")?,
        fuel_used: counted(row, "fuel_used")?,
        peak_memory_bytes: counted(row, "peak_memory_bytes")?,
        waits_for: gate(row)?,
        ..saved
    })
}

/// The status in a row.
pub(super) fn status(row: &Row<'_>) -> Result<ExecutionStatus, StoreError> {
    let word = row.get_ref("status")?;
    let word = word.as_str().map_err(|source| corrupt(EXECUTION, source))?;
    ExecutionStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == word)
        .ok_or_else(|| corrupt(EXECUTION, format!("there is no status {word:?}")))
}

fn outcome(row: &Row<'_>) -> Result<Option<OutcomeCode>, StoreError> {
    let word: Option<String> = row.get("outcome")?;
    word.map(|word| {
        OutcomeCode::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
            .ok_or_else(|| corrupt(EXECUTION, format!("there is no outcome {word:?}")))
    })
    .transpose()
}

fn gate(row: &Row<'_>) -> Result<Option<Gate>, StoreError> {
    let text: Option<String> = row.get("waits_for")?;
    text.map(|text| text.parse().map_err(|source| corrupt(EXECUTION, source)))
        .transpose()
}

fn cancel_request(row: &Row<'_>) -> Result<Option<CancelRequest>, StoreError> {
    let Some(at) = optional_moment(row, "cancel_at")? else {
        return Ok(None);
    };
    let by: String = row.get("cancel_by")?;
    let by = UserId::parse(by).map_err(|source| corrupt(EXECUTION, source))?;
    Ok(Some(CancelRequest { by, at }))
}

/// An execution about to be stored for the first time.
pub(super) struct SavedExecution {
    pub(super) execution: Execution,
    doc: String,
    result: Option<String>,
    progress: Option<String>,
    attempts: String,
    artifacts: String,
    placement: Option<String>,
}

impl SavedExecution {
    pub(super) fn of(execution: Execution) -> Result<Self, StoreError> {
        let result = execution.result.as_ref();
        let progress = execution.progress.as_ref();
        Ok(Self {
            doc: to_json(EXECUTION, &execution)?,
            result: result.map(|it| to_json("result", it)).transpose()?,
            progress: progress.map(|it| to_json("progress", it)).transpose()?,
            attempts: to_json("attempts", &execution.attempts)?,
            artifacts: to_json("artifacts", &execution.artifacts)?,
            placement: (!execution.placement.is_empty())
                .then(|| to_json("placement", &execution.placement.to_texts()))
                .transpose()?,
            execution,
        })
    }

    /// Stores it. Returns false where the id is taken.
    pub(super) fn insert(&self, connection: &Connection) -> Result<bool, StoreError> {
        self.insert_as(connection, &Instead::of(&self.execution))
    }

    /// Stores it behind a gate.
    pub(super) fn insert_behind(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> Result<bool, StoreError> {
        let instead = Instead {
            waits_for: Some(gate.to_string()),
            ..Instead::of(&self.execution)
        };
        self.insert_as(connection, &instead)
    }

    /// Stores the same execution as one that never runs.
    pub(super) fn insert_skipped(
        &self,
        connection: &Connection,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let in_chain = self.execution.chain.is_some();
        let instead = Instead {
            status: ExecutionStatus::Skipped,
            reason: Some(reason),
            completed_at: Some(at),
            unsettled: in_chain
                && finish::has_children(connection, self.execution.job_id.as_str())?,
            ..Instead::of(&self.execution)
        };
        self.insert_as(connection, &instead)
    }

    /// Stores an execution that never runs because of its chain, whose own children are to hear of it.
    pub(super) fn insert_unsettled(&self, connection: &Connection) -> Result<bool, StoreError> {
        let job = self.execution.job_id.as_str();
        let instead = Instead {
            unsettled: finish::has_children(connection, job)?,
            ..Instead::of(&self.execution)
        };
        self.insert_as(connection, &instead)
    }

    fn insert_as(
        &self,
        connection: &Connection,
        instead: &Instead<'_>,
    ) -> Result<bool, StoreError> {
        let it = &self.execution;
        let available_at = milliseconds(it.available_at);
        let claimable_at = (!instead.status.is_finished()).then_some(available_at);
        let cancel = it.cancel_requested.as_ref();
        let waits = it.queue_deadline.filter(|_| claimable_at.is_some());
        let queue_deadline = waits.map(milliseconds);
        let inserted = connection
            .prepare_cached(
                "INSERT INTO executions (
                     id, org, job_id, job_version, status, queued_at, claimable_at, fence, attempt,
                     available_at, started_at, completed_at, execution_host, cancel_by, cancel_at,
                     reason, result, message, error, outcome, progress, attempts, artifacts,
                     fuel_used, peak_memory_bytes, doc, priority, waits_for, queue_deadline,
                     chain_root, backfill, unsettled, placement)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                         ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                it.id.as_str(),
                it.org.as_str(),
                it.job_id.as_str(),
                count(it.job_version.0),
                instead.status.as_str(),
                milliseconds(it.queued_at),
                claimable_at,
                count(it.fence.0),
                it.attempt,
                available_at,
                it.started_at.map(milliseconds),
                instead.completed_at.map(milliseconds),
                it.execution_host,
                cancel.map(|cancel| cancel.by.as_str()),
                cancel.map(|cancel| milliseconds(cancel.at)),
                instead.reason,
                self.result,
                it.message,
                it.error,
                it.outcome.map(OutcomeCode::as_str),
                self.progress,
                self.attempts,
                self.artifacts,
                count(it.fuel_used),
                count(it.peak_memory_bytes),
                self.doc,
                it.priority.get(),
                instead.waits_for,
                queue_deadline,
                it.chain.as_ref().map(|chain| chain.root.as_str()),
                it.backfill_id.as_ref().map(BackfillId::as_str),
                instead.unsettled,
                self.placement,
            ])
            .map_err(|error| match is_dangling(&error) {
                true => StoreError::NotFound {
                    what: "version of the job",
                },
                false => error.into(),
            })?;
        Ok(inserted == 1)
    }
}

/// What is stored in the place of the execution's own members.
struct Instead<'a> {
    status: ExecutionStatus,
    reason: Option<&'a str>,
    completed_at: Option<Timestamp>,
    waits_for: Option<String>,
    unsettled: bool,
}

impl<'a> Instead<'a> {
    fn of(execution: &'a Execution) -> Self {
        Self {
            status: execution.status,
            reason: execution.reason.as_deref(),
            completed_at: execution.completed_at,
            waits_for: None,
            unsettled: false,
        }
    }
}
