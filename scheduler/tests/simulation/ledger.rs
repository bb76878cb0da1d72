//! What must hold whatever happens, checked against every change of the store.
//!
//! The ledger keeps its own account of claims, leases and ends and does not trust the store's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sandglass_contract::{ExecutionId, JobId};
use sandglass_registry::{Execution, ExecutionStatus, OverlapPolicy, Trigger, store::Claim};

use crate::{
    store::{Change, Store},
    trace::written,
};

/// What breaks a rule.
pub(crate) type Broken = String;

/// An execution as the ledger knows it.
#[derive(Debug, Default)]
struct Account {
    /// How often it was claimed.
    fence: u64,
    /// When the lease of the current claim runs out; none where nobody holds it.
    lease: Option<Timestamp>,
    finished: Option<ExecutionStatus>,
}

/// The account of everything.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: BTreeMap<ExecutionId, Account>,
    slots: BTreeSet<(JobId, Timestamp)>,
    /// Executions that somebody asked for and was told of.
    promised: BTreeSet<ExecutionId>,
    /// Claims that were taken over from an owner who had not ended.
    pub(crate) taken_over: Vec<Claim>,
    /// How often an attempt was claimed and how many ends were accepted.
    pub(crate) claims: u64,
    pub(crate) ends: u64,
}

impl Ledger {
    /// Notes that somebody was told that an execution is stored.
    pub(crate) fn promise(&mut self, id: ExecutionId) {
        self.promised.insert(id);
    }

    /// Takes in a change that the store made at `now`.
    pub(crate) fn take_in(
        &mut self,
        change: Change,
        store: &Store,
        now: Timestamp,
    ) -> Result<(), Broken> {
        match change {
            Change::Stored(id) => self.stored(&store.rows[&id].execution, store),
            Change::Claimed(claim, until) => self.claimed(&claim, until, now),
            Change::Renewed(claim, until) => {
                self.current(&claim, "renewed")?.lease = Some(until);
                Ok(())
            }
            Change::Recorded(claim) => self.current(&claim, "recorded").map(|_| ()),
            Change::AttemptEnded(claim) => {
                self.current(&claim, "ended")?.lease = None;
                self.ends += 1;
                Ok(())
            }
            Change::Finished(id) => self.finished(&id, store),
            Change::MovedOn(job, from, to) => moved_on(&job, from, to, store),
        }
    }

    fn stored(&mut self, execution: &Execution, store: &Store) -> Result<(), Broken> {
        let id = &execution.id;
        if self
            .accounts
            .insert(id.clone(), Account::default())
            .is_some()
        {
            return Err(format!("{id} was stored twice"));
        }
        let by_schedule = matches!(
            execution.triggered_by,
            Trigger::Scheduler | Trigger::CatchUp
        );
        let slot = (execution.job_id.clone(), execution.scheduled_for);
        if by_schedule && !self.slots.insert(slot) {
            return Err(format!("the slot of {id} has an execution already"));
        }
        check_overlap(execution, store)
    }

