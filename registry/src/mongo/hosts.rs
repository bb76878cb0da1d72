//! Hosts in MongoDB: one document for each name, in the collection `hosts`.

use std::{future::IntoFuture as _, time::Duration};

use async_trait::async_trait;
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    options::UpdateModifications,
};
use sandglass_contract::{ExecutionId, HostInstanceId, UserId};

use super::{
    MongoStore,
    batch::Statement,
    collections::{EXECUTIONS, HOSTS},
    executions::text,
    failure::{driver_error, in_time, is_taken},
    hints::hints,
    reading::Read,
    stored::{corrupt, from_bson, from_document, moment, to_document, whole},
};
use crate::{
    host::{
        AT_WORK_FOR, FORGOTTEN_AFTER, HeldExecutions, HostOrder, HostRecord, HostReport,
        MAX_NAMED_EXECUTIONS, NAME_HELD_FOR, StandingOrder,
    },
    store::{Hints, HostAnswer, HostStore, Sharing, StoreError},
};

const HOST: &str = "host";

#[async_trait]
impl HostStore for MongoStore {
    fn sharing(&self) -> Sharing {
        Sharing::ManyHosts
    }

    fn hints(&self) -> Hints {
        hints(self.database.clone())
    }

    async fn report_host(&self, report: &HostReport) -> Result<HostAnswer, StoreError> {
        self.forget_long_silent(&report.name).await?;
        self.look_after_sessions().await;
        let hosts = self.host_documents();
        let (name, instance) = (report.name.as_str(), report.instance.as_str());
        let change = self.reported(report)?;
        let free = doc! {"_id": name, "$or": [
            {"instance": instance},
            self.silent_for(NAME_HELD_FOR),
        ]};
        let reporting = hosts.update_one(free, change.clone());
        if in_time(reporting.into_future()).await?.matched_count == 0 {
            let mine = doc! {"_id": name, "instance": instance};
            let reporting = hosts.update_one(mine, change).upsert(true);
            match in_time(reporting.into_future()).await {
                Err(error) if driver_error(&error).is_some_and(is_taken) => {
                    return self.who_has(name).await;
                }
                other => other?,
            };
        }
        if let Err(error) = self.let_records_go().await {
            tracing::warn!(%error, "records.not_let_go");
        }
        let stored = self.find_one(HOSTS, Read::of(doc! {"_id": name})).await?;
        let order = stored.as_ref().map(order_of).transpose()?;
        Ok(HostAnswer::Order(order.unwrap_or_default()))
    }

    async fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        self.records(doc! {}).await
    }

    async fn hosts_at_work(&self) -> Result<Vec<String>, StoreError> {
        let (work, drain) = (HostOrder::Work.as_str(), HostOrder::Drain.as_str());
        let mut gone = self.silent_for(AT_WORK_FOR);
        let gone = gone.remove("$expr").unwrap_or(Bson::Null);
        let at_work = Read::of(doc! {
            "follows": work, "order": {"$ne": drain}, "$expr": {"$not": [gone]},
        });
        let at_work = at_work.sorted(doc! {"_id": 1}).only(&["_id"]);
        let hosts = self.find(HOSTS, at_work).await?;
        Ok(hosts.iter().map(|it| text(it, "_id").to_owned()).collect())
    }

    async fn order_host(
        &self,
        name: &str,
        order: HostOrder,
        by: &UserId,
    ) -> Result<HostRecord, StoreError> {
        let change = vec![doc! {"$set": {
            "order": order.as_str(),
            "ordered_by": {"$literal": by.as_str()},
            "ordered_at": self.time.now(),
        }}];
        let order = Statement::change(doc! {"_id": name}, change);
        self.update_all(HOSTS, vec![order]).await?;
        let mut records = self.records(doc! {"_id": name}).await?;
        records.pop().ok_or(StoreError::NotFound { what: HOST })
    }

    async fn forget_host(&self, instance: &HostInstanceId) -> Result<(), StoreError> {
        let mine = doc! {"instance": instance.as_str()};
        let hosts = self.host_documents();
        let forgetting = hosts.delete_many(mine);
        in_time(forgetting.into_future()).await?;
        Ok(())
    }
}

impl MongoStore {
    fn host_documents(&self) -> Collection<Document> {
        self.collection(HOSTS)
    }

    /// For how many milliseconds a host has been silent.
    fn silence(&self) -> Document {
        doc! {"$dateDiff": {
            "startDate": "$last_seen_at",
            "endDate": self.time.now(),
            "unit": "millisecond",
        }}
    }

