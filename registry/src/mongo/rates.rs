//! Uses in MongoDB. Two hosts that ask at once write the same document, so that one of them asks again.

use std::{future::IntoFuture as _, slice::from_ref};

use async_trait::async_trait;
use jiff::SignedDuration;
use mongodb::bson::{Bson, Document, doc};

use super::{
    MongoStore,
    collections::RATES,
    failure::in_time,
    reading::Read,
    stored::{date, moment},
    transaction::in_transaction,
};
use crate::{
    rate::{RateLimit, Use},
    store::{RateStore, StoreError},
};

const USES: &str = "list of uses";

#[async_trait]
impl RateStore for MongoStore {
    async fn take(&self, key: &str, limit: RateLimit) -> Result<Use, StoreError> {
        loop {
            let taken = in_transaction!(self, |transaction| async {
                let id = doc! {"_id": key};
                let found = transaction.find_one(RATES, Read::of(id.clone())).await?;
                let is_new = found.is_none();
                let mut uses = found.map_or_else(|| Ok(Vec::new()), |it| read(&it))?;
                let now = self.clock.now();
                let answer = limit.take(&mut uses, now);
                let window = SignedDuration::try_from(limit.window).unwrap_or_default();
                let uses: Vec<Bson> = uses.into_iter().map(|it| date(it).into()).collect();
                let end = now.checked_add(window).unwrap_or(now);
                let there = doc! {"uses": uses, "expire_at": date(end)};
                if is_new {
                    let mut document = id;
                    document.extend(there);
                    transaction.insert(RATES, from_ref(&document), USES).await?;
                } else {
                    transaction.update(RATES, id, doc! {"$set": there}).await?;
                }
                Ok(answer)
            });
            match taken {
                // Another host has made the document in the same moment.
                Err(StoreError::Exists { .. }) => {}
                taken => return taken,
            }
        }
    }

    async fn forget_uses(&self, key: &str) -> Result<(), StoreError> {
        let rates = self.collection(RATES);
        let removing = rates.delete_one(doc! {"_id": key});
        in_time(removing.into_future()).await?;
        Ok(())
    }
}

fn read(document: &Document) -> Result<Vec<jiff::Timestamp>, StoreError> {
    let uses = document.get_array("uses").into_iter().flatten();
    uses.filter_map(Bson::as_datetime)
        .map(|it| moment(*it))
        .collect()
}
