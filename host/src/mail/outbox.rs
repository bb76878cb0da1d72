//! A mailer that keeps mail in a folder instead of sending it: for trying things out, and wherever no
//! mail server is set.
//!
//! Each mail is a file `<id>.eml`, beside it `<id>.json` with what a listing shows. The oldest go when
//! there are too many.

use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use sandglass_contract::Digest;
use tokio::fs;

use super::{Mail, MailError, Mailer, OutboxMail, Receipt, compose::compose};

/// Mails kept.
const MAX_MAILS: usize = 1_000;

/// A folder of mails.
#[derive(Debug, Clone)]
pub struct FileOutbox {
    folder: PathBuf,
}

impl FileOutbox {
    /// An outbox in `folder`, which is made when the first mail is sent.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The newest mails, at most `limit` of them, the newest first.
    ///
    /// # Errors
    /// Where the folder cannot be read. A file in it that is not a mail's is passed over.
    pub async fn list(&self, limit: usize) -> io::Result<Vec<OutboxMail>> {
        let mut mails = Vec::new();
        for path in self.listings().await?.iter().rev().take(limit) {
            let text = fs::read(path).await?;
            match serde_json::from_slice(&text) {
                Ok(mail) => mails.push(mail),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a mail cannot be listed");
                }
            }
        }
        Ok(mails)
    }

    /// The paths of the listings, the oldest first; none where there is no folder yet.
    async fn listings(&self) -> io::Result<Vec<PathBuf>> {
        let mut folder = match fs::read_dir(&self.folder).await {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut paths = Vec::new();
        while let Some(entry) = folder.next_entry().await? {
            let path = entry.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    async fn keep(&self, mail: &Mail, message: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder).await?;
        let unique = Digest::of(mail.message_id.as_bytes()).to_string();
        let unique = unique.get(..12).unwrap_or_default();
        let id = format!("{:013}-{unique}", mail.date.as_millisecond());
        let listing = serde_json::to_vec(&OutboxMail::new(&id, mail, message.len()))?;
        self.write(&id, "eml", message).await?;
        self.write(&id, "json", &listing).await?;
        self.forget_oldest().await
    }

    async fn write(&self, id: &str, extension: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.folder.join(format!("{id}.{extension}.tmp"));
        fs::write(&temporary, bytes).await?;
        fs::rename(&temporary, self.folder.join(format!("{id}.{extension}"))).await
    }

    async fn forget_oldest(&self) -> io::Result<()> {
        let listings = self.listings().await?;
        let excess = listings.len().saturating_sub(MAX_MAILS);
        for listing in listings.into_iter().take(excess) {
            remove(&listing.with_extension("eml")).await?;
            remove(&listing).await?;
        }
        Ok(())
    }
}

/// Removes a file that another sender may have removed already.
async fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[async_trait]
impl Mailer for FileOutbox {
    async fn send(&self, mail: Mail) -> Result<Receipt, MailError> {
        let message = compose(&mail)?.formatted();
        self.keep(&mail, &message)
            .await
            .map_err(|error| MailError::Unavailable {
                source: error.into(),
            })?;
        Ok(Receipt {
            accepted: u32::try_from(mail.recipients().count()).unwrap_or(u32::MAX),
            message_id: mail.message_id,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests may panic"
    )]

    use std::time::Duration;

    use super::super::testing::mail;
    use super::*;

    #[tokio::test]
    async fn mails_are_kept_and_listed_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = FileOutbox::new(folder.path().join("outbox"));
        assert_eq!(outbox.list(10).await.unwrap(), []);
        for number in 0..3_u64 {
            let mut mail = mail();
            mail.subject = format!("mail {number}");
            mail.message_id = format!("{number}@example.org");
            mail.date += Duration::from_secs(number);
            let receipt = outbox.send(mail).await.unwrap();
            assert_eq!(receipt.accepted, 3);
        }
        let listed = outbox.list(2).await.unwrap();
        let subjects: Vec<&str> = listed.iter().map(|mail| mail.subject.as_str()).collect();
        assert_eq!(subjects, ["mail 2", "mail 1"]);
        assert_eq!(listed[0].to.len(), 3);
        let file = folder
            .path()
            .join("outbox")
            .join(format!("{}.eml", listed[0].id));
        assert_eq!(std::fs::metadata(file).unwrap().len(), listed[0].size);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_worth_another_try() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outbox");
        std::fs::write(&file, b"in the way").unwrap();
        let error = FileOutbox::new(&file).send(mail()).await.unwrap_err();
        assert!(error.retryable(), "{error}");
    }
}
