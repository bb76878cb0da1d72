//! Leases: how long claims hold by the server's clock, and when there is something to claim.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId};

use crate::{
    host::Labels,
    mongo::{
        MongoStore,
        batch::Statement,
        collections::EXECUTIONS,
        limits::Places,
        reading::Read,
        stored::{count, date, whole},
    },
    store::{Claim, LeaseAnswer, StoreError},
};

use super::documents::{met_by, optional_moment, text};

/// Within how many milliseconds all hosts have seen the same jump of the server's clock.
const ONE_JUMP_MS: i64 = 60_000;

impl MongoStore {
    /// When a claim will find something.
    pub(super) async fn next_moment(
        &self,
        labels: &Labels,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut moments = Vec::new();
        for mut filter in [
            doc! {"unfinished": true, "status": "queued", "waits_for": Bson::Null},
            doc! {"unfinished": true, "status": "running"},
        ] {
            filter.extend(met_by(labels));
            filter.extend(self.blocked.condition(self.clock.monotonic()));
            let earliest = Read::of(filter).sorted(doc! {"claimable_at": 1});
            let earliest = earliest.only(&["claimable_at"]);
            if let Some(found) = self.find_one(EXECUTIONS, earliest).await? {
                moments.extend(optional_moment(&found, "claimable_at")?);
            }
        }
        let places = Places::read(self).await?;
        moments.extend(places.somebody_waits_since(self, labels).await?);
        Ok(moments.into_iter().min())
    }

    /// Lengthens leases. Which ones is read back by a token, since an answer may be lost and a document be
    /// held by an open transaction.
    pub(super) async fn renew_leases(
        &self,
        claims: &[Claim],
        lease: Duration,
    ) -> Result<Vec<LeaseAnswer>, StoreError> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let token = ObjectId::new().to_hex();
        let until = vec![doc! {"$set": {
            "claimable_at": self.time.after(lease), "renewal_token": &token,
        }}];
        let renewing = claims
            .iter()
            .map(|it| Statement::change(current(it), until.clone()));
        let sent = self.update_all(EXECUTIONS, renewing.collect()).await;
        if let Err(error) = &sent {
            tracing::debug!(%error, "leases.renew.in_part");
        }
        let ids: Vec<&str> = claims.iter().map(|it| it.execution.as_str()).collect();
        let held = Read::of(doc! {"_id": {"$in": ids}, "status": "running"});
        let held = held.only(&["fence", "renewal_token", "cancel_requested.at"]);
        let held = self.find(EXECUTIONS, held).await?;
        let held: BTreeMap<&str, &Document> = held.iter().map(|it| (text(it, "_id"), it)).collect();
        let answer = |claim: &Claim| {
            let held = held.get(claim.execution.as_str());
            let Some(found) = held.filter(|it| whole(it, "fence") == Some(count(claim.fence.0)))
            else {
                return LeaseAnswer::Lost;
            };
            match found.get("cancel_requested") {
                _ if text(found, "renewal_token") != token => LeaseAnswer::NotRenewed,
                None | Some(Bson::Null) => LeaseAnswer::Renewed,
                Some(_) => LeaseAnswer::CancelRequested,
            }
        };
        Ok(claims.iter().map(answer).collect())
    }

    /// Lets executions that wait begin earlier by as much as a clock was set back. Every host sees the
    /// server's clock jump and asks for it, and the first is followed.
    pub(in crate::mongo) async fn begin_earlier(
        &self,
        now: Timestamp,
        by: Duration,
    ) -> Result<(), StoreError> {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let now = date(now);
        let earlier = |member: &str| doc! {"$subtract": [format!("${member}"), by]};
        let at_least_now = |member: &str| doc! {"$max": [now, earlier(member)]};
        let around = |by: i64| DateTime::from_millis(now.timestamp_millis().saturating_add(by));
        let waiting = doc! {
            "unfinished": true, "status": "queued", "claimable_at": {"$gt": now},
            "shifted_at": {"$not": {"$gt": around(-ONE_JUMP_MS), "$lt": around(ONE_JUMP_MS)}},
        };
        let set = doc! {
            "shifted_at": now,
            "claimable_at": at_least_now("claimable_at"),
            "available_at": at_least_now("available_at"),
        };
        let deadline = doc! {"waits_until": {"$cond": [
            {"$eq": [{"$type": "$waits_until"}, "date"]}, earlier("waits_until"), "$$REMOVE",
        ]}};
        let pipeline = vec![doc! {"$set": set}, doc! {"$set": deadline}];
        let all = Statement::change_all(waiting, pipeline);
        self.update_all(EXECUTIONS, vec![all]).await?;
        Ok(())
    }
}

/// The execution of a claim, if the claim is the current one.
pub(super) fn current(claim: &Claim) -> Document {
    doc! {
        "_id": claim.execution.as_str(),
        "fence": count(claim.fence.0),
        "status": "running",
    }
}
