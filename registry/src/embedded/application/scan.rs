//! Going through the documents of a collection that match a filter, from a position on.

use std::ops::ControlFlow;

use bson::RawDocument;
use rusqlite::{Connection, Row};
use sandglass_query::{DatabaseError, Document, Filter};

use super::{Fault, Table, key::key};

/// The most documents in a page.
const PAGE_DOCUMENTS: usize = 1000;
/// The bytes after which a page is closed.
const PAGE_BYTES: usize = 1 << 20;

/// A way through a collection, and how far it has been gone.
pub(super) struct Scan {
    table: Table,
    filter: Filter,
    route: Route,
}

enum Route {
    /// Through all documents, in the order of insertion, after this number.
    All { after: i64 },
    /// Through the documents with these ids alone.
    Keys(std::vec::IntoIter<Vec<u8>>),
}

impl Scan {
    /// The way through the documents that match.
    pub(super) fn new(table: Table, filter: Filter) -> Self {
        let route = match filter.equality_on_id() {
            Some(ids) => {
                let mut keys: Vec<_> = ids.as_slice().iter().map(key).collect();
                keys.sort();
                keys.dedup();
                Route::Keys(keys.into_iter())
            }
            None => Route::All { after: i64::MIN },
        };
        Self {
            table,
            filter,
            route,
        }
    }

    /// How many documents match.
    pub(super) fn count(mut self, connection: &Connection) -> Result<u64, Fault> {
        if self.filter.is_empty() {
            let sql = format!("SELECT count(*) FROM {}", self.table.name());
            let count: i64 = connection
                .prepare_cached(&sql)?
                .query_row([], |row| row.get(0))?;
            return Ok(count.unsigned_abs());
        }
        let mut count = 0;
        self.visit(connection, |_, _| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// The next documents that match, with their numbers; none at the end.
    pub(super) fn page(&mut self, connection: &Connection) -> Result<Vec<(i64, Document)>, Fault> {
        let mut page = Vec::new();
        let mut bytes = 0;
        self.visit(connection, |number, raw| {
            bytes += raw.as_bytes().len();
            page.push((number, decode(raw)?));
            let is_full = page.len() >= PAGE_DOCUMENTS || bytes >= PAGE_BYTES;
            Ok(flow(is_full))
        })?;
        Ok(page)
    }

    /// The numbers of the next documents that match, at most `most` of them; none at the end.
    pub(super) fn numbers(
        &mut self,
        connection: &Connection,
        most: usize,
    ) -> Result<Vec<i64>, Fault> {
        let mut numbers = Vec::new();
        if most == 0 {
            return Ok(numbers);
        }
        self.visit(connection, |number, _| {
            numbers.push(number);
            Ok(flow(numbers.len() >= most))
        })?;
        Ok(numbers)
    }

    /// Shows the documents that match one by one, until there are no more or `see` has enough. The
    /// next visit goes on behind the last that was shown.
    fn visit(
        &mut self,
        connection: &Connection,
        mut see: impl FnMut(i64, &RawDocument) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let table = self.table.name();
        match &mut self.route {
            Route::All { after } => {
                let sql = format!(
                    "SELECT number, document FROM {table} WHERE number > ? ORDER BY number"
                );
                let mut statement = connection.prepare_cached(&sql)?;
                let mut rows = statement.query([*after])?;
                while let Some(row) = rows.next()? {
                    let number = row.get(0)?;
                    let seen = show(row, number, &self.filter, &mut see)?;
                    *after = number;
                    if seen.is_break() {
                        return Ok(());
                    }
                }
            }
            Route::Keys(keys) => {
                let sql = format!("SELECT number, document FROM {table} WHERE id = ?");
                let mut statement = connection.prepare_cached(&sql)?;
                for key in keys {
                    let mut rows = statement.query([key])?;
                    if let Some(row) = rows.next()?
                        && show(row, row.get(0)?, &self.filter, &mut see)?.is_break()
                    {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

fn show(
    row: &Row<'_>,
    number: i64,
    filter: &Filter,
    see: &mut impl FnMut(i64, &RawDocument) -> Result<ControlFlow<()>, Fault>,
) -> Result<ControlFlow<()>, Fault> {
    let bytes = row.get_ref(1)?;
    let bytes = bytes
        .as_bytes()
        .map_err(|error| DatabaseError::corrupt("a document", error))?;
    let raw = RawDocument::from_bytes(bytes)
        .map_err(|error| DatabaseError::corrupt("a document", error))?;
    match filter.matches_raw(raw)? {
        true => see(number, raw),
        false => Ok(ControlFlow::Continue(())),
    }
}

fn decode(raw: &RawDocument) -> Result<Document, Fault> {
    Document::try_from(raw).map_err(|error| DatabaseError::corrupt("a document", error).into())
}

fn flow(is_enough: bool) -> ControlFlow<()> {
    match is_enough {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}
