//! Jobs and their revisions in MongoDB.
//!
//! Beside the members of a job a document has `due_at`, when the slot is fired that it waits for, and
//! `interval_ms`, for jobs whose slots are so far apart.

use std::{collections::BTreeSet, slice::from_ref, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use sandglass_contract::{JobId, UserId};

use super::{
    MongoStore,
    batch::Statement,
    blackouts::hold_calendars,
    capabilities,
    collections::{EPOCH, JOBS, REVISIONS},
    executions::{Others, cancel_others, forget_former_parents, text},
    reading::Read,
    revisions::revision_id,
    stored::{corrupt, count, date, from_bson, from_document, moment, to_document, whole},
    transaction::{Transaction, in_transaction},
};
use crate::{
    job::{Job, Version},
    page::Page,
    schedule::Schedule,
    scope::Scope,
    store::{JobQuery, JobStore, ScheduleChange, StoreError},
};

const JOB: &str = "job";

#[async_trait]
impl JobStore for MongoStore {
    async fn insert_job(&self, scope: &Scope, job: &Job) -> Result<(), StoreError> {
        within(scope, job)?;
        let (document, revision) = (job_document(job)?, revision_document(job)?);
        self.prepare_quota().await?;
        in_transaction!(self, |transaction| async {
            self.refuse_more(&mut transaction).await?;
            hold_calendars(&mut transaction, &job.blackout_calendars).await?;
            transaction
                .insert(REVISIONS, from_ref(&revision), JOB)
                .await?;
            transaction.insert(JOBS, from_ref(&document), JOB).await?;
            capabilities::follow(&mut transaction, job).await
        })
    }

    async fn job(&self, scope: &Scope, id: &JobId) -> Result<Option<Job>, StoreError> {
        let found = self.find_one(JOBS, Read::of(one(scope, id))).await?;
        found.map(read_job).transpose()
    }

    async fn job_revision(
        &self,
        scope: &Scope,
        id: &JobId,
        version: Version,
    ) -> Result<Option<Job>, StoreError> {
        let organisation = scope.organisation().as_str();
        let revision = doc! {"_id": revision_id(id, version), "org": organisation};
        let found = self.find_one(REVISIONS, Read::of(revision)).await?;
        let record = found.and_then(|mut it| it.remove("record"));
        record.map(|it| from_bson(JOB, it)).transpose()
    }

    async fn jobs(&self, scope: &Scope, query: &JobQuery) -> Result<Page<Job>, StoreError> {
        let mut filter = doc! {"org": scope.organisation().as_str()};
        if let Some(template) = &query.template_type {
            filter.insert("template_type", template.as_str());
        }
        if let Some(enabled) = query.enabled {
            filter.insert("enabled", enabled);
        }
        if let Some(tag) = &query.tag {
            filter.insert("tags", tag);
        }
        if let Some(search) = &query.search {
            let pattern = whatever_case(search);
            let named = |member: &str| doc! {member: {"$regex": &pattern}};
            filter.insert("$or", vec![named("name"), named("description")]);
        }
        let order = doc! {"created_at": -1, "_id": -1};
        self.page(JOBS, filter, order, query.page, read_job).await
    }

    async fn replace_job(
        &self,
        scope: &Scope,
        job: &Job,
        expected: Version,
        schedule: ScheduleChange,
    ) -> Result<Job, StoreError> {
        within(scope, job)?;
        in_transaction!(self, |transaction| replace(
            &mut transaction,
            scope,
            job,
            expected,
            schedule
        ))
    }

    async fn delete_job(
        &self,
        scope: &Scope,
        id: &JobId,
        expected: Option<Version>,
        by: &UserId,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |transaction| self.delete(
            &mut transaction,
            scope,
            id,
            expected,
            by
        ))
    }

    async fn due_jobs(&self, now: Timestamp, limit: u32) -> Result<Vec<Job>, StoreError> {
        let due = Read::of(doc! {"enabled": true, "due_at": {"$lte": date(now), "$gt": EPOCH}});
        let due = due.sorted(doc! {"due_at": 1, "_id": 1}).first(limit);
        let mut jobs = Vec::new();
        for document in self.find(JOBS, due).await? {
            let id = text(&document, "_id").to_owned();
            match read_job(document) {
                Ok(job) => jobs.push(job),
                Err(error) => {
                    tracing::error!(id, %error, "a job cannot be read and is switched off");
                    let off = doc! {"$set": {"enabled": false}};
                    let off = Statement::change(doc! {"_id": id}, off);
                    self.update_all(JOBS, vec![off]).await?;
                }
            }
        }
        Ok(jobs)
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let after = date(after).max(EPOCH);
        let next = Read::of(doc! {"enabled": true, "due_at": {"$gt": after}});
        let next = next.sorted(doc! {"due_at": 1}).only(&["due_at"]);
        let next = self.find_one(JOBS, next).await?;
        let at = next.and_then(|it| it.get_datetime("due_at").ok().copied());
        at.map(moment).transpose()
    }

    async fn reanchor(&self, now: Timestamp, by: Duration) -> Result<u64, StoreError> {
        self.begin_earlier(now, by).await?;
        let now = date(now);
        let next = doc! {"$add": [now, "$interval_ms"]};
        let ahead = doc! {
            "enabled": true, "interval_ms": {"$type": "number"}, "next_run_at": {"$type": "date"},
            "$expr": {"$gt": ["$next_run_at", &next]},
        };
        let put_off = doc! {"$subtract": ["$due_at", "$next_run_at"]};
        let set = doc! {"due_at": {"$add": [&next, put_off]}, "next_run_at": &next};
        let all = Statement::change_all(ahead, vec![doc! {"$set": set}]);
        self.update_all(JOBS, vec![all]).await
    }

    async fn dependents(&self, scope: &Scope, parent: &JobId) -> Result<Vec<Job>, StoreError> {
        let children = Read::of(doc! {
            "depends_on.parents.job_id": parent.as_str(), "org": scope.organisation().as_str(),
        });
        let children = children.sorted(doc! {"created_at": 1, "_id": 1});
        let children = self.find(JOBS, children).await?;
        children.into_iter().map(read_job).collect()
    }

    async fn dependencies(&self, scope: &Scope) -> Result<Vec<(JobId, JobId)>, StoreError> {
        let children = Read::of(doc! {
            "org": scope.organisation().as_str(),
            "depends_on.parents.job_id": {"$exists": true},
        });
        let mut pairs = BTreeSet::new();
        for child in self
            .find(JOBS, children.only(&["depends_on.parents.job_id"]))
            .await?
        {
            let id = job_id(text(&child, "_id"))?;
            let parents = child.get_document("depends_on").ok();
            let parents = parents.and_then(|it| it.get_array("parents").ok());
            for parent in parents.into_iter().flatten().filter_map(Bson::as_document) {
                pairs.insert((job_id(text(parent, "job_id"))?, id.clone()));
            }
        }
        Ok(pairs.into_iter().collect())
    }
}

