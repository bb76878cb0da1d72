//! Claims: taking executions, and taking those over whose worker was lost.
//!
//! Candidates are read first and taken each by its `_id`, so that hosts do not queue up at the head of
//! the queue; where they met at the last claim, a host looks further and draws among what it finds. Each
//! claim has a token of its own, and what it took is read back by that token: the answer of the server
//! may be lost, and nothing is guessed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use rand::seq::SliceRandom as _;
use sandglass_contract::OrganisationId;

use crate::{
    execution::{Execution, Gate},
    mongo::{
        MongoStore,
        batch::{Statement, ran_out},
        collections::{EXECUTIONS, JOBS},
        limits::{Admission, Places},
        reading::Read,
        revisions::revision_id,
        stored::{corrupt, count, date, to_bson, whole},
        transaction::met_another,
    },
    store::{ClaimAnswer, ClaimRequest, Claimed, StoreError},
    unclaimed::{End, lost_leases},
};

use super::{
    EXECUTION,
    documents::{met_by, read_execution, text},
    unclaimed::Candidate,
};

/// The most executions that one claim takes.
const MOST_AT_ONCE: u32 = 500;
/// How often a claim looks again after it was passed or found limits full.
const MOST_ROUNDS: u32 = 8;
/// After how long a claim that has something looks no further, so that it is begun.
const LONG_ENOUGH: Duration = Duration::from_secs(1);
/// The share of a lease that a note about what was claimed may take.
const NOTE_SHARE: u32 = 10;
/// How much further a host looks where others claim too.
const FURTHER: u32 = 4;

