//! What the application databases of both kinds have in common.
//!
//! It holds no documents; [`embedded`](crate::embedded) and [`mongo`](crate::mongo) do.

mod object_ids;

use jiff::Timestamp;
use sandglass_query::{DatabaseError, Document, Value, check_storable};

pub(crate) use object_ids::ObjectIds;

/// What happens to a document whose `_id` is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenId {
    /// It is refused.
    Refuse,
    /// It takes the place of the one that is there.
    Replace,
}

/// A document as it is stored: with an `_id`, which is made where there is none, as its first field
/// (MongoDB manual, "The `_id` Field").
pub(crate) fn identified(
    mut document: Document,
    object_ids: &ObjectIds,
    now: Timestamp,
) -> Result<Document, DatabaseError> {
    check_storable(&document)?;
    if document.keys().next().is_some_and(|name| name == "_id") {
        return Ok(document);
    }
    let id = document.remove("_id");
    let mut with_id = Document::new();
    with_id.insert(
        "_id",
        id.unwrap_or_else(|| Value::ObjectId(object_ids.next(now))),
    );
    with_id.extend(document);
    Ok(with_id)
}
