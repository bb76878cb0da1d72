//! Documents as records.

use mongodb::bson::Document;
use sandglass_contract::OrganisationId;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    account::{TokenRecord, User},
    archive::{
        ArchivedArrivals, ArchivedEntry, ArchivedLimit, ArchivedLine, ArchivedVersion, RecordKind,
    },
    backfill::Backfill,
    blackout::BlackoutCalendar,
    capability::CapabilityUseDay,
    job::Job,
    mongo::{
        audit, executions,
        stored::{corrupt, from_bson, from_document},
    },
    policy::PolicySetting,
    secret::SealedSecret,
    store::StoreError,
    template::TemplateVersion,
};

/// Reads a record of a kind that has a document for each.
pub(super) fn read(kind: RecordKind, mut document: Document) -> Result<Value, StoreError> {
    let what = kind.as_str();
    match kind {
        RecordKind::Users => same::<User>(kind, document),
        RecordKind::Tokens => same::<TokenRecord>(kind, document),
        RecordKind::BlackoutCalendars => same::<BlackoutCalendar>(kind, document),
        RecordKind::Jobs => same::<Job>(kind, document),
        RecordKind::Backfills => same::<Backfill>(kind, document),
        RecordKind::Secrets => same::<SealedSecret>(kind, document),
        RecordKind::CapabilityUses => same::<CapabilityUseDay>(kind, document),
        RecordKind::Policies => same::<PolicySetting>(kind, document),
        RecordKind::Audit => value(kind, &audit::read(&document)?.line),
        RecordKind::ChainArrivals => same::<ArchivedArrivals>(kind, document),
        RecordKind::ConcurrencyLimits => same::<ArchivedLimit>(kind, document),
        RecordKind::JobRevisions => {
            let job: Job = take(what, &mut document, "record")?;
            value(kind, &job)
        }
        RecordKind::Executions => value(kind, &executions::read_archived(document)?),
        RecordKind::Logs => {
            let line = ArchivedLine {
                execution: take(what, &mut document, "execution")?,
                line: take(what, &mut document, "line")?,
            };
            value(kind, &line)
        }
        RecordKind::Journal => {
            let entry = ArchivedEntry {
                execution: take(what, &mut document, "execution")?,
                entry: take(what, &mut document, "entry")?,
            };
            value(kind, &entry)
        }
        RecordKind::Components | RecordKind::TemplateVersions => {
            Err(corrupt(what, "they are not read one by one"))
        }
    }
}

/// The versions of a template, oldest first.
pub(super) fn versions(mut document: Document) -> Result<Vec<ArchivedVersion>, StoreError> {
    let what = RecordKind::TemplateVersions.as_str();
    let org: OrganisationId = take(what, &mut document, "org")?;
    let versions: Vec<TemplateVersion> = take(what, &mut document, "versions")?;
    let archived = |version| ArchivedVersion {
        org: org.clone(),
        version,
    };
    Ok(versions.into_iter().map(archived).collect())
}

/// A record as JSON.
pub(super) fn value<T: Serialize>(kind: RecordKind, record: &T) -> Result<Value, StoreError> {
    serde_json::to_value(record).map_err(|source| corrupt(kind.as_str(), source))
}

/// A record whose members are those of the document.
fn same<T: Serialize + DeserializeOwned>(
    kind: RecordKind,
    document: Document,
) -> Result<Value, StoreError> {
    value(kind, &from_document::<T>(kind.as_str(), document)?)
}

fn take<T: DeserializeOwned>(
    what: &'static str,
    document: &mut Document,
    member: &'static str,
) -> Result<T, StoreError> {
    let value = document.remove(member);
    let value = value.ok_or_else(|| corrupt(what, format!("it has no {member}")))?;
    from_bson(what, value)
}