impl MongoStore {
    /// Claims for a worker.
    pub(super) async fn claim_for(
        &self,
        request: &ClaimRequest,
    ) -> Result<ClaimAnswer, StoreError> {
        // Their places are free from then on.
        let ended = self.end_cancelled(MOST_AT_ONCE).await?;
        let mut claiming = Claiming {
            store: self,
            request,
            token: ObjectId::new().to_hex(),
            places: Places::read(self).await?,
            answer: ClaimAnswer {
                claimed: Vec::new(),
                ended,
            },
        };
        let began = self.clock.monotonic();
        for _ in 0..MOST_ROUNDS {
            let took = self.clock.monotonic().saturating_sub(began);
            let holds = !claiming.answer.claimed.is_empty();
            if claiming.room() == 0 || (holds && took > LONG_ENOUGH) {
                break;
            }
            match claiming.take_round().await {
                Ok(true) => {}
                Ok(false) => break,
                // What is held already is not given up because there is no more.
                Err(error) if error.is_retryable() && !claiming.answer.claimed.is_empty() => {
                    tracing::warn!(%error, "executions.claim.cut_short");
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        let answer = claiming.answer;
        // What is claimed is begun, and its lease runs, whether the note is made or not.
        let noting = self.note_run(&answer.claimed);
        let longest = request.lease / NOTE_SHARE;
        if tokio::time::timeout(longest, noting).await.is_err() {
            tracing::warn!("job.last_run_at.lost");
        }
        Ok(answer)
    }

    /// Notes that jobs have run. That a note is lost does not undo the claims.
    async fn note_run(&self, claimed: &[Claimed]) {
        let jobs: BTreeSet<&str> = claimed.iter().map(|it| it.job.id.as_str()).collect();
        let now = doc! {"$set": {"last_run_at": date(self.clock.now())}};
        let noted = jobs
            .into_iter()
            .map(|job| Statement::change(doc! {"_id": job}, now.clone()));
        if let Err(error) = self.update_all(JOBS, noted.collect()).await {
            tracing::warn!(%error, "job.last_run_at.lost");
        }
    }
}

/// One claim while it goes on.
struct Claiming<'a> {
    store: &'a MongoStore,
    request: &'a ClaimRequest,
    token: String,
    places: Places,
    answer: ClaimAnswer,
}

impl Claiming<'_> {
    /// How many more it takes.
    fn room(&self) -> u32 {
        let claimed = u32::try_from(self.answer.claimed.len()).unwrap_or(u32::MAX);
        let limit = self.request.limit.min(MOST_AT_ONCE);
        limit.saturating_sub(claimed)
    }

    /// Looks at candidates and takes what it may. Returns whether another round may find more.
    async fn take_round(&mut self) -> Result<bool, StoreError> {
        let room = self.room();
        self.places
            .open(self.store, &self.request.labels, room)
            .await?;
        let found = self.candidates(room).await?;
        let mut chosen = Vec::with_capacity(found.len());
        let mut shut_out = Vec::new();
        let mut shut = BTreeMap::new();
        let (mut ended, mut busy) = (0, 0);
        for (id, candidate) in found {
            let candidate = match candidate {
                Ok(candidate) => candidate,
                Err(error) => {
                    self.store.give_up(&id, &error).await?;
                    ended += 1;
                    continue;
                }
            };
            let lost = lost_leases(&candidate.execution, candidate.lost.as_ref());
            if lost > self.request.most_lost_leases {
                let end = End::LostTooOften(lost);
                match self.store.end_unclaimed(&candidate, end).await {
                    Ok(true) => {
                        self.answer.ended.push(candidate.execution.id.clone());
                        self.places = Places::read(self.store).await?;
                    }
                    Ok(false) => {}
                    Err(error) if met_another(&error) => self.pass_over(&[&id]),
                    Err(error) => return Err(error),
                }
                ended += 1;
                continue;
            }
            // One whose worker was lost has its places still.
            let admission = match candidate.lost {
                Some(_) => Admission::Open,
                None => {
                    let execution = &candidate.execution;
                    self.places.take(self.store, execution, &self.token).await?
                }
            };
            match admission {
                Admission::Open => chosen.push(candidate),
                Admission::Full(gate) => {
                    let mut filter = candidate.as_it_was();
                    filter.insert("waits_for", Bson::Null);
                    let text = gate.to_string();
                    let change = doc! {"$set": {"waits_for": &text}};
                    shut_out.push((id, Statement::change(filter, change)));
                    shut.insert((candidate.execution.org, text), gate);
                }
                Admission::Busy => {
                    self.pass_over(&[&id]);
                    busy += 1;
                }
            }
        }
        let passed = self.take(&chosen).await?;
        self.store.crowded.store(passed > 0, Ordering::Relaxed);
        let shut = self.shut_out(shut_out, shut).await?;
        Ok(shut > 0 || ended > 0 || busy > 0 || passed > 0)
    }

    /// Has executions wait for the limits that are full. Returns how many of them do.
    async fn shut_out(
        &self,
        shut_out: Vec<(String, Statement)>,
        gates: BTreeMap<(OrganisationId, String), Gate>,
    ) -> Result<usize, StoreError> {
        let (ids, statements): (Vec<String>, Vec<Statement>) = shut_out.into_iter().unzip();
        match self.store.update_all(EXECUTIONS, statements).await {
            // They are shut out later.
            Err(error) if ran_out(&error) => {
                tracing::debug!(%error, "executions.shut_out.later");
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                self.pass_over(&ids);
            }
            written => drop(written?),
        }
        self.places.open_removed(self.store, gates).await?;
        Ok(ids.len())
    }

    /// Leaves executions alone for a while that an open transaction keeps.
    fn pass_over(&self, executions: &[&str]) {
        let now = self.store.clock.monotonic();
        self.store.blocked.pass_over(executions, now);
    }

    /// What may be claimed, the highest priority first and within it the longest waiting.
    async fn candidates(
        &self,
        room: u32,
    ) -> Result<Vec<(String, Result<Candidate, StoreError>)>, StoreError> {
        let crowded = self.store.crowded.load(Ordering::Relaxed);
        let look = if crowded {
            room.saturating_mul(FURTHER)
        } else {
            room
        };
        let now = date(self.store.clock.now());
        let mut common = doc! {
            "unfinished": true, "cancel_requested": Bson::Null, "claimable_at": {"$lte": now},
        };
        common.extend(met_by(&self.request.labels));
        let blocked = self.store.blocked.condition(self.store.clock.monotonic());
        common.extend(blocked);
        let mut waiting = doc! {"status": "queued", "waits_for": Bson::Null};
        waiting.extend(common.clone());
        waiting.insert("waits_until", doc! {"$not": {"$lte": now}});
        let mut lost = doc! {"status": "running"};
        lost.extend(common);
        let mut found = Vec::new();
        for filter in [waiting, lost] {
            let order = doc! {"priority": -1, "claimable_at": 1, "_id": 1};
            let read = Read::of(filter).sorted(order).first(look);
            found.extend(self.store.find(EXECUTIONS, read).await?);
        }
        if crowded {
            found.shuffle(&mut rand::rng());
            found.sort_by_key(|it| -whole(it, "priority").unwrap_or_default());
        } else {
            found.sort_by(|one, other| order(one).cmp(&order(other)));
        }
        found.truncate(room as usize);
        let read = |document: Document| {
            let id = text(&document, "_id").to_owned();
            (id, Candidate::read(document))
        };
        Ok(found.into_iter().map(read).collect())
    }

    /// Takes candidates. Returns how many of them others had taken before.
    async fn take(&mut self, chosen: &[Candidate]) -> Result<usize, StoreError> {
        if chosen.is_empty() {
            return Ok(0);
        }
        let taking = chosen.iter().map(|it| self.statement(it));
        let taking = taking.collect::<Result<Vec<_>, _>>()?;
        let sent = self.store.update_all(EXECUTIONS, taking).await;
        let ids: Vec<&str> = chosen.iter().map(|it| it.execution.id.as_str()).collect();
        let taken = Read::of(doc! {"_id": {"$in": &ids}, "claim_token": &self.token});
        let mut taken = self.store.find(EXECUTIONS, taken).await?;
        taken.sort_by(|one, other| {
            let place = |it: &Document| ids.iter().position(|id| *id == text(it, "_id"));
            place(one).cmp(&place(other))
        });
        let held: BTreeSet<&str> = taken.iter().map(|it| text(it, "_id")).collect();
        let passed: Vec<&str> = ids.into_iter().filter(|id| !held.contains(id)).collect();
        let passed_by = passed.len();
        let nothing = taken.is_empty();
        self.hold(taken).await?;
        // One that is not given back is found when the limit is full.
        let given_back = self.places.give_back(self.store, &passed, &self.token);
        if let Err(error) = given_back.await {
            tracing::warn!(%error, "places.not_given_back");
        }
        match sent {
            Err(error) if ran_out(&error) => {
                self.pass_over(&passed);
                Ok(passed_by)
            }
            // What was taken before the answer was lost is held.
            Err(error) if nothing || !error.is_retryable() => Err(error),
            _ => Ok(passed_by),
        }
    }

    fn statement(&self, candidate: &Candidate) -> Result<Statement, StoreError> {
        let Candidate {
            execution, lost, ..
        } = candidate;
        let time = &self.store.time;
        let lease = i64::try_from(self.request.lease.as_millis()).unwrap_or(i64::MAX);
        let mut filter = candidate.as_it_was();
        filter.insert("waits_for", Bson::Null);
        filter.insert("cancel_requested", Bson::Null);
        let mut set = doc! {
            "status": "running",
            "fence": count(execution.fence.0.saturating_add(1)),
            "attempt": i64::from(execution.attempt.saturating_add(1)),
            "claim_token": &self.token,
            "execution_host": {"$literal": &self.request.host},
            "started_at": {"$ifNull": ["$started_at", time.now()]},
            "attempt_started_at": time.now(),
            "claimable_at": time.after(lease),
            "progress": Bson::Null,
        };
        if let Some(lost) = lost {
            let attempt = lost.attempt(execution);
            set.insert("outcome", attempt.outcome.as_str());
            set.insert("error", doc! {"$literal": attempt.error.as_deref()});
            let attempt = to_bson("attempt", &attempt)?;
            set.insert(
                "attempts",
                doc! {"$concatArrays": ["$attempts", {"$literal": [attempt]}]},
            );
        }
        let has_come = time.has_come("claimable_at");
        Ok(Statement::change_where(
            filter,
            &has_come,
            set,
            &["waits_until"],
        ))
    }

    /// Holds what was taken, with the jobs as they were.
    async fn hold(&mut self, taken: Vec<Document>) -> Result<(), StoreError> {
        let mut executions: Vec<Execution> = Vec::with_capacity(taken.len());
        for document in taken {
            let id = text(&document, "_id").to_owned();
            match read_execution(document) {
                Ok(execution) => executions.push(execution),
                Err(error) => self.store.give_up(&id, &error).await?,
            }
        }
        let key = |it: &Execution| revision_id(&it.job_id, it.job_version);
        let keys: BTreeSet<String> = executions.iter().map(key).collect();
        let jobs = self.store.revisions(keys.into_iter().collect()).await?;
        for execution in executions {
            match jobs.get(&key(&execution)) {
                Some(job) => self.answer.claimed.push(Claimed {
                    job: job.clone(),
                    execution,
                }),
                None => {
                    let error = corrupt(EXECUTION, "its job has no such version");
                    self.store.give_up(execution.id.as_str(), &error).await?;
                }
            }
        }
        Ok(())
    }
}

/// The place of a candidate among others.
fn order(candidate: &Document) -> (i64, i64, &str) {
    let at = candidate.get_datetime("claimable_at");
    (
        -whole(candidate, "priority").unwrap_or_default(),
        at.map_or(0, |at| at.timestamp_millis()),
        text(candidate, "_id"),
    )
}
