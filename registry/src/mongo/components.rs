//! The bytes of components in MongoDB, each named by its digest.
//!
//! Whoever writes a component writes the same pieces, so that several hosts may do it at once and a
//! host that finds what another left unfinished goes over it. Nothing removes a piece.

use std::future::IntoFuture as _;

use mongodb::bson::{Bson, doc};
use sandglass_contract::Digest;

use super::{
    MongoStore,
    bucket::{Bucket, PIECE},
    failure::{driver_error, in_time, is_taken},
    stored::{corrupt, date},
};
use crate::store::StoreError;

const COMPONENT: &str = "component";

impl MongoStore {
    /// Stores a component, where it is not there already.
    pub(super) async fn put_component(
        &self,
        digest: &Digest,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let bucket = self.components();
        let id = Bson::String(digest.to_string());
        let stored = bucket.files().find_one(doc! {"_id": id.clone()});
        let stored = in_time(stored.into_future()).await?;
        if stored.is_some() {
            return Ok(());
        }
        for (number, piece) in (0..).zip(bytes.chunks(PIECE)) {
            in_time(bucket.put(&id, number, piece)).await?;
        }
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let at = date(self.clock.now());
        let name = digest.to_string();
        match in_time(bucket.finish(&id, &name, length, at)).await {
            Err(error) if driver_error(&error).is_some_and(is_taken) => Ok(()),
            finished => finished,
        }
    }

    /// The bytes of a component.
    pub(super) async fn read_component(
        &self,
        digest: &Digest,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let bucket = self.components();
        let id = Bson::String(digest.to_string());
        let file = bucket.files().find_one(doc! {"_id": id.clone()});
        let Some(file) = in_time(file.into_future()).await? else {
            return Ok(None);
        };
        let length = file
            .get_i64("length")
            .map_err(|it| corrupt(COMPONENT, it))?;
        let bytes = bucket.read_all(&id, length.unsigned_abs()).await?;
        match Digest::of(&bytes) == *digest {
            true => Ok(Some(bytes)),
            false => Err(corrupt(COMPONENT, "its bytes do not have its digest")),
        }
    }

    fn components(&self) -> Bucket {
        Bucket::of(&self.database, "components")
    }
}
