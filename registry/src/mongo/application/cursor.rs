//! Reading what the server sends bit by bit.

use async_trait::async_trait;
use mongodb::bson::RawDocumentBuf;
use sandglass_query::{Cursor, DatabaseError, Document};

use super::fault;

/// The bytes of documents after which one read ends.
const BATCH_BYTES: usize = 4 << 20;

/// A cursor on the server, read within bounds.
pub(super) struct BoundedCursor {
    state: State,
}

enum State {
    Reading(Box<mongodb::Cursor<RawDocumentBuf>>),
    /// There is nothing more.
    Ended,
    /// A read failed or was given up half-way, and where it had come to is not known.
    Lost,
}

impl BoundedCursor {
    pub(super) fn new(cursor: mongodb::Cursor<RawDocumentBuf>) -> Self {
        Self {
            state: State::Reading(Box::new(cursor)),
        }
    }
}

#[async_trait]
impl Cursor for BoundedCursor {
    async fn next(&mut self, max: usize) -> Result<Vec<Document>, DatabaseError> {
        let mut cursor = match std::mem::replace(&mut self.state, State::Lost) {
            State::Reading(cursor) => cursor,
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
        let batch = take(&mut cursor, max).await?;
        self.state = match batch.is_empty() {
            true => State::Ended,
            false => State::Reading(cursor),
        };
        Ok(batch)
    }
}

async fn take(
    cursor: &mut mongodb::Cursor<RawDocumentBuf>,
    max: usize,
) -> Result<Vec<Document>, DatabaseError> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < max && bytes < BATCH_BYTES {
        if !cursor.advance().await.map_err(fault)? {
            break;
        }
        let raw = cursor.current();
        bytes += raw.as_bytes().len();
        let document = Document::try_from(raw);
        batch.push(document.map_err(|error| DatabaseError::corrupt("a document", error))?);
    }
    Ok(batch)
}
