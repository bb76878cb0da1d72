//! What follows from the end of an execution for the jobs that depend on its job.
//!
//! The ends of parents that a job waits to see together stand in one document for the job and the
//! chain, so that two of them never miss each other.

use std::collections::BTreeSet;

use mongodb::bson::{Document, doc};

use crate::{
    execution::{Execution, ParentExecution},
    job::OverlapPolicy,
    mongo::{
        MongoStore,
        batch::Statement,
        collections::{ARRIVALS, EXECUTIONS, JOBS},
        parts::Parts,
        reading::Read,
        stored::{corrupt, from_bson, to_bson},
        transaction::{Effort, Transaction, in_transaction, met_another},
    },
    scope::Scope,
    store::{Consequence, Fired, Join, Settlement, StoreError},
};

use super::{
    documents::{read_execution, text},
    placing::Placing,
};

impl MongoStore {
    /// Executions that have ended and whose consequences are not stored. One that cannot be read has
    /// none, so that it does not stand in the way of the others.
    pub(super) async fn read_unsettled(&self, limit: u32) -> Result<Vec<Execution>, StoreError> {
        let read = Read::of(doc! {"unsettled": true});
        let read = read.sorted(doc! {"completed_at": 1, "_id": 1}).first(limit);
        let mut executions = Vec::new();
        for document in self.find(EXECUTIONS, read).await? {
            let id = text(&document, "_id").to_owned();
            match read_execution(document) {
                Ok(execution) => executions.push(execution),
                Err(error) => {
                    tracing::error!(id, %error, "an end cannot be read, and nothing follows from it");
                    let settled = Statement::change(doc! {"_id": id}, settled());
                    self.update_all(EXECUTIONS, vec![settled]).await?;
                }
            }
        }
        Ok(executions)
    }

