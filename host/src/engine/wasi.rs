//! What WASI shows a guest: nothing of the machine, the clock that was handed in, and its own output
//! turned into lines of the log.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use sandglass_contract::{Clock, LogLevel};
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, WasiCtx,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::capability::log::{LogSink, Output};

/// The most random bytes that one call gives.
const MAX_RANDOM_BYTES: u64 = 64 << 10;

/// The most bytes that one call writes to an output.
const MAX_WRITTEN_BYTES: usize = 64 << 10;

/// What WASI shows a run.
pub(crate) fn run_wasi(clock: &Arc<dyn Clock>, log: &Arc<LogSink>) -> WasiCtx {
    let stream = |level| LogStream(log.output(level));
    WasiCtx::builder()
        .stdout(stream(LogLevel::Info))
        .stderr(stream(LogLevel::Warn))
        .wall_clock(RunClock(Arc::clone(clock)))
        .monotonic_clock(RunClock(Arc::clone(clock)))
        .max_random_size(MAX_RANDOM_BYTES)
        .build()
}

/// What WASI shows a template that answers a question: always the same.
pub(crate) fn pure_wasi() -> WasiCtx {
    WasiCtx::builder()
        .wall_clock(NoClock)
        .monotonic_clock(NoClock)
        .secure_random(Deterministic::new(vec![0]))
        .insecure_random(Deterministic::new(vec![0]))
        .insecure_random_seed(0)
        .max_random_size(MAX_RANDOM_BYTES)
        .build()
}

/// The service's clock, to the millisecond.
struct RunClock(Arc<dyn Clock>);

const MILLISECOND: Duration = Duration::from_millis(1);

impl HostWallClock for RunClock {
    fn resolution(&self) -> Duration {
        MILLISECOND
    }

    fn now(&self) -> Duration {
        let milliseconds = self.0.now().as_millisecond();
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    }
}

impl HostMonotonicClock for RunClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        let milliseconds = u64::try_from(self.0.monotonic().as_millis()).unwrap_or(u64::MAX);
        milliseconds.saturating_mul(1_000_000)
    }
}

/// A clock that stands still.
struct NoClock;

impl HostWallClock for NoClock {
    fn resolution(&self) -> Duration {
        MILLISECOND
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for NoClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}

/// Standard output or standard error.
#[derive(Clone)]
struct LogStream(Output);

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    /// What is written is in the log when the guest's call returns, and not whenever a task gets to it,
    /// which may be after the run.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITTEN_BYTES)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.0.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
