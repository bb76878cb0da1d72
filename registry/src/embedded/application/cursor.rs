//! Reading a collection bit by bit.
//!
//! Between two reads a cursor holds no connection, no thread and no lock, only its position and at
//! most a page of documents (or what a sort or a group has to hold). So cursors need no bound in
//! number or time, and one that is forgotten costs nothing.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::Connection;
use sandglass_query::{Cursor, DatabaseError, Document, Documents, document_size};

use super::{Fault, scan::Scan};
use crate::embedded::readers::Readers;

/// The bytes of documents after which one read ends.
const BATCH_BYTES: usize = 4 << 20;

/// Where a scan finds the connection that it may use at the moment.
type Lent = Arc<Mutex<Option<Connection>>>;

/// A cursor over what is made of the documents of a scan.
pub(super) struct ScanCursor {
    readers: Arc<Readers>,
    lent: Lent,
    state: State,
}

enum State {
    Reading(Documents<'static>),
    /// There is nothing more.
    Ended,
    /// A read was given up half-way, and where it had come to is not known.
    Lost,
}

impl ScanCursor {
    /// A cursor over what `shape` makes of the documents of `scan`; none means no documents.
    pub(super) fn new(
        readers: Arc<Readers>,
        scan: Option<Scan>,
        shape: impl FnOnce(Documents<'static>) -> Documents<'static>,
    ) -> Self {
        let lent = Lent::default();
        let source: Documents<'static> = match scan {
            Some(scan) => Box::new(ScannedDocuments {
                lent: lent.clone(),
                scan,
                page: Vec::new().into_iter(),
                state: SourceState::Open,
            }),
            None => Box::new(std::iter::empty()),
        };
        Self {
            readers,
            lent,
            state: State::Reading(shape(source)),
        }
    }
}

#[async_trait]
impl Cursor for ScanCursor {
    async fn next(&mut self, max: usize) -> Result<Vec<Document>, DatabaseError> {
        let mut documents = match std::mem::replace(&mut self.state, State::Lost) {
            State::Reading(documents) => documents,
            State::Ended => {
                self.state = State::Ended;
                return Ok(Vec::new());
            }
            State::Lost => {
                return Err(DatabaseError::unavailable(
                    "an earlier read of this cursor was not finished; query again",
                ));
            }
        };
        let lent = self.lent.clone();
        let (documents, batch) = self
            .readers
            .with_connection(move |connection| {
                let began = connection.execute_batch("BEGIN");
                *lent.lock() = Some(connection);
                let batch = match began {
                    Ok(()) => take(&mut documents, max),
                    Err(error) => Err(Fault::from(error).into()),
                };
                let connection = lent
                    .lock()
                    .take()
                    .filter(|it| it.execute_batch("COMMIT").is_ok());
                (connection, Ok::<_, Fault>((documents, batch)))
            })
            .await
            .map_err(DatabaseError::from)?;
        let batch = batch?;
        self.state = match batch.is_empty() {
            true => State::Ended,
            false => State::Reading(documents),
        };
        Ok(batch)
    }
}

fn take(documents: &mut Documents<'_>, max: usize) -> Result<Vec<Document>, DatabaseError> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < max && bytes < BATCH_BYTES {
        let Some(document) = documents.next() else {
            break;
        };
        let document = document?;
        bytes += document_size(&document);
        batch.push(document);
    }
    Ok(batch)
}

/// The documents of a scan, one page after the other.
struct ScannedDocuments {
    lent: Lent,
    scan: Scan,
    page: std::vec::IntoIter<(i64, Document)>,
    state: SourceState,
}

#[derive(PartialEq, Eq)]
enum SourceState {
    Open,
    Exhausted,
}

impl ScannedDocuments {
    fn fill(&mut self) -> Result<(), DatabaseError> {
        let lent = self.lent.lock();
        let connection = lent
            .as_ref()
            .ok_or_else(|| DatabaseError::unavailable("the cursor has no connection"))?;
        let page = self.scan.page(connection).map_err(DatabaseError::from)?;
        if page.is_empty() {
            self.state = SourceState::Exhausted;
        }
        self.page = page.into_iter();
        Ok(())
    }
}

impl Iterator for ScannedDocuments {
    type Item = Result<Document, DatabaseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some((_, document)) = self.page.next() {
            return Some(Ok(document));
        }
        if self.state == SourceState::Exhausted {
            return None;
        }
        match self.fill() {
            Ok(()) => self.page.next().map(|(_, document)| Ok(document)),
            Err(error) => {
                self.state = SourceState::Exhausted;
                Some(Err(error))
            }
        }
    }
}
