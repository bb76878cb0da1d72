//! Time, as a thing that is handed in.
//!
//! Every other module asks a [`Clock`] and none reads the operating system's, so that a test can decide
//! what time it is. Wall-clock time says *when* something is due; monotonic time says *how long*
//! something has taken and is never compared between processes.

use std::{
    future::Future,
    pin::Pin,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// A future that a [`Clock`] completes.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time, in whole milliseconds.
    fn now(&self) -> Timestamp;

    /// Time since some moment in this process; it never goes back.
    fn monotonic(&self) -> Duration;

    /// Completes once `duration` has passed on the monotonic clock.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// The clock of the operating system, moved by a fixed offset.
///
/// The offset is zero in production. Another one lets a test start a server shortly before a slot is
/// due, or give several hosts clocks that disagree.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
    offset: SignedDuration,
}

impl SystemClock {
    /// A clock that is `offset` ahead of the operating system's.
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is the one module that reads time"
    )]
    #[must_use]
    pub fn with_offset(offset: SignedDuration) -> Self {
        Self {
            started: Instant::now(),
            offset,
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::with_offset(SignedDuration::ZERO)
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is the one module that reads time"
    )]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        whole_milliseconds(now.saturating_add(self.offset).unwrap_or(now))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Cuts a timestamp to whole milliseconds, the resolution of every stored moment.
#[must_use]
pub fn whole_milliseconds(timestamp: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(timestamp.as_millisecond()).unwrap_or(timestamp)
}

/// A clock that stands still until it is told to move, for tests and simulations.
pub mod testing {
    use std::sync::Arc;

    use super::{Clock, Duration, SignedDuration, Sleep, Timestamp};
    use tokio::sync::watch;

    /// A clock that moves only by [`ManualClock::advance`].
    #[derive(Debug, Clone)]
    pub struct ManualClock {
        start: Timestamp,
        elapsed: Arc<watch::Sender<Duration>>,
    }

    impl ManualClock {
        /// A clock that stands at `start`.
        #[must_use]
        pub fn at(start: Timestamp) -> Self {
            Self {
                start,
                elapsed: Arc::new(watch::Sender::new(Duration::ZERO)),
            }
        }

        /// Moves the clock on and wakes whoever slept until then.
        pub fn advance(&self, duration: Duration) {
            self.elapsed.send_modify(|elapsed| *elapsed += duration);
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            let elapsed = SignedDuration::try_from(*self.elapsed.borrow());
            self.start + elapsed.unwrap_or(SignedDuration::MAX)
        }

        fn monotonic(&self) -> Duration {
            *self.elapsed.borrow()
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            let mut elapsed = self.elapsed.subscribe();
            let wake_at = self.monotonic() + duration;
            Box::pin(async move {
                while *elapsed.borrow_and_update() < wake_at {
                    if elapsed.changed().await.is_err() {
                        return;
                    }
                }
            })
        }
    }
}
