//! The places within limits as a claim sees them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mongodb::bson::{Bson, Document, doc};
use sandglass_contract::OrganisationId;

use crate::{
    execution::Execution,
    gate::Gate,
    host::Labels,
    mongo::{
        MongoStore,
        batch::{Statement, ran_out},
        collections::{EXECUTIONS, LIMITS},
        executions::{met_by, text},
        reading::Read,
        stored::{date, moment, whole},
    },
    store::StoreError,
};

use super::limit_id;

/// How long a claim may take from its first place to its execution. Whoever holds a place for longer
/// without running has been lost.
const CLAIMED_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// A limit: its gate, its organisation, and how many places are left.
struct Limit {
    gate: String,
    organisation: String,
    left: i64,
    taken: BTreeSet<String>,
}

/// What the limits say to an execution that is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mongo) enum Admission {
    /// It has a place within each that counts it.
    Open,
    /// That one is full.
    Full(Gate),
    /// One of them cannot be changed at the moment, since an open transaction keeps it.
    Busy,
}

/// The limits by their ids.
pub(in crate::mongo) struct Places(BTreeMap<String, Limit>);

impl Places {
    /// The places that are left now.
    pub(in crate::mongo) async fn read(store: &MongoStore) -> Result<Self, StoreError> {
        let limits = store.find(LIMITS, Read::default()).await?;
        let now = store.clock.now();
        let mut places = Self(BTreeMap::new());
        let mut lost = Vec::new();
        for limit in limits {
            let (kept, left_behind) = judge(&limit, now);
            let most = whole(&limit, "most").unwrap_or_default();
            let held = kept.len() + left_behind.len();
            let left = most - i64::try_from(held).unwrap_or(i64::MAX);
            if left <= 0 {
                lost.extend(left_behind.iter().cloned());
            }
            let gate = format!("{}:{}", text(&limit, "kind"), text(&limit, "name"));
            let taken = kept.into_iter().chain(left_behind).collect();
            let organisation = text(&limit, "org").to_owned();
            places.0.insert(
                text(&limit, "_id").to_owned(),
                Limit {
                    gate,
                    organisation,
                    left,
                    taken,
                },
            );
        }
        match places.find_lost(store, lost).await {
            Err(error) if ran_out(&error) => tracing::debug!(%error, "places.lost.later"),
            found => found?,
        }
        Ok(places)
    }

    /// Gives places back whose claim was lost before it was made.
    async fn find_lost(&mut self, store: &MongoStore, old: Vec<String>) -> Result<(), StoreError> {
        if old.is_empty() {
            return Ok(());
        }
        let running = Read::of(doc! {"_id": {"$in": &old}, "status": "running"}).only(&[]);
        let running = store.find(EXECUTIONS, running).await?;
        let running: BTreeSet<&str> = running.iter().map(|it| text(it, "_id")).collect();
        let lost: Vec<&str> = old
            .iter()
            .map(String::as_str)
            .filter(|it| !running.contains(it))
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let before = store.clock.now().saturating_sub(CLAIMED_WITHIN);
        let before = date(before.unwrap_or(Timestamp::MIN));
        let left = doc! {"$pull": {"taken": {"execution": {"$in": &lost}, "at": {"$lt": before}}}};
        let given_back = self.0.iter().filter_map(|(id, limit)| {
            let held = lost.iter().any(|it| limit.taken.contains(*it));
            held.then(|| Statement::change(doc! {"_id": id}, left.clone()))
        });
        store.update_all(LIMITS, given_back.collect()).await?;
        for limit in self.0.values_mut() {
            for execution in &lost {
                if limit.taken.remove(*execution) {
                    limit.left += 1;
                }
            }
        }
        Ok(())
    }

