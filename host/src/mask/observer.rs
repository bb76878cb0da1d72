//! The observer of a run that is told nothing secret.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{JournalEntry, LogLevel, Progress};
use serde_json::{Map, Value};

use super::Mask;
use crate::run::{RecordLost, RunObserver};

/// Hides the run's secrets in everything that it hands on.
pub(crate) struct MaskingObserver {
    observer: Arc<dyn RunObserver>,
    mask: Arc<Mask>,
}

impl MaskingObserver {
    /// The observer of a run whose secrets `mask` knows.
    pub(crate) fn around(observer: Arc<dyn RunObserver>, mask: Arc<Mask>) -> Arc<dyn RunObserver> {
        Arc::new(Self { observer, mask })
    }

    fn entry(&self, entry: JournalEntry) -> JournalEntry {
        JournalEntry {
            target: self.mask.text(entry.target),
            detail: entry.detail.map(|detail| self.mask.text(detail)),
            ..entry
        }
    }
}

#[async_trait]
impl RunObserver for MaskingObserver {
    fn began(&self) {
        self.observer.began();
    }

    async fn intent(&self, entry: JournalEntry) -> Result<(), RecordLost> {
        self.observer.intent(self.entry(entry)).await
    }

    fn call(&self, entry: JournalEntry) {
        self.observer.call(self.entry(entry));
    }

    fn log(
        &self,
        level: LogLevel,
        message: String,
        fields: Map<String, Value>,
        timestamp: Timestamp,
    ) {
        let (message, fields) = (self.mask.text(message), self.mask.members(fields));
        self.observer.log(level, message, fields, timestamp);
    }

    fn progress(&self, progress: Progress) {
        self.observer.progress(Progress {
            note: progress.note.map(|note| self.mask.text(note)),
            ..progress
        });
    }
}
