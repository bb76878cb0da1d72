//! Concurrency limits in MongoDB, and who holds their places.
//!
//! A limit and its places are one document, so that two hosts never give the last place away twice. A
//! place is taken before the execution is claimed; one whose claim came to nothing is given back, and
//! one whose host was lost in between is found when the limit is full.

mod places;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use sandglass_contract::{OrganisationId, TemplateId};

use super::{
    MongoStore,
    batch::Statement,
    collections::{EXECUTIONS, LIMITS},
    executions::text,
    reading::Read,
    stored::{corrupt, date, whole},
    transaction::{Transaction, in_transaction},
};
use crate::{
    concurrency::{ConcurrencyLimit, LimitedBy},
    gate::Gate,
    job::Tag,
    scope::Scope,
    store::{LimitStore, StoreError},
};

pub(super) use places::{Admission, Places};

const LIMIT: &str = "concurrency limit";

#[async_trait]
impl LimitStore for MongoStore {
    async fn concurrency_limits(&self, scope: &Scope) -> Result<Vec<ConcurrencyLimit>, StoreError> {
        let limits = Read::of(doc! {"org": scope.organisation().as_str()});
        let limits = limits.sorted(doc! {"kind": -1, "name": 1});
        let limits = self.find(LIMITS, limits).await?;
        let read = |it: &Document| {
            Ok(ConcurrencyLimit {
                of: limited_by(text(it, "kind"), text(it, "name"))?,
                most: u32::try_from(whole(it, "most").unwrap_or_default())
                    .map_err(|source| corrupt(LIMIT, source))?,
            })
        };
        limits.iter().map(read).collect()
    }

    async fn set_concurrency_limit(
        &self,
        scope: &Scope,
        limit: &ConcurrencyLimit,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |transaction| self.set_limit(
            &mut transaction,
            scope,
            limit
        ))
    }

    async fn remove_concurrency_limit(
        &self,
        scope: &Scope,
        of: &LimitedBy,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |transaction| remove_limit(
            &mut transaction,
            scope,
            of
        ))?;
        // A claim may have found it full before, and shut somebody out only now.
        self.open_gate(scope.organisation(), &of.gate()).await
    }
}

impl MongoStore {
    /// Lets everybody go who waits for a limit that is not there any more.
    async fn open_gate(&self, of: &OrganisationId, gate: &Gate) -> Result<(), StoreError> {
        let (waiting, open) = opened(of, gate);
        let all = Statement::change_all(waiting, open);
        self.update_all(EXECUTIONS, vec![all]).await?;
        Ok(())
    }

    async fn set_limit(
        &self,
        transaction: &mut Transaction,
        scope: &Scope,
        limit: &ConcurrencyLimit,
    ) -> Result<(), StoreError> {
        let organisation = scope.organisation().as_str();
        let id = limit_id(organisation, limit.of.kind(), limit.of.name());
        let most = doc! {"$set": {"most": i64::from(limit.most)}};
        if transaction.update(LIMITS, doc! {"_id": &id}, most).await? > 0 {
            return Ok(());
        }
        // What runs already holds places within a limit that is new.
        let mut running = doc! {"org": organisation, "unfinished": true, "status": "running"};
        match &limit.of {
            LimitedBy::Template(template) => running.insert("template_type", template.as_str()),
            LimitedBy::Tag(tag) => running.insert("tags", tag.as_str()),
        };
        let running = Read::of(running).only(&["claim_token"]);
        let now = date(self.clock.now());
        let taken: Vec<Bson> = transaction
            .find(EXECUTIONS, running)
            .await?
            .iter()
            .map(|it| {
                let token = text(it, "claim_token");
                doc! {"execution": text(it, "_id"), "token": token, "at": now}.into()
            })
            .collect();
        let limit = doc! {
            "_id": id, "org": organisation, "kind": limit.of.kind(), "name": limit.of.name(),
            "most": i64::from(limit.most), "taken": taken,
        };
        transaction.insert(LIMITS, &[limit], LIMIT).await
    }
}

async fn remove_limit(
    transaction: &mut Transaction,
    scope: &Scope,
    of: &LimitedBy,
) -> Result<(), StoreError> {
    let organisation = scope.organisation().as_str();
    let id = limit_id(organisation, of.kind(), of.name());
    if transaction.delete(LIMITS, doc! {"_id": id}).await? == 0 {
        return Err(StoreError::NotFound { what: LIMIT });
    }
    let (waiting, open) = opened(scope.organisation(), &of.gate());
    transaction.update(EXECUTIONS, waiting, open).await?;
    Ok(())
}

/// Who waits for a limit, and the change that lets them go.
fn opened(organisation: &OrganisationId, gate: &Gate) -> (Document, Document) {
    let waiting = doc! {"waits_for": gate.to_string(), "org": organisation.as_str()};
    (waiting, doc! {"$set": {"waits_for": Bson::Null}})
}

/// The `_id` of a limit.
fn limit_id(organisation: &str, kind: &str, name: &str) -> String {
    format!("{organisation}/{kind}/{name}")
}

/// What a limit counts that has these words in its document.
pub(super) fn limited_by(kind: &str, name: &str) -> Result<LimitedBy, StoreError> {
    match kind {
        "template" => TemplateId::parse(name)
            .map(LimitedBy::Template)
            .map_err(|source| corrupt(LIMIT, source)),
        "tag" => Tag::parse(name)
            .map(LimitedBy::Tag)
            .map_err(|source| corrupt(LIMIT, source)),
        _ => Err(corrupt(LIMIT, format!("there is no kind {kind:?}"))),
    }
}
