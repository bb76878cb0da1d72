//! What the query language does, through the crate's public interface.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod documents;
mod filter_arrays;
mod filter_operators;
mod filter_refusals;
mod memory;
mod order;
mod pipelines;
mod properties;
mod shaping;
mod updates;

use sandglass_query::{Document, Filter, extended_json::parse_document};

/// A document from Extended JSON.
fn document(text: &str) -> Document {
    parse_document(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whether the filter matches, asked in each of the ways that there are to ask.
fn check(filter: &str, text: &str, expected: bool) {
    let parsed = Filter::parse_text(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let document = document(text);
    let raw = bson::RawDocumentBuf::try_from(&document).unwrap();
    let rendered = Filter::from_bson(&parsed.to_bson()).unwrap();
    assert_eq!(rendered, parsed, "{filter} does not survive being rendered");
    assert_eq!(parsed.matches(&document), expected, "{filter} on {text}");
    assert_eq!(
        parsed.matches_raw(&raw).unwrap(),
        expected,
        "{filter} on the bytes of {text}"
    );
}
