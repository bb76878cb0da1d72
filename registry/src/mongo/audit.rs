//! The audit log in MongoDB.
//!
//! A line and the head of its log change in one transaction, so that two hosts which append at once meet
//! and one of them takes the next number. Lines that an older version has written become links of the
//! chain when the next one is added.

use std::slice::from_ref;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use sandglass_contract::OrganisationId;

use super::{
    MongoStore,
    collections::{AUDIT, AUDIT_HEADS},
    executions::text,
    reading::Read,
    stored::{corrupt, count, date, from_document, whole},
    transaction::{Transaction, in_transaction},
};
use crate::{
    audit::{AuditEntry, AuditHead, AuditLine},
    page::Page,
    scope::Scope,
    store::{AuditLog, AuditQuery, AuditStore, KeptLine, StoreError},
};

const ENTRY: &str = "audit entry";

#[async_trait]
impl AuditStore for MongoStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditLine, StoreError> {
        loop {
            let appended = in_transaction!(self, |transaction| async {
                let head = chain_up(&mut transaction, &entry.org).await?;
                let line = head
                    .append(entry)
                    .map_err(|source| corrupt(ENTRY, source))?;
                insert(&mut transaction, entry, &line).await?;
                move_head(&mut transaction, &entry.org, &line).await?;
                Ok(line)
            });
            match appended {
                // Another host took the number.
                Err(StoreError::Exists { .. }) => {}
                appended => return appended,
            }
        }
    }
}

#[async_trait]
impl AuditLog for MongoStore {
    async fn audit_log(
        &self,
        scope: &Scope,
        query: &AuditQuery,
    ) -> Result<Page<AuditLine>, StoreError> {
        let newest_first = doc! {"number": -1};
        let read = |document| Ok(read(&document)?.line);
        self.page(AUDIT, filter(scope, query), newest_first, query.page, read)
            .await
    }

    async fn audit_lines(
        &self,
        scope: &Scope,
        after: u64,
        limit: u32,
    ) -> Result<Vec<KeptLine>, StoreError> {
        let behind = doc! {
            "org": scope.organisation().as_str(),
            "number": {"$gt": count(after)},
            "digest": {"$exists": true},
        };
        let lines = Read::of(behind).sorted(doc! {"number": 1}).first(limit);
        let lines = self.find(AUDIT, lines).await?;
        lines.iter().map(read).collect()
    }

    async fn audit_head(&self, scope: &Scope) -> Result<AuditHead, StoreError> {
        let id = doc! {"_id": scope.organisation().as_str()};
        let head = self.find_one(AUDIT_HEADS, Read::of(id)).await?;
        head.map_or(Ok(AuditHead::EMPTY), |head| read_head(&head))
    }

    async fn audited(&self) -> Result<Vec<OrganisationId>, StoreError> {
        let group = doc! {"$group": {"_id": "$org"}};
        let sort = doc! {"$sort": {"_id": 1}};
        let found = self.aggregate(AUDIT, vec![group, sort]).await?;
        let heads = self.find(AUDIT_HEADS, Read::default()).await?;
        let mut names: Vec<_> = found
            .iter()
            .chain(&heads)
            .map(|it| text(it, "_id").to_owned())
            .collect();
        names.sort();
        names.dedup();
        let read = |name| OrganisationId::parse(name).map_err(|it| corrupt("organisation", it));
        names.into_iter().map(read).collect()
    }
}

/// Makes links of lines behind the head that are none yet. Returns the head.
async fn chain_up(
    transaction: &mut Transaction,
    org: &OrganisationId,
) -> Result<AuditHead, StoreError> {
    let id = doc! {"_id": org.as_str()};
    let head = transaction.find_one(AUDIT_HEADS, Read::of(id)).await?;
    let mut head = head.map_or(Ok(AuditHead::EMPTY), |head| read_head(&head))?;
    let unchained = doc! {
        "org": org.as_str(),
        "number": {"$gt": count(head.number)},
        "digest": {"$exists": false},
    };
    let unchained = Read::of(unchained).sorted(doc! {"number": 1});
    for document in transaction.find(AUDIT, unchained).await? {
        let id = doc! {"_id": text(&document, "_id")};
        let entry: AuditEntry = from_document(ENTRY, document)?;
        let line = head
            .append(&entry)
            .map_err(|source| corrupt(ENTRY, source))?;
        transaction.delete(AUDIT, id).await?;
        insert(transaction, &entry, &line).await?;
        head = line.head();
    }
    Ok(head)
}

