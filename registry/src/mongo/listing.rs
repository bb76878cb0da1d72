//! Finding documents and reading them as records.

use std::future::IntoFuture as _;

use mongodb::{
    Collection,
    bson::{Document, doc},
};
use serde::de::DeserializeOwned;

use super::{failure::in_time, stored::from_document};
use crate::{scope::Scope, store::StoreError};

/// The filter for the record of that id within a scope.
pub(super) fn within(scope: &Scope, id: &str) -> Document {
    doc! {"_id": id, "org": scope.organisation().as_str()}
}

/// The record that meets a filter.
pub(super) async fn one<T: DeserializeOwned>(
    what: &'static str,
    collection: &Collection<Document>,
    filter: Document,
) -> Result<Option<T>, StoreError> {
    let found = in_time(collection.find_one(filter).into_future()).await?;
    found.map(|it| from_document(what, it)).transpose()
}
