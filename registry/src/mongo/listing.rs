//! Finding documents and reading them as records, one, several, or a page.

use futures::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Document, doc},
};
use serde::de::DeserializeOwned;

use super::stored::from_document;
use crate::{
    page::{Page, PageRequest},
    scope::Scope,
    store::StoreError,
};

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
    let found = collection.find_one(filter).await?;
    found.map(|it| from_document(what, it)).transpose()
}

/// A page of the documents that meet a filter, with how many there are in all. Documents that `sort`
/// leaves equal come in no promised order, so that it should end with `_id`.
pub(super) async fn page<T>(
    collection: &Collection<Document>,
    filter: Document,
    sort: Document,
    request: PageRequest,
    read: impl Fn(Document) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let total = collection.count_documents(filter.clone()).await?;
    let found = collection
        .find(filter)
        .sort(sort)
        .skip(request.offset())
        .limit(i64::from(request.limit()))
        .await?;
    let documents: Vec<Document> = found.try_collect().await?;
    let items = documents.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::new(request, items, total))
}
