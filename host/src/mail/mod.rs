//! Mail as plain data that has been checked, and what sends it.
//!
//! Whoever makes a [`Mail`] has judged every string in it; a [`Mailer`] only carries it. No string of a
//! guest ever names a header.

mod address;
mod compose;
mod listing;
mod outbox;
mod smtp;

use async_trait::async_trait;

pub use address::{InvalidAddress, MailAddress};
pub use listing::OutboxMail;
pub use outbox::FileOutbox;
pub use smtp::{SmtpError, SmtpMailer};

/// A message ready to be sent. Its subject and the names in it have no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Who it comes from: the service's own address.
    pub from: MailAddress,
    /// Recipients.
    pub to: Vec<MailAddress>,
    /// Recipients of a copy.
    pub cc: Vec<MailAddress>,
    /// Recipients of a copy whom the others do not see.
    pub bcc: Vec<MailAddress>,
    /// Where answers go.
    pub reply_to: Option<MailAddress>,
    /// The subject: one line.
    pub subject: String,
    /// The body as plain text.
    pub text: Option<String>,
    /// The body as HTML.
    pub html: Option<String>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// The Message-ID (RFC 5322 §3.6.4) without angle brackets. The same call of a later attempt of the
    /// same execution has the same one.
    pub message_id: String,
    /// When it is sent.
    pub date: jiff::Timestamp,
}

impl Mail {
    /// All recipients, in the order to, cc, bcc.
    pub fn recipients(&self) -> impl Iterator<Item = &MailAddress> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }
}

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its file name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The Message-ID it was sent under.
    pub message_id: String,
    /// Recipients that it was taken for.
    pub accepted: u32,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail server refused it, and would refuse it again.
    #[error("the mail was refused: {reason}")]
    Refused {
        /// What the mail server said.
        reason: String,
    },
    /// The mail server cannot be reached or asks to come back later.
    #[error("the mail server does not take mail at the moment")]
    Unavailable {
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl MailError {
    /// Whether the same mail may pass later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Refused { .. } => false,
            Self::Unavailable { .. } => true,
        }
    }
}

/// Something that sends mail.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends a message to all its recipients or to none.
    ///
    /// # Errors
    /// Where it was not sent.
    async fn send(&self, mail: Mail) -> Result<Receipt, MailError>;
}

#[cfg(test)]
pub(crate) mod testing {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::Mail;

    /// A plain mail to three recipients.
    pub(crate) fn mail() -> Mail {
        let address = |text: &str| text.parse().unwrap();
        Mail {
            from: address("jobs@example.org"),
            to: vec![address("ada@example.org")],
            cc: vec![address("bob@example.org")],
            bcc: vec![address("eve@example.org")],
            reply_to: Some(address("help@example.org")),
            subject: "Zwölf Berichte".to_owned(),
            text: Some("Hello\n".to_owned()),
            html: None,
            attachments: Vec::new(),
            message_id: "abc.1@example.org".to_owned(),
            date: "2026-01-02T03:04:05Z".parse().unwrap(),
        }
    }
}
