//! Every record in MongoDB as an archive reads and writes it.

mod reading;
mod writing;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use sandglass_contract::Digest;

use super::{
    MongoStore,
    collections::{
        ARRIVALS, AUDIT, BACKFILLS, CALENDARS, EXECUTIONS, JOBS, JOURNAL, LIMITS, LOGS, POLICIES,
        REVISIONS, SECRETS, TEMPLATES, TOKENS, USERS, USES,
    },
    executions::{SavedRecords, text},
    reading::Read,
    stored::corrupt,
};
use crate::{
    archive::{Archive, ArchiveRecord, ArchivedComponent, RecordKind},
    store::StoreError,
};

/// Where the documents stand that name the components.
const COMPONENTS: &str = "components.files";
/// How many digits a number in a key has.
const DIGITS: usize = 16;

#[async_trait]
impl Archive for MongoStore {
    async fn count(&self, kind: RecordKind) -> Result<u64, StoreError> {
        if kind == RecordKind::TemplateVersions {
            return Ok(self.all_versions().await?.len() as u64);
        }
        let collection = self.collection(collection(kind));
        Ok(collection.count_documents(doc! {}).await?)
    }

    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ArchiveRecord>, StoreError> {
        match kind {
            RecordKind::TemplateVersions => {
                let all = self.all_versions().await?.into_iter();
                let behind = all.filter(|it| after.is_none_or(|after| it.key.as_str() > after));
                Ok(behind.take(limit as usize).collect())
            }
            RecordKind::Audit => self.audit_entries(after, limit).await,
            RecordKind::Components => self.component_records(after, limit).await,
            _ => {
                let found = self.find(collection(kind), behind(after, limit)).await?;
                let read = |document: Document| {
                    Ok(ArchiveRecord {
                        key: text(&document, "_id").to_owned(),
                        value: reading::read(kind, document)?,
                    })
                };
                found.into_iter().map(read).collect()
            }
        }
    }

    async fn put_records(
        &self,
        kind: RecordKind,
        records: Vec<ArchiveRecord>,
    ) -> Result<(), StoreError> {
        let values = records.into_iter().map(|record| record.value);
        self.put_values(kind, values.collect()).await
    }
}

/// The collection with the records of a kind.
const fn collection(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Users => USERS,
        RecordKind::Tokens => TOKENS,
        RecordKind::Components => COMPONENTS,
        RecordKind::TemplateVersions => TEMPLATES,
        RecordKind::BlackoutCalendars => CALENDARS,
        RecordKind::JobRevisions => REVISIONS,
        RecordKind::Jobs => JOBS,
        RecordKind::Backfills => BACKFILLS,
        RecordKind::Executions => EXECUTIONS,
        RecordKind::Logs => LOGS,
        RecordKind::Journal => JOURNAL,
        RecordKind::ChainArrivals => ARRIVALS,
        RecordKind::ConcurrencyLimits => LIMITS,
        RecordKind::Secrets => SECRETS,
        RecordKind::Policies => POLICIES,
        RecordKind::CapabilityUses => USES,
        RecordKind::Audit => AUDIT,
    }
}

/// Documents by their ids.
fn behind(after: Option<&str>, limit: u32) -> Read {
    let filter = after.map_or_else(Document::new, |after| doc! {"_id": {"$gt": after}});
    Read::of(filter).sorted(doc! {"_id": 1}).first(limit)
}

impl MongoStore {
    /// Every version of every template. There are never many.
    async fn all_versions(&self) -> Result<Vec<ArchiveRecord>, StoreError> {
        let templates = Read::of(doc! {}).sorted(doc! {"org": 1, "id": 1});
        let mut versions = Vec::new();
        for document in self.find(TEMPLATES, templates).await? {
            for (number, version) in reading::versions(document)?.into_iter().enumerate() {
                let (org, id) = (&version.org, &version.version.metadata.id);
                versions.push(ArchiveRecord {
                    key: format!("{org}/{id}/{number:0DIGITS$}"),
                    value: reading::value(RecordKind::TemplateVersions, &version)?,
                });
            }
        }
        versions.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(versions)
    }

    async fn audit_entries(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ArchiveRecord>, StoreError> {
        let filter = match after {
            None => Document::new(),
            Some(after) => {
                let wrong = || corrupt("key", format!("{after:?} is not one"));
                let (org, number) = after.split_once('/').ok_or_else(wrong)?;
                let number: i64 = number.parse().map_err(|_| wrong())?;
                doc! {"$or": [
                    {"org": {"$gt": org}},
                    {"org": org, "number": {"$gt": number}},
                ]}
            }
        };
        let entries = Read::of(filter).sorted(doc! {"org": 1, "number": 1});
        let entries = self.find(AUDIT, entries.first(limit)).await?;
        let read = |document: Document| {
            let number = super::stored::whole(&document, "number").unwrap_or_default();
            Ok(ArchiveRecord {
                key: format!("{}/{number}", text(&document, "org")),
                value: reading::read(RecordKind::Audit, document)?,
            })
        };
        entries.into_iter().map(read).collect()
    }

    async fn component_records(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ArchiveRecord>, StoreError> {
        let kind = RecordKind::Components;
        let mut records = Vec::new();
        for file in self.find(COMPONENTS, behind(after, limit)).await? {
            let key = text(&file, "_id").to_owned();
            let digest: Digest = key.parse().map_err(|it| corrupt(kind.as_str(), it))?;
            let bytes = self.read_component(&digest).await?.unwrap_or_default();
            let component = ArchivedComponent::of(digest, &bytes);
            let value = reading::value(kind, &component)?;
            records.push(ArchiveRecord { key, value });
        }
        Ok(records)
    }
}
