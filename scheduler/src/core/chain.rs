//! Chains: what the end of an execution means for the jobs that depend on its job, and which
//! dependencies would go round in a circle.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sandglass_contract::{ExecutionId, JobId};
use sandglass_registry::{
    ChainLink, Execution, ExecutionStatus, Job, ParentExecution, Trigger,
    job::{Dependency, Require},
    store::{Consequence, Join},
};

use super::queued::{Cause, never_run, queued};

/// The most links between the first execution of a chain and its last.
const MAX_DEPTH: u32 = 50;

/// Which jobs depend on which.
#[derive(Debug, Clone, Default)]
pub struct DependencyGraph(BTreeMap<JobId, BTreeSet<JobId>>);

impl FromIterator<(JobId, JobId)> for DependencyGraph {
    fn from_iter<T: IntoIterator<Item = (JobId, JobId)>>(pairs: T) -> Self {
        let mut graph = Self::default();
        for (parent, child) in pairs {
            graph.0.entry(parent).or_default().insert(child);
        }
        graph
    }
}

impl DependencyGraph {
    /// The circle that there would be if `job` had these parents: from the job over its descendants
    /// back to itself. Dependencies that the job has already are not counted.
    #[must_use]
    pub fn circle(&self, job: &JobId, parents: &[Dependency]) -> Option<Vec<JobId>> {
        let wanted: BTreeSet<&JobId> = parents.iter().map(|it| &it.job_id).collect();
        if wanted.contains(job) {
            return Some(vec![job.clone(), job.clone()]);
        }
        let mut came_from: BTreeMap<&JobId, &JobId> = BTreeMap::new();
        let mut open = vec![job];
        while let Some(at) = open.pop() {
            for child in self.0.get(at).into_iter().flatten() {
                if child != job && !came_from.contains_key(child) {
                    came_from.insert(child, at);
                    open.push(child);
                }
            }
        }
        let back = wanted.into_iter().find(|it| came_from.contains_key(it))?;
        let mut circle = vec![job.clone(), back.clone()];
        let mut at = back;
        while let Some(before) = came_from.get(at) {
            circle.push((*before).clone());
            at = before;
        }
        circle.reverse();
        Some(circle)
    }

    /// Whether `job` is `ancestor` or follows from it over any number of links.
    fn follows(&self, job: &JobId, ancestor: &JobId) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![ancestor];
        while let Some(at) = open.pop() {
            if at == job {
                return true;
            }
            for child in self.0.get(at).into_iter().flatten() {
                if seen.insert(child) {
                    open.push(child);
                }
            }
        }
        false
    }
}

/// What follows from the end of `execution` for `children`, the jobs that depend on its job.
#[must_use]
pub fn decide_consequences(
    execution: &Execution,
    children: &[Job],
    graph: &DependencyGraph,
    now: Timestamp,
) -> Vec<Consequence> {
    let parent = Parent {
        execution,
        graph,
        now,
    };
    let of_this = |child: &Job| {
        let mut parents = child.depends_on.parents.iter();
        parents
            .find(|it| it.job_id == execution.job_id)
            .map(|dependency| parent.decide(child, dependency))
    };
    children.iter().filter_map(of_this).collect()
}

/// The execution that has ended.
struct Parent<'a> {
    execution: &'a Execution,
    graph: &'a DependencyGraph,
    now: Timestamp,
}

impl Parent<'_> {
    fn decide(&self, child: &Job, dependency: &Dependency) -> Consequence {
        let join = self.join(child);
        let execution = self.child(child, &join);
        match self.objection(child, dependency) {
            None => Consequence::Follow {
                child: Box::new(execution),
                join,
                overlap: child.overlap_policy,
            },
            Some(reason) => {
                let skipped = ExecutionStatus::Skipped;
                let execution = never_run(execution, skipped, reason, self.now);
                Consequence::Skip {
                    child: Box::new(execution),
                    join,
                }
            }
        }
    }

    /// Why the child does not run.
    fn objection(&self, child: &Job, dependency: &Dependency) -> Option<String> {
        let ended = self.execution;
        let name = &ended.job_name;
        let never_ran = matches!(
            ended.status,
            ExecutionStatus::Skipped | ExecutionStatus::Missed
        );
        if self.depth() > MAX_DEPTH {
            return Some(format!("the chain is longer than {MAX_DEPTH} links"));
        }
        if !child.enabled {
            return Some("the job is not enabled".to_owned());
        }
        if never_ran {
            return Some(format!("its parent {name:?} did not run"));
        }
        if !dependency.on.admits(ended.status) {
            return Some(format!(
                "its parent {name:?} ended as {}, and it follows on {}",
                ended.status.as_str(),
                dependency.on.as_str()
            ));
        }
        let condition = dependency.condition.as_ref();
        let met = condition.is_none_or(|it| it.is_met(ended.result.as_ref()));
        (!met).then(|| format!("the result of its parent {name:?} does not meet the condition"))
    }

    fn child(&self, child: &Job, join: &Join) -> Execution {
        let ended = self.execution;
        let cause = match join {
            Join::WithinChain { root, .. } => root,
            Join::Each | Join::Latest { .. } => &ended.id,
        };
        let cause = Cause {
            id: ExecutionId::of_chain(&child.id, cause),
            scheduled_for: ended.scheduled_for,
            triggered_by: Trigger::Chain,
        };
        Execution {
            chain: Some(ChainLink {
                root: ended.chain_root().clone(),
                root_job: self.root_job().clone(),
                depth: self.depth(),
                parents: vec![ParentExecution {
                    job_id: ended.job_id.clone(),
                    job_name: ended.job_name.clone(),
                    execution_id: ended.id.clone(),
                    status: ended.status,
                    result: ended.result.clone(),
                }],
            }),
            dry_run: ended.dry_run,
            ..queued(child, cause, self.now)
        }
    }

    fn join(&self, child: &Job) -> Join {
        let parents = &child.depends_on.parents;
        let needed = u32::try_from(parents.len()).unwrap_or(u32::MAX);
        if child.depends_on.require == Require::Any || needed <= 1 {
            return Join::Each;
        }
        let root_job = self.root_job();
        let within = parents
            .iter()
            .all(|parent| self.graph.follows(&parent.job_id, root_job));
        match within {
            true => Join::WithinChain {
                root: self.execution.chain_root().clone(),
                needed,
            },
            false => Join::Latest { needed },
        }
    }

    fn root_job(&self) -> &JobId {
        let chain = self.execution.chain.as_ref();
        chain.map_or(&self.execution.job_id, |chain| &chain.root_job)
    }

    fn depth(&self) -> u32 {
        let chain = self.execution.chain.as_ref();
        chain.map_or(1, |chain| chain.depth.saturating_add(1))
    }
}

#[cfg(test)]
mod tests;
