//! A mailer that speaks to a mail server (SMTP, RFC 5321), over TLS by rustls.

use std::{fmt, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    transport::smtp::AsyncSmtpTransportBuilder,
};
use tokio::runtime::Handle;

use super::{Mail, MailError, Mailer, Receipt, compose::compose};

/// How long the server may take to answer one command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends mail through one server.
pub struct SmtpMailer {
    server: AsyncSmtpTransportBuilder,
    connections: OnceLock<Connections>,
}

/// Connections to the server, begun by the first mail.
struct Connections {
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    runtime: Handle,
}

/// lettre closes connections in a task, which it cannot start outside of a runtime.
impl Drop for Connections {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        drop(self.transport.take());
    }
}

/// The settings do not describe a mail server.
#[derive(Debug, thiserror::Error)]
#[error(
    "the address of the mail server is not usable; write smtps://user:password@host for TLS from the \
     start, smtp://user:password@host?tls=required for STARTTLS"
)]
pub struct SmtpError(#[source] lettre::transport::smtp::Error);

impl SmtpMailer {
    /// A mailer for the server at `url`: `smtps://[user:password@]host[:port]`, or `smtp://…?tls=required`
    /// for STARTTLS, or `smtp://…` without encryption.
    ///
    /// # Errors
    /// Where the URL is not one of these. Nothing is sent yet.
    pub fn new(url: &str) -> Result<Self, SmtpError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(SmtpError)?;
        Ok(Self {
            server: builder.timeout(Some(COMMAND_TIMEOUT)),
            connections: OnceLock::new(),
        })
    }

    /// Called inside a runtime only.
    fn connections(&self) -> &Connections {
        self.connections.get_or_init(|| Connections {
            transport: Some(self.server.clone().build()),
            runtime: Handle::current(),
        })
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SmtpMailer").finish_non_exhaustive()
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> Result<Receipt, MailError> {
        let message = compose(&mail)?;
        if let Some(transport) = &self.connections().transport {
            transport.send(message).await.map_err(mail_error)?;
        }
        Ok(Receipt {
            accepted: u32::try_from(mail.recipients().count()).unwrap_or(u32::MAX),
            message_id: mail.message_id,
        })
    }
}

fn mail_error(error: lettre::transport::smtp::Error) -> MailError {
    if error.is_permanent() || error.is_client() {
        return MailError::Refused {
            reason: error.to_string(),
        };
    }
    MailError::Unavailable {
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
        task::JoinHandle,
    };

    use super::super::testing::mail;
    use super::*;

    /// A mail server for one mail that answers `RCPT` with `answer`; gives what it was told.
    async fn server(answer: &'static str) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let session = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            let mut heard = Vec::new();
            let mut in_data = false;
            writer.write_all(b"220 test\r\n").await.unwrap();
            while let Ok(Some(line)) = lines.next_line().await {
                let reply = match line.as_str() {
                    "." => {
                        in_data = false;
                        "250 taken"
                    }
                    _ if in_data => "",
                    "DATA" => {
                        in_data = true;
                        "354 go on"
                    }
                    "QUIT" => "221 bye",
                    other if other.starts_with("RCPT") => answer,
                    _ => "250 ok",
                };
                heard.push(line);
                if !reply.is_empty() {
                    writer
                        .write_all(format!("{reply}\r\n").as_bytes())
                        .await
                        .unwrap();
                }
            }
            heard
        });
        (url, session)
    }

    #[tokio::test]
    async fn a_mail_reaches_the_server_with_all_its_recipients() {
        let (url, session) = server("250 ok").await;
        let mailer = SmtpMailer::new(&url).unwrap();
        let receipt = mailer.send(mail()).await.unwrap();
        assert_eq!(receipt.accepted, 3);
        drop(mailer);
        let heard = session.await.unwrap();
        for recipient in ["ada", "bob", "eve"] {
            let command = format!("RCPT TO:<{recipient}@example.org>");
            assert!(heard.contains(&command), "{heard:?}");
        }
        assert!(heard.contains(&"Auto-Submitted: auto-generated".to_owned()));
        assert!(!heard.iter().any(|line| line.starts_with("Bcc")));
    }

    #[tokio::test]
    async fn what_the_server_answers_decides_whether_to_try_again() {
        let check = async |answer, retryable| {
            let (url, _session) = server(answer).await;
            let error = SmtpMailer::new(&url)
                .unwrap()
                .send(mail())
                .await
                .unwrap_err();
            assert_eq!(error.retryable(), retryable, "{answer}: {error}");
        };
        check("550 no such user", false).await;
        check("451 come back later", true).await;
        let nobody = SmtpMailer::new("smtp://127.0.0.1:1").unwrap();
        assert!(nobody.send(mail()).await.unwrap_err().retryable());
    }

    #[test]
    fn the_address_of_a_server_is_judged_at_once() {
        let mailer = SmtpMailer::new("smtps://user:secret@mail.example.org").unwrap();
        assert!(!format!("{mailer:?}").contains("secret"));
        assert!(SmtpMailer::new("http://mail.example.org").is_err());
        assert!(SmtpMailer::new("mail.example.org").is_err());
    }

    #[test]
    fn a_mailer_may_be_dropped_after_its_runtime() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mailer = SmtpMailer::new("smtp://127.0.0.1:1").unwrap();
        assert!(runtime.block_on(mailer.send(mail())).is_err());
        drop(runtime);
        drop(mailer);
    }
}