    /// Stores consequences. Those that the store refuses are given up, so that they do not stand in the
    /// way of the others.
    pub(super) async fn settle_all(&self, settlements: &[Settlement]) -> Result<(), StoreError> {
        let mut parts = Parts::of(settlements.len(), settlements.len());
        let mut failed = None;
        while let Some(part) = parts.next() {
            let some = settlements.get(part.clone()).unwrap_or_default();
            let stored = in_transaction!(self, Effort::Part, |transaction| self
                .settle_some(&mut transaction, some));
            match stored {
                Ok(()) => {}
                Err(error) if error.is_retryable() && !met_another(&error) => return Err(error),
                Err(_) if parts.split(&part) => {}
                Err(error) if error.is_retryable() => failed = Some(error),
                Err(error @ StoreError::Exists { .. }) => failed = Some(error),
                Err(error) => {
                    for it in some {
                        let id = it.execution.as_str();
                        tracing::error!(id, %error, "an end is refused, and nothing follows from it");
                        let without = Statement::change(doc! {"_id": id}, settled());
                        self.update_all(EXECUTIONS, vec![without]).await?;
                    }
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    async fn settle_some(
        &self,
        transaction: &mut Transaction,
        settlements: &[Settlement],
    ) -> Result<(), StoreError> {
        for settlement in settlements {
            let unsettled = doc! {"_id": settlement.execution.as_str(), "unsettled": true};
            if transaction.update(EXECUTIONS, unsettled, settled()).await? == 1 {
                for consequence in &settlement.consequences {
                    self.store_consequence(transaction, consequence).await?;
                }
            }
        }
        Ok(())
    }

    async fn store_consequence(
        &self,
        transaction: &mut Transaction,
        consequence: &Consequence,
    ) -> Result<(), StoreError> {
        let (Consequence::Follow { child, .. } | Consequence::Skip { child, .. }) = consequence;
        // A job that is deleted meanwhile meets this write.
        let job = doc! {"_id": child.job_id.as_str()};
        if transaction.touch(JOBS, job).await? == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        match consequence {
            Consequence::Follow {
                child,
                join,
                overlap,
            } => {
                let overlap: OverlapPolicy = *overlap;
                let placed = [(child.as_ref(), overlap)];
                let mut placing = Placing::of(self, transaction, &placed, now).await?;
                if let Some(mut child) = joined(transaction, &placing, child, join).await? {
                    child.available_at = child.available_at.min(now);
                    placing.place(transaction, &child, overlap).await?;
                }
                placing.write(transaction).await
            }
            Consequence::Skip { child, join } => {
                let skipped = [(child.as_ref(), OverlapPolicy::AllowAll)];
                let mut placing = Placing::of(self, transaction, &skipped, now).await?;
                let placed = placing.place_skipped(child)?;
                placing.write(transaction).await?;
                if let (Fired::Stored(_), Join::WithinChain { root, .. }) = (placed, join) {
                    forget(transaction, child, root.as_str()).await?;
                }
                Ok(())
            }
        }
    }

    /// The executions of a chain.
    pub(super) async fn read_chain(
        &self,
        scope: &Scope,
        root: &str,
        limit: u32,
    ) -> Result<Vec<Execution>, StoreError> {
        let organisation = scope.organisation().as_str();
        let first = Read::of(doc! {"_id": root, "org": organisation});
        let mut documents = self.find(EXECUTIONS, first.first(1)).await?;
        let others = Read::of(doc! {"chain.root": root, "org": organisation});
        let others = others.sorted(doc! {"queued_at": 1, "_id": 1}).first(limit);
        documents.extend(self.find(EXECUTIONS, others).await?);
        documents.truncate(limit as usize);
        documents.into_iter().map(read_execution).collect()
    }
}

fn settled() -> Document {
    doc! {"$unset": {"unsettled": ""}}
}

/// The child with all its parents, once those that it needs have ended as they should.
async fn joined(
    transaction: &mut Transaction,
    placing: &Placing,
    child: &Execution,
    join: &Join,
) -> Result<Option<Execution>, StoreError> {
    let (chain, needed) = match join {
        Join::Each => return Ok(Some(child.clone())),
        Join::WithinChain { root, needed } => (root.as_str(), *needed),
        Join::Latest { needed } => ("", *needed),
    };
    if placing.is_stored(child) {
        return Ok(None);
    }
    let arrivals = Read::of(doc! {"_id": arrivals_id(child, chain)});
    let arrivals = transaction.find_one(ARRIVALS, arrivals).await?;
    let mut parents = arrivals
        .and_then(|mut it| it.remove("parents"))
        .map(|it| from_bson::<Vec<ParentExecution>>("parents", it))
        .transpose()?
        .unwrap_or_default();
    let now = child.chain.iter().flat_map(|link| &link.parents);
    for parent in now {
        parents.retain(|it| it.job_id != parent.job_id);
        parents.push(parent.clone());
    }
    parents.sort_by(|one, other| one.job_id.cmp(&other.job_id));
    if parents.len() < needed as usize {
        let noted = Statement::put(doc! {
            "_id": arrivals_id(child, chain),
            "org": child.org.as_str(),
            "child": child.job_id.as_str(),
            "chain": chain,
            "parents": to_bson("parents", &parents)?,
        });
        transaction.update_all(ARRIVALS, vec![noted]).await?;
        return Ok(None);
    }
    forget(transaction, child, chain).await?;
    let mut child = child.clone();
    if let Some(link) = &mut child.chain {
        link.parents = parents;
    }
    Ok(Some(child))
}

async fn forget(
    transaction: &mut Transaction,
    child: &Execution,
    chain: &str,
) -> Result<(), StoreError> {
    let arrivals = doc! {"_id": arrivals_id(child, chain)};
    transaction.delete(ARRIVALS, arrivals).await?;
    Ok(())
}

fn arrivals_id(child: &Execution, chain: &str) -> String {
    format!("{}/{chain}", child.job_id)
}

/// Forgets the ends of parents that a job does not have any more; all of them, where it has none.
pub(in crate::mongo) async fn forget_former_parents(
    transaction: &mut Transaction,
    job: &str,
    parents: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    let noted = Read::of(doc! {"child": job});
    for mut arrivals in transaction.find(ARRIVALS, noted).await? {
        let id = arrivals
            .get("_id")
            .cloned()
            .ok_or_else(|| corrupt("arrivals", "no id"))?;
        let known = arrivals.remove("parents").unwrap_or_default();
        let known: Vec<ParentExecution> = from_bson("parents", known)?;
        let left: Vec<_> = known
            .iter()
            .filter(|it| parents.contains(it.job_id.as_str()))
            .collect();
        if left.len() == known.len() {
            continue;
        }
        if left.is_empty() {
            transaction.delete(ARRIVALS, doc! {"_id": id}).await?;
        } else {
            let left = doc! {"$set": {"parents": to_bson("parents", &left)?}};
            transaction.update(ARRIVALS, doc! {"_id": id}, left).await?;
        }
    }
    Ok(())
}
