//! The audit log in SQLite. Triggers refuse to change or remove its lines.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use sandglass_contract::{Digest, OrganisationId};
use serde_json::value::RawValue;

use super::{
    EmbeddedStore, OpenError, SCHEMA, STORE_FILE, connection, migration,
    readers::Readers,
    selection::Selection,
    stored::{corrupt, count, counted, json_column, milliseconds},
};
use crate::{
    audit::{AuditEntry, AuditHead, AuditLine},
    page::Page,
    scope::Scope,
    store::{AuditLog, AuditQuery, AuditStore, KeptLine, StoreError},
};

const ENTRY: &str = "audit entry";
/// What [`read`] needs of a row.
pub(super) const COLUMNS: &str = "number, previous, digest, at, by_user, action, target, entry";

/// The audit log of a store that another process may have open. It only reads.
pub struct EmbeddedAudit {
    readers: Arc<Readers>,
}

impl EmbeddedAudit {
    /// Opens the log of the store in `folder`, which must be there. One that an older version has left is
    /// brought up to date by the service when it starts next, and cannot be read before.
    ///
    /// # Errors
    /// Where there is none, or its file cannot be read.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(STORE_FILE);
        let refused = |source| OpenError::refused(&path, source);
        let reading = connection::open_to_read(&path).map_err(refused)?;
        migration::identify(&reading, &SCHEMA, &path)?;
        Ok(Self {
            readers: Arc::new(Readers::of(&path)),
        })
    }
}

#[async_trait]
impl AuditLog for EmbeddedAudit {
    async fn audit_log(
        &self,
        scope: &Scope,
        query: &AuditQuery,
    ) -> Result<Page<AuditLine>, StoreError> {
        let (selection, page) = (selection(scope, query), query.page);
        self.readers
            .read(move |connection| {
                let read = |row: &Row<'_>| Ok(read(row)?.line);
                selection.page(connection, COLUMNS, "number DESC", page, read)
            })
            .await
    }

    async fn audit_lines(
        &self,
        scope: &Scope,
        after: u64,
        limit: u32,
    ) -> Result<Vec<KeptLine>, StoreError> {
        let org = scope.organisation().clone();
        self.readers
            .read(move |connection| lines(connection, &org, after, limit))
            .await
    }

    async fn audit_head(&self, scope: &Scope) -> Result<AuditHead, StoreError> {
        let org = scope.organisation().clone();
        self.readers
            .read(move |connection| head(connection, &org))
            .await
    }

    async fn audited(&self) -> Result<Vec<OrganisationId>, StoreError> {
        self.readers.read(organisations).await
    }
}

#[async_trait]
impl AuditLog for EmbeddedStore {
    async fn audit_log(
        &self,
        scope: &Scope,
        query: &AuditQuery,
    ) -> Result<Page<AuditLine>, StoreError> {
        self.audit().audit_log(scope, query).await
    }

    async fn audit_lines(
        &self,
        scope: &Scope,
        after: u64,
        limit: u32,
    ) -> Result<Vec<KeptLine>, StoreError> {
        self.audit().audit_lines(scope, after, limit).await
    }

    async fn audit_head(&self, scope: &Scope) -> Result<AuditHead, StoreError> {
        self.audit().audit_head(scope).await
    }

    async fn audited(&self) -> Result<Vec<OrganisationId>, StoreError> {
        self.audit().audited().await
    }
}

#[async_trait]
impl AuditStore for EmbeddedStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditLine, StoreError> {
        let entry = entry.clone();
        self.file
            .write(move |connection| append(connection, &entry))
            .await
    }
}

impl EmbeddedStore {
    fn audit(&self) -> EmbeddedAudit {
        EmbeddedAudit {
            readers: Arc::clone(self.file.readers()),
        }
    }
}

/// Adds an entry behind all others.
pub(super) fn append(connection: &Connection, entry: &AuditEntry) -> Result<AuditLine, StoreError> {
    let line = head(connection, &entry.org)?
        .append(entry)
        .map_err(|source| corrupt(ENTRY, source))?;
    insert(connection, entry, &line)?;
    Ok(line)
}