impl MongoStore {
    async fn delete(
        &self,
        transaction: &mut Transaction,
        scope: &Scope,
        id: &JobId,
        expected: Option<Version>,
        by: &UserId,
    ) -> Result<(), StoreError> {
        let current = current_version(transaction, scope, id).await?;
        if expected.is_some_and(|expected| expected != current) {
            return Err(StoreError::Changed { current });
        }
        let children = Read::of(doc! {
            "depends_on.parents.job_id": id.as_str(), "_id": {"$ne": id.as_str()},
        });
        let children = transaction.find(JOBS, children.first(5).only(&[])).await?;
        if !children.is_empty() {
            let by = children.iter().map(|it| job_id(text(it, "_id")));
            return Err(StoreError::Needed {
                by: by.collect::<Result<_, _>>()?,
            });
        }
        transaction.delete(JOBS, one(scope, id)).await?;
        capabilities::forget(transaction, id).await?;
        forget_former_parents(transaction, id.as_str(), &BTreeSet::new()).await?;
        self.cancel_backfills_of(transaction, id).await?;
        let others = Others {
            job: id,
            because: "the job was deleted",
        };
        cancel_others(self, transaction, &others, by, self.clock.now()).await
    }
}

async fn replace(
    transaction: &mut Transaction,
    scope: &Scope,
    job: &Job,
    expected: Version,
    schedule: ScheduleChange,
) -> Result<Job, StoreError> {
    let stored = Read::of(one(scope, &job.id));
    let stored = transaction.find_one(JOBS, stored).await?;
    let stored = read_job(stored.ok_or(StoreError::NotFound { what: JOB })?)?;
    if stored.version != expected {
        return Err(StoreError::Changed {
            current: stored.version,
        });
    }
    let mut job = job.clone();
    job.last_run_at = stored.last_run_at;
    if schedule == ScheduleChange::Keep {
        job.next_run_at = stored.next_run_at;
    }
    let replaced = Statement::put(job_document(&job)?);
    transaction.update_all(JOBS, vec![replaced]).await?;
    hold_calendars(transaction, &job.blackout_calendars).await?;
    if (&stored.grant, &stored.template_type) != (&job.grant, &job.template_type) {
        capabilities::follow(transaction, &job).await?;
    }
    let revision = revision_document(&job)?;
    transaction.insert(REVISIONS, &[revision], JOB).await?;
    let parents = job.depends_on.parents.iter();
    let parents = parents.map(|it| it.job_id.as_str()).collect();
    forget_former_parents(transaction, job.id.as_str(), &parents).await?;
    Ok(job)
}

