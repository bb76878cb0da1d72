//! A message, filled step by step.

use crate::{Host, HostError, Message, Receipt};

/// A message to fill and send. The sender is set by the service.
#[derive(Debug)]
#[must_use = "a message is sent by `send`"]
pub struct Email<'host, H> {
    host: &'host H,
    message: Message,
}

impl<'host, H: Host> Email<'host, H> {
    pub(crate) fn new(host: &'host H, subject: String) -> Self {
        let message = Message {
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject,
            text: None,
            html: None,
            attachments: Vec::new(),
        };
        Self { host, message }
    }

    /// Adds a recipient.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.message.to.push(address.into());
        self
    }

    /// Adds a recipient of a copy.
    pub fn cc(mut self, address: impl Into<String>) -> Self {
        self.message.cc.push(address.into());
        self
    }

    /// Adds a recipient of a copy that the others do not see.
    pub fn bcc(mut self, address: impl Into<String>) -> Self {
        self.message.bcc.push(address.into());
        self
    }

    /// Sets where answers go.
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.message.reply_to = Some(address.into());
        self
    }

    /// Sets the body as plain text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.message.text = Some(text.into());
        self
    }

    /// Sets the body as HTML.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.message.html = Some(html.into());
        self
    }

    /// Attaches an artifact of this run.
    pub fn attach(mut self, artifact_id: impl Into<String>) -> Self {
        self.message.attachments.push(artifact_id.into());
        self
    }

    /// Sends the message to all its recipients or to none.
    ///
    /// # Errors
    /// The host's error.
    pub fn send(self) -> Result<Receipt, HostError> {
        self.host.send(&self.message)
    }
}
