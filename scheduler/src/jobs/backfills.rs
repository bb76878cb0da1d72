//! Backfills, and chains as trees.

use jiff::Timestamp;
use sandglass_contract::{BackfillId, ExecutionId, JobId, RunMode};
use sandglass_registry::{
    Actor, AuditAction, Backfill, BackfillStatus, Execution, ExecutionStatus, OverlapPolicy,
    RateState, Scope, StoreError, Trigger, backfill::MAX_BACKFILL_RUNS,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{JobError, Jobs, Problem};
use crate::{
    auditor::Act,
    calendar::Calendar,
    core::{BackfillPlan, plan_backfill},
};

/// The most executions of a chain that are shown.
const MOST_SHOWN: u32 = 1000;

/// A backfill as somebody asks for it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackfillRequest {
    /// The first moment whose slots run.
    pub start: Timestamp,
    /// The first moment whose slots no longer run; not in the future.
    pub end: Timestamp,
    /// What happens to a slot while an earlier execution of the job is not finished.
    #[serde(default = "one_after_another")]
    pub overlap_policy: OverlapPolicy,
    /// Whether effects are only simulated.
    #[serde(default)]
    pub dry_run: bool,
}

fn one_after_another() -> OverlapPolicy {
    OverlapPolicy::BufferAll
}

/// An execution of a chain with those that follow from it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChainNode {
    /// The execution.
    pub execution_id: ExecutionId,
    /// Its job.
    pub job_id: JobId,
    /// The job's name at the time.
    pub job_name: String,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Why it never ran, where it did not.
    pub reason: Option<String>,
    /// What made it.
    pub triggered_by: Trigger,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// The executions that it follows. Where there are several, it stands below the first of them
    /// that belongs to this chain.
    pub parents: Vec<ExecutionId>,
    /// Those that follow from it.
    #[schema(no_recursion)]
    pub children: Vec<ChainNode>,
}

impl Jobs {
    /// Begins a backfill: every slot of the job from `start` until before `end` runs again, a few at a
    /// time, whether the job is enabled or not.
    ///
    /// # Errors
    /// [`JobError::Invalid`] where the range has no slots, too many, or reaches into the future;
    /// [`StoreError::NotFound`]; [`JobError::Destructive`]; [`JobError::TooManyRuns`].
    pub async fn start_backfill(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &JobId,
        request: BackfillRequest,
    ) -> Result<(Backfill, Option<RateState>), JobError> {
        let now = self.clock.now();
        let job = self.job(scope, id).await?;
        let mode = RunMode::from_dry_run(request.dry_run);
        self.permit_run(scope, actor, &job, mode).await?;
        let plan = plan(&Calendar::compile(&job.schedule)?, &request, now)?;
        let backfill = Backfill {
            id: BackfillId::fresh(now),
            org: scope.organisation().clone(),
            job_id: id.clone(),
            start: request.start,
            end: request.end,
            overlap_policy: request.overlap_policy,
            dry_run: request.dry_run,
            total: plan.total,
            made: 0,
            next_slot: Some(plan.first),
            status: BackfillStatus::Running,
            created_by: actor.user.clone(),
            created_at: now,
        };
        let rate = self.take_manual_run(actor).await?;
        let act = Act::new(AuditAction::BackfillStarted, &backfill.id).with(particulars(&backfill));
        let saved = self.store.insert_backfill(scope, &backfill);
        self.auditor.around(scope, actor, act, saved).await?;
        self.bells.backfills_changed();
        Ok((backfill, rate))
    }

