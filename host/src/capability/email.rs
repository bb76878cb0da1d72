//! `sandglass:job/email`: structured messages, judged before anything that speaks a mail protocol sees
//! them.
//!
//! A guest names recipients, a subject and bodies; headers, the sender and the envelope are the host's.
//! Only bodies may hold control characters. Every recipient is asked of the grant, one by one, in normal
//! form; one that is not covered denies the whole message.

use sandglass_contract::{Digest, Limit, Operation};

use super::{Refusal, artifact_folder::read_all, unless_cancelled};
use crate::{
    bindings::sandglass::job::{
        email::{Host, Message, Receipt},
        types::Error,
    },
    journal::Function,
    mail::{Attachment, Mail, MailAddress, MailError},
    state::RunState,
};

/// The longest subject, in bytes (RFC 5322 §2.1.1 limits a line to 998).
const MAX_SUBJECT_BYTES: usize = 500;
/// The most recipients of one message (RFC 5321 §4.5.3.1.8 lets a server refuse more).
const MAX_RECIPIENTS: usize = 100;
/// The most attachments, and the most bytes in them together.
const MAX_ATTACHMENTS: usize = 20;
const MAX_ATTACHMENT_BYTES: u64 = 20 << 20;

impl Host for RunState {
    async fn send(&mut self, message: Message) -> wasmtime::Result<Result<Receipt, Error>> {
        let lists = [&message.to, &message.cc, &message.bcc];
        let target: Vec<&str> = lists.into_iter().flatten().map(String::as_str).collect();
        self.begin(Function::Send, &target.join(", "), &[&message])?;
        self.sends += 1;
        let result = self.send_message(message).await;
        self.end(result, |receipt| {
            Some(format!(
                "{} recipients, {}",
                receipt.accepted, receipt.message_id
            ))
        })
    }
}

impl RunState {
    async fn send_message(&mut self, message: Message) -> Result<Receipt, Refusal> {
        let mut mail = self.judge(&message)?;
        for recipient in mail.recipients() {
            self.require(Operation::Send, recipient.as_str())?;
        }
        let recipients = u32::try_from(mail.recipients().count()).unwrap_or(u32::MAX);
        self.allowance
            .check(Limit::MailRecipients, recipients.into())?;
        mail.attachments = self.attach(&message.attachments).await?;
        self.intend().await?;
        let message_id = mail.message_id.clone();
        let accepted = if self.context.mode.is_dry() {
            recipients
        } else {
            let send = self.mailer.send(mail);
            unless_cancelled(&self.cancel, async { Ok(send.await?) })
                .await?
                .accepted
        };
        self.allowance.add(Limit::MailRecipients, recipients.into());
        Ok(Receipt {
            message_id,
            accepted,
        })
    }

    fn judge(&self, message: &Message) -> Result<Mail, Refusal> {
        let count = message.to.len() + message.cc.len() + message.bcc.len();
        if count == 0 || count > MAX_RECIPIENTS {
            let text = format!("a message has 1 to {MAX_RECIPIENTS} recipients, this has {count}");
            return Err(Refusal::Invalid(text));
        }
        if message.text.is_none() && message.html.is_none() {
            return Err(Refusal::Invalid(
                "a message has `text` or `html`".to_owned(),
            ));
        }
        if message.subject.len() > MAX_SUBJECT_BYTES || message.subject.contains(char::is_control) {
            return Err(Refusal::Invalid(format!(
                "the subject is one line of at most {MAX_SUBJECT_BYTES} bytes without control characters"
            )));
        }
        let addresses = |list: &[String]| -> Result<Vec<MailAddress>, Refusal> {
            list.iter().map(|text| address(text)).collect()
        };
        Ok(Mail {
            from: self.mail_from.clone(),
            to: addresses(&message.to)?,
            cc: addresses(&message.cc)?,
            bcc: addresses(&message.bcc)?,
            reply_to: message.reply_to.as_deref().map(address).transpose()?,
            subject: message.subject.clone(),
            text: message.text.clone(),
            html: message.html.clone(),
            attachments: Vec::new(),
            message_id: self.message_id(),
            date: self.clock.now(),
        })
    }

    /// The same for the same call of every attempt: the execution and which of its calls this is.
    fn message_id(&self) -> String {
        let execution = Digest::of(self.context.execution.as_str().as_bytes()).to_string();
        let short = execution.get(..32).unwrap_or_default();
        format!("{short}.{}@{}", self.sends, self.mail_from.domain())
    }

    async fn attach(&mut self, ids: &[String]) -> Result<Vec<Attachment>, Refusal> {
        if ids.len() > MAX_ATTACHMENTS {
            let text = format!("a message has at most {MAX_ATTACHMENTS} attachments");
            return Err(Refusal::Invalid(text));
        }
        let mut records = Vec::new();
        for id in ids {
            let record = self.artifacts.finished(id).ok_or_else(|| {
                Refusal::Invalid(format!(
                    "this run has no finished artifact {id:?} to attach"
                ))
            })?;
            records.push(record.clone());
        }
        if records.iter().map(|record| record.size).sum::<u64>() > MAX_ATTACHMENT_BYTES {
            let text = format!("attachments are at most {MAX_ATTACHMENT_BYTES} bytes together");
            return Err(Refusal::Limit(text));
        }
        let mut attachments = Vec::new();
        for record in records {
            let bytes = if self.context.mode.is_dry() {
                Vec::new()
            } else {
                let read = read_all(self.artifacts.store(), record.id.parse()?);
                unless_cancelled(&self.cancel, read).await?
            };
            attachments.push(Attachment {
                name: record.name,
                content_type: record.content_type,
                bytes,
            });
        }
        Ok(attachments)
    }
}

fn address(text: &str) -> Result<MailAddress, Refusal> {
    text.parse()
        .map_err(|error: crate::mail::InvalidAddress| Refusal::Invalid(error.to_string()))
}

impl From<MailError> for Refusal {
    fn from(error: MailError) -> Self {
        match &error {
            MailError::Refused { .. } => Self::Other(error.to_string()),
            MailError::Unavailable { source } => {
                tracing::warn!(%source, "mail cannot be sent at the moment");
                Self::Unavailable(error.to_string())
            }
        }
    }
}
