//! The time of the server, kept up between two looks at it.
//!
//! Hosts whose own clocks disagree would fire slots early or late and stamp records out of order. With
//! this clock all of them go by the server's, to within half the time that asking it takes. Leases do
//! not rely on it: the server itself counts them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mongodb::error::Error;
use sandglass_contract::{
    Clock,
    clock::{Sleep, whole_milliseconds},
};

use super::MongoConnection;

/// How often the server is asked.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// An answer that took longer says too little.
const LONGEST_ANSWER: Duration = Duration::from_millis(500);

/// A clock that shows the server's time.
#[derive(Clone)]
pub struct ServerClock {
    own: Arc<dyn Clock>,
    /// The server's time when the host's monotonic clock stood at zero, in milliseconds.
    zero: Arc<AtomicI64>,
}

impl ServerClock {
    /// A clock set by one look at the server. `own` counts between looks.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn set(connection: &MongoConnection, own: Arc<dyn Clock>) -> Result<Self, Error> {
        let zero = look(connection, own.as_ref()).await?.0;
        Ok(Self {
            own,
            zero: Arc::new(AtomicI64::new(zero)),
        })
    }

    /// Follows the server for as long as the future is polled.
    pub async fn follow(self, connection: MongoConnection) {
        loop {
            self.own.sleep(LOOK_EVERY).await;
            match look(&connection, self.own.as_ref()).await {
                Ok((zero, took)) if took <= LONGEST_ANSWER => {
                    self.zero.store(zero, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "clock.server.silent"),
            }
        }
    }
}

/// The server's time at the zero of the monotonic clock, and how long the answer took.
async fn look(connection: &MongoConnection, own: &dyn Clock) -> Result<(i64, Duration), Error> {
    let asked_at = own.monotonic();
    let server = connection.server_time().await?;
    let took = own.monotonic().saturating_sub(asked_at);
    let answered_at = milliseconds(asked_at + took / 2);
    Ok((server.as_millisecond().saturating_sub(answered_at), took))
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        let zero = Timestamp::from_millisecond(self.zero.load(Ordering::Relaxed));
        let since = SignedDuration::try_from(self.own.monotonic()).unwrap_or(SignedDuration::ZERO);
        let now = zero.ok().and_then(|zero| zero.checked_add(since).ok());
        whole_milliseconds(now.unwrap_or_else(|| self.own.now()))
    }

    fn monotonic(&self) -> Duration {
        self.own.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.own.sleep(duration)
    }
}
