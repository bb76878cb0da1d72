//! What requests carry, read into types at the edge; whatever cannot be read is answered as a problem.

mod body;
mod calendar;
mod json;
mod path;
mod peer;
mod precondition;
mod query;
mod signature;

pub(crate) use body::ComponentBytes;
pub(crate) use calendar::CalendarBody;
pub(crate) use json::{JsonBody, OptionalJsonBody};
pub(crate) use path::Path;
pub(crate) use peer::Peer;
pub(crate) use precondition::{IfMatch, IfNoneMatch, etag};
pub(crate) use query::{Query, bounded_text, first_page, status_list};
pub(crate) use signature::SignatureHeader;
