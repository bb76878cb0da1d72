//! What follows from the ends of executions.

use std::sync::Arc;

use jiff::Timestamp;
use sandglass_contract::JobId;
use sandglass_registry::{
    Execution, Job,
    store::{Consequence, Join, Settlement},
};

use super::Store;

impl Store {
    /// The jobs that depend on a job.
    pub(crate) fn children(&self, parent: &JobId) -> Vec<Job> {
        let follows = |job: &&Arc<Job>| {
            let mut parents = job.depends_on.parents.iter();
            parents.any(|it| it.job_id == *parent)
        };
        let children = self.jobs.values().filter(follows);
        children.map(|job| (**job).clone()).collect()
    }

    /// Every dependency, as pairs of parent and child.
    pub(crate) fn dependencies(&self) -> Vec<(JobId, JobId)> {
        let pairs = self.jobs.values().flat_map(|child| {
            let parents = child.depends_on.parents.iter();
            parents.map(|parent| (parent.job_id.clone(), child.id.clone()))
        });
        pairs.collect()
    }

    /// Stores consequences.
    pub(crate) fn settle(&mut self, settlements: Vec<Settlement>, now: Timestamp) {
        for settlement in settlements {
            if !self.unsettled.remove(&settlement.execution) {
                continue;
            }
            self.rows.get_mut(&settlement.execution).unwrap().unsettled = false;
            for consequence in settlement.consequences {
                self.store_consequence(consequence, now);
            }
        }
    }

    fn store_consequence(&mut self, consequence: Consequence, now: Timestamp) {
        match consequence {
            Consequence::Follow {
                child,
                join,
                overlap,
            } => {
                if let Some(child) = self.joined(*child, &join) {
                    self.place(child, overlap, now);
                }
            }
            Consequence::Skip { child, join } => {
                let job = child.job_id.clone();
                let unsettled = super::has_children(&self.jobs, &job);
                let stored = self.insert(*child, false, unsettled);
                if let (true, Join::WithinChain { root, .. }) = (stored, join) {
                    self.arrivals.remove(&(job, root.as_str().to_owned()));
                }
            }
        }
    }

    fn joined(&mut self, mut child: Execution, join: &Join) -> Option<Execution> {
        let (chain, needed) = match join {
            Join::Each => return Some(child),
            Join::WithinChain { root, needed } => (root.as_str(), *needed),
            Join::Latest { needed } => ("", *needed),
        };
        if self.rows.contains_key(&child.id) {
            return None;
        }
        let key = (child.job_id.clone(), chain.to_owned());
        let arrived = self.arrivals.entry(key.clone()).or_default();
        let link = child.chain.as_mut()?;
        for parent in &link.parents {
            arrived.insert(parent.job_id.clone(), parent.clone());
        }
        if arrived.len() < needed as usize {
            return None;
        }
        link.parents = self.arrivals.remove(&key)?.into_values().collect();
        Some(child)
    }
}