/// Adds a line. The head stays where it is.
async fn insert(
    transaction: &mut Transaction,
    entry: &AuditEntry,
    line: &AuditLine,
) -> Result<(), StoreError> {
    let document = document(entry, line);
    transaction.insert(AUDIT, from_ref(&document), ENTRY).await
}

async fn move_head(
    transaction: &mut Transaction,
    org: &OrganisationId,
    line: &AuditLine,
) -> Result<(), StoreError> {
    let there = doc! {"number": count(line.number), "digest": line.digest.to_string()};
    let id = doc! {"_id": org.as_str()};
    let moved = transaction
        .update(AUDIT_HEADS, id, doc! {"$set": there.clone()})
        .await?;
    if moved == 0 {
        let mut first = doc! {"_id": org.as_str()};
        first.extend(there);
        transaction
            .insert(AUDIT_HEADS, from_ref(&first), ENTRY)
            .await?;
    }
    Ok(())
}

impl MongoStore {
    /// Adds lines that another store has made, and moves the heads there.
    pub(super) async fn put_audit_lines(&self, lines: &[AuditLine]) -> Result<(), StoreError> {
        in_transaction!(self, |transaction| async {
            for line in lines {
                let entry = line.read().map_err(|source| corrupt(ENTRY, source))?;
                insert(&mut transaction, &entry, line).await?;
                move_head(&mut transaction, &entry.org, line).await?;
            }
            Ok(())
        })
    }
}

fn document(entry: &AuditEntry, line: &AuditLine) -> Document {
    let (org, number) = (entry.org.as_str(), count(line.number));
    doc! {
        "_id": format!("{org}/{number}"),
        "org": org,
        "number": number,
        "previous": line.previous.to_string(),
        "digest": line.digest.to_string(),
        "at": date(entry.at),
        "by": entry.by.as_str(),
        "action": entry.action.as_str(),
        "target": entry.target.as_str(),
        "entry": line.entry.get(),
    }
}

fn filter(scope: &Scope, query: &AuditQuery) -> Document {
    let mut filter = doc! {
        "org": scope.organisation().as_str(),
        "digest": {"$exists": true},
    };
    let mut equal = |member: &str, value: Option<&str>| {
        if let Some(value) = value {
            filter.insert(member, value);
        }
    };
    equal("action", query.action.map(|it| it.as_str()));
    equal("by", query.by.as_ref().map(|it| it.as_str()));
    equal("target", query.target.as_deref());
    let mut at = Document::new();
    at.extend(query.since.map(|it| ("$gte".to_owned(), date(it).into())));
    at.extend(query.until.map(|it| ("$lt".to_owned(), date(it).into())));
    if !at.is_empty() {
        filter.insert("at", at);
    }
    filter
}

/// Reads a line.
pub(super) fn read(document: &Document) -> Result<KeptLine, StoreError> {
    let digest = |member| text(document, member).parse();
    let number = whole(document, "number").ok_or_else(|| corrupt(ENTRY, "it has no number"))?;
    let entry = serde_json::from_str(text(document, "entry"));
    let line = AuditLine {
        number: number.unsigned_abs(),
        previous: digest("previous").map_err(|source| corrupt(ENTRY, source))?,
        digest: digest("digest").map_err(|source| corrupt(ENTRY, source))?,
        entry: entry.map_err(|source| corrupt(ENTRY, source))?,
    };
    let is_found = line.read().is_ok_and(|entry| {
        let expected = self::document(&entry, &line);
        ["_id", "org", "at", "by", "action", "target"]
            .iter()
            .all(|member| document.get(member) == expected.get(member))
    });
    Ok(KeptLine { line, is_found })
}

fn read_head(head: &Document) -> Result<AuditHead, StoreError> {
    let number = whole(head, "number").ok_or_else(|| corrupt(ENTRY, "a head has no number"))?;
    let digest = text(head, "digest").parse();
    Ok(AuditHead {
        number: number.unsigned_abs(),
        digest: digest.map_err(|source| corrupt(ENTRY, source))?,
    })
}