    /// Lets so many go as there are places left within each limit, and at most `room`: the highest
    /// priority first, and within it the longest waiting. They may find another limit full.
    pub(in crate::mongo) async fn open(
        &self,
        store: &MongoStore,
        labels: &Labels,
        room: u32,
    ) -> Result<(), StoreError> {
        for limit in self.0.values().filter(|it| it.left > 0) {
            let most = u32::try_from(limit.left).unwrap_or(u32::MAX).min(room);
            let ids: Vec<Bson> = store
                .find(EXECUTIONS, limit.waiting(labels).first(most))
                .await?
                .into_iter()
                .filter_map(|mut it| it.remove("_id"))
                .collect();
            let opened = ids.into_iter().map(|id| {
                let waiting = doc! {"_id": id, "waits_for": &limit.gate};
                Statement::change(waiting, doc! {"$set": {"waits_for": Bson::Null}})
            });
            match store.update_all(EXECUTIONS, opened.collect()).await {
                // What an open transaction keeps is let go the next time.
                Err(error) if ran_out(&error) => tracing::debug!(%error, "limits.opened_later"),
                opened => drop(opened?),
            }
        }
        Ok(())
    }

    /// Since when somebody waits for a limit that has a place left.
    pub(in crate::mongo) async fn somebody_waits_since(
        &self,
        store: &MongoStore,
        labels: &Labels,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut earliest = None;
        for limit in self.0.values().filter(|it| it.left > 0) {
            let first = limit.waiting(labels).only(&["available_at"]);
            let Some(first) = store.find_one(EXECUTIONS, first).await? else {
                continue;
            };
            if let Ok(at) = first.get_datetime("available_at") {
                let at = moment(*at)?;
                earliest = Some(earliest.map_or(at, |before: Timestamp| before.min(at)));
            }
        }
        Ok(earliest)
    }

    /// Takes a place for an execution within every limit that counts it, or none at all.
    pub(in crate::mongo) async fn take(
        &mut self,
        store: &MongoStore,
        execution: &Execution,
        token: &str,
    ) -> Result<Admission, StoreError> {
        for (id, gate) in self.that_count(execution) {
            let admission = self.take_one(store, &id, gate, execution, token).await;
            if matches!(admission, Ok(Admission::Open)) {
                continue;
            }
            // One that is not given back is found when the limit is full.
            let given_back = self.give_back(store, &[execution.id.as_str()], token).await;
            if let Err(error) = given_back {
                tracing::warn!(%error, "places.not_given_back");
            }
            return admission;
        }
        Ok(Admission::Open)
    }

    /// Gives back what was taken for executions that others have claimed.
    pub(in crate::mongo) async fn give_back(
        &mut self,
        store: &MongoStore,
        executions: &[&str],
        token: &str,
    ) -> Result<(), StoreError> {
        for execution in executions {
            let of = self
                .0
                .iter()
                .filter(|(_, it)| it.taken.contains(*execution));
            let of: Vec<String> = of.map(|(id, _)| id.clone()).collect();
            for id in of {
                self.leave(store, &id, execution, token).await?;
            }
        }
        Ok(())
    }

    /// Lets those go who were shut out by limits that have been removed meanwhile.
    pub(in crate::mongo) async fn open_removed(
        &self,
        store: &MongoStore,
        shut: BTreeMap<(OrganisationId, String), Gate>,
    ) -> Result<(), StoreError> {
        for ((organisation, text), gate) in shut {
            let Some((kind, name)) = text.split_once(':') else {
                continue;
            };
            let limit = doc! {"_id": limit_id(organisation.as_str(), kind, name)};
            let limit = Read::of(limit).only(&[]);
            if store.find_one(LIMITS, limit).await?.is_none() {
                store.open_gate(&organisation, &gate).await?;
            }
        }
        Ok(())
    }

    fn that_count(&self, execution: &Execution) -> Vec<(String, Gate)> {
        let organisation = execution.org.as_str();
        let template = Gate::Template(execution.template_type.clone());
        let tags = execution.tags.iter().cloned().map(Gate::Tag);
        std::iter::once(template)
            .chain(tags)
            .filter_map(|gate| {
                let text = gate.to_string();
                let (kind, name) = text.split_once(':')?;
                let id = limit_id(organisation, kind, name);
                self.0.contains_key(&id).then_some((id, gate))
            })
            .collect()
    }

