//! The log of a run: `sandglass:job/log` and whatever a guest prints.
//!
//! Lines and bytes are limited. What is beyond is dropped and counted, and the last line says so; a log
//! that floods ends no run.

use std::{mem, sync::Arc};

use parking_lot::Mutex;
use sandglass_contract::{Clock, Limit, Limits, LogLevel};
use serde_json::{Map, Value};

use crate::{
    bindings::sandglass::job::log::{Host, Level},
    run::RunObserver,
    state::RunState,
    text::plain,
};

/// The longest line, in bytes.
const MAX_LINE_BYTES: usize = 4 << 10;
/// The most fields beside a line, and the longest name of one, in bytes.
const MAX_FIELDS: usize = 16;
const MAX_FIELD_NAME_BYTES: usize = 64;

impl Host for RunState {
    async fn log(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.count_call()?;
        let named = fields.iter().take(MAX_FIELDS).map(|(name, value)| {
            let value = Value::String(plain(value, MAX_LINE_BYTES));
            (plain(name, MAX_FIELD_NAME_BYTES), value)
        });
        self.log.line(level.into(), &message, named.collect());
        Ok(())
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
            Level::Critical => Self::Critical,
        }
    }
}

/// Where the lines of one run go.
pub(crate) struct LogSink {
    observer: Arc<dyn RunObserver>,
    clock: Arc<dyn Clock>,
    max_lines: u64,
    max_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: u64,
    bytes: u64,
    dropped: u64,
}

impl LogSink {
    pub(crate) fn new(
        observer: Arc<dyn RunObserver>,
        clock: Arc<dyn Clock>,
        limits: &Limits,
    ) -> Arc<Self> {
        Arc::new(Self {
            observer,
            clock,
            max_lines: limits.get(Limit::LogLines),
            max_bytes: limits.get(Limit::LogBytes),
            kept: Mutex::default(),
        })
    }

    /// Writes a line, or counts it as dropped.
    pub(crate) fn line(&self, level: LogLevel, message: &str, fields: Map<String, Value>) {
        let message = plain(message, MAX_LINE_BYTES);
        if self.keep(&message, &fields) {
            self.observer.log(level, message, fields, self.clock.now());
        }
    }

    fn keep(&self, message: &str, fields: &Map<String, Value>) -> bool {
        let text =
            |(name, value): (&String, &Value)| name.len() + value.as_str().map_or(0, str::len);
        let bytes = message.len() + fields.iter().map(text).sum::<usize>();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut kept = self.kept.lock();
        let full = kept.dropped > 0
            || kept.lines >= self.max_lines
            || kept.bytes.saturating_add(bytes) > self.max_bytes;
        if full {
            kept.dropped += 1;
            return false;
        }
        kept.lines += 1;
        kept.bytes += bytes;
        true
    }

    /// A stream whose lines become lines of this log.
    pub(crate) fn output(self: &Arc<Self>, level: LogLevel) -> Output {
        let unfinished = Arc::new(Mutex::new(Unfinished {
            sink: Arc::clone(self),
            level,
            bytes: Vec::new(),
        }));
        Output(unfinished)
    }

    /// Says how many lines were dropped, where any were; returns how many.
    pub(crate) fn finish(&self) -> u64 {
        let dropped = self.kept.lock().dropped;
        if dropped > 0 {
            let message = format!(
                "{dropped} more lines were dropped: the log is limited to {} lines and {} bytes",
                self.max_lines, self.max_bytes
            );
            let now = self.clock.now();
            self.observer.log(LogLevel::Warn, message, Map::new(), now);
        }
        dropped
    }
}

/// A stream of bytes that a guest prints.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Unfinished>>);

/// The line that has no end yet. It becomes a line when the stream goes.
struct Unfinished {
    sink: Arc<LogSink>,
    level: LogLevel,
    bytes: Vec<u8>,
}

impl Output {
    /// Prints `bytes`: whole lines, and what is longer than a line may be, are logged at once.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut unfinished = self.0.lock();
        for byte in bytes {
            if *byte == b'\n' || unfinished.bytes.len() == MAX_LINE_BYTES {
                unfinished.flush();
            }
            if *byte != b'\n' {
                unfinished.bytes.push(*byte);
            }
        }
    }
}

impl Unfinished {
    fn flush(&mut self) {
        let bytes = mem::take(&mut self.bytes);
        let line = bytes.trim_ascii_end();
        if !line.is_empty() {
            let text = String::from_utf8_lossy(line);
            self.sink.line(self.level, &text, Map::new());
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use crate::state::testing::{Recorder, limits, manual_clock};

    use super::*;

    fn sink(recorder: &Arc<Recorder>, settings: &[(&str, u64)]) -> Arc<LogSink> {
        let observer: Arc<dyn RunObserver> = Arc::clone(recorder) as _;
        LogSink::new(observer, manual_clock(), &limits(settings))
    }

    fn messages(recorder: &Recorder) -> Vec<String> {
        let lines = recorder.lines.lock();
        lines.iter().map(|line| line.message.clone()).collect()
    }

    #[test]
    fn lines_beyond_the_limit_are_dropped_and_counted() {
        let recorder = Arc::new(Recorder::default());
        let sink = sink(&recorder, &[("log_lines", 2)]);
        for number in 1..=5 {
            sink.line(LogLevel::Info, &format!("line {number}"), Map::new());
        }
        assert_eq!(sink.finish(), 3);
        assert_eq!(
            messages(&recorder),
            [
                "line 1",
                "line 2",
                "3 more lines were dropped: the log is limited to 2 lines and 4194304 bytes"
            ]
        );
    }

    #[test]
    fn bytes_beyond_the_limit_are_dropped() {
        let recorder = Arc::new(Recorder::default());
        let sink = sink(&recorder, &[("log_bytes", 10)]);
        sink.line(LogLevel::Info, "12345678", Map::new());
        sink.line(LogLevel::Info, "123", Map::new());
        assert_eq!(sink.finish(), 1);
    }

    #[test]
    fn what_is_printed_becomes_lines() {
        let recorder = Arc::new(Recorder::default());
        let sink = sink(&recorder, &[]);
        let output = sink.output(LogLevel::Warn);
        output.write(b"one\ntw");
        output.write(b"o\n\nlast");
        assert_eq!(messages(&recorder), ["one", "two"]);
        output.write(&vec![b'x'; MAX_LINE_BYTES * 2]);
        drop(output);
        let lengths: Vec<usize> = messages(&recorder).iter().map(String::len).collect();
        assert_eq!(lengths.iter().sum::<usize>(), 6 + 4 + MAX_LINE_BYTES * 2);
        assert!(lengths.iter().all(|length| *length <= MAX_LINE_BYTES));
        assert_eq!(recorder.lines.lock().first().unwrap().level, LogLevel::Warn);
    }
}
