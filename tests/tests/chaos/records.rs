//! Everything that is on record at the end, read through the REST API.

use std::collections::BTreeMap;

use sandglass_contract::{ExecutionId, JobId, JournalEntry, LogLine};
use sandglass_registry::{AuditEntry, Execution};
use sandglass_tests::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::load::Load;

/// How many rows are read at once: the most that a page holds.
const PAGE: usize = 200;
/// Of executions with a single attempt, every so many are read with their log and journal.
const EVERY: usize = 20;

/// What an execution said and did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces {
    pub(crate) log: Vec<LogLine>,
    pub(crate) journal: Vec<JournalEntry>,
}

/// What is on record.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// The executions of each job.
    pub(crate) executions: BTreeMap<JobId, Vec<Execution>>,
    /// Log and journal of every execution that had several attempts, and of some of the others.
    pub(crate) traces: BTreeMap<ExecutionId, Traces>,
    /// The audit log.
    pub(crate) audit: Vec<AuditEntry>,
}

/// Reads everything.
pub(crate) fn read(client: &Client, load: &Load) -> Records {
    let mut records = Records::default();
    for job in &load.jobs {
        let path = format!("/api/admin/scheduler-jobs/{}/executions", job.id);
        let executions: Vec<Execution> = pages(client, &path, "executions");
        for (position, execution) in executions.iter().enumerate() {
            if execution.attempts.len() > 1 || position % EVERY == 0 {
                let path = format!("/api/admin/job-executions/{}", execution.id);
                let traces = Traces {
                    log: list(&client.get(&path).expect(200).body, "logs"),
                    journal: pages(client, &format!("{path}/effects"), "effects"),
                };
                records.traces.insert(execution.id.clone(), traces);
            }
        }
        records.executions.insert(job.id.clone(), executions);
    }
    records.audit = pages(client, "/api/admin/audit-log", "entries");
    records
}

fn pages<T: DeserializeOwned>(client: &Client, path: &str, member: &str) -> Vec<T> {
    let mut all = Vec::new();
    for page in 1.. {
        let path = format!("{path}?page={page}&limit={PAGE}");
        let rows: Vec<T> = list(&client.get(&path).expect(200).body, member);
        let is_last = rows.len() < PAGE;
        all.extend(rows);
        if is_last {
            break;
        }
    }
    all
}

fn list<T: DeserializeOwned>(body: &Value, member: &str) -> Vec<T> {
    let rows = body[member].clone();
    serde_json::from_value(rows).unwrap_or_else(|error| panic!("{member}: {error}: {body:#}"))
}