    async fn take_one(
        &mut self,
        store: &MongoStore,
        id: &str,
        gate: Gate,
        execution: &Execution,
        token: &str,
    ) -> Result<Admission, StoreError> {
        let Some(limit) = self.0.get_mut(id) else {
            return Ok(Admission::Open);
        };
        let now = store.clock.monotonic();
        if store.blocked.is_passed_over(id, now) {
            return Ok(Admission::Busy);
        }
        if limit.left <= 0 {
            return Ok(Admission::Full(gate));
        }
        let execution = execution.id.as_str();
        // Either there is a place left, or an answer was lost and this claim holds one already.
        let filter = doc! {"_id": id, "$or": [
            {"$expr": {"$lt": [{"$size": "$taken"}, "$most"]}},
            {"taken": {"$elemMatch": {"execution": execution, "token": token}}},
        ]};
        let mine = doc! {"$eq": ["$$it.execution", execution]};
        let others = doc! {"$filter": {"input": "$taken", "as": "it", "cond": {
            "$not": [{"$and": [mine, {"$eq": ["$$it.token", token]}]}]
        }}};
        let place = doc! {"execution": execution, "token": token, "at": date(store.clock.now())};
        let taken = doc! {"$concatArrays": [others, [{"$literal": place}]]};
        let change = Statement::change(filter, vec![doc! {"$set": {"taken": taken}}]);
        // Whatever the answer is, it may have been taken.
        limit.taken.insert(execution.to_owned());
        limit.left -= 1;
        match store.update_all(LIMITS, vec![change]).await {
            Ok(0) => {}
            Ok(_) => return Ok(Admission::Open),
            Err(error) if ran_out(&error) => {
                tracing::debug!(%error, "limit.busy");
                // Giving back what was not taken would have to wait as long again.
                limit.taken.remove(execution);
                limit.left += 1;
                store.blocked.pass_over(&[id], now);
                return Ok(Admission::Busy);
            }
            Err(error) => return Err(error),
        }
        let there = Read::of(doc! {"_id": id}).only(&[]);
        if store.find_one(LIMITS, there).await?.is_none() {
            // It was removed meanwhile, and nobody lets go who waits for it.
            self.0.remove(id);
            return Ok(Admission::Open);
        }
        limit.taken.remove(execution);
        limit.left = 0;
        Ok(Admission::Full(gate))
    }

    async fn leave(
        &mut self,
        store: &MongoStore,
        id: &str,
        execution: &str,
        token: &str,
    ) -> Result<(), StoreError> {
        let left = Statement::change(
            doc! {"_id": id},
            doc! {"$pull": {"taken": {"execution": execution, "token": token}}},
        );
        store.update_all(LIMITS, vec![left]).await?;
        if let Some(limit) = self.0.get_mut(id)
            && limit.taken.remove(execution)
        {
            limit.left += 1;
        }
        Ok(())
    }
}

impl Limit {
    /// Those that wait for it and that a host with these labels may run.
    fn waiting(&self, labels: &Labels) -> Read {
        let mut filter = doc! {"waits_for": &self.gate, "org": &self.organisation};
        filter.extend(met_by(labels));
        Read::of(filter).sorted(doc! {"priority": -1, "available_at": 1, "_id": 1})
    }
}

/// The executions that hold places of a limit: those that took them lately, and those that must run by
/// now.
fn judge(limit: &Document, now: Timestamp) -> (Vec<String>, Vec<String>) {
    let before = now.saturating_sub(CLAIMED_WITHIN).unwrap_or(Timestamp::MIN);
    let taken = limit
        .get_array("taken")
        .map(Vec::as_slice)
        .unwrap_or_default();
    let taken = taken.iter().filter_map(Bson::as_document);
    let (old, new): (Vec<_>, Vec<_>) = taken.partition(|it| {
        let at = it.get_datetime("at");
        at.is_ok_and(|at| at.timestamp_millis() < before.as_millisecond())
    });
    let ids = |places: Vec<&Document>| {
        places
            .into_iter()
            .map(|it| text(it, "execution").to_owned())
            .collect()
    };
    (ids(new), ids(old))
}