    /// Pauses, resumes or cancels a backfill. One that is finished stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn change_backfill(
        &self,
        scope: &Scope,
        actor: &Actor,
        id: &BackfillId,
        status: BackfillStatus,
    ) -> Result<Backfill, JobError> {
        let missing = StoreError::NotFound { what: "backfill" };
        let before = self.store.backfill(scope, id).await?.ok_or(missing)?;
        let act = Act::new(AuditAction::BackfillChanged, id)
            .with(json!({"job_id": before.job_id, "before": before.status, "after": status}));
        let changed = self.store.change_backfill(scope, id, status);
        let backfill = self.auditor.around(scope, actor, act, changed).await?;
        self.bells.backfills_changed();
        Ok(backfill)
    }

    /// The chain that an execution belongs to, as a tree from its root.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn chain(&self, scope: &Scope, id: &ExecutionId) -> Result<ChainNode, StoreError> {
        let missing = StoreError::NotFound { what: "execution" };
        let execution = self.store.execution(scope, id).await?.ok_or(missing)?;
        let root = execution.chain_root().clone();
        let mut executions = self.store.chain(scope, &root, MOST_SHOWN).await?;
        if executions.iter().all(|it| it.id != root) {
            // The root is gone; what is left of the chain is this execution's part.
            executions = vec![execution];
        }
        tree(executions).ok_or(StoreError::NotFound { what: "execution" })
    }
}

fn particulars(backfill: &Backfill) -> Value {
    json!({
        "job_id": backfill.job_id,
        "start": backfill.start,
        "end": backfill.end,
        "total": backfill.total,
        "dry_run": backfill.dry_run,
    })
}

fn plan(
    calendar: &Calendar,
    request: &BackfillRequest,
    now: Timestamp,
) -> Result<BackfillPlan, JobError> {
    let refuse = |pointer: &str, code: &str, detail: String| {
        JobError::Invalid(vec![Problem::new(pointer, code, detail)])
    };
    if request.end <= request.start {
        let detail = "the end lies before the start or at it".to_owned();
        return Err(refuse("/end", "contradiction", detail));
    }
    if request.end > now {
        let detail = format!("a backfill runs slots of the past, and it is {now} now");
        return Err(refuse("/end", "in_the_future", detail));
    }
    let plan = plan_backfill(calendar, request.start, request.end)?;
    let plan = plan.ok_or_else(|| {
        let detail = "the job has no slot between start and end".to_owned();
        refuse("/start", "no_slots", detail)
    })?;
    if plan.total > MAX_BACKFILL_RUNS {
        let detail = format!(
            "there are more than {MAX_BACKFILL_RUNS} slots between start and end; take it in parts"
        );
        return Err(refuse("/end", "too_many", detail));
    }
    Ok(plan)
}

/// A tree of executions, the first of which is the root.
fn tree(executions: Vec<Execution>) -> Option<ChainNode> {
    let known: Vec<ExecutionId> = executions.iter().map(|it| it.id.clone()).collect();
    let mut nodes: Vec<(Option<ExecutionId>, ChainNode)> = executions
        .into_iter()
        .map(|execution| {
            let links = execution.chain.iter().flat_map(|chain| &chain.parents);
            let parents: Vec<ExecutionId> = links.map(|it| it.execution_id.clone()).collect();
            let below = parents.iter().find(|it| known.contains(it)).cloned();
            (below, node(execution, parents))
        })
        .collect();
    // Whoever follows was queued after whom it follows, so that from the end every node is complete
    // when it is hung below its parent.
    while nodes.len() > 1 {
        let Some((below, node)) = nodes.pop() else {
            break;
        };
        let parent = below.and_then(|below| {
            nodes
                .iter_mut()
                .find(|(_, parent)| parent.execution_id == below)
        });
        let parent = match parent {
            Some(parent) => Some(parent),
            None => nodes.first_mut(),
        };
        if let Some((_, parent)) = parent {
            parent.children.insert(0, node);
        }
    }
    nodes.pop().map(|(_, root)| root)
}

fn node(execution: Execution, parents: Vec<ExecutionId>) -> ChainNode {
    ChainNode {
        execution_id: execution.id,
        job_id: execution.job_id,
        job_name: execution.job_name,
        status: execution.status,
        reason: execution.reason,
        triggered_by: execution.triggered_by,
        queued_at: execution.queued_at,
        completed_at: execution.completed_at,
        parents,
        children: Vec::new(),
    }
}
