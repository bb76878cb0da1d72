//! How attempts end.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::{Bson, Document, doc};

use crate::{
    attempt_end::{AfterAttempt, Wanted},
    execution::ExecutionStatus,
    mongo::{
        MongoStore,
        batch::Statement,
        capabilities,
        collections::EXECUTIONS,
        parts::Parts,
        reading::Read,
        stored::{count, date, foreign, to_bson, whole},
        transaction::{Effort, Transaction, in_transaction, met_another},
    },
    store::{Claim, EndAnswer, Ending, FollowUp, StoreError},
};

use super::{
    documents::{Settling, finished, text},
    finish::{Following, Gone, leave_places, make_way},
    recording::SavedRecords,
    status,
};

/// The most ends in one transaction.
const MOST_AT_ONCE: usize = 250;
/// How often ends are stored whose answer was lost. The execution keeps the fence that they were stored
/// under, by which those are known that were stored the first time.
const MOST_TRIES: u32 = 3;

impl MongoStore {
    /// Ends attempts. One that keeps the others waiting is left for the next time, and one that the
    /// store refuses ends without what it brings.
    pub(super) async fn end_all_attempts(
        &self,
        endings: &[(Claim, Ending)],
    ) -> Result<Vec<EndAnswer>, StoreError> {
        let mut answers = vec![EndAnswer::NotEnded; endings.len()];
        let mut parts = Parts::of(endings.len(), MOST_AT_ONCE);
        while let Some(part) = parts.next() {
            let some = endings.get(part.clone()).unwrap_or_default();
            let ended = match (self.end_again(some).await, some) {
                (Err(error), [(claim, ending)]) if is_refused(&error) => {
                    tracing::error!(execution = %claim.execution, %error, "end.refused");
                    let bare = [(claim.clone(), ending.without_contents(&error))];
                    self.end_again(&bare).await
                }
                (ended, _) => ended,
            };
            match ended {
                Ok(ended) => {
                    let place = answers.iter_mut().skip(part.start);
                    place.zip(ended).for_each(|(place, ended)| *place = ended);
                }
                Err(error) if met_another(&error) || is_refused(&error) => {
                    parts.split(&part);
                }
                // What is stored already is not made unknown again.
                Err(error) if answers.iter().any(|it| *it != EndAnswer::NotEnded) => {
                    tracing::warn!(%error, "executions.end.cut_short");
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    async fn end_again(&self, endings: &[(Claim, Ending)]) -> Result<Vec<EndAnswer>, StoreError> {
        let mut tries = 1;
        loop {
            match self.end_once(endings).await {
                Err(error)
                    if error.is_retryable() && !met_another(&error) && tries < MOST_TRIES =>
                {
                    tries += 1;
                }
                ended => return ended,
            }
        }
    }

    async fn end_once(&self, endings: &[(Claim, Ending)]) -> Result<Vec<EndAnswer>, StoreError> {
        in_transaction!(self, Effort::Part, |transaction| self
            .end_some(&mut transaction, endings))
    }

    async fn end_some(
        &self,
        transaction: &mut Transaction,
        endings: &[(Claim, Ending)],
    ) -> Result<Vec<EndAnswer>, StoreError> {
        let found = read(transaction, endings).await?;
        let jobs: BTreeSet<String> = found.values().map(|it| it.job.clone()).collect();
        let following = Following::read(transaction, &jobs).await?;
        let mut answers = Vec::with_capacity(endings.len());
        let mut changes = Vec::new();
        let mut records = SavedRecords::default();
        let (mut gone, mut going_on, mut uses) = (Vec::new(), Vec::new(), Vec::new());
        for (claim, ending) in endings {
            let Some(found) = found.get(claim.execution.as_str()) else {
                answers.push(EndAnswer::Lost);
                continue;
            };
            if found.ended_fence == Some(count(claim.fence.0)) {
                answers.push(EndAnswer::Ended(found.status_after(claim)));
                continue;
            }
            if found.status != ExecutionStatus::Running || found.fence != count(claim.fence.0) {
                answers.push(EndAnswer::Lost);
                continue;
            }
            let retry_at = match &ending.follow_up {
                FollowUp::Retry { available_at } => Some(*available_at),
                FollowUp::Finished { .. } => None,
            };
            let after = AfterAttempt::of(&ending.attempt, retry_at, found.wanted);
            let settling = following.settling(&found.job, after.status);
            let change = self.after(claim, ending, after, settling)?;
            let current = super::leases::current(claim);
            changes.push(Statement::change(current, change));
            records.extend(SavedRecords::of(&claim.execution, &ending.records)?);
            if !ending.uses.is_empty() {
                uses.push((found.job.as_str(), ending));
            }
            let execution = claim.execution.as_str();
            match after.completed_at {
                Some(_) => gone.push(Gone::of(&found.job, execution)),
                None => going_on.push(execution),
            }
            answers.push(EndAnswer::Ended(after.status));
        }
        transaction.update_all(EXECUTIONS, changes).await?;
        records.store(transaction).await?;
        capabilities::add(transaction, &uses).await?;
        if !going_on.is_empty() {
            leave_places(transaction, &going_on).await?;
        }
        make_way(transaction, &gone).await?;
        Ok(answers)
    }

    fn after(
        &self,
        claim: &Claim,
        ending: &Ending,
        after: AfterAttempt,
        settling: Settling,
    ) -> Result<Document, StoreError> {
        let attempt = &ending.attempt;
        let mut set = doc! {
            "status": after.status.as_str(),
            "outcome": after.outcome.as_str(),
            "completed_at": after.completed_at.map_or(Bson::Null, |at| date(at).into()),
            "error": attempt.error.as_deref(),
            "ended_fence": count(claim.fence.0),
            "result": Bson::Null,
            "message": Bson::Null,
        };
        if let FollowUp::Finished {
            result,
            message,
            artifacts,
        } = &ending.follow_up
        {
            set.insert("result", foreign(result.as_ref()));
            set.insert("message", message.as_deref());
            set.insert("artifacts", to_bson("artifacts", artifacts)?);
        }
        if let Some(progress) = &ending.records.progress {
            set.insert("progress", to_bson("progress", progress)?);
        }
        let mut change = doc! {
            "$push": {"attempts": to_bson("attempt", attempt)?},
            "$inc": {"fuel_used": count(attempt.fuel_used)},
            "$max": {"peak_memory_bytes": count(attempt.peak_memory_bytes)},
        };
        match (after.queued_for, after.completed_at) {
            (Some(at), _) => {
                set.insert("available_at", date(at));
                set.insert("claimable_at", date(at));
            }
            (None, at) => {
                let at = at.unwrap_or(attempt.completed_at);
                set.extend(self.leaving(after.status, at, settling));
                change.insert("$unset", finished());
            }
        }
        change.insert("$set", set);
        Ok(change)
    }
}

/// Whether the store refuses what is to be stored.
const fn is_refused(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(_))
}

/// What is known of an execution whose attempt ends.
struct Found {
    job: String,
    fence: i64,
    status: ExecutionStatus,
    wanted: Wanted,
    ended_fence: Option<i64>,
}

impl Found {
    /// The status that the end under this claim brought, which is stored.
    fn status_after(&self, claim: &Claim) -> ExecutionStatus {
        match self.fence == count(claim.fence.0) {
            true => self.status,
            // Somebody has claimed it since then.
            false => ExecutionStatus::Queued,
        }
    }
}

async fn read(
    transaction: &mut Transaction,
    endings: &[(Claim, Ending)],
) -> Result<BTreeMap<String, Found>, StoreError> {
    let ids: Vec<&str> = endings
        .iter()
        .map(|(it, _)| it.execution.as_str())
        .collect();
    let read = Read::of(doc! {"_id": {"$in": ids}});
    let members = [
        "job_id",
        "fence",
        "status",
        "cancel_requested.at",
        "ended_fence",
    ];
    let documents = transaction.find(EXECUTIONS, read.only(&members)).await?;
    documents
        .iter()
        .map(|document| {
            let found = Found {
                job: text(document, "job_id").to_owned(),
                fence: whole(document, "fence").unwrap_or_default(),
                status: status(document)?,
                wanted: match document.get("cancel_requested") {
                    None | Some(Bson::Null) => Wanted::On,
                    Some(_) => Wanted::Ended,
                },
                ended_fence: whole(document, "ended_fence"),
            };
            Ok((text(document, "_id").to_owned(), found))
        })
        .collect()
}