    fn claimed(&mut self, claim: &Claim, until: Timestamp, now: Timestamp) -> Result<(), Broken> {
        let account = self.account(&claim.execution)?;
        let name = written(claim);
        if let Some(status) = account.finished {
            return Err(format!("{name} was claimed and had ended as {status:?}"));
        }
        if claim.fence.0 != account.fence + 1 {
            return Err(format!(
                "{name} was claimed after the fence {}",
                account.fence
            ));
        }
        let held = account.lease.replace(until);
        account.fence = claim.fence.0;
        self.claims += 1;
        match held {
            Some(held) if held > now => Err(format!(
                "{name} was claimed at {now} though the lease before holds until {held}"
            )),
            Some(_) => {
                self.taken_over.push(claim.clone());
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn finished(&mut self, id: &ExecutionId, store: &Store) -> Result<(), Broken> {
        let status = store.rows[id].execution.status;
        let account = self.account(id)?;
        account.lease = None;
        match account.finished.replace(status) {
            None => Ok(()),
            Some(before) => Err(format!("{id} ended as {status:?} and before as {before:?}")),
        }
    }

    /// The account of a claim that something was accepted for.
    fn current(&mut self, claim: &Claim, what: &str) -> Result<&mut Account, Broken> {
        let account = self.account(&claim.execution)?;
        let held = account.lease.is_some() && account.finished.is_none();
        match held && account.fence == claim.fence.0 {
            true => Ok(account),
            false => Err(format!(
                "{} was {what} and is not the current claim: {account:?}",
                written(claim)
            )),
        }
    }

    fn account(&mut self, id: &ExecutionId) -> Result<&mut Account, Broken> {
        let account = self.accounts.get_mut(id);
        account.ok_or_else(|| format!("{id} is not stored"))
    }

    /// Whether everything came to an end, once there were no more faults.
    pub(crate) fn check_end(&self, store: &Store) -> Result<(), Broken> {
        if let Some(row) = store.unfinished().next() {
            return Err(format!("this never finishes: {row:?}"));
        }
        if let Some(unsettled) = store.unsettled().first() {
            return Err(format!("{} is never settled", unsettled.id));
        }
        if let Some(backfill) = store
            .backfill
            .as_ref()
            .filter(|it| !it.status.is_finished())
        {
            return Err(format!("this never finishes: {backfill:?}"));
        }
        for id in &self.promised {
            if self.accounts.get(id).is_none_or(|it| it.finished.is_none()) {
                return Err(format!("{id} was promised and did not finish"));
            }
        }
        check_chains(store)
    }
}

/// A job that has moved on from a slot has an execution for it, and left out no other slot.
fn moved_on(
    job: &JobId,
    from: Timestamp,
    to: Option<Timestamp>,
    store: &Store,
) -> Result<(), Broken> {
    let id = ExecutionId::of_slot(job, from);
    let Some(row) = store.rows.get(&id) else {
        return Err(format!("{job} moved on from {from} and there is no {id}"));
    };
    let calendar = sandglass_scheduler::Calendar::compile(&store.jobs[job].schedule).unwrap();
    let next = calendar.next_after(from).unwrap();
    let stands_for_many = row
        .execution
        .reason
        .as_ref()
        .is_some_and(|it| it.contains("all of them"));
    match next == to || stands_for_many {
        true => Ok(()),
        false => Err(format!(
            "{job} moved on from {from} to {to:?} and not to {next:?}"
        )),
    }
}

/// Of a job whose executions must not run at once, one at most may be claimed or run by its schedule.
fn check_overlap(execution: &Execution, store: &Store) -> Result<(), Broken> {
    let job = &store.jobs[&execution.job_id];
    if job.overlap_policy == OverlapPolicy::AllowAll {
        return Ok(());
    }
    let rows = store.unfinished().filter(|row| {
        let it = &row.execution;
        it.job_id == execution.job_id && it.triggered_by != Trigger::User && !row.waits
    });
    let names: Vec<&str> = rows.map(|row| row.execution.id.as_str()).collect();
    match names.len() > 1 {
        true => Err(format!(
            "{names:?} may run at once by {:?}",
            job.overlap_policy
        )),
        false => Ok(()),
    }
}

/// Every end of a job that another follows alone has an execution of that other.
fn check_chains(store: &Store) -> Result<(), Broken> {
    for child in store.jobs.values() {
        let [parent] = child.depends_on.parents.as_slice() else {
            continue;
        };
        for row in store.rows.values() {
            let it = &row.execution;
            let ran = it.outcome.is_some() || it.attempt > 0;
            let follows = ExecutionId::of_chain(&child.id, &it.id);
            if it.job_id == parent.job_id && ran && !store.rows.contains_key(&follows) {
                return Err(format!(
                    "{} ended and {} did not hear of it",
                    it.id, child.id
                ));
            }
        }
    }
    Ok(())
}
