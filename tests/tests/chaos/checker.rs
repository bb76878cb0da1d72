//! What must hold of the records, whatever broke meanwhile.
//!
//! 1. A slot of a schedule is one execution, and no slot is without one.
//! 2. A run that was acknowledged is on record and has ended.
//! 3. An execution's attempts follow each other; only the last one brings an end.
//! 4. Whoever lost an execution wrote nothing about it after it had a new owner.
//! 5. What follows from an end follows once.
//! 6. Nothing failed for another reason than that hosts were lost.
//!
//! Moments of different hosts are compared with each other. All of them go by the database server's
//! clock, which a host knows to within half the time that asking it takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{ExecutionId, JobId, OutcomeCode};
use sandglass_registry::{AuditAction, Execution, ExecutionStatus, Trigger};

use crate::{
    load::{Load, LoadedJob, MAX_RETRIES, Role},
    records::{Records, Traces},
};

/// By how much the moments of two hosts may differ.
const CLOCKS: SignedDuration = SignedDuration::from_millis(1000);
/// How many hosts an execution may lose; the next one ends it.
const MOST_LOST_LEASES: usize = 5;
/// A jump of the clock by as much as the hosts' own clocks are off would be one.
const JUMP_SECONDS: f64 = 5.0;

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Slots of schedules.
    pub(crate) slots: usize,
    /// Attempts whose host was lost and whose execution went on elsewhere.
    pub(crate) takeovers: usize,
    attempts: usize,
    children: usize,
    traces: usize,
    by_status: BTreeMap<&'static str, usize>,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            slots,
            takeovers,
            attempts,
            children,
            traces,
            by_status,
        } = self;
        write!(
            formatter,
            "{slots} slots, {attempts} attempts, {takeovers} takeovers, {children} links of chains, \
             {traces} logs and journals, executions: {by_status:?}"
        )
    }
}

/// Checks everything; panics with what is wrong.
pub(crate) fn check(
    records: &Records,
    load: &Load,
    triggers: &[ExecutionId],
    hosts: &BTreeSet<String>,
) -> Counts {
    let mut counts = Counts::default();
    for job in &load.jobs {
        let executions = &records.executions[&job.id];
        for execution in executions {
            check_execution(execution, job, hosts);
            *counts
                .by_status
                .entry(execution.status.as_str())
                .or_default() += 1;
            counts.attempts += execution.attempts.len();
            let lost = execution
                .attempts
                .iter()
                .filter(|it| it.outcome == OutcomeCode::LeaseLost);
            counts.takeovers += lost.count();
        }
        counts.slots += check_slots(job, executions);
        counts.children += check_chain(job, records);
    }
    let all = || records.executions.values().flatten();
    let ids: BTreeSet<&ExecutionId> = all().map(|execution| &execution.id).collect();
    assert_eq!(ids.len(), all().count(), "an execution is listed twice");
    for trigger in triggers {
        assert!(
            ids.contains(trigger),
            "{trigger} was acknowledged and is not on record"
        );
    }
    for execution in all() {
        if let Some(traces) = records.traces.get(&execution.id) {
            check_traces(execution, traces);
            counts.traces += 1;
        }
    }
    check_audit(records, load);
    counts
}

/// Its attempts followed each other, and only the last one brought an end that is allowed.
pub(crate) fn check_execution(execution: &Execution, job: &LoadedJob, hosts: &BTreeSet<String>) {
    let what = || format!("{execution:#?}");
    let attempts = &execution.attempts;
    let mut free_from = Timestamp::MIN;
    for (number, attempt) in (1..).zip(attempts) {
        assert_eq!(
            attempt.attempt,
            number,
            "attempts are not numbered one by one: {}",
            what()
        );
        let begins = attempt.started_at.saturating_add(CLOCKS).unwrap();
        assert!(begins >= free_from, "two owners at once: {}", what());
        free_from = attempt.completed_at;
        let name = &attempt.execution_host;
        assert!(hosts.contains(name), "no host is called {name}: {}", what());
        let is_last = number as usize == attempts.len();
        let goes_on = matches!(
            attempt.outcome,
            OutcomeCode::LeaseLost
                | OutcomeCode::Interrupted
                | OutcomeCode::FailedRetryable
                | OutcomeCode::HostFault
                | OutcomeCode::HostBusy
        );
        assert!(
            is_last || goes_on,
            "an attempt brought the end and was not the last: {}",
            what()
        );
    }
    assert!(execution.status.is_finished(), "{}", what());
    assert_eq!(execution.attempt as usize, attempts.len(), "{}", what());
    assert!(execution.fence.0 >= attempts.len() as u64, "{}", what());
    check_end(execution, job);
}

/// It ended in one of the ways that its job allows.
fn check_end(execution: &Execution, job: &LoadedJob) {
    let attempts = &execution.attempts;
    let last = attempts.last().map(|attempt| attempt.outcome);
    let lost = attempts
        .iter()
        .filter(|it| it.outcome == OutcomeCode::LeaseLost)
        .count();
    let tried = attempts.len() > MAX_RETRIES as usize;
    let is_allowed = match execution.status {
        ExecutionStatus::Success => last == Some(OutcomeCode::Success),
        ExecutionStatus::Skipped | ExecutionStatus::Missed => attempts.is_empty(),
        ExecutionStatus::Cancelled => job.role == Role::Cancelling,
        ExecutionStatus::Failed => match last {
            Some(OutcomeCode::LeaseLost) => lost > MOST_LOST_LEASES,
            Some(OutcomeCode::HostFault | OutcomeCode::HostBusy) => tried,
            // The database was away each time.
            Some(OutcomeCode::FailedRetryable) => job.role == Role::Touching && tried,
            _ => false,
        },
        ExecutionStatus::TimedOut | ExecutionStatus::Queued | ExecutionStatus::Running => false,
    };
    assert!(is_allowed, "it must not end so: {execution:#?}");
}

