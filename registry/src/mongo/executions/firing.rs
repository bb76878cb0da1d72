//! Slots that have come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use crate::{
    backfill::BackfillStatus,
    job::OverlapPolicy,
    mongo::{
        MongoStore,
        batch::Statement,
        collections::{BACKFILLS, JOBS},
        parts::Parts,
        reading::Read,
        stored::{count, date, whole},
        transaction::{Effort, Transaction, in_transaction, met_another},
    },
    store::{Advance, Fired, Firing, StoreError},
};

use super::{
    documents::{optional_moment, text},
    placing::Placing,
};

/// The most slots in one transaction (MongoDB manual, "Production Considerations": no more than 1,000
/// documents are changed by one).
const MOST_AT_ONCE: usize = 400;

impl MongoStore {
    /// Stores slots and moves on what they are slots of.
    pub(super) async fn fire_slots(
        &self,
        mut firings: Vec<Firing>,
    ) -> Result<Vec<Fired>, StoreError> {
        let now = self.clock.now();
        for firing in &mut firings {
            let available_at = firing.execution.available_at;
            firing.execution.available_at = available_at.min(now);
        }
        let mut answers = vec![Fired::Outdated; firings.len()];
        let mut parts = Parts::of(firings.len(), MOST_AT_ONCE);
        let mut failed = None;
        while let Some(part) = parts.next() {
            let some = firings.get(part.clone()).unwrap_or_default();
            let fired = in_transaction!(self, Effort::Part, |transaction| self.fire_some(
                &mut transaction,
                some,
                now
            ));
            match fired {
                Ok(fired) => {
                    let place = answers.iter_mut().skip(part.start);
                    place.zip(fired).for_each(|(place, fired)| *place = fired);
                }
                Err(error) if error.is_retryable() && !met_another(&error) => return Err(error),
                Err(_) if parts.split(&part) => {}
                Err(error) if !matches!(error, StoreError::Refused(_)) => failed = Some(error),
                Err(error) => {
                    for firing in some {
                        self.switch_off(firing, &error).await?;
                    }
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(answers),
        }
    }

    /// Ends the slots of a job or a backfill that the store refuses, so that they do not stand in the way
    /// of the others.
    async fn switch_off(&self, firing: &Firing, error: &StoreError) -> Result<(), StoreError> {
        let job = firing.execution.job_id.as_str();
        tracing::error!(job, %error, "a slot is refused, and what it belongs to is switched off");
        let (collection, off) = match &firing.advance {
            Advance::Job { version, .. } => {
                let off = doc! {"$set": {"enabled": false}};
                let as_it_was = doc! {"_id": job, "version": count(version.0)};
                (JOBS, Statement::change(as_it_was, off))
            }
            Advance::Backfill { id, .. } => {
                let cancelled = BackfillStatus::Cancelled.as_str();
                let off = doc! {"$set": {"status": cancelled}};
                (BACKFILLS, Statement::change(doc! {"_id": id.as_str()}, off))
            }
        };
        self.update_all(collection, vec![off]).await?;
        Ok(())
    }

    async fn fire_some(
        &self,
        transaction: &mut Transaction,
        firings: &[Firing],
        now: Timestamp,
    ) -> Result<Vec<Fired>, StoreError> {
        let mut sources = Sources::read(transaction, firings).await?;
        let current: Vec<bool> = firings.iter().map(|it| sources.move_on(it)).collect();
        if !current.contains(&true) {
            return Ok(vec![Fired::Outdated; firings.len()]);
        }
        let executions: Vec<_> = firings
            .iter()
            .zip(&current)
            .filter(|(_, current)| **current)
            .map(|(firing, _)| (&firing.execution, firing.overlap))
            .collect();
        let mut placing = Placing::of(self, transaction, &executions, now).await?;
        let mut fired = Vec::with_capacity(firings.len());
        for (firing, current) in firings.iter().zip(current) {
            fired.push(match current {
                true => {
                    let (execution, overlap) = (&firing.execution, firing.overlap);
                    placing.place(transaction, execution, overlap).await?
                }
                false => Fired::Outdated,
            });
        }
        placing.write(transaction).await?;
        sources.write(transaction).await?;
        Ok(fired)
    }
}

/// Where a job or a backfill stands, and where it moves.
#[derive(Debug, Clone)]
struct Source {
    next: Option<Timestamp>,
    version: i64,
    moves: u32,
    due_at: Option<Timestamp>,
}

/// The jobs and backfills that slots belong to.
#[derive(Default)]
struct Sources {
    jobs: BTreeMap<String, Source>,
    backfills: BTreeMap<String, Source>,
    /// Jobs of backfills, whose placements must not miss others of the same job.
    placed_for: BTreeSet<String>,
}

impl Sources {
    async fn read(transaction: &mut Transaction, firings: &[Firing]) -> Result<Self, StoreError> {
        let mut jobs = BTreeSet::new();
        let mut backfills = BTreeSet::new();
        for firing in firings {
            match &firing.advance {
                Advance::Job { .. } => jobs.insert(firing.execution.job_id.as_str()),
                Advance::Backfill { id, .. } => backfills.insert(id.as_str()),
            };
        }
        let mut sources = Self::default();
        if !jobs.is_empty() {
            let jobs: Vec<&str> = jobs.into_iter().collect();
            let jobs = Read::of(doc! {"_id": {"$in": jobs}, "enabled": true});
            let jobs = jobs.only(&["next_run_at", "version", "org"]);
            for job in transaction.find(JOBS, jobs).await? {
                let source = source(&job, "next_run_at")?;
                sources
                    .jobs
                    .insert(key(text(&job, "org"), text(&job, "_id")), source);
            }
        }
        if !backfills.is_empty() {
            let backfills: Vec<&str> = backfills.into_iter().collect();
            let running = BackfillStatus::Running.as_str();
            let backfills = Read::of(doc! {"_id": {"$in": backfills}, "status": running});
            for backfill in transaction
                .find(BACKFILLS, backfills.only(&["next_slot"]))
                .await?
            {
                let source = source(&backfill, "next_slot")?;
                sources
                    .backfills
                    .insert(text(&backfill, "_id").to_owned(), source);
            }
        }
        Ok(sources)
    }

    /// Moves the source of a slot on, where it still waits for it.
    fn move_on(&mut self, firing: &Firing) -> bool {
        let execution = &firing.execution;
        match &firing.advance {
            Advance::Job {
                version,
                from,
                to,
                due_at,
            } => {
                let key = key(execution.org.as_str(), execution.job_id.as_str());
                let Some(source) = self.jobs.get_mut(&key) else {
                    return false;
                };
                if source.next != Some(*from) || source.version != count(version.0) {
                    return false;
                }
                source.go(*to, *due_at);
            }
            Advance::Backfill { id, from, to } => {
                let Some(source) = self.backfills.get_mut(id.as_str()) else {
                    return false;
                };
                if source.next != Some(*from) {
                    return false;
                }
                source.go(*to, None);
                if firing.overlap != OverlapPolicy::AllowAll {
                    self.placed_for.insert(execution.job_id.as_str().to_owned());
                }
            }
        }
        true
    }

    async fn write(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let moved = |source: &Source| source.moves > 0;
        let jobs = self.jobs.iter().filter(|(_, source)| moved(source));
        let jobs = jobs.map(|(key, source)| {
            let id = key.split_once(' ').map_or(key.as_str(), |(_, id)| id);
            let next = optional(source.next);
            let change = match source.due_at {
                Some(at) => doc! {"$set": {"next_run_at": next, "due_at": date(at)}},
                None => doc! {"$set": {"next_run_at": next}, "$unset": {"due_at": ""}},
            };
            Statement::change(doc! {"_id": id}, change)
        });
        transaction.update_all(JOBS, jobs.collect()).await?;
        let backfills = self.backfills.iter().filter(|(_, source)| moved(source));
        let backfills = backfills.map(|(id, source)| {
            let status = match source.next {
                Some(_) => BackfillStatus::Running,
                None => BackfillStatus::Done,
            };
            let next = optional(source.next);
            let change = doc! {
                "$set": {"next_slot": next, "status": status.as_str()},
                "$inc": {"made": i64::from(source.moves)},
            };
            Statement::change(doc! {"_id": id}, change)
        });
        transaction
            .update_all(BACKFILLS, backfills.collect())
            .await?;
        for job in self.placed_for {
            transaction.touch(JOBS, doc! {"_id": job}).await?;
        }
        Ok(())
    }
}

impl Source {
    fn go(&mut self, to: Option<Timestamp>, due_at: Option<Timestamp>) {
        self.next = to;
        self.due_at = due_at;
        self.moves += 1;
    }
}

fn source(document: &Document, member: &str) -> Result<Source, StoreError> {
    Ok(Source {
        next: optional_moment(document, member)?,
        version: whole(document, "version").unwrap_or_default(),
        moves: 0,
        due_at: None,
    })
}

fn key(organisation: &str, job: &str) -> String {
    format!("{organisation} {job}")
}

fn optional(moment: Option<Timestamp>) -> Bson {
    moment.map_or(Bson::Null, |moment| date(moment).into())
}
