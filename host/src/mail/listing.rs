//! What a reader of the outbox sees of a mail.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most text of a mail that a listing holds, in bytes.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// One mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxMail {
    /// Identifies it; the newest has the greatest.
    pub id: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Who it comes from.
    pub from: String,
    /// All its recipients.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its text, or its HTML where it has no text; the beginning, where it is long.
    pub text: String,
    /// The size of the whole message in bytes.
    pub size: u64,
}

impl OutboxMail {
    pub(super) fn new(id: &str, mail: &super::Mail, size: usize) -> Self {
        let body = mail.text.as_deref().or(mail.html.as_deref());
        let body = body.unwrap_or_default();
        let end = body.floor_char_boundary(MAX_TEXT_BYTES.min(body.len()));
        Self {
            id: id.to_owned(),
            sent_at: mail.date,
            from: mail.from.to_string(),
            to: mail.recipients().map(ToString::to_string).collect(),
            subject: mail.subject.clone(),
            text: body.get(..end).unwrap_or_default().to_owned(),
            size: u64::try_from(size).unwrap_or(u64::MAX),
        }
    }
}