/// Every slot from the first to the last is one execution. Returns how many.
pub(crate) fn check_slots(job: &LoadedJob, executions: &[Execution]) -> usize {
    let Some(interval) = job.interval_ms else {
        return 0;
    };
    let of_schedule =
        |it: &&Execution| matches!(it.triggered_by, Trigger::Scheduler | Trigger::CatchUp);
    let mut slots = Vec::new();
    for execution in executions.iter().filter(of_schedule) {
        let slot = execution.scheduled_for;
        assert_eq!(
            execution.id,
            ExecutionId::of_slot(&job.id, slot),
            "{execution:#?}"
        );
        slots.push(slot.as_millisecond());
    }
    slots.sort_unstable();
    for pair in slots.windows(2) {
        assert_eq!(pair[1] - pair[0], interval, "slots of {}: {pair:?}", job.id);
    }
    slots.len()
}

/// Each cause has one child, and each root that succeeded has both and what follows them. Returns how
/// many links there are.
fn check_chain(job: &LoadedJob, records: &Records) -> usize {
    if job.parents.is_empty() {
        return 0;
    }
    let children = &records.executions[&job.id];
    let mut by_cause: BTreeMap<(&ExecutionId, &JobId), usize> = BTreeMap::new();
    let mut by_root: BTreeMap<&ExecutionId, usize> = BTreeMap::new();
    let mut links = 0;
    for child in children
        .iter()
        .filter(|it| it.triggered_by == Trigger::Chain)
    {
        let chain = child.chain.as_ref().expect("what a chain made is in one");
        *by_root.entry(&chain.root).or_default() += 1;
        for parent in &chain.parents {
            assert!(job.parents.contains(&parent.job_id), "{child:#?}");
            *by_cause
                .entry((&parent.execution_id, &parent.job_id))
                .or_default() += 1;
            links += 1;
        }
    }
    for (cause, count) in by_cause {
        assert_eq!(count, 1, "{cause:?} has {count} children of {}", job.id);
    }
    for (root, count) in &by_root {
        assert_eq!(*count, 1, "{root} has {count} children of {}", job.id);
    }
    let parents = job
        .parents
        .iter()
        .flat_map(|parent| &records.executions[parent]);
    for parent in parents.filter(|it| it.status == ExecutionStatus::Success) {
        let root = parent.chain_root();
        assert!(
            by_root.contains_key(root),
            "{} of {root} has no {}",
            parent.id,
            job.id
        );
    }
    links
}

/// No line of an attempt is younger than the attempt after it, and no call stands there twice.
pub(crate) fn check_traces(execution: &Execution, traces: &Traces) {
    let id = &execution.id;
    // An attempt is over for good when the one after it begins.
    let over_at: Vec<Timestamp> = execution
        .attempts
        .iter()
        .skip(1)
        .map(|next| next.started_at.saturating_add(CLOCKS).unwrap())
        .collect();
    let check = |attempt: u32, at: Timestamp, what: &str| {
        let position = attempt as usize - 1;
        let owner = execution.attempts.get(position);
        let owner = owner
            .unwrap_or_else(|| panic!("{id}: {what} of an attempt {attempt} that is not there"));
        let since = owner.started_at.saturating_sub(CLOCKS).unwrap();
        assert!(
            at >= since,
            "{id}: {what} is older than its attempt {attempt}"
        );
        if let Some(over_at) = over_at.get(position) {
            assert!(
                at <= *over_at,
                "{id}: {what} of attempt {attempt}, which had lost it, is on record"
            );
        }
    };
    for line in &traces.log {
        check(line.attempt, line.timestamp, &format!("{line:?}"));
    }
    let numbers: Vec<u64> = traces.log.iter().map(|line| line.seq).collect();
    assert!(
        numbers.is_sorted_by(|one, next| one < next),
        "{id}: lines {numbers:?}"
    );
    let by_attempt: Vec<u32> = traces.log.iter().map(|line| line.attempt).collect();
    assert!(
        by_attempt.is_sorted(),
        "{id}: lines of attempts {by_attempt:?}"
    );
    let mut calls = BTreeSet::new();
    for entry in &traces.journal {
        check(entry.attempt, entry.started, &format!("{entry:?}"));
        assert!(
            calls.insert((entry.attempt, entry.seq)),
            "{id}: {entry:?} stands there twice"
        );
    }
}

/// No host's own clock was followed, and every pause is on record once.
fn check_audit(records: &Records, load: &Load) {
    let mut paused = 0;
    for entry in &records.audit {
        match entry.action {
            AuditAction::ClockJumped => {
                let by = entry.detail["by_seconds"].as_f64().unwrap();
                assert!(by.abs() < JUMP_SECONDS, "{entry:?}");
            }
            AuditAction::JobPaused => paused += 1,
            _ => {}
        }
    }
    let scheduled = load.jobs.iter().filter(|job| job.interval_ms.is_some());
    assert_eq!(paused, scheduled.count(), "pauses in the audit log");
}
