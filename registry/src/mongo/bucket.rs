//! Bytes in pieces, laid out as GridFS lays them (MongoDB specification "GridFS"), so that every tool
//! reads them.
//!
//! The driver's own bucket is not used for two reasons: where two uploads of one id meet, the one that
//! fails removes the pieces of the other, and it reads a range only from the beginning.

use std::ops::Range;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use mongodb::{
    Collection, Database,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
    error::Error,
};

use super::failure::is_taken;

/// The bytes in a piece, as GridFS has it by default.
pub(super) const PIECE: usize = 255 * 1024;
/// The pieces that are sent at once.
const SENT: usize = 32;

/// The two collections of a bucket.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    files: Collection<Document>,
    chunks: Collection<Document>,
}

impl Bucket {
    /// The bucket of that name.
    pub(super) fn of(database: &Database, name: &str) -> Self {
        Self {
            files: database.collection(&format!("{name}.files")),
            chunks: database.collection(&format!("{name}.chunks")),
        }
    }

    /// The documents of files.
    pub(super) const fn files(&self) -> &Collection<Document> {
        &self.files
    }

    /// Writes pieces of a new file, the first of which has the number `first`. All but a file's last
    /// one have [`PIECE`] bytes.
    pub(super) async fn write(
        &self,
        file: &Bson,
        first: i32,
        pieces: Vec<Vec<u8>>,
    ) -> Result<(), Error> {
        let numbered = (first..).zip(pieces);
        let mut documents = numbered.map(|(number, bytes)| piece(file, number, bytes));
        loop {
            let batch: Vec<Document> = documents.by_ref().take(SENT).collect();
            if batch.is_empty() {
                return Ok(());
            }
            self.chunks.insert_many(batch).await?;
        }
    }

    /// Writes one piece in the place of what an upload that was broken off may have left.
    pub(super) async fn put(&self, file: &Bson, number: i32, bytes: &[u8]) -> Result<(), Error> {
        let place = doc! {"files_id": file.clone(), "n": number};
        let piece = piece(file, number, bytes.to_vec());
        match self.chunks.replace_one(place, piece).upsert(true).await {
            // Another upload of the same file wrote the same bytes at the same time.
            Err(error) if is_taken(&error) => Ok(()),
            written => written.map(|_| ()),
        }
    }

    /// Makes a file of the pieces that were written: from here on it exists.
    pub(super) async fn finish(
        &self,
        file: &Bson,
        name: &str,
        length: u64,
        at: DateTime,
    ) -> Result<(), Error> {
        let document = doc! {
            "_id": file.clone(),
            "filename": name,
            "length": i64::try_from(length).unwrap_or(i64::MAX),
            "chunkSize": i32::try_from(PIECE).unwrap_or(i32::MAX),
            "uploadDate": at,
        };
        self.files.insert_one(document).await.map(|_| ())
    }

    /// How many pieces of a file were written.
    pub(super) async fn count(&self, file: &Bson) -> Result<u64, Error> {
        let of_it = doc! {"files_id": file.clone()};
        self.chunks.count_documents(of_it).await
    }

    /// Removes a file, and its pieces after it.
    pub(super) async fn remove(&self, file: &Bson) -> Result<(), Error> {
        self.files.delete_one(doc! {"_id": file.clone()}).await?;
        self.discard(file).await
    }

    /// Removes the pieces of what is not a file.
    pub(super) async fn discard(&self, file: &Bson) -> Result<(), Error> {
        let of_it = doc! {"files_id": file.clone()};
        self.chunks.delete_many(of_it).await.map(|_| ())
    }

    /// The bytes of a file between two places, in order. It fails where a piece is missing.
    pub(super) async fn read(
        &self,
        file: &Bson,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, Error>> + Send + use<>, Error> {
        let size = u64::try_from(PIECE).unwrap_or(u64::MAX);
        let first = i64::try_from(range.start / size).unwrap_or(i64::MAX);
        let end = i64::try_from(range.end.div_ceil(size)).unwrap_or(i64::MAX);
        let between = doc! {"$gte": first, "$lt": end};
        let found = self
            .chunks
            .find(doc! {"files_id": file.clone(), "n": between})
            .sort(doc! {"n": 1})
            .await?;
        let missing =
            move |expected| Error::custom(format!("piece {expected} of a file is missing"));
        let pieces = found.enumerate().map(move |(index, piece)| {
            let expected = first.saturating_add(i64::try_from(index).unwrap_or(i64::MAX));
            let piece = piece?;
            if number(&piece) != Some(expected) {
                return Err(missing(expected));
            }
            let bytes = piece.get_binary_generic("data").map_err(Error::custom)?;
            let begins = u64::try_from(expected).unwrap_or(0) * size;
            Ok(cut(bytes, begins, &range).to_vec())
        });
        Ok(pieces)
    }

    /// All bytes of a file of that length.
    pub(super) async fn read_all(&self, file: &Bson, length: u64) -> Result<Vec<u8>, Error> {
        let pieces = self.read(file, 0..length).await?;
        pieces.try_concat().await
    }
}

/// The bytes of a piece that lie within a range of the file, where the piece begins at `begins`.
fn cut<'a>(bytes: &'a [u8], begins: u64, range: &Range<u64>) -> &'a [u8] {
    let within = |place: u64| {
        let offset = usize::try_from(place.saturating_sub(begins)).unwrap_or(usize::MAX);
        offset.min(bytes.len())
    };
    bytes
        .get(within(range.start)..within(range.end))
        .unwrap_or_default()
}

fn number(piece: &Document) -> Option<i64> {
    match piece.get("n") {
        Some(Bson::Int32(number)) => Some(i64::from(*number)),
        Some(Bson::Int64(number)) => Some(*number),
        _ => None,
    }
}

fn piece(file: &Bson, number: i32, bytes: Vec<u8>) -> Document {
    let data = Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    };
    doc! {"files_id": file.clone(), "n": number, "data": data}
}