async fn current_version(
    transaction: &mut Transaction,
    scope: &Scope,
    id: &JobId,
) -> Result<Version, StoreError> {
    let found = Read::of(one(scope, id)).only(&["version"]);
    let found = transaction.find_one(JOBS, found).await?;
    let found = found.ok_or(StoreError::NotFound { what: JOB })?;
    let version = whole(&found, "version").ok_or_else(|| corrupt(JOB, "it has no version"))?;
    Ok(Version(version.unsigned_abs()))
}

fn one(scope: &Scope, id: &JobId) -> Document {
    doc! {"_id": id.as_str(), "org": scope.organisation().as_str()}
}

fn job_id(text: &str) -> Result<JobId, StoreError> {
    JobId::parse(text).map_err(|source| corrupt(JOB, source))
}

/// Reads a job from its document.
pub(super) fn read_job(document: Document) -> Result<Job, StoreError> {
    from_document(JOB, document)
}

/// A job as a document.
pub(super) fn job_document(job: &Job) -> Result<Document, StoreError> {
    let mut document = to_document(JOB, job)?;
    if let Some(slot) = job.next_run_at {
        document.insert("due_at", date(job.due_at(slot)));
    }
    if let Schedule::Interval { interval_seconds } = job.schedule {
        let milliseconds = count(interval_seconds).saturating_mul(1000);
        document.insert("interval_ms", milliseconds);
    }
    Ok(document)
}

/// A version of a job as a document.
pub(super) fn revision_document(job: &Job) -> Result<Document, StoreError> {
    Ok(doc! {
        "_id": revision_id(&job.id, job.version),
        "job": job.id.as_str(),
        "version": count(job.version.0),
        "org": job.org.as_str(),
        "record": to_document(JOB, job)?,
    })
}

/// Refuses a job of another organisation than the caller's.
fn within(scope: &Scope, job: &Job) -> Result<(), StoreError> {
    match *scope.organisation() == job.org {
        true => Ok(()),
        false => Err(StoreError::NotFound {
            what: "organisation",
        }),
    }
}

/// A pattern for a text, whatever the case of its ASCII letters.
fn whatever_case(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' => {
                pattern.push('[');
                pattern.push(letter.to_ascii_lowercase());
                pattern.push(letter.to_ascii_uppercase());
                pattern.push(']');
            }
            '0'..='9' | '_' => pattern.push(letter),
            letter if !letter.is_ascii() => pattern.push(letter),
            // A backslash before any other ASCII character makes it stand for itself.
            letter => {
                pattern.push('\\');
                pattern.push(letter);
            }
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_for_the_text_itself() {
        assert_eq!(whatever_case("a.B_1"), r"[aA]\.[bB]_1");
        assert_eq!(whatever_case("ü$"), r"ü\$");
    }
}