/// Adds a line that another store has made, and moves the head there.
pub(super) fn insert(
    connection: &Connection,
    entry: &AuditEntry,
    line: &AuditLine,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO audit_log
                 (org, number, previous, digest, at, by_user, action, target, entry)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            entry.org.as_str(),
            count(line.number),
            line.previous.to_string(),
            line.digest.to_string(),
            milliseconds(entry.at),
            entry.by.as_str(),
            entry.action.as_str(),
            entry.target,
            line.entry.get(),
        ])?;
    connection
        .prepare_cached(
            "INSERT INTO audit_heads (org, number, digest) VALUES (?, ?, ?)
             ON CONFLICT (org) DO UPDATE SET number = excluded.number, digest = excluded.digest",
        )?
        .execute(params![
            entry.org.as_str(),
            count(line.number),
            line.digest.to_string()
        ])?;
    Ok(())
}

/// Makes a chain of the lines that an older version has written, in one transaction.
pub(super) fn chain_up(connection: &Connection) -> rusqlite::Result<()> {
    let is_there: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'unchained_audit_log')",
        [],
        |row| row.get(0),
    )?;
    if !is_there {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    let unchained: Vec<String> = transaction
        .prepare("SELECT doc FROM unchained_audit_log ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for doc in unchained {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            rusqlite::Error::ToSqlConversionFailure(error)
        };
        let entry: AuditEntry = serde_json::from_str(&doc).map_err(|it| failed(it.into()))?;
        append(&transaction, &entry).map_err(|error| failed(error.into()))?;
    }
    transaction.execute_batch("DROP TABLE unchained_audit_log")?;
    transaction.commit()
}

fn selection(scope: &Scope, query: &AuditQuery) -> Selection {
    let mut selection = Selection::of("audit_log", scope.organisation().as_str());
    if let Some(action) = query.action {
        selection.narrow("action = ?", [action.as_str().to_owned()]);
    }
    if let Some(by) = &query.by {
        selection.narrow("by_user = ?", [by.as_str().to_owned()]);
    }
    if let Some(target) = &query.target {
        selection.narrow("target = ?", [target.clone()]);
    }
    if let Some(since) = query.since {
        selection.narrow("at >= ?", [milliseconds(since)]);
    }
    if let Some(until) = query.until {
        selection.narrow("at < ?", [milliseconds(until)]);
    }
    selection
}

fn head(connection: &Connection, org: &OrganisationId) -> Result<AuditHead, StoreError> {
    let head = connection
        .prepare_cached("SELECT number, digest FROM audit_heads WHERE org = ?")?
        .query_and_then([org.as_str()], |row| {
            Ok::<_, StoreError>(AuditHead {
                number: counted(row, "number")?,
                digest: digest(row, "digest")?,
            })
        })?
        .next()
        .transpose()?;
    Ok(head.unwrap_or(AuditHead::EMPTY))
}

fn lines(
    connection: &Connection,
    org: &OrganisationId,
    after: u64,
    limit: u32,
) -> Result<Vec<KeptLine>, StoreError> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM audit_log WHERE org = ? AND number > ? ORDER BY number LIMIT ?"
        ))?
        .query_and_then(params![org.as_str(), count(after), limit], read)?
        .collect()
}

fn organisations(connection: &Connection) -> Result<Vec<OrganisationId>, StoreError> {
    let mut found: Vec<OrganisationId> = connection
        .prepare_cached("SELECT org FROM audit_heads UNION SELECT org FROM audit_log ORDER BY org")?
        .query_and_then([], |row| {
            let org: String = row.get(0)?;
            OrganisationId::parse(org).map_err(|source| corrupt("organisation", source))
        })?
        .collect::<Result<_, StoreError>>()?;
    found.dedup();
    Ok(found)
}

/// Reads a line.
pub(super) fn read(row: &Row<'_>) -> Result<KeptLine, StoreError> {
    let entry: Box<RawValue> = json_column(row, "entry", ENTRY)?;
    let line = AuditLine {
        number: counted(row, "number")?,
        previous: digest(row, "previous")?,
        digest: digest(row, "digest")?,
        entry,
    };
    let searched: (i64, String, String, String) = (
        row.get("at")?,
        row.get("by_user")?,
        row.get("action")?,
        row.get("target")?,
    );
    let is_found = line.read().is_ok_and(|entry| {
        let says = (milliseconds(entry.at), entry.by.as_str(), entry.action);
        let (at, by, action, target) = &searched;
        says.0 == *at && says.1 == by && says.2.as_str() == action && entry.target == *target
    });
    Ok(KeptLine { line, is_found })
}

fn digest(row: &Row<'_>, column: &str) -> Result<Digest, StoreError> {
    let digest: String = row.get(column)?;
    digest.parse().map_err(|source| corrupt(ENTRY, source))
}
