//! Wishes that executions end.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use sandglass_contract::{ExecutionId, JobId, OutcomeCode, UserId};

use crate::{
    execution::{CancelRequest, ExecutionStatus},
    mongo::{
        MongoStore,
        batch::Statement,
        collections::EXECUTIONS,
        reading::Read,
        stored::{date, to_bson},
        transaction::Transaction,
    },
    scope::Scope,
    store::{CancelAnswer, StoreError},
};

use super::{
    EXECUTION,
    documents::{Settling, finished, text},
    finish::{Following, Gone, make_way},
    status,
};

/// The unfinished executions of a job.
pub(in crate::mongo) struct Others<'a> {
    pub(in crate::mongo) job: &'a JobId,
    /// Why those that wait end.
    pub(in crate::mongo) because: &'a str,
}

/// Who wishes that executions end, and since when.
struct Wish<'a> {
    by: &'a UserId,
    at: Timestamp,
}

impl Wish<'_> {
    fn document(&self) -> Result<Bson, StoreError> {
        let request = CancelRequest {
            by: self.by.clone(),
            at: self.at,
        };
        to_bson("cancel request", &request)
    }
}

impl MongoStore {
    /// Ends an execution that waits, and asks for the end of one that runs.
    pub(super) async fn cancel_one(
        &self,
        transaction: &mut Transaction,
        scope: &Scope,
        id: &ExecutionId,
        by: &UserId,
    ) -> Result<CancelAnswer, StoreError> {
        let wish = Wish {
            by,
            at: self.clock.now(),
        };
        let one = doc! {"_id": id.as_str(), "org": scope.organisation().as_str()};
        let one = Read::of(one).only(&["job_id", "status"]);
        let found = transaction.find_one(EXECUTIONS, one).await?;
        let found = found.ok_or(StoreError::NotFound { what: EXECUTION })?;
        match status(&found)? {
            ExecutionStatus::Queued => {
                let job = text(&found, "job_id").to_owned();
                let jobs = BTreeSet::from([job.clone()]);
                let following = Following::read(transaction, &jobs).await?;
                let settling = following.settling(&job, ExecutionStatus::Cancelled);
                let change = self.cancelled(&wish, None, settling)?;
                let one = Statement::change(doc! {"_id": id.as_str()}, change);
                transaction.update_all(EXECUTIONS, vec![one]).await?;
                make_way(transaction, &[Gone::of(&job, id.as_str())]).await?;
                Ok(CancelAnswer::Cancelled)
            }
            ExecutionStatus::Running => {
                ask(transaction, doc! {"_id": id.as_str()}, &wish).await?;
                Ok(CancelAnswer::Requested)
            }
            ended => Ok(CancelAnswer::AlreadyFinished(ended)),
        }
    }

    fn cancelled(
        &self,
        wish: &Wish<'_>,
        because: Option<&str>,
        settling: Settling,
    ) -> Result<Document, StoreError> {
        let status = ExecutionStatus::Cancelled;
        let mut set = doc! {
            "status": status.as_str(),
            "outcome": OutcomeCode::Cancelled.as_str(),
            "waits_for": Bson::Null,
            "completed_at": date(wish.at),
            "cancel_requested": wish.document()?,
        };
        set.extend(because.map(|because| ("error".to_owned(), because.into())));
        set.extend(self.leaving(status, wish.at, settling));
        Ok(doc! {"$set": set, "$unset": finished()})
    }
}

/// Ends the executions of a job that wait, and asks for the end of those that run. Nobody is let go by
/// the end of another.
pub(in crate::mongo) async fn cancel_others(
    store: &MongoStore,
    transaction: &mut Transaction,
    others: &Others<'_>,
    by: &UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let wish = Wish { by, at };
    let job = others.job.as_str();
    let jobs = BTreeSet::from([job.to_owned()]);
    let following = Following::read(transaction, &jobs).await?;
    let settling = following.settling(job, ExecutionStatus::Cancelled);
    let waiting = doc! {"job_id": job, "unfinished": true, "status": "queued"};
    let change = store.cancelled(&wish, Some(others.because), settling)?;
    transaction.update(EXECUTIONS, waiting, change).await?;
    let running = doc! {"job_id": job, "unfinished": true, "status": "running"};
    ask(transaction, running, &wish).await
}

async fn ask(
    transaction: &mut Transaction,
    mut filter: Document,
    wish: &Wish<'_>,
) -> Result<(), StoreError> {
    filter.insert("cancel_requested", Bson::Null);
    let asked = doc! {"$set": {"cancel_requested": wish.document()?}};
    transaction.update(EXECUTIONS, filter, asked).await?;
    Ok(())
}