    /// The condition that a host was heard of last so long ago, or longer.
    fn silent_for(&self, duration: Duration) -> Document {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        doc! {"$expr": {"$gte": [self.silence(), milliseconds]}}
    }

    async fn forget_long_silent(&self, but: &str) -> Result<(), StoreError> {
        let mut silent = self.silent_for(FORGOTTEN_AFTER);
        silent.insert("_id", doc! {"$ne": but});
        let hosts = self.host_documents();
        let forgetting = hosts.delete_many(silent);
        in_time(forgetting.into_future()).await?;
        Ok(())
    }

    /// The change that a report makes. An order that stands stays.
    fn reported(&self, report: &HostReport) -> Result<UpdateModifications, StoreError> {
        let mut members = to_document(HOST, report)?;
        members.remove("name");
        members.insert("labels", report.labels.to_texts());
        let mut set: Document = members
            .into_iter()
            .map(|(name, value)| (name, Bson::from(doc! {"$literal": value})))
            .collect();
        set.insert("last_seen_at", self.time.now());
        let order = HostOrder::default().as_str();
        set.insert("order", doc! {"$ifNull": ["$order", order]});
        Ok(vec![doc! {"$set": set}].into())
    }

    async fn who_has(&self, name: &str) -> Result<HostAnswer, StoreError> {
        let found = self.find_one(HOSTS, Read::of(doc! {"_id": name})).await?;
        let holder = found.as_ref().and_then(|it| it.get_str("instance").ok());
        match holder.map(HostInstanceId::parse) {
            Some(Ok(by)) => Ok(HostAnswer::NameTaken { by }),
            Some(Err(source)) => Err(corrupt(HOST, source)),
            // It has said goodbye in between; the next report finds the name free.
            None => Err(StoreError::Unavailable("the name changes hands".into())),
        }
    }

    async fn records(&self, which: Document) -> Result<Vec<HostRecord>, StoreError> {
        let stages = vec![
            doc! {"$match": which},
            doc! {"$sort": {"_id": 1}},
            doc! {"$set": {
                "name": "$_id",
                "silent_for": self.silence(),
            }},
        ];
        let found = self.aggregate(HOSTS, stages).await?;
        let mut records = Vec::with_capacity(found.len());
        for document in found {
            records.push(self.record(document).await?);
        }
        Ok(records)
    }

    async fn record(&self, document: Document) -> Result<HostRecord, StoreError> {
        let seen = document.get_datetime("last_seen_at");
        let last_seen_at = moment(*seen.map_err(|source| corrupt(HOST, source))?)?;
        let silent = whole(&document, "silent_for").unwrap_or_default();
        let order = StandingOrder {
            order: order_of(&document)?,
            by: optional(&document, "ordered_by")?,
            at: optional(&document, "ordered_at")?,
        };
        let report: HostReport = from_document(HOST, document)?;
        let held = self.held_by(&report.name).await?;
        let silent_for = Duration::from_millis(u64::try_from(silent).unwrap_or_default());
        Ok(HostRecord::judged(
            report,
            last_seen_at,
            silent_for,
            order,
            held,
        ))
    }

    async fn held_by(&self, name: &str) -> Result<HeldExecutions, StoreError> {
        let executions = self.collection(EXECUTIONS);
        let held = doc! {"status": "running", "execution_host": name};
        let counting = executions.count_documents(held.clone());
        let count = in_time(counting.into_future()).await?;
        let named = Read::of(held).sorted(doc! {"_id": 1});
        let named = named.first(MAX_NAMED_EXECUTIONS).only(&[]);
        let named = self.find(EXECUTIONS, named).await?;
        let id = |document: &Document| {
            let id = document.get_str("_id").unwrap_or_default();
            ExecutionId::parse(id).map_err(|source| corrupt("execution", source))
        };
        Ok(HeldExecutions {
            count,
            named: named.iter().map(id).collect::<Result<_, _>>()?,
        })
    }
}

fn order_of(document: &Document) -> Result<HostOrder, StoreError> {
    Ok(optional(document, "order")?.unwrap_or_default())
}

/// A member that may not be there.
fn optional<T: serde::de::DeserializeOwned>(
    document: &Document,
    name: &str,
) -> Result<Option<T>, StoreError> {
    let value = document.get(name).cloned();
    value.map(|value| from_bson(HOST, value)).transpose()
}
