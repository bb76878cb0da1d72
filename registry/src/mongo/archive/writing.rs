//! Records as documents.

use mongodb::bson::Document;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{SavedRecords, collection};
use crate::{
    account::{TokenRecord, User},
    archive::{
        ArchivedArrivals, ArchivedComponent, ArchivedEntry, ArchivedExecution, ArchivedLimit,
        ArchivedLine, ArchivedVersion, RecordKind,
    },
    audit::AuditLine,
    backfill::Backfill,
    blackout::BlackoutCalendar,
    concurrency::ConcurrencyLimit,
    job::Job,
    mongo::{
        MongoStore, accounts, capabilities, jobs, limits, policies, secrets,
        stored::{corrupt, to_document},
        transaction::in_transaction,
    },
    policy::PolicySetting,
    scope::Scope,
    secret::SealedSecret,
    store::{LimitStore as _, Records, StoreError, TemplateStore as _},
};

impl MongoStore {
    /// Adds records.
    pub(super) async fn put_values(
        &self,
        kind: RecordKind,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        match kind {
            RecordKind::Components => {
                for component in all::<ArchivedComponent>(kind, values)? {
                    let bytes = component.bytes()?;
                    self.put_component(&component.digest, &bytes).await?;
                }
                Ok(())
            }
            RecordKind::TemplateVersions => {
                for ArchivedVersion { org, version } in all(kind, values)? {
                    let component = self.component(&version.digest).await?;
                    let component = component.ok_or_else(|| missing_component(kind))?;
                    let scope = Scope::of(org);
                    let version = &version;
                    self.insert_template_version(&scope, version, &component)
                        .await?;
                }
                Ok(())
            }
            RecordKind::ConcurrencyLimits => {
                for limit in all::<ArchivedLimit>(kind, values)? {
                    let of = limits::limited_by(&limit.kind, &limit.name)?;
                    let most = limit.most;
                    let scope = Scope::of(limit.org);
                    let limit = ConcurrencyLimit { of, most };
                    self.set_concurrency_limit(&scope, &limit).await?;
                }
                Ok(())
            }
            RecordKind::CapabilityUses => {
                let days = all(kind, values)?;
                in_transaction!(self, |transaction| capabilities::put_days(
                    &mut transaction,
                    &days
                ))
            }
            RecordKind::Audit => {
                let lines = all::<AuditLine>(kind, values)?;
                self.put_audit_lines(&lines).await
            }
            _ => {
                let mut documents = Vec::new();
                for value in values {
                    documents.push(self.document(kind, value)?);
                }
                let (collection, what) = (collection(kind), kind.as_str());
                in_transaction!(self, |transaction| transaction
                    .insert(collection, &documents, what))
            }
        }
    }

    fn document(&self, kind: RecordKind, value: Value) -> Result<Document, StoreError> {
        let what = kind.as_str();
        match kind {
            RecordKind::Users => accounts::user_document(&one::<User>(kind, value)?),
            RecordKind::Tokens => to_document(what, &one::<TokenRecord>(kind, value)?),
            RecordKind::BlackoutCalendars => {
                to_document(what, &one::<BlackoutCalendar>(kind, value)?)
            }
            RecordKind::JobRevisions => jobs::revision_document(&one::<Job>(kind, value)?),
            RecordKind::Jobs => jobs::job_document(&one::<Job>(kind, value)?),
            RecordKind::Secrets => secrets::secret_document(&one::<SealedSecret>(kind, value)?),
            RecordKind::Backfills => to_document(what, &one::<Backfill>(kind, value)?),
            RecordKind::Executions => {
                self.archived_document(one::<ArchivedExecution>(kind, value)?)
            }
            RecordKind::Logs => {
                let ArchivedLine { execution, line } = one(kind, value)?;
                let records = Records {
                    log: vec![line],
                    ..Records::default()
                };
                let saved = SavedRecords::of(&execution, &records)?;
                saved
                    .log
                    .into_iter()
                    .next()
                    .ok_or_else(|| corrupt(what, "there is no line"))
            }
            RecordKind::Journal => {
                let ArchivedEntry { execution, entry } = one(kind, value)?;
                let records = Records {
                    journal: vec![entry],
                    ..Records::default()
                };
                let saved = SavedRecords::of(&execution, &records)?;
                saved
                    .journal
                    .into_iter()
                    .next()
                    .ok_or_else(|| corrupt(what, "there is no entry"))
            }
            RecordKind::Policies => policies::policy_document(&one::<PolicySetting>(kind, value)?),
            RecordKind::ChainArrivals => {
                let arrivals: ArchivedArrivals = one(kind, value)?;
                let mut document = to_document(what, &arrivals)?;
                document.insert("_id", format!("{}/{}", arrivals.child, arrivals.chain));
                Ok(document)
            }
            RecordKind::Components
            | RecordKind::TemplateVersions
            | RecordKind::ConcurrencyLimits
            | RecordKind::CapabilityUses
            | RecordKind::Audit => Err(corrupt(what, "they are not written one by one")),
        }
    }
}

fn all<T: DeserializeOwned>(kind: RecordKind, values: Vec<Value>) -> Result<Vec<T>, StoreError> {
    values.into_iter().map(|value| one(kind, value)).collect()
}

fn one<T: DeserializeOwned>(kind: RecordKind, value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|source| corrupt(kind.as_str(), source))
}

fn missing_component(kind: RecordKind) -> StoreError {
    corrupt(kind.as_str(), "the bytes of its component are missing")
}
